//! Rules for dependencies between crates. The two heavy stacks, polars and Burn, are never
//! linked into one program.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// A heavy stack of dependencies, by prefixes of its package names.
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

/// The dependencies that one crate of the workspace may have.
struct Rule {
    name: &'static str,
    /// Crates of the workspace that it may depend on.
    allowed: &'static [&'static str],
    /// Further crates that its tests, examples and benchmarks may use.
    in_tests: &'static [&'static str],
    /// Stack that it must never depend on, directly or indirectly.
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

    /// Returns whether the crate may have this edge to a crate of the workspace.
    fn allows(&self, to: &str, dev_only: bool) -> bool {
        self.allowed.contains(&to) || (dev_only && self.in_tests.contains(&to))
    }
}

/// One rule for each crate; each crate depends only on crates before it.
const RULES: [Rule; 19] = [
    Rule::new("source-hash", &[], &[], &BURN),
    Rule::new("torch-version", &[], &[], &BURN),
    Rule::new("seed-stream", &[], &[], &BURN),
    Rule::new("text-format", &[], &[], &BURN),
    // These two know nothing about sweeps.
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

/// Basic crates, which may reach neither stack, not even in their tests.
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

/// The crate of `sweep`. Only its tests may reach polars, since training starts before polars
/// is compiled.
const LIGHT: &str = "runner";

/// A dependency of a package.
#[derive(Clone, Debug)]
struct Edge {
    to: String,
    /// Whether it is only for tests, examples and benchmarks.
    dev_only: bool,
}

/// A package of the graph.
#[derive(Clone, Debug)]
struct Package {
    name: String,
    ours: bool,
    /// Path of its `Cargo.toml` relative to the root, for messages.
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
    /// Parses the JSON of `cargo metadata --format-version 1`.
    pub(crate) fn read(metadata: &Value) -> Result<Graph> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| {
            value.as_str().map(str::to_owned).context("cargo metadata: a string is missing")
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

    /// Returns the shortest path from `start` to a package of `stack`, as names. With `tests`,
    /// dev-dependencies of `start` count; those of other packages never do.
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

/// Returns a finding for each violation of the rules.
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
                format!("may use `{}` only in tests", to.name)
            } else {
                format!("may not depend on `{}`", to.name)
            };
            findings.push(format!("{at}: `{name}` {what}"));
        }
        findings.extend(default_features(package).map(|what| format!("{at}: {what}")));
    }
    findings
}

/// Returns a finding if a default feature turns on `libtorch`, in `train` or under another name
/// elsewhere; it must always be requested.
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
mod tests;
