//! The opening of a page: the answer, as a card or as Markdown, and tiles with numbers.

use std::fmt::Write;

use maud::{Markup, html};
use plot::style::PALETTE;

use crate::escape::markdown;
use crate::page::table_html::swatch;

/// The answer that opens a page: the result, its confidence, its cost, and what qualifies it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Index of the first label in the plan, which gives the colour; `None` without a first label,
    /// or if several are level in front.
    pub series: Option<usize>,
    /// The result in one sentence.
    pub headline: String,
    /// `Confidence: ...`: the outcome of the tests; `None` if there is nothing to compare.
    pub certainty: Option<String>,
    /// `Cost: ...`: configurations, runs and device time; `None` without a result.
    pub cost: Option<String>,
    /// Qualifications of the result, a sentence each.
    pub details: Vec<String>,
}

impl Answer {
    /// Returns the labelled parts that follow the headline.
    fn parts(&self) -> impl Iterator<Item = &String> {
        self.certainty.iter().chain(&self.cost)
    }

    /// Returns the card at the top of a page.
    pub fn card(&self) -> Markup {
        // Below labelled parts, the qualifications are small print.
        let small = self.parts().next().map(|_| "note");
        html! {
            div class={ "card answer" @if let Some(series) = self.series { " a" (series % PALETTE.len()) } } {
                p { @if let Some(series) = self.series { (swatch(series)) } (self.headline) }
                @for part in self.parts() { p { (labelled(part)) } }
                @for sentence in &self.details { p class=[small] { (sentence) } }
            }
        }
    }

    /// Returns the headline in bold and a list of the other sentences.
    pub fn markdown(&self) -> String {
        let mut out = format!("**{}**\n\n", markdown(&self.headline));
        for sentence in self.parts().chain(&self.details) {
            let _ = writeln!(out, "- {}", markdown(sentence));
        }
        out
    }
}

/// Returns a labelled part with its label in bold.
fn labelled(part: &str) -> Markup {
    match part.split_once(": ") {
        Some((label, text)) => html! { b { (label) ":" } " " (text) },
        None => html! { (part) },
    }
}

/// Returns an item of a list of tiles: a number, and what it counts.
pub fn tile(value: String, text: &str) -> Markup {
    html! { li { b { (value) } (text) } }
}
