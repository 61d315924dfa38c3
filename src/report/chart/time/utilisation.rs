//! Utilisation: how busy each pod was in each interval, as shades.

use super::axis::TimeAxis;
use super::events::Marks;
use super::timeline::{frame, time_ticks};
use super::{PodLoad, Utilisation};
use crate::report::chart::font::{self, BODY, HEADING, SMALL};
use crate::report::chart::frame::{Key, MARGIN, Mark, place_note};
use crate::report::chart::palette::{BASE, Colour, GREY, NOTHING};
use crate::report::chart::scene::{Anchor, Area, Scene, Text};

/// Width of the plot.
const WIDTH: i32 = 600;
/// Height of a pod, and of its shade.
const ROW: i32 = 22;
const SHADE: i32 = 16;
/// Room for each number.
const NUMBER: i32 = 72;
/// Names of pods get at most so much room.
const NAME: i32 = 300;
/// More pods than this are not shown.
const MOST: usize = 100;

/// Permille up to which each shade goes, and what it means. The last one stands out: there, queues grow.
const SHADES: [(u64, &str, Colour); 6] = [
    (0, "idle", NOTHING),
    (249, "below 25 %", Colour(0xc6, 0xdb, 0xef)),
    (499, "25 % to 50 %", Colour(0x84, 0xb8, 0xdc)),
    (749, "50 % to 75 %", Colour(0x3d, 0x89, 0xc2)),
    (949, "75 % to 95 %", Colour(0x08, 0x4a, 0x8c)),
    (u64::MAX, "95 % and more", Colour(0xd5, 0x5e, 0x00)),
];

/// Lays the chart out.
pub(super) fn layout(input: &Utilisation) -> Scene {
    let heading = "Utilisation: busy time of the workers of each pod";
    let intervals = input.pods.iter().map(|pod| pod.busy.len()).max().unwrap_or(0);
    let shown = &input.pods[..input.pods.len().min(MOST)];
    let names = shown.iter().map(|pod| font::width(&font::clean(&pod.pod), BODY));
    let left = MARGIN + names.max().unwrap_or(0).clamp(60, NAME) + 20;
    let axis = TimeAxis::new(input.interval, intervals, left, WIDTH);
    let marks = Marks::new(&input.events, axis);
    let width = left + WIDTH + 2 * NUMBER + MARGIN;
    let mut scene = Scene::new(width, &format!("{}: {heading}", input.title));
    let key = |(_, text, colour): &(u64, &str, Colour)| Key {
        mark: Mark::Bar(*colour),
        text: (*text).to_owned(),
    };
    let legend = if intervals == 0 { Vec::new() } else { SHADES.iter().map(key).collect() };
    let y = frame(&input.title, heading, &input.subtitle, legend).place(&mut scene);
    if intervals == 0 {
        scene.text(Text::new((MARGIN, y + 30), HEADING, "No pod was simulated."));
        scene.size.1 = y + 46 + MARGIN;
        return scene;
    }
    let top = headings(&mut scene, y + 16, left) + marks.height();
    let mut bottom = top;
    for pod in shown {
        row(&mut scene, bottom, axis, pod);
        bottom += ROW;
    }
    marks.place(&mut scene, top, bottom);
    let ticks = time_ticks(&mut scene, bottom, axis);
    let mut base = marks.list(&mut scene, ticks + 8);
    if input.pods.len() > MOST {
        let note = format!("{} more pods are not shown.", input.pods.len() - MOST);
        base = place_note(&mut scene, base + 6, &note);
    }
    scene.size.1 = base + MARGIN;
    scene
}

/// Places the headings of the columns; returns where the rows begin.
fn headings(scene: &mut Scene, y: i32, left: i32) -> i32 {
    let small = |x: i32, text: &str| Text::new((x, y), SMALL, text).coloured(GREY);
    let right = scene.size.0 - MARGIN;
    scene.text(small(MARGIN, "pod"));
    scene.text(small(left, "part of the workers' time that is busy"));
    scene.text(small(right - NUMBER, "mean").anchored(Anchor::End));
    scene.text(small(right, "peak").anchored(Anchor::End));
    scene.rect(Area::new(MARGIN, y + 7, right - MARGIN, 1), BASE);
    y + 16
}

fn row(scene: &mut Scene, top: i32, axis: TimeAxis, pod: &PodLoad) {
    let base = top + 15;
    let room = axis.x(0) - MARGIN - 20;
    let name = font::fitted(&font::clean(&pod.pod), BODY, room);
    scene.text(Text::new((MARGIN, base), BODY, &name));
    let together = axis.per_column(3);
    let top = top + (ROW - SHADE) / 2;
    for first in (0..axis.intervals).step_by(together) {
        let last = (first + together).min(axis.intervals);
        // A pod that came late or left early has no intervals there.
        if first >= pod.busy.len() {
            break;
        }
        let (left, right) = (axis.x(first), axis.x(last));
        let colour = shade(pod.busy_permille(axis, first, last));
        scene.rect(Area { left, top, right, bottom: top + SHADE }, colour);
    }
    let end = scene.size.0 - MARGIN;
    let mean = pod.busy_permille(axis, 0, pod.busy.len());
    let peaks = (0..pod.busy.len()).map(|index| pod.busy_permille(axis, index, index + 1));
    for (x, value) in [(end - NUMBER, mean), (end, peaks.max().unwrap_or(0))] {
        let text = format!("{}.{} %", value / 10, value % 10);
        scene.text(Text::new((x, base), BODY, &text).anchored(Anchor::End));
    }
}

fn shade(permille: u64) -> Colour {
    let found = SHADES.iter().find(|(most, ..)| permille <= *most);
    found.map_or(NOTHING, |(_, _, colour)| *colour)
}

// === impl PodLoad ===

impl PodLoad {
    /// Returns the busy part of some intervals in permille, rounded; what is not idle is at least 1.
    fn busy_permille(&self, axis: TimeAxis, first: usize, last: usize) -> u64 {
        let last = last.min(self.busy.len());
        let some = self.busy.get(first..last).unwrap_or_default();
        let busy: u128 = some.iter().map(|time| u128::from(time.0)).sum();
        let all =
            u128::from(axis.interval()) * u128::from(self.workers.max(1)) * some.len() as u128;
        let rounded = (busy * 1000 + all / 2) / all.max(1);
        u64::try_from(rounded).unwrap_or(1000).min(1000).max(u64::from(busy > 0))
    }
}
