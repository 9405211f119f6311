//! The modules of one crate and the paths that each of them uses.

use std::collections::{BTreeMap, BTreeSet};

use source_hash::Meaning;

/// A path of modules from the crate's root; the root is the empty path.
pub(super) type ModulePath = Vec<String>;

/// A path as written, and the name that a `use` gives it.
type Import = (Vec<String>, String);

/// The modules of a crate with the paths that they use.
pub(super) struct Modules {
    /// Tokens of each module, with `::` as one token.
    tokens: BTreeMap<ModulePath, Vec<String>>,
    /// The names that each module re-exports, with the paths behind them.
    handed_on: BTreeMap<ModulePath, BTreeMap<String, Vec<String>>>,
}

impl Modules {
    /// Reads the modules of the crate with sources in `folder`, from the meaning of files by
    /// name. Programs (`main.rs`, `bin/`) and test modules are omitted.
    pub(super) fn of(folder: &str, files: &BTreeMap<String, Meaning>) -> Modules {
        let below = |file: &str| {
            let path = file.strip_prefix(folder)?.strip_suffix(".rs")?;
            let mut parts: ModulePath = path.split('/').map(str::to_owned).collect();
            if parts[0] == "main" || parts[0] == "bin" {
                return None;
            }
            if parts.last().is_some_and(|name| name == "mod") || parts == ["lib"] {
                parts.pop();
            }
            Some(parts)
        };
        let found = files.iter().filter_map(|(file, meaning)| Some((below(file)?, meaning)));
        let found: BTreeMap<ModulePath, &Meaning> = found.collect();
        // A module that its parent declares under `cfg(test)`, with all modules below it.
        let for_tests = |path: &ModulePath| {
            (1..=path.len()).any(|n| {
                let parent = found.get(&path[..n - 1]);
                parent.is_some_and(|meaning| meaning.tests.contains(&path[n - 1]))
            })
        };
        let tokens: BTreeMap<ModulePath, Vec<String>> = found
            .iter()
            .filter(|(path, _)| !for_tests(path))
            .map(|(path, meaning)| (path.clone(), split(&meaning.text)))
            .collect();
        let handed_on = tokens.iter().map(|(path, tokens)| {
            let names = uses(tokens, true).into_iter().map(|(target, name)| (name, target));
            (path.clone(), names.collect())
        });
        Modules { handed_on: handed_on.collect(), tokens }
    }

    /// Returns every pair of a module and a module that it uses.
    pub(super) fn edges(&self) -> BTreeSet<(ModulePath, ModulePath)> {
        let mut out = BTreeSet::new();
        for (own, tokens) in &self.tokens {
            let used = uses(tokens, false).into_iter().map(|(path, _)| path);
            let named = used.chain(in_place(tokens));
            // A path that begins with a submodule stays inside this module.
            let named = named.filter(|path| matches!(path[0].as_str(), "crate" | "super" | "self"));
            out.extend(named.map(|path| (own.clone(), self.resolve(own, &path, 0))));
        }
        out
    }

    /// Returns the module that a path in the module `from` leads to, through re-exports; `depth`
    /// limits circular ones.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> ModulePath {
        let mut at = from.to_vec();
        for (i, name) in path.iter().enumerate() {
            match name.as_str() {
                "crate" => at.clear(),
                "super" => drop(at.pop()),
                "self" => {}
                _ => {
                    at.push(name.clone());
                    if self.tokens.contains_key(&at) {
                        continue;
                    }
                    at.pop();
                    let target = self.handed_on.get(&at).and_then(|names| names.get(name));
                    let Some(target) = target.filter(|_| depth < 8) else { return at };
                    let rest = [target.as_slice(), &path[i + 1..]].concat();
                    return self.resolve(&at, &rest, depth + 1);
                }
            }
        }
        at
    }
}

/// Splits a text into tokens, with `::` as one token.
fn split(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in text.split(' ').filter(|token| !token.is_empty()) {
        colons = if token == ":" { colons + 1 } else { 0 };
        match colons {
            2 => *out.last_mut().expect("the first colon") = "::".to_owned(),
            _ => out.push(token.to_owned()),
        }
    }
    out
}

/// Returns the imports of all `use` declarations, or only of re-exports.
fn uses(tokens: &[String], handing_on: bool) -> Vec<Import> {
    let mut out = Vec::new();
    for (i, token) in tokens.iter().enumerate().filter(|(_, token)| *token == "use") {
        let before = &tokens[..i];
        // `pub use`, or the bracket of `pub (crate) use`.
        let public = before.last().is_some_and(|t| t == "pub" || t == ")");
        if handing_on && !public {
            continue;
        }
        debug_assert_eq!(token, "use");
        tree(tokens, &mut (i + 1), &[], &mut out);
    }
    out.retain(|(path, _)| !path.is_empty());
    out
}

/// Reads one tree of a `use` declaration from `at` up to the comma, brace or semicolon after it.
fn tree(tokens: &[String], at: &mut usize, prefix: &[String], out: &mut Vec<Import>) {
    let mut path = prefix.to_vec();
    let mut name = None;
    while let Some(token) = tokens.get(*at) {
        match token.as_str() {
            ";" | "," | "}" => break,
            "::" => {}
            "as" => {
                *at += 1;
                name = tokens.get(*at).cloned();
            }
            "{" => {
                *at += 1;
                while tokens.get(*at).is_some_and(|t| t != "}") {
                    tree(tokens, at, &path, out);
                    if tokens.get(*at).is_some_and(|t| t == ",") {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            // `a::{self}` is `a` itself.
            "self" if !path.is_empty() => {}
            part => path.push(part.to_owned()),
        }
        *at += 1;
    }
    let name = name.or_else(|| path.last().cloned()).unwrap_or_default();
    out.push((path, name));
}

/// Returns the paths in expressions and types, such as `crate::pool::open()`, without `use`.
fn in_place(tokens: &[String]) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let begins = i == 0 || tokens[i - 1] != "::";
        if !begins || !["crate", "super"].contains(&token.as_str()) {
            continue;
        }
        let mut path = vec![token.clone()];
        let mut at = i + 1;
        while tokens.get(at).is_some_and(|t| t == "::") {
            match tokens.get(at + 1) {
                Some(name) if name.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                    path.push(name.clone());
                }
                _ => break,
            }
            at += 2;
        }
        // `pub (crate)` is not a path.
        if path.len() > 1 {
            out.push(path);
        }
    }
    out
}
