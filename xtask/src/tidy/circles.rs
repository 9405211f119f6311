//! Modules of a crate do not import each other in a circle. Counted by the modules at a
//! crate's top: what stands in one folder belongs together.

use std::collections::{BTreeMap, BTreeSet};

/// Crates whose modules are held to it.
const CRATES: [&str; 2] = ["runner", "train"];

/// The imports among the top modules of a crate: for each those that it names.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// The modules of one file, from the crate's top; none for the root and for programs.
fn module(file: &str) -> Option<(&str, Vec<&str>)> {
    let (name, path) = file.strip_prefix("crates/")?.split_once("/src/")?;
    let path = path.strip_suffix(".rs")?;
    let mut parts: Vec<&str> = path.split('/').collect();
    if parts.last() == Some(&"mod") {
        parts.pop();
    }
    let root = ["lib", "main", "bin"].contains(parts.first()?);
    (!root && parts.last() != Some(&"tests")).then_some((name, parts))
}

/// Returns the names in a file's tokens among the modules at the top of its crate.
fn named(tokens: &[&str], own: &[&str]) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut at = 0;
    while at < tokens.len() {
        // How many modules of the path to this file a path begins with.
        let mut base = match tokens[at] {
            "crate" => Some(0),
            "super" => Some(own.len().saturating_sub(1)),
            _ => None,
        };
        let begins = at == 0 || tokens[at - 1] != "::";
        at += 1;
        while base.is_some() && tokens.get(at..at + 2) == Some(&["::", "super"]) {
            base = base.map(|n| n.saturating_sub(1));
            at += 2;
        }
        let Some(base) = base.filter(|_| begins && tokens.get(at) == Some(&"::")) else { continue };
        match own[..base].first() {
            // Below a module at the top the path stays in it.
            Some(top) => drop(out.insert((*top).to_owned())),
            None => out.extend(first_names(&tokens[at + 1..])),
        }
    }
    out
}

/// The names that a path goes on with: one, or those of a group in braces.
fn first_names(tokens: &[&str]) -> Vec<String> {
    if tokens.first() != Some(&"{") {
        return tokens.first().map(|name| (*name).to_owned()).into_iter().collect();
    }
    let (mut depth, mut out, mut begins) = (0, Vec::new(), true);
    for token in tokens {
        match *token {
            "{" => depth += 1,
            "}" => depth -= 1,
            name if depth == 1 && begins => out.push(name.to_owned()),
            _ => {}
        }
        begins = depth == 1 && ["{", ","].contains(token);
        if depth == 0 {
            break;
        }
    }
    out
}

/// Every knot of the crates that are held to it, one line each, from the meaning of their
/// files by name.
pub(crate) fn check(files: &BTreeMap<String, String>) -> Vec<String> {
    let mut findings = Vec::new();
    for name in CRATES {
        let of_crate = files.iter().filter_map(|(file, text)| {
            module(file).filter(|(of, _)| *of == name).map(|(_, path)| (path, text))
        });
        let mut imports = Imports::new();
        for (path, text) in of_crate {
            let tokens: Vec<&str> = split(text);
            imports.entry(path[0].to_owned()).or_default().extend(named(&tokens, &path));
        }
        findings.extend(knots(&imports).into_iter().map(|knot| {
            format!(
                "crates/{name}/src/lib.rs:1: modules import each other in a circle: {}; move what \
                 they share into a module below them",
                knot.join(", ")
            )
        }));
    }
    findings
}

/// Tokens, with the two colons of a path as one.
fn split(text: &str) -> Vec<&str> {
    let mut out: Vec<&str> = Vec::new();
    let mut colons = 0;
    for token in text.split(' ').filter(|token| !token.is_empty()) {
        colons = if token == ":" { colons + 1 } else { 0 };
        match colons {
            2 => *out.last_mut().expect("the first colon") = "::",
            _ => out.push(token),
        }
    }
    out
}

/// Modules that reach each other, each knot once, in alphabetical order.
fn knots(imports: &Imports) -> Vec<Vec<String>> {
    let reached = |from: &String| {
        let mut seen = BTreeSet::new();
        let mut queue: Vec<&String> = imports.get(from).into_iter().flatten().collect();
        while let Some(name) = queue.pop() {
            if name != from && imports.contains_key(name) && seen.insert(name.clone()) {
                queue.extend(imports.get(name).into_iter().flatten());
            }
        }
        seen
    };
    let all: BTreeMap<&String, BTreeSet<String>> =
        imports.keys().map(|name| (name, reached(name))).collect();
    let mut out: Vec<Vec<String>> = Vec::new();
    for (name, below) in &all {
        let mut knot: Vec<String> =
            below.iter().filter(|other| all[other].contains(*name)).cloned().collect();
        knot.push((*name).clone());
        knot.sort();
        if knot.len() > 1 && !out.contains(&knot) {
            out.push(knot);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let meaning = |text: &str| source_hash::meaning(text).unwrap().text;
        let files = files.iter().map(|(file, text)| ((*file).to_owned(), meaning(text)));
        check(&files.collect())
    }

    const BELOW: (&str, &str) = ("crates/runner/src/pool.rs", "pub struct Pool;");

    #[test]
    fn modules_in_one_direction_are_no_circle() {
        let above =
            ("crates/runner/src/commands/run.rs", "use crate::pool::Pool;\nuse super::list;");
        let list = ("crates/runner/src/commands/list.rs", "use super::run; use crate::commands;");
        let test = (
            "crates/runner/src/pool.rs",
            "pub struct Pool;\n#[cfg(test)]\nmod tests { use crate::commands::run; }",
        );
        assert_eq!(found(&[BELOW, above, list]), Vec::<String>::new());
        assert_eq!(found(&[test, above]), Vec::<String>::new(), "tests may look around");
    }

    #[test]
    fn circles_are_found_however_a_path_is_written() {
        let above = ("crates/runner/src/commands/run.rs", "use crate::pool::Pool;");
        for path in [
            "use crate::commands::run;",
            "use super::commands::run;",
            "use crate::{error, commands::{self, run}};",
            "fn f() { crate::commands::run::g() }",
            "fn f() { super::commands::run::g() }",
        ] {
            let found = found(&[("crates/runner/src/pool.rs", path), above]);
            assert!(
                found.len() == 1 && found[0].contains(": commands, pool;"),
                "{path}: {found:?}"
            );
        }
        let deep = ("crates/runner/src/pool/slots/mod.rs", "use super::super::commands;");
        assert_eq!(found(&[deep, above]).len(), 1);
    }

    #[test]
    fn longer_circles_are_one_knot() {
        let of = |file: &'static str, text| (file, text);
        let found = found(&[
            of("crates/runner/src/a.rs", "use crate::b::B;"),
            of("crates/runner/src/b.rs", "use crate::c::C;"),
            of("crates/runner/src/c.rs", "use crate::a::A;"),
            of("crates/runner/src/d.rs", "use crate::a::A;"),
        ]);
        assert!(found.len() == 1 && found[0].contains(": a, b, c;"), "{found:?}");
    }
}
