//! Expansion of a [`SweepSpec`] into a [`Plan`]: crosses axes, advances zipped axes together, and
//! resolves and checks every combination and computes its ids.

use std::collections::HashMap;

use spec::claim::Claim;
use spec::device::DeviceName;
use spec::identity::Memo;
use spec::metric::Metric;
use spec::params::Values;
use spec::plan::{PLAN_VERSION, Plan, PlannedOptimizer, PlannedRun, PoolEntry, Target, TargetAt};
use spec::record::Split;
use spec::run::RunSpec;
use spec::stages::Stage;

use super::axis::Axis;
use super::axis::random;
use super::combination::{Combination, Fixed};
use super::data::{self, Found};
use super::diagnostic::{Diagnostic, Diagnostics};
use super::exclude::{check_excludes, matching_excludes};
use super::lints::{Lints, Subject, Whole};
use super::resolve::resolve;
use super::source::Place;
use super::stages;
use super::sweep::{OptimizerEntry, ScheduleEntry, SweepSpec};
use super::targets;

/// Largest number of runs; more are treated as a mistake in the axes.
const MAX_RUNS: usize = 2_000_000;

/// Expands a sweep and resolves its runs. Problems go to `diagnostics`.
pub fn expand(
    spec: &SweepSpec,
    inspect: super::Inspect<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Plan> {
    let Found { own, described, traps } = data::look(spec, inspect, diagnostics)?;
    let spec = &data::full_batches(spec, own.as_ref());
    let mut expansion = Expansion {
        spec,
        fixed: Fixed::new(spec, own.as_ref()),
        runs: Vec::new(),
        first_of: HashMap::new(),
        excluded: vec![0; spec.excludes.len()],
        memo: Memo::default(),
        lints: Lints::new(spec),
    };
    let mut optimizers = Vec::new();
    for entry in &spec.optimizers {
        let varied = varied_paths(spec, entry);
        let drawn = spec.drawn(&entry.label);
        optimizers.push(PlannedOptimizer {
            label: entry.label.clone(),
            kind: entry.kind.to_owned(),
            zipped: spec.zipped(&entry.label),
            random: varied.iter().filter(|path| drawn.contains(path)).cloned().collect(),
            axes: varied.clone(),
            extend: entry.axes.iter().filter_map(|axis| axis.extend.clone()).collect(),
        });
        for schedule in &entry.schedules {
            expansion.cross(entry, schedule, &varied, diagnostics)?;
        }
    }
    let Expansion { runs, excluded, lints, .. } = expansion;
    check_excludes(spec, diagnostics);
    stages::one_configuration_each(spec, &runs, diagnostics);
    stages::growth_beside_excludes(spec, diagnostics);
    let tuning = stages::rungs(spec, &runs, diagnostics);
    if runs.is_empty() && !diagnostics.has_errors() {
        diagnostics.push(Diagnostic::error_without_place(
            "no run is left: the excludes match every combination",
        ));
    }
    let whole = Whole { sweep: spec, runs: &runs, excluded: &excluded, traps: &traps };
    let lints = lints.say(&whole, diagnostics);
    let target = target(spec, &runs, diagnostics)?;
    let claim = claim(spec, &target, &runs, diagnostics)?;
    Some(Plan {
        v: PLAN_VERSION,
        name: spec.name.clone(),
        description: spec.description.clone(),
        file: String::new(),
        text: String::new(),
        overrides: Vec::new(),
        metrics: spec.keeping.metrics.iter().filter_map(|m| m.registered().cloned()).collect(),
        target,
        claim,
        seeds: spec.seeds.clone(),
        tuning,
        until: spec.until.as_ref().map(|(until, _)| until.clone()),
        confirm: spec.confirm.clone(),
        decisions: Vec::new(),
        superseded: Vec::new(),
        optimizers,
        runs,
        pool: pool(spec),
        threads_per_run: spec.threads_per_run,
        fast_path: spec.fast_path,
        tf32: spec.tf32,
        libtorch: spec.libtorch,
        keeping: spec.keeping.clone(),
        report: spec.report.clone(),
        regress: spec.regress.clone(),
        lints,
        data: described,
        computed_on: None,
    })
}

/// Returns the device pool; `auto` by default.
fn pool(spec: &SweepSpec) -> Vec<PoolEntry> {
    match spec.pool.is_empty() {
        true => vec![PoolEntry { device: DeviceName::Auto, slots: None }],
        false => spec.pool.clone(),
    }
}

/// Returns the claim on the seeds that judge, if there is one; the outer `None` means that it can
/// never be carried, which is reported.
fn claim(
    spec: &SweepSpec,
    target: &Target,
    runs: &[PlannedRun],
    diagnostics: &mut Diagnostics,
) -> Option<Option<Claim>> {
    let judging = spec.confirm.as_ref().map_or(spec.seeds.len(), |confirm| confirm.seeds.len());
    spec.claim_on(target, runs, judging).map_err(|problem| diagnostics.push(*problem)).ok()
}

/// The runs so far, with the state that is needed to add more.
struct Expansion<'a> {
    spec: &'a SweepSpec,
    fixed: Fixed<'a>,
    runs: Vec<PlannedRun>,
    /// The place of the optimizer that first expanded to a run, by run id.
    first_of: HashMap<spec::Id, Place>,
    /// Number of combinations that each exclude dropped.
    excluded: Vec<usize>,
    memo: Memo,
    lints: Lints,
}

