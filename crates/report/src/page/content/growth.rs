//! Configurations that the growth of grids has added.

use std::collections::BTreeMap;

use spec::growth::Grown;

use crate::analysis::Analysis;
use crate::plural;
use crate::text::list;

/// The sentences on configurations that were added to grids; empty for a sweep whose grids do not
/// grow.
pub fn growth_text(analysis: &Analysis) -> Vec<String> {
    let plan = &analysis.plan;
    if !plan.can_grow() {
        return Vec::new();
    }
    let rule = "Grids grow by their own step (extend) while the best of an optimizer lies on an edge, by the same rule \
                for every optimizer";
    let added = |label: &str| -> Vec<&Grown> {
        plan.grown().filter(|grown| grown.label == label).collect()
    };
    let (mut grew, mut others) = (Vec::new(), Vec::new());
    for optimizer in &plan.optimizers {
        let own = added(&optimizer.label);
        match (own.is_empty(), optimizer.extend.is_empty()) {
            (false, _) => grew.push(format!("{} by {}", optimizer.label, values(&own))),
            (true, false) => others.push(optimizer.label.clone()),
            (true, true) => {}
        }
    }
    let so_far = if plan.is_growing() { " so far" } else { "" };
    let mut text = match grew.is_empty() {
        true => format!("{rule}. None has grown{so_far}."),
        false => format!("{rule}. Grown{so_far}: {}.", list(&grew)),
    };
    if !grew.is_empty() && !others.is_empty() {
        let (have, names) = (plural::has_or_have(others.len()), list(&others));
        text.push_str(&format!(" {names} {have} not grown{so_far}."));
    }
    vec![text]
}

/// `2 configurations (lr 0.3 and 1)`.
fn values(added: &[&Grown]) -> String {
    let mut by_axis: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for grown in added {
        let name = grown.path.strip_prefix("optimizer.").unwrap_or(&grown.path);
        by_axis.entry(name).or_default().push(grown.value.to_string());
    }
    let axes: Vec<String> =
        by_axis.into_iter().map(|(name, values)| format!("{name} {}", list(&values))).collect();
    format!("{} ({})", plural::count(added.len(), "configuration"), axes.join("; "))
}
