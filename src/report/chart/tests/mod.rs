//! Charts of any size are legible: texts stand inside the picture, apart from each other, and large enough.

mod fixture;

use super::font::SMALL;
use super::palette::{EXPECTED, OBSERVED};
use super::scene::{Area, Scene, Shape, Text};
use super::table::layout;
use super::{Chart, all, tables};
use crate::summary::Summary;
use fixture::{Wanted, summary};

/// Everything between one lane and more than a chart shows.
fn wanted() -> impl Iterator<Item = Wanted> {
    let sizes = [(1, 1), (2, 1), (7, 1), (40, 1), (2, 40), (7, 3), (150, 2)];
    sizes.into_iter().flat_map(|(lanes, classes)| {
        [(false, true), (true, true), (false, false), (true, false)].map(|(long, counted)| Wanted {
            lanes,
            classes,
            long,
            counted,
        })
    })
}

fn scenes(summary: &Summary) -> impl Iterator<Item = (&'static str, Scene)> {
    tables(summary).into_iter().map(|(name, table)| (name, layout(&table)))
}

fn overlap(a: Area, b: Area) -> bool {
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

/// Returns what is wrong with the texts of a picture.
pub(super) fn fault(scene: &Scene) -> Option<String> {
    let picture = Area::new(0, 0, scene.size.0, scene.size.1);
    let areas: Vec<Area> = scene.texts.iter().map(Text::area).collect();
    for (index, (text, area)) in scene.texts.iter().zip(areas.iter().copied()).enumerate() {
        let inside = area.left >= picture.left
            && area.right <= picture.right
            && area.top >= picture.top
            && area.bottom <= picture.bottom;
        if !inside {
            return Some(format!("{:?} runs out of the picture", text.line));
        }
        if text.size < SMALL {
            return Some(format!("{:?} is too small", text.line));
        }
        if let Some(other) = areas[..index].iter().position(|other| overlap(area, *other)) {
            return Some(format!("{:?} overlaps {:?}", text.line, scene.texts[other].line));
        }
    }
    None
}

#[test]
fn texts_stand_inside_the_picture_and_never_overlap() {
    for wanted in wanted() {
        for (name, scene) in scenes(&summary(wanted)) {
            assert_eq!(fault(&scene), None, "{name} {wanted:?}");
        }
    }
    for (name, scene) in scenes(&fixture::empty()) {
        assert_eq!(fault(&scene), None, "{name} without requests");
    }
}

#[test]
fn the_test_of_texts_sees_a_text_that_moved() {
    let wanted = Wanted { lanes: 2, classes: 1, long: false, counted: true };
    let (_, scene) = scenes(&summary(wanted)).next().unwrap();
    let mut moved = scene.clone();
    moved.texts[3].at = moved.texts[2].at;
    assert!(fault(&moved).unwrap().contains("overlaps"));
    let mut cut = scene;
    cut.texts[0].at.0 = cut.size.0 - 3;
    assert!(fault(&cut).unwrap().contains("runs out"));
}

#[test]
fn no_text_stands_on_a_bar_or_a_mark_of_single_shares() {
    for wanted in wanted() {
        for (name, scene) in scenes(&summary(wanted)).filter(|(name, _)| *name != "hops") {
            let areas: Vec<Area> = scene.texts.iter().map(Text::area).collect();
            for shape in &scene.shapes {
                let Shape::Rect(bar, OBSERVED | EXPECTED) = shape else { continue };
                let hidden = areas.iter().position(|area| overlap(*area, *bar));
                assert!(hidden.is_none(), "{name} {wanted:?} {hidden:?}");
            }
        }
    }
}

#[test]
fn shapes_stay_inside_the_picture() {
    for wanted in wanted() {
        for (name, scene) in scenes(&summary(wanted)) {
            let inside = |&(x, y): &(i32, i32)| {
                (0..=scene.size.0).contains(&x) && (0..=scene.size.1).contains(&y)
            };
            for shape in &scene.shapes {
                let fits = match shape {
                    Shape::Rect(area, _) => {
                        inside(&(area.left, area.top)) && inside(&(area.right, area.bottom))
                    }
                    Shape::Line(points, ..) => points.iter().all(inside),
                };
                assert!(fits, "{name} {wanted:?} {shape:?}");
            }
        }
    }
}

#[test]
fn every_chart_says_what_it_shows() {
    let wanted = Wanted { lanes: 7, classes: 3, long: false, counted: true };
    for (name, scene) in scenes(&summary(wanted)) {
        let texts: Vec<&str> = scene.texts.iter().map(|text| text.line.as_str()).collect();
        let has = |part: &str| texts.iter().any(|text| text.contains(part));
        assert!(has("7 lanes") && has("Replay of 1,000,000 requests, seed 18446744073709551615"));
        assert!(has("expected") && has("observed"), "{name}: {texts:?}");
        assert!(has("0 %") && has("share of"), "{name}: {texts:?}");
    }
}

#[test]
fn lanes_show_counts_intervals_and_expectations() {
    let wanted = Wanted { lanes: 2, classes: 1, long: false, counted: true };
    let (_, scene) = scenes(&summary(wanted)).next().unwrap();
    let texts: Vec<&str> = scene.texts.iter().map(|text| text.line.as_str()).collect();
    let row = ["lane-1", "88.20 %", "88.14 – 88.26 %", "90.00 %", "881,992"];
    assert!(texts.windows(row.len()).any(|cells| cells == row), "{texts:?}");
    // Two decimals cannot tell this share from nothing.
    let row = ["lane-2", "0.001 %", "0.000 – 0.002 %", "0.001 %", "8"];
    assert!(texts.windows(row.len()).any(|cells| cells == row), "{texts:?}");
    assert!(texts.contains(&"(no lane)"), "{texts:?}");
}

#[test]
fn the_exact_engine_has_no_observations() {
    let wanted = Wanted { lanes: 3, classes: 1, long: false, counted: false };
    for (name, scene) in scenes(&summary(wanted)) {
        let observed = scene.texts.iter().find(|text| text.line.contains("observed"));
        assert!(observed.is_none(), "{name}: {observed:?}");
        assert!(scene.texts.iter().any(|text| text.line == "Exact probabilities, nothing sampled"));
    }
}

#[test]
fn what_does_not_fit_is_summed_up_in_a_last_row() {
    let wanted = Wanted { lanes: 150, classes: 2, long: false, counted: true };
    let of = |chart: &str| {
        let summary = summary(wanted);
        let (_, scene) = scenes(&summary).find(|(name, _)| *name == chart).unwrap();
        scene.texts.into_iter().map(|text| text.line).collect::<Vec<String>>()
    };
    assert!(of("lanes").contains(&"91 more lanes".to_owned()));
    assert!(of("traces").contains(&"260 more traces".to_owned()));
    assert!(of("fallbacks").contains(&"60 more kinds of fallback".to_owned()));
}

#[test]
fn a_run_without_fallbacks_says_so() {
    let wanted = Wanted { lanes: 1, classes: 1, long: false, counted: true };
    let summary = summary(wanted);
    let (_, scene) = scenes(&summary).find(|(name, _)| *name == "fallbacks").unwrap();
    assert!(scene.texts.iter().any(|text| text.line.starts_with("No fallbacks:")));
}

/// The charts of a small summary.
fn small() -> Vec<Chart> {
    all(&summary(Wanted { lanes: 4, classes: 1, long: false, counted: true })).unwrap()
}

#[test]
fn charts_are_the_same_bytes_on_every_thread() {
    let first = small();
    let others: Vec<_> = (0..3).map(|_| std::thread::spawn(small)).collect();
    for other in others {
        assert_eq!(other.join().unwrap(), first);
    }
}

#[test]
fn charts_are_the_same_bytes_on_every_machine() {
    let hash = |bytes: &[u8]| format!("{:016x}", xxhash_rust::xxh3::xxh3_64(bytes));
    let found: Vec<_> =
        small().iter().map(|it| (it.name, hash(it.svg.as_bytes()), hash(&it.png))).collect();
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_debug_snapshot!("hashes_of_four_lanes", found);
    });
}

#[test]
fn a_small_svg_is_as_reviewed() {
    let chart = small().swap_remove(1);
    let lines = chart.svg.lines().filter(|line| !line.starts_with("<style>"));
    let shown = lines.collect::<Vec<_>>().join("\n");
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!("hops_of_four_lanes", shown);
    });
}
