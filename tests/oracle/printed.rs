//! The command: real Envoy takes what `lanecast envoy` prints, in both formats.

use std::process::Command;

use crate::binary;
use crate::live::Folder;
use crate::process::Envoy;

/// A scenario and one of its proxies.
const PROXIES: [(&str, &str); 7] = [
    ("custom-ingress-50-50", "gateway istio-system/istio-ingressgateway:80"),
    ("strict-lanes-fallback", "gateway istio-system/istio-ingressgateway:80"),
    ("strict-lanes-fallback", "workload default/mocka-v1"),
    ("permissive-lanes-baggage-60-20-20", "gateway istio-system/istio-ingressgateway:80"),
    ("permissive-lanes-header", "workload default/mocka-v1"),
    ("bookinfo-10-40-50", "workload default/productpage-v1"),
    ("waypoint-90-10", "waypoint default/waypoint"),
];

#[test]
fn envoy_takes_what_the_command_prints() {
    let Some(program) = binary::find() else { return };
    let folder = Folder::new();
    for (scenario, proxy) in PROXIES {
        for format in ["json", "yaml"] {
            let output = Command::new(env!("CARGO_BIN_EXE_lanecast"))
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .args(["envoy", &format!("scenarios/{scenario}.yaml"), "--proxy", proxy])
                .args(["--format", format])
                .output()
                .unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{scenario}, {proxy}: {error}");
            let file = folder.path().join(format!("envoy.{format}"));
            std::fs::write(&file, &output.stdout).unwrap();
            let result = Envoy::validate_file(program, &file, folder.path());
            assert_eq!(result, Ok(()), "{scenario}, {proxy}, {format}");
        }
    }
}
