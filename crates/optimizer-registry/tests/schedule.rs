//! Cosine annealing equals torch's `CosineAnnealingLR`, up to T_max and past it.
//! PyTorch computes each rate from the one before; the closed form may differ
//! by the rounding of that recursion, which is relative to the base rate.

use optimizer_registry::schedule::lr;
use serde::Deserialize;
use spec::ScheduleSpec;
use spec::schedule::{Cosine, Per};

#[derive(Deserialize)]
struct Golden {
    curves: Vec<Curve>,
}

#[derive(Deserialize)]
struct Curve {
    base_lr: f64,
    min_lr: f64,
    t_max: u64,
    lr: Vec<f64>,
}

#[test]
fn cosine_follows_torch_per_epoch_and_per_batch() {
    let text = include_str!("golden/cosine.json");
    let golden: Golden = serde_json::from_str(text).expect("cosine.json");
    assert_eq!(golden.curves.len(), 6);
    for curve in &golden.curves {
        let spec =
            |per| ScheduleSpec::Cosine(Cosine { per, min_lr: curve.min_lr, t_max: curve.t_max });
        for (t, &want) in curve.lr.iter().enumerate() {
            let t = t as u64;
            // The other counter must not matter.
            let per_epoch = lr(&spec(Per::Epoch), curve.base_lr, t, 977 * t + 1);
            let per_batch = lr(&spec(Per::Batch), curve.base_lr, t / 10 + 3, t);
            assert_eq!(per_epoch, per_batch);
            let error = (per_epoch - want).abs() / curve.base_lr;
            assert!(error < 1e-12, "T_max {} unit {t}: {per_epoch} for {want}", curve.t_max);
        }
    }
}
