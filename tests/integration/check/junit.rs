//! Reports for CI systems.

use super::shop::MESH;
use super::{Files, GONE, shop_test};

#[test]
fn junit_is_xml_that_names_every_test() {
    let good = shop_test(GONE, "{status: 410}").replace("name: shop", "name: a < b & \"c\"");
    let bad = shop_test(GONE, "{status: 411}");
    let files =
        Files::new("junit", &[("mesh.yaml", MESH), ("good.yaml", &good), ("bad.yaml", &bad)]);
    let run = files.check(&["good.yaml", "bad.yaml", "--junit", "out.xml"]);
    assert_eq!(run.code, 1, "{}", run.err);
    let xml = std::fs::read_to_string(files.0.join("out.xml")).unwrap();
    for expected in [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lanecast check\" tests=\"2\" failures=\"1\" errors=\"0\">\n",
        "<testcase name=\"a &lt; b &amp; &quot;c&quot;\" classname=\"good.yaml\" file=\"good.yaml\" line=\"3\"/>",
        "<failure type=\"check\" message=\"expected status 411, got status 410\">bad.yaml:6:20: failed[check]",
    ] {
        assert!(xml.contains(expected), "{expected}\n{xml}");
    }
    assert_balanced(&xml);
    let again = files.check(&["good.yaml", "bad.yaml", "--junit", "again.xml"]);
    assert_eq!(again.code, 1);
    assert_eq!(xml, std::fs::read_to_string(files.0.join("again.xml")).unwrap());
    let run = files.check(&["good.yaml", "--junit", "no/such/folder.xml"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("cannot write no/such/folder.xml: "), "{}", run.err);
}

/// Every element that is opened is closed in order, and no `<` or `&` stands alone.
fn assert_balanced(xml: &str) {
    let mut open = Vec::new();
    for piece in xml.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a closed tag");
        assert!(!text.contains('>'), "{piece}");
        for entity in text.split('&').skip(1).chain(tag.split('&').skip(1)) {
            assert!(entity.split(';').next().is_some_and(|name| name.len() <= 4), "{piece}");
        }
        let name = tag.trim_end_matches('/').split(' ').next().unwrap();
        match (name.strip_prefix('/'), tag.ends_with('/') || tag.starts_with('?')) {
            (Some(closed), _) => assert_eq!(open.pop(), Some(closed)),
            (None, true) => {}
            (None, false) => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}
