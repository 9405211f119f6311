//! Tests that lints warn of what really happens: lints of schedules against the curves, lints of
//! values against the rules.

mod support;

use burn::tensor::Device;
use optimizer_registry::schedule;
use spec::OptimizerSpec;
use spec::lint::Lint;
use spec::params::{ParamType, Value};
use spec::schedule::Per;
use support::{Net, Problem, Tensors, Trainer, build, golden};
use sweep_file::{Overrides, load_text};

const BASE_LR: f64 = 0.5;

/// Returns the rate at each unit of a run, and its lints. 1,200 samples in batches of 400 are three
/// steps per epoch.
fn curve(epochs: u64, per: Per, table: &str) -> (Vec<f64>, Vec<Lint>) {
    let text = format!(
        "[data]\ndataset = \"digits\"\nbatch_size = 400\nvalidation = 237\n[model]\nkind = \"linear\"\n[train]\nepochs = {epochs}\n[[optimizer]]\nkind = \"sgd\"\nlr = {BASE_LR}\nschedule = {{ per = \"{per}\", {table} }}\n"
    );
    let loaded = load_text("x.toml", "x", text, &Overrides::default())
        .unwrap_or_else(|e| panic!("{table}: {e}"));
    let run = &loaded.plan.runs[0].spec;
    let units = match per {
        Per::Epoch => epochs,
        Per::Batch => run.total_steps(),
    };
    let at = |t| {
        let (epoch, step) = if per == Per::Epoch { (t, 3 * t) } else { (t / 3, t) };
        schedule::lr(&run.schedule, run.warmup.as_ref(), BASE_LR, epoch, step)
    };
    let lints = loaded.plan.lints.iter().filter_map(|told| Lint::from_name(&told.lint));
    ((0..units).map(at).collect(), lints.collect())
}

/// Returns tables of one kind with every length from 1 to 14.
fn lengths(form: &str) -> Vec<String> {
    (1..15).map(|n| form.replace("LENGTH", &n.to_string())).collect()
}

/// Visits every run of up to 12 units with these tables.
fn each(forms: &[&str], mut look: impl FnMut(&str, &[f64], &[Lint])) {
    for form in forms {
        for table in lengths(form) {
            for epochs in 1..=12 {
                let (rates, lints) = curve(epochs, Per::Epoch, &table);
                look(&format!("{table}, {epochs} epochs"), &rates, &lints);
            }
            for epochs in 1..=4 {
                let (rates, lints) = curve(epochs, Per::Batch, &table);
                look(&format!("{table}, {} steps", rates.len()), &rates, &lints);
            }
        }
    }
}

fn rises(rates: &[f64]) -> bool {
    rates.windows(2).any(|pair| pair[1] > pair[0] + 1e-12)
}

#[test]
fn a_cosine_is_said_to_climb_where_it_climbs() {
    let forms =
        ["kind = \"cosine\", t_max = LENGTH", "kind = \"cosine\", t_max = LENGTH, min_lr = 0.1"];
    each(&forms, |what, rates, lints| {
        assert_eq!(lints.contains(&Lint::CosinePastEnd), rises(rates), "{what}: {rates:?}");
    });
}

#[test]
fn one_cycle_is_said_to_be_short_where_it_never_rises() {
    let forms = [
        "kind = \"one-cycle\", total_steps = LENGTH",
        "kind = \"one-cycle\", pct_start = 0.5, total_steps = LENGTH",
    ];
    each(&forms, |what, rates, lints| {
        let short = lints.contains(&Lint::OneCycleTooShort);
        let reaches = rates[0] == BASE_LR || rises(rates);
        // A cycle that is longer than the run has its own lint.
        if rates.len() > 1 || short {
            assert_eq!(short, !reaches, "{what}: {rates:?}");
        }
    });
    let (rates, lints) = curve(1, Per::Epoch, "kind = \"one-cycle\"");
    assert!((rates[0] - BASE_LR / 250_000.0).abs() < 1e-18 && lints == [Lint::OneCycleTooShort]);
}

#[test]
fn wsd_is_said_to_be_short_where_it_never_falls() {
    let forms = [
        "kind = \"wsd\", decay = 0.5, warmup_start = 1, warmup = LENGTH",
        "kind = \"wsd\", total_iters = LENGTH",
        "kind = \"wsd\", shape = \"1-sqrt\", min_factor = 0.1, total_iters = LENGTH",
    ];
    each(&forms, |what, rates, lints| {
        let told = [Lint::WsdTooShort, Lint::SchedulePastEnd, Lint::WarmupPastEnd];
        let falls = rates.windows(2).any(|pair| pair[1] < pair[0]);
        let short = lints.contains(&Lint::WsdTooShort);
        assert!(!(short && falls), "{what}: {rates:?}");
        assert!(falls || lints.iter().any(|lint| told.contains(lint)), "{what}: {rates:?}");
    });
    let (rates, lints) = curve(6, Per::Epoch, "kind = \"wsd\"");
    assert_eq!((&rates[..], &lints[..]), (&[BASE_LR; 6][..], &[Lint::WsdTooShort][..]));
}

