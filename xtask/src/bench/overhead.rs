//! Part `overhead`: overhead of the engine in a sweep of runs of about half a second, the
//! shortest that it is designed for.
//!
//! In an ideal sweep the slots train and evaluate all the time: it takes the sum of
//! `train_seconds` and `eval_seconds` of all runs, divided by the number of slots. The overhead
//! is the additional time of the process, with start, loading of the dataset and exit. It is
//! split by cause; the parts of one sweep add up to its overhead.
//!
//! Work of the engine that slows down training itself, such as writing the journal while all
//! cores train, counts as training here.

use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeMap;

use super::built::Artifact;
use super::journal::Record;
use super::sandbox::{Ran, Sandbox};
use super::stats::{Row, measured};
use super::worker::{Start, start};
use super::{Measured, Setup};

/// Default number of sweeps.
const REPETITIONS: usize = 3;

/// Goal: largest ratio of wall time to ideal wall time, minus 1.
const GOAL: f64 = 0.03;

/// Largest number of slots. With many slots, those that are idle at the end would hide the
/// engine's overhead.
const SLOTS: usize = 2;

/// Learning rates of both optimizers together.
const RATES: usize = 6;
/// Runs of the sweep.
const RUNS: usize = 240;

/// Measures the sweep a few times.
pub(super) fn measure(setup: &Setup) -> Result<Measured> {
    let root = setup.root;
    let (sweep, worker) = (setup.built.get(Artifact::Sweep)?, setup.built.get(Artifact::Worker)?);
    let repetitions = setup.repetitions(REPETITIONS);
    let slots = super::machine::cores().min(SLOTS);
    let jobs = slots.to_string();
    let args = ["--no-report", "--device", "libtorch:cpu", "--jobs", &jobs];
    let (mut starts, mut accounts) = (Vec::new(), Vec::new());
    for round in 1..=repetitions {
        eprintln!("xtask: bench: overhead, round {round} of {repetitions}");
        starts.push(start(worker, "libtorch:cpu", root)?);
        let sandbox = Sandbox::new(root, "overhead", &sweep_file())?;
        let ran = sandbox.sweep(sweep, worker, &args, 0)?;
        let records = sandbox.records()?;
        ensure!(records.len() == RUNS, "{} records for {RUNS} runs", records.len());
        accounts.push(Account::of(&records, &ran)?);
    }
    Ok(measured(&format!("engine, {RUNS} short runs on {slots} slots"), &rows(&accounts, &starts)))
}

fn rows(accounts: &[Account], starts: &[Start]) -> Vec<Row> {
    let row = |what: &str, unit, decimals, of: fn(&Account) -> f64| {
        Row::new(what, unit, decimals, accounts.iter().map(of).collect())
    };
    let alone =
        |what: &str, of: fn(&Start) -> f64| Row::new(what, "s", 3, starts.iter().map(of).collect());
    vec![
        row("**overhead**: wall time / ideal wall time - 1", "", 4, Account::overhead)
            .at_most(GOAL),
        row("wall time", "s", 2, |a| a.wall),
        row("training and evaluation of a run (mean)", "s", 3, |a| a.compute / a.runs),
        row("start: process start to a slot's first run", "s", 3, |a| a.start / a.slots),
        row("first run of a slot: worker start and dataset load", "s", 3, |a| a.first / a.slots),
        alone("the worker start alone: until the worker is ready", |s| s.ready),
        alone("the dataset load alone: MNIST and the first weights", |s| s.loaded),
        row("in a run, outside training and evaluation (mean)", "ms", 2, |a| {
            1e3 * a.inside / a.runs
        }),
        row("from a run's end to the slot's next (mean)", "ms", 2, |a| {
            1e3 * a.between / (a.runs - a.slots)
        }),
        row("steady state: overhead from the two rows above alone", "", 4, |a| {
            (a.inside + a.between) / a.compute
        }),
        row("slots idle while the last run ends", "s", 3, |a| a.idle / a.slots),
        row("exit: end of the last run to end of process", "s", 3, |a| a.exit / a.slots),
    ]
}

/// The time of a sweep by cause. All fields but `wall` are sums over the slots, in seconds: a
/// second in which two slots wait counts twice.
#[derive(Debug, Default)]
struct Account {
    runs: f64,
    slots: f64,
    wall: f64,
    /// Training and evaluation.
    compute: f64,
    start: f64,
    /// Extra time of the first run of each slot, compared with a usual run.
    first: f64,
    /// Time in runs outside of training and evaluation.
    inside: f64,
    between: f64,
    /// Time after a slot's last run, while other slots still train.
    idle: f64,
    exit: f64,
}

