//! Single and stacked bars.

use super::{Columns, Segment, Single};
use crate::report::chart::font::{self, SMALL};
use crate::report::chart::frame::{place_empty, place_whisker};
use crate::report::chart::palette::{EXPECTED, GREY, WHITE};
use crate::report::chart::scene::{Anchor, Area, Scene, Text};
use crate::report::chart::share::{WHOLE, billionths, digits, percent};

/// Height of bars.
const HEIGHT: i32 = 14;

/// Places one share with its interval and its expectation.
pub(super) fn single(scene: &mut Scene, columns: &Columns, single: &Single, top: i32) {
    let x = |share| columns.plot + columns.axis.length(billionths(share), columns.plot_width);
    let bar = Area { left: columns.plot + 1, top, right: x(single.share), bottom: top + HEIGHT };
    // One pixel belongs to the line of the axis; less than one more would not show.
    let shows = billionths(single.share) > 0;
    let right = if shows { bar.right.max(bar.left + 1) } else { bar.left };
    scene.rect(Area { right, ..bar }, single.colour);
    if let Some(expected) = single.expected {
        let centre = x(expected);
        scene.rect(Area::new(centre - 1, top - 3, 3, HEIGHT + 6), EXPECTED);
    }
    if let Some([low, high]) = single.interval {
        place_whisker(scene, x(low), x(high), top + HEIGHT / 2);
    }
}

/// Places a stacked bar, the strip of its expectation, and the parts that are too small for their names; returns
/// the lowest pixel.
pub(super) fn stack(
    scene: &mut Scene,
    columns: &Columns,
    (observed, expected): (&[Segment], Option<&[Segment]>),
    top: i32,
) -> i32 {
    const TALL: i32 = HEIGHT + 4;
    let small = parts(scene, columns, observed, (top - 2, TALL), true);
    let mut bottom = top - 2 + TALL;
    if let Some(expected) = expected {
        parts(scene, columns, expected, (bottom + 2, 4), false);
        bottom += 6;
    }
    if small.is_empty() {
        return bottom;
    }
    for line in font::wrapped(&small.join(", "), SMALL, columns.plot_width - 6, 2) {
        bottom += 13;
        let text = Text::new((columns.plot + 3, bottom), SMALL, &line).coloured(GREY);
        // No grid line runs through letters.
        let width = font::width(&text.line, SMALL) + 2;
        scene.rect(Area::new(columns.plot + 2, bottom - 9, width, 12), WHITE);
        scene.text(text);
    }
    bottom + 3
}

/// Places the segments of a bar; returns the names that found no room in it.
fn parts(
    scene: &mut Scene,
    columns: &Columns,
    segments: &[Segment],
    (top, height): (i32, i32),
    named: bool,
) -> Vec<String> {
    let x = |share: u64| columns.plot + columns.axis.length(share, columns.plot_width);
    let mut small = Vec::new();
    let mut sum = 0;
    for segment in segments {
        let left = x(sum);
        let fallback_end = x(sum + billionths(segment.fallback));
        sum += billionths(segment.share);
        if billionths(segment.share) == 0 {
            continue;
        }
        let right = x(sum).max(left + 1);
        // A hair of white keeps neighbours apart where there is room for it.
        let shown = if right - left > 3 { right - 1 } else { right };
        let area = Area { left, top, right: shown, bottom: top + height };
        scene.rect(area, segment.colour);
        if height > 6 && fallback_end > left {
            let part = Area { right: fallback_end.min(shown), ..area };
            scene.hatch(part, segment.colour.contrast());
        }
        if named && !name(scene, segment, area) {
            small.push(format!("{} {}", segment.name, shown_share(segment)));
        }
    }
    if sum < WHOLE {
        place_empty(scene, Area { left: x(sum), top, right: x(WHOLE), bottom: top + height });
    }
    small
}

fn shown_share(segment: &Segment) -> String {
    percent(segment.share, digits(&[segment.share]))
}

/// Writes name and share into a segment; tells whether they found room.
fn name(scene: &mut Scene, segment: &Segment, area: Area) -> bool {
    let full = format!("{} {}", segment.name, shown_share(segment));
    let width = font::width(&font::clean(&full), SMALL);
    if width + 4 > area.width() {
        return false;
    }
    let centre = i32::midpoint(area.left, area.right);
    if billionths(segment.fallback) > 0 {
        // Letters on hatching are hard to read.
        let ground = Area::new(centre - width / 2 - 3, area.top + 2, width + 6, area.height() - 4);
        scene.rect(ground, segment.colour);
    }
    let text = Text::new((centre, area.top + 13), SMALL, &full).anchored(Anchor::Middle);
    scene.text(text.coloured(segment.colour.contrast()));
    true
}
