//! Problems of a sweep file, collected so that all are shown at once, each
//! with its place, the reason and what to do about it.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use text_format::plural;

use super::source::{Place, Sources};

/// More problems than this are counted and not shown.
const MOST_SHOWN: usize = 50;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is trained.
    Error,
    /// Said, and the sweep goes on.
    Warning,
}

/// One problem.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    severity: Severity,
    message: String,
    /// A name by which it can be silenced.
    name: Option<&'static str>,
    place: Option<Place>,
    label: String,
    also: Vec<(Place, String)>,
    note: Option<String>,
    help: Option<String>,
}

impl Diagnostic {
    /// An error that concerns a place.
    pub fn error(message: impl Into<String>, place: &Place) -> Self {
        Self::new(Severity::Error, message, Some(place.clone()))
    }

    /// An error that concerns no place, such as a file that is not there.
    pub fn error_without_place(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message, None)
    }

    /// A warning that concerns a place.
    pub fn warning(message: impl Into<String>, place: &Place) -> Self {
        Self::new(Severity::Warning, message, Some(place.clone()))
    }

    fn new(severity: Severity, message: impl Into<String>, place: Option<Place>) -> Self {
        Self {
            severity,
            message: message.into(),
            name: None,
            place,
            label: String::new(),
            also: Vec::new(),
            note: None,
            help: None,
        }
    }

    /// Text at the underlined place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The name of its kind, by which it can be silenced.
    #[must_use]
    pub fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// A further place that belongs to the problem.
    #[must_use]
    pub fn also(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.also.push((place.clone(), label.into()));
        self
    }

    /// How much is concerned.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The message, without its place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    fn render(&self, sources: &Sources, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut title = level.primary_title(self.message.as_str());
        if let Some(name) = self.name {
            title = title.id(name);
        }
        let mut group =
            title.elements(Vec::<Snippet<'_, annotate_snippets::Annotation<'_>>>::new());
        let labelled = |kind: AnnotationKind, place: &Place, label: &'_ str| {
            let span = kind.span(clamp(place, &sources.get(place.source).text));
            if label.is_empty() { span } else { span.label(label.to_owned()) }
        };
        if let Some(place) = &self.place {
            // A snippet a text, that of the first place first.
            let mut snippets =
                vec![(place.source, vec![labelled(AnnotationKind::Primary, place, &self.label)])];
            for (also, label) in &self.also {
                let context = labelled(AnnotationKind::Context, also, label);
                match snippets.iter_mut().find(|(source, _)| *source == also.source) {
                    Some((_, annotations)) => annotations.push(context),
                    None => snippets.push((also.source, vec![context])),
                }
            }
            for (source, annotations) in snippets {
                let source = sources.get(source);
                let snippet = Snippet::source(source.text.as_str()).path(source.name.as_str());
                group = group.element(snippet.annotations(annotations));
            }
        }
        if let Some(note) = &self.note {
            group = group.element(Level::NOTE.message(note.as_str()));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let meant = self.name.map(|name| format!("if it is meant: [lints] allow = [\"{name}\"]"));
        if let Some(meant) = &meant {
            group = group.element(Level::NOTE.message(meant.as_str()));
        }
        renderer.render(&[group])
    }
}

/// A span inside the text, on character boundaries, at least one character wide where possible.
fn clamp(place: &Place, text: &str) -> std::ops::Range<usize> {
    let start = text.floor_char_boundary(place.span.start.min(text.len()));
    let end = text.ceil_char_boundary(place.span.end.min(text.len()).max(start));
    if end == start {
        start..text.ceil_char_boundary((start + 1).min(text.len()))
    } else {
        start..end
    }
}

/// All problems of one load, with the texts they point into.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    /// The texts.
    pub sources: Sources,
    items: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(diagnostic);
    }

    /// Whether the same problem at the same place was added already.
    pub fn holds(&self, diagnostic: &Diagnostic) -> bool {
        self.items.iter().any(|d| d.message == diagnostic.message && d.place == diagnostic.place)
    }

    /// Number of problems.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether any is an error.
    pub fn has_errors(&self) -> bool {
        self.items.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The text for a terminal: in the order of the places, with colours or without.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut items: Vec<&Diagnostic> = self.items.iter().collect();
        items.sort_by_key(|d| d.place.as_ref().map(|p| (p.source, p.span.start)));
        let mut out = String::new();
        let more = items.len().saturating_sub(MOST_SHOWN);
        for item in items.into_iter().take(MOST_SHOWN) {
            out.push_str(&item.render(&self.sources, &renderer));
            out.push_str("\n\n");
        }
        if more > 0 {
            out.push_str(&format!("... and {more} more\n\n"));
        }
        let count = |severity| self.items.iter().filter(|d| d.severity == severity).count();
        match (count(Severity::Error), count(Severity::Warning)) {
            (0, _) => {}
            (errors, 0) => {
                out.push_str(&format!("{}; nothing was trained\n", plural::count(errors, "error")))
            }
            (errors, warnings) => {
                out.push_str(&format!(
                    "{} and {}; nothing was trained\n",
                    plural::count(errors, "error"),
                    plural::count(warnings, "warning")
                ));
            }
        }
        out
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// The candidate that a misspelt name most likely means, if any is near.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(&name.to_lowercase(), c), c))
        .filter(|(distance, c)| *distance <= 1 + c.len().min(name.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}
