//! Who may depend on whom: the two heavy stacks never meet in one binary.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// Prefixes of the package names of one heavy stack.
struct Stack {
    name: &'static str,
    prefixes: &'static [&'static str],
}

const BURN: Stack = Stack { name: "Burn and libtorch", prefixes: &["burn", "tch", "torch-sys"] };
const POLARS: Stack = Stack { name: "polars", prefixes: &["polars"] };

impl Stack {
    fn holds(&self, package: &str) -> bool {
        self.prefixes.iter().any(|p| {
            package == *p || package.strip_prefix(p).is_some_and(|rest| rest.starts_with('-'))
        })
    }
}

/// The crates that one of ours may depend on.
struct Rule {
    name: &'static str,
    /// Crates of ours that it may depend on.
    allowed: &'static [&'static str],
    /// Those that its tests, examples and benchmarks may use beside them.
    in_tests: &'static [&'static str],
    /// The stack that it must never reach.
    never: &'static Stack,
}

impl Rule {
    const fn new(
        name: &'static str,
        allowed: &'static [&'static str],
        in_tests: &'static [&'static str],
        never: &'static Stack,
    ) -> Rule {
        Rule { name, allowed, in_tests, never }
    }

    /// True where the crate may have this edge to a crate of ours.
    fn allows(&self, to: &str, dev_only: bool) -> bool {
        self.allowed.contains(&to) || (dev_only && self.in_tests.contains(&to))
    }
}

/// One rule for each crate, in an order in which each stands on those before it.
const RULES: [Rule; 19] = [
    Rule::new("source-hash", &[], &[], &BURN),
    Rule::new("torch-version", &[], &[], &BURN),
    Rule::new("seed-stream", &[], &[], &BURN),
    Rule::new("text-format", &[], &[], &BURN),
    // These two know nothing of a sweep.
    Rule::new("stats", &["seed-stream"], &[], &BURN),
    Rule::new("plot", &["text-format"], &[], &BURN),
    Rule::new("spec", &["seed-stream", "text-format"], &[], &BURN),
    Rule::new("test-records", &["spec"], &[], &BURN),
    Rule::new("sweep-file", &["spec", "text-format"], &["store"], &BURN),
    Rule::new("store", &["spec"], &[], &BURN),
    Rule::new("data", &["source-hash", "spec", "text-format"], &[], &POLARS),
    Rule::new("model", &["spec"], &[], &POLARS),
    Rule::new("optimizer-registry", &["spec"], &["sweep-file"], &POLARS),
    Rule::new(
        "train",
        &["source-hash", "torch-version", "spec", "store", "data", "model", "optimizer-registry"],
        &["sweep-file"],
        &POLARS,
    ),
    Rule::new(
        "report",
        &["spec", "store", "text-format", "stats", "plot"],
        &["sweep-file", "regression", "test-records"],
        &BURN,
    ),
    Rule::new(
        "regression",
        &["spec", "store", "text-format", "stats", "plot", "report"],
        &["sweep-file", "test-records"],
        &BURN,
    ),
    Rule::new(
        "runner",
        &["torch-version", "spec", "sweep-file", "data", "store", "text-format"],
        &["report", "regression", "test-records"],
        &BURN,
    ),
    Rule::new(
        "reporter",
        &["spec", "sweep-file", "store", "text-format", "stats", "report", "regression", "runner"],
        &[],
        &BURN,
    ),
    Rule::new("xtask", &["source-hash", "torch-version"], &[], &BURN),
];

/// Crates at the bottom: neither stack may be below them, not even in their tests.
const NEITHER: [&str; 11] = [
    "source-hash",
    "torch-version",
    "seed-stream",
    "text-format",
    "stats",
    "plot",
    "spec",
    "sweep-file",
    "store",
    "test-records",
    "xtask",
];

/// The crate of `sweep`, whose tests alone may reach polars: training starts before
/// polars is compiled.
const LIGHT: &str = "runner";

/// One edge of the graph.
#[derive(Clone, Debug)]
struct Edge {
    to: String,
    /// Only for tests, examples and benchmarks.
    dev_only: bool,
}

/// One package of the graph.
#[derive(Clone, Debug)]
struct Package {
    name: String,
    ours: bool,
    /// Path of its `Cargo.toml` below the root, for messages.
    manifest: String,
    features: BTreeMap<String, Vec<String>>,
    edges: Vec<Edge>,
}

/// The resolved dependency graph of `cargo metadata`, by package id.
#[derive(Debug)]
pub(crate) struct Graph {
    packages: BTreeMap<String, Package>,
}

impl Graph {
    /// Reads the JSON of `cargo metadata --format-version 1`.
    pub(crate) fn read(metadata: &Value) -> Result<Graph> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| {
            value.as_str().map(str::to_owned).context("cargo metadata: a text is missing")
        };
        let root = text(&metadata["workspace_root"])?;
        let members: BTreeSet<String> =
            list(&metadata["workspace_members"]).iter().map(text).collect::<Result<_>>()?;

