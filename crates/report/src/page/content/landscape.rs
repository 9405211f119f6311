//! The results of each optimizer on each function.

use crate::analysis::{Analysis, Config, Task};
use crate::escape;
use crate::number;
use crate::page::table::{Cell, Table};
use crate::plural;
use crate::text::list;

/// A row per label and a column per function: the value after the last step at the label's best
/// configuration there, with its learning rate. Empty for networks.
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
            let lowest = lowest(task);
            let digits = digits(task, lowest);
            let text = |value: f64| {
                format!("{} (lr {})", number::significant(value, digits), number::brief(lr))
            };
            let cell = Cell::number(mean, text).parts("value", "learning rate", Some(lr));
            // Several labels may have ended equally low.
            let level = mean.zip(lowest).is_some_and(|(a, b)| task.level(a, b));
            cell.strong(level && config.counts.diverged == 0)
        }
    }
}

/// The lowest final value of any label.
fn lowest(task: &Task) -> Option<f64> {
    task.analysis.ranking().iter().find_map(|config| config.judged.mean)
}

/// Number of significant digits, 3 to 8, that tell the values of a column from the lowest unless
/// they are level with it.
fn digits(task: &Task, lowest: Option<f64>) -> usize {
    let Some(lowest) = lowest else { return 3 };
    let means = || task.analysis.ranking().into_iter().filter_map(|c| c.judged.mean);
    let apart = |digits: usize| {
        let text = number::significant(lowest, digits);
        means().all(|v| task.level(v, lowest) || number::significant(v, digits) != text)
    };
    (3..8).find(|digits| apart(*digits)).unwrap_or(8)
}

/// Returns a number of steps as text; a mean has three digits.
fn told(steps: f64) -> String {
    match steps {
        s if s.fract() == 0.0 => number::count(s as u64),
        s => number::significant(s, 3),
    }
}

/// The meaning of the table; empty for networks.
pub fn landscape_text(analysis: &Analysis) -> Vec<String> {
    if analysis.tasks().is_empty() {
        return Vec::new();
    }
    let all = |test: fn(&Task) -> bool| analysis.tasks().iter().any(test);
    let mut words = Vec::new();
    if all(|task| !task.function.info().saddle) {
        words.push(
            "Each cell is the function\u{2019}s value after the last step (the mean over several seeds) at the learning rate \
             at which the optimizer ended lowest on that function. Bold is the lowest of a column, with those that are \
             level with it: closer than 32-bit floats can tell, a millionth of the value or, near zero, a sixteen-millionth \
             of the value at the start."
                .to_owned(),
        );
    }
    if all(|task| task.function.info().saddle) {
        words.push(
            "A saddle has no lowest value: a run ends when it leaves the box, and the number of steps counts. Being thrown \
             out by one absurd step is no merit, so only runs without a step longer than a tenth of the box\u{2019}s width \
             are chosen; an optimizer without such a run is \u{201c}thrown\u{201d}."
                .to_owned(),
        );
    }
    if analysis.by_function() {
        let several = analysis.tasks().len() > 1;
        words.push(if several {
            "No test compares the optimizers here: values of different functions cannot be compared, and a difference may \
             be chance. A sweep over one function with several seeds is tested."
                .to_owned()
        } else {
            "No test compares the optimizers here: a saddle\u{2019}s values have no lowest, and a difference of a few \
             steps may be chance."
                .to_owned()
        });
        if let Some(value) = analysis.plan.target.value {
            let why = if several {
                "a value means something different on each function; sweep one function to see which optimizer reaches it first"
            } else {
                "a saddle has no value to reach"
            };
            let value = number::short(value);
            words.push(format!("The target\u{2019}s value of {value} is not used: {why}."));
        }
    }
    if analysis.plan.runs.iter().any(|run| run.spec.optimizer.kind() == "muon") {
        words.push(
            "Muon\u{2019}s own rule is for matrices; a position is not a matrix, so AdamW trains it at the rate `aux_lr`."
                .to_owned(),
        );
    }
    words
}

/// Returns the headline and the details of the answer of a sweep over functions.
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
    let mut ranking = analysis.ranking();
    // A configuration has no value if every seed diverged.
    ranking.retain(|config| config.judged.mean.is_some());
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
                plural::word(*steps, "step")
            )
        });
        return format!(
            "{}: {} of {} optimizers have left it by short steps{soonest}.",
            task.function,
            left.len(),
            analysis.plan.optimizers.len()
        );
    }
    let least = first.judged.mean.unwrap_or(f64::NAN);
    let with_first = |c: &&&Config| c.judged.mean.is_some_and(|mean| task.level(mean, least));
    let level: Vec<&Config> = ranking.iter().filter(with_first).copied().collect();
    if level.len() > 1 {
        let names: Vec<String> = level.iter().map(|c| name(c)).collect();
        let most = level.iter().filter_map(|c| c.judged.mean).fold(least, f64::max);
        let at = |v: f64| number::significant(v, 3);
        let to = if at(most) == at(least) { String::new() } else { format!(" to {}", at(most)) };
        return format!(
            "{}: {} ended equally low, at {}{to}: {}.",
            task.function,
            level.len(),
            at(least),
            list(&names)
        );
    }
    let next: Vec<String> = ranking.iter().skip(1).take(2).map(|c| name(c)).collect();
    let then = if next.is_empty() { String::new() } else { format!("; then {}", list(&next)) };
    format!(
        "{}: {} ended lowest, at {}{then}.",
        task.function,
        name(first),
        number::significant(least, digits(task, Some(least)))
    )
}
