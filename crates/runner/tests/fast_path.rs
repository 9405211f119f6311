//! `[devices] fast_path` from the sweep file to the records and the output.

mod support;

use support::{Sandbox, digits, results};

const FILE: &str = "experiments/x.toml";
const OFF: [&str; 2] = ["--set", "devices.fast_path=false"];

#[test]
fn switched_off_it_trains_again_says_why_and_is_verified_so() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("x", &digits(1, 2));
    sandbox.expect(0, &["run", FILE]);
    let fast = sandbox.records("x");
    assert!(!fast.is_empty() && fast.iter().all(|r| !r.exec.as_ref().unwrap().plain));
    let plan = sandbox.expect(0, &[&["run", FILE, "--plan"][..], &OFF].concat());
    assert!(plan.contains("with 1 without the fast path"), "{plan}");

    sandbox.expect(0, &[&["run", FILE][..], &OFF].concat());
    let all = sandbox.records("x");
    let plain: Vec<_> = all.iter().filter(|r| r.exec.as_ref().unwrap().plain).cloned().collect();
    assert_eq!((plain.len(), all.len()), (fast.len(), 2 * fast.len()));
    assert_ne!(results(&fast), results(&plain), "other bits: the switch did something");
    let page = std::fs::read_to_string(sandbox.path("reports/x/index.html")).unwrap();
    assert!(page.contains("Fast path"), "the report says that it was off");
    sandbox.expect(0, &["verify", FILE]);

    // Nothing is lost: switched on again the first results are found.
    let plan = sandbox.expect(0, &["run", FILE, "--plan"]);
    assert!(!plan.contains("fast path"), "{plan}");
}

#[test]
fn a_night_without_it_is_of_another_machine() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("x", &digits(3, 2));
    sandbox.expect(0, &["run", FILE, "--timing"]);
    sandbox.expect(0, &["baseline", "accept", FILE, "--reason", "with the fast path"]);
    let output = sandbox.run(&[&["nightly", FILE, "--timing", "--quiet"][..], &OFF].concat());
    let said = std::fs::read_to_string(sandbox.path("reports/x/REGRESSION.md")).unwrap();
    assert!(said.contains("without the fast path"), "{said}");
    assert!(!said.contains("seconds per epoch rose"), "{said}");
    assert_ne!(output.status.code(), Some(4), "{said}");
}
