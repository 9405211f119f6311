//! Stages: fresh seeds that judge the choice of tuning, through the built programs. Whatever ends a
//! staged sweep, the next one continues to the same runs and tables.

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use spec::plan::Plan;
use spec::stages::Stage;
use support::{Sandbox, digits, real_worker, results, worker_that_loses_a_run};

/// 8 runs of tuning, and 6 on fresh seeds.
fn staged() -> String {
    format!("{}\n[confirm]\nseeds = {{ count = 3, base = 1000 }}\n", digits(2, 2))
}

fn plan(sandbox: &Sandbox) -> Plan {
    store::plan(&sandbox.report("stages")).unwrap()
}

fn fresh(plan: &Plan) -> Vec<(String, u64)> {
    let runs = plan.runs.iter().filter(|run| run.stage == Stage::Confirm);
    runs.map(|run| (run.label.clone(), run.spec.seed)).collect()
}

/// Runs with a result, with how often they were trained.
fn trained(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for record in sandbox.records("stages").iter().filter(|r| r.status.is_result()) {
        *out.entry(record.run_id.to_string()).or_default() += 1;
    }
    out
}

/// Cells of a line of CSV, of which quotes may hold commas.
fn cells(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            other => out.last_mut().unwrap().push(other),
        }
    }
    out
}

/// Returns the tables of the report as text, without columns of time.
fn tables(sandbox: &Sandbox) -> Vec<String> {
    let folder = sandbox.report("stages").tables();
    ["best", "comparison", "confirmation"]
        .map(|name| {
            let text = std::fs::read_to_string(folder.join(format!("{name}.csv"))).unwrap();
            let head = cells(text.lines().next().unwrap());
            let kept = |line: &str| -> Vec<String> {
                let timeless = |(_, name): &(String, &String)| !name.contains("time");
                let all = cells(line).into_iter().zip(&head);
                all.filter(timeless).map(|(cell, _)| cell).collect()
            };
            text.lines().map(|line| kept(line).join(",")).collect::<Vec<_>>().join("\n")
        })
        .to_vec()
}

#[test]
fn what_tuning_chose_is_judged_on_fresh_seeds() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("stages", &staged());
    let before = sandbox.expect(0, &["run", "experiments/stages.toml", "--plan"]);
    let before = before.replace('\n', " ");
    assert!(before.contains("8 runs, 0 cached, 8 to train"), "{before}");
    assert!(before.contains("on 3 fresh seeds: 6 runs at most"), "{before}");

    let text = sandbox.expect(0, &["run", "experiments/stages.toml", "--jobs", "2"]);
    let plan = plan(&sandbox);
    let labels: Vec<&str> = plan.optimizers.iter().map(|o| o.label.as_str()).collect();
    let expected: Vec<(String, u64)> = labels
        .iter()
        .flat_map(|label| (1000..1003).map(|seed| ((*label).to_owned(), seed)))
        .collect();
    assert_eq!(fresh(&plan), expected, "{text}");
    let decision = plan.decision(Stage::Confirm).unwrap();
    assert_eq!(decision.rests_on.len(), 8);
    assert!(decision.rests_on.iter().all(|evidence| evidence.digest.is_some()));
    assert_eq!(trained(&sandbox).len(), 14);

    let page = std::fs::read_to_string(sandbox.report("stages").markdown()).unwrap();
    assert!(page.contains("All comparisons rest on the seeds 1000, 1001 and 1002"), "{page}");
    let again = sandbox.expect(0, &["run", "experiments/stages.toml"]);
    assert!(again.contains("nothing to train; 14 results cached"), "{again}");
    let after = sandbox.expect(0, &["run", "experiments/stages.toml", "--plan"]);
    assert!(after.replace('\n', " ").contains("14 runs, 14 cached, 0 to train"), "{after}");

    // A label or a comment is in no decision; another seed of tuning is in every one.
    sandbox.sweep_file("stages", &format!("# again\n{}", staged()));
    sandbox.expect(0, &["run", "experiments/stages.toml", "--no-report"]);
    assert_eq!(self::plan(&sandbox).decisions, plan.decisions);
    let why =
        sandbox.expect(0, &["why", "experiments/stages.toml", &plan.runs[13].run_id.to_string()]);
    assert!(!why.contains("not planned"), "{why}");
}

