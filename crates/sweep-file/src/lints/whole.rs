//! Lints of the sweep as a whole.

use std::collections::BTreeMap;

use crate::axis::Axis;
use crate::source::Place;
use spec::event::Save;
use spec::lint::Lint;
use spec::plan::TargetAt;
use spec::record::Split;

use super::{Site, Whole};

/// Finds a default target without a validation split, which chooses by the training loss; only if
/// some label has several configurations.
pub(super) fn no_validation(whole: &Whole<'_>) -> (Vec<Site>, u64) {
    let held_out = whole.runs.first().is_none_or(|run| run.spec.data.validation > 0);
    if held_out || whole.sweep.target.is_some() || whole.sweep.none.is_some() {
        return (Vec::new(), 0);
    }
    let mut of_label: BTreeMap<&str, u64> = BTreeMap::new();
    for configuration in whole.runs.chunk_by(|a, b| a.config_id == b.config_id) {
        *of_label.entry(&configuration[0].label).or_default() += 1;
    }
    let chosen_from = of_label.values().filter(|n| **n > 1).sum();
    if chosen_from == 0 {
        return (Vec::new(), 0);
    }
    let of = |path: &str| whole.sweep.data.iter().find(|a| a.path == path).map(|a| &a.place);
    let place = of("data.validation").or_else(|| of("data.dataset")).or(whole
        .sweep
        .own
        .as_ref()
        .map(|(_, place)| place));
    let start = Place { source: 0, span: 0..0 };
    let written = of("data.validation").is_some();
    let label = if written { "no validation split" } else { "`validation` is 0 by default" };
    (vec![(place.unwrap_or(&start).clone(), label.to_owned())], chosen_from)
}

pub(super) fn target_on_test(whole: &Whole<'_>) -> (Vec<Site>, u64) {
    // A function has no splits: its value counts as a test metric.
    let target = whole.sweep.target.iter().filter(|_| whole.sweep.none.is_none());
    let on_test = target.filter(|(target, _)| target.split == Split::Test);
    let label = "configurations are then chosen on the data that should judge them";
    (on_test.map(|(_, place)| (place.clone(), label.to_owned())).collect(), 0)
}

pub(super) fn save_not_judged(whole: &Whole<'_>) -> (Vec<Site>, u64) {
    let last = whole.sweep.keeping.save == Save::Last;
    let best = whole.sweep.target.iter().filter(|(t, _)| last && t.at == TargetAt::Best);
    let label = "save = \"last\" keeps the weights of the last epoch";
    (best.map(|(_, place)| (place.clone(), label.to_owned())).collect(), 0)
}

/// Returns the findings of one lint in user data, at the place of the data.
pub(super) fn in_data(whole: &Whole<'_>, lint: Lint) -> Vec<Site> {
    let Some((_, place)) = &whole.sweep.own else { return Vec::new() };
    let found: Vec<&str> =
        whole.traps.iter().filter(|(l, _)| *l == lint).map(|(_, what)| what.as_str()).collect();
    if found.is_empty() { Vec::new() } else { vec![(place.clone(), found.join("; "))] }
}

pub(super) fn exclude_without_match(whole: &Whole<'_>) -> (Vec<Site>, u64) {
    let all = whole.sweep.excludes.iter().zip(whole.excluded);
    let idle = all.filter(|(_, n)| **n == 0);
    (idle.map(|(exclude, _)| (exclude.place.clone(), String::new())).collect(), 0)
}

/// Finds grids of one axis that can grow more for one optimizer than for another.
pub(super) fn uneven_growth(whole: &Whole<'_>) -> (Vec<Site>, u64) {
    let axes = whole.sweep.optimizers.iter().flat_map(|entry| &entry.axes);
    let grids: Vec<_> =
        axes.filter(|axis| axis.values.len() > 1 && axis.random.is_none()).collect();
    let grows = |axis: &Axis| axis.extend.as_ref().map_or(0, |extend| extend.at_most);
    let most = |path: &str| grids.iter().filter(|a| a.path == path).map(|a| grows(a)).max();
    let less = grids.iter().filter(|axis| Some(grows(axis)) < most(&axis.path));
    let site = |axis: &&Axis| {
        let label = match grows(axis) {
            0 => "does not grow".to_owned(),
            n => format!("grows by at most {}", text_format::plural::count(n, "value")),
        };
        (axis.place.clone(), label)
    };
    (less.copied().map(|axis| site(&axis)).collect(), 0)
}
