//! Our numbers for a row: found in the runs of a sweep, or computed.

use std::collections::{BTreeMap, HashMap};

use spec::Id;
use spec::plan::{Plan, PlannedRun};
use spec::record::{RunRecord, Status};

use crate::escape;
use crate::external::computed;
use crate::external::published::{FromSweep, Ours, Published};
use spec::grain::Grain;

/// A trained sweep.
pub struct Trained {
    /// The plan of the current sweep file.
    pub plan: Plan,
    /// The best record of each run that has one.
    pub records: HashMap<Id, RunRecord>,
    /// The command that trains what is missing.
    pub remedy: String,
}

/// A pair of numbers that a program printed.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The name of the row.
    pub row: String,
    /// Our number.
    pub ours: f64,
    /// The number of the other side.
    pub theirs: f64,
}

/// External data that the rows of a file read.
#[derive(Default)]
pub struct Sources<'a> {
    /// Trained sweeps by stem; one whose file does not exist is absent.
    pub sweeps: BTreeMap<&'a str, &'a Trained>,
    /// The rows that the program printed; `None` if it was not run.
    pub program: Option<Vec<Pair>>,
}

/// Our side of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// One number, computed.
    Number(f64),
    /// Two numbers that a program measured, ours first.
    Pair(f64, f64),
    /// One number per seed.
    Seeds {
        /// The numbers of the seeds that have one.
        values: Vec<f64>,
        /// Number of seeds that diverged before it was measured.
        diverged: usize,
        /// Number of seeds that never reached the value to be reached.
        never: usize,
    },
    /// Our number is missing.
    Missing {
        /// The reason.
        why: String,
        /// The command that provides it; empty if there is none.
        remedy: String,
    },
}

/// Finds our side of a row.
///
/// # Errors
/// The row refers to something that its file or sweep does not have.
pub fn find(published: &Published, ours: &Ours, sources: &Sources<'_>) -> Result<Found, String> {
    match ours {
        Ours::Sweep(from) => of_sweep(from, sources),
        Ours::Score(from) => computed::score(published, from).map(Found::Number),
        Ours::Claim(from) => computed::claim(published, from).map(Found::Number),
        Ours::NoisyQuadratic(setting) => Ok(Found::Number(computed::noisy_quadratic(setting))),
        Ours::Program(row) => of_program(published, row, sources),
    }
}

fn of_program(published: &Published, row: &str, sources: &Sources<'_>) -> Result<Found, String> {
    let Some(program) = &published.program else {
        return Err("it reads a program, but the file names none; add \"program\"".to_owned());
    };
    let Some(pairs) = &sources.program else {
        return Ok(Found::Missing { why: program.missing.clone(), remedy: program.remedy.clone() });
    };
    match pairs.iter().find(|pair| pair.row == row) {
        Some(pair) => Ok(Found::Pair(pair.ours, pair.theirs)),
        None => {
            let known: Vec<&str> = pairs.iter().map(|pair| pair.row.as_str()).collect();
            let known = escape::line(&known.join(", "));
            Err(format!("the program printed no row `{row}`; it printed {known}"))
        }
    }
}

fn of_sweep(from: &FromSweep, sources: &Sources<'_>) -> Result<Found, String> {
    let Some(trained) = sources.sweeps.get(from.sweep.as_str()) else {
        let why = format!("the sweep file {}.toml does not exist", from.sweep);
        return Ok(Found::Missing { why, remedy: String::new() });
    };
    let runs = chosen(from, &trained.plan)?;
    let mut found = (Vec::new(), 0, 0);
    let mut missing = 0;
    for run in &runs {
        let record = trained.records.get(&run.run_id).filter(|r| r.status.is_result());
        let Some(record) = record else {
            missing += 1;
            continue;
        };
        match read(from, record) {
            Some(value) if value.is_finite() => found.0.push(value),
            None if from.reach.is_some() && record.status == Status::Completed => found.2 += 1,
            _ if record.status == Status::Diverged => found.1 += 1,
            // A loss that is not finite after a whole epoch is a divergence too.
            Some(_) => found.1 += 1,
            None => {
                return Err(format!(
                    "its runs have no {}.{} {}; name a metric and an epoch that the sweep measures",
                    from.split,
                    from.metric,
                    from.epoch.map_or("at the end".to_owned(), |e| format!("after epoch {e}"))
                ));
            }
        }
    }
    if missing > 0 {
        let why = format!("{missing} of {} runs have no result", runs.len());
        return Ok(Found::Missing { why, remedy: trained.remedy.clone() });
    }
    Ok(Found::Seeds { values: found.0, diverged: found.1, never: found.2 })
}

