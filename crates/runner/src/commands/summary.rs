//! The table at the end of a sweep: each optimizer at its best.

use comfy_table::CellAlignment;
use report::BestRow;
use spec::layout::ReportDir;
use spec::plan::Plan;

use crate::text;
use crate::workspace::Workspace;

/// Prints the best configuration of each optimizer and where the report is.
pub(super) fn print(workspace: &Workspace, dir: &ReportDir) -> anyhow::Result<()> {
    let plan: Plan = serde_json::from_slice(&std::fs::read(dir.plan())?)?;
    let rows = report::best(dir)?;
    println!();
    if plan.runs.len() == 1 {
        one_run(&rows);
    } else {
        table(&rows);
    }
    println!("report: {}", workspace.relative(&dir.html()));
    Ok(())
}

/// One run needs no table: the numbers of the lesson in a line each.
fn one_run(rows: &[BestRow]) {
    for row in rows {
        let number = |name: &str, value: Option<f64>| match value {
            Some(v) => println!("{name:<28}{v:.4}"),
            None => println!("{name:<28}none"),
        };
        println!("{}, lr {}", text::plain(&row.label), spec::float::short(row.lr));
        number("average loss, last epoch", row.train_loss.mean);
        number("test accuracy", row.test_accuracy.mean);
    }
}

fn table(rows: &[BestRow]) {
    let metric = rows.first().map_or("metric", |r| r.metric.as_str()).to_owned();
    let mut out = text::table(&["optimizer", "best", "seeds", &metric, "test accuracy", "train loss", "notes"]);
    for row in rows {
        let mut notes = Vec::new();
        if row.counts.diverged > 0 {
            notes.push(format!("{} diverged", row.counts.diverged));
        }
        if row.counts.failed > 0 {
            notes.push(format!("{} failed", row.counts.failed));
        }
        if row.counts.missing > 0 {
            notes.push(format!("{} missing", row.counts.missing));
        }
        if row.edge.is_some() {
            notes.push("lr at edge of grid".to_owned());
        }
        let seeds = row.counts.completed.to_string();
        out.add_row(vec![
            text::plain(&row.label),
            text::plain(&row.config),
            seeds,
            estimate(&row.target),
            estimate(&row.test_accuracy),
            estimate(&row.train_loss),
            notes.join(", "),
        ]);
    }
    for column in out.column_iter_mut().skip(2).take(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{out}");
    println!("mean ± standard deviation over seeds, after the last epoch; chosen by {metric}");
    if let Some(why) = rows.iter().find_map(|r| r.fallback.as_deref()) {
        println!("{}", text::plain(why));
    }
}

fn estimate(e: &report::stats::Estimate) -> String {
    match (e.mean, e.sd) {
        (Some(mean), Some(sd)) => format!("{mean:.4} ± {sd:.4}"),
        (Some(mean), None) => format!("{mean:.4}"),
        _ => "none".to_owned(),
    }
}
