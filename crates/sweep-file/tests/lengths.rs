//! Tests of the lengths of schedules as percentages of the run: their numbers in the plan, and
//! diagnostics.

use spec::ScheduleSpec;
use spec::params::Value;
use spec::plan::Plan;
use spec::schedule::{LENGTHS, Per};
use sweep_file::{Overrides, load_text};

/// A sweep file with 40 epochs of 1,200 samples in batches of 32: 38 steps per epoch, 1,520 in all.
const BASE: &str = "\
[data]
dataset = \"digits\"
batch_size = 32
validation = 237

[model]
kind = \"mlp\"
hidden = [16]

[train]
epochs = 40

[[optimizer]]
kind = \"sgd\"
lr = 0.1
";

fn text(table: &str) -> String {
    format!("{BASE}schedule = {{ {table} }}\n")
}

fn plan_with(text: String, overrides: &Overrides) -> Plan {
    load_text("x.toml", "x", text.clone(), overrides).unwrap_or_else(|e| panic!("{text}\n{e}")).plan
}

fn plan(table: &str) -> Plan {
    plan_with(text(table), &Overrides::default())
}

#[test]
fn a_percentage_and_its_number_are_the_same_run() {
    let cases = [
        ("kind = \"constant\", warmup = \"5%\"", "kind = \"constant\", warmup = 2"),
        ("kind = \"constant\", warmup = \"0%\"", "kind = \"constant\""),
        ("kind = \"plateau\", warmup = \"5%\"", "kind = \"plateau\", warmup = 2"),
        (
            "kind = \"plateau\", warmup = \"5%\", per = \"batch\"",
            "kind = \"plateau\", warmup = 76, per = \"batch\"",
        ),
        ("kind = \"cosine\", warmup = \"5%\"", "kind = \"cosine\", warmup = 2"),
        ("kind = \"cosine\", t_max = \"50%\"", "kind = \"cosine\", t_max = 20"),
        ("kind = \"cosine\", t_max = \"100%\"", "kind = \"cosine\""),
        ("kind = \"cosine-restarts\", t_0 = \"25%\"", "kind = \"cosine-restarts\", t_0 = 10"),
        ("kind = \"linear\", total_iters = \"12.5%\"", "kind = \"linear\", total_iters = 5"),
        ("kind = \"linear-decay\", total_iters = \"100%\"", "kind = \"linear-decay\""),
        (
            "kind = \"polynomial\", total_iters = \"100%\"",
            "kind = \"polynomial\", total_iters = 40",
        ),
        ("kind = \"wsd\", warmup = \"10%\"", "kind = \"wsd\", warmup = 4, total_iters = 36"),
        ("kind = \"step\", step_size = \"33.3%\"", "kind = \"step\", step_size = 13"),
        (
            "kind = \"multi-step\", milestones = [\"50%\", \"75%\"]",
            "kind = \"multi-step\", milestones = [20, 30]",
        ),
        (
            "kind = \"multi-step\", per = \"batch\", milestones = [100, \"50%\", 1200]",
            "kind = \"multi-step\", per = \"batch\", milestones = [100, 760, 1200]",
        ),
        ("kind = \"one-cycle\", total_steps = \"90%\"", "kind = \"one-cycle\", total_steps = 36"),
        (
            "kind = \"inverse-sqrt\", per = \"batch\", timescale = \"10%\"",
            "kind = \"inverse-sqrt\", per = \"batch\", timescale = 152",
        ),
        (
            "kind = \"sequential\", warmup = \"5%\", milestones = [\"10%\"], schedules = [{ kind = \"linear\", total_iters = \"10%\" }, { kind = \"cosine\" }]",
            "kind = \"sequential\", warmup = 2, milestones = [4], schedules = [{ kind = \"linear\", total_iters = 4 }, { kind = \"cosine\", t_max = 34 }]",
        ),
    ];
    for (percent, number) in cases {
        let (a, b) = (plan(percent), plan(number));
        assert_eq!(a.runs, b.runs, "{percent}");
        assert_eq!(a.optimizers, b.optimizers, "{percent}");
        // Only the text of the sweep file has the percentage.
        let runs = serde_json::to_string(&a.runs).unwrap();
        assert!(!runs.contains('%'), "{percent}: {runs}");
    }
    for key in LENGTHS {
        assert!(
            cases
                .iter()
                .any(|(a, _)| a.contains(&format!("{key} = \""))
                    || a.contains(&format!("{key} = [\""))),
            "{key}"
        );
    }
}

