#![expect(unreachable_pub, reason = "the macros write pub")]

use super::*;
use crate::config::yaml;
use crate::diagnostic::Sources;

record! {
    /// A thing.
    pub struct Thing("Thing") {
        /// A name.
        "name" => name: Option<Located<String>>,
        /// A weight.
        "weight" => weight: Option<i32>,
        /// A wait.
        "wait" => wait: Option<Nanos>,
        /// A switch.
        "on" => switch: bool,
        /// Parts.
        "parts" => parts: Vec<Thing>,
        /// Labels.
        "labels" => labels: BTreeMap<String, String>,
        /// A colour.
        "colour" => colour: Option<Colour>,
    }
    ignore ["other"]
}

words! {
    /// A colour.
    pub enum Colour("colour") {
        /// Red.
        "RED" => Red,
        /// Blue.
        "BLUE" => Blue,
    }
}

fn read(text: &str) -> (Option<Thing>, String) {
    let mut sources = Sources::new();
    let source = sources.add("t", text);
    let mut problems = Diagnostics::new();
    let nodes = yaml::parse(source, text, &mut problems);
    let thing = Thing::decode(&nodes[0], &mut problems);
    problems.sort();
    (thing, problems.render(&sources))
}

#[test]
fn a_record_is_read_field_by_field() {
    let (thing, problems) = read(
        "{name: a, weight: 50.0, wait: 1.5s, on: true, parts: [{}], labels: {a: b}, colour: RED, other: 1}",
    );
    let thing = thing.unwrap();
    assert_eq!(problems, "");
    assert_eq!(thing.name.as_deref().map(String::as_str), Some("a"));
    assert_eq!((thing.weight, thing.wait), (Some(50), Some(Nanos(1_500_000_000))));
    assert!(thing.switch && thing.parts.len() == 1);
    assert_eq!(thing.colour, Some(Colour::Red));
}

#[test]
fn every_wrong_value_is_reported_and_the_rest_is_read() {
    let (thing, problems) = read(
        "name: on\nweight: '50'\nwait: 3\non: 1\nparts: {}\nlabels: {version: 1.10}\ncolour: GREEN\n",
    );
    let thing = thing.unwrap();
    assert_eq!((thing.name, thing.weight), (None, None));
    for expected in [
        "t:1:7: error[wrong-type] expected text, found the boolean `on`",
        "write it in quotes: 'on'",
        "t:2:9: error[wrong-type] expected a whole number, found the text `50`",
        "write it without quotes: 50",
        "t:3:7: error[wrong-type] expected a duration such as 10ms or 1.5s, found the number `3`",
        "t:4:5: error[wrong-type] expected true or false, found the number `1`",
        "t:5:8: error[wrong-type] expected a list, found a map",
        "t:6:19: error[wrong-type] expected text, found the number `1.10`",
        "t:7:9: error[unknown-word] `GREEN` is no colour",
        "one of: RED, BLUE",
    ] {
        assert!(problems.contains(expected), "{expected}\n{problems}");
    }
}

#[test]
fn unknown_fields_warn_with_the_closest_name() {
    let (_, problems) = read("{nmae: a, zzz: 1, weigth: 3000000000}");
    assert!(problems.contains("t:1:2: warning[unknown-field] Thing has no field `nmae`"));
    assert!(problems.contains("did you mean `name`?"));
    assert!(problems.contains("t:1:11: warning[unknown-field] Thing has no field `zzz`"));
    let (_, problems) = read("{weight: 3000000000}");
    assert!(problems.contains("error[out-of-range]"), "{problems}");
}

#[test]
fn null_is_absent() {
    let (thing, problems) = read("{name: null, parts: ~, labels:, on: null}");
    assert_eq!((problems.as_str(), thing.unwrap().parts.len()), ("", 0));
}
