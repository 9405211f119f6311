//! Learning rates: how many decades of them are as good as the best.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::{Analysis, Config, best_of};
use crate::number;

/// Learning rates of a label that come within a tolerance of its best.
#[derive(Clone, Debug, PartialEq)]
pub struct Robustness {
    /// Place in the plan.
    pub label: usize,
    /// The range of them: between grid points the metric is taken to change
    /// evenly with the logarithm of the learning rate.
    pub range: (f64, f64),
    /// Whether the range ends only because the grid does, below and above.
    pub open: (bool, bool),
}

impl Robustness {
    /// Width of the range in powers of ten.
    pub fn decades(&self) -> f64 {
        (self.range.1 / self.range.0).log10()
    }

    /// Returns whether the range is one learning rate, to the digits that are shown of its ends.
    pub fn alone(&self) -> bool {
        number::brief(self.range.0) == number::brief(self.range.1)
    }

    /// `1.5`, or `at least 1.5` where the range is open, which is rounded down. None of a
    /// range that is one learning rate.
    pub fn text(&self) -> Option<String> {
        let decades = self.decades();
        if self.alone() {
            return None;
        }
        let open = self.open.0 || self.open.1;
        // Two significant digits; ten decimals hide what the logarithm rounded.
        let unit = 10f64.powf(decades.log10().floor() - 1.0);
        let down = (decades / unit + 1e-9).floor() * unit;
        let shown = number::significant(if open { down } else { decades }, 2);
        Some(if open { format!("at least {shown}") } else { shown })
    }
}

/// Returns whether a label's learning rates compare with each other: each was tried with
/// the same other values. Those of a random search have others each, by chance.
pub fn comparable(analysis: &Analysis, label: usize) -> bool {
    let mut others: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    // One that was added has the other values of the best then, not of the whole grid.
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

/// The best configuration of a label for each learning rate, ascending.
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

/// How forgiving a label is: the learning rates around its best whose selection metric is
/// within `[report] tolerance` of the best value, as a fraction of it. One
/// where a seed diverged is out. None with fewer than two learning rates, and where they
/// are not [`comparable`], so that nothing can be read between them.
pub fn robustness(analysis: &Analysis, label: usize) -> Option<Robustness> {
    let best = &analysis.configs[(*analysis.tuned.get(label)?)?];
    let points = by_lr(analysis, label);
    if points.len() < 2 || !comparable(analysis, label) {
        return None;
    }
    // Of one with a diverged seed no rate is as good as the best that does not diverge.
    if best.counts.diverged > 0 {
        return None;
    }
    let top = best.standing(&analysis.selection, &best.selection)?;
    let slack = analysis.plan.report.tolerance * top.abs();
    // How far inside the tolerance: negative is outside, none has no value.
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
