//! Many tests at once: p values adjusted so that one false alarm among all of them is rare.

use super::StatsError;

/// Holm-Bonferroni adjusted p values, in the order of the input.
///
/// Rejecting every adjusted value below alpha keeps the chance of even one false rejection below
/// alpha, whatever the dependence between the tests. Each result lies in [0, 1], is at least its
/// input, and is never NaN. Leave untested hypotheses out: every entry makes the others weaker.
///
/// # Errors
/// A p value outside [0, 1] or NaN.
///
/// Source: Holm, Scand. J. Statist. 6 (1979) 65-70.
pub fn holm_adjusted(p_values: &[f64]) -> Result<Vec<f64>, StatsError> {
    if let Some(&value) = p_values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        return Err(StatsError::OutOfRange { quantity: "p value", value });
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut running = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        let still_open = (p_values.len() - rank) as f64;
        // A hypothesis is rejected only after all with smaller p: the running maximum.
        running = running.max((p_values[index] * still_open).min(1.0));
        adjusted[index] = running;
    }
    Ok(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_adjusted(p_values: &[f64], expected: &[f64]) {
        let adjusted = holm_adjusted(p_values).unwrap();
        assert_eq!(adjusted.len(), expected.len());
        for (got, want) in adjusted.iter().zip(expected) {
            assert!((got - want).abs() < 1e-12, "{adjusted:?}");
        }
    }

    /// The four p values of the usual worked example; Holm rejects the first and the last at 0.05.
    #[test]
    fn keeps_the_order_of_the_input() {
        assert_adjusted(&[0.01, 0.04, 0.03, 0.005], &[0.03, 0.06, 0.06, 0.02]);
    }

    /// The 15 p values of Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995) 289-300;
    /// controlling the family-wise error they reject the three smallest.
    #[test]
    fn benjamini_and_hochberg_reject_three() {
        let p_values = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
            0.5719, 0.6528, 0.7590, 1.0,
        ];
        let mut expected =
            vec![0.0015, 0.0056, 0.0247, 0.1140, 0.2211, 0.2780, 0.2780, 0.2780, 0.3213];
        expected.extend([1.0; 6]);
        assert_adjusted(&p_values, &expected);
        let rejected = holm_adjusted(&p_values).unwrap().iter().filter(|&&p| p < 0.05).count();
        assert_eq!(rejected, 3);
    }

    #[test]
    fn small_families_and_ties() {
        assert_adjusted(&[], &[]);
        assert_adjusted(&[0.2], &[0.2]);
        assert_adjusted(&[0.0, 0.7, 1.0], &[0.0, 1.0, 1.0]);
        assert_adjusted(&[0.02, 0.02, 0.02], &[0.06, 0.06, 0.06]);
    }

    #[test]
    fn refuses_what_is_no_probability() {
        for value in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(holm_adjusted(&[0.5, value]).is_err());
        }
    }
}
