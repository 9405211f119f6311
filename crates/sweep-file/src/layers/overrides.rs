//! What the user sets beside the file, and the reading of one override.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::node::{Entry, Node, NodeValue, from_toml};
use crate::source::Place;

/// What the user set beside the file: below it the configuration, above it the rest.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The user's configuration: the name that is shown, and its text. It holds
    /// `[slurm]` alone, changes no plan and is no part of [`Overrides::lines`].
    pub user: Option<(String, String)>,
    /// Environment variables with the prefix `SWEEP__`, name and value.
    pub environment: Vec<(String, String)>,
    /// Arguments of `--set`, as typed.
    pub set: Vec<String>,
    /// `--smoke`: one seed, one epoch, the first value of each axis, and a
    /// name that ends in `-smoke`.
    pub smoke: bool,
}

impl Overrides {
    /// One line for each that stands above the file, for the plan.
    pub fn lines(&self) -> Vec<String> {
        let env = self.environment.iter().map(|(name, value)| format!("{name}={value}"));
        let set = self.set.iter().map(|s| format!("--set {s}"));
        env.chain(set).chain(self.smoke.then(|| "--smoke".to_owned())).collect()
    }

    /// The overrides behind [`Overrides::lines`].
    pub fn of_lines(lines: &[String]) -> Self {
        let mut out = Overrides::default();
        for line in lines {
            if let Some(set) = line.strip_prefix("--set ") {
                out.set.push(set.to_owned());
            } else if line == "--smoke" {
                out.smoke = true;
            } else if let Some((name, value)) = line.split_once('=') {
                out.environment.push((name.to_owned(), value.to_owned()));
            }
        }
        out
    }

    /// Each that stands above the file, later ones winning: the name that is shown, and its
    /// text as `path=value`.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, String)> {
        let env = self
            .environment
            .iter()
            .map(|(name, value)| (name.as_str(), environment_text(name, value)));
        env.chain(self.set.iter().map(|text| ("--set", text.clone())))
    }
}

/// `SWEEP__TRAIN__EPOCHS=2` as the TOML line `train.epochs = 2`.
fn environment_text(name: &str, value: &str) -> String {
    let path =
        name.trim_start_matches("SWEEP__").to_lowercase().split("__").collect::<Vec<_>>().join(".");
    format!("{path} = {value}")
}

/// Splits at the first `=` that is not inside a quoted part of the key.
fn split_override(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, '=') => return Some((&text[..i], &text[i + 1..])),
            _ => {}
        }
    }
    None
}

/// Reads one override, a dotted key and a value: the entry of its first key, and how many keys
/// the value stands below it.
pub(super) fn read(
    name: &str,
    text: &str,
    diagnostics: &mut Diagnostics,
) -> Option<(Entry, usize)> {
    let source = diagnostics.sources.add(name, text);
    let whole = Place { source, span: 0..text.len() };
    let Some((key, value)) = split_override(text) else {
        diagnostics.push(
            Diagnostic::error("an override is written as path=value", &whole)
                .help("for example --set train.epochs=2"),
        );
        return None;
    };
    // A bare word is taken as a string, so that `data.dataset=digits` needs no quotes
    // inside quotes, and so is `4G`, `30m` or `5%`, which begins as a number and is none.
    let word = value.trim();
    let bare = word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:%".contains(c))
        && !["true", "false", "inf", "nan"].contains(&word)
        && (word.starts_with(|c: char| c.is_ascii_alphabetic())
            || toml::de::DeTable::parse(&format!("x={word}")).is_err());
    let quoted = format!("{key}=\"{word}\"");
    let parsed = if bare { &quoted } else { text };
    let (table, errors) = toml::de::DeTable::parse_recoverable(parsed);
    if let Some(error) = errors.first() {
        let span = error.span().unwrap_or(0..text.len());
        diagnostics.push(
            Diagnostic::error("the override is not valid TOML", &Place { source, span })
                .label(error.message()),
        );
        return None;
    }
    let mut root = from_toml(table.get_ref(), table.span(), source);
    if bare {
        // The quotes are ours: point at the word as it was typed.
        let start = key.len() + 1 + value.len() - value.trim_start().len();
        set_leaf_span(&mut root, start..start + word.len());
    }
    let probe = format!("{key}=0");
    let depth =
        levels(&from_toml(toml::de::DeTable::parse_recoverable(&probe).0.get_ref(), 0..0, source));
    let [entry] = root.entries() else {
        diagnostics.push(Diagnostic::error("an override sets one path", &whole));
        return None;
    };
    Some((entry.clone(), depth.saturating_sub(1)))
}

fn set_leaf_span(node: &mut Node, span: std::ops::Range<usize>) {
    match &mut node.value {
        NodeValue::Table(entries) => {
            if let Some(entry) = entries.first_mut() {
                set_leaf_span(&mut entry.value, span);
            }
        }
        _ => node.place.span = span,
    }
}

fn levels(node: &Node) -> usize {
    node.entries().first().map_or(0, |e| 1 + levels(&e.value))
}
