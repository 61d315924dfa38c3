//! What came out of the tests: suites, tests, failures.

use super::coverage::Coverage;
use crate::diagnostic::Place;

/// The outcome of all tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One suite for each file, in the order in which they were named.
    pub suites: Vec<Suite>,
    /// Which rules and destinations the requests met.
    pub coverage: Coverage,
}

/// The tests of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Name of the file.
    pub file: String,
    /// How it is written.
    pub format: Format,
    /// Its tests in order.
    pub tests: Vec<Test>,
    /// What the file asks for and lanecast does not check, and what had to be assumed.
    pub notes: Vec<String>,
}

/// Who the format of a test file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// lanecast's own.
    Own,
    /// istio-config-validator: `testCases`.
    ConfigValidator,
    /// Envoy's `router_check_tool`: `tests` with `test_name`, `input`, `validate`.
    RouterCheckTool,
    /// A scenario: its `expect`, solved exactly.
    Scenario,
}

/// One test: one expectation on one or several requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// Name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// What does not hold; none if the test passed.
    pub failures: Vec<Failure>,
}

/// One thing that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where it is expected.
    pub place: Place,
    /// What is expected, in words.
    pub expected: String,
    /// What came out, in words.
    pub got: String,
    /// Who decided and why, one line each.
    pub why: Vec<String>,
}

// === impl Report ===

impl Report {
    /// Returns the number of tests.
    #[must_use]
    pub fn tests(&self) -> usize {
        self.suites.iter().map(|suite| suite.tests.len()).sum()
    }

    /// Returns the number of tests that failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.suites.iter().map(Suite::failed).sum()
    }
}

// === impl Suite ===

impl Suite {
    /// Returns the number of tests that failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.tests.iter().filter(|test| !test.passed()).count()
    }
}

// === impl Test ===

impl Test {
    /// Tells whether everything holds.
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

// === impl Format ===

impl Format {
    /// Returns the name of the format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "lanecast",
            Self::ConfigValidator => "istio-config-validator",
            Self::RouterCheckTool => "router_check_tool",
            Self::Scenario => "scenario",
        }
    }
}
