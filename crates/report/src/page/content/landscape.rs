//! Functions side by side: what each optimizer reached on each.

use crate::analysis::{Analysis, Config, Task};
use crate::escape;
use crate::number;
use crate::page::table::{Cell, Table};
use crate::page::words::list;

/// A row a label, a column a function: the value after the last step at the
/// label's best configuration there, with its learning rate. Empty for networks.
pub fn landscape_table(analysis: &Analysis) -> Table {
    let tasks = analysis.tasks();
    let heads: Vec<String> = tasks.iter().map(|t| format!("#{}", t.function)).collect();
    let heads: Vec<&str> =
        ["Optimizer"].into_iter().chain(heads.iter().map(String::as_str)).collect();
    let mut table = Table::new(&heads);
    if tasks.is_empty() {
        return table;
    }
    for (label, optimizer) in analysis.plan.optimizers.iter().enumerate() {
        let cells = tasks.iter().map(|task| cell(task, label));
        table.rows.push([Cell::label(&optimizer.label, label)].into_iter().chain(cells).collect());
    }
    table
}

fn cell(task: &Task, label: usize) -> Cell {
    let analysis = &task.analysis;
    let Some(config) = analysis.best[label].map(|i| &analysis.configs[i]) else {
        return if task.function.info().saddle { Cell::text("thrown") } else { Cell::default() };
    };
    let lr = analysis.planned(config).spec.optimizer.lr();
    if task.function.info().saddle {
        let after = |c: &Config| task.left_after(c);
        let best = analysis.best.iter().flatten().filter_map(|&i| after(&analysis.configs[i]));
        let least = best.fold(f64::INFINITY, f64::min);
        if let Some(steps) = after(config) {
            let text =
                |steps: f64| format!("left after {} (lr {})", told(steps), number::brief(lr));
            let cell = Cell::number(Some(steps), text).parts("steps", "learning rate", Some(lr));
            return cell.strong(steps == least);
        }
        let why = if config.counts.diverged > 0 { "diverged" } else { "not left" };
        return Cell::text(format!("{why} (lr {})", number::brief(lr)));
    }
    match config.judged.mean {
        None if config.counts.diverged > 0 => Cell::text("diverged"),
        None => Cell::text("no result"),
        mean => {
            let text = |value: f64| {
                format!("{} (lr {})", number::significant(value, 3), number::brief(lr))
            };
            // Several may have ended equally low.
            let lowest = analysis.ranking().first().and_then(|first| first.judged.mean);
            let cell = Cell::number(mean, text).parts("value", "learning rate", Some(lr));
            cell.strong(mean == lowest && config.counts.diverged == 0)
        }
    }
}

/// A number of steps, or the mean of several.
fn told(steps: f64) -> String {
    match steps {
        s if s.fract() == 0.0 => number::count(s as u64),
        s => number::significant(s, 3),
    }
}

/// What the table means.
pub fn landscape_words(analysis: &Analysis) -> Vec<String> {
    if analysis.tasks().is_empty() {
        return Vec::new();
    }
    let all = |test: fn(&Task) -> bool| analysis.tasks().iter().any(test);
    let mut words = Vec::new();
    if all(|task| !task.function.info().saddle) {
        words.push(
            "Each cell is the function\u{2019}s value after the last step (of several seeds the mean) at the learning rate at \
             which the optimizer ended lowest on that function; the lowest of a column is bold."
                .to_owned(),
        );
    }
    if all(|task| task.function.info().saddle) {
        words.push(
            "A saddle has no lowest value: there a run ends when it leaves the box, and the steps that took count. To be \
             thrown out by one absurd step is no merit, so that only runs are chosen of which no step was longer than a \
             tenth of the box\u{2019}s width; an optimizer without such a run is \u{201c}thrown\u{201d}."
                .to_owned(),
        );
    }
    if analysis.plan.runs.iter().any(|run| run.spec.optimizer.kind() == "muon") {
        words.push(
            "Muon\u{2019}s own rule is for matrices: a position is none and is trained by its rule for all else, AdamW at the \
             rate `aux_lr`."
                .to_owned(),
        );
    }
    words
}

/// The answer of a sweep over several functions: headline and details.
pub fn landscape_answer(analysis: &Analysis) -> (String, Vec<String>) {
    let tasks = analysis.tasks();
    let count = analysis.plan.optimizers.len();
    let headline = match tasks {
        [one] => format!("{count} optimizers on the function {}.", one.function),
        _ => format!(
            "{count} optimizers on {} functions: each function is a task of its own.",
            tasks.len()
        ),
    };
    (headline, tasks.iter().map(detail).collect())
}

fn detail(task: &Task) -> String {
    let analysis = &task.analysis;
    let name = |config: &Config| {
        let run = analysis.planned(config);
        format!("{} (lr {})", escape::line(&run.label), number::brief(run.spec.optimizer.lr()))
    };
    let ranking = analysis.ranking();
    let Some(first) = ranking.first() else {
        return format!("{}: no run has completed.", task.function);
    };
    if task.function.info().saddle {
        let mut left: Vec<(f64, &Config)> =
            ranking.iter().filter_map(|c| Some((task.left_after(c)?, *c))).collect();
        left.sort_by(|a, b| a.0.total_cmp(&b.0));
        let soonest = left.first().map_or(String::new(), |(steps, config)| {
            format!(
                ", {} first, after {} {}",
                name(config),
                told(*steps),
                if *steps == 1.0 { "step" } else { "steps" }
            )
        });
        return format!(
            "{}: {} of {} optimizers have left it by short steps{soonest}.",
            task.function,
            left.len(),
            analysis.plan.optimizers.len()
        );
    }
    let level = ranking.iter().filter(|c| c.judged.mean == first.judged.mean).count();
    if level > 1 {
        let names: Vec<String> = ranking.iter().take(level).map(|c| name(c)).collect();
        return format!(
            "{}: {level} ended equally low, at {}: {}.",
            task.function,
            number::significant(first.judged.mean.unwrap_or(f64::NAN), 3),
            list(&names)
        );
    }
    let next: Vec<String> = ranking.iter().skip(1).take(2).map(|c| name(c)).collect();
    let then = if next.is_empty() { String::new() } else { format!("; then {}", list(&next)) };
    format!(
        "{}: {} ended lowest, at {}{then}.",
        task.function,
        name(first),
        number::significant(first.judged.mean.unwrap_or(f64::NAN), 3)
    )
}
