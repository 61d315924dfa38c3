//! What `lanecast check` costs: 100 YAML files read, decided and judged on one thread.
//!
//! 60 mesh files (a Service, a Deployment, a `DestinationRule`, a `VirtualService` each) and 40 test files with
//! five tests each, over all of them. The budget is 50 ms.

use criterion::{Criterion, criterion_group, criterion_main};
use lanecast::check::{Options, check};
use lanecast::scenario::{Files, MemoryFiles};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;

const SERVICES: usize = 60;
const TEST_FILES: usize = 40;

fn mesh_file(number: usize) -> String {
    let name = format!("shop-{number}");
    format!(
        "apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: default}}
spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 8080}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: default}}
spec: {{replicas: 2, template: {{metadata: {{labels: {{app: {name}, version: v1}}}}}}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: {name}, namespace: default}}
spec:
  host: {name}
  subsets:
  - {{name: v1, labels: {{version: v1}}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: default}}
spec:
  hosts: [{name}]
  http:
  - match: [{{uri: {{prefix: /api/}}, headers: {{x-user: {{regex: \"a.*{number}\"}}}}}}]
    rewrite: {{uri: /}}
    route: [{{destination: {{host: {name}, subset: v1}}}}]
  - route:
    - {{destination: {{host: {name}, subset: v1}}, weight: 90}}
    - {{destination: {{host: {name}}}, weight: 10}}
"
    )
}

fn test_file(number: usize) -> String {
    let mut text = String::from("mesh: [mesh/*.yaml]\ntests:\n");
    for test in 0..5 {
        let name = format!("shop-{}", (number * 5 + test) % SERVICES);
        let _ = write!(
            text,
            "- name: test {test} of {name}
  from: workload default/shop-0
  request: {{url: \"http://{name}:8080/\", headers: {{x-user: b}}}}
  expect:
    destinations: {{{name}/v1: 90%, {name}: 10%}}
    rule: default/{name}#1
"
        );
    }
    text
}

/// Files in memory; one pattern stands for all mesh files.
struct Memory(MemoryFiles);

impl Files for Memory {
    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        self.0.read(name)
    }

    fn expand(&self, name: &str) -> Result<Vec<String>, String> {
        match name {
            "mesh/*.yaml" => Ok((0..SERVICES).map(mesh_name).collect()),
            name => self.0.expand(name),
        }
    }
}

fn mesh_name(number: usize) -> String {
    format!("mesh/{number}.yaml")
}

fn hundred_files(criterion: &mut Criterion) {
    let mut files = BTreeMap::new();
    for number in 0..SERVICES {
        files.insert(mesh_name(number), mesh_file(number).into_bytes());
    }
    let names: Vec<String> = (0..TEST_FILES).map(|number| format!("test-{number}.yaml")).collect();
    for (number, name) in names.iter().enumerate() {
        files.insert(name.clone(), test_file(number).into_bytes());
    }
    let files = Memory(MemoryFiles(files));
    let checked = check(&files, &names, &Options::default());
    let report = checked.report.unwrap_or_default();
    let problems = checked.problems.render(&checked.sources);
    assert_eq!((report.tests(), report.failed()), (TEST_FILES * 5, 0), "{problems}");
    criterion.bench_function("check/100-files", |bencher| {
        bencher.iter(|| black_box(check(&files, &names, &Options::default())));
    });
}

criterion_group!(benches, hundred_files);
criterion_main!(benches);