#[test]
fn steps_that_are_fewer_by_accumulation_are_what_is_counted() {
    let text = text("kind = \"wsd\", per = \"batch\", warmup = \"5%\"");
    let plan =
        plan_with(text.replace("lr = 0.1", "lr = 0.1\naccumulate = 4"), &Overrides::default());
    let run = &plan.runs[0].spec;
    assert_eq!((run.length().counted(Per::Batch), run.length().counted(Per::Epoch)), (400, 40));
    assert_eq!(run.warmup.as_ref().map(|w| w.length), Some(20));
    assert!(matches!(&run.schedule, ScheduleSpec::Wsd(p) if p.total_iters == 380));
}

#[test]
fn percentages_are_values_of_every_axis() {
    let forms = [
        "kind = \"cosine\", warmup = [\"5%\", \"10%\"]",
        "kind = \"cosine\", warmup = { values = [\"5%\", \"10%\"] }",
        "kind = \"cosine\", warmup = { values = [\"5%\", 4], zip = \"a\" }",
    ];
    let numbers = plan("kind = \"cosine\", warmup = [2, 4]");
    for form in forms {
        let plan = plan(form);
        assert_eq!(plan.runs, numbers.runs, "{form}");
        assert_eq!(plan.optimizers[0].axes, ["schedule.warmup"]);
        assert_eq!(plan.runs[1].axes["schedule.warmup"], Value::Int(4), "{form}");
    }
    let lists = plan("kind = \"multi-step\", milestones = { values = [[\"50%\"], [10, \"50%\"]] }");
    let same = plan("kind = \"multi-step\", milestones = { values = [[20], [10, 20]] }");
    assert_eq!(lists.runs, same.runs);
    let drawn =
        "kind = \"cosine\", warmup = { random = { values = [\"5%\", \"10%\"] }, samples = 2 }";
    assert_eq!(plan(drawn).runs.len(), 2);
    // The number of steps follows from each batch size.
    let text = text("kind = \"cosine\", per = \"batch\", warmup = \"10%\"");
    let both = text.replace("batch_size = 32", "batch_size = [32, 64]");
    let lengths: Vec<u64> = plan_with(both, &Overrides::default())
        .runs
        .iter()
        .filter_map(|run| Some(run.spec.warmup.as_ref()?.length))
        .collect();
    assert_eq!(lengths, [152, 76]);
}

#[test]
fn an_exclude_matches_a_percentage_as_it_is_written_and_its_number() {
    for value in ["\"5%\"", "2"] {
        let exclude = format!("[[exclude]]\nschedule.warmup = {value}\n");
        let text = text("kind = \"cosine\", warmup = [\"5%\", \"10%\"]") + &exclude;
        let plan = plan_with(text, &Overrides::default());
        assert_eq!(plan.runs.len(), 1, "{value}");
        assert_eq!(plan.runs[0].spec.warmup.as_ref().map(|w| w.length), Some(4));
    }
}

#[test]
fn an_override_needs_no_quotes() {
    for set in ["optimizer.sgd.schedule.warmup=5%", "optimizer.sgd.schedule.warmup=\"5%\""] {
        let set = Overrides { set: vec![set.to_owned()], ..Overrides::default() };
        let plan = plan_with(text("kind = \"cosine\", warmup = 9"), &set);
        assert_eq!(plan.runs[0].spec.warmup.as_ref().map(|w| w.length), Some(2));
    }
}

#[test]
fn a_lint_of_a_length_points_at_its_percentage() {
    let text = text("kind = \"linear-decay\", total_iters = \"100%\", warmup = \"25%\"");
    let loaded = load_text("x.toml", "x", text, &Overrides::default()).unwrap();
    let said = loaded.warnings.to_string();
    assert!(said.contains("warning[schedule-past-end]"), "{said}");
    let place = "^^^^^^ a length of 40, but the warmup leaves 30 epochs";
    assert!(said.contains(place), "{said}");
}

