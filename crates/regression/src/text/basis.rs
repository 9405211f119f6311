//! What a verdict rests on: the rule, the two sides, and what was left out.

use spec::regress_settings::RegressMetric;

use crate::amounts;
use crate::baseline::Accepted;
use crate::finding::{Method, Regression};
use crate::night::Facts;
use crate::ranking;
use crate::text::comparisons;
use report::text::{capitalised, list};
use text_format::{escape, number, plural};

/// How it was decided: two sentences.
pub(crate) fn decided(r: &Regression) -> [String; 2] {
    let all = ranking::ranked_changes(r);
    let used = |m: Method| all.iter().any(|t| t.change.method == m);
    let mut how = Vec::new();
    if used(Method::SignFlips) {
        how.push("joint flips of the seeds' signs (the greatest t of all)".to_owned());
    }
    if used(Method::StudentT) {
        let why = "Student's t with Bonferroni's correction, for so few seeds leave too few flips";
        how.push(why.to_owned());
    }
    let how = if how.is_empty() { String::new() } else { format!(", by {}", list(&how)) };
    let exact = "; counts that noise does not explain need no interval";
    let exact = if used(Method::Exact) { exact } else { "" };
    let ranked = all
        .iter()
        .any(|t| t.change.ended() < t.change.seeds.len() && t.change.method != Method::Exact);
    let ranks = "; where seeds diverged on one side alone, signed ranks of all decide too";
    let ranks = if ranked { ranks } else { "" };
    [
        format!(
            "{} of seed with seed (configurations times metrics) {} the level {}: of nights without change at most \
             {}% have an interval that excludes zero{how}.",
            capitalised(&comparisons(r)),
            plural::form(r.family, "shares", "share"),
            number::short(r.settings.level),
            number::short((r.settings.level * 1e6).round() / 1e4)
        ),
        format!(
            "Regressed or improved is what excludes zero and exceeds min_effect, of seconds with the whole interval ({}){exact}{ranks}.",
            min_effects(r)
        ),
    ]
}

/// `training loss and test loss 1%; test accuracy 0.5 percentage points`.
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
    // What has none stands last.
    groups.sort_by_key(|(least, _, _)| *least <= 0.0);
    let texts: Vec<String> =
        groups.iter().map(|(_, text, names)| format!("{} {text}", list(names))).collect();
    texts.join("; ")
}

/// `2026-11-24, commit 1b4024c0, libtorch on cpu (AMD EPYC), libtorch 2.9.0`.
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

/// Why and when the baseline was accepted.
pub(crate) fn accepted(accepted: &Accepted) -> String {
    let day = accepted.accepted.get(..10).unwrap_or(&accepted.accepted);
    escape::line(&format!("The baseline was accepted on {day}: {}", accepted.reason))
}

/// What was left out of the comparison, and why: a sentence each.
pub(crate) fn left_out(r: &Regression) -> Vec<String> {
    let said = [("Seconds are", &r.no_seconds), ("Times to the target are", &r.no_target)];
    let text = |(what, why): (&str, &Option<String>)| {
        let why = escape::line(why.as_deref()?);
        Some(format!("{what} not compared: {}.", why.trim_end_matches('.')))
    };
    let unasked = (!r.unasked.is_empty()).then(|| {
        let names: Vec<String> = r.unasked.iter().map(|m| m.label()).collect();
        format!("Not compared, for [regress] metrics leaves them out: {}.", list(&names))
    });
    let gained = (!r.gained.is_empty()).then(|| {
        let names: Vec<String> = r.gained.iter().map(|m| m.label()).collect();
        format!("Not compared, for only one side has them: {}.", list(&names))
    });
    said.into_iter().filter_map(text).chain(unasked).chain(gained).collect()
}

/// What of the machine differs between the two sides; none where nothing does.
pub(crate) fn machine(r: &Regression) -> Option<String> {
    let text = escape::line(&r.before.as_ref()?.other_machine(&r.after)?);
    Some(format!("{}, so numbers may differ for that alone.", capitalised(&text)))
}

/// The same at length, for those who have not met such a night before.
pub(crate) fn explained(r: &Regression) -> Vec<String> {
    let mut out = vec![
        "Effects of losses, steps and seconds are relative to the mean before, those of accuracies and shares are in \
         percentage points (pp), epochs are epochs; a target that was never reached counts one epoch more than was planned."
            .to_owned(),
        "The intervals are simultaneous: where all are read at once, all hold the true effects with the stated level, so \
         that the longest list of comparisons raises no more false alarms than the shortest."
            .to_owned(),
    ];
    if r.nights.len() > 1 {
        out.push(
            "A level counts against the night where it changed for the worse since the baseline was accepted, by more than \
             min_effect, and did not come back: slow drift is found this way, which no comparison of two nights shows."
                .to_owned(),
        );
    }
    out
}
