//! Every example of `data/README.md`, run on a file of the described form.

mod support;

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use polars::prelude::{Column, DataFrame, ParquetWriter};
use spec::plan::Plan;
use support::Sandbox;
use zip::write::SimpleFileOptions;

/// Samples of a file, enough for every part to have each class.
const ROWS: usize = 200;

/// Returns a deterministic number that looks random.
fn noise(i: usize) -> f64 {
    ((i * 7919 + 13) % 1009) as f64 / 100.0
}

/// Lines of fields.
fn lines(header: &str, row: impl Fn(usize) -> String) -> Vec<u8> {
    let rows = (0..ROWS).map(|i| row(i) + "\n").collect::<String>();
    if header.is_empty() { rows.into_bytes() } else { format!("{header}\n{rows}").into_bytes() }
}

fn kind(i: usize) -> &'static str {
    ["setosa", "versicolor", "virginica"][i * 3 / ROWS]
}

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let text = format!("{text:<117}\n");
    let length = (text.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\0", &length[..], text.as_bytes(), data].concat()
}

fn arrays(rows: usize) -> (Vec<u8>, Vec<u8>) {
    let x: Vec<u8> = (0..4 * rows).flat_map(|i| (noise(i) as f32).to_le_bytes()).collect();
    let y: Vec<u8> = (0..rows).flat_map(|i| ((i % 3) as i64).to_le_bytes()).collect();
    (npy("<f4", &format!("({rows}, 4)"), &x), npy("<i8", &format!("({rows},)"), &y))
}

fn npz() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (split, rows) in [("train", ROWS), ("test", 40)] {
        let (x, y) = arrays(rows);
        for (name, bytes) in [("x", x), ("y", y)] {
            let name = format!("{name}_{split}.npy");
            archive.start_file(name, SimpleFileOptions::default()).unwrap();
            archive.write_all(&bytes).unwrap();
        }
    }
    archive.finish().unwrap().into_inner()
}

fn idx(shape: &[u32], data: impl Iterator<Item = u8>) -> Vec<u8> {
    let dimensions = shape.iter().flat_map(|n| n.to_be_bytes());
    [0, 0, 8, shape.len() as u8].into_iter().chain(dimensions).chain(data).collect()
}

fn parquet() -> Vec<u8> {
    let width: Vec<f64> = (0..ROWS).map(noise).collect();
    let species: Vec<&str> = (0..ROWS).map(kind).collect();
    let columns = vec![
        Column::new("width".into(), width),
        Column::new("length".into(), (0..ROWS as i64).map(|i| i % 17).collect::<Vec<_>>()),
        Column::new("species".into(), species),
    ];
    let mut frame = DataFrame::new(ROWS, columns).unwrap();
    let mut out = Vec::new();
    ParquetWriter::new(&mut out).finish(&mut frame).unwrap();
    out
}

/// The file of an example.
fn file(name: &str) -> Vec<u8> {
    let four = |i: usize| format!("{},{},{},{}", noise(i), noise(i + 3), noise(i + 5), i % 7);
    match name {
        "iris.csv" => lines(
            "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm),species",
            |i| format!("{},{}", four(i), kind(i)),
        ),
        "iris.data" => lines("", |i| format!("{},Iris-{}", four(i), kind(i))),
        "wine.data" => lines("", |i| format!("{},{},{}", i * 3 / ROWS + 1, four(i), 500 + i)),
        "train.csv" => lines("label,pixel0,pixel1,pixel2,pixel3", |i| {
            format!("{},0,{},{},255", i % 10, i % 251, (i * i) % 256)
        }),
        "wdbc.data" => lines("", |i| {
            format!("{},{},{}", 842_302 + 7 * i, if noise(i) > 5.0 { "M" } else { "B" }, four(i))
        }),
        "winequality-red.csv" => lines("\"fixed acidity\";\"pH\";\"quality\"", |i| {
            format!("{};{};{}", noise(i), noise(i + 1), 3 + i % 6)
        }),
        "penguins.csv" => lines("species,island,bill_length_mm,body_mass_g,sex", |i| {
            let (species, island) =
                (["Adelie", "Gentoo"][i % 2], ["Biscoe", "Dream"][i * i % 3 % 2]);
            let (bill, sex) = match i % 29 {
                0 => ("NA".to_owned(), ""),
                n => (noise(i).to_string(), ["male", "female"][n % 2]),
            };
            format!("{species},{island},{bill},{},{sex}", 3000 + i * 7 % 900)
        }),
        "x.npy" => arrays(ROWS).0,
        "y.npy" => arrays(ROWS).1,
        "mnist.npz" => npz(),
        "adult-train.csv" | "adult-test.csv" => lines("age,job,class", |i| {
            format!("{},{},{}", 20 + i * 13 % 50, ["clerk", "smith", "baker"][i % 3], i * i % 5 % 2)
        }),
        "flowers.parquet" => parquet(),
        "letters.txt" => lines("", |i| format!("letter {} of {}", i % 26, kind(i))),
        name if name.ends_with("images-idx3-ubyte.gz") => {
            idx(&[ROWS as u32, 2, 3], (0..6 * ROWS).map(|i| (i * 37 % 256) as u8))
        }
        name if name.ends_with("labels-idx1-ubyte.gz") => {
            idx(&[ROWS as u32], (0..ROWS).map(|i| (i % 26 + 1) as u8))
        }
        other => panic!("an example speaks of {other}, which this test does not make"),
    }
}

/// The examples: their text, and the names of their files.
fn examples() -> Vec<(String, Vec<String>)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/README.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once("## Your own data").unwrap();
    let fences = section.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let files = |text: &str| {
        let parts = text.split('"').filter_map(|part| part.strip_prefix("data/own/"));
        parts.map(str::to_owned).collect::<Vec<_>>()
    };
    fences.map(|text| (text.to_owned(), files(text))).collect()
}

#[test]
fn every_example_is_run_on_such_a_file() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("own")).unwrap();
    let all = examples();
    assert!(all.len() >= 12, "{} examples", all.len());
    for (i, (text, files)) in all.iter().enumerate() {
        assert!(text.lines().count() <= 6, "{text}");
        for name in files {
            fs::write(sandbox.path("own").join(name), file(name)).unwrap();
        }
        // The repository's data/ is no place for files of a test.
        let mut text = text.replace("data/own/", "own/");
        if !text.contains("[model]") {
            text.push_str("[model]\nkind = \"linear\"\n");
        }
        if !text.contains("[train]") {
            text.push_str("[train]\n");
        }
        text = text.replace("[train]\n", "[train]\nepochs = 1\n");
        text.push_str("[[optimizer]]\nkind = \"sgd\"\nlr = 0.01\n");
        let name = format!("example-{i}");
        sandbox.sweep_file(&name, &text);
        let path = format!("experiments/{name}.toml");
        let said = sandbox.expect(0, &["run", &path, "--device", "flex", "--no-report"]);
        assert!(said.contains(&format!("{}: ", files[0])), "{text}\n{said}");
        let records = sandbox.records(&name);
        assert!(records.iter().all(|r| r.status.is_result()), "{text}\n{said}");
        let plan = fs::read(sandbox.report(&name).plan()).unwrap();
        let plan: Plan = serde_json::from_slice(&plan).unwrap();
        let told = plan.data.unwrap();
        assert!(told.parts[0] > 100 && told.parts[2] > 0, "{text}\n{told:?}");
    }
}