impl Account {
    fn of(records: &[Record], ran: &Ran) -> Result<Account> {
        let mut slots: BTreeMap<u64, Vec<&Record>> = BTreeMap::new();
        for record in records {
            slots.entry(record.slot).or_default().push(record);
        }
        let last = records.iter().map(|r| r.ended).fold(f64::NEG_INFINITY, f64::max);
        let mut account = Account {
            runs: records.len() as f64,
            slots: slots.len() as f64,
            wall: ran.ended - ran.begun,
            ..Account::default()
        };
        let (mut firsts, mut others) = (Vec::new(), Vec::new());
        for runs in slots.values_mut() {
            runs.sort_by(|a, b| a.started.total_cmp(&b.started));
            account.start += runs[0].started - ran.begun;
            account.idle += last - runs[runs.len() - 1].ended;
            account.between += runs.windows(2).map(|w| w[1].started - w[0].ended).sum::<f64>();
            for (place, run) in runs.iter().enumerate() {
                let compute = run.compute.with_context(|| {
                    format!("a run has no result; its status is {}", run.status)
                })?;
                account.compute += compute;
                if place == 0 { &mut firsts } else { &mut others }.push(run.seconds() - compute);
            }
        }
        ensure!(!others.is_empty(), "no slot had a second run");
        let usual = others.iter().sum::<f64>() / others.len() as f64;
        account.inside = usual * account.runs;
        account.first = firsts.iter().map(|first| first - usual).sum();
        account.exit = (ran.ended - last) * account.slots;
        Ok(account)
    }

    fn overhead(&self) -> f64 {
        self.wall * self.slots / self.compute - 1.0
    }
}

fn sweep_file() -> String {
    format!(
        "[data]\ndataset = \"mnist\"\nbatch_size = 128\nvalidation = 5000\n\
         [model]\nkind = \"mlp\"\nhidden = [128]\n\
         [train]\nepochs = 1\n\
         [repeat]\nseeds = {{ count = {} }}\n\
         [[optimizer]]\nkind = \"sgd\"\nlr = [0.01, 0.03, 0.1]\n\
         [[optimizer]]\nkind = \"adam\"\nlr = [3e-4, 1e-3, 3e-3]\n",
        RUNS / RATES
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(slot: u64, started: f64, ended: f64, compute: f64) -> Record {
        Record { slot, status: "completed".to_owned(), started, ended, compute: Some(compute) }
    }

    fn ran(begun: f64, ended: f64) -> Ran {
        Ran { begun, ended, peak: 0, cpu: 0.0, stdout: String::new() }
    }

    /// Returns records of two slots, out of order: 1 s of start, 2 s in each first run beyond the
    /// usual 0.25 s, gaps of 0.5 s, 1.75 s without a run in slot 1, 0.5 s of exit.
    fn made_up() -> Vec<Record> {
        vec![
            record(1, 11.0, 14.25, 1.0),
            record(0, 14.75, 16.0, 1.0),
            record(0, 11.0, 14.25, 1.0),
            record(1, 14.75, 16.0, 1.0),
            record(0, 16.5, 17.75, 1.0),
        ]
    }

    #[test]
    fn the_overhead_is_told_by_where_it_went() {
        let account = Account::of(&made_up(), &ran(10.0, 18.25)).unwrap();
        assert_eq!((account.runs, account.slots, account.wall), (5.0, 2.0, 8.25));
        assert_eq!((account.compute, account.start, account.first), (5.0, 2.0, 4.0));
        assert_eq!((account.inside, account.between), (1.25, 1.5));
        assert_eq!((account.idle, account.exit), (1.75, 1.0));
        assert_eq!(account.overhead(), 8.25 / 2.5 - 1.0);
    }

    #[test]
    fn the_parts_add_up_to_the_whole() {
        let a = Account::of(&made_up(), &ran(10.0, 18.25)).unwrap();
        let parts = a.start + a.first + a.inside + a.between + a.idle + a.exit;
        assert_eq!(parts, a.wall * a.slots - a.compute);
    }

    #[test]
    fn a_sweep_without_overhead_has_none() {
        let records = [record(0, 10.0, 11.0, 1.0), record(0, 11.0, 12.0, 1.0)];
        assert_eq!(Account::of(&records, &ran(10.0, 12.0)).unwrap().overhead(), 0.0);
    }

    #[test]
    fn records_that_tell_nothing_are_refused() {
        let failed = Record { compute: None, ..record(0, 10.0, 11.0, 1.0) };
        assert!(Account::of(&[failed], &ran(10.0, 12.0)).is_err());
        assert!(Account::of(&[record(0, 10.0, 11.0, 1.0)], &ran(10.0, 12.0)).is_err());
        assert!(Account::of(&[], &ran(10.0, 12.0)).is_err());
    }

    #[test]
    fn the_sweep_has_as_many_runs_as_are_expected() {
        let text = sweep_file();
        let rates: usize = text
            .lines()
            .filter_map(|line| line.strip_prefix("lr = ["))
            .map(|list| list.split(',').count())
            .sum();
        assert_eq!((rates, RUNS % RATES), (RATES, 0));
        assert!(text.contains(&format!("seeds = {{ count = {} }}", RUNS / RATES)), "{text}");
    }

    #[test]
    fn each_sweep_gives_each_row_a_value() {
        let accounts = [Account::of(&made_up(), &ran(10.0, 18.25)).unwrap()];
        let found = measured("t", &rows(&accounts, &[Start { ready: 0.2, loaded: 0.4 }]));
        assert!(
            found.table.contains("time - 1 | 2.3000 | at most 0.03: **missed** |"),
            "{}",
            found.table
        );
        assert!(found.table.contains("slot's next (mean) | 500.00 ms |"), "{}", found.table);
        assert!(!found.table.contains("NaN"), "{}", found.table);
        assert_eq!(found.missed.len(), 1);
    }
}
