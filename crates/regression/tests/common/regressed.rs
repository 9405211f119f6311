//! Fabricated regressions, like those from comparing two nights.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod extreme;

use regression::baseline::Accepted;
use regression::{
    Change, ConfigChange, Facts, Finding, Gap, GapKind, Method, Regression, Segment, Trend,
    TrendPoint, TrendStep, Verdict,
};
use spec::Id;
use spec::metric::{EpochMetric, Metric};
use spec::record::Split;
use spec::regress_settings::{EffectUnit, RegressMetric, RegressSettings};

use RegressMetric::*;

/// Returns a pseudo-random number from -1 to 1, determined by the arguments.
fn noise(a: usize, b: usize) -> f64 {
    let mut x = (a as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (b as u64 + 1).wrapping_mul(0xd1b5_4a32_d192_ed03);
    x = (x ^ (x >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 29)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Returns the facts of night `i` of a history that began in October.
pub fn facts(i: usize) -> Facts {
    let (month, day) = if i < 31 { (10, i + 1) } else { (11 + (i - 31) / 30, (i - 31) % 30 + 1) };
    let (year, month) = (2026 + (month - 1) / 12, (month - 1) % 12 + 1);
    Facts {
        experiment: "battle".to_owned(),
        started: format!("{year}-{month:02}-{day:02}T02:00:00Z"),
        commit: Some(Id::of(format!("night {i}")).to_string() + "0badc0de"),
        dirty: Some(false),
        backend: Some("libtorch".to_owned()),
        device_kind: Some("cpu".to_owned()),
        device_model: Some("AMD EPYC 7B13".to_owned()),
        processor: None,
        taken_for: None,
        cpu_features: Some("avx2".to_owned()),
        driver: None,
        libtorch: Some("2.9.0".to_owned()),
        code: Some("c0de".to_owned()),
        target: Some("validation.accuracy 0.97".to_owned()),
    }
}

/// Returns the quantities that the first release measured, so that new metrics change no snapshot.
fn compared() -> Vec<RegressMetric> {
    let at_first =
        |m: &RegressMetric| m.epoch_metric().is_none_or(|of| of.metric.description().column_always);
    // The runs of these nights are by epochs.
    RegressMetric::all().into_iter().filter(at_first).filter(|m| *m != TargetStep).collect()
}

/// Returns the index of a quantity in [`compared`].
fn place(metric: RegressMetric) -> usize {
    compared().iter().position(|m| *m == metric).unwrap()
}

/// Returns the value of a metric without any change.
fn usual(metric: RegressMetric) -> f64 {
    match metric {
        AtEnd(EpochMetric::TRAIN_LOSS) => 0.0214,
        AtEnd(of) => match of.metric {
            Metric::LOSS => 0.0712,
            Metric::ACCURACY => 0.9781,
            Metric::TOP5_ACCURACY => 0.9991,
            _ => 0.9779,
        },
        BestValidationAccuracy => 0.9792,
        TargetEpoch => 2.4,
        TargetStep => 940.0,
        Diverged => 0.0,
        Steps => 1720.0,
        SecondsPerEpoch => 3.12,
    }
}

/// Returns the change of a metric whose mean moved by `effect` in its own unit.
pub fn change(metric: RegressMetric, seeds: u64, effect: f64, finding: Finding) -> Change {
    let before = usual(metric);
    let absolute = if metric.unit() == EffectUnit::Relative { effect * before } else { effect };
    let exact = matches!(metric, Diverged | Steps);
    let spread = if exact { 0.0 } else { absolute.abs().max(before * 1e-3) * 0.4 };
    let each = |seed: u64| {
        let (base, own) = (noise(seed as usize, place(metric)), noise(seed as usize, 99));
        match metric {
            // The share is converted to a number of seeds.
            Diverged => (seed, 0.0, f64::from((seed as f64) < effect * seeds as f64)),
            Steps => (seed, before, before + absolute),
            _ => (
                seed,
                before * (1.0 + 0.01 * base),
                before * (1.0 + 0.01 * base) + absolute + spread * own,
            ),
        }
    };
    let identical = finding == Finding::Identical;
    let seeds: Vec<(u64, f64, f64)> =
        (0..seeds).map(each).map(|(s, a, b)| (s, a, if identical { a } else { b })).collect();
    let mean = |of: fn(&(u64, f64, f64)) -> f64| {
        seeds.iter().map(of).sum::<f64>() / seeds.len().max(1) as f64
    };
    let (before, after) = (mean(|s| s.1), mean(|s| s.2));
    let effect = match metric.unit() {
        EffectUnit::Relative => (after - before) / before,
        _ => after - before,
    };
    let reach = match finding {
        Finding::NotShown => effect.abs() * 1.4 + 1e-3,
        _ => effect.abs() * 0.45,
    };
    let few = seeds.len() < 6;
    let without = identical || exact || finding == Finding::Unknown;
    Change {
        metric,
        before,
        after,
        effect,
        interval: (!without).then_some((effect - reach, effect + reach)),
        method: match (exact, few) {
            (true, _) => Method::Exact,
            (false, true) => Method::StudentT,
            (false, false) => Method::SignFlips,
        },
        min_effect: metric.default_min_effect(),
        finding,
        seeds,
    }
}

pub fn config(label: &str, config: &str, identical: usize, changes: Vec<Change>) -> ConfigChange {
    let pairs = changes.first().map_or(0, |c| c.seeds.len());
    ConfigChange {
        series: Id::of(format!("{label} {config}")),
        label: label.to_owned(),
        config: config.to_owned(),
        pairs,
        identical,
        changes,
    }
}

/// Returns changes of every metric of a configuration with the same finding.
pub fn all_metrics(seeds: u64, finding: Finding) -> Vec<Change> {
    let least = if finding == Finding::Identical { 0.0 } else { 0.3 };
    compared()
        .iter()
        .map(|m| match m {
            // Metrics without noise stay the same.
            Diverged | Steps => change(*m, seeds, 0.0, Finding::Identical),
            _ => change(*m, seeds, least * m.default_min_effect(), finding),
        })
        .collect()
}

/// Builds a regression from `configs`, with counts and family derived from them.
pub fn regression(verdict: Verdict, configs: Vec<ConfigChange>) -> Regression {
    Regression {
        verdict,
        before: Some(facts(8)),
        after: facts(39),
        accepted: Some(Accepted {
            v: 1,
            accepted: "2026-10-09T08:12:00Z".to_owned(),
            reason: "first release".to_owned(),
            commit: facts(8).commit,
            dirty: Some(false),
            night: facts(8).started,
            runs: 60,
        }),
        settings: RegressSettings::default(),
        pairs: configs.iter().map(|c| c.pairs).sum(),
        identical: configs.iter().map(|c| c.identical).sum(),
        unasked: Vec::new(),
        gained: Vec::new(),
        family: configs.iter().map(|c| c.changes.len()).sum(),
        configs,
        gaps: Vec::new(),
        no_seconds: None,
        no_target: None,
        nights: Vec::new(),
        segments: Vec::new(),
        trends: Vec::new(),
    }
}

const LABELS: [(&str, &str); 6] = [
    ("sgd", "lr 0.1"),
    ("sgd", "lr 1"),
    ("momentum", "lr 0.1"),
    ("rmsprop", "lr 0.001"),
    ("adam", "lr 0.001"),
    ("adam-cosine", "lr 0.003"),
];

pub fn identical() -> Regression {
    let configs =
        LABELS.map(|(l, c)| config(l, c, 10, all_metrics(10, Finding::Identical))).to_vec();
    with_history(regression(Verdict::Identical, configs), 12, &[])
}

pub fn unchanged() -> Regression {
    let configs = LABELS.map(|(l, c)| config(l, c, 3, all_metrics(10, Finding::NotShown))).to_vec();
    Regression {
        no_seconds: Some("4 threads a run in the baseline, 2 tonight".to_owned()),
        ..with_history(regression(Verdict::Unchanged, configs), 40, &[])
    }
}

/// Returns a regression of several metrics of several configurations, and one improvement.
pub fn regressed() -> Regression {
    let mut r = unchanged();
    r.verdict = Verdict::Regressed;
    r.no_seconds = None;
    let mut put = |at: usize, change: Change| {
        let config: &mut ConfigChange = &mut r.configs[at];
        config.identical = 0;
        let held = config.changes.iter_mut().find(|c| c.metric == change.metric);
        *held.expect("every metric") = change;
    };
    put(2, change(RegressMetric::TEST_LOSS, 10, 0.12, Finding::Regressed));
    put(2, change(RegressMetric::TEST_ACCURACY, 10, -0.0124, Finding::Regressed));
    put(2, change(TargetEpoch, 10, 1.5, Finding::Regressed));
    put(2, change(RegressMetric::TRAIN_LOSS, 10, 0.007, Finding::Small));
    put(1, change(Diverged, 10, 0.2, Finding::Regressed));
    put(4, change(Steps, 10, -1.0 / 1720.0, Finding::Regressed));
    put(5, change(SecondsPerEpoch, 10, -0.31, Finding::Improved));
    put(
        5,
        change(
            RegressMetric::at_end(Split::Validation, Metric::ACCURACY),
            10,
            0.0071,
            Finding::Improved,
        ),
    );
    r
}

pub fn improved() -> Regression {
    let mut r = unchanged();
    r.verdict = Verdict::Improved;
    r.nights.clear();
    r.trends.clear();
    r.configs[4].changes[3] = change(RegressMetric::TEST_LOSS, 10, -0.062, Finding::Improved);
    r
}

/// Returns a regression with every kind of gap.
pub fn incomplete() -> Regression {
    let mut r = unchanged();
    r.verdict = Verdict::Incomplete;
    let gap = |at: usize, seeds: std::ops::Range<u64>, kind: GapKind| Gap {
        label: LABELS[at].0.to_owned(),
        config: LABELS[at].1.to_owned(),
        seeds: seeds.collect(),
        kind,
    };
    r.gaps = vec![
        gap(0, 0..5, GapKind::NotPlanned),
        gap(1, 3..4, GapKind::NotInBaseline),
        gap(2, 0..2, GapKind::NoBaselineResult),
        gap(3, 0..5, GapKind::Missing),
        gap(4, 2..3, GapKind::Failed("failed: out of memory (os error 12)".to_owned())),
        gap(5, 2..3, GapKind::Failed("failed: out of memory (os error 12)".to_owned())),
        gap(5, 0..10, GapKind::Unpaired("other initial weights".to_owned())),
    ];
    let changes = &mut r.configs[3].changes;
    changes.iter_mut().for_each(|c| *c = change(c.metric, 1, 0.0, Finding::Unknown));
    r
}

pub fn first_night() -> Regression {
    let configs = LABELS.map(|(l, c)| config(l, c, 0, all_metrics(5, Finding::NotShown))).to_vec();
    let mut r = with_history(regression(Verdict::Unchanged, configs), 1, &[]);
    r.segments[0].why = None;
    r
}

/// Returns a regression without a baseline and a history.
pub fn no_baseline() -> Regression {
    let mut r = regression(Verdict::Incomplete, Vec::new());
    (r.before, r.accepted) = (None, None);
    r
}

/// Adds a history of `nights` nights for every configuration and metric, tonight last. `moves` are
/// nights and factors by which losses are multiplied from there on.
pub fn with_history(mut r: Regression, nights: usize, moves: &[(usize, f64)]) -> Regression {
    r.nights = (0..nights).map(facts).collect();
    r.after = r.nights.last().cloned().unwrap_or_default();
    r.segments = vec![Segment { from: 0, why: None }];
    r.trends = Vec::new();
    for (i, config) in r.configs.iter().enumerate() {
        for c in &config.changes {
            let loss = c.metric.epoch_metric().is_some_and(|of| of.metric == Metric::LOSS);
            let level = |night: usize| {
                let past = moves.iter().filter(|(at, _)| loss && *at <= night);
                past.map(|(_, factor)| factor).product::<f64>()
            };
            let point = |night: usize| {
                let quiet = matches!(c.metric, Steps | Diverged);
                let own = if quiet { 0.0 } else { 0.004 * noise(night, i * 16 + place(c.metric)) };
                let (mean, wide) =
                    (c.before * level(night) * (1.0 + own), if quiet { 0.0 } else { 0.012 });
                let high = mean * (1.0 + wide);
                let top = if c.metric.unit() == EffectUnit::Share { high.min(1.0) } else { high };
                TrendPoint { night, mean, low: mean * (1.0 - wide), high: top }
            };
            r.trends.push(Trend {
                series: config.series,
                label: config.label.clone(),
                config: config.config.clone(),
                metric: c.metric,
                points: (0..nights).map(point).collect(),
                steps: Vec::new(),
                thin: Vec::new(),
                apart: Vec::new(),
            });
        }
    }
    r
}

pub fn step(r: &mut Regression, trend: usize, (last_good, until): (usize, usize), alarm: bool) {
    let drift = until - last_good > 1;
    let points = &mut r.trends[trend].points;
    let (before, factor) = (points[last_good].mean, 1.06);
    for p in points.iter_mut().filter(|p| p.night > last_good) {
        let part = (p.night - last_good) as f64 / (until - last_good) as f64;
        let by = 1.0 + (factor - 1.0) * part.min(1.0);
        (p.mean, p.low, p.high) = (p.mean * by, p.low * by, p.high * by);
    }
    let after = points[until].mean;
    r.trends[trend].steps.push(TrendStep {
        at: last_good + 1,
        last_good,
        until,
        drift,
        before,
        after,
        effect: after / before - 1.0,
        effect_since: None,
        nights_before: last_good + 1,
        nights_after: 40 - until,
        worse: true,
        alarm,
    });
}

/// Returns forty nights with a change of machine, a jump, a drift and an old step.
pub fn history() -> Regression {
    let mut r = with_history(unchanged(), 40, &[]);
    r.verdict = Verdict::Regressed;
    r.nights.iter_mut().take(9).for_each(|f| f.libtorch = Some("2.8.0".to_owned()));
    r.segments
        .push(Segment { from: 9, why: Some("libtorch changed from 2.8.0 to 2.9.0".to_owned()) });
    let of = |r: &Regression, label: &str, metric| {
        r.trends.iter().position(|t| t.label == label && t.metric == metric).expect("there")
    };
    for (label, metric, nights, alarm) in [
        ("momentum", RegressMetric::TEST_LOSS, (19, 20), true),
        ("momentum", AtEnd(EpochMetric::VALIDATION_LOSS), (19, 20), true),
        ("adam", RegressMetric::TRAIN_LOSS, (24, 34), true),
        ("sgd", RegressMetric::TEST_LOSS, (11, 12), false),
        ("sgd", RegressMetric::TEST_LOSS, (29, 30), true),
    ] {
        let at = of(&r, label, metric);
        step(&mut r, at, nights, alarm);
    }
    // A night of uncommitted work.
    r.nights[20].dirty = Some(true);
    r
}
