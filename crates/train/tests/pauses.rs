//! Tests that paused runs resume with the same bits as uninterrupted ones, whatever they train, and
//! that a run that ends by itself takes precedence over a pause.

mod support;

use std::fs;
use std::path::Path;

use spec::RunSpec;
use spec::event::{Checkpoint, Options, Save};
use spec::metric::{EpochMetric, Metric};
use spec::record::{MetricPoint, Outcome, Split, Status, StopReason};
use spec::stopping::{EarlyStopping, StopAt};
use support::{
    DEVICE, DEVICES, Session, assert_same, kill_after, mlp, outcome, outcomes, run_spec, save,
    values,
};

const CNN: &str = "kind = \"layers\"\nlayers = [\n\
    { kind = \"conv\", channels = 4, kernel = 3, padding = \"same\", bias = false },\n\
    { kind = \"batch-norm\" }, { kind = \"relu\" }, { kind = \"max-pool\", size = 2 },\n\
    { kind = \"dropout\", p = 0.2 },\n]";

/// Returns options for checkpoints in this folder at pauses only, the next pause being `at`.
fn pause(folder: &Path, at: Option<u64>) -> Options {
    let checkpoint = Some(Checkpoint { folder: folder.to_owned(), every: 0 });
    Options { checkpoint, pause_at: at, ..Options::default() }
}

/// Returns the sorted names of a folder's entries.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Returns all measured values except times, as text, because NaN does not equal itself.
fn measured(outcome: &Outcome) -> Vec<String> {
    let timeless = |m: &&MetricPoint| m.metric != Metric::SECONDS;
    outcome.metrics.iter().filter(timeless).map(|m| format!("{m:?}")).collect()
}

fn nine(mut spec: RunSpec) -> RunSpec {
    (spec.train.epochs, spec.data.batch_size) = (9, 25);
    spec
}

/// Returns runs that end after nine epochs, or by themselves after the second pause.
fn all() -> Vec<RunSpec> {
    let mut early = nine(mlp(
        "kind = \"adam\"\nlr = 1e-2\nschedule = { kind = \"plateau\", patience = 0, threshold = 1e3, threshold_mode = \"abs\", factor = 0.5 }",
    ));
    // The first epoch is always an improvement and no later one is.
    let metric = EpochMetric::VALIDATION_LOSS;
    early.early_stopping = Some(EarlyStopping { metric, patience: 4, min_delta: 1e9 });
    vec![
        nine(mlp("kind = \"sgd\"\nlr = 0.01\nmomentum = 0.9")),
        nine(mlp("kind = \"adam\"\nlr = 1e-3\nschedule = { kind = \"cosine\" }")),
        early,
        nine(run_spec(CNN, "kind = \"adam\"\nlr = 1e-3", "")),
    ]
}

#[test]
fn a_paused_run_ends_with_the_bits_of_one_that_never_was() {
    for device in DEVICES {
        let (specs, place) = (all(), tempfile::tempdir().unwrap());
        let through = outcomes(device, &specs);
        assert_eq!(through[2].stop_reason, Some(StopReason::EarlyStopping), "{device}");
        let folder = |i: usize| place.path().join(i.to_string());
        let leg = |at: Option<u64>| {
            let options: Vec<Options> = (0..specs.len()).map(|i| pause(&folder(i), at)).collect();
            let session = Session::of(device, specs.iter().zip(&options));
            assert!(!session.log.contains("cannot resume"), "{device}: {}", session.log);
            session.outcomes()
        };
        for (at, from) in [(1, None), (3, Some(1))] {
            for (i, (cut, through)) in leg(Some(at)).iter().zip(&through).enumerate() {
                let what = format!("{device}, {:?} at {at}", specs[i].optimizer);
                assert_eq!((cut.status, cut.stop_reason), (Status::Cut, None), "{what}");
                assert_eq!((cut.epochs_completed, cut.resumed_from), (at, from), "{what}");
                assert_eq!(cut.steps, at * specs[i].steps_per_epoch());
                assert_eq!((&cut.saved_epoch, &cut.diverged_step), (&None, &None));
                assert!(
                    cut.weights_digest.is_some() && cut.weights_digest != through.weights_digest
                );
                assert_eq!(cut.init_digest, through.init_digest, "{what}");
                assert!(through.batch_digest.starts_with(&cut.batch_digest), "{what}");
                // The values measured so far are those of the whole run.
                let so_far = measured(cut);
                assert!(measured(through).starts_with(&so_far), "{what}");
                assert_eq!(values(cut, Split::Test, "accuracy").last().unwrap().0, at);
                assert_eq!(names(&folder(i)), [format!("epoch-{at}")]);
            }
        }
        for (i, (whole, through)) in leg(None).iter().zip(&through).enumerate() {
            let what = format!("{device}, {:?}", specs[i].optimizer);
            assert_eq!((whole.status, whole.resumed_from), (Status::Completed, Some(3)), "{what}");
            assert_same(through, whole, &what);
        }
    }
}

