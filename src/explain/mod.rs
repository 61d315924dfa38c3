//! One request's way in words: which proxy, which table, each rule tried and why it was passed over, the
//! split, the fallback, what the application did next.
//!
//! Every line that states a decision ends with the rule of the specification that makes it so.

pub(crate) mod condition;
mod steps;

use crate::engine::exact::Exact;
use crate::engine::flow::Flow;
use crate::scenario::Scenario;

/// Explains the requests of a class; the flow comes from [`crate::engine::flow::explain`].
///
/// `None` if there is no such class.
#[must_use]
pub fn explain(scenario: &Scenario, flow: &Flow, exact: &Exact, class: &str) -> Option<String> {
    let index = scenario.classes.iter().position(|known| known.name == class)?;
    let mut writer = steps::Writer::new(scenario, flow, exact);
    writer.class(index);
    Some(writer.text)
}
