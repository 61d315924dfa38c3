//! Where the warm-up of a run ends.

/// A proposal for the end of the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarmUp {
    /// Values at the beginning to leave out.
    pub values: usize,
    /// Whether the series settles at all: otherwise the best end lies in the second half, and the run is too
    /// short or never steady.
    pub settles: bool,
}

/// Values that are averaged before the end is looked for.
const GROUP: usize = 5;

/// Proposes how many values at the beginning of a series belong to the warm-up; `None` for fewer than 50.
///
/// MSER-5: groups of five values are averaged; the end is where the mean of the rest has the smallest
/// standard error. Cuts in the last tenth are not considered: a few values may agree by chance.
///
/// Source: White, Cobb and Spratt, Winter Simulation Conference (2000) 755-760.
#[must_use]
pub fn warm_up(series: &[f64]) -> Option<WarmUp> {
    let groups: Vec<f64> =
        series.chunks_exact(GROUP).map(|group| group.iter().sum::<f64>() / GROUP as f64).collect();
    if groups.len() < 10 {
        return None;
    }
    let mut best = (f64::INFINITY, 0);
    let (mut sum, mut squares) = (0.0, 0.0);
    // Differences to one of the values keep the squares small.
    let reference = groups.last().copied().unwrap_or_default();
    for (cut, value) in groups.iter().enumerate().rev() {
        sum += value - reference;
        squares += (value - reference).powi(2);
        let kept = (groups.len() - cut) as f64;
        if cut >= groups.len() - groups.len() / 10 {
            continue;
        }
        let error = (squares - sum * sum / kept).max(0.0) / (kept * kept);
        if error <= best.0 {
            best = (error, cut);
        }
    }
    Some(WarmUp { values: best.1 * GROUP, settles: best.1 * 2 <= groups.len() })
}