/// Returns the runs of a plan that a row refers to, one per seed.
fn chosen<'a>(from: &FromSweep, plan: &'a Plan) -> Result<Vec<&'a PlannedRun>, String> {
    let of_label: Vec<&PlannedRun> =
        plan.runs.iter().filter(|run| run.label == from.optimizer).collect();
    if of_label.is_empty() {
        let labels: Vec<&str> = plan.optimizers.iter().map(|o| o.label.as_str()).collect();
        return Err(format!(
            "{}.toml has no optimizer `{}`; it has {}",
            from.sweep,
            from.optimizer,
            escape::line(&labels.join(", "))
        ));
    }
    let near = |lr: f64| from.lr.is_none_or(|wanted| (lr / wanted - 1.0).abs() <= 1e-5);
    let fits = |run: &&PlannedRun| {
        near(run.spec.optimizer.lr())
            && from
                .with
                .iter()
                .all(|(path, value)| run.axes.get(path).is_some_and(|v| same(v, value)))
    };
    let runs: Vec<&PlannedRun> = of_label.into_iter().filter(fits).collect();
    let Some(first) = runs.first() else {
        let lr = from.lr.map_or(String::new(), |lr| format!(" with lr {lr}"));
        return Err(format!(
            "{}.toml has no run of `{}`{lr} and these values; add them to the sweep, or fix the row",
            from.sweep, from.optimizer
        ));
    };
    if runs.iter().any(|run| run.config_id != first.config_id) {
        return Err(format!(
            "several configurations of `{}` in {}.toml fit; give `lr`, or further axes in `with`",
            from.optimizer, from.sweep
        ));
    }
    let Some(seeds) = &from.seeds else { return Ok(runs) };
    let of_seed = |seed: &u64| runs.iter().find(|run| run.spec.seed == *seed).copied();
    seeds
        .iter()
        .map(|seed| of_seed(seed).ok_or_else(|| format!("{}.toml has no seed {seed}", from.sweep)))
        .collect()
}

/// Returns whether two values of an axis are equal; an integer may be written as a float.
fn same(a: &spec::params::Value, b: &spec::params::Value) -> bool {
    use spec::params::Value::{Float, Int};
    match (a, b) {
        (Int(i), Float(x)) | (Float(x), Int(i)) => *i as f64 == *x,
        (Float(x), Float(y)) => x == y || (x / y - 1.0).abs() <= 1e-5,
        _ => a == b,
    }
}

/// Reads the row's number from one run; `None` if it was not measured, or never reached.
fn read(from: &FromSweep, record: &RunRecord) -> Option<f64> {
    let outcome = record.outcome.as_ref()?;
    let grain = Grain::of_run(&record.spec);
    let mut of = outcome
        .metrics
        .iter()
        .filter(|point| point.split == from.split && point.metric == from.metric);
    if let Some(selection) = from.reach {
        let there =
            |v: f64| if from.metric.higher_is_better() { v >= selection } else { v <= selection };
        return of.find(|point| there(point.value.0)).map(|point| grain.of_point(point) as f64);
    }
    match from.epoch {
        Some(epoch) => of.find(|point| point.epoch == epoch),
        None if record.status == Status::Completed => {
            let done = grain.done(outcome);
            of.find(|point| grain.of_point(point) == done)
        }
        None => None,
    }
    .map(|point| point.value.0)
}
