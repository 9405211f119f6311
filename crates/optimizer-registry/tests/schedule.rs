//! Every schedule equals torch's, past its end and behind a warmup.
//! PyTorch computes most rates from the one before; the closed form may differ
//! by the rounding of that recursion, which is relative to the largest rate.

use std::collections::BTreeSet;

use optimizer_registry::schedule::{lr, plateau::Plateau};
use serde::Deserialize;
use serde_json::Value;
use spec::ScheduleSpec;
use spec::schedule::{Plateau as Settings, Warmup};

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

/// The spec as it stands in the file, or with every `per` turned to batches.
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