impl Expansion<'_> {
    /// Adds every combination of an optimizer's axes with one of its schedules.
    fn cross(
        &mut self,
        entry: &OptimizerEntry,
        schedule: &ScheduleEntry,
        varied: &[String],
        diagnostics: &mut Diagnostics,
    ) -> Option<()> {
        let spec = self.spec;
        let axes = spec
            .data
            .iter()
            .chain(&spec.model_axes)
            .chain(&spec.train)
            .chain(&entry.axes)
            .chain(&schedule.axes);
        let (drawn, axes): (Vec<&Axis>, Vec<&Axis>) = axes.partition(|a| a.random.is_some());
        let drawn = random::joint(&drawn, diagnostics)?;
        let mut groups = zip_groups(&axes, diagnostics)?;
        if !drawn.is_empty() {
            groups.push(drawn.iter().collect());
        }
        let count =
            groups.iter().map(|g| g[0].values.len()).try_fold(spec.seeds.len(), usize::checked_mul);
        if count.is_none_or(|n| n.saturating_add(self.runs.len()) > MAX_RUNS) {
            diagnostics.push(
                Diagnostic::error(
                    format!("the axes expand to more than {MAX_RUNS} runs"),
                    &entry.place,
                )
                .help("shorten the axes, zip them, or split the sweep"),
            );
            return None;
        }
        let mut index = vec![0usize; groups.len()];
        loop {
            let combination = combine(&groups, &index);
            self.add(entry, schedule, varied, &combination, diagnostics)?;
            if !advance(&mut index, &groups) {
                return Some(());
            }
        }
    }

    /// Adds the runs of one combination, unless an exclude drops it.
    fn add(
        &mut self,
        entry: &OptimizerEntry,
        schedule: &ScheduleEntry,
        varied: &[String],
        written: &Combination,
        diagnostics: &mut Diagnostics,
    ) -> Option<()> {
        let mut given = written.clone();
        let known = diagnostics.len();
        let Some(run) = resolve(&self.fixed, entry, schedule, &mut given, diagnostics) else {
            if diagnostics.len() == known && !diagnostics.has_errors() {
                // A combination is never dropped silently.
                let message = format!("a combination of `{}` cannot be resolved", entry.label);
                diagnostics.push(Diagnostic::error(message, &entry.place));
            }
            return Some(());
        };
        let matched = matching_excludes(self.spec, &entry.label, &run, written);
        matched.iter().for_each(|i| self.excluded[*i] += 1);
        if !matched.is_empty() {
            return Some(());
        }
        let given = &given;
        self.lints.look(&Subject { sweep: self.spec, entry, schedule, given, run: &run });
        let axes = varied_values(varied, given, &run);
        let config = self.memo.ids(&run);
        for &seed in self.spec.first_seeds() {
            let id = config.with_seed(seed);
            if !add_once(&mut self.first_of, id.run, entry, given != written, diagnostics) {
                return None;
            }
            self.runs.push(PlannedRun {
                label: entry.label.clone(),
                run_id: id.run,
                config_id: id.config,
                cell_id: id.cell,
                axes: axes.clone(),
                stage: Stage::Tuning,
                spec: RunSpec { seed, ..run.clone() },
            });
        }
        Some(())
    }
}

/// Groups the axes by zip name; every other axis is a group by itself.
fn zip_groups<'a>(axes: &[&'a Axis], diagnostics: &mut Diagnostics) -> Option<Vec<Vec<&'a Axis>>> {
    let mut groups: Vec<Vec<&Axis>> = Vec::new();
    for axis in axes {
        let same =
            axis.zip.is_some().then(|| groups.iter_mut().find(|g| g[0].zip == axis.zip)).flatten();
        match same {
            Some(group) => {
                if group[0].values.len() != axis.values.len() {
                    let name = axis.zip.as_deref().unwrap_or_default();
                    diagnostics.push(
                        Diagnostic::error(
                            format!("axes of the zip `{name}` differ in length"),
                            &axis.place,
                        )
                        .label(format!("{} values", axis.values.len()))
                        .also(&group[0].place, format!("{} values", group[0].values.len())),
                    );
                    return None;
                }
                group.push(axis);
            }
            None => groups.push(vec![axis]),
        }
    }
    Some(groups)
}

