//! Tests of runs on user data: the parts of it that belong to their identity.

use spec::own_data::{Inspected, OwnData, OwnRequest, Scaling};
use spec::plan::Plan;
use spec::reading::{DataDescription, Reading};
use sweep_file::{Overrides, load_text_with};

const BASE: &str = r#"
[data]
dataset = "digits"
batch_size = 32
validation = 237
[model]
kind = "mlp"
hidden = [16]
[train]
epochs = 4
[[optimizer]]
kind = "sgd"
lr = 0.1
[[optimizer]]
kind = "adam"
lr = [1e-3, 1e-2]
"#;

#[test]
fn own_data_is_known_by_what_is_in_it_and_not_by_its_place() {
    let text = |path: &str| {
        BASE.replace(
            "\"digits\"",
            &format!("{{ kind = \"csv\", path = \"{path}\", scaling = \"none\" }}"),
        )
    };
    let ids = |path: &str, checksum: &str| {
        let inspect = |request: &OwnRequest| {
            let data = OwnData {
                files: request.files.clone(),
                test: 100,
                scaling: request.scaling.unwrap(),
                features: 4,
                classes: 3,
                train_len: 500,
                test_len: 100,
                checksum: checksum.to_owned(),
                targets: 0,
                validation: request.validation,
                reading: None,
            };
            Ok(Inspected { data, described: DataDescription::default(), traps: Vec::new() })
        };
        let plan = load_text_with("t.toml", "t", text(path), &Overrides::default(), &inspect)
            .unwrap_or_else(|e| panic!("{e}"))
            .plan;
        assert_eq!(plan.runs[0].spec.train_samples(), 500 - 237);
        plan.runs.iter().map(|r| r.run_id).collect::<Vec<_>>()
    };
    assert_eq!(ids("a.csv", "1"), ids("b/c.csv", "1"));
    assert_ne!(ids("a.csv", "1"), ids("a.csv", "2"));
}

/// The keys of a file are not part of a run's identity; the interpretation of its columns is.
#[test]
fn own_data_is_known_by_what_was_understood() {
    let ids = |keys: &str, understood: Option<&str>| {
        let inspect = |request: &OwnRequest| {
            let reading = Reading {
                asked: request.asked.clone(),
                split: request.split,
                values: request.values,
                understood: understood.map(str::to_owned),
            };
            let data = OwnData {
                files: request.files.clone(),
                test: 100,
                scaling: Scaling::Features,
                features: 4,
                classes: 3,
                train_len: 500,
                test_len: 100,
                checksum: "1".to_owned(),
                targets: 0,
                validation: request.validation,
                reading: (reading != Reading::default()).then(|| Box::new(reading)),
            };
            Ok(Inspected { data, described: DataDescription::default(), traps: Vec::new() })
        };
        let text = BASE.replace("\"digits\"", &format!("{{ path = \"a.csv\"{keys} }}"));
        let plan = load_text_with("t.toml", "t", text, &Overrides::default(), &inspect)
            .unwrap_or_else(|e| panic!("{e}"))
            .plan;
        let stored = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&stored).unwrap(), plan);
        plan.runs.iter().map(|r| r.run_id).collect::<Vec<_>>()
    };
    assert_eq!(ids("", None), ids(", label = \"y\"", None));
    assert_eq!(ids(", label = 1", Some("a")), ids(", label = \"y\"", Some("a")));
    assert_ne!(ids(", label = 1", Some("a")), ids(", label = 1", Some("b")));
    assert_ne!(ids("", None), ids("", Some("a")));
    let kind = ids(", kind = \"csv\"", None);
    assert_eq!(kind, ids("", None), "the name of the file says the format");
}