#[test]
fn a_run_by_steps_is_measured_where_it_pauses_and_knows_nothing_of_it_later() {
    for device in DEVICES {
        let plateau = "kind = \"adam\"\nlr = 1e-2\nschedule = { kind = \"plateau\", patience = 0, threshold = 1e3, threshold_mode = \"abs\", factor = 0.9 }";
        let mut spec = mlp(plateau);
        spec.data.batch_size = 4;
        (spec.train.steps, spec.train.epochs) = (2_000, 7);
        // Segments of 50 steps: every second one ends with an evaluation.
        (spec.evaluate_every, spec.evaluate_samples) = (100, 50);
        if let spec::ModelSpec::Mlp(mlp) = &mut spec.model {
            mlp.dropout = 0.2;
        }
        let through = outcomes(device, std::slice::from_ref(&spec)).remove(0);
        let place = tempfile::tempdir().unwrap();
        let evaluated = |o: &Outcome| -> Vec<u64> {
            let of = |m: &&MetricPoint| m.split == Split::Test && m.metric == Metric::LOSS;
            o.metrics.iter().filter(of).map(|m| m.step).collect()
        };
        for (at, steps, expected) in
            [(1, 50, &[0, 50][..]), (4, 200, &[0, 100, 200]), (5, 250, &[0, 100, 200, 250])]
        {
            let cut = outcome(device, &spec, &pause(place.path(), Some(at)));
            assert_eq!((cut.status, cut.steps), (Status::Cut, steps), "{device}");
            assert_eq!(evaluated(&cut), expected, "{device}");
            assert_eq!(names(place.path()), [format!("epoch-{at}")]);
        }
        // A worker that was killed between checkpoint and result reports the same again.
        let again = outcome(device, &spec, &pause(place.path(), Some(5)));
        assert_eq!((again.status, again.steps, again.resumed_from), (Status::Cut, 250, Some(250)));
        assert_eq!(evaluated(&again), [0, 100, 200, 250], "{device}");
        let whole = outcome(device, &spec, &pause(place.path(), None));
        assert_eq!(whole.resumed_from, Some(250));
        assert_same(&through, &whole, device);
    }
}

#[test]
fn an_end_of_its_own_comes_before_a_pause() {
    for device in DEVICES {
        let place = tempfile::tempdir().unwrap();
        let run = |spec: &RunSpec, at| outcome(device, spec, &pause(place.path(), Some(at)));
        let wild = mlp("kind = \"sgd\"\nlr = 1e30");
        assert_eq!(run(&wild, 2).status, Status::Diverged, "{device}");
        // One step per epoch; after the first one the weights are not finite.
        let mut broken = mlp("kind = \"sgd\"\nlr = 1e40");
        (broken.data.batch_size, broken.train.epochs) = (1_200, 5);
        let metric = EpochMetric::VALIDATION_LOSS;
        let early = EarlyStopping { metric, patience: 1, min_delta: 1e9 };
        assert_eq!(run(&broken, 2).status, Status::Diverged, "{device}");
        let spec = mlp("kind = \"sgd\"\nlr = 0.2");
        for at in [3, 4] {
            let last = run(&spec, at);
            assert_eq!(
                (last.status, last.stop_reason),
                (Status::Completed, Some(StopReason::Epochs))
            );
        }
        let early = RunSpec { early_stopping: Some(early), ..spec.clone() };
        let stopped = run(&early, 2);
        assert_eq!(stopped.stop_reason, Some(StopReason::EarlyStopping), "{device}");
        let any = StopAt { split: Split::Validation, metric: Metric::LOSS, value: 1e9 };
        let target = run(&RunSpec { stop_at: Some(any), ..spec }, 1);
        assert_eq!(
            (target.status, target.stop_reason),
            (Status::Completed, Some(StopReason::Target))
        );
        assert!(names(place.path()).is_empty(), "{device}: none of these was paused");
    }
}

