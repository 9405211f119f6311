//! Compares gradients by libtorch's autograd with those of Burn's graph, which `--plain` selects:
//! losses are equal up to rounding, including dropout masks and the carried state of a stream.

#![cfg(feature = "libtorch")]

mod support;

use std::path::Path;

use spec::RunSpec;
use spec::event::Options;
use spec::own_data::OwnRequest;
use spec::record::{Outcome, Split};
use support::{DEVICES, Session, assert_same, run_spec, values};
use sweep_file::{Overrides, load_text_with};

/// Returns the devices of libtorch.
fn devices() -> impl Iterator<Item = &'static str> {
    DEVICES.iter().copied().filter(|device| device.starts_with("libtorch"))
}

/// Creates a folder with a text of 3,000 letters in which each follows from those before: 300 are
/// held out, 300 are the test split.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let letter = |i: usize| char::from(b'a' + ((i * i / 7 + i / 3) % 11) as u8);
    let text: String = (0..3_000).map(letter).collect();
    std::fs::write(folder.path().join("t.txt"), text).unwrap();
    folder
}

/// Returns a run of 60 steps on that text in sequences of 8.
fn run(root: &Path, data: &str, model: &str, train: &str, optimizer: &str) -> RunSpec {
    let text = format!(
        "[data]\ndataset = {{ path = \"t.txt\", kind = \"text\", test = 300 }}\nvalidation = 300\ncontext = 8\nbatch_size = 10\n{data}\n[model]\n{model}\n[train]\nsteps = 60\nevaluate_every = 10\n{train}\n[[optimizer]]\n{optimizer}\n"
    );
    let inspect = |request: &OwnRequest| data::inspect(request, root).map_err(|e| e.parts());
    let loaded = load_text_with("x.toml", "x", text, &Overrides::default(), &inspect);
    loaded.unwrap_or_else(|e| panic!("{e}")).plan.runs[0].spec.clone()
}

const ADAMW: &str = "kind = \"adamw\"\nlr = 3e-3";
const GPT: &str = "kind = \"gpt\"\nlayers = 2\nheads = 2\nwidth = 16";
const LSTM: &str = "kind = \"lstm\"\nlayers = 2\nwidth = 16";

/// Returns runs of every model with a forward pass in libtorch, with different surroundings.
fn specs(root: &Path) -> Vec<RunSpec> {
    let gpt = |lines: &str| format!("{GPT}\n{lines}");
    let lstm = |lines: &str| format!("{LSTM}\n{lines}");
    let stream = "batching = \"stream\"";
    vec![
        run(root, "", GPT, "", ADAMW),
        run(root, "", &gpt("norm = \"rms\"\nbias = false\ntied = false"), "", ADAMW),
        run(root, "", &gpt("dropout = 0.2"), "label_smoothing = 0.1", ADAMW),
        run(root, "", GPT, "", "kind = \"muon\"\nlr = 0.02\nclip_norm = 0.5\naccumulate = 3"),
        run(
            root,
            "",
            GPT,
            "",
            "kind = \"adamw\"\nlr = 3e-3\ngroups = [{ ndim = 2, weight_decay = 0.1 }]",
        ),
        run(
            root,
            "",
            GPT,
            "",
            "kind = \"muon\"\nlr = 0.02\nnesterov = false\ndecoupled_decay = 0.05\ngroups = [{ role = \"bias\", lr_scale = 0.0 }, { params = \"blocks.0.*\", lr_scale = 0.5, weight_decay = 0.01 }]",
        ),
        run(
            root,
            "",
            GPT,
            "",
            "kind = \"rmsprop\"\nlr = 1e-3\neps = 1e-4\ngroups = [{ role = \"embedding\", lr_scale = 0.1, decoupled_decay = 20.0 }]",
        ),
        run(
            root,
            "",
            GPT,
            "",
            "kind = \"sgd\"\nlr = 0.1\nmomentum = 0.9\nnesterov = true\ngroups = [{ role = \"norm\", lr_scale = 2.0 }, { ndim = 2, weight_decay = 0.01 }]",
        ),
        run(root, stream, GPT, "", ADAMW),
        run(root, "", LSTM, "", ADAMW),
        run(root, stream, LSTM, "", "kind = \"sgd\"\nlr = 1.0\nmomentum = 0.5"),
        run(
            root,
            stream,
            &lstm("dropout = 0.36\ninput_dropout = 0.2\noutput_dropout = 0.2"),
            "",
            ADAMW,
        ),
        layered(CONVOLUTIONS, "", "kind = \"sgd\"\nlr = 0.05\nmomentum = 0.9"),
        layered(CONVOLUTIONS, "label_smoothing = 0.1", "kind = \"muon\"\nlr = 0.02"),
        layered(FLAT, "l2 = 0.02", ADAMW),
    ]
}

