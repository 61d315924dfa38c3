//! Published values, hand-enumerated cases, agreement of the methods, and calibration.

use super::*;

fn test(observed: &[u64], probabilities: &[f64]) -> GoodnessOfFit {
    goodness_of_fit(observed, probabilities, 0.05).unwrap()
}

fn cells(observed: &[u64], probabilities: &[f64]) -> Vec<Cell> {
    let pairs = observed.iter().zip(probabilities);
    pairs.map(|(&count, &probability)| Cell { count, probability }).collect()
}

fn assert_close(got: f64, want: f64, relative: f64) {
    assert!((got - want).abs() <= relative * want.abs(), "{got} instead of {want}");
}

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014), as a uniform number in [0, 1).
struct SplitMix(u64);

impl SplitMix {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn multinomial(&mut self, size: u64, probabilities: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; probabilities.len()];
        for _ in 0..size {
            let mut left = self.uniform();
            let hit = probabilities.iter().position(|p| {
                left -= p;
                left < 0.0
            });
            counts[hit.unwrap_or(probabilities.len() - 1)] += 1;
        }
        counts
    }
}

/// Share of 2000 samples from `drawn` that the test against `tested` rejects at 0.05; every one
/// of them must use `method`.
fn rejected(size: u64, drawn: &[f64], tested: &[f64], method: TestMethod) -> f64 {
    let mut random = SplitMix(20_240_601);
    let hits = (0..2000)
        .map(|_| test(&random.multinomial(size, drawn), tested))
        .inspect(|result| assert_eq!(result.method, method))
        .filter(|result| result.p_value < 0.05)
        .count();
    hits as f64 / 2000.0
}

// === Pearson's chi-square ===

/// NIST/SEMATECH e-Handbook, table 1.3.6.7.4, and closed forms: erfc(sqrt(x/2)) for one degree of
/// freedom, exp(-x/2) for two, exp(-x/2) (1 + x/2) for four.
#[test]
fn chi_square_tail() {
    let tail = |statistic, freedom| ChiSquared::new(freedom).unwrap().sf(statistic);
    assert_close(tail(3.841_459, 1.0), 0.05, 1e-6);
    assert_close(tail(6.635, 1.0), 0.01, 1e-3);
    assert_close(tail(18.307, 10.0), 0.05, 1e-3);
    assert_close(tail(10.0, 4.0), 6.0 * (-5.0_f64).exp(), 1e-12);
    assert_close(tail(100.0, 1.0), 1.523_970_604_832_1e-23, 1e-10);
    assert_close(tail(1000.0, 2.0), (-500.0_f64).exp(), 1e-10);
}

/// Mendel's 556 peas against 9:3:3:1 (1866), the textbook case: chi-square 0.470, p 0.925.
#[test]
fn mendels_peas() {
    let result = test(&[315, 108, 101, 32], &[9.0 / 16.0, 3.0 / 16.0, 3.0 / 16.0, 1.0 / 16.0]);
    assert_eq!((result.method, result.degrees_of_freedom), (TestMethod::ChiSquare, 3));
    assert_close(result.statistic, 0.470_024, 1e-6);
    assert_close(result.p_value, 0.925_426, 1e-6);
    assert_close(result.effect_size, (0.470_024_f64 / 556.0).sqrt(), 1e-6);
    assert_close(result.largest_share_error, (108.0_f64 / 556.0 - 0.1875).abs(), 1e-12);
}

/// Among the big cells alone the expectation is their share of their own total.
#[test]
fn pearson_given_the_total() {
    let big = cells(&[30, 20], &[0.25, 0.25]);
    assert_close(pearson(&big), 2.0, 1e-12);
    assert_close(pearson_p_value(&big), 0.157_299_207_050_285, 1e-9);
    assert_close(pearson_p_value(&big[..1]), 1.0, 0.0);
}

/// A wrong split stays distinguishable from another far beyond f64's 1 - cdf.
#[test]
fn far_tail_keeps_its_digits() {
    let result = test(&[50_500, 49_000, 500], &[0.5, 0.49, 0.01]);
    assert_close(result.statistic, 5.0 + 250.0, 1e-12);
    assert_close(result.p_value, (-127.5_f64).exp(), 1e-10);
}

#[test]
fn expected_five_is_not_rare() {
    assert_eq!(test(&[5, 95], &[0.05, 0.95]).method, TestMethod::ChiSquare);
    // 77 * (5 / 77) is 4.999999999999999.
    assert_eq!(test(&[5, 72], &[5.0 / 77.0, 72.0 / 77.0]).method, TestMethod::ChiSquare);
    assert_eq!(test(&[5, 94], &[0.05, 0.95]).method, TestMethod::ExactMultinomial);
}

// === The exact test ===

/// Two observations, p = (0.5, 0.3, 0.2): (0,1,1) has 0.12, and only (0,2,0) with 0.09 and
/// (0,0,2) with 0.04 are less probable.
#[test]
fn exact_by_hand() {
    let result = test(&[0, 1, 1], &[0.5, 0.3, 0.2]);
    assert_eq!(result.method, TestMethod::ExactMultinomial);
    assert_close(result.p_value, 0.25, 1e-12);
    assert_close(test(&[1, 1, 0], &[0.5, 0.3, 0.2]).p_value, 1.0, 1e-12);
    assert_close(test(&[0, 0, 2], &[0.5, 0.3, 0.2]).p_value, 0.04, 1e-12);
}