#[test]
fn a_rate_of_zero_is_said_where_it_is_zero() {
    let forms = [
        "kind = \"polynomial\", total_iters = LENGTH",
        "kind = \"linear\", total_iters = LENGTH, end_factor = 0",
        "kind = \"linear\", total_iters = LENGTH, start_factor = 0",
        "kind = \"linear-decay\", total_iters = LENGTH",
        "kind = \"linear-decay\", warmup = LENGTH",
        "kind = \"wsd\", total_iters = LENGTH",
        "kind = \"wsd\", decay = 1, shape = \"cosine\", total_iters = LENGTH",
        "kind = \"cosine\", t_max = LENGTH",
        "kind = \"constant\", warmup = LENGTH, warmup_start = 0",
        "kind = \"step\", step_size = LENGTH",
        "kind = \"sequential\", milestones = [LENGTH], schedules = [{ kind = \"polynomial\", total_iters = 3 }, { kind = \"linear\", start_factor = 0, total_iters = 2 }]",
    ];
    each(&forms, |what, rates, lints| {
        let zeros = rates.iter().filter(|rate| **rate == 0.0).count();
        // Losing a step does not matter, losing an epoch does.
        let lost = if what.ends_with("epochs") { zeros > 0 } else { zeros > 1 };
        let told_otherwise = lints.contains(&Lint::CosinePastEnd);
        // A sequence may lose a step in each of its parts.
        let two_parts = what.contains("sequential") && zeros == 2;
        if !(told_otherwise || two_parts) {
            assert_eq!(lints.contains(&Lint::RateZero), lost, "{what}: {rates:?}");
        }
    });
}

#[test]
fn what_lies_beyond_the_run_never_comes() {
    let forms =
        ["kind = \"multi-step\", milestones = [LENGTH]", "kind = \"step\", step_size = LENGTH"];
    each(&forms, |what, rates, lints| {
        let falls = rates.windows(2).any(|pair| pair[1] < pair[0]);
        assert_eq!(lints.contains(&Lint::SchedulePastEnd), !falls, "{what}: {rates:?}");
    });
    each(&["kind = \"constant\", warmup = LENGTH"], |what, rates, lints| {
        let reached = rates.contains(&BASE_LR);
        assert_eq!(lints.contains(&Lint::WarmupPastEnd), !reached, "{what}: {rates:?}");
    });
}

#[test]
fn a_default_length_is_said_where_the_rate_then_stays() {
    each(
        &["kind = \"linear\", warmup = LENGTH", "kind = \"polynomial\", warmup = LENGTH"],
        |what, rates, lints| {
            if lints.contains(&Lint::DefaultLength) {
                assert!(rates.len() > 5, "{what}");
            }
            if lints.contains(&Lint::SchedulePastEnd) {
                let end = if what.contains("linear") { BASE_LR } else { 0.0 };
                assert_ne!(rates.last(), Some(&end), "{what}: {rates:?}");
            }
        },
    );
    let (rates, lints) = curve(9, Per::Epoch, "kind = \"linear\"");
    assert_eq!((&rates[5..], &lints[..]), (&[BASE_LR; 4][..], &[Lint::DefaultLength][..]));
}

/// Returns the parameters after one step at each of these rates.
fn trained(spec: &OptimizerSpec, problem: &Problem, scale: f32, rates: &[f64]) -> Tensors {
    let device = Device::flex().autodiff();
    let trainer = Trainer::new(problem, scale, &device);
    let mut net = Net::new(problem, &device);
    let mut optimizer = build(spec, &net);
    for &lr in rates {
        net = trainer.step(net, &mut optimizer, lr);
    }
    net.values()
}

/// Returns true if all numbers are equal; NaN equals NaN.
fn same(a: &Tensors, b: &Tensors) -> bool {
    let pairs = a.values().flatten().zip(b.values().flatten());
    a.len() == b.len() && pairs.into_iter().all(|(x, y)| x == y || x.is_nan() && y.is_nan())
}

/// Returns an optimizer with its defaults except for one value.
fn with(kind: &str, name: &str, value: f64) -> OptimizerSpec {
    let mut values = golden(kind).defaults.to_values();
    values.insert(name.to_owned(), Value::Float(value));
    OptimizerSpec::from_values(kind, &values).expect("a number of this kind")
}

