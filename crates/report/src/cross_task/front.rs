//! The optimizers that lead over all tasks.

use crate::cross_task::{CrossTask, Pair, Standing};
use crate::escape;

/// The leading optimizers and the pair that represents them, determined once so that headline and
/// certainty cannot disagree.
pub(super) struct Front<'a> {
    /// The standings that share the first rank.
    pub level: Vec<&'a Standing>,
    /// A pair of the leaders with a significant difference, else the first two of all; `None` where
    /// no such pair was tested.
    pub pair: Option<&'a Pair>,
}

impl<'a> Front<'a> {
    pub fn of(all: &'a CrossTask) -> Self {
        let first = all.standings.first().map(|s| s.mean_rank);
        let level: Vec<&Standing> =
            all.standings.iter().filter(|s| Some(s.mean_rank) == first).collect();
        // The metric of most tasks has precedence.
        let groups = &all.tasks.groups;
        let place = |p: &Pair| (usize::MAX - groups[p.group].tasks.len(), p.group);
        let in_front = |label: usize| level.iter().any(|s| s.label == label);
        let shown = all
            .comparison
            .pairs
            .iter()
            .filter(|p| p.verdict.is_significant() && in_front(p.first) && in_front(p.second));
        let strongest = shown.min_by(|a, b| {
            let p = |pair: &Pair| pair.adjusted.unwrap_or(1.0);
            p(a).total_cmp(&p(b)).then(place(a).cmp(&place(b)))
        });
        let leading = || {
            let (first, second) = (all.standings.first()?, all.standings.get(1)?);
            let tested = all.comparison.of(first.label, second.label).filter(|p| p.test.is_some());
            tested.min_by_key(|p| place(p))
        };
        Front { pair: strongest.or_else(leading), level }
    }

    /// Returns whether several share the first rank.
    pub fn is_level(&self) -> bool {
        self.level.len() > 1
    }
}

/// Returns the name of a label, escaped.
pub(super) fn label(all: &CrossTask, label: usize) -> String {
    escape::line(&all.tasks.labels[label].name)
}
