//! Tests of merged layers: the layer of each value, its place, and its conversion through figment.

use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider};

use super::*;
use crate::source::Sources;

/// The merged table and the texts of its places.
struct Merge {
    root: Node,
    sources: Sources,
}

fn merged(user: &str, file: &str, environment: &[(&str, &str)], set: &[&str]) -> Merge {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let overrides = Overrides {
        user: Some(("user".to_owned(), user.to_owned())),
        environment: environment.iter().map(owned).collect(),
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        smoke: false,
    };
    let mut diagnostics = Diagnostics::default();
    let source = diagnostics.sources.add("file", file);
    let root = merge(source, &overrides, &mut diagnostics).expect("TOML");
    assert!(!diagnostics.has_errors(), "{diagnostics:?}");
    Merge { root, sources: diagnostics.sources }
}

impl Merge {
    /// Returns a line for each key, in order: its path, and for key and value the index of the
    /// source (0 is the file, 1 the user's configuration) with the text at the place.
    fn lines(&self) -> Vec<String> {
        let mut out = Vec::new();
        self.lines_of(&self.root, "", &mut out);
        out
    }

    fn lines_of(&self, table: &Node, above: &str, out: &mut Vec<String>) {
        let text = |place: &Place| {
            let text = &self.sources.get(place.source).text[place.span.clone()];
            format!("{} `{}`", place.source, text.replace('\n', " "))
        };
        for Entry { key, key_place, value } in table.entries() {
            out.push(format!("{above}{key}: {} = {}", text(key_place), text(&value.place)));
            self.lines_of(value, &format!("{above}{key}."), out);
        }
    }

    fn at(&self, path: &[&str]) -> &Node {
        path.iter().fold(&self.root, |node, key| &node.get(key).expect("a key").value)
    }
}

#[test]
fn figment_keeps_the_tag_of_each_value_within_tables_that_several_layers_write() {
    let layer = |number, text: &str| {
        let mut layer = Layer::new(number);
        let table = toml::de::DeTable::parse(text).expect("TOML");
        from_toml(table.get_ref(), 0..0, 0).entries().iter().for_each(|entry| layer.add(entry));
        layer
    };
    let layers =
        [layer(0, "t.x.a = 1\nt.x.b = [2, 3]"), layer(1, "t.x.c = 4"), layer(2, "t.x.a = 5")];
    let figment = layers.iter().fold(Figment::new(), |figment, layer| figment.merge(layer));
    let values = figment.data().expect("values")[&Profile::Default].clone();
    let layer_of = |path: &str| {
        let value = Value::from(values.clone()).find(path).expect("a value");
        figment.get_metadata(value.tag()).expect("a layer").name.to_string()
    };
    assert_eq!(["t.x.a", "t.x.b", "t.x.c"].map(layer_of), ["2", "0", "1"]);
    assert_eq!(layer_of("t"), "2", "a dictionary is of the last layer that wrote into it");
}

#[test]
fn values_are_figments_own_and_a_table_that_is_one_value_is_an_array() {
    let mut layer = Layer::new(0);
    let text = "[t]\ng = { a = 1 }\nv = { values = [1.5, 'x'] }\nl = [{ a = true }]";
    let table = toml::de::DeTable::parse(text).expect("TOML");
    from_toml(table.get_ref(), 0..0, 0).entries().iter().for_each(|entry| layer.add(entry));
    let mark = || (layer::MARK.to_owned(), Value::from(true));
    let dict = |key: &str, value: Value| Dict::from([(key.to_owned(), value)]);
    let list = Value::from(vec![Value::from(1.5), Value::from("x")]);
    let mut g = dict("a", Value::from(1_i64));
    g.extend([mark()]);
    let mut t = dict("g", Value::from(g));
    t.extend([
        mark(),
        ("v".to_owned(), Value::from(vec![Value::from(dict("values", list))])),
        ("l".to_owned(), Value::from(vec![Value::from(dict("a", Value::from(true)))])),
    ]);
    assert_eq!(layer.data().expect("values")[&Profile::Default], dict("t", Value::from(t)));
}

#[test]
fn keys_are_in_the_order_of_the_text_with_the_files_before_those_of_any_other_layer() {
    let merged = merged(
        "[slurm]\nz = 1\nmem = 2\ncpus = 3",
        "[train]\ny = 1\nb = 2\n[slurm]\ntime = 4\nmem = 5\n[data]\nk = 6",
        &[("SWEEP__TRAIN__A", "7"), ("SWEEP__AXES__B", "8")],
        &["train.b=9", "train.0=10", "axes.a=11"],
    );
    let expected = [
        "train: 0 `train` = 0 `[train]`",
        "train.y: 0 `y` = 0 `1`",
        "train.a: 2 `a` = 2 `7`",
        "train.b: 4 `b` = 4 `9`",
        "train.0: 5 `0` = 5 `10`",
        "slurm: 0 `slurm` = 0 `[slurm]`",
        "slurm.time: 0 `time` = 0 `4`",
        "slurm.mem: 0 `mem` = 0 `5`",
        "slurm.z: 1 `z` = 1 `1`",
        "slurm.cpus: 1 `cpus` = 1 `3`",
        "data: 0 `data` = 0 `[data]`",
        "data.k: 0 `k` = 0 `6`",
        "axes: 3 `b` = 3 `b`",
        "axes.b: 3 `b` = 3 `8`",
        "axes.a: 6 `a` = 6 `11`",
    ];
    assert_eq!(merged.lines(), expected);
}

