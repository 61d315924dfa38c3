//! Room on the stack: reading a document recurses once for each of its levels.
//!
//! The budget admits more levels than the stack of a thread of a test or of a pool has room for. Documents
//! that may be deep are read on a stack of their own; nearly all are not.

/// Levels that the stack of any thread has room for.
const SHALLOW: usize = 32;

/// A stack with room for the deepest document that the budget admits, in bytes.
const STACK: usize = 32 << 20;

/// Reads a document of the given text with enough room; `None` if there is no memory for it.
pub(super) fn with<T: Send>(text: &str, read: impl FnOnce() -> T + Send) -> Option<T> {
    if bound(text) <= SHALLOW {
        return Some(read());
    }
    std::thread::scope(|scope| {
        let thread =
            std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, read).ok()?;
        thread.join().ok()
    })
}

/// A bound on the levels of a document, found without reading it: no level of a block goes without a column,
/// no level of brackets without a bracket; an alias may repeat all levels of its anchor.
fn bound(text: &str) -> usize {
    let is_lead = |c: &char| matches!(c, ' ' | '-' | '?' | ':');
    let columns = text.lines().map(|line| line.chars().take_while(is_lead).count()).max();
    let anchors = text.matches('&').count();
    let brackets = text.matches(['[', '{']).count();
    (columns.unwrap_or(0) + 1).saturating_mul(anchors + 1).saturating_add(brackets)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::bound;
    use crate::diagnostic::{Diagnostics, Sources};

    #[test]
    fn the_bound_is_never_below_the_levels() {
        for (text, levels) in [
            ("a", 0),
            ("a:\n b:\n  c: d", 3),
            ("a:\n- b:\n  - c", 4),
            ("- - - a", 3),
            ("[[{a: [b]}]]", 4),
            ("a: &a [[b]]\nb: &b [*a]\nc: [*b]", 5),
        ] {
            assert!(bound(text) >= levels, "{text}");
        }
        assert!(bound("apiVersion: v1\nkind: Service\nspec:\n  ports:\n  - {name: http}\n") < 10);
    }

    #[test]
    fn deep_documents_are_read_or_refused_on_a_small_stack() {
        for (text, is_read) in [
            (format!("a: {}1{}", "[".repeat(100), "]".repeat(100)), true),
            (format!("a: {}1{}", "{b: ".repeat(100), "}".repeat(100)), true),
            (format!("{}1", "- ".repeat(100)), true),
            ("[".repeat(100_000), false),
            ("- ".repeat(100_000), false),
        ] {
            let mut sources = Sources::new();
            let source = sources.add("t", text.as_str());
            let mut problems = Diagnostics::new();
            let nodes = parse(source, &text, &mut problems);
            assert_eq!((nodes.len(), problems.has_errors()), (usize::from(is_read), !is_read));
        }
    }
}
