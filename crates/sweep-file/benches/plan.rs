//! Benchmarks of planning a sweep and of reading and writing records: part `micro` of
//! `cargo xtask bench`.

use divan::{Bencher, black_box};
use spec::RunSpec;
use spec::identity::ids;
use spec::record::RunRecord;
use spec::seed::permutation;
use store::journal_line::{read, write};
use sweep_file::{Overrides, load_text};

fn main() {
    divan::main();
}

/// Returns a sweep file with four optimizers, five seeds, and enough learning rates for `runs`
/// runs.
fn sweep_file(runs: usize) -> String {
    let optimizers: String = ["sgd", "rmsprop", "adam", "adamw"]
        .map(|kind| {
            let points = runs / 20;
            format!(
                "[[optimizer]]\nkind = \"{kind}\"\nlr = {{ log = [1e-6, 1e0], points = {points} }}\n"
            )
        })
        .concat();
    format!(
        "[data]\ndataset = \"mnist\"\nvalidation = 5000\n[model]\nkind = \"mlp\"\n\
         [repeat]\nseeds = {{ count = 5 }}\n{optimizers}"
    )
}

fn runs(count: usize) -> Vec<RunSpec> {
    let loaded = load_text("x.toml", "x", sweep_file(count), &Overrides::default());
    let runs: Vec<RunSpec> =
        loaded.expect("a good file").plan.runs.into_iter().map(|run| run.spec).collect();
    assert_eq!(runs.len(), count);
    runs
}

/// Returns a record with `points` points, migrated from an old version to the current one.
fn record(points: usize) -> RunRecord {
    let line = include_str!("../../store/tests/records/version-1.jsonl").lines().next();
    let mut record = read(line.expect("a line").as_bytes()).expect("a record");
    let metrics = &mut record.outcome.as_mut().expect("a result").metrics;
    *metrics = metrics.iter().cycle().take(points).cloned().collect();
    record
}

#[divan::bench(name = "sweep file to plan (runs)", args = [1_000, 10_000])]
fn plan(bencher: Bencher, count: usize) {
    bencher.with_inputs(|| sweep_file(count)).bench_values(|text| {
        load_text("x.toml", "x", text, &Overrides::default()).expect("a good file")
    });
}

#[divan::bench(name = "the three ids of a run")]
fn run_ids(bencher: Bencher) {
    let run = runs(20).swap_remove(0);
    bencher.bench_local(|| ids(black_box(&run)));
}

#[divan::bench(name = "order of an epoch (samples)", args = [60_000])]
fn order(samples: usize) -> Vec<u32> {
    permutation(black_box(1), 1, samples)
}

#[divan::bench(name = "write a record's line (points)", args = [100])]
fn write_line(bencher: Bencher, points: usize) {
    let record = record(points);
    bencher.bench_local(|| write(black_box(&record)).expect("JSON types only"));
}

#[divan::bench(name = "read and check it (points)", args = [100])]
fn read_line(bencher: Bencher, points: usize) {
    let line = write(&record(points)).expect("JSON types only");
    let line = line.trim_ascii_end();
    bencher.bench_local(|| read(black_box(line)).expect("a record"));
}
