use super::*;
use crate::diagnostic::Sources;

fn read(text: &str) -> (Vec<Node>, String) {
    let mut sources = Sources::new();
    let source = sources.add("t.yaml", text);
    let mut problems = Diagnostics::new();
    let nodes = parse(source, text, &mut problems);
    problems.sort();
    (nodes, problems.render(&sources))
}

/// The value of the first document, without places.
fn value(text: &str) -> String {
    let (nodes, problems) = read(text);
    assert_eq!(problems, "");
    show(&nodes[0])
}

fn show(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".into(),
        Value::Bool(value, raw) => format!("{value}({raw})"),
        Value::Integer(value, raw) => format!("{value}({raw})"),
        Value::Float(value, raw) => format!("{value:?}({raw})"),
        Value::Text(text) => format!("{text:?}"),
        Value::Sequence(items) => {
            format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        Value::Mapping(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(key, node)| format!("{}: {}", key.name, show(node))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

#[test]
fn scalars_keep_their_kind_and_text() {
    assert_eq!(
        value("[on, 'on', y, 1_000, 1.50, 08, ~, '', .inf, 1e3, 2024-01-01T00:00:00Z]"),
        r#"[true(on), "on", true(y), 1000(1_000), 1.5(1.50), 8.0(08), null, "", ".inf", 1000.0(1e3), "2024-01-01T00:00:00Z"]"#
    );
}

#[test]
fn keys_are_texts_whatever_they_look_like() {
    assert_eq!(value("{on: 1, 80: 2, y: 3}"), "{on: 1(1), 80: 2(2), y: 3(3)}");
}

#[test]
fn every_value_knows_its_place_in_the_whole_text() {
    let (nodes, _) = read("a: 1\n---\n# second\nb:\n- c: 'x'\n");
    assert_eq!(nodes.len(), 2);
    let item = &nodes[1].get("b").unwrap();
    let Value::Sequence(items) = &item.value else { panic!("a list") };
    let place = items[0].get("c").unwrap().place;
    assert_eq!((place.line, place.column, place.length), (5, 6, 3));
}

#[test]
fn documents_are_independent() {
    let (nodes, problems) =
        read("%YAML 1.2\n---\na: 1\n--- # x\n[broken\n---\nb: 2\n...\n---\n---\n# end\n");
    assert_eq!(nodes.iter().map(show).collect::<Vec<_>>(), ["{a: 1(1)}", "{b: 2(2)}"]);
    assert!(problems.starts_with("t.yaml:5:1: error[yaml]"), "{problems}");
}

#[test]
fn a_repeated_key_is_an_error_with_both_places() {
    let (nodes, problems) = read("a: 1\nb: {c: 1, c: 2}\na: 3\n");
    assert_eq!(show(&nodes[0]), "{a: 1(1), b: {c: 1(1)}}");
    assert!(problems.contains("t.yaml:2:11: error[duplicate-key] the key `c` stands twice"));
    assert!(problems.contains("t.yaml:3:1: error[duplicate-key]"), "{problems}");
    assert!(problems.contains("it stands already in line 1"));
}

#[test]
fn aliases_are_expanded_and_point_to_their_use() {
    let (nodes, problems) = read("a: &x {k: v}\nb: *x\n");
    assert_eq!(problems, "");
    assert_eq!(show(&nodes[0]), r#"{a: {k: "v"}, b: {k: "v"}}"#);
    assert_eq!(nodes[0].get("b").unwrap().place.line, 2);
}

#[test]
fn hostile_documents_end_in_an_error_with_a_place() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let previous = format!("*a{}", level - 1);
        let list = vec![previous; 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
    }
    for text in [
        bomb,
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        (0..5_000).map(|depth| [" ".repeat(depth), "a:\n".to_owned()].concat()).collect(),
        format!("a: \"{}", "x".repeat(1 << 20)),
        "? [complex]\n: key\n".to_owned(),
        "a: \u{0}".to_owned(),
        "*nobody".to_owned(),
        "a: b: c".to_owned(),
    ] {
        let (nodes, problems) = read(&text);
        let head: String = text.chars().take(30).collect();
        assert!(nodes.is_empty(), "{head}");
        assert!(problems.starts_with("t.yaml:"), "{head}: {problems}");
        assert!(problems.contains("error[yaml]"), "{head}: {problems}");
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_fine() {
    assert_eq!(value("\u{feff}a: b\r\nc: |\r\n  d\r\n"), r#"{a: "b", c: "d\n"}"#);
}
