//! Replays the decisions of tuning and confirming, with their cost, from a bank of recorded runs.
//! Nothing is trained.
//!
//!     cargo run --release -p report --example staged_bank -- STAGED.toml BANK/reports/NAME [REPETITIONS]
//!
//! The bank is the report folder of a sweep with the same runs on many seeds, say 60. Each
//! repetition draws different seeds of it for tuning and for confirming, and plans the stages of
//! the sweep file by the bank's records, as `sweep` would. The reference for the results is all
//! configurations on the first ten seeds of the bank.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::Path;

use report::analysis::{Analysis, Verdict, decide};
use report::table::RunRow;
use spec::Id;
use spec::identity::ConfigIds;
use spec::plan::{Plan, PlannedRun};
use spec::record::RunRecord;
use spec::{RunSpec, seed};
use store::layout::ReportDir;
use sweep_file::Overrides;

/// Number of seeds of the reference sweep.
const REFERENCE: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, bank, rest @ ..] = &args[..] else {
        return Err("give a staged sweep file and the report folder of the bank".into());
    };
    let repetitions = rest.first().map_or(Ok(20), |n| n.parse::<usize>())?;
    let staged = sweep_file::load(Path::new(file), &Overrides::default())
        .map_err(|diagnostics| diagnostics.to_string())?
        .plan;
    let dir = ReportDir::new(bank);
    let whole = store::plan(&dir)?;
    let journal = store::journal::read(&dir)?;
    let records = journal.best_for(whole.computed_on.as_ref());
    let reference = analysed(&reseeded(&whole, &whole.seeds[..REFERENCE]), &records)?;
    let claims = claims(&reference);
    let winner = front(&reference)?;
    let full = epochs(&reference.plan);
    println!("reference: {}", chosen(&reference));
    println!("reference: {REFERENCE} seeds, {full} run-epochs, {winner} first, claims {claims:?}");

    let (mut spent, mut right, mut contradicted) = (Vec::new(), 0, 0);
    for repetition in 0..repetitions {
        let analysis = repeat(&staged, &whole.seeds, &records, repetition)?;
        let cost = epochs(&analysis.plan);
        let found = self::claims(&analysis);
        let first = front(&analysis)?;
        let others = analysis.plan.optimizers.len() - 1;
        let beaten = found.iter().filter(|((better, _), _)| *better == first).count();
        let against = found.keys().filter(|(a, b)| claims.contains_key(&(b.clone(), a.clone())));
        let against: Vec<_> = against.collect();
        let is_right = first == winner && beaten == others;
        println!(
            "{repetition:>3}: {cost} run-epochs, {first} first, better than {beaten} of {others}, {} claims, {} contradict {against:?}",
            found.len(),
            against.len()
        );
        if !against.is_empty() {
            // Other configurations make other claims.
            println!("     {}", chosen(&analysis));
        }
        spent.push(cost);
        right += usize::from(is_right);
        contradicted += against.len();
    }
    spent.sort_unstable();
    let median = (spent[(repetitions - 1) / 2] + spent[repetitions / 2]) as f64 / 2.0;
    println!(
        "{right} of {repetitions} found {winner} significant against every other; {contradicted} claims contradict the \
         reference; run-epochs {} to {}, median {median} = {:.1}% of {full}",
        spent[0],
        spent[repetitions - 1],
        100.0 * median / full as f64
    );
    Ok(())
}

/// Plays the stages of a plan on seeds of the bank, each decided by the bank's records.
fn repeat(
    staged: &Plan,
    seeds: &[u64],
    records: &HashMap<Id, &RunRecord>,
    repetition: usize,
) -> Result<Analysis, Box<dyn Error>> {
    let order = seed::permutation(repetition as u64, 1, seeds.len());
    let drawn: Vec<u64> = order.into_iter().map(|i| seeds[i as usize]).collect();
    let fresh = staged.confirm.as_ref().map_or(0, |confirm| confirm.seeds.len());
    let tuning = staged.seeds.len();
    if drawn.len() < tuning + fresh {
        return Err("the bank has fewer seeds than tuning and confirming need".into());
    }
    let mut plan = reseeded(staged, &drawn[..tuning]);
    if let Some(confirm) = &mut plan.confirm {
        confirm.seeds = drawn[tuning..tuning + fresh].to_vec();
    }
    while let Some(decision) = decide(&plan, records) {
        plan.decide(decision);
    }
    analysed(&plan, records)
}

/// Returns a plan of the same configurations on other seeds.
fn reseeded(plan: &Plan, seeds: &[u64]) -> Plan {
    let mut runs = Vec::new();
    for config in plan.runs.chunk_by(|a, b| a.config_id == b.config_id) {
        let first = &config[0];
        let ids = ConfigIds::new(&first.spec);
        runs.extend(seeds.iter().map(|&seed| {
            let id = ids.with_seed(seed);
            let spec = RunSpec { seed, ..first.spec.clone() };
            PlannedRun { run_id: id.run, cell_id: id.cell, spec, ..first.clone() }
        }));
    }
    Plan { runs, seeds: seeds.to_vec(), ..plan.clone() }
}

/// Analyses a plan by the records of the bank, which must have every run.
fn analysed(plan: &Plan, records: &HashMap<Id, &RunRecord>) -> Result<Analysis, Box<dyn Error>> {
    let row = |run: &PlannedRun| {
        let record = records.get(&run.run_id);
        record
            .map(|r| RunRow::of(r, &plan.target))
            .ok_or_else(|| format!("the bank lacks {} with the seed {}", run.label, run.spec.seed))
    };
    let rows: Result<Vec<RunRow>, String> = plan.runs.iter().map(row).collect();
    Ok(Analysis::new(plan.clone(), rows?))
}

/// Returns pairs of labels of which the first is shown to be better, with the corrected p-value.
fn claims(analysis: &Analysis) -> BTreeMap<(String, String), f64> {
    let label = |config: usize| analysis.planned(&analysis.configs[config]).label.clone();
    let pairs = analysis.comparison().pairs.iter().filter(|pair| pair.verdict.is_significant());
    let claim = |pair: &report::analysis::Pair| {
        let (a, b) = (label(pair.first), label(pair.second));
        let couple = if pair.verdict == Verdict::Better { (a, b) } else { (b, a) };
        (couple, pair.adjusted.unwrap_or(1.0))
    };
    pairs.map(claim).collect()
}

/// `sgd lr 0.1, adam lr 0.001`: the configuration of each label.
fn chosen(analysis: &Analysis) -> String {
    let configs = analysis.best.iter().flatten().map(|&i| &analysis.configs[i]);
    let text = configs.map(|c| format!("{} {}", analysis.planned(c).label, analysis.describe(c)));
    text.collect::<Vec<_>>().join(", ")
}

fn front(analysis: &Analysis) -> Result<String, Box<dyn Error>> {
    let first = analysis.ranking().first().map(|config| analysis.planned(config).label.clone());
    first.ok_or_else(|| "no run has a result".into())
}

fn epochs(plan: &Plan) -> u64 {
    plan.runs.iter().map(|run| run.spec.train.epochs).sum()
}
