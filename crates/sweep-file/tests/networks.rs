//! Tests of the networks of `experiments/problems/`: they load without a warning and have as many
//! parameters as the networks that they are named after.

use std::path::Path;

use spec::own_data::{Inspected, OwnData, OwnRequest};
use spec::reading::DataDescription;
use sweep_file::{Overrides, load_with};

#[test]
fn the_networks_of_deepobs_and_a_residual_one_are_sweep_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/problems");
    // The 28x28 images are in files that are not read here.
    let inspect = |request: &OwnRequest| {
        let data = OwnData {
            files: request.files.clone(),
            test: 0,
            scaling: request.scaling.unwrap(),
            features: 784,
            classes: 10,
            train_len: 60_000,
            test_len: 10_000,
            checksum: "1".to_owned(),
            targets: 0,
            validation: request.validation,
            reading: None,
        };
        Ok(Inspected { data, described: DataDescription::default(), traps: Vec::new() })
    };
    // 2c2d and 3c3d as in DeepOBS; ResNet-20 with convolutions as shortcuts.
    let two = 32 * 26 + 64 * (32 * 25 + 1) + 1_024 * (64 * 49 + 1) + 10 * 1_025;
    let three = 64 * 76 + 96 * 577 + 128 * 865 + 512 * 1_153 + 256 * 513 + 10 * 257;
    for (file, runs, parameters) in [
        ("mnist_2c2d", 9, two),
        ("fmnist_2c2d", 30, two),
        ("cifar10_3c3d", 30, three),
        ("cifar10_resnet20", 3, 272_474),
    ] {
        let path = folder.join(format!("{file}.toml"));
        let loaded = load_with(&path, &Overrides::default(), &inspect);
        let loaded = loaded.unwrap_or_else(|e| panic!("{e}"));
        assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
        let (plan, spec) = (&loaded.plan, &loaded.plan.runs[0].spec);
        assert_eq!((plan.name.as_str(), plan.runs.len()), (file, runs));
        let outputs = spec.data.dataset.outputs();
        let weights = spec.model.weights(spec.data.shape(), outputs);
        let found: usize = weights.iter().map(|p| p.shape.iter().product::<usize>()).sum();
        assert_eq!(found, parameters, "{file}");
    }
}
