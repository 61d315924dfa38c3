use super::super::testing::check_rows;

#[test]
fn an_instance_has_an_address() {
    check_rows(
        "WorkloadEntry",
        "{§}",
        &[
            ("address: 1.2.3.4", &[]),
            ("address: vm.example", &[]),
            ("address: a_b", &["invalid-address"]),
            ("labels: {a: b}", &["missing-field"]),
            ("network: ''", &["missing-field"]),
            ("network: net", &["warning:no-address"]),
            ("address: '', network: net", &["warning:no-address"]),
            ("address: 'unix:///a'", &[]),
            ("address: 'unix://@a'", &[]),
            ("address: 'unix://'", &["invalid-socket"]),
            ("address: 'unix:///a/'", &["invalid-socket"]),
            ("address: 'unix://@a/'", &["invalid-socket"]),
            ("address: 'unix:///a', ports: {}", &["exclusive-fields"]),
            ("address: 1.2.3.4, ports: {http: 0}", &["invalid-port"]),
            ("address: 1.2.3.4, ports: {a_b: 80}", &["invalid-port-name"]),
            (
                "address: 1.2.3.4, ports: {aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: 80}",
                &["too-long"],
            ),
            ("address: 1.2.3.4, labels: {'a b': c}", &["invalid-label"]),
        ],
    );
}
