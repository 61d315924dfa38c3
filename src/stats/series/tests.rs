use super::{LevelSeries, Series, TimeAverage};
use crate::units::Nanos;

const fn seconds(seconds: u64) -> Nanos {
    Nanos(seconds * 1_000_000_000)
}

#[test]
fn a_count_belongs_to_the_interval_that_begins_before_or_with_it() {
    let mut series = Series::with_length(seconds(1), seconds(3));
    for (at, count) in [(0, 1), (999_999_999, 2), (1_000_000_000, 4), (2_500_000_000, 8)] {
        series.add(Nanos(at), count);
    }
    assert_eq!(series.counts(), [3, 4, 8]);
    assert_eq!((series.get(2), series.get(3)), (8, 0));
    for (from, to, sum) in [(0, 3, 15), (1, 2, 4), (1, 9, 12), (3, 9, 0), (2, 1, 0)] {
        assert_eq!(series.sum_between(seconds(from), seconds(to)), sum, "{from} to {to}");
    }
    // An interval belongs to the span in which it begins.
    assert_eq!(series.sum_between(Nanos(1), seconds(2)), 4);
}

#[test]
fn series_of_equal_intervals_merge() {
    let (mut one, mut two) = (Series::new(seconds(1)), Series::new(seconds(1)));
    one.add(seconds(0), 1);
    two.add(seconds(2), 5);
    assert!(one.merge(&two));
    assert_eq!(one.counts(), [1, 0, 5]);
    assert!(!one.merge(&Series::new(seconds(2))));
    assert_eq!(one.counts(), [1, 0, 5]);
}

#[test]
fn a_level_counts_as_long_as_it_lasts() {
    let mut queue = TimeAverage::new(seconds(10), 0);
    assert_eq!(queue.mean(seconds(10)), None);
    queue.raise(seconds(12));
    queue.raise(seconds(13));
    queue.lower(seconds(16));
    // 2 s of 0, 1 s of 1, 3 s of 2, 4 s of 1.
    assert_eq!(queue.area(seconds(20)), 11_000_000_000);
    assert_eq!(queue.mean(seconds(20)), Some(1.1));
    assert_eq!((queue.level(), queue.highest()), (1, 2));
    queue.restart(seconds(20));
    assert_eq!((queue.mean(seconds(30)), queue.highest()), (Some(1.0), 1));
    queue.lower(seconds(30));
    queue.lower(seconds(30));
    assert_eq!((queue.level(), queue.mean(seconds(40))), (0, Some(0.5)));
}

#[test]
fn a_level_is_split_at_the_ends_of_intervals() {
    let mut busy = LevelSeries::new(seconds(2));
    busy.set(seconds(1), 4);
    busy.set(Nanos(4_500_000_000), 1);
    busy.advance(seconds(6));
    let found: Vec<f64> = busy.means().collect();
    assert_eq!(found, [2.0, 4.0, 1.75]);
    let total: u128 = busy.areas().iter().sum();
    assert_eq!(total, 4 * 3_500_000_000 + 1_500_000_000);
    let mut sum = busy.clone();
    assert!(sum.merge(&busy) && !sum.merge(&LevelSeries::new(seconds(1))));
    assert_eq!(sum.means().collect::<Vec<_>>(), [4.0, 8.0, 3.5]);
}
