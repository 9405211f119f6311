//! Every figure of generated tables: zeros, ones, infinities, ties, one value and
//! spans of many decades.

use std::collections::HashMap;

use proptest::prelude::*;
use regression::Title;
use regression::figures::{changes, trend};
use report::analysis::Analysis;
use report::cross_task::{CrossTask, figures as cross_task};
use report::figures::points::{Measured, Points};
use report::table::RunRow;
use spec::metric::Metric;
use spec::params::Value;
use spec::record::{Split, Status};
use spec::report_settings::Band;

use crate::common::{Fixture, label};
use crate::frames::untrue;
use crate::regressed;

/// Losses of all sizes; those of diverged runs are not finite.
const LOSSES: [f64; 14] =
    [0.0, 1e-30, 1e-12, 1e-7, 0.01, 0.3, 0.3, 0.9, 2.3, 40.0, 1e7, 1e35, f64::INFINITY, f64::NAN];

/// Accuracies, none of them impossible.
const ACCURACIES: [f64; 10] =
    [0.0, 1.0, 0.1, 0.5, 0.9, 0.9, 0.97, 0.999, 1.0 - 1.0 / 30_000.0, f64::NAN];

/// A generated table: its sizes and the sources of its numbers.
#[derive(Clone, Debug)]
pub struct Generated {
    seeds: u64,
    rates: Vec<usize>,
    /// Indices into [`LOSSES`] and [`ACCURACIES`] from which numbers are drawn; a single index
    /// makes all of them equal.
    losses: Vec<usize>,
    accuracies: Vec<usize>,
    by_accuracy: bool,
    band: usize,
    /// Whether each learning rate was tried with another weight decay.
    random: bool,
    /// Exponent of ten from one learning rate to the next.
    spaced: i32,
    draw: u64,
}

pub fn generated() -> impl Strategy<Value = Generated> {
    (
        1u64..=4,
        prop::collection::vec(1usize..=3, 1..=3),
        prop::collection::vec(0..LOSSES.len(), 1..=6),
        prop::collection::vec(0..ACCURACIES.len(), 1..=5),
        any::<bool>(),
        0..Band::ALL.len(),
        any::<bool>(),
        prop_oneof![Just(1), Just(9)],
        any::<u64>(),
    )
        .prop_map(
            |(seeds, rates, losses, accuracies, by_accuracy, band, random, spaced, draw)| {
                Generated {
                    seeds,
                    rates,
                    losses,
                    accuracies,
                    by_accuracy,
                    band,
                    random,
                    spaced,
                    draw,
                }
            },
        )
}

