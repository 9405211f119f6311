//! What README.md says about reading the Parquet holds.

mod common;

use std::fs;
use std::path::Path;

use common::Fixture;
use spec::report_settings::FigureName;

#[allow(dead_code, reason = "its main is the example's")]
#[path = "../examples/read_parquet.rs"]
mod read_parquet;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap()
}

#[test]
fn the_example_in_rust_is_the_one_that_runs() {
    let example = include_str!("../examples/read_parquet.rs");
    let (_, rest) = example.split_once("// README begins here\n").unwrap();
    let (shown, _) = rest.split_once("// README ends here").unwrap();
    assert!(readme().contains(shown.trim()), "README.md shows something else");

    let folder = tempfile::tempdir().unwrap();
    let dir = Fixture::battle(3).write(folder.path());
    report::collect(&dir).unwrap();
    let frame = read_parquet::chosen(&folder.path().display().to_string()).unwrap();
    assert_eq!((frame.height(), frame.width()), (5, 5));
    let means = frame.column("test_accuracy_mean").unwrap().f64().unwrap();
    let means: Vec<f64> = means.iter().flatten().collect();
    assert!(means.is_sorted_by(|a, b| a >= b), "{means:?}");
}

/// Every column that the examples in Python and SQL name exists.
#[test]
fn the_columns_in_python_and_sql_exist() {
    let folder = tempfile::tempdir().unwrap();
    let dir = Fixture::battle(3).write(folder.path());
    report::collect(&dir).unwrap();
    let columns: Vec<String> = [dir.runs(), dir.metrics(), dir.summary()]
        .iter()
        .flat_map(|path| {
            use polars::prelude::*;
            let file = std::fs::File::open(path).unwrap();
            let frame = ParquetReader::new(file).finish().unwrap();
            frame.get_column_names().iter().map(|n| n.to_string()).collect::<Vec<_>>()
        })
        .collect();
    let text = readme();
    let block = |language: &str| {
        let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    };
    // In Python names of columns are texts, in SQL they follow an alias.
    let python = block("python");
    let named: Vec<&str> =
        python.split('"').skip(1).step_by(2).filter(|s| !s.contains('/')).collect();
    let new = ["validation", "loss", "seeds", "semi"];
    for name in named.iter().filter(|n| !new.contains(n)) {
        assert!(columns.iter().any(|c| c == name), "README.md, Python: no column {name}");
    }
    assert!(named.len() > 10);
    let sql = block("sql");
    for word in
        ["label", "lr", "status", "seed", "init_digest", "test_accuracy", "config_id", "best"]
    {
        assert!(sql.contains(word) && columns.iter().any(|c| c == word), "README.md, SQL: {word}");
    }
}

/// Returns the part of `reports/README.md` under a heading, up to the next.
fn section(heading: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/README.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split("\n## ").next().unwrap().to_owned()
}

/// The table of figures follows from the names and their descriptions;
/// `UPDATE_README=1 cargo xtask test readme` writes it anew.
#[test]
fn the_table_of_figures_is_the_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/README.md");
    let found = fs::read_to_string(&path).unwrap();
    let begin = "<!-- made from the names of figures -->\n";
    let (before, rest) = found.split_once(begin).expect("the table's beginning");
    let (_, after) = rest.split_once("<!-- end -->").expect("the table's end");
    let rows = FigureName::ALL.iter().map(|name| format!("| `{name}` | {} |\n", name.doc()));
    let table: String = rows.collect();
    let text =
        format!("{before}{begin}\n| figure | shows |\n|---|---|\n{table}\n<!-- end -->{after}");
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, &text).unwrap();
        return;
    }
    assert!(found == text, "UPDATE_README=1 writes the table of figures anew");
}

/// Each column by its name, but those that are made of a value and an estimate.
#[test]
fn every_column_stands_in_the_readme_of_reports() {
    use polars::prelude::*;
    let folder = tempfile::tempdir().unwrap();
    let dir = Fixture::battle(12).write(folder.path());
    report::collect(&dir).unwrap();
    let text = section("Columns");
    let words: Vec<&str> =
        text.split('`').skip(1).step_by(2).flat_map(|code| code.split(", ")).collect();
    let has = |name: &str| words.contains(&name);
    for path in [dir.runs(), dir.metrics(), dir.summary()] {
        let frame = ParquetReader::new(fs::File::open(&path).unwrap()).finish().unwrap();
        for name in frame.get_column_names() {
            let estimate = || {
                let parts = name.match_indices('_').map(|(at, _)| name.split_at(at));
                parts.into_iter().any(|(value, of)| has(value) && has(of))
            };
            assert!(
                name.starts_with("hp.") || has(name) || estimate(),
                "reports/README.md, Columns: no `{name}` of {}",
                path.display()
            );
        }
    }
}
