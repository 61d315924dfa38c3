use proptest::prelude::*;

use super::Calendar;
use crate::units::Nanos;

/// What to do next: push so many nanoseconds from now, or take events.
#[derive(Clone, Debug)]
enum Step {
    Push(u64),
    PushMany(u64, u8),
    /// One of a few delays.
    PushAfter(u8),
    /// So long after the last event of one of a few sequences, or after now.
    PushInOrder(u8, u64),
    Pop(u8),
}

/// By which door an event comes.
enum How {
    At,
    After(u64),
    InOrder(u32),
}

/// More delays than there are lanes.
const DELAYS: [u64; 10] = [0, 1, 2, 7, 150, 300, 1_000_000, 1 << 40, u64::MAX - 3, u64::MAX];

/// Times on all scales: ties, neighbours, far away.
fn step() -> impl Strategy<Value = Step> {
    let delay = prop_oneof![
        Just(0_u64),
        0..4_u64,
        0..300_u64,
        0..1_000_000_u64,
        (0..64_u32).prop_map(|bits| 1_u64 << bits),
        any::<u64>(),
    ];
    prop_oneof![
        3 => delay.clone().prop_map(Step::Push),
        1 => (delay, any::<u8>()).prop_map(|(delay, count)| Step::PushMany(delay, count)),
        2 => any::<u8>().prop_map(Step::PushAfter),
        2 => (any::<u8>(), 0..300_u64).prop_map(|(which, time)| Step::PushInOrder(which, time)),
        2 => any::<u8>().prop_map(|count| Step::Pop(count % 64)),
    ]
}

proptest! {
    #[test]
    fn events_come_in_the_order_of_a_sorted_list(steps in prop::collection::vec(step(), 1..200)) {
        let mut calendar = Calendar::new();
        // The next event last, of equal times the oldest last.
        let mut sorted: Vec<(u64, u32)> = Vec::new();
        let mut pushed = 0_u32;
        // More sequences than may have a lane.
        let mut last = [0_u64; 5];
        let mut push = |calendar: &mut Calendar<u32>, sorted: &mut Vec<(u64, u32)>, at: u64, how: How| {
            match how {
                How::At => calendar.push(Nanos(at), pushed),
                How::After(delay) => calendar.push_after(Nanos(delay), pushed),
                How::InOrder(sequence) => calendar.push_in_order(sequence, Nanos(at), pushed),
            }
            let place = sorted.partition_point(|(other, _)| *other > at);
            sorted.insert(place, (at, pushed));
            pushed += 1;
        };
        for step in steps {
            let now = calendar.now().0;
            match step {
                Step::Push(delay) => push(&mut calendar, &mut sorted, now.saturating_add(delay), How::At),
                Step::PushMany(delay, count) => {
                    for spread in 0..u64::from(count) {
                        let at = now.saturating_add(delay).saturating_add(spread % 7);
                        push(&mut calendar, &mut sorted, at, How::At);
                    }
                }
                Step::PushAfter(which) => {
                    let delay = DELAYS[usize::from(which) % DELAYS.len()];
                    push(&mut calendar, &mut sorted, now.saturating_add(delay), How::After(delay));
                }
                Step::PushInOrder(which, time) => {
                    let sequence = usize::from(which) % last.len();
                    let at = last[sequence].max(now).saturating_add(time);
                    last[sequence] = at;
                    let how = How::InOrder(u32::try_from(sequence).unwrap());
                    push(&mut calendar, &mut sorted, at, how);
                }
                Step::Pop(count) => {
                    for _ in 0..count {
                        let expected = sorted.pop();
                        prop_assert_eq!(calendar.peek(), expected.map(|(at, _)| Nanos(at)));
                        prop_assert_eq!(calendar.pop(), expected.map(|(at, e)| (Nanos(at), e)));
                    }
                }
            }
            prop_assert_eq!(calendar.len(), sorted.len() as u64);
        }
        while let Some((at, event)) = sorted.pop() {
            prop_assert_eq!(calendar.pop(), Some((Nanos(at), event)));
        }
        prop_assert!(calendar.is_empty() && calendar.pop().is_none());
    }
}

#[test]
fn a_time_that_has_passed_counts_as_now() {
    let mut calendar = Calendar::new();
    calendar.push(Nanos(100), 'a');
    calendar.push(Nanos(200), 'b');
    assert_eq!(calendar.pop(), Some((Nanos(100), 'a')));
    calendar.push(Nanos(50), 'c');
    assert_eq!(calendar.pop(), Some((Nanos(100), 'c')));
    assert_eq!((calendar.now(), calendar.pop()), (Nanos(100), Some((Nanos(200), 'b'))));
}

#[test]
fn the_last_nanosecond_is_a_time_too() {
    let mut calendar = Calendar::new();
    for event in 0..200 {
        calendar.push(Nanos(u64::MAX - u64::from(event % 2 == 0)), event);
    }
    let order: Vec<i32> = std::iter::from_fn(|| calendar.pop()).map(|(_, event)| event).collect();
    assert!(order[..100].iter().all(|event| event % 2 == 0) && order[..100].is_sorted());
    assert!(order[100..].iter().all(|event| event % 2 == 1) && order[100..].is_sorted());
}

/// Found by the property above: what came early for the last nanosecond was overtaken by what came late.
#[test]
fn the_last_nanosecond_keeps_its_order() {
    let mut calendar = Calendar::new();
    let far = u64::MAX - 100_000;
    calendar.push(Nanos(far), 0);
    calendar.push(Nanos(u64::MAX), 1);
    assert_eq!(calendar.pop(), Some((Nanos(far), 0)));
    for event in 2..300 {
        calendar.push(Nanos(if event % 3 == 0 { u64::MAX } else { far + event % 50 }), event);
    }
    let events: Vec<(Nanos, u64)> = std::iter::from_fn(|| calendar.pop()).collect();
    assert!(events.is_sorted());
    assert_eq!(events.len(), 299);
}

/// Each event comes back after a while, as requests do: capacity stops growing.
#[test]
fn memory_stops_growing_once_warm() {
    let mut calendar = Calendar::new();
    let mut state = 1_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for event in 0..1_000 {
        calendar.push(Nanos(random() % 10_000_000), event);
    }
    let mut turn = |calendar: &mut Calendar<i32>, count: usize| {
        for _ in 0..count {
            let (at, event) = calendar.pop().unwrap();
            calendar.push(Nanos(at.0 + random() % 10_000_000), event);
        }
        calendar.capacity()
    };
    let warm = turn(&mut calendar, 200_000);
    assert_eq!(turn(&mut calendar, 400_000), warm);
    assert_eq!(calendar.len(), 1_000);
}
