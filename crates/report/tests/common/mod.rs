//! Fabricated sweeps: a plan and a journal as the runner would leave them, with losses that fall.

#![allow(dead_code, reason = "each test file uses its own part")]

mod trained;

use std::{fs, path::Path};

use report::figures::points::Points;
use spec::device::DeviceName;
use spec::event::FailureKind;
use spec::identity::ids;
use spec::metric::Metric;
use spec::model::Mlp;
use spec::optimizer::{Adam, RmsProp, Sgd};
use spec::params::{Value, Values};
use spec::plan::{
    ArtifactOptions, PLAN_VERSION, Plan, PlannedOptimizer, PlannedRun, PoolEntry, Target,
};
use spec::record::{RunError, RunRecord, Split, Status};
use spec::run::{DataSpec, Loss, TrainSpec};
use spec::schedule::{Constant, Cosine, Per};
use spec::{DatasetName, ModelSpec, OptimizerSpec, RunSpec, ScheduleSpec};
use store::layout::ReportDir;

use trained::outcome;

/// Text that would like to be markup, a formula, a terminal escape or a link.
pub const HOSTILE: &str =
    "<script>alert(1)</script>|=cmd\x1b[31m`x`\n](http://evil.example)\"'&\u{202e}--><!--";

const DESCRIPTION: &str =
    "Convergence Battle: SGD, Momentum, RMSProp, Adam and cosine annealing on MNIST";

/// The end of a fabricated run.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    Completed,
    Diverged { step: u64 },
    Failed(String),
    Missing,
}

/// One label of a fabricated sweep.
#[derive(Clone, Debug)]
pub struct Label {
    pub name: String,
    pub kind: &'static str,
    pub lrs: Vec<f64>,
    /// Learning rate with the lowest loss.
    pub sweet: f64,
    /// Lowest loss that it can reach.
    pub floor: f64,
    /// Learning rate from which it diverges.
    pub diverges: f64,
    pub cosine: Option<Per>,
}

/// A fabricated sweep.
#[derive(Clone, Debug)]
pub struct Fixture {
    pub name: String,
    pub labels: Vec<Label>,
    pub seeds: u64,
    pub epochs: u64,
    /// Optimizer steps of a run in place of epochs; 0 for runs by epochs.
    pub steps: u64,
    pub validation: u64,
    /// Ends of single runs, by label, learning rate and seed.
    pub ends: Vec<(String, f64, u64, End)>,
    pub all: Option<End>,
    /// Validation accuracy to reach.
    pub target: f64,
}

pub fn label(
    name: &str,
    kind: &'static str,
    lrs: &[f64],
    sweet: f64,
    floor: f64,
    diverges: f64,
) -> Label {
    Label { name: name.to_owned(), kind, lrs: lrs.to_vec(), sweet, floor, diverges, cosine: None }
}

