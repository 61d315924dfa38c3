use std::collections::BTreeMap;

use crate::control_plane::{Connection, Handling, ProxyView};
use crate::data_plane::{RouteAction, Selection};
use crate::scenario::time::{Metric, Rollout, TimePlan};
use crate::scenario::{Loaded, MemoryFiles, Options, Scenario, load};
use crate::units::{Nanos, Share};

/// Two versions of a service behind one rule, reached from a client.
const SHOP: &str = "
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: shop}
spec:
  host: shop
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop]
  http:
  - route:
    - {destination: {host: shop, subset: v1}, weight: 100}
    - {destination: {host: shop, subset: v2}, weight: 0}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: sleep}
spec: {template: {metadata: {labels: {app: sleep}}}}
";

/// A Rollout with two Services, told apart by the hash of their pods.
const ARGO: &str = "
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop-next}
spec: {selector: {app: shop}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop-rule}
spec:
  hosts: [shop]
  http:
  - name: primary
    route: [{destination: {host: shop}, weight: 100}, {destination: {host: shop-next}, weight: 0}]
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  replicas: 5
  selector: {matchLabels: {app: shop}}
  template: {metadata: {labels: {app: shop}}}
  strategy:
    canary:
      canaryService: shop-next
      stableService: shop
      trafficRouting:
        istio: {virtualService: {name: shop-rule, routes: [primary]}}
      steps:
      - pause: {duration: 10}
      - setWeight: 30
      - pause: {duration: 1m}
      - analysis: {templates: [{templateName: success}]}
      - pause: {duration: 30s}
      - setWeight: 60
      - pause: {}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: sleep}
spec: {template: {metadata: {labels: {app: sleep}}}}
";

const FLAGGER: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template: {metadata: {labels: {app: shop, version: v9}}}
---
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: shop}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  service: {port: 80, hosts: [shop.example.com], retries: {attempts: 3, perTryTimeout: 1s}}
  analysis:
    interval: 30s
    threshold: 5
    maxWeight: 50
    stepWeight: 20
    metrics:
    - {name: request-success-rate, thresholdRange: {min: 99}, interval: 1m}
    - {name: request-duration, thresholdRange: {max: 500}, interval: 15s}
    - {name: my-query, thresholdRange: {max: 1}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: sleep}
spec: {template: {metadata: {labels: {app: sleep}}}}
";

fn read(mesh: &str, text: &str) -> Loaded {
    let scenario = format!(
        "mesh: [mesh.yaml]\ntraffic:\n- {{class: a, from: workload default/sleep, request: {{url: 'http://shop/'}}}}\n{text}"
    );
    let half = SHOP.replace("weight: 100", "weight: 50").replace("weight: 0", "weight: 50");
    let files = [("s.yaml", scenario.as_str()), ("mesh.yaml", mesh), ("half.yaml", &half)];
    let files: BTreeMap<String, Vec<u8>> =
        files.into_iter().map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).collect();
    load(&MemoryFiles(files), "s.yaml", &Options::default())
}

fn problems(loaded: &Loaded) -> String {
    loaded.problems.render(&loaded.sources)
}

fn plan(mesh: &str, text: &str) -> (TimePlan, Rollout) {
    let loaded = read(mesh, text);
    let found = problems(&loaded);
    let mut plan = loaded.scenario.unwrap_or_else(|| panic!("{found}")).time;
    let rollout = plan.rollout.take().unwrap();
    (plan, rollout)
}

/// Where the client's sidecar sends requests: weight and pods of every destination that has a weight.
fn ways(scenario: &Scenario) -> Vec<String> {
    let mut view = ProxyView::new(&scenario.mesh, scenario.classes[0].entry.sender.proxy.clone());
    let connection = Connection { address: None, port: 80, authority: "shop", tls: false };
    let Handling::Http(table, _) = view.handle(&connection) else { panic!() };
    let Selection::Route(_, route) = table.select(&scenario.classes[0].request) else { panic!() };
    let RouteAction::Forward(forward) = &route.action else { panic!() };
    let mut found = Vec::new();
    for to in &forward.destinations {
        let cluster = view.cluster(&to.cluster).unwrap();
        let mut pods: Vec<&str> =
            cluster.endpoints().filter_map(|it| it.name.split('.').next()).collect();
        pods.sort_unstable();
        found.push(format!("{} {}", to.weight, pods.join(" ")));
    }
    found
}

