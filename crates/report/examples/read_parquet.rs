//! Reads a report's Parquet from Rust: the chosen configuration of each
//! optimizer with its test accuracy. README.md shows this file's middle.
//!
//! `cargo run --release -p report --example read_parquet reports/gallery/battle`

// README begins here
use polars::prelude::*;

/// Label, learning rate, mean test accuracy and its 95 % interval.
pub fn chosen(report: &str) -> PolarsResult<DataFrame> {
    let summary = std::fs::File::open(format!("{report}/summary.parquet"))?;
    let summary = ParquetReader::new(summary).finish()?;
    let best = summary.filter(summary.column("best")?.bool()?)?;
    best.select(["label", "lr", "test_accuracy_mean", "test_accuracy_low", "test_accuracy_high"])?
        .sort(["test_accuracy_mean"], SortMultipleOptions::new().with_order_descending(true))
}
// README ends here

fn main() -> PolarsResult<()> {
    let report = std::env::args().nth(1).unwrap_or_else(|| "reports/gallery/battle".to_owned());
    let frame = chosen(&report)?;
    // The feature `fmt` of polars would print a table; here a line a row will do.
    for row in 0..frame.height() {
        let value = |column: &Column| Ok(format!("{:?}", column.get(row)?));
        let texts: PolarsResult<Vec<String>> = frame.columns().iter().map(value).collect();
        let texts = texts?;
        println!("{}", texts.join("  "));
    }
    Ok(())
}
