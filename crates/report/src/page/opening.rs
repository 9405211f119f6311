//! The opening of a page: the answer as a card or as Markdown, and tiles with numbers.

use std::fmt::Write;

use maud::{Markup, html};
use plot::style::PALETTE;

use crate::escape::markdown;
use crate::page::table_html::swatch;

/// The answer that opens a page, in sentences.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Place of the first label, by which it is coloured; none without one, and where several
    /// are level in front.
    pub series: Option<usize>,
    /// The result in one sentence.
    pub headline: String,
    /// How sure it is; none where there is nothing to compare.
    pub certainty: Option<String>,
    /// What it cost.
    pub cost: Option<String>,
    /// What qualifies it, a sentence each.
    pub details: Vec<String>,
}

impl Answer {
    /// Returns the sentences that follow the headline.
    fn sentences(&self) -> impl Iterator<Item = &String> {
        self.certainty.iter().chain(&self.cost).chain(&self.details)
    }

    /// Returns the card at the top of a page.
    pub fn card(&self) -> Markup {
        html! {
            div class={ "card answer" @if let Some(series) = self.series { " a" (series % PALETTE.len()) } } {
                p { @if let Some(series) = self.series { (swatch(series)) } (self.headline) }
                @for sentence in self.sentences() { p { (sentence) } }
            }
        }
    }

    /// Returns the headline in bold and a list of the other sentences.
    pub fn markdown(&self) -> String {
        let mut out = format!("**{}**\n\n", markdown(&self.headline));
        for sentence in self.sentences() {
            let _ = writeln!(out, "- {}", markdown(sentence));
        }
        out
    }
}

/// Returns an item of a list of tiles: a number, and what it counts.
pub fn tile(value: String, text: &str) -> Markup {
    html! { li { b { (value) } (text) } }
}