#[test]
fn a_leg_may_be_killed_and_its_checkpoint_lost() {
    for device in DEVICES {
        let mut spec = mlp("kind = \"adam\"\nlr = 1e-3");
        (spec.train.epochs, spec.data.batch_size) = (9, 4);
        let through = outcomes(device, std::slice::from_ref(&spec)).remove(0);
        let place = tempfile::tempdir().unwrap();
        let options = |at| pause(place.path(), at);
        outcome(device, &spec, &options(Some(2)));
        kill_after(device, &spec, &options(Some(7)), 4);
        let resumed = outcome(device, &spec, &options(Some(7)));
        assert_eq!((resumed.status, resumed.resumed_from), (Status::Cut, Some(2)), "{device}");
        // A pause before the run's progress does not rewind it.
        let behind = outcome(device, &spec, &options(Some(4)));
        assert_eq!((behind.epochs_completed, behind.resumed_from), (7, Some(7)), "{device}");
        assert_eq!(names(place.path()), ["epoch-7"]);
        // With checkpoints in between, the run resumes from the newest.
        let often = Some(Checkpoint { folder: place.path().to_owned(), every: 1 });
        assert_same(&through, &outcome(device, &spec, &options(None)), device);
        fs::write(place.path().join("epoch-7/model.bpk"), b"damaged").unwrap();
        let checkpoint = often.clone();
        kill_after(device, &spec, &Options { checkpoint, ..options(Some(7)) }, 3);
        let on_the_way = outcome(device, &spec, &Options { checkpoint: often, ..options(Some(7)) });
        let from = on_the_way.resumed_from.unwrap();
        assert!((2..7).contains(&from), "{device}: {from}");
        // With a damaged or missing checkpoint, the run starts over and gives the same result.
        fs::write(place.path().join("epoch-7/optimizer.bpk"), b"damaged").unwrap();
        for _ in 0..2 {
            let anew = outcome(device, &spec, &options(None));
            assert_eq!(anew.resumed_from, None, "{device}");
            assert_same(&through, &anew, device);
            fs::remove_dir_all(place.path().join("epoch-7")).unwrap_or_default();
        }
    }
}

#[test]
fn a_paused_run_leaves_no_weights_that_look_final() {
    let mut spec = mlp("kind = \"adam\"\nlr = 0.1");
    (spec.train.epochs, spec.data.batch_size) = (9, 4);
    for which in [Save::Last, Save::Best] {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("w");
        let by = EpochMetric::VALIDATION_LOSS;
        let through = outcome(DEVICE, &spec, &save(which, by, &path));
        let expected = fs::read(&path).unwrap();
        assert!(which == Save::Last || through.saved_epoch.unwrap() < 6, "best before a pause");
        for at in [Some(3), Some(6), None] {
            let options =
                Options { save: save(which, by, &path).save, ..pause(&place.path().join("c"), at) };
            let found = outcome(DEVICE, &spec, &options);
            if at.is_some() {
                assert_eq!((found.status, &found.saved_digest), (Status::Cut, &None));
                assert_eq!(found.saved_epoch, None);
                assert!(!path.exists(), "{which:?} at {at:?}");
            } else {
                assert_same(&through, &found, "the same weights are kept");
                assert!(fs::read(&path).unwrap() == expected);
            }
        }
    }
}
