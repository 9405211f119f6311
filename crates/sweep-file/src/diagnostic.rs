//! Problems of a sweep file, collected so that all are shown at once, each with its place, its
//! reason and a remedy.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use text_format::plural;

use super::source::{Place, Sources};

/// Problems that are shown; further ones are only counted.
const MOST_SHOWN: usize = 50;

/// The severity of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// An error: nothing is trained.
    Error,
    /// A warning: it is printed and the sweep runs.
    Warning,
}

/// One problem.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    severity: Severity,
    message: String,
    /// The name of its lint, for `[lints] allow`; `None` if it cannot be silenced.
    name: Option<&'static str>,
    place: Option<Place>,
    label: String,
    also: Vec<(Place, String)>,
    note: Option<String>,
    help: Option<String>,
}

impl Diagnostic {
    /// Returns an error at a place.
    pub fn error(message: impl Into<String>, place: &Place) -> Self {
        Self::new(Severity::Error, message, Some(place.clone()))
    }

    /// Returns an error without a place, such as a missing file.
    pub fn error_without_place(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message, None)
    }

    /// Returns a warning at a place.
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

    /// Sets the text at the underlined place; none by default.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Sets the name of its lint, by which `[lints] allow` silences it.
    #[must_use]
    pub fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Adds a further place that belongs to the problem.
    #[must_use]
    pub fn also(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.also.push((place.clone(), label.into()));
        self
    }

    /// Sets a note, such as the number of affected configurations.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Sets the remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the message, without its place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the severity.
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
            // One snippet per text, starting with that of the primary place.
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
        let meant = self.name.map(|name| format!("if intended: [lints] allow = [\"{name}\"]"));
        if let Some(meant) = &meant {
            group = group.element(Level::NOTE.message(meant.as_str()));
        }
        renderer.render(&[group])
    }
}

/// Clamps a place to the text and to character boundaries, at least one character wide if possible.
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
    /// The texts that places index.
    pub sources: Sources,
    items: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.items.push(diagnostic);
    }

    /// Returns whether a problem with the same message and place was added before.
    pub fn holds(&self, diagnostic: &Diagnostic) -> bool {
        self.items.iter().any(|d| d.message == diagnostic.message && d.place == diagnostic.place)
    }

    /// Returns the number of problems, warnings included.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns whether any problem is an error.
    pub fn has_errors(&self) -> bool {
        self.items.iter().any(|d| d.severity == Severity::Error)
    }

    /// Returns whether there are no problems.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Renders the problems for a terminal, in the order of their places; `colour` adds ANSI
    /// colours.
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

/// Returns the candidate nearest to a misspelt name by Damerau-Levenshtein distance; `None` if none
/// is near. Candidates must be in lower case.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(&name.to_lowercase(), c), c))
        .filter(|(distance, c)| *distance <= 1 + c.len().min(name.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}
