//! Reads a report's Parquet from Rust: the chosen configuration of each
//! optimizer with its test accuracy. README.md shows this file's middle.
//!
//! `cargo run --release -p report --example read_parquet reports/gallery/battle`

// README begins here
use polars::prelude::*;

/// Label, learning rate, mean test accuracy and its 95 % interval.
pub fn chosen(report: &str) -> PolarsResult<DataFrame> {
    let summary = PlRefPath::new(format!("{report}/summary.parquet"));
    LazyFrame::scan_parquet(summary, ScanArgsParquet::default())?
        .filter(col("best"))
        .select(
            ["label", "lr", "test_accuracy_mean", "test_accuracy_low", "test_accuracy_high"]
                .map(col),
        )
        .sort(["test_accuracy_mean"], SortMultipleOptions::new().with_order_descending(true))
        .collect()
}
// README ends here

fn main() -> PolarsResult<()> {
    let report = std::env::args().nth(1).unwrap_or_else(|| "reports/gallery/battle".to_owned());
    let frame = chosen(&report)?;
    // The feature `fmt` of polars would print a table; here a line a row will do.
    for row in 0..frame.height() {
        let values = frame.get_row(row)?.0;
        let texts: Vec<String> = values.iter().map(|v| format!("{v:?}")).collect();
        println!("{}", texts.join("  "));
    }
    Ok(())
}
