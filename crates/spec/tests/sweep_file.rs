//! Sweep files to plans, and every diagnostic.

use spec::sweep_file::{Overrides, load_text};

#[test]
fn x() {
    let t = std::fs::read_to_string("../../experiments/battle.toml").unwrap();
    let r = load_text(
        "experiments/battle.toml",
        "battle",
        t.clone(),
        &Overrides {
            environment: vec![("SWEEP__TRAIN__EPOCHS".into(), "2".into())],
            set: vec![
                "optimizer.adam.lr=[1e-3]".into(),
                "data.dataset=digits".into(),
                "data.validation=100".into(),
                "optimizer.adam-cosine.schedule.min_lr=1e-6".into(),
            ],
        },
    )
    .unwrap();
    for r in r.plan.runs.iter().step_by(5) {
        println!("{} {} {:?} {:?}", r.run_id, r.label, r.axes, r.spec.schedule);
    }
    let bad = t
        .replace("momentum = 0.9", "momentums = 0.9")
        .replace("points = 5 }\nschedule", "points = 0 }\nschedule")
        .replace("5000", "70000")
        .replace("\"relu\"", "\"rely\"");
    let e = load_text(
        "experiments/battle.toml",
        "battle",
        bad,
        &Overrides {
            environment: vec![("SWEEP__TRAIN__EPOCHS".into(), "two".into())],
            set: vec!["optimizer.adm.lr=[1e-3]".into(), "data.batch_size=0".into()],
        },
    )
    .unwrap_err();
    println!("{}", e.render(false));
}
