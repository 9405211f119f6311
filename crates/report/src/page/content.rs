//! Tables and sentences of the report, before they are HTML or Markdown.

use std::collections::{BTreeMap, BTreeSet};

use spec::manifest::Manifest;
use spec::record::{Status, StopReason};

use crate::analysis::Analysis;
use crate::best::{BestRow, GridEdge, rows_of};
use crate::escape;
use crate::number;
use crate::page::table::{Cell, Table};
use crate::stats::Estimate;

/// `97.91% ± 0.05`: mean and standard deviation, the latter in points for accuracies.
pub fn mean_sd(metric: &str, e: &Estimate) -> Cell {
    Cell::number(e.mean, |mean| {
        let sd = e.sd.map_or(String::new(), |sd| match metric {
            "accuracy" => format!(" \u{b1} {:.2}", sd * 100.0),
            _ => format!(" \u{b1} {}", number::significant(sd, 2)),
        });
        format!("{}{sd}", number::metric(metric, mean))
    })
    .parts("mean", "standard deviation", e.sd)
}

/// `97.85% to 97.97%`.
fn interval(metric: &str, e: &Estimate) -> Cell {
    let text = |(low, high): (f64, f64)| {
        // Student's t does not know that accuracies end at 100 %.
        let (low, high) =
            if metric == "accuracy" { (low.max(0.0), high.min(1.0)) } else { (low, high) };
        let low = number::metric(metric, low);
        format!("{}\u{2013}{}", low.trim_end_matches('%'), number::metric(metric, high))
    };
    Cell {
        text: e.interval.map_or_else(|| "\u{2013}".to_owned(), text),
        sort: e.interval.map(|i| i.0),
        ..Cell::default()
    }
    .parts("lower end", "upper end", e.interval.map(|i| i.1))
}

/// Each label at its best configuration.
pub fn best_table(analysis: &Analysis) -> Table {
    let goal = &analysis.goal;
    let name = super::answer::capitalised(&goal.name());
    let head = format!("#{name}");
    let mut table = Table::new(&[
        "Optimizer",
        "Best configuration",
        "#Seeds",
        &head,
        "#95% interval",
        "#Test accuracy",
        "#Train loss",
        "#Train time",
        "Note",
    ]);
    let first = analysis.ranking().first().map(|c| c.label);
    let indices = analysis.best.iter().enumerate().filter_map(|(label, best)| best.map(|_| label));
    for (label, row) in indices.zip(rows_of(analysis)) {
        let is_first = first == Some(label);
        table.rows.push(vec![
            Cell::label(&row.label, label).strong(is_first),
            Cell::text(chosen(&row)),
            Cell::number(Some(row.counts.completed as f64), |_| {
                format!("{}/{}", row.counts.completed, row.counts.planned)
            })
            .parts("completed", "planned", Some(row.counts.planned as f64)),
            mean_sd(&goal.metric, &row.target).strong(is_first),
            interval(&goal.metric, &row.target),
            mean_sd("accuracy", &row.test_accuracy),
            mean_sd("loss", &row.train_loss),
            Cell::number(row.train_seconds.mean, number::seconds),
            Cell::text(note(&row)),
        ]);
    }
    without_goal(analysis, table).without_empty()
}

/// The configuration with its schedule; a dash where nothing could be chosen.
fn chosen(row: &BestRow) -> String {
    match row.schedule.as_str() {
        _ if row.target.mean.is_none() => "\u{2013}".to_owned(),
        "constant" => row.config.clone(),
        schedule => format!("{}, {schedule}", row.config),
    }
}

fn note(row: &BestRow) -> String {
    let mut notes = Vec::new();
    match row.edge {
        Some(GridEdge::Lowest) => {
            notes.push("lowest learning rate tried; a lower one may be better".to_owned())
        }
        Some(GridEdge::Highest) => {
            notes.push("highest learning rate tried; a higher one may be better".to_owned())
        }
        None => {}
    }
    if row.counts.diverged > 0 {
        notes.push(format!("{} of {} seeds diverged", row.counts.diverged, row.counts.planned));
    }
    if row.counts.without_result() > 0 {
        notes.push(format!(
            "{} of {} seeds have no result",
            row.counts.without_result(),
            row.counts.planned
        ));
    }
    notes.join("; ")
}

/// The goal has a column of its own and needs no second one.
fn without_goal(analysis: &Analysis, table: Table) -> Table {
    match analysis.goal.path().as_str() {
        "test.accuracy" => table.without("Test accuracy"),
        "train.loss" => table.without("Train loss"),
        _ => table,
    }
}

