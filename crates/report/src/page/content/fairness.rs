//! Sentences on the fairness of the comparison.

use std::collections::{BTreeMap, BTreeSet};

use spec::RunSpec;
use spec::optimizer::MuonSplit;
use spec::record::StopReason;

use crate::analysis::Analysis;
use crate::escape;
use crate::number;
use crate::plural;
use crate::text;

/// Sentences on equal starts, equal batches, equal chances, and on what broke them.
pub fn fairness(analysis: &Analysis) -> Vec<String> {
    let mut out = Vec::new();
    let mut starts: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut batches: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for (run, row) in analysis.plan.runs.iter().zip(&analysis.rows) {
        if let Some(digest) = &row.init_digest {
            let key = format!("{} {:?} {:?}", run.spec.seed, run.spec.data.dataset, run.spec.model);
            starts.entry(key).or_default().insert(digest);
        }
        let fed = row.batch_digest.as_deref().and_then(|text| serde_json::from_str(text).ok());
        if let Some(fed) = fed {
            batches.entry(format!("{} {:?}", run.spec.seed, run.spec.data)).or_default().push(fed);
        }
    }
    let same_batches = |runs: &Vec<Vec<String>>| {
        let longest = runs.iter().max_by_key(|r| r.len());
        longest.is_none_or(|longest| runs.iter().all(|r| longest.starts_with(r)))
    };
    // Without two runs of one seed, equality means nothing.
    let compared = batches.values().any(|runs| runs.len() > 1);
    if !starts.is_empty() && compared {
        let equal =
            starts.values().all(|digests| digests.len() == 1) && batches.values().all(same_batches);
        out.push(if equal {
            format!(
                "Runs of one seed{} started from {}, whatever their {}; the digests in the records agree.",
                shared_settings(analysis),
                match analysis.selection.function {
                    true => "the same point",
                    false =>
                        "the same initial weights and saw the same batches in the same order",
                },
                if analysis.plan.optimizers.len() > 1 { "optimizer" } else { "configuration" }
            )
        } else {
            format!(
                "Runs of one seed did NOT all start from {}: their digests differ, so they must not be compared seed by \
                 seed.",
                match analysis.selection.function {
                    true => "the same point",
                    false => "the same initial weights or see the same batches",
                }
            )
        });
    }
    let machines: BTreeSet<&str> =
        analysis.rows.iter().filter_map(|r| r.exec_id.as_deref()).collect();
    if machines.len() > 1 {
        out.push(format!(
            "The results come from {} different builds or machines; the column exec_id of runs.parquet tells them apart.",
            machines.len()
        ));
    }
    out.extend(stopped_early(analysis));
    out.extend(muon(analysis));
    out.extend(warned(analysis));
    let jobs: BTreeSet<u64> = analysis.rows.iter().filter_map(|r| r.jobs).collect();
    if jobs.last().is_some_and(|j| *j > 1) {
        out.push(
            "Runs were trained side by side, so times are a guide, not a measurement.".to_owned(),
        );
    }
    out
}

/// The settings that runs must share to start and to be fed alike, if they differ in the sweep:
/// ` with the same data settings`.
fn shared_settings(analysis: &Analysis) -> String {
    let kinds = |of: &dyn Fn(&RunSpec) -> String| {
        analysis.plan.runs.iter().map(|run| of(&run.spec)).collect::<BTreeSet<String>>().len()
    };
    let mut differ = Vec::new();
    if kinds(&|spec| format!("{:?}", spec.data)) > 1 {
        differ.push("data settings".to_owned());
    }
    if kinds(&|spec| format!("{:?}", spec.model)) > 1 {
        differ.push(if analysis.selection.function { "function" } else { "model" }.to_owned());
    }
    if differ.is_empty() {
        String::new()
    } else {
        format!(" with the same {}", text::list(&differ))
    }
}

/// The sentence on runs that ended before their last epoch; `None` if none did.
fn stopped_early(analysis: &Analysis) -> Option<String> {
    let ended = |reason: StopReason| {
        let runs = 0..analysis.rows.len();
        runs.filter(|&run| analysis.ended_early(run) == Some(reason)).count()
    };
    let (patience, target) = (ended(StopReason::EarlyStopping), ended(StopReason::Target));
    let why: Vec<String> = [(patience, "by early stopping"), (target, "at the target")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, why)| match n == patience + target {
            true => format!("all {why}"),
            false => format!("{} {why}", number::count(n as u64)),
        })
        .collect();
    (patience + target > 0).then(|| {
        format!(
            "{} of {} runs ended before their last epoch ({}): their values of the last epoch are those of the epoch they \
             ended in, and a curve ends where its first seed ended.",
            number::count((patience + target) as u64),
            number::count(analysis.rows.len() as u64),
            text::list(&why)
        )
    })
}

/// Most parameters of a list that are named; the others are counted.
const NAMED: usize = 8;

/// The sentences on parameters that muon's rule, AdamW or nothing trains, one per distinct split.
fn muon(analysis: &Analysis) -> Vec<String> {
    let mut all: Vec<(MuonSplit, Vec<String>)> = Vec::new();
    for configuration in &analysis.configs {
        let run = analysis.planned(configuration);
        let Some(split) = run.spec.muon_split() else { continue };
        let label = escape::line(&run.label);
        match all.iter_mut().find(|(known, _)| *known == split) {
            Some((_, labels)) if labels.contains(&label) => {}
            Some((_, labels)) => labels.push(label),
            None => all.push((split, vec![label])),
        }
    }
    let sentence = |(split, labels): (MuonSplit, Vec<String>)| {
        let with = format!("With {}:", text::list(&labels));
        let frozen = match &split.frozen[..] {
            [] => String::new(),
            frozen => format!(" Frozen by a group: {}.", named(frozen)),
        };
        let trained = match (&split.matrices[..], &split.others[..]) {
            ([], []) => "nothing is trained".to_owned(),
            ([], others) => format!(
                "there is no matrix for muon\u{2019}s rule, so AdamW trains {} at its own rate aux_lr",
                named(others)
            ),
            (matrices, []) => {
                format!("muon\u{2019}s rule trains {}, all that is trained", named(matrices))
            }
            (matrices, others) => format!(
                "muon\u{2019}s rule trains the {} {}; AdamW trains {} at its own rate aux_lr",
                plural::form(matrices.len(), "matrix", "matrices"),
                named(matrices),
                named(others)
            ),
        };
        format!("{with} {trained}.{frozen}")
    };
    all.into_iter().map(sentence).collect()
}

/// `layers.0.weight and layers.1.weight`; of more than 8 the first 8 and the number of others.
fn named(paths: &[String]) -> String {
    let mut shown: Vec<String> = paths.iter().take(NAMED).cloned().collect();
    if let Some(more) = paths.len().checked_sub(NAMED).filter(|n| *n > 0) {
        shown.push(format!("{more} more"));
    }
    text::list(&shown)
}

/// The warnings given before training that the sweep file does not allow, a sentence each.
fn warned(analysis: &Analysis) -> Vec<String> {
    let sentence = |told: &spec::lint::LintFinding| {
        let concerned = match told.configurations {
            0 => String::new(),
            n => format!(", {}", plural::count(n, "configuration")),
        };
        let (lint, says) = (escape::line(&told.lint), escape::line(&told.says));
        format!("Warned of before training ({lint}{concerned}): {says}.")
    };
    analysis.plan.lints.iter().map(sentence).collect()
}