fn combine(groups: &[Vec<&Axis>], index: &[usize]) -> Combination {
    let mut out = Combination::new();
    for (group, &i) in groups.iter().zip(index) {
        for axis in group {
            out.insert(axis.path.clone(), axis.values[i].clone());
        }
    }
    out
}

/// Advances to the next combination, the last axis fastest; returns false after the last one.
fn advance(index: &mut [usize], groups: &[Vec<&Axis>]) -> bool {
    for (i, group) in index.iter_mut().zip(groups).rev() {
        *i += 1;
        if *i < group[0].values.len() {
            return true;
        }
        *i = 0;
    }
    false
}

/// Returns the paths that have more than one value within an optimizer's runs.
fn varied_paths(spec: &SweepSpec, entry: &OptimizerEntry) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let axes = spec
        .data
        .iter()
        .chain(&spec.model_axes)
        .chain(&entry.axes)
        .chain(entry.schedules.iter().flat_map(|s| &s.axes));
    for axis in axes.filter(|a| a.values.len() > 1) {
        if !out.contains(&axis.path) {
            out.push(axis.path.clone());
        }
    }
    if entry.schedules.len() > 1 {
        out.push("schedule.kind".to_owned());
        for path in entry.schedules.iter().flat_map(|s| &s.axes).map(|a| &a.path) {
            if !out.contains(path) {
                out.push(path.clone());
            }
        }
    }
    out
}

fn varied_values(paths: &[String], given: &Combination, run: &RunSpec) -> Values {
    // Derived values and kinds are not given; all others are, in their type.
    let flat = paths.iter().any(|p| !given.contains_key(p)).then(|| run.flat());
    let value = |path: &String| match given.get(path) {
        Some((value, _)) => Some(value.clone()),
        None => flat.as_ref()?.get(path).cloned(),
    };
    paths.iter().filter_map(|p| Some((p.clone(), value(p)?))).collect()
}

/// Records a run id; returns false if the run exists, which is reported. `percentages` says whether
/// its schedule has any, for the help.
fn add_once(
    first_of: &mut HashMap<spec::Id, Place>,
    id: spec::Id,
    entry: &OptimizerEntry,
    percentages: bool,
    diagnostics: &mut Diagnostics,
) -> bool {
    match first_of.get(&id) {
        None => {
            first_of.insert(id, entry.place.clone());
            true
        }
        Some(first) => {
            let d = Diagnostic::error(
                format!(
                    "the optimizer `{}` expands to a run that is already in the sweep",
                    entry.label
                ),
                &entry.place,
            );
            let d = if *first == entry.place {
                d.label("two of its combinations resolve to the same run")
            } else {
                d.label("the second").also(first, "the first")
            };
            diagnostics.push(d.help(if percentages {
                "percentages that resolve to the same number of units are one run: count in steps (per = \"batch\"), or remove one"
            } else {
                "entries that differ only in their label are one run: change a value or remove one"
            }));
            false
        }
    }
}

/// Returns `[target]`, or the default: validation accuracy (for real values and texts validation
/// loss); without a validation split the training loss, and for a function its value.
fn target(spec: &SweepSpec, runs: &[PlannedRun], diagnostics: &mut Diagnostics) -> Option<Target> {
    // A sweep without runs was reported before.
    let validation = runs.first().map_or(1, |r| r.spec.data.validation);
    match &spec.target {
        Some((target, place)) if target.split == Split::Validation && validation == 0 => {
            diagnostics.push(
                Diagnostic::error(format!("the target {} needs a validation split", target.path()), place)
                    .help("set validation = 5000 (or another number) in [data], or use metric = \"train.loss\""),
            );
            None
        }
        Some((target, _)) => Some(target.clone()),
        None => {
            let (split, metric) = match runs.first() {
                _ if spec.none.is_some() => (Split::Test, Metric::LOSS),
                _ if validation == 0 => (Split::Train, Metric::LOSS),
                Some(run) => (Split::Validation, targets::default_metric(&run.spec)),
                None => (Split::Validation, Metric::ACCURACY),
            };
            Some(Target { split, metric, value: None, at: TargetAt::Last })
        }
    }
}
