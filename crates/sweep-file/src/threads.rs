//! `[devices] threads_per_run`: a whole number or `"auto"`, and the refusal of `"auto"` where
//! results of several nights are compared.

use std::path::Path;

use spec::plan::Plan;
use spec::threads::Threads;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::layers::Overrides;
use super::node::{Node, NodeValue};
use super::reader::Reader;
use super::{SweepSpec, open, outline_text};

/// Largest number of threads.
const MOST: i64 = 1024;

impl Reader<'_> {
    /// Reads `threads_per_run`; the default if the value is invalid, which is reported.
    pub(super) fn threads(&mut self, node: &Node) -> Threads {
        let otherwise = format!("write 1, the default, or \"{}\"", Threads::AUTO);
        match self.number_or_auto("devices.threads_per_run", MOST, &otherwise, node) {
            None => Threads::default(),
            Some(Some(n)) => Threads::Count(n),
            Some(None) => Threads::Auto,
        }
    }

    /// Reads a whole number from 1 to `most`, or `"auto"`, which is the inner `None`. Anything else
    /// is reported, with the nearest value or the help `otherwise`.
    pub(super) fn number_or_auto(
        &mut self,
        path: &str,
        most: i64,
        otherwise: &str,
        node: &Node,
    ) -> Option<Option<u64>> {
        let nearest = match &node.value {
            NodeValue::Int(n) if (1..=most).contains(n) => return Some(Some(*n as u64)),
            NodeValue::Text(word) if word == Threads::AUTO => return Some(None),
            NodeValue::Int(n) => number_near(*n as f64, most),
            NodeValue::Float(x) => number_near(*x, most),
            NodeValue::HugeInt(_) => most.to_string(),
            NodeValue::Text(word) => near_word(word, most),
            _ => String::new(),
        };
        let found = match &node.value {
            NodeValue::Int(n) => format!("{n} is out of range"),
            NodeValue::Text(word) => format!("found `{}`", word.escape_debug()),
            NodeValue::HugeInt(_) => "does not fit in 64 bits".to_owned(),
            _ => format!("found {}", node.describe()),
        };
        let forms = format!("a whole number from 1 to {most}, or \"{}\"", Threads::AUTO);
        let help = match nearest.is_empty() {
            true => otherwise.to_owned(),
            false => format!("did you mean {nearest}?"),
        };
        self.diagnostics.push(
            Diagnostic::error(format!("`{path}` must be {forms}"), &node.place)
                .label(found)
                .help(help),
        );
        None
    }
}

/// Returns the valid number nearest to `x`; empty for NaN.
fn number_near(x: f64, most: i64) -> String {
    if x.is_nan() { String::new() } else { x.round().clamp(1.0, most as f64).to_string() }
}

/// Guesses the value that a word was meant for: 4 for `"4"`, `"auto"` for anything like it; empty
/// if there is no guess.
fn near_word(word: &str, most: i64) -> String {
    let plain = word.trim().to_lowercase();
    if let Ok(n) = plain.parse::<f64>() {
        let n = number_near(n, most);
        return if n.is_empty() { n } else { format!("{n}, without quotes") };
    }
    let near =
        strsim::damerau_levenshtein(&plain, Threads::AUTO) <= 2 || plain.starts_with(Threads::AUTO);
    if near { format!("\"{}\"", Threads::AUTO) } else { String::new() }
}

/// Refuses a sweep file with `threads_per_run = "auto"`: a different number of threads changes bits
/// and seconds, so nights that are compared need a fixed one.
///
/// # Errors
/// The number of threads is `"auto"`, or the file itself has problems.
pub fn number_of_threads(path: &Path, overrides: &Overrides) -> Result<(), Diagnostics> {
    let (stem, text) = open(path)?;
    let (spec, diagnostics) = outline_text(&path.display().to_string(), &stem, text, overrides)?;
    refuse_auto(&spec, diagnostics, None)
}

/// Checks the sweep file text of a plan as [`number_of_threads`] does; the remedy shows the number
/// that `"auto"` resolved to.
///
/// # Errors
/// The number of threads is `"auto"`.
pub fn number_of_threads_in(plan: &Plan) -> Result<(), Diagnostics> {
    if plan.threads_per_run != Threads::Auto {
        return Ok(());
    }
    let number = plan.computed_on.as_ref().map(|on| on.threads);
    let overrides = Overrides::of_lines(&plan.overrides);
    match outline_text(&plan.file, "plan", plan.text.clone(), &overrides) {
        Ok((spec, diagnostics)) if spec.threads_per_run == Threads::Auto => {
            refuse_auto(&spec, diagnostics, number)
        }
        // Another version wrote the text: its place cannot be shown, but the problem remains.
        _ => {
            let mut diagnostics = Diagnostics::default();
            diagnostics
                .push(Diagnostic::error_without_place(MESSAGE).help(remedy(number.unwrap_or(1))));
            Err(diagnostics)
        }
    }
}

const MESSAGE: &str = "nights need a fixed number of threads, not \"auto\"";

fn remedy(number: u64) -> String {
    format!("write threads_per_run = {number} (`cargo xtask doctor` shows what was measured here)")
}

fn refuse_auto(
    spec: &SweepSpec,
    mut diagnostics: Diagnostics,
    number: Option<u64>,
) -> Result<(), Diagnostics> {
    let (Threads::Auto, Some(place)) = (spec.threads_per_run, &spec.threads_place) else {
        return Ok(());
    };
    diagnostics.push(
        Diagnostic::error(MESSAGE, place)
            .label("may differ between nights, which changes results and timings")
            .help(remedy(number.unwrap_or(1))),
    );
    Err(diagnostics)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_value_is_guessed() {
        let words = ["Auto", "auto ", "atuo", "automatic", "4", " 2.6 ", "1e9", "fast", ""];
        let near = words.map(|word| near_word(word, MOST));
        let expected = [
            "\"auto\"",
            "\"auto\"",
            "\"auto\"",
            "\"auto\"",
            "4, without quotes",
            "3, without quotes",
            "1024, without quotes",
            "",
            "",
        ];
        assert_eq!(near, expected);
        assert_eq!(
            [0.0, -3.0, 1.5, 1e300, f64::INFINITY].map(|x| number_near(x, MOST)),
            ["1", "1", "2", "1024", "1024"]
        );
        assert_eq!(number_near(f64::NAN, MOST), "");
    }
}