#[test]
fn a_value_that_is_said_to_become_another_trains_as_that_one() {
    let mut looked_at = 0;
    for kind in OptimizerSpec::KINDS {
        let problem = golden(kind.name).problem;
        let defaults = golden(kind.name).defaults;
        for param in kind.params.iter().filter(|p| p.ty == ParamType::Float) {
            if defaults.in_float64(param.name) {
                continue;
            }
            for (value, becomes) in [(1e-50, 0.0), (1e39, f64::INFINITY)] {
                if !param.range.contains(value) || param.in_float32(value).is_none() {
                    continue;
                }
                if with(kind.name, param.name, value).check().is_err() {
                    continue;
                }
                let what = format!("{} {} = {value}", kind.name, param.name);
                // The rate is passed to each step.
                let (one, other) = if param.name == "lr" {
                    let at = |rate| trained(&defaults, &problem, 1.0, &[rate; 3]);
                    (at(value), at(becomes))
                } else {
                    let of = |x| {
                        let spec = with(kind.name, param.name, x);
                        trained(&spec, &problem, 1.0, &[spec.lr(); 3])
                    };
                    (of(value), of(becomes))
                };
                assert!(same(&one, &other), "{what}: {one:?} and {other:?}");
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 80, "{looked_at} values");
}

#[test]
fn a_share_that_becomes_one_trains_as_one() {
    let almost = 0.999_999_999_99;
    for (kind, name) in [
        ("adam", "beta2"),
        ("adamw", "beta2"),
        ("rmsprop", "alpha"),
        ("lion", "beta1"),
        ("lamb", "beta1"),
    ] {
        let problem = golden(kind).problem;
        let at = |x| {
            let spec = with(kind, name, x);
            trained(&spec, &problem, 1.0, &[spec.lr(); 4])
        };
        let param = OptimizerSpec::descriptor(kind).unwrap().params.iter().find(|p| p.name == name);
        assert_eq!(param.unwrap().in_float32(almost), Some("1"), "{kind} {name}");
        assert!(same(&at(almost), &at(1.0)), "{kind} {name}");
        assert!(!same(&at(0.9), &at(1.0)), "{kind} {name}");
    }
}

#[test]
fn a_decay_that_is_said_to_be_lost_shrinks_nothing() {
    let mut looked_at = 0;
    for kind in OptimizerSpec::KINDS {
        for name in ["weight_decay", "aux_weight_decay"] {
            let mut values = golden(kind.name).defaults.to_values();
            if !values.contains_key(name) {
                continue;
            }
            for key in ["decoupled_weight_decay", "no_prox"] {
                values.entry(key.to_owned()).and_modify(|value| *value = Value::Bool(true));
            }
            let of = |rate: f64, decay: f64| {
                let mut values = values.clone();
                for other in ["weight_decay", "aux_weight_decay"] {
                    values.entry(other.to_owned()).and_modify(|x| *x = Value::Float(0.0));
                }
                for key in ["lr", "aux_lr"] {
                    values.entry(key.to_owned()).and_modify(|x| *x = Value::Float(rate));
                }
                values.insert(name.to_owned(), Value::Float(decay));
                OptimizerSpec::from_values(kind.name, &values).expect("a decay of this kind")
            };
            if of(1e-4, 1e-4).shrinks_at(name) != Some(1e-4) {
                continue;
            }
            let problem = golden(kind.name).problem;
            let after = |spec: &OptimizerSpec| trained(spec, &problem, 0.0, &[spec.lr(); 5]);
            let start = Net::new(&problem, &Device::flex().autodiff()).values();
            assert!(same(&after(&of(1e-4, 1e-4)), &start), "{} {name}", kind.name);
            assert!(!same(&after(&of(1e-3, 1e-3)), &start), "{} {name}", kind.name);
            looked_at += 1;
        }
    }
    assert_eq!(looked_at, 8);
}

#[test]
fn later_rates_of_rprop_and_keys_without_another_change_nothing() {
    let problem = golden("rprop").problem;
    let rprop = golden("rprop").defaults;
    let at = |later: f64| trained(&rprop, &problem, 1.0, &[0.01, later, later, later]);
    assert!(same(&at(0.01), &at(7.0)));
    let problem = golden("sgd").problem;
    let sgd = |x| trained(&with("sgd", "dampening", x), &problem, 1.0, &[0.1; 4]);
    assert!(same(&sgd(0.0), &sgd(0.9)));
    for (kind, key) in [
        ("nadam", "decoupled_weight_decay"),
        ("radam", "decoupled_weight_decay"),
        ("adan", "no_prox"),
    ] {
        let problem = golden(kind).problem;
        let of = |on: bool| {
            let mut values = golden(kind).defaults.to_values();
            values.insert("weight_decay".to_owned(), Value::Float(0.0));
            values.insert(key.to_owned(), Value::Bool(on));
            let spec = OptimizerSpec::from_values(kind, &values).expect("a switch");
            trained(&spec, &problem, 1.0, &[spec.lr(); 4])
        };
        assert!(same(&of(false), &of(true)), "{kind}");
    }
}