#[test]
fn killed_at_any_moment_it_goes_on_to_the_same_stages() {
    let undisturbed = Sandbox::new();
    undisturbed.sweep_file("stages", &staged());
    let clock = Instant::now();
    undisturbed.expect(0, &["run", "experiments/stages.toml"]);
    let whole = clock.elapsed();
    let (expected, planned) = (tables(&undisturbed), plan(&undisturbed));

    let mut moments = spec::seed::stream(25, "moments of a kill");
    for trial in 0..10 {
        let sandbox = Sandbox::new();
        sandbox.sweep_file("stages", &staged());
        let finished = (trial % 2 == 1).then(|| 1 + moments.below(13) as usize);
        let deadline = Instant::now() + whole.mul_f32(moments.uniform());
        // Without a report, whose program holds the folder for a moment longer.
        let mut child = sandbox.spawn(&["run", "experiments/stages.toml", "--no-report"]);
        let early = || match finished {
            Some(n) => trained(&sandbox).len() < n,
            None => Instant::now() < deadline,
        };
        while early() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = child.kill();
        child.wait().unwrap();
        let text = sandbox.expect(0, &["run", "experiments/stages.toml"]);
        let after = trained(&sandbox);
        assert_eq!(after.len(), 14, "{text}");
        assert!(after.values().all(|n| *n == 1), "trained twice: {text}");
        let now = plan(&sandbox);
        assert_eq!((now.runs, now.decisions), (planned.runs.clone(), planned.decisions.clone()));
        assert_eq!(tables(&sandbox), expected);
    }
}

#[test]
fn two_machines_with_the_same_journal_plan_the_same_stage() {
    let whole = Sandbox::new();
    whole.sweep_file("stages", &staged());
    whole.expect(0, &["run", "experiments/stages.toml", "--no-report"]);
    let expected = results(&whole.records("stages"));

    let machines = [Sandbox::new(), Sandbox::new()];
    let folder = |i: usize| machines[i].report("stages").path().display().to_string();
    for (machine, part) in machines.iter().zip(["1/2", "2/2"]) {
        machine.sweep_file("stages", &staged());
        let text = machine.expect(0, &["run", "experiments/stages.toml", "--shard", part]);
        assert!(text.replace('\n', " ").contains("4 runs of tuning have no result yet"), "{text}");
        assert!(plan(machine).decisions.is_empty());
    }
    // Each takes the other's results, and both decide alike.
    for (i, machine) in machines.iter().enumerate() {
        machine.run(&["merge", "experiments/stages.toml", &folder(1 - i)]);
    }
    for (machine, part) in machines.iter().zip(["1/2", "2/2"]) {
        machine.expect(0, &["run", "experiments/stages.toml", "--shard", part]);
    }
    assert_eq!(plan(&machines[0]).decisions, plan(&whole).decisions);
    assert_eq!(plan(&machines[1]).decisions, plan(&whole).decisions);
    machines[0].expect(0, &["merge", "experiments/stages.toml", &folder(1)]);
    assert_eq!(results(&machines[0].records("stages")), expected);
}

#[test]
fn a_decision_stands_until_it_is_to_be_made_anew() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("stages", &staged());
    sandbox.expect(0, &["run", "experiments/stages.toml", "--no-report"]);
    let first = plan(&sandbox);
    // The results of another machine came in place of those that it rests on.
    let mut altered = first.clone();
    let other = spec::Digest::of("another result");
    altered.decisions[0].rests_on[3].digest = Some(other);
    let path = sandbox.report("stages").plan();
    std::fs::write(&path, serde_json::to_vec_pretty(&altered).unwrap()).unwrap();
    let text = sandbox.expect(0, &["run", "experiments/stages.toml"]);
    let text = text.replace('\n', " ");
    assert!(
        text.contains("1 result has changed since configurations were chosen for [confirm]"),
        "{text}"
    );
    assert_eq!(plan(&sandbox).decisions, altered.decisions, "it stands");
    sandbox.expect(0, &["run", "experiments/stages.toml", "--replan"]);
    let anew = plan(&sandbox);
    assert_eq!((&anew.decisions, &anew.superseded), (&first.decisions, &altered.decisions));
    let page = std::fs::read_to_string(sandbox.report("stages").markdown()).unwrap();
    assert!(page.contains("1 earlier decision on the stages was replaced;"), "{page}");
}