        let mut packages = BTreeMap::new();
        for package in list(&metadata["packages"]) {
            let id = text(&package["id"])?;
            let manifest = text(&package["manifest_path"])?;
            let features = package["features"].as_object().cloned().unwrap_or_default();
            packages.insert(
                id.clone(),
                Package {
                    name: text(&package["name"])?,
                    ours: members.contains(&id),
                    manifest: manifest
                        .strip_prefix(&format!("{root}/"))
                        .unwrap_or(&manifest)
                        .to_owned(),
                    features: features
                        .into_iter()
                        .map(|(name, parts)| {
                            Ok((name, list(&parts).iter().map(text).collect::<Result<_>>()?))
                        })
                        .collect::<Result<_>>()?,
                    edges: Vec::new(),
                },
            );
        }
        for node in list(&metadata["resolve"]["nodes"]) {
            let mut edges = Vec::new();
            for dependency in list(&node["deps"]) {
                let kinds = list(&dependency["dep_kinds"]);
                let dev_only = !kinds.is_empty() && kinds.iter().all(|k| k["kind"] == "dev");
                edges.push(Edge { to: text(&dependency["pkg"])?, dev_only });
            }
            let id = text(&node["id"])?;
            packages
                .get_mut(&id)
                .with_context(|| format!("cargo metadata: no package {id}"))?
                .edges = edges;
        }
        Ok(Graph { packages })
    }

    fn ours(&self) -> impl Iterator<Item = (&String, &Package)> {
        self.packages.iter().filter(|(_, package)| package.ours)
    }

    /// The shortest way from `start` to a package of `stack`, by names. Tests
    /// of `start` count where `tests` says so, those of others do not.
    fn way_to(&self, start: &str, stack: &Stack, tests: bool) -> Option<Vec<String>> {
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(id) = queue.pop_front() {
            let package = &self.packages[id];
            if id != start && stack.holds(&package.name) {
                let mut way = vec![package.name.clone()];
                let mut at = id;
                while let Some(before) = came_from.get(at) {
                    way.push(self.packages[*before].name.clone());
                    at = before;
                }
                way.reverse();
                return Some(way);
            }
            for edge in &package.edges {
                let counts = (id == start && tests) || !edge.dev_only;
                if counts && edge.to != start && !came_from.contains_key(edge.to.as_str()) {
                    came_from.insert(&edge.to, id);
                    queue.push_back(&edge.to);
                }
            }
        }
        None
    }
}

/// Every breach of the rules, one line each.
pub(crate) fn check(graph: &Graph) -> Vec<String> {
    let mut findings = Vec::new();
    for (id, package) in graph.ours() {
        let at = format!("{}:1", package.manifest);
        let Some(rule) = RULES.iter().find(|rule| rule.name == package.name) else {
            findings.push(format!(
                "{at}: crate `{}` has no rule in xtask/src/tidy/graph.rs",
                package.name
            ));
            continue;
        };
        let name = rule.name;
        let mut forbidden = vec![(rule.never, true)];
        if NEITHER.contains(&name) {
            forbidden.push((&POLARS, true));
        }
        if name == LIGHT {
            forbidden.push((&POLARS, false));
        }
        for (stack, tests) in forbidden {
            if let Some(way) = graph.way_to(id, stack, tests) {
                findings.push(format!(
                    "{at}: `{name}` must never link {}, but {}",
                    stack.name,
                    way.join(" -> ")
                ));
            }
        }
        for edge in &package.edges {
            let to = &graph.packages[&edge.to];
            if !to.ours || rule.allows(&to.name, edge.dev_only) {
                continue;
            }
            let what = if rule.in_tests.contains(&to.name.as_str()) {
                format!("may use `{}` in tests alone", to.name)
            } else {
                format!("may not depend on `{}`", to.name)
            };
            findings.push(format!("{at}: `{name}` {what}"));
        }
        findings.extend(default_features(package).map(|what| format!("{at}: {what}")));
    }
    findings
}

/// `libtorch` must be asked for: no default feature may turn it on, in `train`
/// or under another name elsewhere.
fn default_features(package: &Package) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut queue = VecDeque::from(["default".to_owned()]);
    while let Some(feature) = queue.pop_front() {
        let target = feature.trim_start_matches("dep:");
        let (target, inner) = target.split_once('/').unwrap_or((target, ""));
        let target = target.trim_end_matches('?');
        if [target, inner].iter().any(|f| ["libtorch", "tch", "burn-tch", "torch-sys"].contains(f))
        {
            return Some(format!(
                "the default features of `{}` turn on `{feature}`; libtorch is never a default",
                package.name
            ));
        }
        if seen.insert(feature.clone()) {
            queue.extend(package.features.get(&feature).cloned().unwrap_or_default());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Metadata with our crates, each with the edges given as
    /// `(from, to, kind)`; a name that is none of ours comes from elsewhere.
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
                "crates/runner/Cargo.toml:1: `runner` may use `report` in tests alone",
            ]
        );
    }

    #[test]
    fn made_up_records_are_for_tests_alone() {
        assert_eq!(findings(&[("report", "test-records", Some("dev"))]), Vec::<String>::new());
        let found = findings(&[("report", "test-records", None)]);
        assert!(found.len() == 1 && found[0].ends_with("in tests alone"), "{found:?}");
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
        // Those that stand on a crate reach what it reaches.
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
}
