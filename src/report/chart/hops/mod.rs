//! Hops: which versions served each call of a class, as parts of a bar.
//!
//! Pods of one version are one part. What came by fallback is hatched: the share of a fallback belongs to the
//! versions behind its destination's subset, in proportion to what they served.

use super::frame::{Frame, Key, Mark};
use super::palette::{Palette, WHITE, natural};
use super::table::{Group, Row, Table};
use super::{class_axis, class_heading};
use crate::summary::Summary;

mod hop;

/// More hops than this are left to the file.
const MOST: usize = 120;
/// More versions than this have no colour of their own.
const MOST_KEYS: usize = 21;

/// Arranges the chart.
pub(super) fn table(summary: &Summary) -> Table {
    let palette = Palette::new(summary.hops.iter().map(|row| row.version.as_str()));
    let mut groups: Vec<Group> = Vec::new();
    let (mut all, mut shown) = (0, 0);
    for class in &summary.classes {
        let hops = hop::of_class(summary, class);
        all += hops.len();
        let room = MOST - shown;
        let rows: Vec<Row> = hops.iter().take(room).map(|hop| hop.row(&palette)).collect();
        shown += rows.len();
        if !rows.is_empty() {
            groups.push(Group { heading: class_heading(summary, class), rows });
        }
    }
    let note = match all - shown {
        0 => String::new(),
        more => format!("{more} more hops are in hops.csv."),
    };
    Table {
        frame: Frame::new(
            summary,
            "Hops: which versions served the calls of each hop",
            legend(summary, &palette),
        ),
        labels: "hop",
        axis: class_axis(summary),
        columns: columns(summary),
        groups,
        empty: "No call reached a pod.",
        note,
    }
}

fn columns(summary: &Summary) -> Vec<&'static str> {
    let mut columns = vec!["served"];
    if !summary.fallbacks.is_empty() {
        columns.push("by fallback");
    }
    if summary.requests.is_some() {
        columns.push("calls");
    }
    columns
}

fn legend(summary: &Summary, palette: &Palette) -> Vec<Key> {
    let key = |mark, text: &str| Key { mark, text: text.to_owned() };
    let mut versions: Vec<&str> = summary.hops.iter().map(|row| row.version.as_str()).collect();
    versions.sort_by_key(|version| natural(version));
    versions.dedup();
    let named = |version: &str| match version {
        "" => "no version".to_owned(),
        version => version.to_owned(),
    };
    let mut keys: Vec<Key> = versions
        .iter()
        .take(MOST_KEYS)
        .map(|version| key(Mark::Bar(palette.colour(version)), &named(version)))
        .collect();
    if versions.len() > MOST_KEYS {
        let more = versions.len() - MOST_KEYS;
        keys.push(key(Mark::Bar(WHITE), &format!("{more} more, colours repeat")));
    }
    if !summary.fallbacks.is_empty() {
        keys.push(key(Mark::Hatched, "by fallback"));
    }
    if !keys.is_empty() {
        keys.push(key(Mark::Empty, "not reached"));
        if summary.requests.is_some() {
            keys.push(key(Mark::Strip, "observed; thin strip: expected"));
        }
    }
    keys
}