#[test]
fn failed_runs_of_tuning_hold_the_fresh_seeds_back() {
    let lossy = Sandbox::with_script(&worker_that_loses_a_run());
    lossy.sweep_file("stages", &staged());
    let run = ["run", "experiments/stages.toml"];
    let held = lossy.expect(3, &run).replace('\n', " ");
    assert!(held.contains("1 run of tuning has no result yet"), "{held}");
    assert!(fresh(&plan(&lossy)).is_empty());
    // What failed ranks last, whatever its other seeds came to.
    lossy.expect(0, &[&run[..], &["--keep-failed"]].concat());
    let plan = plan(&lossy);
    assert_eq!(fresh(&plan).len(), 6);
    let rates: Vec<f64> = plan.runs[8..11].iter().map(|run| run.spec.optimizer.lr()).collect();
    assert_eq!(rates, [0.05; 3]);
    let without = plan.decision(Stage::Confirm).unwrap().rests_on.iter();
    assert_eq!(without.filter(|evidence| evidence.digest.is_none()).count(), 1);
}

#[test]
fn a_night_repeats_the_stages_of_its_baseline() {
    let sandbox = Sandbox::new();
    let file = "experiments/stages.toml";
    sandbox.sweep_file("stages", &format!("{}[devices]\nthreads_per_run = 1\n", staged()));
    sandbox.expect(0, &["run", file, "--no-report"]);
    let first = plan(&sandbox);
    sandbox.expect(0, &["baseline", "accept", file, "--reason", "a test"]);
    let text = sandbox.expect(0, &["nightly", file]);
    assert!(text.contains("all 14 runs are bit-identical"), "{text}");
    // A night that lacks a result of tuning could decide on nothing by itself.
    let lossy = Sandbox::with_script(&worker_that_loses_a_run());
    let output =
        sandbox.command(&["nightly", file]).env("SWEEP_WORKER", lossy.worker()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(5), "{text}");
    let night = plan(&sandbox);
    assert_eq!(night.runs, first.runs);
    assert_eq!(night.decisions[0].chosen, first.decisions[0].chosen);
}

#[test]
fn without_any_result_nothing_is_decided() {
    let script = format!(
        "#!/bin/bash\nif [ \"$1\" = --probe ]; then exec \"{0}\" \"$@\"; fi\nexec \"{0}\" \"$@\" < <(read -r line)\n",
        real_worker().display()
    );
    let lossy = Sandbox::with_script(&script);
    lossy.sweep_file("stages", &staged());
    lossy.expect(3, &["run", "experiments/stages.toml"]);
    let text = lossy.expect(0, &["run", "experiments/stages.toml", "--keep-failed"]);
    assert!(text.replace('\n', " ").contains("there is no result to decide from"), "{text}");
    assert!(plan(&lossy).is_open());
    // What is mended later is decided on.
    let output = lossy
        .command(&["run", "experiments/stages.toml", "--no-report"])
        .env("SWEEP_WORKER", real_worker())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(fresh(&plan(&lossy)).len(), 6);
}

#[test]
fn seeds_that_choose_nothing_end_when_it_is_decided() {
    let sandbox = Sandbox::new();
    // Adam at this rate is better on every seed.
    let file = digits(2, 2)
        .replace("{ count = 2 }", "{ until = \"best\", looks = [6, 12], share = [0.9, 0.1] }")
        .replace("[0.05, 0.1]", "1e-4")
        .replace("[1e-3, 1e-2]", "1e-2");
    sandbox.sweep_file("stages", &file);
    let before = sandbox.expect(0, &["run", "experiments/stages.toml", "--plan"]);
    let before = before.replace('\n', " ");
    assert!(before.contains("12 runs, 0 cached, 12 to train"), "{before}");
    assert!(
        before.contains("until the comparison is decided, 0 looks taken: at most 12 more runs"),
        "{before}"
    );
    let part = sandbox.expect(0, &["run", "experiments/stages.toml", "--shard", "1/2"]);
    let part = part.replace('\n', " ");
    assert!(part.contains("the next look at the seeds waits: 6 runs have no result yet"), "{part}");
    let text = sandbox.expect(0, &["run", "experiments/stages.toml"]);
    assert!(text.contains("look 1: no optimizer needs more seeds"), "{text}");
    let plan = plan(&sandbox);
    assert_eq!((plan.runs.len(), plan.decisions.len(), plan.is_open()), (12, 1, false));
    let report =
        std::fs::read_to_string(sandbox.report("stages").path().join("REPORT.md")).unwrap();
    assert!(report.contains("Seeds are looked at after 6 and 12 per optimizer"), "{report}");
    let again = sandbox.expect(0, &["run", "experiments/stages.toml"]);
    assert!(again.contains("nothing to train"), "{again}");
}