/// Ties by symmetry count: R package EMT prints 0.5306 for the first case. All digits, and the
/// other cases, are from an enumeration in exact fractions outside this program.
#[test]
fn exact_agrees_with_emt() {
    let third = 1.0 / 3.0;
    assert_close(test(&[5, 2, 2], &[third; 3]).p_value, 0.530_559_365_950_312_5, 1e-12);
    assert_close(test(&[5, 2, 1], &[0.25, 0.5, 0.25]).p_value, 0.076_660_156_25, 1e-12);
    let four = test(&[6, 0, 3, 1], &[0.5, 0.25, 0.15, 0.1]);
    assert_close(four.p_value, 0.151_039_062_5, 1e-12);
}

/// Two cells are the two-sided binomial test: R's `binom.test(7, 20, 0.1)`, and the example of its
/// help page, `binom.test(682, 925, 0.75)`, p 0.3825 (Conover, 1971, p. 97).
#[test]
fn exact_of_two_cells_is_binomial() {
    assert_close(test(&[7, 13], &[0.1, 0.9]).p_value, 0.002_386_089_408_966_117, 1e-12);
    let (few, many) = (cells(&[243], &[0.25]), cells(&[682], &[0.75]));
    for tail in [Tail::Kept, Tail::Cut] {
        let p = exact_p_value(&few, &many, tail).unwrap();
        assert_close(p, 0.382_491_559_574_851_7, 1e-10);
    }
}

#[test]
fn all_outcomes_together_have_probability_one() {
    // The most probable outcome is surprised by none.
    for (observed, probabilities) in [
        (vec![2, 3, 5], vec![0.2, 0.3, 0.5]),
        (vec![1; 6], vec![1.0 / 6.0; 6]),
        (vec![1, 999], vec![0.001, 0.999]),
    ] {
        assert_close(test(&observed, &probabilities).p_value, 1.0, 1e-9);
    }
}

// === The mixed test ===

/// With one big cell the mixed test is the exact one without its tail.
#[test]
fn cut_tail_agrees_with_the_exact_test() {
    let probabilities = [0.004, 0.006, 0.99];
    for observed in [[0, 0, 300], [1, 2, 297], [4, 2, 294], [5, 0, 295], [2, 9, 289]] {
        let (rare, big) = (cells(&observed[..2], &probabilities), cells(&observed[2..], &[0.99]));
        let exact = exact_p_value(&rare, &big, Tail::Kept).unwrap();
        let cut = exact_p_value(&rare, &big, Tail::Cut).unwrap();
        assert!((exact..exact + 1.1e-12).contains(&(cut + 1e-14)), "{exact} {cut}");
    }
}

/// Two big cells: not the same test, but the same answer. Exact p values by fractions.
#[test]
fn mixed_agrees_with_the_exact_test() {
    let probabilities = [0.02, 0.49, 0.49];
    for (observed, exact) in
        [([3, 36, 21], 0.027_992_098_885_280_158), ([8, 40, 52], 0.001_040_928_903_393_52)]
    {
        assert_close(test(&observed, &probabilities).p_value, exact, 1e-9);
        let size = observed.iter().sum::<u64>() as f64;
        let (method, mixed) = mixed_p_value(cells(&observed, &probabilities), size);
        assert_eq!(method, TestMethod::Mixed);
        assert!((0.5..4.0).contains(&(mixed / exact)), "{mixed} {exact}");
    }
}

/// Poisson with mean 2 is the limit for two in a million: P(9 or more) = 2.374e-4, and no outcome
/// below is as improbable.
#[test]
fn mixed_finds_the_rare_cell_and_the_big_ones() {
    let probabilities = [0.000_002, 0.499_998, 0.5];
    let rare = test(&[9, 499_995, 499_996], &probabilities);
    assert_eq!(rare.method, TestMethod::Mixed);
    assert_close(rare.p_value, 2.0 * 2.374e-4, 1e-3);
    let big = test(&[2, 497_498, 502_500], &probabilities);
    assert_close(
        big.p_value,
        2.0 * pearson_p_value(&cells(&[497_498, 502_500], &[0.499_998, 0.5])),
        1e-9,
    );
    assert!(big.p_value < 1e-5);
    let fits = test(&[2, 499_998, 500_000], &probabilities);
    assert_close(fits.p_value, 1.0, 1e-9);
    let flood = test(&[400_000, 300_000, 300_000], &probabilities);
    assert!(flood.p_value < 3e-12);
}

