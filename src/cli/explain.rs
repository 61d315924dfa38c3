//! `lanecast explain`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::disk::Disk;
use super::run::{print, print_problems, refuse};
use super::{INVALID, SUCCESS};
use crate::engine::{exact, flow};
use crate::explain;
use crate::scenario::{self, Options};

/// Arguments of `explain`.
#[derive(Args, Debug)]
pub(super) struct ExplainArguments {
    /// The scenario file.
    scenario: String,
    /// Class to explain; may be repeated. All classes if none is given.
    #[arg(long, value_name = "NAME")]
    class: Vec<String>,
    /// Explains this request instead: where it enters.
    #[arg(
        long,
        value_name = "ENTRY",
        help = "Where an ad-hoc request enters, e.g. 'workload default/sleep'"
    )]
    from: Option<String>,
    /// Address of the ad-hoc request, e.g. `http://example.com/path`.
    #[arg(long, value_name = "URL", requires = "from")]
    url: Option<String>,
    /// Method of the ad-hoc request.
    #[arg(long, value_name = "METHOD", requires = "from", default_value = "GET")]
    method: String,
    /// Header of the ad-hoc request, `name: value`; may be repeated.
    #[arg(long, short = 'H', value_name = "HEADER", requires = "from")]
    header: Vec<String>,
    /// Who is signed in, for the ad-hoc request.
    #[arg(long, value_name = "USER", requires = "from")]
    signed_in: Option<String>,
    /// Changes a value of the scenario; may be repeated.
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
}

/// Name of the class that stands for an ad-hoc request.
const AD_HOC: &str = "request";

/// Explains requests; returns the exit code.
pub(super) fn run(arguments: &ExplainArguments) -> u8 {
    let mut changes = arguments.set.clone();
    if let Some(from) = &arguments.from {
        match ad_hoc(arguments, from) {
            Ok(traffic) => {
                changes.push(format!("traffic={traffic}"));
                changes.push("expect=[]".to_owned());
            }
            Err(reason) => return refuse(&reason),
        }
    }
    let loaded = scenario::load(&Disk, &arguments.scenario, &Options { changes });
    print_problems(&loaded.problems, &loaded.sources);
    let Some(scenario) = loaded.scenario else { return INVALID };
    let flow = match flow::explain(&scenario) {
        Ok(flow) => flow,
        Err(error) => {
            let mut problems = crate::diagnostic::Diagnostics::new();
            problems.push(error.diagnostic(scenario.topology_place));
            print_problems(&problems, &loaded.sources);
            return INVALID;
        }
    };
    let exact = exact::solve(&flow);
    let all: Vec<String> = scenario.classes.iter().map(|class| class.name.clone()).collect();
    let wanted = if arguments.class.is_empty() { &all } else { &arguments.class };
    let mut texts = Vec::new();
    for class in wanted {
        match explain::explain(&scenario, &flow, &exact, class) {
            Some(text) => texts.push(text),
            None => {
                let known = all.join(", ");
                return refuse(&format!("there is no class `{class}`; the scenario has {known}"));
            }
        }
    }
    print(&texts.join("\n"));
    SUCCESS
}

/// The ad-hoc request as the only class of the scenario.
fn ad_hoc(arguments: &ExplainArguments, from: &str) -> Result<Value, String> {
    let Some(url) = &arguments.url else {
        return Err("an ad-hoc request needs --url, e.g. --url http://example.com/path".to_owned());
    };
    let mut headers: Map<String, Value> = Map::new();
    for header in &arguments.header {
        let Some((name, value)) = header.split_once(':') else {
            return Err(format!("`{header}` is no header; write it as 'name: value'"));
        };
        let values = headers.entry(name.trim().to_owned()).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(value.trim().into());
        }
    }
    let mut request = json!({"url": url, "method": arguments.method, "headers": headers});
    if let (Some(user), Value::Object(request)) = (&arguments.signed_in, &mut request) {
        request.insert("signedIn".to_owned(), user.clone().into());
    }
    Ok(json!([{"class": AD_HOC, "from": from, "request": request}]))
}
