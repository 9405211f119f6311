//! Robustness to the learning rate: the number of decades that are as good as the best.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::{Analysis, Config, best_of};
use crate::number;

/// The learning rates of a label that are within a tolerance of its best.
#[derive(Clone, Debug, PartialEq)]
pub struct Robustness {
    /// Index into `plan.optimizers`.
    pub label: usize,
    /// The lowest and highest of them. Between grid points the metric is interpolated linearly in
    /// the logarithm of the learning rate.
    pub range: (f64, f64),
    /// Whether the range ends only because the grid does: at the lower end, at the upper end.
    pub open: (bool, bool),
}

impl Robustness {
    /// Returns the width of the range in powers of ten.
    pub fn decades(&self) -> f64 {
        (self.range.1 / self.range.0).log10()
    }

    /// Returns whether both ends of the range are displayed as the same learning rate.
    pub fn alone(&self) -> bool {
        number::brief(self.range.0) == number::brief(self.range.1)
    }

    /// Returns the width for display: `1.5`, or `at least 1.5`, rounded down, if the range is open.
    /// `None` if the range is a single learning rate.
    pub fn text(&self) -> Option<String> {
        let decades = self.decades();
        if self.alone() {
            return None;
        }
        let open = self.open.0 || self.open.1;
        // Two significant digits. The small addend hides rounding errors of the logarithm.
        let unit = 10f64.powf(decades.log10().floor() - 1.0);
        let down = (decades / unit + 1e-9).floor() * unit;
        let shown = number::significant(if open { down } else { decades }, 2);
        Some(if open { format!("at least {shown}") } else { shown })
    }
}

/// Returns whether a label's learning rates are comparable: each was tried with the same other
/// values. A random search draws other values for each.
pub fn comparable(analysis: &Analysis, label: usize) -> bool {
    let mut others: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    // An added configuration has the other values of the best at that time, not of the whole grid.
    for config in analysis.tried(label).filter(|config| !analysis.was_added(config)) {
        let run = analysis.planned(config);
        let rest =
            run.axes.iter().filter(|(path, _)| !["optimizer.lr", "seed"].contains(&path.as_str()));
        let rest: Vec<String> = rest.map(|(path, value)| format!("{path} {value}")).collect();
        let lr = run.spec.optimizer.lr().to_bits();
        others.entry(lr).or_default().insert(rest.join(", "));
    }
    let mut sets = others.values();
    let first = sets.next();
    sets.all(|set| Some(set) == first)
}

/// Returns the best configuration of a label for each learning rate, ascending.
pub fn by_lr(analysis: &Analysis, label: usize) -> Vec<(f64, &Config)> {
    let mut by_lr: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let of_label = |c: &Config| c.label == label && c.stage.is_tuning();
    for (i, config) in analysis.configs.iter().enumerate().filter(|(_, c)| of_label(c)) {
        // Learning rates are positive, and positive floats sort as their bits do.
        let lr = analysis.planned(config).spec.optimizer.lr().to_bits();
        by_lr.entry(lr).or_default().push(i);
    }
    let best = |among: &Vec<usize>| best_of(analysis, among).map(|i| &analysis.configs[i]);
    let chosen =
        by_lr.iter().filter_map(|(bits, among)| Some((f64::from_bits(*bits), best(among)?)));
    chosen.collect()
}

/// Returns the learning rates around a label's best whose selection metric is within `[report]
/// tolerance`, a fraction of the best value. A rate with a diverged seed does not count. `None`
/// with fewer than two learning rates, where the rates are not [`comparable`], or where a seed of
/// the best diverged.
pub fn robustness(analysis: &Analysis, label: usize) -> Option<Robustness> {
    let best = &analysis.configs[(*analysis.tuned.get(label)?)?];
    let points = by_lr(analysis, label);
    if points.len() < 2 || !comparable(analysis, label) {
        return None;
    }
    // If a seed of the best diverged, no rate is as good without diverging.
    if best.counts.diverged > 0 {
        return None;
    }
    let top = best.standing(&analysis.selection, &best.selection)?;
    let slack = analysis.plan.report.tolerance * top.abs();
    // Distance to the bound of the tolerance: negative outside, `None` without a value.
    let inside = |config: &Config| -> Option<f64> {
        let own = config.standing(&analysis.selection, &config.selection);
        let mean = own.filter(|_| config.counts.diverged == 0)?;
        Some(slack + analysis.selection.gain(mean, top))
    };
    let at = points.iter().position(|(_, c)| c.config_id == best.config_id)?;
    let reach = |step: isize| -> (f64, bool) {
        let mut here = at;
        loop {
            let (lr, config) = points[here];
            let margin = inside(config).unwrap_or(0.0);
            let Some((next, other)) =
                here.checked_add_signed(step).and_then(|i| points.get(i)).copied()
            else {
                return (lr, true);
            };
            match inside(other) {
                Some(theirs) if theirs >= 0.0 => here = here.saturating_add_signed(step),
                Some(theirs) if margin > 0.0 => {
                    let t = margin / (margin - theirs);
                    return ((lr.ln() + t * (next.ln() - lr.ln())).exp(), false);
                }
                _ => return (lr, false),
            }
        }
    };
    let ((low, open_low), (high, open_high)) = (reach(-1), reach(1));
    Some(Robustness { label, range: (low, high), open: (open_low, open_high) })
}