fn seconds(seconds: u64) -> Nanos {
    Nanos(seconds * 1_000_000_000)
}

/// Weight, pause in seconds, and state of the steps.
fn steps(rollout: &Rollout) -> Vec<(u32, Option<u64>, usize)> {
    let whole = |pause: Nanos| pause.0 / 1_000_000_000;
    rollout.steps.iter().map(|step| (step.weight, step.pause.map(whole), step.state)).collect()
}

const VERSIONS: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-v1}
spec: {template: {metadata: {labels: {app: shop, version: v1}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-v2}
spec: {template: {metadata: {labels: {app: shop, version: v2}}}}
---
";

const STEPS: &str = "
rollout:
  at: 60s
  stable: shop@v1
  canary: shop@v2
  steps: [{weight: 10, pause: 30s}, {mesh: half.yaml, pause: 40s}, {weight: 10, pause: 5s}, 100]
  checks: {errorRate: 1%, p99: 500ms, window: 20s, every: 5s, failures: 3}
";

#[test]
fn steps_of_a_scenario_are_weights_or_meshes_and_equal_ones_are_one_state() {
    let (_, rollout) = plan(&format!("{VERSIONS}{SHOP}"), STEPS);
    assert_eq!(
        (rollout.at, rollout.check_every, rollout.failure_limit),
        (seconds(60), seconds(5), 3)
    );
    assert_eq!(
        steps(&rollout),
        [(10, Some(30), 1), (0, Some(40), 2), (10, Some(5), 1), (100, None, 3)]
    );
    assert_eq!((rollout.stable, rollout.promoted, rollout.states.len()), (0, 3, 4));
    let shares: Vec<Vec<String>> = rollout.states.iter().map(ways).collect();
    let (v1, v2) = ("shop-v1-0", "shop-v2-0");
    let expected = [
        vec![format!("100 {v1}")],
        vec![format!("90 {v1}"), format!("10 {v2}")],
        vec![format!("50 {v1}"), format!("50 {v2}")],
        vec![format!("100 {v2}")],
    ];
    assert_eq!(shares, expected);
    let metrics: Vec<Metric> = rollout.checks.iter().map(|check| check.metric).collect();
    let p99 = Metric::Latency(Share::new(99, 100).unwrap(), Nanos(500_000_000));
    assert_eq!(metrics, [Metric::ErrorRate(Share::new(1, 100).unwrap()), p99]);
    assert!(rollout.checks.iter().all(|check| check.window == seconds(20)));
}

#[test]
fn a_timeline_and_a_rollout_meet_in_every_state() {
    let timeline = "timeline: [{at: 70s, scale: {shop-v2: 2}}]\n";
    let (plan, rollout) = plan(&format!("{VERSIONS}{SHOP}"), &format!("{STEPS}{timeline}"));
    let epoch = &plan.epochs[0];
    assert_eq!(epoch.states.len(), rollout.states.len());
    assert_eq!(ways(&epoch.states[1]), ["90 shop-v1-0", "10 shop-v2-0 shop-v2-1"]);
    let watched = plan.station("default", "shop-v2");
    assert!(rollout.checks.iter().all(|check| check.stations == [watched]));
}

#[test]
fn an_argo_rollout_splits_its_pods_and_scales_the_canary_with_the_weight() {
    let (plan, rollout) = plan(ARGO, "rollout: {use: shop, at: 5s}\n");
    assert_eq!(steps(&rollout), [(0, Some(10), 1), (30, Some(90), 2), (60, None, 3)]);
    assert_eq!((rollout.name.as_str(), rollout.promoted), ("default/shop", 4));
    let stable = "shop-0 shop-1 shop-2 shop-3 shop-4";
    assert_eq!(ways(&rollout.states[0]), [format!("100 {stable}")]);
    assert_eq!(ways(&rollout.states[1]), [format!("100 {stable}")]);
    // 30 % of 5 pods are 1.5, rounded up.
    assert_eq!(
        ways(&rollout.states[2]),
        [format!("70 {stable}"), "30 shop-canary-0 shop-canary-1".to_owned()]
    );
    assert_eq!(pods(&rollout.states[3], "shop-canary"), 3);
    let fresh = stable.replace("shop-", "shop-canary-");
    assert_eq!(ways(&rollout.states[4]), [format!("100 {fresh}")]);
    assert!(plan.station("default", "shop-canary") > 0);
    let loaded = read(ARGO, "rollout: {use: shop}\n");
    assert!(problems(&loaded).contains("warning[endless-pause]"), "{}", problems(&loaded));
}

/// The other form: one Service, and two subsets whose labels the controller completes.
#[test]
fn an_argo_rollout_may_name_two_subsets() {
    let mesh = SHOP.replace("labels: {version: v1}", "labels: {app: shop}");
    let mesh = mesh.replace("labels: {version: v2}", "labels: {app: shop}");
    let rollout = "---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: shop-base}
  replicas: 2
  strategy:
    canary:
      trafficRouting:
        istio:
          virtualService: {name: shop}
          destinationRule: {name: shop, canarySubsetName: v2, stableSubsetName: v1}
      steps: [{setWeight: 50}, {pause: {duration: 1m}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-base}
spec: {replicas: 7, template: {metadata: {labels: {app: shop}}}}
";
    let (_, found) = plan(&format!("{mesh}{rollout}"), "rollout: {use: default/shop}\n");
    assert_eq!(ways(&found.states[0]), ["100 shop-0 shop-1"]);
    assert_eq!(ways(&found.states[1]), ["50 shop-0 shop-1", "50 shop-canary-0"]);
}

#[test]
fn a_flagger_canary_makes_a_primary_and_raises_the_weight_every_interval() {
    let (plan, rollout) = plan(FLAGGER, "rollout: {use: shop}\n");
    assert_eq!(steps(&rollout), [(20, Some(30), 1), (40, Some(30), 2), (50, Some(30), 3)]);
    assert_eq!((rollout.check_every, rollout.failure_limit), (seconds(30), 5));
    let primary = "shop-primary-0 shop-primary-1";
    assert_eq!(ways(&rollout.states[0]), [format!("100 {primary}")]);
    assert_eq!(ways(&rollout.states[2]), [format!("60 {primary}"), "40 shop-0 shop-1".to_owned()]);
    assert_eq!(ways(&rollout.states[rollout.promoted]), ["100 shop-0 shop-1"]);
    let p99 = Metric::Latency(Share::new(99, 100).unwrap(), Nanos(500_000_000));
    let checks: Vec<(Metric, Nanos)> =
        rollout.checks.iter().map(|check| (check.metric, check.window)).collect();
    let one_percent = Metric::ErrorRate(Share::new(1, 100).unwrap());
    assert_eq!(checks, [(one_percent, seconds(60)), (p99, seconds(15))]);
    assert_eq!(rollout.checks[0].stations, [plan.station("default", "shop")]);
    let told = problems(&read(FLAGGER, "rollout: {use: shop}\n"));
    assert!(told.contains("warning[unknown-metric] the metric `my-query`"), "{told}");
}

#[test]
fn rollouts_that_cannot_be_are_refused_with_advice() {
    let mesh = format!("{VERSIONS}{SHOP}");
    for (text, expected) in [
        ("{use: shp}", "error[unknown-rollout] the mesh files have no Rollout or Canary `shp`"),
        ("{at: 5s}", "error[missing-field] a rollout has 1 to 50 steps"),
        ("{steps: [{weight: 5}]}", "error[missing-field] weights need to know their two sides"),
        ("{steps: [{pause: 5s}]}", "error[invalid-step] a step has either a weight or mesh files"),
        (
            "{stable: shop@v1, canary: shop@v3, steps: [5]}",
            "error[unknown-destination] no route has both sides",
        ),
        (
            "{stable: shop@v1, canary: shop@v2, steps: [101]}",
            "error[out-of-range] 101 is more than 100",
        ),
        (
            "{stable: shop@v1, canary: shop@v2, steps: [5], checks: {every: 0s}}",
            "error[out-of-range] 0s is too short",
        ),
    ] {
        let loaded = read(&mesh, &format!("rollout: {text}\n"));
        let told = problems(&loaded);
        assert!(told.contains(expected), "{text}\nexpected {expected}\n{told}");
        assert!(loaded.scenario.is_none(), "{text}");
    }
}

/// Pods of a workload.
fn pods(scenario: &Scenario, workload: &str) -> usize {
    let all = scenario.mesh.registry.pods.iter();
    all.filter(|pod| pod.workload == workload).count()
}