/// Layers with evenly and unevenly padded windows, in every kind of branch. No bias precedes batch
/// normalisation directly: its gradient would be only rounding, which Adam scales up.
const CONVOLUTIONS: &str = r#"
    { kind = "conv", channels = 4, kernel = 3, padding = 1, bias = false },
    { kind = "batch-norm" }, { kind = "gelu" },
    { kind = "max-pool", size = 3, stride = 1, padding = 1 },
    { kind = "residual", layers = [
        { kind = "conv", channels = 6, kernel = 4, stride = 2, padding = "same" },
        { kind = "tanh" }, { kind = "batch-norm" }, { kind = "dropout", p = 0.1 },
    ], shortcut = [{ kind = "conv", channels = 6, kernel = 1, stride = 2 }] },
    { kind = "relu" },
    { kind = "max-pool", size = 2, stride = 1, padding = "same" },
    { kind = "avg-pool", size = 2, stride = 1, padding = "same" },
    { kind = "avg-pool", size = 3, stride = 1, padding = 1 },
    { kind = "layer-norm" },
    { kind = "residual", layers = [{ kind = "sigmoid" }] },
    { kind = "global-avg-pool" },"#;

/// Layers of numbers without positions.
const FLAT: &str = r#"
    { kind = "dropout", p = 0.2 },
    { kind = "dense", units = 20, init = "he-normal" }, { kind = "tanh" },
    { kind = "batch-norm" }, { kind = "layer-norm" },
    { kind = "reshape", shape = [5, 2, 2] },
    { kind = "conv", channels = 5, kernel = 2 }, { kind = "relu" },"#;

/// Returns a run of 3 epochs on the digits.
fn layered(layers: &str, train: &str, optimizer: &str) -> RunSpec {
    run_spec(&format!("kind = \"layers\"\nlayers = [{layers}\n]"), optimizer, train)
}

fn outcomes(device: &str, root: &Path, specs: &[RunSpec]) -> Vec<Outcome> {
    let options = Options { root: root.to_owned(), ..Options::default() };
    Session::of(device, specs.iter().map(|spec| (spec, &options))).outcomes()
}

#[test]
fn the_losses_are_those_of_burns_graph() {
    let folder = folder();
    let specs = specs(folder.path());
    for device in devices() {
        let own = outcomes(device, folder.path(), &specs);
        let plain = outcomes("libtorch:cpu --plain", folder.path(), &specs);
        for (spec, (own, plain)) in specs.iter().zip(own.iter().zip(&plain)) {
            assert_eq!(own.batch_digest, plain.batch_digest);
            for split in [Split::Train, Split::Validation, Split::Test] {
                let of = |outcome| values(outcome, split, "loss");
                let (own, plain) = (of(own), of(plain));
                assert_eq!(own.len(), plain.len());
                for (at, ((_, a), (_, b))) in own.iter().zip(&plain).enumerate() {
                    let what = format!("{device}, {split} {at}: {a} and {b} of {spec:?}");
                    assert!((a - b).abs() < 2e-4, "{what}");
                }
            }
            // The bits show that it is not Burn's graph.
            assert_ne!(own.weights_digest, plain.weights_digest, "{:?}", spec.model);
        }
    }
}

#[test]
fn a_run_has_the_same_bits_again() {
    let folder = folder();
    let specs = specs(folder.path());
    for device in devices() {
        let [first, again] = [(); 2].map(|()| outcomes(device, folder.path(), &specs));
        for (a, b) in first.iter().zip(&again) {
            assert_same(a, b, device);
        }
    }
}
