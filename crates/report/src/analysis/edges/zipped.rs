//! Advice on zipped lists, none of which can grow alone, since zipped lists of different lengths
//! are rejected.

use crate::analysis::{Advice, Analysis};

/// Another list of the sweep file that must grow by as many values.
#[derive(Clone, Debug, PartialEq)]
pub struct Partner {
    /// The optimizer that has the list; `None` for the advised optimizer itself.
    pub label: Option<String>,
    /// Dotted path of the axis.
    pub path: String,
    /// The values to add, one for each advised value; empty where no value suggests itself.
    pub values: Vec<f64>,
}

/// Joins the advice on axes that are zipped with each other, and adds the other lists that must
/// grow.
pub(super) fn joined(analysis: &Analysis, label: usize, all: Vec<Advice>) -> Vec<Advice> {
    let mut out: Vec<Advice> = Vec::new();
    let mut told: Vec<String> = Vec::new();
    for advice in &all {
        if told.contains(&advice.path) {
            continue;
        }
        let group = group(analysis, label, &advice.path);
        let own = || all.iter().filter(|a| group.contains(&a.path));
        // Advice with values comes first, an edge before a gap.
        let steps = own().find(|a| !a.beyond.is_empty());
        let gaps = || own().find(|a| !a.gaps.is_empty());
        let lead = steps.or_else(gaps).unwrap_or(advice);
        out.push(with_partners(analysis, label, lead, own().collect(), &group));
        told.extend(group);
    }
    out
}

/// Returns the lists of a label that are zipped with a path, including that path.
fn group(analysis: &Analysis, label: usize, path: &str) -> Vec<String> {
    let zipped = &analysis.plan.optimizers[label].zipped;
    let own = zipped.iter().find(|paths| paths.iter().any(|p| p == path));
    own.cloned().unwrap_or_else(|| vec![path.to_owned()])
}

fn with_partners(
    analysis: &Analysis,
    label: usize,
    lead: &Advice,
    own: Vec<&Advice>,
    group: &[String],
) -> Advice {
    let mut lead = lead.clone();
    // A value in a gap has no counterpart on another axis.
    let stepped = lead.gaps.is_empty() && !lead.beyond.is_empty();
    let steps = |path: &str| {
        let found = own.iter().find(|a| stepped && a.path == path && !a.beyond.is_empty());
        found.map(|a| &a.beyond)
    };
    let fewest = group.iter().filter_map(|path| steps(path)).map(Vec::len).min();
    lead.beyond.truncate(fewest.unwrap_or(usize::MAX));
    let others = group.iter().filter(|path| **path != lead.path).map(|path| Partner {
        label: None,
        path: path.clone(),
        values: steps(path).map_or(Vec::new(), |steps| steps[..lead.beyond.len()].to_vec()),
    });
    let partners: Vec<Partner> = others.chain(of_others(analysis, label, group)).collect();
    lead.partners = partners;
    lead
}

/// Returns the lists of other optimizers that are zipped with a list of the group that all
/// optimizers share.
fn of_others(analysis: &Analysis, label: usize, group: &[String]) -> Vec<Partner> {
    let mut out = Vec::new();
    for (at, other) in analysis.plan.optimizers.iter().enumerate() {
        let shared = |paths: &&Vec<String>| paths.iter().any(|p| is_shared(p) && group.contains(p));
        let lists = other.zipped.iter().filter(|_| at != label).filter(shared).flatten();
        out.extend(lists.filter(|path| !is_shared(path)).map(|path| Partner {
            label: Some(other.label.clone()),
            path: path.clone(),
            values: Vec::new(),
        }));
    }
    out
}

/// Returns whether a list applies to all optimizers of the file.
fn is_shared(path: &str) -> bool {
    !path.starts_with("optimizer.") && !path.starts_with("schedule.")
}
