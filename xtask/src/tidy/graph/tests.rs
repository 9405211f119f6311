//! Tests of the dependency rules on made-up metadata.

use serde_json::json;

use super::*;

/// Builds a graph of the workspace's crates with edges `(from, to, kind)`; other names are
/// external packages.
fn graph(edges: &[(&str, &str, Option<&str>)], features: Value) -> Graph {
    let ours: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    let mut names: BTreeSet<&str> = ours.iter().copied().collect();
    names.extend(edges.iter().flat_map(|(from, to, _)| [*from, *to]));
    let package = |name: &str| {
        json!({
            "id": name, "name": name, "manifest_path": format!("/r/crates/{name}/Cargo.toml"),
            "features": if name == "train" { features.clone() } else { json!({}) },
        })
    };
    let node = |name: &str| {
        let deps: Vec<Value> = edges
            .iter()
            .filter(|(from, ..)| *from == name)
            .map(|(_, to, kind)| json!({ "pkg": to, "dep_kinds": [{ "kind": kind }] }))
            .collect();
        json!({ "id": name, "deps": deps })
    };
    Graph::read(&json!({
        "workspace_root": "/r",
        "workspace_members": ours,
        "packages": names.iter().map(|n| package(n)).collect::<Vec<_>>(),
        "resolve": { "nodes": names.iter().map(|n| node(n)).collect::<Vec<_>>() },
    }))
    .unwrap()
}

const GOOD: [(&str, &str, Option<&str>); 8] = [
    ("reporter", "report", None),
    ("reporter", "runner", None),
    ("runner", "report", Some("dev")),
    ("report", "polars-core", None),
    ("train", "model", None),
    ("model", "burn", None),
    ("burn", "burn-tch", None),
    ("burn-tch", "torch-sys", None),
];

fn findings(extra: &[(&str, &str, Option<&str>)]) -> Vec<String> {
    let edges: Vec<_> = GOOD.iter().chain(extra).copied().collect();
    check(&graph(&edges, json!({ "libtorch": ["dep:tch"] })))
}

#[test]
fn the_intended_graph_is_clean() {
    assert_eq!(findings(&[]), Vec::<String>::new());
}

#[test]
fn burn_below_runner_is_found_with_its_way() {
    let found = findings(&[("runner", "helper", None), ("helper", "burn", None)]);
    let below = "must never link Burn and libtorch, but";
    let expected = [
        format!(
            "crates/reporter/Cargo.toml:1: `reporter` {below} reporter -> runner -> helper -> burn"
        ),
        format!("crates/runner/Cargo.toml:1: `runner` {below} runner -> helper -> burn"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_program_that_trains_links_no_polars_though_its_tests_do() {
    let found = findings(&[("runner", "report", None)]);
    assert_eq!(
        found,
        [
            "crates/runner/Cargo.toml:1: `runner` must never link polars, but runner -> report -> polars-core",
            "crates/runner/Cargo.toml:1: `runner` may use `report` only in tests",
        ]
    );
}

#[test]
fn made_up_records_are_for_tests_alone() {
    assert_eq!(findings(&[("report", "test-records", Some("dev"))]), Vec::<String>::new());
    let found = findings(&[("report", "test-records", None)]);
    assert!(found.len() == 1 && found[0].ends_with("only in tests"), "{found:?}");
}

#[test]
fn statistics_and_figures_know_nothing_of_a_sweep() {
    for name in ["stats", "plot"] {
        for (to, kind) in [("spec", None), ("spec", Some("dev")), ("report", Some("dev"))] {
            let found = findings(&[(name, to, kind)]);
            let expected = format!("`{name}` may not depend on `{to}`");
            assert!(found.iter().any(|f| f.ends_with(&expected)), "{name} {to}: {found:?}");
        }
    }
}

#[test]
fn each_rule_stands_on_those_before_it() {
    for (i, rule) in RULES.iter().enumerate() {
        let before: Vec<&str> = RULES[..i].iter().map(|rule| rule.name).collect();
        assert!(rule.allowed.iter().all(|to| before.contains(to)), "{}", rule.name);
    }
}

#[test]
fn each_crate_is_kept_from_the_other_stack() {
    // Crates that depend on a crate reach what it reaches.
    for (name, above) in [("spec", 0), ("report", 2), ("runner", 1), ("xtask", 0)] {
        for package in ["burn", "burn-tensor", "tch", "torch-sys"] {
            let found = findings(&[(name, package, None)]);
            assert_eq!(found.len(), 1 + above, "{name} {package}: {found:?}");
        }
    }
    for name in ["spec", "data", "model", "optimizer-registry", "train", "xtask"] {
        assert!(!findings(&[(name, "polars-core", None)]).is_empty(), "{name}");
    }
}

#[test]
fn build_and_test_dependencies_count_but_tests_of_others_do_not() {
    assert_eq!(findings(&[("xtask", "tch", Some("build"))]).len(), 1);
    assert_eq!(findings(&[("xtask", "tch", Some("dev"))]).len(), 1);
    assert_eq!(
        findings(&[("xtask", "zip", None), ("zip", "burn", Some("dev"))]),
        Vec::<String>::new()
    );
}

#[test]
fn a_name_that_only_begins_alike_is_another_package() {
    assert_eq!(
        findings(&[("runner", "burnish", None), ("xtask", "tchart", None)]),
        Vec::<String>::new()
    );
}

#[test]
fn our_crates_depend_on_each_other_as_the_table_says() {
    let found = findings(&[("model", "data", None), ("xtask", "spec", None)]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].ends_with("`model` may not depend on `data`"));
    assert!(found[1].ends_with("`xtask` may not depend on `spec`"));
}

#[test]
fn libtorch_as_a_default_is_found_behind_other_names() {
    for features in [
        json!({ "default": ["libtorch"], "libtorch": ["dep:tch"] }),
        json!({ "default": ["fast"], "fast": ["burn/tch"] }),
        json!({ "default": ["fast"], "fast": ["dep:burn-tch"] }),
    ] {
        let found = check(&graph(&GOOD, features));
        assert!(found.len() == 1 && found[0].contains("never a default"), "{found:?}");
    }
}
