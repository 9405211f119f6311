//! Tests that killed runs resume with the same bits as uninterrupted ones, whatever the optimizer,
//! and whatever a kill leaves on the disk.

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use spec::RunSpec;
use spec::event::{Checkpoint, Options};
use spec::record::{Outcome, Status};
use support::{
    DEVICE, DEVICES, Session, assert_same, checkpoint, kill_after, mlp, outcome, outcomes, run_spec,
};

/// One optimizer for every kind of state.
const OPTIMIZERS: &[&str] = &[
    "kind = \"sgd\"\nlr = 0.05",
    "kind = \"sgd\"\nlr = 0.01\nmomentum = 0.9",
    "kind = \"sgd\"\nlr = 0.01\nmomentum = 0.9\nnesterov = true",
    "kind = \"sgd\"\nlr = 0.01\nmomentum = 0.9\ndampening = 0.5\nweight_decay = 0.01",
    "kind = \"rmsprop\"\nlr = 1e-3",
    "kind = \"rmsprop\"\nlr = 1e-3\ncentered = true",
    "kind = \"rmsprop\"\nlr = 1e-4\ncentered = true\nmomentum = 0.9\nweight_decay = 0.01",
    "kind = \"adam\"\nlr = 1e-3",
    "kind = \"adam\"\nlr = 1e-3\namsgrad = true",
    "kind = \"adam\"\nlr = 1e-3\nweight_decay = 0.01\nschedule = { kind = \"cosine\" }",
    "kind = \"adamw\"\nlr = 1e-3",
    "kind = \"adamw\"\nlr = 1e-3\namsgrad = true\nweight_decay = 0.1",
    "kind = \"adam\"\nlr = 1e-2\naccumulate = 3\nclip_norm = 0.5\nclip_value = 0.1\ndecoupled_decay = 0.01\ngroups = [{ params = \"*bias\", lr_scale = 0.5 }]\nschedule = { kind = \"plateau\", patience = 0, threshold = 1e3, threshold_mode = \"abs\", factor = 0.5 }",
    "kind = \"sgd\"\nlr = 0.05\nmomentum = 0.9\nschedule = { kind = \"sequential\", per = \"batch\", warmup = 400, milestones = [500], schedules = [{ kind = \"one-cycle\" }, { kind = \"cosine-restarts\", t_0 = 77 }] }",
];

/// Extends a run to five epochs that are long enough to be killed in.
fn long(mut spec: RunSpec) -> RunSpec {
    (spec.train.epochs, spec.data.batch_size) = (5, 4);
    spec
}

fn adam() -> RunSpec {
    long(mlp("kind = \"adam\"\nlr = 1e-3"))
}

#[test]
fn a_killed_run_goes_on_with_the_same_bits() {
    for device in DEVICES {
        let mut specs: Vec<RunSpec> = OPTIMIZERS.iter().map(|o| long(mlp(o))).collect();
        specs.push(long(run_spec("kind = \"linear\"", "kind = \"adam\"", "")));
        let through = outcomes(device, &specs);
        let folder = tempfile::tempdir().unwrap();
        let options: Vec<Options> =
            (0..specs.len()).map(|i| checkpoint(&folder.path().join(i.to_string()))).collect();
        for (spec, options) in specs.iter().zip(&options) {
            kill_after(device, spec, options, 2);
        }
        let session = Session::of(device, specs.iter().zip(&options));
        let resumed = session.outcomes();
        assert_eq!(resumed.len(), specs.len(), "{}", session.log);
        for (i, (a, b)) in through.iter().zip(&resumed).enumerate() {
            let what = format!("{device}, {:?}\n{}", specs[i].optimizer, session.log);
            assert_eq!((a.status, a.resumed_from), (Status::Completed, None), "{what}");
            let from = b.resumed_from.unwrap_or_else(|| panic!("not gone on: {what}"));
            assert!((1..5).contains(&from), "{what}");
            assert_eq!(session.spared_epochs()[i], from);
            assert_same(a, b, &what);
            assert!(b.train_seconds > 0.0 && b.eval_seconds > 0.0);
        }
    }
}

#[test]
fn a_run_killed_twice_with_checkpoints_every_second_epoch() {
    for device in DEVICES {
        let mut spec = adam();
        spec.train.epochs = 9;
        let through = outcomes(device, std::slice::from_ref(&spec)).remove(0);
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            checkpoint: Some(Checkpoint { folder: folder.path().join("c"), every: 2 }),
            ..Options::default()
        };
        kill_after(device, &spec, &options, 3);
        kill_after(device, &spec, &options, 5);
        let resumed = outcome(device, &spec, &options);
        let from = resumed.resumed_from.unwrap();
        assert!(from >= 4 && from.is_multiple_of(2), "{from}");
        assert_same(&through, &resumed, device);
        let seconds = resumed.metrics.iter().filter(|m| m.metric == "seconds");
        let seconds: Vec<f64> = seconds.map(|m| m.value.0).collect();
        assert!(seconds.len() == 9 && seconds.is_sorted(), "{seconds:?}");
    }
}

