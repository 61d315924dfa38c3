//! A summary as pictures: SVG and PNG of lanes, hops, fallbacks and traces.
//!
//! Pure functions to bytes: the same summary gives the same bytes on every machine. No font of the system is
//! used, the charts ship their own. [`all`] arranges rows (one module per chart), lays them out (`table`) and
//! draws the result (`draw`).

mod cells;
mod draw;
mod fallbacks;
mod font;
mod frame;
mod hops;
mod lanes;
mod palette;
mod scene;
mod share;
mod table;
pub mod time;
mod traces;

use crate::summary::{ClassRow, Summary};

use super::document::grouped;

pub use draw::DrawError;

use table::Table;

/// A picture in two formats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// `lanes`, `hops`, `fallbacks`, `traces`, or one of [`time`]; the name of its files.
    pub name: &'static str,
    /// As SVG, with its font inside.
    pub svg: String,
    /// As PNG, with two pixels for each one of the SVG.
    pub png: Vec<u8>,
}

/// Draws all charts of a summary.
///
/// # Errors
/// The reason of a drawing backend. They draw to memory, where there is none.
pub fn all(summary: &Summary) -> Result<Vec<Chart>, DrawError> {
    let tables = tables(summary).into_iter();
    let charts = tables.map(|(name, table)| drawn(name, &table::layout(&table)));
    charts.chain(time::all(summary)).collect()
}

fn tables(summary: &Summary) -> [(&'static str, Table); 4] {
    [
        ("lanes", lanes::table(summary)),
        ("hops", hops::table(summary)),
        ("fallbacks", fallbacks::table(summary)),
        ("traces", traces::table(summary)),
    ]
}

fn drawn(name: &'static str, scene: &scene::Scene) -> Result<Chart, DrawError> {
    Ok(Chart { name, svg: draw::svg(scene)?, png: draw::png(scene)? })
}

/// A hop as people read it: `mocka>mockb` as `mocka > mockb`. Lines break before `>`.
fn spaced(way: &str) -> String {
    way.replace('>', " >\u{a0}")
}

/// The heading of a class; there is none if there is only one class.
fn class_heading(summary: &Summary, class: &ClassRow) -> String {
    if summary.classes.len() < 2 {
        return String::new();
    }
    let digits = share::digits(&[class.count.share]);
    let share = share::percent(class.count.share, digits);
    match class.count.requests {
        Some(requests) => {
            format!("class {}: {} requests, {share} of all", class.class, grouped(requests))
        }
        None => format!("class {}: {share} of all requests", class.class),
    }
}

/// What shares of rows of classes mean.
const fn class_axis(summary: &Summary) -> &'static str {
    if summary.classes.len() < 2 {
        "share of all requests"
    } else {
        "share of the class's requests"
    }
}

#[cfg(test)]
mod tests;