impl Fixture {
    /// The battle: five labels, five learning rates each.
    pub fn battle(seeds: u64) -> Self {
        let steep = [1e-3, 1e-2, 1e-1, 1.0, 10.0];
        let gentle = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2];
        let mut cosine = label("adam-cosine", "adam", &gentle, 2e-3, 0.012, 1e9);
        cosine.cosine = Some(Per::Epoch);
        Fixture {
            name: "battle".to_owned(),
            labels: vec![
                label("sgd", "sgd", &steep, 0.3, 0.05, 5.0),
                label("momentum", "sgd", &steep.map(|x| x / 10.0), 0.05, 0.022, 0.5),
                label("rmsprop", "rmsprop", &gentle, 8e-4, 0.03, 1e9),
                label("adam", "adam", &gentle, 1e-3, 0.018, 1e9),
                cosine,
            ],
            seeds,
            epochs: 5,
            steps: 0,
            validation: 5000,
            ends: Vec::new(),
            all: None,
            target: 0.97,
        }
    }

    /// The lesson's first sweep: one optimizer, one learning rate, one epoch.
    pub fn lesson() -> Self {
        Fixture {
            name: "01-sgd".to_owned(),
            labels: vec![label("sgd", "sgd", &[0.01], 0.3, 0.05, 5.0)],
            seeds: 1,
            epochs: 1,
            validation: 0,
            ..Fixture::battle(1)
        }
    }

    /// Twelve labels with long names.
    pub fn crowd() -> Self {
        let grid = [1e-3, 1e-2, 1e-1];
        let names = (0..12).map(|i| format!("momentum-{i:02}-nesterov-weight-decay-1e-{i}"));
        Fixture {
            name: "crowd".to_owned(),
            labels: names
                .enumerate()
                .map(|(i, n)| {
                    label(
                        &n,
                        "sgd",
                        &grid,
                        0.02,
                        0.02 + 0.003 * (i / 2) as f64 + 1e-6 * i as f64,
                        1e9,
                    )
                })
                .collect(),
            epochs: 12,
            ..Fixture::battle(3)
        }
    }

    /// Labels, name and messages that would like to be something else.
    pub fn hostile() -> Self {
        let mut fixture = Fixture { name: HOSTILE.to_owned(), ..Fixture::battle(3) };
        let names = [
            "=HYPERLINK(\"http://evil.example\",\"sgd\")".to_owned(),
            format!("momentum {HOSTILE}"),
            "@SUM(1+1)*cmd|' /C calc'!A0".to_owned(),
            "</script></style></svg><img src=x onerror=alert(1)>".to_owned(),
            format!("-1+1 {}", "very-long-without-a-break".repeat(8)),
        ];
        for (label, name) in fixture.labels.iter_mut().zip(names) {
            label.name = name;
        }
        let failing = fixture.labels[3].name.clone();
        fixture.ends = vec![(failing, 1e-3, 1, End::Failed(format!("panicked: {HOSTILE}")))];
        fixture
    }

    /// Eight labels, each with `rates` learning rates.
    pub fn grid(rates: usize, seeds: u64, epochs: u64) -> Self {
        let lrs: Vec<f64> = (0..rates).map(|i| 1e-4 * 1.5f64.powi(i as i32)).collect();
        let labels = (0..8).map(|i| {
            label(&format!("adam-{i}"), "adam", &lrs, 1e-3, 0.02 + 0.004 * f64::from(i), 1e9)
        });
        let mut fixture = Fixture { epochs, ..Fixture::battle(seeds) };
        fixture.labels = labels.collect();
        // Adam knows its labels apart by nothing else.
        for (i, label) in fixture.labels.iter_mut().enumerate() {
            label.lrs.iter_mut().for_each(|lr| *lr *= 1.0 + 0.01 * i as f64);
        }
        fixture
    }

    fn optimizer(label: &Label, lr: f64) -> OptimizerSpec {
        match label.kind {
            "sgd" => {
                let momentum = if label.name.starts_with("momentum") { 0.9 } else { 0.0 };
                OptimizerSpec::Sgd(Sgd {
                    lr,
                    momentum,
                    dampening: 0.0,
                    nesterov: false,
                    weight_decay: label.floor * 1e-6,
                })
            }
            "rmsprop" => OptimizerSpec::RmsProp(RmsProp {
                lr,
                alpha: 0.99,
                eps: 1e-8,
                momentum: 0.0,
                centered: false,
                weight_decay: 0.0,
            }),
            _ => OptimizerSpec::Adam(Adam {
                lr,
                beta1: 0.9,
                beta2: 0.999,
                eps: 1e-8,
                weight_decay: 0.0,
                amsgrad: false,
            }),
        }
    }

    pub fn plan(&self) -> Plan {
        let mut runs = Vec::new();
        let (epochs, loss) = (self.epochs, Loss::CrossEntropy);
        for label in &self.labels {
            for &lr in &label.lrs {
                for seed in 0..self.seeds {
                    let mut spec = RunSpec {
                        data: DataSpec {
                            validation: self.validation,
                            ..DataSpec::new(DatasetName::Mnist.into(), 64)
                        },
                        model: ModelSpec::Mlp(Mlp {
                            hidden: vec![128],
                            activation: spec::model::Activation::Relu,
                            dropout: 0.0,
                            batch_norm: false,
                        }),
                        train: TrainSpec {
                            epochs,
                            loss,
                            label_smoothing: 0.0,
                            l2: 0.0,
                            steps: self.steps,
                        },
                        optimizer: Self::optimizer(label, lr),
                        schedule: ScheduleSpec::Constant(Constant {}),
                        seed,
                        early_stopping: None,
                        stop_at: None,
                        update: Default::default(),
                        groups: Vec::new(),
                        warmup: None,
                        init: Default::default(),
                        evaluate_every: 0,
                        evaluate_samples: 0,
                    };
                    if let Some(per) = label.cosine {
                        let t_max = if per == Per::Epoch { epochs } else { spec.total_steps() };
                        spec.schedule = ScheduleSpec::Cosine(Cosine { per, min_lr: 0.0, t_max });
                    }
                    let ids = ids(&spec);
                    let axes = match label.lrs.len() {
                        0 | 1 => Values::new(),
                        _ => Values::from([("optimizer.lr".to_owned(), Value::Float(lr))]),
                    };
                    runs.push(PlannedRun {
                        label: label.name.clone(),
                        run_id: ids.run,
                        config_id: ids.config,
                        cell_id: ids.cell,
                        axes,
                        stage: Default::default(),
                        spec,
                    });
                }
            }
        }
        let optimizers = self.labels.iter().map(|l| PlannedOptimizer {
            label: l.name.clone(),
            kind: l.kind.to_owned(),
            axes: if l.lrs.len() > 1 { vec!["optimizer.lr".to_owned()] } else { Vec::new() },
            random: Vec::new(),
            zipped: Vec::new(),
            extend: Vec::new(),
        });
        Plan {
            v: PLAN_VERSION,
            name: self.name.clone(),
            description: DESCRIPTION.to_owned(),
            file: format!("experiments/{}.toml", self.name),
            text: "name = \"battle\"\n\n[data]\ndataset = \"mnist\"\n".to_owned(),
            overrides: vec!["--set train.epochs=5".to_owned()],
            metrics: Vec::new(),
            target: Target {
                split: Split::Validation,
                metric: Metric::ACCURACY,
                value: Some(self.target),
                at: Default::default(),
            },
            claim: None,
            seeds: (0..self.seeds).collect(),
            until: None,
            tuning: None,
            confirm: None,
            decisions: Vec::new(),
            superseded: Vec::new(),
            optimizers: optimizers.collect(),
            runs,
            pool: vec![PoolEntry { device: DeviceName::Auto, slots: None }],
            threads_per_run: Default::default(),
            fast_path: true,
            tf32: false,
            libtorch: Default::default(),
            keeping: ArtifactOptions::default(),
            regress: Default::default(),
            report: Default::default(),
            lints: Vec::new(),
            data: None,
            computed_on: None,
        }
    }

    fn end(&self, label: &Label, lr: f64, seed: u64, steps: u64) -> End {
        if let Some((.., end)) =
            self.ends.iter().find(|(l, x, s, _)| *l == label.name && *x == lr && *s == seed)
        {
            return end.clone();
        }
        if let Some(end) = &self.all {
            return end.clone();
        }
        // Near the edge only some seeds diverge.
        let margin = lr * if seed.is_multiple_of(2) { 1.0 } else { 1.6 };
        if margin >= label.diverges {
            End::Diverged { step: 1 + (steps / 7 + 31 * seed) % steps }
        } else {
            End::Completed
        }
    }

    pub fn records(&self) -> Vec<RunRecord> {
        let plan = self.plan();
        let labels = self
            .labels
            .iter()
            .flat_map(|l| std::iter::repeat_n(l, l.lrs.len() * self.seeds as usize));
        plan.runs.iter().zip(labels).filter_map(|(run, label)| self.record(run, label)).collect()
    }

    fn record(&self, run: &PlannedRun, label: &Label) -> Option<RunRecord> {
        let end = self.end(label, run.spec.optimizer.lr(), run.spec.seed, run.spec.total_steps());
        let (status, outcome, error) = match end {
            End::Missing => return None,
            End::Failed(message) => (
                Status::Failed,
                None,
                Some(RunError { kind: FailureKind::Panic, message, log_tail: String::new() }),
            ),
            End::Completed => (Status::Completed, Some(outcome(run, label, None)), None),
            End::Diverged { step } => {
                (Status::Diverged, Some(outcome(run, label, Some(step))), None)
            }
        };
        Some(RunRecord {
            outcome,
            error,
            slot: run.spec.seed % 2,
            jobs: 2,
            ..test_records::record(run, status)
        })
    }

    /// Writes `plan.json` and a journal into `folder`.
    pub fn write(&self, folder: &Path) -> ReportDir {
        let dir = ReportDir::new(folder);
        fs::create_dir_all(dir.journal()).unwrap();
        fs::write(dir.plan(), serde_json::to_vec_pretty(&self.plan()).unwrap()).unwrap();
        let lines: Vec<Vec<u8>> =
            self.records().iter().map(|r| store::journal_line::write(r).unwrap()).collect();
        fs::write(dir.journal().join("20261123T150000Z-host-1.jsonl"), lines.concat()).unwrap();
        dir
    }

    /// Collects and analyses the sweep; returns the points of the figures, too.
    pub fn analysed(&self, folder: &Path) -> (report::analysis::Analysis, Points) {
        let dir = self.write(folder);
        report::collect(&dir).unwrap();
        let rows: Vec<_> = {
            let by_id: std::collections::HashMap<_, _> =
                self.records().into_iter().map(|r| (r.run_id, r)).collect();
            let plan = self.plan();
            let row = |r: &PlannedRun| {
                let record = by_id.get(&r.run_id);
                record.map(|r| report::table::RunRow::of(r, &plan.target)).unwrap_or_default()
            };
            plan.runs.iter().map(row).collect()
        };
        let analysis = report::analysis::Analysis::new(self.plan(), rows);
        let points = Points::read(&dir.metrics(), &analysis).unwrap();
        (analysis, points)
    }
}