/// A hundred cells that expect 4 each have too many outcomes; in pairs they expect 8.
#[test]
fn rarest_cells_are_pooled_when_all_are_rare() {
    let probabilities = [0.01; 100];
    let even = test(&[4; 100], &probabilities);
    assert_eq!((even.method, even.degrees_of_freedom), (TestMethod::Mixed, 99));
    assert_close(even.p_value, 1.0, 1e-9);
    let mut skewed = [4; 100];
    skewed[..20].fill(12);
    skewed[20..60].fill(0);
    let skewed = test(&skewed, &probabilities);
    assert_eq!(skewed.method, TestMethod::Mixed);
    assert!(skewed.p_value < 1e-20);
    // Pools may stay rare: eight cells that expect 1.5 each, beside a single big one.
    let mut probabilities = [0.000_015; 9];
    probabilities[8] = 1.0 - 8.0 * 0.000_015;
    let pooled = test(&[1, 2, 1, 2, 1, 2, 1, 2, 99_988], &probabilities);
    assert_eq!(pooled.method, TestMethod::Mixed);
    assert!(pooled.p_value > 0.5);
}

#[test]
fn largest_enumerations_fit_the_bound() {
    // choose(1998 + 2, 2) = 1 999 000 outcomes, the next size has 2 001 000.
    let probabilities = [0.001, 0.5, 0.499];
    assert_eq!(test(&[1, 999, 998], &probabilities).method, TestMethod::ExactMultinomial);
    assert_eq!(test(&[1, 1000, 998], &probabilities).method, TestMethod::Mixed);
    // One big cell: nothing left for Pearson, so still exact.
    assert_eq!(test(&[1, 1, 1997], &[0.001, 0.001, 0.998]).method, TestMethod::ExactMultinomial);
}

// === Calibration ===

/// 0.05 +- 4 standard errors of 2000 samples. Exact tests are discrete and the mixed one adds two
/// p values, so these may reject less, but not more.
#[test]
fn rejects_the_truth_in_five_percent() {
    let canary = [0.5, 0.3, 0.15, 0.05];
    let share = rejected(400, &canary, &canary, TestMethod::ChiSquare);
    assert!((0.03..=0.07).contains(&share), "chi-square {share}");
    let share = rejected(40, &canary, &canary, TestMethod::ExactMultinomial);
    assert!((0.03..=0.07).contains(&share), "exact {share}");
    let rare = [0.001, 0.003, 0.396, 0.3, 0.3];
    let share = rejected(1000, &rare, &rare, TestMethod::Mixed);
    assert!((0.03..=0.07).contains(&share), "mixed {share}");
}

/// The promised power: 80 % for a change of the detectable size, here of a share of 0.5.
#[test]
fn detects_what_it_promises() {
    let even = [0.5, 0.5];
    let difference = test(&[500, 500], &even).smallest_detectable_difference;
    assert_close(difference, 0.044_296_951_741_48, 1e-9);
    let shifted = [0.5 + difference, 0.5 - difference];
    let power = rejected(1000, &shifted, &even, TestMethod::ChiSquare);
    assert!((0.76..=0.84).contains(&power), "{power}");
}

// === Edges ===

#[test]
fn impossible_cells() {
    let clean = test(&[60, 40, 0], &[0.5, 0.5, 0.0]);
    assert_eq!((clean.method, clean.degrees_of_freedom), (TestMethod::ChiSquare, 1));
    assert_close(clean.p_value, 0.045_500_263_896_358, 1e-9);
    let stray = test(&[50, 49, 1], &[0.5, 0.5, 0.0]);
    assert!(stray.observed_impossible() && stray.effect_size.is_infinite());
    assert_eq!(stray.method, TestMethod::ExactMultinomial);
    assert_close(stray.p_value, 0.0, 0.0);
}

#[test]
fn degenerate_cases() {
    let certain = test(&[100, 0], &[1.0, 0.0]);
    let stray = test(&[99, 1], &[1.0, 0.0]);
    let nothing = test(&[0, 0], &[0.5, 0.5]);
    for (result, p, testable) in [(certain, 1.0, true), (stray, 0.0, true), (nothing, 1.0, false)] {
        assert_eq!((result.method, result.is_testable()), (TestMethod::Degenerate, testable));
        assert_close(result.p_value, p, 0.0);
    }
    assert_close(certain.smallest_detectable_difference, 1.0 - 0.2_f64.powf(0.01), 1e-9);
    assert!(nothing.smallest_detectable_difference.is_infinite());
    assert_close(stray.largest_share_error, 0.01, 1e-9);
    assert!(!test(&[7], &[1.0]).is_testable());
}

#[test]
fn refuses_what_is_no_distribution() {
    assert!(goodness_of_fit(&[1], &[0.5, 0.5], 0.05).is_err());
    assert!(goodness_of_fit(&[], &[], 0.05).is_err());
    assert!(goodness_of_fit(&[1, 1], &[0.5, 0.500_001], 0.05).is_err());
    assert!(goodness_of_fit(&[1, 1], &[-0.5, 1.5], 0.05).is_err());
    assert!(goodness_of_fit(&[1, 1], &[f64::NAN, 0.5], 0.05).is_err());
    assert!(goodness_of_fit(&[1, 1], &[0.5, 0.5], 1.0).is_err());
    assert_eq!(goodness_of_fit(&[u64::MAX, 1], &[0.5, 0.5], 0.05), Err(StatsError::CountOverflow));
}
