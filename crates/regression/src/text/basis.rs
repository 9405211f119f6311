//! Sentences on the basis of a verdict: the rule, the two sides, and what was left out.

use spec::regress_settings::RegressMetric;

use crate::amounts;
use crate::baseline::Accepted;
use crate::finding::{Method, Regression};
use crate::night::Facts;
use crate::ranking;
use crate::text::comparisons;
use report::text::{capitalised, list};
use text_format::{escape, number, plural};

/// Returns two sentences on how the verdict was decided.
pub(crate) fn decided(r: &Regression) -> [String; 2] {
    let all = ranking::ranked_changes(r);
    let used = |m: Method| all.iter().any(|t| t.change.method == m);
    let mut how = Vec::new();
    if used(Method::SignFlips) {
        how.push("joint sign flips of the seeds (the largest t of all comparisons)".to_owned());
    }
    if used(Method::StudentT) {
        let why =
            "Student's t with Bonferroni's correction, since so few seeds allow too few flips";
        how.push(why.to_owned());
    }
    let how = if how.is_empty() { String::new() } else { format!(", by {}", list(&how)) };
    let exact = "; counts that noise does not explain need no interval";
    let exact = if used(Method::Exact) { exact } else { "" };
    let ranked = all
        .iter()
        .any(|t| t.change.ended() < t.change.seeds.len() && t.change.method != Method::Exact);
    let ranks = "; if seeds diverged on one side only, signed ranks of all seeds decide too";
    let ranks = if ranked { ranks } else { "" };
    [
        format!(
            "{} paired by seed (configurations times metrics) {} the level {}: at most {}% of nights \
             without a change have an interval that excludes zero{how}.",
            capitalised(&comparisons(r)),
            plural::form(r.family, "shares", "share"),
            number::short(r.settings.level),
            number::short((r.settings.level * 1e6).round() / 1e4)
        ),
        format!(
            "A change counts if its interval excludes zero and its size (for seconds, the whole interval) exceeds min_effect ({}){exact}{ranks}.",
            min_effects(r)
        ),
    ]
}

/// Lists the values of `min_effect`: `training loss and test loss 1%; test accuracy 0.5 percentage
/// points`.
fn min_effects(r: &Regression) -> String {
    let mut groups: Vec<(f64, String, Vec<String>)> = Vec::new();
    let has = |m: &&RegressMetric| {
        r.configs.iter().any(|config| config.changes.iter().any(|change| change.metric == **m))
    };
    for metric in RegressMetric::all().iter().filter(has) {
        let least = r.settings.min_effect(*metric);
        let text = if least > 0.0 { amounts::size(*metric, least) } else { "none".to_owned() };
        match groups.iter_mut().find(|(_, held, _)| *held == text) {
            Some((_, _, names)) => names.push(metric.label()),
            None => groups.push((least, text, vec![metric.label()])),
        }
    }
    // Metrics without one come last.
    groups.sort_by_key(|(least, _, _)| *least <= 0.0);
    let texts: Vec<String> =
        groups.iter().map(|(_, text, names)| format!("{} {text}", list(names))).collect();
    texts.join("; ")
}

/// Describes a sweep: `2026-11-24, commit 1b4024c0, libtorch on cpu (AMD EPYC), libtorch 2.9.0`.
pub(crate) fn facts(f: &Facts) -> String {
    let mut parts = Vec::new();
    if !f.started.is_empty() {
        parts.push(f.day().to_owned());
    }
    parts.push(f.commit_short().map_or_else(
        || "commit unknown".to_owned(),
        |c| {
            let dirty = if f.dirty == Some(true) { " (sources differed)" } else { "" };
            format!("commit {}{dirty}", c.trim_end_matches('+'))
        },
    ));
    match (&f.backend, &f.device_kind) {
        (Some(b), Some(d)) => parts.push(format!("{b} on {d}")),
        (Some(one), None) | (None, Some(one)) => parts.push(one.clone()),
        (None, None) => {}
    }
    parts.extend(f.device_model.clone());
    parts.extend(f.driver.as_ref().map(|d| format!("driver {d}")));
    parts.extend(f.libtorch.as_ref().map(|l| format!("libtorch {l}")));
    escape::line(&parts.join(", "))
}

/// Returns the sentence on when and why the baseline was accepted.
pub(crate) fn accepted(accepted: &Accepted) -> String {
    let day = accepted.accepted.get(..10).unwrap_or(&accepted.accepted);
    escape::line(&format!("The baseline was accepted on {day}: {}", accepted.reason))
}

/// Returns one sentence per omission from the comparison, with the reason.
pub(crate) fn left_out(r: &Regression) -> Vec<String> {
    let said = [("Seconds are", &r.no_seconds), ("Times to the target are", &r.no_target)];
    let text = |(what, why): (&str, &Option<String>)| {
        let why = escape::line(why.as_deref()?);
        Some(format!("{what} not compared: {}.", why.trim_end_matches('.')))
    };
    let unasked = (!r.unasked.is_empty()).then(|| {
        let names: Vec<String> = r.unasked.iter().map(|m| m.label()).collect();
        format!("Not compared, since [regress] metrics does not list them: {}.", list(&names))
    });
    let gained = (!r.gained.is_empty()).then(|| {
        let names: Vec<String> = r.gained.iter().map(|m| m.label()).collect();
        format!("Not compared, since only one side has them: {}.", list(&names))
    });
    said.into_iter().filter_map(text).chain(unasked).chain(gained).collect()
}

/// Returns the sentence on differences of the machine between the two sides; `None` if there are
/// none.
pub(crate) fn machine(r: &Regression) -> Option<String> {
    let text = escape::line(&r.before.as_ref()?.other_machine(&r.after)?);
    Some(format!("{}, so numbers may differ for that reason alone.", capitalised(&text)))
}

/// Returns sentences that explain the verdict in detail to readers who are new to it.
pub(crate) fn explained(r: &Regression) -> Vec<String> {
    let mut out = vec![
        "Effects of losses, steps and seconds are relative to the mean before, those of accuracies and shares are in \
         percentage points (pp), those of epochs in epochs; a target that was never reached counts as one epoch more than planned."
            .to_owned(),
        "The intervals are simultaneous: with the stated level all of them contain the true effects, so a long list of \
         comparisons raises no more false alarms than a short one."
            .to_owned(),
    ];
    if r.nights.len() > 1 {
        out.push(
            "A level counts against the night if it changed for the worse since the baseline was accepted, by more than \
             min_effect, and did not return. This finds slow drift, which no comparison of two nights shows."
                .to_owned(),
        );
    }
    out
}
