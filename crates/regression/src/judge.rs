//! Comparison and history into one verdict.

use spec::regress_settings::RegressSettings;

use crate::baseline::Accepted;
use crate::compare::{Compared, compare};
use crate::divergence::past_runs;
use crate::finding::{Finding, Regression, Verdict};
use crate::night::{Night, take_for_one_machine};
use crate::trends::trends;

/// What a night is held against.
#[derive(Clone, Debug, Default)]
pub struct Against {
    /// The sweep it is compared with, run by run; none on a first night.
    pub before: Option<Night>,
    /// How that was accepted; none where it is no accepted baseline.
    pub accepted: Option<Accepted>,
    /// The start (RFC 3339) of what the user asked to compare with, where that is no
    /// accepted baseline: changes of level count from there. None: from the first night on.
    pub since: Option<String>,
    /// Earlier nights, the oldest first; empty where there is no history.
    pub history: Vec<Night>,
}

/// Judges `night`. With a history the night itself is its last.
pub fn judge(night: &Night, against: Against, settings: &RegressSettings) -> Regression {
    let Against { mut before, accepted, since, mut history } = against;
    let mut night = night.clone();
    let all = history.iter_mut().chain(before.as_mut()).chain([&mut night]);
    take_for_one_machine(&mut all.map(|n| &mut n.facts).collect::<Vec<_>>());
    if !history.is_empty() {
        // A night that was kept already is judged as it is now, once.
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
