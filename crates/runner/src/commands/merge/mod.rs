//! `merge`: combines the results of several machines in one report folder. It reads files
//! only, so it needs no libtorch and no worker.

mod files;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use spec::Id;
use spec::plan::Plan;
use store::layout::ReportDir;
use store::write_atomic;
use sweep_file::Overrides;
use text_format::plural;

use self::files::Taken;
use crate::cli::MergeArgs;
use crate::error::bad_input;
use crate::exit::Exit;
use crate::provenance::{self, SweepFacts};
use crate::stages;
use crate::workspace::Workspace;
use crate::{clock, lock, reporter, text};

/// Merges the folders into that of FILE, then collects and draws.
pub(super) fn merge(workspace: &Workspace, args: &MergeArgs) -> crate::Result<Exit> {
    let started = clock::now();
    let sources: Vec<ReportDir> = args.folders.iter().map(ReportDir::new).collect();
    for source in &sources {
        has_a_journal(source)?;
    }
    let (dir, mut plan) = destination(workspace, &args.file, &sources[0])?;
    let known: HashSet<Id> = plan.runs.iter().map(|run| run.run_id).collect();
    for source in &sources {
        belongs(&dir, source, &known)?;
    }
    // All refusals are above: from here on files are written.
    let lock = lock::acquire(&dir, &started)?;
    for source in &sources {
        if let Some(holder) = lock::holder(source) {
            text::status!(
                "{} is being written to by {}: its finished results are merged; merge again when it has ended",
                source.path().display(),
                text::plain(&holder)
            );
        }
    }
    if dir.plan().is_file() {
        super::folder::refresh(&dir, &args.file)?;
        let on = plan.computed_on;
        plan = store::plan(&dir)?;
        let before = plan.clone();
        plan.computed_on = plan.computed_on.or(on);
        adopt(&mut plan, &sources);
        if plan != before {
            write_atomic(&dir.plan(), &serde_json::to_vec_pretty(&plan)?)?;
        }
    } else {
        adopt(&mut plan, &sources);
        write_atomic(&dir.plan(), &serde_json::to_vec_pretty(&plan)?)?;
    }
    let known: HashSet<Id> = plan.runs.iter().map(|run| run.run_id).collect();
    let mut taken = Taken::default();
    for source in &sources {
        taken.from(source, &dir, &known)?;
    }
    say_taken(&taken);
    provenance(workspace, &dir, &plan, started, taken.files > 0)?;

    let journal = store::journal::read(&dir)?;
    let counts = super::status::counts(&journal, &plan);
    let (results, missing) = super::status::results_and_missing(&counts);
    let (planned, cut) = (plan.runs.len(), super::status::cut(&journal, &plan));
    let paused = if cut == 0 { String::new() } else { format!(", {cut} paused at a rung") };
    text::output!(
        "{results} of {} {} a result, {missing} missing{paused}",
        plural::count(planned, "run"),
        plural::has_or_have(planned),
    );
    reporter::write(workspace, &dir, Some(&lock), false)?;
    Ok(if results + cut == planned { Exit::Ok } else { Exit::RunsFailed })
}

/// Takes over the decisions on stages of the machine that has made the most of them.
fn adopt(plan: &mut Plan, sources: &[ReportDir]) {
    let elsewhere = sources.iter().filter_map(|source| store::plan(source).ok());
    // Those of another file are not decisions on this one.
    let alike = elsewhere.filter(|other| stages::same_design(plan, other));
    let furthest = alike.max_by_key(|plan| plan.decisions.len());
    let Some(furthest) = furthest.filter(|other| other.decisions.len() > plan.decisions.len())
    else {
        return;
    };
    let mut fresh = plan.clone();
    stages::forget(&mut fresh);
    fresh.superseded.clone_from(&plan.superseded);
    stages::take_over(&mut fresh, &furthest.decisions);
    if fresh.decisions.len() > plan.decisions.len() {
        *plan = fresh;
    }
}

/// Refuses a folder without a journal.
fn has_a_journal(source: &ReportDir) -> crate::Result<()> {
    let path = source.path();
    if !path.is_dir() {
        return Err(bad_input(format!(
            "{} is not a folder\n  give the report folders of the other machines, such as elsewhere/reports/battle",
            path.display()
        )));
    }
    if files::journals(source)?.is_empty() {
        return Err(bad_input(format!(
            "{} holds no journal: there is no journal/*.jsonl\n  give a report folder with trained runs",
            path.display()
        )));
    }
    Ok(())
}

