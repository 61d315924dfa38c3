//! Calls that lead back to where they came from: such a topology has no end.

use std::collections::BTreeSet;

use super::{App, Call, Handling};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// A behaviour of an app: app, version (`None` is the base), path (`None` is all others).
type Point = (usize, Option<usize>, Option<usize>);

/// Reports every cycle once, at the call that closes it.
pub(super) fn check(apps: &[App], problems: &mut Diagnostics) {
    let mut search = Search { done: Vec::new(), reported: Vec::new() };
    for app in 0..apps.len() {
        for point in points(apps, app) {
            search.visit(apps, point, &mut Vec::new(), problems);
        }
    }
}

/// All behaviours of an app.
fn points(apps: &[App], app: usize) -> Vec<Point> {
    let versions = (0..apps[app].versions.len()).map(Some).chain([None]);
    let of_version = |version: Option<usize>| {
        let paths = behaviour(apps, app, version).paths.len();
        (0..paths).map(Some).chain([None]).map(move |path| (app, version, path))
    };
    versions.flat_map(of_version).collect()
}

fn behaviour(apps: &[App], app: usize, version: Option<usize>) -> &super::Behaviour {
    let app = &apps[app];
    version.map_or(&app.base, |version| &app.versions[version].behaviour)
}

fn handling(apps: &[App], point: Point) -> &Handling {
    let behaviour = behaviour(apps, point.0, point.1);
    point.2.map_or(&behaviour.otherwise, |path| &behaviour.paths[path].1)
}

/// Depth-first search over behaviours.
struct Search {
    done: Vec<Point>,
    /// The apps of each reported cycle: one report, whatever versions take part.
    reported: Vec<BTreeSet<usize>>,
}

impl Search {
    fn visit(
        &mut self,
        apps: &[App],
        point: Point,
        trail: &mut Vec<Point>,
        problems: &mut Diagnostics,
    ) {
        if self.done.contains(&point) {
            return;
        }
        trail.push(point);
        for call in handling(apps, point).calls() {
            let Some(callee) = apps.iter().position(|app| app.name == call.service) else {
                continue;
            };
            for next in points_of_call(apps, call, callee) {
                match trail.iter().position(|earlier| *earlier == next) {
                    Some(start) => self.report(apps, &trail[start..], call, callee, problems),
                    None => self.visit(apps, next, trail, problems),
                }
            }
        }
        trail.pop();
        self.done.push(point);
    }

    fn report(
        &mut self,
        apps: &[App],
        way: &[Point],
        call: &Call,
        callee: usize,
        problems: &mut Diagnostics,
    ) {
        let members: BTreeSet<usize> = way.iter().map(|point| point.0).collect();
        if self.reported.contains(&members) {
            return;
        }
        self.reported.push(members);
        let names: Vec<&str> = way.iter().map(|point| apps[point.0].name.as_str()).collect();
        let message =
            format!("this call closes a cycle: {} > {}", names.join(" > "), apps[callee].name);
        let help = "a request would never end; give the callee a path without this call";
        problems.push(Diagnostic::error("call-cycle", call.place, message).help(help));
    }
}

/// The behaviours of the callee that a call can meet: one per version.
fn points_of_call(apps: &[App], call: &Call, callee: usize) -> Vec<Point> {
    let path = crate::data_plane::split_query(&call.path).0;
    let mut found = points(apps, callee);
    found.retain(|(_, version, point)| {
        let paths = &behaviour(apps, callee, *version).paths;
        *point == paths.iter().position(|(pattern, _)| pattern.matches(path))
    });
    found
}
