//! Tests that workers that share a dataset's inputs train as others do, and hold no copy of them.

mod support;

use std::fs;
use std::path::Path;

use spec::record::{MetricPoint, Outcome};
use spec::{DatasetName, RunSpec};
use support::{DEVICES, anonymous_memory, data, mlp, request, worker};
use tempfile::TempDir;

/// Returns a run of one epoch of few steps on MNIST.
fn spec() -> RunSpec {
    let mut spec = mlp("kind = \"sgd\"\nlr = 0.1");
    spec.data.dataset = DatasetName::Mnist.into();
    spec.data.batch_size = 1000;
    spec.data.validation = 5000;
    spec.train.epochs = 1;
    spec
}

/// Creates a folder that holds only MNIST.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("mnist")).unwrap();
    for file in DatasetName::Mnist.info().files {
        let file = Path::new("mnist").join(file.name);
        fs::copy(data().join(&file), folder.path().join(&file)).unwrap();
    }
    folder
}

/// Returns the outcome of the run and the worker's log.
fn train(device: &str, data: &Path) -> (Outcome, String) {
    let (output, events) = worker(device, data, &request(&spec()));
    let outcome = support::outcomes_of(&events).pop().unwrap_or_else(|| panic!("{events:?}"));
    (outcome, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Returns all measured points except times.
fn measured(outcome: &Outcome) -> Vec<&MetricPoint> {
    outcome.metrics.iter().filter(|m| m.metric != "seconds").collect()
}

#[test]
fn shared_or_not_the_weights_are_the_same() {
    for device in DEVICES {
        let (apart, shared) = (folder(), folder());
        fs::write(apart.path().join(".cache"), b"no folder").unwrap();
        let (own, said) = train(device, apart.path());
        assert!(said.contains("cannot be shared with other workers"), "{said}");
        let (made, said) = train(device, shared.path());
        assert_eq!(said, "");
        let (found, said) = train(device, shared.path());
        assert_eq!(said, "");
        // Flips one bit of the last pixels.
        let cache = shared.path().join(".cache");
        let mut files = fs::read_dir(cache).unwrap().map(|e| e.unwrap().path());
        let file = files.find(|f| f.extension().is_some_and(|e| e == "f32")).unwrap();
        let mut bytes = fs::read(&file).unwrap();
        bytes[200_000_000] ^= 1;
        fs::remove_file(&file).unwrap();
        fs::write(&file, &bytes).unwrap();
        let (again, said) = train(device, shared.path());
        assert!(said.contains("was damaged; made again"), "{said}");
        for other in [made, found, again] {
            assert_eq!(other.weights_digest, own.weights_digest, "{device}");
            assert_eq!(other.dataset_digest, own.dataset_digest);
            assert_eq!(measured(&other), measured(&own));
        }
    }
}

#[test]
fn a_worker_has_no_copy_of_the_inputs() {
    let folder = folder();
    for device in DEVICES {
        train(device, folder.path());
        let megabytes = anonymous_memory(device, folder.path(), &spec()) >> 20;
        // The inputs alone take 219 MB.
        assert!(megabytes < 150, "{device}: {megabytes} MB");
    }
}