/// Every configuration.
pub fn config_table(analysis: &Analysis) -> Table {
    let goal = &analysis.goal;
    let head = format!("#{}", super::answer::capitalised(&goal.name()));
    let mut table = Table::new(&[
        "Optimizer",
        "Configuration",
        "#Learning rate",
        "Schedule",
        "#Completed",
        "#Diverged",
        "#No result",
        &head,
        "#Test accuracy",
        "#Train loss",
        "#Train time",
        "Note",
    ]);
    for (i, config) in analysis.configs.iter().enumerate() {
        let run = analysis.planned(config);
        let best = analysis.best.contains(&Some(i)) && config.goal.mean.is_some();
        let lr = run.spec.optimizer.lr();
        let count = |n: usize| Cell::number((n > 0).then_some(n as f64), |_| n.to_string());
        table.rows.push(vec![
            Cell::label(&run.label, config.label).strong(best),
            Cell::text(analysis.describe(config)),
            Cell::number(Some(lr), number::short),
            Cell::text(run.spec.schedule.kind()),
            Cell::number(Some(config.counts.completed as f64), |_| {
                format!("{}/{}", config.counts.completed, config.counts.planned)
            })
            .parts("completed", "planned", Some(config.counts.planned as f64)),
            count(config.counts.diverged),
            count(config.counts.without_result()),
            mean_sd(&goal.metric, &config.goal).strong(best),
            mean_sd("accuracy", &config.test_accuracy),
            mean_sd("loss", &config.train_loss),
            Cell::number(config.train_seconds.mean, number::seconds),
            Cell::text(if best { "best" } else { "" }),
        ]);
    }
    // Where configurations differ in their learning rate alone, its column says it all.
    if analysis.configs.iter().all(|c| !analysis.describe(c).contains(',')) {
        table = table.without("Configuration");
    }
    without_goal(analysis, table).without_empty()
}

/// Runs whose loss became NaN or infinite.
pub fn diverged_table(analysis: &Analysis) -> Table {
    let mut table = Table::new(&[
        "Optimizer",
        "Configuration",
        "#Seed",
        "#Diverged at step",
        "#In epoch",
        "Run",
    ]);
    for config in &analysis.configs {
        for &i in config.runs.iter().filter(|&&i| analysis.rows[i].diverged()) {
            let run = &analysis.plan.runs[i];
            let step = analysis.rows[i].diverged_step;
            let epoch = step.map(|s| s.div_ceil(run.spec.steps_per_epoch().max(1)));
            table.rows.push(vec![
                Cell::label(&run.label, config.label),
                Cell::text(analysis.describe(config)),
                Cell::number(Some(run.spec.seed as f64), |_| run.spec.seed.to_string()),
                Cell::number(step.map(|s| s as f64), |s| number::count(s as u64)),
                Cell::number(epoch.map(|e| e as f64), |e| number::count(e as u64)),
                Cell::text(run.run_id.short()),
            ]);
        }
    }
    table
}

/// Runs without a result: failed, timed out, cancelled; and how many are missing.
pub fn failure_table(analysis: &Analysis) -> Table {
    let mut table =
        Table::new(&["Optimizer", "Configuration", "#Seed", "Status", "Message", "Run"]);
    for config in &analysis.configs {
        for &i in &config.runs {
            let (run, row) = (&analysis.plan.runs[i], &analysis.rows[i]);
            let Some(status) = row.status.filter(|s| !s.is_result()) else { continue };
            table.rows.push(vec![
                Cell::label(&run.label, config.label),
                Cell::text(analysis.describe(config)),
                Cell::number(Some(run.spec.seed as f64), |_| run.spec.seed.to_string()),
                Cell::text(status.name().replace('_', " ")),
                Cell::text(row.error.as_deref().unwrap_or("")),
                Cell::text(run.run_id.short()),
            ]);
        }
    }
    table
}

/// What each label was given: configurations, runs, epochs, seconds.
pub fn budget_table(analysis: &Analysis) -> Table {
    let mut table = Table::new(&[
        "Optimizer",
        "#Configurations",
        "#Runs",
        "#Completed",
        "#Diverged",
        "#No result",
        "#Epochs trained",
        "#Optimizer steps",
        "#Training time",
        "#Per epoch",
    ]);
    for (label, optimizer) in analysis.plan.optimizers.iter().enumerate() {
        let configs = analysis.configs.iter().filter(|c| c.label == label);
        let rows = || configs.clone().flat_map(|c| &c.runs).map(|&i| &analysis.rows[i]);
        let ended = |status: Status| rows().filter(|r| r.status == Some(status)).count();
        let results = ended(Status::Completed) + ended(Status::Diverged);
        let epochs: u64 = rows().filter_map(|r| r.epochs_completed).sum();
        let seconds: f64 = rows().filter_map(|r| r.train_seconds).sum();
        table.rows.push(vec![
            Cell::label(&optimizer.label, label),
            Cell::count(configs.clone().count()),
            Cell::count(rows().count()),
            Cell::count(ended(Status::Completed)),
            Cell::count(ended(Status::Diverged)),
            Cell::count(rows().count() - results),
            Cell::count(epochs as usize),
            Cell::count(rows().filter_map(|r| r.steps).sum::<u64>() as usize),
            Cell::number(Some(seconds), number::seconds),
            Cell::number((epochs > 0).then(|| seconds / epochs as f64), number::seconds),
        ]);
    }
    table
}