/// Returns the folder to merge into and its plan; neither need exist yet.
fn destination(
    workspace: &Workspace,
    file: &Path,
    first: &ReportDir,
) -> crate::Result<(ReportDir, Plan)> {
    let is_folder = file.is_dir() || !file.exists() && file.extension().is_none_or(|e| e != "toml");
    let dir =
        if is_folder { ReportDir::new(file) } else { workspace.report(&sweep_file::name(file)?) };
    if dir.plan().is_file() {
        let mut plan = store::plan(&dir)?;
        let elsewhere = store::plan(first).ok();
        if plan.computed_on.is_none() {
            plan.computed_on = elsewhere.and_then(|p| p.computed_on);
        }
        return Ok((dir, plan));
    }
    if is_folder {
        let foreign = |dir: &Path| dir.read_dir().is_ok_and(|mut entries| entries.next().is_some());
        if foreign(dir.path()) && !dir.journal().is_dir() {
            return Err(bad_input(format!(
                "{} is neither empty nor a report: there is no plan.json\n  \
                 give a sweep file, a report folder, or a folder that is new or empty",
                dir.path().display()
            )));
        }
        if !first.plan().is_file() {
            return Err(bad_input(format!(
                "{} has no plan.json to copy\n  give the sweep file instead of {}",
                first.path().display(),
                file.display()
            )));
        }
        return Ok((dir, store::plan(first)?));
    }
    let elsewhere = store::plan(first).ok();
    // Overrides of the other machine hold here, and those of the current environment.
    let lines = elsewhere.as_ref().map(|p| p.overrides.clone()).unwrap_or_default();
    let mut overrides = Overrides::of_lines(&lines);
    overrides.environment.extend(super::environment());
    let loaded = super::load_plan_with(workspace, file, &overrides)?;
    if !loaded.warnings.is_empty() {
        text::print_error(&loaded.warnings.render(console::colors_enabled_stderr()));
    }
    let mut plan = loaded.plan;
    plan.computed_on = elsewhere.and_then(|p| p.computed_on);
    let dir = workspace.report(&plan.name);
    Ok((dir, plan))
}

/// Refuses the folder that is merged into, and folders of another sweep.
fn belongs(dir: &ReportDir, source: &ReportDir, known: &HashSet<Id>) -> crate::Result<()> {
    let place = |dir: &ReportDir| dir.path().canonicalize().ok();
    if place(dir).is_some() && place(dir) == place(source) {
        return Err(bad_input(format!(
            "{} is the folder to merge into\n  give only the folders of the other machines",
            source.path().display()
        )));
    }
    let shares = if source.plan().is_file() {
        let plan = store::plan(source).map_err(|e| bad_input(e.to_string()))?;
        plan.runs.iter().any(|run| known.contains(&run.run_id))
    } else {
        files::any_run(source, known)?
    };
    if !shares {
        return Err(bad_input(format!(
            "{} belongs to another sweep: none of its runs is among the {} of this plan\n  \
             both must come from one sweep file with the same --set; `--plan` lists a plan's runs",
            source.path().display(),
            known.len()
        )));
    }
    Ok(())
}

fn say_taken(taken: &Taken) {
    for torn in &taken.torn {
        text::status!(
            "{}: left out the incomplete last line, which a running or killed sweep leaves",
            torn.display()
        );
    }
    text::output!(
        "merged {} in {}{}; {} {} merged before",
        plural::count(taken.records, "record"),
        plural::count(taken.files, "journal file"),
        match taken.weights {
            0 => String::new(),
            n => format!(" and {} of weights", plural::count(n, "file")),
        },
        taken.here,
        plural::was_or_were(taken.here),
    );
    for (own, name) in &taken.renamed {
        text::status!(
            "{} differs from the file of the same name here and is kept as {name}",
            own.display()
        );
    }
    if !taken.outside.is_empty() {
        let are = plural::is_or_are(taken.outside.len());
        text::status!(
            "{} with merged records {are} not in the plan and {are} left out of the report",
            plural::count(taken.outside.len(), "run"),
        );
    }
}

/// Writes the manifest if it is missing or records were merged (`moved`), and warns about results
/// that a sweep on this machine would train again.
fn provenance(
    workspace: &Workspace,
    dir: &ReportDir,
    plan: &Plan,
    started: String,
    moved: bool,
) -> crate::Result<()> {
    let records = store::journal::read(dir)?.into_best_for(plan.computed_on.as_ref());
    let results =
        || plan.runs.iter().filter_map(|r| records.get(&r.run_id)).filter(|r| r.status.is_result());
    if let Some(on) = &plan.computed_on {
        let other = results().filter(|r| !on.fits(r)).count();
        if other > 0 {
            text::status!(
                "{} {} {} computed on another backend, kind of device or number of threads than the plan's {}: \
                 the report shows them, but `sweep` trains such runs again; a number instead of \
                 \"auto\" for `threads_per_run` makes all machines equal",
                console::style("warning:").for_stderr().yellow(),
                plural::count(other, "result"),
                plural::was_or_were(other),
                plural::count(on.threads, "thread"),
            );
        }
    }
    if moved || !dir.manifest().is_file() {
        let facts = SweepFacts {
            started,
            slots: &[],
            trained: 0,
            cached: results().count() as u64,
            environment: provenance::environment(results()),
            record_host: false,
            provenance: provenance::gather(workspace),
        };
        let manifest = provenance::manifest(plan, facts);
        write_atomic(&dir.manifest(), &serde_json::to_vec_pretty(&manifest)?)?;
    }
    Ok(())
}

/// Returns the name of a file as text.
fn name_of(path: &Path) -> String {
    PathBuf::from(path.file_name().unwrap_or_default()).display().to_string()
}
