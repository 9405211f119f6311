//! The modules of one crate and the paths that each of them names.

use std::collections::{BTreeMap, BTreeSet};

use source_hash::Meaning;

/// A path through modules from the crate's root, which is the empty one.
pub(super) type ModulePath = Vec<String>;

/// A path as it is written, and the name by which a `use` makes it known.
type Import = (Vec<String>, String);

/// The modules of a crate with what they name.
pub(super) struct Modules {
    /// Tokens of each module, with the two colons of a path as one token.
    tokens: BTreeMap<ModulePath, Vec<String>>,
    /// The names that each module hands on, with the paths behind them.
    handed_on: BTreeMap<ModulePath, BTreeMap<String, Vec<String>>>,
}

impl Modules {
    /// The modules of the crate whose sources lie in `folder`, from the meaning of files by
    /// name. Programs (`main.rs`, `bin/`) and modules for tests alone are left out.
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
        // A module that its parent declares for tests alone, and all below it.
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

    /// Every pair of a module and one that it names.
    pub(super) fn edges(&self) -> BTreeSet<(ModulePath, ModulePath)> {
        let mut out = BTreeSet::new();
        for (own, tokens) in &self.tokens {
            let used = uses(tokens, false).into_iter().map(|(path, _)| path);
            let named = used.chain(in_place(tokens));
            // What begins with a module below is no way out of this one.
            let named = named.filter(|path| matches!(path[0].as_str(), "crate" | "super" | "self"));
            out.extend(named.map(|path| (own.clone(), self.resolve(own, &path, 0))));
        }
        out
    }

    /// The module to which a path leads that is written in `from`, through names that are
    /// handed on; `depth` ends circles of these.
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

/// Tokens, with the two colons of a path as one.
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

/// The names of the `use` declarations: of all, or of those that hand on.
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

/// Reads one tree of a `use` declaration from `at` on, up to the comma, brace or semicolon
/// behind it.
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

/// Paths that stand in place, such as `crate::pool::open()`, without those of `use`.
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
        // `pub (crate)` names nothing.
        if path.len() > 1 {
            out.push(path);
        }
    }
    out
}