/// Whether the comparison was fair: equal starts, equal batches, equal chances.
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
    if !starts.is_empty() {
        let equal =
            starts.values().all(|digests| digests.len() == 1) && batches.values().all(same_batches);
        out.push(if equal {
            "Runs of one seed started from the same initial weights and saw the same batches in the same order, whatever \
             their optimizer; the digests in the records agree."
                .to_owned()
        } else {
            "Runs of one seed did NOT all start from the same initial weights or see the same batches: their digests \
             differ, so they must not be compared seed by seed."
                .to_owned()
        });
    }
    let configs = |label: usize| analysis.configs.iter().filter(|c| c.label == label).count();
    let counts: BTreeSet<usize> = (0..analysis.plan.optimizers.len()).map(configs).collect();
    if let (Some(fewest), Some(most), true) = (counts.first(), counts.last(), counts.len() > 1) {
        out.push(format!(
            "Optimizers were tried with different numbers of configurations ({fewest} to {most}): the best of many has \
             had more chances than the best of few."
        ));
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
    let jobs: BTreeSet<u64> = analysis.rows.iter().filter_map(|r| r.jobs).collect();
    if jobs.last().is_some_and(|j| *j > 1) {
        out.push(
            "Runs were trained side by side, so times are a guide, not a measurement.".to_owned(),
        );
    }
    out
}

/// Runs that ended before their last epoch, if any did.
fn stopped_early(analysis: &Analysis) -> Option<String> {
    let ended = |reason: StopReason| {
        let rows = analysis.rows.iter();
        rows.filter(|r| r.stop_reason.as_deref() == Some(reason.name())).count()
    };
    let (patience, target) = (ended(StopReason::EarlyStopping), ended(StopReason::Target));
    (patience + target > 0).then(|| {
        format!(
            "{} of {} runs ended before their last epoch ({patience} by early stopping, {target} at the target): what is \
             said of the last epoch is that of the epoch they ended in, and a curve ends where the first seed ended.",
            patience + target,
            analysis.rows.len()
        )
    })
}

/// What ran: name and value of each known fact.
pub fn provenance(analysis: &Analysis, manifest: Option<&Manifest>) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let mut put = |name: &str, value: String| {
        if !value.is_empty() {
            out.push((name.to_owned(), escape::line(&value)));
        }
    };
    put("Sweep file", analysis.plan.file.clone());
    put("Overrides", analysis.plan.overrides.join("  "));
    put("Goal", analysis.goal.name());
    if let Some(run) = analysis.plan.runs.first() {
        let data = &run.spec.data.dataset;
        put("Data", format!("{} ({})", data.name(), data.digest()));
    }
    put("Seeds", analysis.plan.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", "));
    let Some(m) = manifest else {
        put("Provenance", "no manifest.json was found".to_owned());
        return out;
    };
    put("Command", m.provenance.argv.join(" "));
    let dirty = match (m.provenance.git_dirty, &m.provenance.diff_hash) {
        (Some(true), Some(hash)) => format!(", with changes ({hash})"),
        (Some(true), None) => ", with changes".to_owned(),
        _ => String::new(),
    };
    put(
        "Commit",
        m.provenance.git_commit.as_ref().map(|c| format!("{c}{dirty}")).unwrap_or_default(),
    );
    put("Cargo.lock", m.provenance.cargo_lock_hash.clone().unwrap_or_default());
    if let Some(e) = &m.environment {
        put("Backend", format!("{} on {}", e.backend, e.device_kind));
        put("Device", e.device_model.clone());
        put("CPU features", e.cpu_features.clone());
        put("Threads a run", e.threads.to_string());
        put("Burn", e.burn.clone());
        let kind = e.libtorch_kind.as_ref().map(|k| format!(" for {k}")).unwrap_or_default();
        put("libtorch", e.libtorch.as_ref().map(|v| format!("{v}{kind}")).unwrap_or_default());
        put("GPU driver", e.driver.clone().unwrap_or_default());
        put("Training code", e.code.clone());
    }
    put("Slots", m.slots.join(", "));
    put("Logical processors", m.cpus.to_string());
    put("Compiler", m.provenance.rustc.clone());
    put("System", m.provenance.os.clone());
    put("Host", m.host.clone().unwrap_or_default());
    put("Started", m.started.clone());
    put("Ended", m.ended.clone());
    put(
        "Last sweep",
        format!("{} runs trained, {} reused", number::count(m.trained), number::count(m.cached)),
    );
    out
}