impl Generated {
    /// Returns one of `of`, the same for the same arguments.
    fn pick(&self, of: &[usize], run: usize, what: u64) -> usize {
        let mut x = self.draw ^ (run as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ what << 17;
        x = (x ^ (x >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb);
        of[((x ^ (x >> 29)) % of.len() as u64) as usize]
    }

    fn value(&self, run: usize, metric: &str, what: u64) -> f64 {
        if metric == "accuracy" {
            ACCURACIES[self.pick(&self.accuracies, run, what)]
        } else {
            LOSSES[self.pick(&self.losses, run, what)]
        }
    }

    fn fixture(&self) -> Fixture {
        let labels = self.rates.iter().enumerate().map(|(i, n)| {
            let rates: Vec<f64> =
                (0..*n).map(|k| 1e-4 * 10f64.powi(self.spaced * k as i32)).collect();
            // Of the third label a schedule that ends at zero.
            let mut label =
                label(&format!("label {i}"), "adam", &rates, 1e-2, 0.02 + 0.01 * i as f64, 1e300);
            label.cosine = (i == 2).then_some(spec::schedule::Per::Epoch);
            label
        });
        Fixture {
            labels: labels.collect(),
            seeds: self.seeds,
            epochs: 3,
            ..Fixture::battle(self.seeds)
        }
    }

    /// Analyses the table; returns the points of its figures, too.
    pub fn analysed(&self) -> (Analysis, Points) {
        let fixture = self.fixture();
        let mut plan = fixture.plan();
        plan.report.band = Band::ALL[self.band];
        (plan.target.metric, plan.target.value) = match self.by_accuracy {
            true => (Metric::ACCURACY, Some(0.9)),
            false => (Metric::LOSS, Some(0.5)),
        };
        let (mut rows, mut points) = (Vec::new(), Points::default());
        let records: HashMap<_, _> = fixture.records().into_iter().map(|r| (r.run_id, r)).collect();
        for (i, run) in plan.runs.iter_mut().enumerate() {
            if self.random {
                let decay = 1e-3 * (1.0 + run.spec.optimizer.lr().log10().abs());
                run.axes.insert("optimizer.weight_decay".to_owned(), Value::Float(decay));
            }
            let mut record = records[&run.run_id].clone();
            let outcome = record.outcome.as_mut().unwrap();
            for (k, point) in outcome.metrics.iter_mut().enumerate() {
                // Of each epoch's losses some are equal, so that seeds tie.
                let what = if point.metric == "window_loss" { k as u64 % 5 } else { point.epoch };
                match point.metric.id() {
                    "seconds" => point.value = (0.5 * point.epoch as f64).into(),
                    "lr" => point.value = (point.value.0 * (what % 3) as f64).into(),
                    metric => point.value = self.value(i, metric, what).into(),
                }
            }
            let last = outcome.metrics.iter().filter(|p| p.split == Split::Test && p.epoch == 3);
            let diverged = last.clone().any(|p| p.metric == "loss" && !p.value.0.is_finite());
            if diverged {
                (record.status, outcome.status) = (Status::Diverged, Status::Diverged);
                (outcome.stop_reason, outcome.diverged_step) = (None, Some(outcome.steps));
            }
            for p in &outcome.metrics {
                let measured = Measured { epoch: p.epoch, step: p.step, value: p.value.0 };
                points.put(i, p.split, p.metric, measured);
            }
            rows.push(RunRow::of(&record, &plan.target));
        }
        (Analysis::new(plan, rows), points)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_that_is_finite_stays_inside_its_frame(table in generated()) {
        let (analysis, points) = table.analysed();
        let mut faults = Vec::new();
        for (name, figure) in report::figures::all(&analysis, &points) {
            faults.extend(untrue(name, &figure));
        }
        prop_assert!(faults.is_empty(), "{faults:#?}");
    }

    #[test]
    fn so_it_does_on_the_page_over_several_tasks(tables in prop::collection::vec(generated(), 2..=3)) {
        let tasks = tables.iter().map(|table| table.analysed().0).collect();
        let all = CrossTask::of(tasks);
        let mut faults = Vec::new();
        for (name, figure) in cross_task::all(&all) {
            faults.extend(untrue(name, &figure));
        }
        prop_assert!(faults.is_empty(), "{faults:#?}");
    }

    #[test]
    fn so_it_does_from_night_to_night(table in generated(), nights in 1usize..=5) {
        let mut r = regressed::with_history(regressed::regressed(), nights, &[]);
        for (i, t) in r.trends.iter_mut().enumerate() {
            for (k, p) in t.points.iter_mut().enumerate() {
                let share = t.metric.unit() == spec::regress_settings::EffectUnit::Share;
                let metric = if share { "accuracy" } else { "loss" };
                let mut ends = [0, 1, 2].map(|w| table.value(i, metric, (k * 3 + w) as u64));
                ends.sort_by(f64::total_cmp);
                (p.low, p.mean, p.high) = (ends[0], ends[1], ends[2]);
            }
        }
        for (i, config) in r.configs.iter_mut().enumerate() {
            for c in &mut config.changes {
                c.after = table.value(i, "loss", 7);
                c.effect = c.after - c.before;
                c.interval = Some((c.effect - 1.0, c.effect + table.value(i, "loss", 8)));
            }
        }
        let mut faults = Vec::new();
        if let Some(figure) = changes(&r, &Title::Nightly) {
            faults.extend(untrue("changes", &figure.explained()));
        }
        for t in r.trends.iter().step_by(3) {
            if let Some(figure) = trend(&r, t.series) {
                faults.extend(untrue("trend", &figure.explained()));
            }
        }
        prop_assert!(faults.is_empty(), "{faults:#?}");
    }
}

/// Together, the tables of this test draw every figure of networks.
#[test]
fn generated_tables_draw_every_figure() {
    let wide = Generated {
        seeds: 4,
        rates: vec![3, 3, 2],
        losses: (0..12).collect(),
        accuracies: (0..9).collect(),
        by_accuracy: true,
        band: 0,
        random: false,
        spaced: 1,
        draw: 5,
    };
    let (analysis, points) = wide.analysed();
    let drawn: Vec<&str> =
        report::figures::all(&analysis, &points).into_iter().map(|(name, _)| name).collect();
    let functions = ["landscape", "distance", "descent"];
    for name in report::figures::names() {
        let of_function = functions.iter().any(|f| name.starts_with(f));
        assert!(of_function || drawn.contains(&name), "{name} is not among {drawn:?}");
    }
}
