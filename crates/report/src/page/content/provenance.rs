//! The provenance of a report: sources, data, machine and times.

use spec::record::Environment;
use store::manifest::Manifest;

use crate::analysis::Analysis;
use crate::escape;
use crate::number;
use crate::plural;
use spec::stages::Stage;

/// Returns name and value of each known fact.
pub fn provenance(analysis: &Analysis, manifest: Option<&Manifest>) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let mut put = |name: &str, value: String| {
        if !value.is_empty() {
            out.push((name.to_owned(), escape::line(&value)));
        }
    };
    put("Sweep file", analysis.plan.file.clone());
    put("Overrides", analysis.plan.overrides.join("  "));
    put("Goal", analysis.selection.name());
    if let Some(run) = analysis.plan.runs.first() {
        let data = &run.spec.data.dataset;
        put("Data", format!("{} ({})", data.name(), data.digest()));
    }
    if let Some(data) = &analysis.plan.data {
        let rows = number::count(data.rows);
        let features = number::count(data.features);
        put("Samples", format!("{rows} rows, {features} features; {}", data.parts_in_words()));
        // The page does not mark up code.
        let plain = |text: String| text.replace('`', "");
        if data.has_targets() {
            put("Prediction target", plain(data.target.clone()));
        }
        let parts =
            if data.parts[1] > 0 { "training + validation + test" } else { "training + test" };
        match data.targets.len() {
            0 if !data.has_targets() => {}
            0 => put("Classes", format!("{} ({parts})", plain(data.targets_text()))),
            _ => put("Values", plain(data.targets_text())),
        }
        put("Split", data.split.clone());
        put("Scaling", data.scaling.clone());
        let left = match data.dropped {
            0 => String::new(),
            n => {
                let (rows, are) = (plural::grouped(n, "row"), plural::is_or_are(n));
                format!("{rows} with gaps {are} left out. ")
            }
        };
        put("Reading", format!("{left}{}", data.notes.join(" ")));
    }
    let seeds = |seeds: &[u64]| seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    put("Seeds", seeds(&analysis.plan.seeds_planned(Stage::Tuning)));
    if analysis.plan.decision(Stage::Confirm).is_some() {
        put("Fresh seeds", seeds(&analysis.plan.seeds_planned(Stage::Confirm)));
    }
    let Some(m) = manifest else {
        put("Provenance", "no manifest.json was found".to_owned());
        return out;
    };
    put("Command", escape::command(&m.provenance.argv));
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
        environment(e).into_iter().for_each(|(name, value)| put(name, value));
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

/// Name and value of each fact on the environment of the runs; empty if unknown or not applicable.
fn environment(e: &Environment) -> [(&'static str, String); 12] {
    let known = |value: &Option<String>| value.clone().unwrap_or_default();
    let switch = |on: Option<bool>| match on {
        None => String::new(),
        Some(on) => if on { "on" } else { "off" }.to_owned(),
    };
    let kind = e.libtorch_kind.as_ref().map(|k| format!(" for {k}")).unwrap_or_default();
    let libtorch = e.libtorch.as_ref().map(|v| format!("{v}{kind}")).unwrap_or_default();
    [
        ("Backend", format!("{} on {}", e.backend, e.device_kind)),
        ("Device", e.device_model.clone()),
        ("Processor", known(&e.processor)),
        ("CPU features", e.cpu_features.clone()),
        ("Threads a run", e.threads.to_string()),
        ("Fast path", if e.plain { "off".to_owned() } else { String::new() }),
        ("Burn", e.burn.clone()),
        ("libtorch", libtorch),
        ("GPU driver", known(&e.driver)),
        ("TF32", switch(e.tf32)),
        ("Deterministic cuDNN", switch(e.deterministic)),
        ("Training code", e.code.clone()),
    ]
}