/// Prepares a folder that holds `epoch-2`; returns the outcome of the same run without a kill.
fn prepared(device: &str, folder: &Path) -> Outcome {
    let spec = adam();
    // A run of four epochs has its only checkpoint after the second, and its
    // first two epochs are those of a longer one under a constant rate.
    let mut shorter = spec.clone();
    shorter.train.epochs = 4;
    let every = Checkpoint { folder: folder.to_owned(), every: 2 };
    let options = Options { checkpoint: Some(every), ..Options::default() };
    kill_after(device, &shorter, &options, 3);
    assert!(folder.join("epoch-2").is_dir());
    outcomes(device, &[spec]).remove(0)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn edit_state(checkpoint: &Path, edit: impl FnOnce(&mut Value)) {
    let path = checkpoint.join("state.json");
    let mut state: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(&mut state);
    fs::write(&path, serde_json::to_vec(&state).unwrap()).unwrap();
}

fn cut(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

/// A folder of checkpoints, the epoch from which it resumes, and the logged reason not to use a
/// later checkpoint.
struct Case<'a> {
    name: &'a str,
    from: Option<u64>,
    said: &'a str,
}

#[test]
fn what_a_kill_leaves_is_survived() {
    for device in DEVICES {
        let source = tempfile::tempdir().unwrap();
        let through = prepared(device, source.path());
        let good = source.path().join("epoch-2");
        let place = tempfile::tempdir().unwrap();
        let mut cases = Vec::new();
        let mut case = |name, from, said, make: &dyn Fn(&Path)| {
            fs::create_dir(place.path().join(name)).unwrap();
            make(&place.path().join(name));
            cases.push(Case { name, from, said });
        };
        let whole = |folder: &Path| copy(&good, &folder.join("epoch-2"));
        case("untouched", Some(2), "", &whole);
        case("no-checkpoint", None, "", &|_| ());
        case("half-written", Some(2), "", &|folder| {
            whole(folder);
            fs::create_dir(folder.join(".epoch-3.tmp")).unwrap();
            fs::write(folder.join(".epoch-3.tmp/model.bpk"), b"half").unwrap();
        });
        // A valid checkpoint and later, broken ones.
        let mut later = |name, said, break_it: &dyn Fn(&Path)| {
            case(name, Some(2), said, &|folder| {
                whole(folder);
                let later = folder.join("epoch-3");
                copy(&good, &later);
                edit_state(&later, |s| s["progress"]["epoch"] = json!(3));
                break_it(&later);
            });
        };
        later("torn-state", "state.json", &|c| cut(&c.join("state.json")));
        later("no-state", "state.json", &|c| fs::remove_file(c.join("state.json")).unwrap());
        later("cut-model", "model.bpk is damaged", &|c| cut(&c.join("model.bpk")));
        later("no-optimizer", "optimizer.bpk", &|c| {
            fs::remove_file(c.join("optimizer.bpk")).unwrap();
        });
        later("flipped-bit", "optimizer.bpk is damaged", &|c| {
            let mut bytes = fs::read(c.join("optimizer.bpk")).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(c.join("optimizer.bpk"), bytes).unwrap();
        });
        later("other-weights", "not the recorded ones", &|c| {
            edit_state(c, |s| s["weights"] = json!("0"));
        });
        later("other-format", "format is 99", &|c| edit_state(c, |s| s["format"] = json!(99)));
        later("renamed", "it is of segment 2", &|c| {
            edit_state(c, |s| s["progress"]["epoch"] = json!(2));
        });
        // The only checkpoint is of another run or environment.
        let mut other = |name, said, edit: &dyn Fn(&mut Value)| {
            case(name, None, said, &|folder| {
                whole(folder);
                edit_state(&folder.join("epoch-2"), edit);
            });
        };
        let id = json!("0123456789abcdef0123456789abcdef");
        other("other-run", "it is of run 0123", &|s| s["run_id"] = id.clone());
        other("other-exec", "exec_id 0123", &|s| s["exec_id"] = id.clone());
        other("other-threads", "threads was 7, is 1", &|s| {
            s["environment"]["threads"] = json!(7);
        });
        other("other-start", "other weights", &|s| s["progress"]["init_digest"] = json!("0"));

        // One worker for all: checkpoints of one run do not affect another run.
        let folder = |case: &Case<'_>| place.path().join(case.name);
        let options: Vec<Options> = cases.iter().map(|c| checkpoint(&folder(c))).collect();
        let spec = adam();
        let session = Session::of(device, options.iter().map(|o| (&spec, o)));
        for ((case, resumed), from) in
            cases.iter().zip(session.outcomes()).zip(session.spared_epochs())
        {
            let what = format!("{device}, {}: {}", case.name, session.log);
            assert_eq!(resumed.resumed_from, case.from, "{what}");
            assert_eq!(from, case.from.unwrap_or(0), "{what}");
            let lines: Vec<&str> =
                session.log.lines().filter(|l| l.contains(&format!("/{}/", case.name))).collect();
            let told = lines.iter().any(|l| l.contains("cannot resume") && l.contains(case.said));
            assert!(if case.said.is_empty() { lines.is_empty() } else { told }, "{what}");
            assert_same(&through, &resumed, &what);
        }
        assert_eq!(session.outcomes().len(), cases.len());
    }
}

/// Checks that the last checkpoint stays, because the result may be lost on its way to the journal.
#[test]
fn a_result_leaves_its_checkpoint_and_what_else_lies_there() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("notes.txt"), "mine").unwrap();
    let spec = mlp("kind = \"sgd\"");
    let first = outcome(DEVICE, &spec, &checkpoint(place.path()));
    let left = || -> Vec<_> {
        let mut names: Vec<_> =
            fs::read_dir(&place).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(left(), ["epoch-2", "notes.txt"]);
    let again = outcome(DEVICE, &spec, &checkpoint(place.path()));
    assert_eq!(again.resumed_from, Some(2));
    assert_same(&first, &again, "trained again from the checkpoint");
}

#[test]
fn a_folder_that_cannot_be_written_fails_no_run() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("file"), "").unwrap();
    let options = checkpoint(&place.path().join("file/c"));
    for device in DEVICES {
        let session = Session::of(device, [(&adam(), &options)]);
        assert_same(&outcomes(device, &[adam()])[0], &session.outcomes()[0], device);
        assert_eq!(session.log.matches("no checkpoint in").count(), 1, "{}", session.log);
    }
}