/// Percentages of one epoch round to 0 or to the same number, which is no fault of the file.
#[test]
fn a_trial_of_one_epoch_takes_every_percentage() {
    let trial = Overrides { smoke: true, ..Overrides::default() };
    let one = |table: &str| plan_with(text(table), &trial).runs[0].spec.clone();
    let run = one("kind = \"cosine\", warmup = [\"5%\", \"10%\"]");
    assert_eq!((run.train.epochs, run.warmup), (1, None));
    assert!(
        matches!(one("kind = \"cosine\", t_max = \"5%\"").schedule, ScheduleSpec::Cosine(p) if p.t_max == 1)
    );
    let run = one("kind = \"multi-step\", milestones = [\"25%\", \"50%\", \"75%\", 90]");
    assert!(matches!(run.schedule, ScheduleSpec::MultiStep(p) if p.milestones == [1, 2, 3, 90]));
    let run = one(
        "kind = \"sequential\", milestones = [\"10%\", \"90%\"], schedules = [{ kind = \"linear\", total_iters = \"10%\" }, { kind = \"constant\" }, { kind = \"wsd\" }]",
    );
    assert!(matches!(run.schedule, ScheduleSpec::Sequential(p) if p.milestones == [1, 2]));
    // Percentages of steps are those of the trial.
    let run = one("kind = \"wsd\", per = \"batch\", warmup = \"10%\"");
    assert_eq!(run.warmup.map(|w| w.length), Some(4));
    assert!(matches!(run.schedule, ScheduleSpec::Wsd(p) if p.total_iters == 34));
}

#[test]
fn what_is_no_percentage_is_said_at_its_place() {
    let cases = [
        "kind = \"cosine\", warmup = \"150%\"",
        "kind = \"cosine\", warmup = \"-5%\"",
        "kind = \"cosine\", warmup = \"5 %\"",
        "kind = \"cosine\", warmup = \"abc\"",
        "kind = \"cosine\", warmup = \"5\"",
        "kind = \"cosine\", warmup = [\"5%\", \"5%\"]",
        "kind = \"cosine\", t_max = \"0%\"",
        "kind = \"cosine\", t_max = \"0.0000001%\"",
        "kind = \"inverse-sqrt\", timescale = \"fast\"",
        "kind = \"multi-step\", milestones = \"50%\"",
        "kind = \"multi-step\", milestones = [\"50%\", \"175%\", \"x\"]",
        "kind = \"cosine\", min_lr = \"5%\"",
        "kind = \"cosine-restarts\", t_0 = 2, t_mult = \"5%\"",
        "kind = \"plateau\", patience = \"5%\"",
        "kind = \"wsd\", decay = \"20%\"",
        "kind = \"wsd\", decay = 0, shape = \"sqrt\", min_factor = 2",
        // Percentages of 40 epochs and 1,520 steps.
        "kind = \"cosine\", warmup = \"1%\", t_max = \"1%\"",
        "kind = \"cosine\", per = \"batch\", warmup = \"0.01%\"",
        "kind = \"multi-step\", milestones = [\"50%\", \"51%\"]",
        "kind = \"multi-step\", milestones = [\"75%\", \"50%\"]",
        "kind = \"multi-step\", milestones = [30, \"50%\"]",
        "kind = \"cosine\", warmup = [\"4%\", \"5%\"]",
        "kind = \"sequential\", milestones = [\"50%\"], schedules = [{ kind = \"linear\", total_iters = \"1%\" }, { kind = \"cosine\" }]",
    ];
    let shown = |text: String| {
        load_text("sweep.toml", "sweep", text, &Overrides::default())
            .map(|loaded| panic!("{} runs", loaded.plan.runs.len()))
            .unwrap_or_else(|e| e.to_string())
    };
    let mut out = String::new();
    for table in cases {
        out.push_str(&format!("--- {table}\n{}\n", shown(text(table))));
    }
    for keys in ["lr = \"5%\"", "weight_decay = \"5%\"", "momentum = [\"5%\"]"] {
        out.push_str(&format!("--- {keys}\n{}\n", shown(BASE.replace("lr = 0.1", keys))));
    }
    insta::assert_snapshot!(out);
}
