//! Tests of texts that are read as a stream: the state carried from step to step, over segments,
//! epochs and kills, and what is measured.

mod support;

use std::path::Path;

use spec::RunSpec;
use spec::event::{Checkpoint, Options};
use spec::own_data::OwnRequest;
use spec::record::{Outcome, Split, Status};
use support::{DEVICES, Session, assert_same, kill_after, values};
use sweep_file::{Overrides, load_text_with};

const LSTM: &str = "kind = \"lstm\"\nwidth = 8";
const GPT: &str = "kind = \"gpt\"\nlayers = 1\nheads = 2\nwidth = 8";

/// Creates a folder with a text of 1,000 letters in which each follows from those before: 100 are
/// held out, 100 are the test split.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let letter = |i: usize| char::from(b'a' + ((i * i / 7 + i / 3) % 5) as u8);
    let text: String = (0..1_000).map(letter).collect();
    std::fs::write(folder.path().join("t.txt"), text).unwrap();
    folder
}

/// Returns a run on that text in sequences of 5; the lines are of `[data]`, `[model]` and
/// `[train]`.
fn run(root: &Path, data: &str, model: &str, train: &str) -> RunSpec {
    let text = format!(
        "[data]\ndataset = {{ path = \"t.txt\", kind = \"text\", test = 100 }}\nvalidation = 100\ncontext = 5\n{data}\n[model]\n{model}\n[train]\n{train}\n[[optimizer]]\nkind = \"sgd\"\nlr = 0.5\nmomentum = 0.5\n"
    );
    let inspect = |request: &OwnRequest| data::inspect(request, root).map_err(|e| e.parts());
    let loaded = load_text_with("x.toml", "x", text, &Overrides::default(), &inspect);
    loaded.unwrap_or_else(|e| panic!("{e}")).plan.runs[0].spec.clone()
}

fn outcomes(device: &str, root: &Path, specs: &[RunSpec]) -> Vec<Outcome> {
    let options = Options { root: root.to_owned(), ..Options::default() };
    Session::of(device, specs.iter().map(|spec| (spec, &options))).outcomes()
}

#[test]
fn borders_of_segments_lose_nothing_of_the_state() {
    let folder = folder();
    let root = folder.path();
    for device in DEVICES {
        // 800 letters give 159 sequences: 15 steps of 10 lanes.
        let data = "batching = \"stream\"\nbatch_size = 10";
        let by_epochs = run(root, data, LSTM, "epochs = 6");
        assert_eq!((by_epochs.steps_per_epoch(), by_epochs.total_steps()), (15, 90));
        let by_steps = run(root, data, LSTM, "steps = 90");
        assert_eq!(by_steps.segments().length, 2, "15 steps are no multiple");
        let found = outcomes(device, root, &[by_epochs, by_steps]);
        assert_eq!(found[0].status, Status::Completed);
        assert_eq!(found[0].weights_digest, found[1].weights_digest, "{device}");
        // Every epoch feeds the same order.
        assert_eq!(found[0].batch_digest[0], found[0].batch_digest[5]);
        let losses = values(&found[0], Split::Test, "loss");
        assert!(losses[6].1 < losses[0].1, "{losses:?}");
    }
}

/// Checks that one lane equals consecutive windows: without a state it is the same run.
#[test]
fn the_state_is_carried_of_a_stream_alone() {
    let folder = folder();
    let root = folder.path();
    for device in DEVICES {
        let weights = |model: &str| {
            let of =
                |data: &str| run(root, &format!("batch_size = 1\n{data}"), model, "epochs = 1");
            let specs = [of("batching = \"stream\""), of("shuffle = \"none\"")];
            let found = outcomes(device, root, &specs);
            let [stream, windows] = &found[..] else { unreachable!() };
            assert_eq!((stream.steps, &stream.batch_digest), (159, &windows.batch_digest));
            let first = |outcome: &Outcome| values(outcome, Split::Test, "loss")[0].1;
            let same_before = first(stream) == first(windows);
            (stream.weights_digest == windows.weights_digest, same_before)
        };
        // Evaluation on the test split also carries the state along its lane.
        assert_eq!((weights(GPT).0, weights(LSTM)), (true, (false, false)), "{device}");
    }
}

#[test]
fn accumulated_batches_follow_on_one_another() {
    let folder = folder();
    let root = folder.path();
    for device in DEVICES {
        let data = "batching = \"stream\"\nbatch_size = 10";
        let mut spec = run(root, data, LSTM, "epochs = 2");
        spec.update.accumulate = 4;
        let found = outcomes(device, root, &[spec]).remove(0);
        assert_eq!((found.status, found.steps), (Status::Completed, 8));
    }
}

#[test]
fn a_killed_run_goes_on_with_the_state_of_its_stream() {
    let folder = folder();
    let root = folder.path();
    let data = "batching = \"stream\"\nbatch_size = 2";
    let dropping = format!("{LSTM}\ndropout = 0.2\ninput_dropout = 0.1");
    for device in DEVICES {
        let by_epochs = run(root, data, &dropping, "epochs = 8");
        let mut by_steps = run(root, data, &dropping, "steps = 640");
        // Segments of 10 steps in epochs of 79, so that a checkpoint is in the middle of one.
        by_steps.evaluate_every = 10;
        for (spec, kill) in [(by_epochs, 3), (by_steps, 3)] {
            let checkpoints = tempfile::tempdir().unwrap();
            let every = if spec.train.steps == 0 { 1 } else { 10 };
            let checkpoint = Checkpoint { folder: checkpoints.path().join("c"), every };
            let options = Options {
                root: root.to_owned(),
                checkpoint: Some(checkpoint),
                ..Options::default()
            };
            let through = outcomes(device, root, std::slice::from_ref(&spec)).remove(0);
            kill_after(device, &spec, &options, kill);
            let session = Session::of(device, [(&spec, &options)]);
            let resumed = session.outcomes().remove(0);
            assert!(resumed.resumed_from >= Some(1), "{device}: {}", session.log);
            assert_same(&through, &resumed, device);
        }
    }
}
