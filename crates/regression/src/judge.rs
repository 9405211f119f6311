//! The verdict on a night, from its comparison and history.

use spec::regress_settings::RegressSettings;

use crate::baseline::Accepted;
use crate::compare::{Compared, compare};
use crate::divergence::past_runs;
use crate::finding::{Finding, Regression, Verdict};
use crate::night::{Night, take_for_one_machine};
use crate::trends::trends;

/// The reference for judging a night.
#[derive(Clone, Debug, Default)]
pub struct Against {
    /// The sweep it is compared with, run by run; `None` on a first night.
    pub before: Option<Night>,
    /// Record of its acceptance; `None` if it is not an accepted baseline.
    pub accepted: Option<Accepted>,
    /// Start (RFC 3339) of the sweep that the user chose to compare with, if it is not an accepted
    /// baseline: changes of level count from there. `None` counts them from the first night.
    pub since: Option<String>,
    /// Earlier nights, the oldest first; empty without a history.
    pub history: Vec<Night>,
}

/// Judges `night`. If there is a history, the night itself is appended to it.
pub fn judge(night: &Night, against: Against, settings: &RegressSettings) -> Regression {
    let Against { mut before, accepted, since, mut history } = against;
    let mut night = night.clone();
    let all = history.iter_mut().chain(before.as_mut()).chain([&mut night]);
    take_for_one_machine(&mut all.map(|n| &mut n.facts).collect::<Vec<_>>());
    if !history.is_empty() {
        // A night that is already in the history is judged once, in its current state.
        history.retain(|n| n.facts.started != night.facts.started);
        history.push(night.clone());
    }
    let compared = before.as_ref().map_or_else(Compared::default, |before| {
        let start = before.facts.started.as_str();
        let past = past_runs(&history, start, &night);
        compare(before, &night, &past, settings)
    });
    let since = accepted.as_ref().map(|a| a.night.as_str()).or(since.as_deref());
    let trends = trends(&history, since, settings);
    let mut out = Regression {
        verdict: Verdict::Unchanged,
        before: before.map(|night| night.facts),
        after: night.facts,
        accepted,
        settings: settings.clone(),
        pairs: compared.pairs,
        identical: compared.identical,
        configs: compared.configs,
        gaps: compared.gaps.0,
        no_seconds: compared.no_seconds,
        no_target: compared.no_target,
        unasked: compared.unasked,
        gained: compared.gained,
        family: compared.family,
        nights: history.into_iter().map(|n| n.facts).collect(),
        segments: trends.segments,
        trends: trends.trends,
    };
    out.verdict = verdict(&out);
    out
}

fn verdict(of: &Regression) -> Verdict {
    let any = |finding| of.configs.iter().any(|c| c.changes.iter().any(|x| x.finding == finding));
    if any(Finding::Regressed) || of.alarms().next().is_some() {
        Verdict::Regressed
    } else if !of.gaps.is_empty() || of.pairs == 0 || any(Finding::Unknown) {
        Verdict::Incomplete
    } else if of.identical == of.pairs {
        Verdict::Identical
    } else if of.family == 0 {
        Verdict::Incomplete
    } else if any(Finding::Improved) {
        Verdict::Improved
    } else {
        Verdict::Unchanged
    }
}