#[test]
fn a_table_that_is_one_value_replaces_and_is_replaced_as_a_whole() {
    let file = "[train]\nlr = { values = [1, 2], zip = 'a' }\ngroup = { a = 1, b = 2 }\none = 3";
    let lines = |set: &[&str]| {
        let mut lines = merged("", file, &[], set).lines();
        lines.retain(|line| line.contains("lr") || line.contains("group") || line.contains("one"));
        lines
    };
    assert_eq!(
        lines(&["train.lr={log=[1, 2, 3]}", "train.group={count=4}", "train.one={values=[5]}"]),
        [
            "train.lr: 2 `lr` = 2 `{log=[1, 2, 3]}`",
            "train.lr.log: 2 `log` = 2 `[1, 2, 3]`",
            "train.group: 3 `group` = 3 `{count=4}`",
            "train.group.count: 3 `count` = 3 `4`",
            "train.one: 4 `one` = 4 `{values=[5]}`",
            "train.one.values: 4 `values` = 4 `[5]`",
        ]
    );
    // One key of such a table replaces it; one key of a group is set in the group.
    assert_eq!(
        lines(&["train.lr.zip='b'", "train.group.b=6"]),
        [
            "train.group: 0 `group` = 0 `{ a = 1, b = 2 }`",
            "train.group.a: 0 `a` = 0 `1`",
            "train.group.b: 3 `b` = 3 `6`",
            "train.one: 0 `one` = 0 `3`",
            "train.lr: 2 `zip` = 2 `zip`",
            "train.lr.zip: 2 `zip` = 2 `'b'`",
        ]
    );
}

#[test]
fn a_scalar_replaces_a_table_with_its_place_and_a_table_a_scalar() {
    let merged =
        merged("", "[t]\na = 1\n[s]\nb = 2\n[e]", &[], &["t=3", "t.c=4", "s=5", "s.b.d=6"]);
    let expected = [
        "e: 0 `e` = 0 `[e]`",
        "t: 3 `c` = 3 `c`",
        "t.c: 3 `c` = 3 `4`",
        "s: 5 `d` = 5 `d`",
        "s.b: 5 `d` = 5 `d`",
        "s.b.d: 5 `d` = 5 `6`",
    ];
    assert_eq!(merged.lines(), expected);
}

#[test]
fn optimizers_are_in_the_order_of_the_file_and_overridden_by_label() {
    let file = "[[optimizer]]\nkind = 'sgd'\nlr = 1\n[[optimizer]]\nkind = 'adam'\nlabel = 'a.b'";
    let two = merged("", file, &[], &["optimizer.sgd.lr=2", "optimizer.'a.b'.lr=3"]);
    let keys: Vec<&str> = two.at(&["optimizer"]).entries().iter().map(|e| &*e.key).collect();
    assert_eq!(keys, ["sgd", "a.b"]);
    assert!(matches!(two.at(&["optimizer", "sgd", "lr"]).value, NodeValue::Int(2)));
    assert!(matches!(two.at(&["optimizer", "a.b", "lr"]).value, NodeValue::Int(3)));
    let none = merged("", "optimizer = []", &[], &[]);
    assert_eq!((none.at(&["optimizer"]).entries().len(), none.lines().len()), (0, 1));
}

#[test]
fn every_value_comes_back_as_it_was_read() {
    let floats = "[-0.0, inf, -inf, nan, -nan, 5e-324, 1e3]";
    let ints = "[-9223372036854775808, 9223372036854775807, 0x7f, 9223372036854775808, 0xffffffffffffffffff]";
    let others =
        "[true, '', \"\\u0000\", 1979-05-27, 07:32:00, [], {}, [[{ \"\" = { \"\\u0000\" = 1 } }]]]";
    let text = format!("[t]\nfloats = {floats}\nints = {ints}\nothers = {others}\n\"\" = 1");
    let before = from_toml(toml::de::DeTable::parse(&text).expect("TOML").get_ref(), 0..0, 0);
    let after = merged("", &text, &[], &[]);
    let bits = |node: &Node| {
        let NodeValue::Array(items) = &node.value else { panic!("{node:?}") };
        let bits = |item: &Node| match item.value {
            NodeValue::Float(x) => x.to_bits(),
            _ => panic!("{item:?}"),
        };
        items.iter().map(bits).collect::<Vec<_>>()
    };
    let table = &before.get("t").expect("a table").value;
    let floats = &table.get("floats").expect("a list").value;
    assert_eq!(bits(after.at(&["t", "floats"])), bits(floats));
    assert_eq!(format!("{:?}", after.at(&["t"])), format!("{table:?}"));
    // A key equal to that of the mark is renamed, and stays unknown.
    let marked = merged("", "\"\\u0000\" = 1\n[t]\n\"\\u0000\" = 2", &[], &["t.a.\"\\u0000\"=3"]);
    for path in [&["\0\0"][..], &["t", "\0\0"], &["t", "a", "\0\0"]] {
        assert!(matches!(marked.at(path).value, NodeValue::Int(_)));
    }
}
