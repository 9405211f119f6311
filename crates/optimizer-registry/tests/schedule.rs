//! Tests that every schedule equals torch's, past its end and after a warmup. PyTorch computes most
//! rates from the previous one; the closed form may differ by the rounding of that recursion,
//! relative to the largest rate.

use std::collections::BTreeSet;

use optimizer_registry::schedule::{lr, plateau::Plateau};
use serde::Deserialize;
use serde_json::Value;
use spec::ScheduleSpec;
use spec::schedule::{Per, Plateau as Settings, Warmup};

#[derive(Deserialize)]
struct Curves {
    curves: Vec<Curve>,
}

#[derive(Deserialize)]
struct Curve {
    base_lr: f64,
    schedule: Value,
    warmup: Option<Value>,
    lr: Vec<f64>,
}

/// Reads the spec of the file, or the same with every `per` set to batches.
fn read<T: serde::de::DeserializeOwned>(value: &Value, per_batch: bool) -> T {
    let mut text = value.to_string();
    if per_batch {
        text = text.replace("\"per\":\"epoch\"", "\"per\":\"batch\"");
    }
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn curves_follow_torch_per_epoch_and_per_batch() {
    let text = include_str!("golden-schedules/curves.json");
    let golden: Curves = serde_json::from_str(text).expect("curves.json");
    let mut seen = BTreeSet::new();
    let mut largest: f64 = 0.0;
    for curve in &golden.curves {
        let spec = |per_batch| read::<ScheduleSpec>(&curve.schedule, per_batch);
        let warmup = |per_batch| curve.warmup.as_ref().map(|w| read::<Warmup>(w, per_batch));
        seen.insert((spec(false).kind().to_owned(), curve.warmup.is_some()));
        for (t, &want) in curve.lr.iter().enumerate() {
            let t = t as u64;
            // The other counter must not matter.
            let per_epoch = lr(&spec(false), warmup(false).as_ref(), curve.base_lr, t, 977 * t + 1);
            let per_batch = lr(&spec(true), warmup(true).as_ref(), curve.base_lr, t / 10 + 3, t);
            assert_eq!(per_epoch, per_batch, "{} at {t}", curve.schedule);
            let scale = curve.lr.iter().fold(curve.base_lr, |a, b| a.max(*b));
            let error = (per_epoch - want).abs() / scale;
            largest = largest.max(error);
            assert!(error < 1e-13, "{} unit {t}: {per_epoch} for {want}", curve.schedule);
        }
    }
    println!("largest error {largest:.1e}");
    // A new kind without a curve fails here; these have no counterpart in torch or no curve.
    for kind in
        ScheduleSpec::KINDS.iter().filter(|k| !["inverse-sqrt", "plateau"].contains(&k.name))
    {
        assert!(seen.contains(&(kind.name.to_owned(), true)), "{} behind a warmup", kind.name);
        assert!(kind.name == "constant" || seen.contains(&(kind.name.to_owned(), false)));
    }
}

/// Checks `linear-decay` and `wsd` at every length after every warmup: the rate is reached when the
/// warmup ends, never rises after it, and the end comes one unit after the run.
#[test]
fn decays_of_a_run_begin_at_the_rate_and_end_one_unit_after_it() {
    let base = 0.7;
    let mut kinds = Vec::new();
    for end in [0.0, 0.25] {
        kinds.push((format!("\"kind\": \"linear-decay\", \"end_factor\": {end}"), end));
        for shape in ["linear", "1-sqrt", "cosine"] {
            for decay in [0.1, 0.5, 1.0] {
                let keys = format!("\"shape\": \"{shape}\", \"decay\": {decay}");
                kinds.push((format!("\"kind\": \"wsd\", {keys}, \"min_factor\": {end}"), end));
            }
        }
    }
    for (keys, end) in kinds {
        for run in 1..40_u64 {
            for warmup in [0, 1, run / 10, run / 2].into_iter().filter(|w| *w < run) {
                let keys =
                    format!("{{ {keys}, \"per\": \"batch\", \"total_iters\": {} }}", run - warmup);
                let spec: ScheduleSpec = serde_json::from_str(&keys).expect(&keys);
                let rise =
                    (warmup > 0).then_some(Warmup { per: Per::Batch, length: warmup, start: 0.1 });
                let rates: Vec<f64> =
                    (0..run + 3).map(|step| lr(&spec, rise.as_ref(), base, 0, step)).collect();
                let (rising, falling) = rates.split_at(warmup as usize);
                assert!(rising.iter().all(|rate| *rate < base), "{keys}: {rates:?}");
                assert_eq!(falling[0], base, "{keys}");
                assert!(falling.windows(2).all(|p| p[1] <= p[0]), "{keys}: {rates:?}");
                assert!(rates[run as usize - 1] > base * end, "{keys}: {rates:?}");
                assert!(rates[run as usize..].iter().all(|rate| *rate == base * end), "{keys}");
            }
        }
    }
}

#[derive(Deserialize)]
struct Plateaus {
    runs: Vec<PlateauRun>,
}

#[derive(Deserialize)]
struct PlateauRun {
    base_lr: f64,
    schedule: Value,
    values: Vec<f64>,
    lr: Vec<f64>,
}

#[test]
fn plateau_decays_where_torch_does_and_goes_on_from_its_stored_form() {
    let text = include_str!("golden-schedules/plateau.json");
    let golden: Plateaus = serde_json::from_str(text).expect("plateau.json");
    let mut decays = 0;
    for run in &golden.runs {
        let ScheduleSpec::Plateau(settings) = read(&run.schedule, false) else {
            panic!("{}", run.schedule)
        };
        let settings: Settings = settings;
        let mut state = Plateau::default();
        let mut before = run.base_lr;
        for (epoch, (&value, &want)) in run.values.iter().zip(&run.lr).enumerate() {
            state.observe(&settings, run.base_lr, value);
            state = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
            assert_eq!(state.lr.unwrap_or(run.base_lr), want, "{} epoch {epoch}", run.schedule);
            decays += usize::from(want < before);
            before = want;
        }
    }
    assert!(decays > 12, "{decays}");
}
