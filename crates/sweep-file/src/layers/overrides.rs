//! The user's settings outside of the file, and the parsing of one override.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::node::{Entry, Node, NodeValue, from_toml};
use crate::source::Place;

/// The user's settings outside of the file: the configuration, which the file overrides, and the
/// rest, which override the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The displayed name and the text of the user's configuration; `None` if there is none. It
    /// contains only `[slurm]`, changes no plan and is not part of [`Overrides::lines`].
    pub user: Option<(String, String)>,
    /// Names and values of the environment variables with the prefix `SWEEP__`.
    pub environment: Vec<(String, String)>,
    /// The arguments of `--set`, as typed.
    pub set: Vec<String>,
    /// Whether `--smoke` is given: one seed, one epoch, the first value of each axis, and a name
    /// that ends in `-smoke`.
    pub smoke: bool,
}

impl Overrides {
    /// Returns one line for each override of the file, for the plan.
    pub fn lines(&self) -> Vec<String> {
        let env = self.environment.iter().map(|(name, value)| format!("{name}={value}"));
        let set = self.set.iter().map(|s| format!("--set {s}"));
        env.chain(set).chain(self.smoke.then(|| "--smoke".to_owned())).collect()
    }

    /// Parses the lines of [`Overrides::lines`]; other lines are ignored.
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

    /// Returns the displayed name and the text `path=value` of each override of the file; later
    /// ones win.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, String)> {
        let env = self
            .environment
            .iter()
            .map(|(name, value)| (name.as_str(), environment_text(name, value)));
        env.chain(self.set.iter().map(|text| ("--set", text.clone())))
    }
}

/// Converts `SWEEP__TRAIN__EPOCHS=2` to the TOML line `train.epochs = 2`.
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

/// Parses one override, a dotted key and a value. Returns the entry of the first key, and the
/// number of keys below it at which the value is.
pub(super) fn read(
    name: &str,
    text: &str,
    diagnostics: &mut Diagnostics,
) -> Option<(Entry, usize)> {
    let source = diagnostics.sources.add(name, text);
    let whole = Place { source, span: 0..text.len() };
    let Some((key, value)) = split_override(text) else {
        diagnostics.push(
            Diagnostic::error("an override has the form path=value", &whole)
                .help("for example --set train.epochs=2"),
        );
        return None;
    };
    // A bare word is taken as a string, so that `data.dataset=digits` needs no quotes inside
    // quotes. So are `4G`, `30m` and `5%`, which begin like a number but are not one.
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
        // The quotes were added here; the place is that of the word as typed.
        let start = key.len() + 1 + value.len() - value.trim_start().len();
        set_leaf_span(&mut root, start..start + word.len());
    }
    let probe = format!("{key}=0");
    let depth =
        levels(&from_toml(toml::de::DeTable::parse_recoverable(&probe).0.get_ref(), 0..0, source));
    let [entry] = root.entries() else {
        diagnostics.push(Diagnostic::error("an override must set one path", &whole));
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
