//! A rule against circular imports among the modules of a crate, at its top level and in each
//! folder. A module and its submodules count as one, and may name each other.

use std::collections::{BTreeMap, BTreeSet};

use source_hash::Meaning;

use super::imports::{ModulePath, Modules};

/// The imports among the modules of one folder: the names that each module uses.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// Returns a finding for each import circle of each crate, from the meaning of files by name.
pub(super) fn check(files: &BTreeMap<String, Meaning>) -> Vec<String> {
    let mut findings = Vec::new();
    for folder in folders(files) {
        let mut by_parent: BTreeMap<ModulePath, Imports> = BTreeMap::new();
        for (own, named) in Modules::of(&folder, files).edges() {
            let common = own.iter().zip(&named).take_while(|(a, b)| a == b).count();
            let (Some(from), Some(to)) = (own.get(common), named.get(common)) else { continue };
            let imports = by_parent.entry(own[..common].to_vec()).or_default();
            imports.entry(from.clone()).or_default().insert(to.clone());
        }
        for (parent, imports) in by_parent {
            let at = parent.iter().map(|name| format!("{name}/")).collect::<String>();
            findings.extend(knots(&imports).into_iter().map(|knot| {
                format!(
                    "{folder}{at}{}.rs:1: modules import each other in a circle: {}; move \
                     their shared parts into a module that neither imports",
                    knot[0],
                    knot.join(", ")
                )
            }));
        }
    }
    findings
}

/// Returns the source folders of the workspace's crates.
fn folders(files: &BTreeMap<String, Meaning>) -> BTreeSet<String> {
    let folder = |file: &String| {
        let (name, _) = file.split_once("/src/")?;
        let depth = if name.starts_with("crates/") { 2 } else { 1 };
        (name.split('/').count() == depth).then(|| format!("{name}/src/"))
    };
    files.keys().filter_map(folder).collect()
}

/// Returns the groups of modules that reach each other, each once and sorted by name.
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
        let meaning = |text: &str| source_hash::meaning(text).unwrap();
        let files = files.iter().map(|(file, text)| ((*file).to_owned(), meaning(text)));
        check(&files.collect())
    }

    const BELOW: (&str, &str) = ("crates/runner/src/pool.rs", "pub struct Pool;");

    #[test]
    fn modules_in_one_direction_are_no_circle() {
        let above =
            ("crates/runner/src/commands/run.rs", "use crate::pool::Pool;\nuse super::list;");
        let list = ("crates/runner/src/commands/list.rs", "use crate::commands;");
        let parent = ("crates/runner/src/commands/mod.rs", "mod list; mod run; use run::Run;");
        let test = (
            "crates/runner/src/pool.rs",
            "pub struct Pool;\n#[cfg(test)]\nmod tests { use crate::commands::run; }",
        );
        assert_eq!(found(&[BELOW, above, list, parent]), Vec::<String>::new());
        assert_eq!(found(&[test, above]), Vec::<String>::new(), "tests may look around");
        let declared = ("crates/runner/src/pool.rs", "#[cfg(test)] mod all;");
        let all = ("crates/runner/src/pool/all.rs", "use crate::commands::run;");
        assert_eq!(found(&[declared, all, above]), Vec::<String>::new(), "files of tests too");
    }

    #[test]
    fn circles_are_found_however_a_path_is_written() {
        let above = ("crates/runner/src/commands/run.rs", "use crate::pool::Pool;");
        for path in [
            "use crate::commands::run;",
            "use super::commands::run;",
            "use crate::{error, commands::{self, run}};",
            "use crate::{error, commands::run as walk};",
            "fn f() { crate::commands::run::g() }",
            "fn f() { super::commands::run::g() }",
            "pub(crate) use crate::commands::run;",
        ] {
            let commands = ("crates/runner/src/commands/mod.rs", "mod run;");
            let found = found(&[("crates/runner/src/pool.rs", path), commands, above]);
            assert!(
                found.len() == 1 && found[0].contains(": commands, pool;"),
                "{path}: {found:?}"
            );
        }
        let deep = ("crates/runner/src/pool/slots/mod.rs", "use super::super::commands;");
        let pool = ("crates/runner/src/pool.rs", "");
        let commands = ("crates/runner/src/commands/mod.rs", "");
        assert_eq!(found(&[deep, pool, above, commands]).len(), 1);
    }

    #[test]
    fn names_that_are_handed_on_count_for_the_module_that_they_come_from() {
        let root = ("crates/spec/src/lib.rs", "pub use self::id::Id; pub use run::Run as R;");
        let id = ("crates/spec/src/id.rs", "use crate::R;");
        let run = ("crates/spec/src/run.rs", "use crate::Id;");
        let found = found(&[root, id, run]);
        assert!(found.len() == 1 && found[0].contains(": id, run;"), "{found:?}");
    }

    #[test]
    fn files_of_one_folder_are_held_to_it_too() {
        let of = |file: &'static str, text| (file, text);
        let found = found(&[
            of("xtask/src/bench/mod.rs", "mod a; mod b; pub use a::A;"),
            of("xtask/src/bench/a.rs", "use super::b::B;"),
            of("xtask/src/bench/b.rs", "use super::A;"),
        ]);
        let place = "xtask/src/bench/a.rs:1: modules import each other in a circle: a, b;";
        assert!(found.len() == 1 && found[0].starts_with(place), "{found:?}");
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
