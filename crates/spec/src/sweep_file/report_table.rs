//! `[report]`: what the report shows.

use crate::params::{ParamType, Range, Value};
use crate::report_settings::{Band, FigureName, ReportSettings};

use super::axis::{self, Axis};
use super::diagnostic::Diagnostic;
use super::node::{Node, NodeValue};
use super::parse::Reader;
use super::settings::setting;

impl Reader<'_> {
    pub(super) fn report(&mut self, root: &Node) -> ReportSettings {
        let mut out = ReportSettings::default();
        let Some(node) = self.table(root, "report", false) else { return out };
        self.known_keys(&node, &["figures", "band", "tolerance"], "[report]");
        if let Some(figures) = self.figures(&node) {
            out.figures = figures;
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
        out
    }

    /// The list of figures; an empty one means tables alone.
    fn figures(&mut self, node: &Node) -> Option<Vec<FigureName>> {
        let entry = node.get("figures")?;
        let NodeValue::Array(items) = &entry.value.value else {
            self.diagnostics.push(
                Diagnostic::error("`figures` is a list of names", &entry.value.place)
                    .label(format!("found {}", entry.value.describe()))
                    .help("for example figures = [\"convergence\", \"final\"]"),
            );
            return None;
        };
        if items.is_empty() {
            return Some(Vec::new());
        }
        let name = setting("figures", ParamType::Choice(FigureName::NAMES), Range::Any);
        let mut names = Axis {
            path: "report.figures".to_owned(),
            values: Vec::new(),
            zip: None,
            random: None,
            place: entry.value.place.clone(),
        };
        axis::list(&mut names, &name, items, &entry.value.place, self.diagnostics)?;
        let figure = |value: &Value| match value {
            Value::Text(name) => FigureName::from_name(name),
            _ => None,
        };
        Some(names.values.iter().filter_map(|(value, _)| figure(value)).collect())
    }
}
