//! `[report]`: what the report shows.

use spec::params::{ParamType, Range, Value};
use spec::report_settings::{Band, FigureName, ReportSettings};

use crate::axis::{self, Axis};
use crate::diagnostic::Diagnostic;
use crate::node::{Node, NodeValue};
use crate::reader::{Reader, setting};

impl Reader<'_> {
    pub(crate) fn report(&mut self, root: &Node) -> ReportSettings {
        let mut out = ReportSettings::default();
        let Some(node) = self.table(root, "report", false) else { return out };
        self.known_keys(&node, &["figures", "band", "tolerance", "min_effect"], "[report]");
        // An empty list means tables alone.
        let example = "\"convergence\", \"final\"";
        if let Some(names) = self.names(&node, "report", "figures", FigureName::NAMES, example) {
            out.figures = names.iter().filter_map(|n| FigureName::from_name(n)).collect();
        }
        let band = setting("band", ParamType::Choice(Band::NAMES), Range::Any);
        if let Some(entry) = node.get("band")
            && let Some(Value::Text(name)) =
                axis::scalar("report.band", &band, &entry.value, self.diagnostics)
        {
            out.band = Band::from_name(&name).unwrap_or(out.band);
        }
        let tolerance = setting("tolerance", ParamType::Float, Range::Within(0.0, 1.0));
        if let Some(entry) = node.get("tolerance")
            && let Some(Value::Float(x)) =
                axis::scalar("report.tolerance", &tolerance, &entry.value, self.diagnostics)
        {
            out.tolerance = x;
        }
        let min_effect = setting("min_effect", ParamType::Float, Range::Within(0.0, 1.0));
        if let Some(entry) = node.get("min_effect")
            && let Some(Value::Float(x)) =
                axis::scalar("report.min_effect", &min_effect, &entry.value, self.diagnostics)
        {
            out.min_effect = x;
        }
        out
    }

    /// A list of names out of `known`, each once; it may be empty. `example` is
    /// an item for the help.
    pub(crate) fn names(
        &mut self,
        table: &Node,
        section: &str,
        key: &'static str,
        known: &'static [&'static str],
        example: &str,
    ) -> Option<Vec<String>> {
        let entry = table.get(key)?;
        let NodeValue::Array(items) = &entry.value.value else {
            self.diagnostics.push(
                Diagnostic::error(format!("`{key}` is a list of names"), &entry.value.place)
                    .label(format!("found {}", entry.value.describe()))
                    .help(format!("for example {key} = [{example}]")),
            );
            return None;
        };
        if items.is_empty() {
            return Some(Vec::new());
        }
        let name = setting(key, ParamType::Choice(known), Range::Any);
        let mut names = Axis {
            path: format!("{section}.{key}"),
            values: Vec::new(),
            zip: None,
            random: None,
            place: entry.value.place.clone(),
        };
        axis::list(&mut names, &name, items, &entry.value.place, self.diagnostics)?;
        let text = |value: &Value| match value {
            Value::Text(name) => Some(name.clone()),
            _ => None,
        };
        Some(names.values.iter().filter_map(|(value, _)| text(value)).collect())
    }
}
