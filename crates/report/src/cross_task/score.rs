//! Scores over tasks by times to target, and speed-ups over a reference.

use crate::analysis::Clock;
use crate::cross_task::cells::label;
use crate::cross_task::profile::{self, Profile};
use crate::cross_task::{CrossTask, text};
use crate::escape;
use crate::number;
use crate::page::table::{Cell, Table};
use crate::text::list;
use stats::scores::{self, POINTS, R_MAX, Row, SpeedUp};

/// Settings of a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Scoring {
    /// Clock of times to target: [`Clock::Samples`] (default), [`Clock::Steps`] or
    /// [`Clock::Seconds`].
    pub clock: Clock,
    /// Largest ratio to the fastest that still counts, above 1. Default: 4.
    pub r_max: f64,
    /// Label of the optimizer that speed-ups are relative to. Default: `None`, without speed-ups.
    pub reference: Option<String>,
}

impl Default for Scoring {
    fn default() -> Self {
        Scoring { clock: Clock::Samples, r_max: R_MAX, reference: None }
    }
}

/// Scores of all labels that all tasks have.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The times that the scores are computed from.
    pub profile: Profile,
    /// One score per standing.
    pub scores: Vec<scores::Score>,
    /// Index of the reference among the standings.
    pub reference: Option<usize>,
    /// Speed-up of each standing over the reference; empty without one.
    pub speed_ups: Vec<SpeedUp>,
}

/// Returns the labels that a speed-up may be relative to: those that all tasks have.
pub fn labels(all: &CrossTask) -> Vec<&str> {
    all.standings.iter().map(|s| all.tasks.labels[s.label].name.as_str()).collect()
}

/// Returns the scores; `None` if fewer than two labels are compared, no median reaches a target, or
/// times are seconds that are not comparable.
pub fn of(all: &CrossTask) -> Option<Scores> {
    let Scoring { clock, r_max, reference } = &all.scoring;
    if all.standings.len() < 2 || seconds_differ(all).is_some() {
        return None;
    }
    let profile = profile::profile(all, *clock)?;
    let rows: Vec<Row> = (0..all.standings.len())
        .map(|at| profile.times.iter().map(|times| Some(times[at])).collect())
        .collect();
    let scores = scores::scores(&rows, &[], *r_max)?;
    let reference = reference.as_ref().and_then(|name| labels(all).iter().position(|l| l == name));
    let over = |at: usize| rows.iter().map(|row| scores::speed_up(row, &rows[at])).collect();
    let speed_ups = reference.map(over).unwrap_or_default();
    Some(Scores { profile, scores, reference, speed_ups })
}

/// Returns the reason why there is no score by seconds; `None` where they are comparable or not
/// requested.
fn seconds_differ(all: &CrossTask) -> Option<&String> {
    all.tasks.seconds_differ.as_ref().filter(|_| all.scoring.clock == Clock::Seconds)
}

/// Returns the table with one row per label, the best score first; empty without scores.
pub(super) fn table(all: &CrossTask) -> Table {
    let Some(found) = of(all) else { return Table::new(&[]) };
    let tasks = found.profile.tasks.len();
    let r_max = number::short(all.scoring.r_max);
    let mut head = vec![
        "Optimizer".to_owned(),
        "#Score".to_owned(),
        format!("#By {POINTS} points"),
        "#Fastest in".to_owned(),
        format!("#Within \u{d7}{r_max} in"),
        "#Target reached in".to_owned(),
    ];
    if let Some(reference) = found.reference {
        let name = escape::line(labels(all)[reference]);
        head.push(format!("#Speed-up over {name}"));
        head.push("#Where both reached it".to_owned());
        head.push("#Tasks that both reached".to_owned());
    }
    let mut table = Table::new(&head.iter().map(String::as_str).collect::<Vec<_>>());
    let mut order: Vec<usize> = (0..all.standings.len()).collect();
    // Sums of equal ratios in different orders differ in their last bits.
    let key = |at: usize| (found.scores[at].exact * 1e9).round();
    order.sort_by(|&a, &b| key(b).total_cmp(&key(a)).then(a.cmp(&b)));
    let best = order.first().map(|&at| key(at));
    for at in order {
        let score = found.scores[at];
        let of_tasks = |counts: &dyn Fn(f64, f64) -> bool| {
            let times = found.profile.times.iter();
            let n = times.filter(|times| counts(times[at], fastest(times))).count();
            Cell::number(Some(n as f64), |_| format!("{n} of {tasks}")).of(tasks)
        };
        let mut row = vec![
            label(all, all.standings[at].label),
            Cell::number(Some(score.exact), four).strong(Some(key(at)) == best),
            Cell::number(Some(score.published), four),
            of_tasks(&|own, best| own.is_finite() && own == best),
            of_tasks(&|own, best| own.is_finite() && own <= all.scoring.r_max * best),
            of_tasks(&|own, _| own.is_finite()),
        ];
        if let Some(speed_up) = found.speed_ups.get(at) {
            row.push(Cell::number(speed_up.all, factor));
            row.push(Cell::number(speed_up.shared, factor));
            row.push(
                Cell::number(Some(speed_up.both as f64), |_| {
                    format!("{} of {tasks}", speed_up.both)
                })
                .of(tasks),
            );
        }
        table.rows.push(row);
    }
    table
}

fn fastest(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::INFINITY, f64::min)
}

fn four(score: f64) -> String {
    format!("{score:.4}")
}

/// Formats a speed-up: `×1.42`, `0`, `infinite`.
fn factor(speed_up: f64) -> String {
    match speed_up {
        0.0 => "0".to_owned(),
        x if x.is_infinite() => "infinite".to_owned(),
        x => format!("\u{d7}{}", number::significant(x, 3)),
    }
}

/// Returns sentences that explain the table, or the reason why there is none by seconds.
pub(super) fn sentences(all: &CrossTask) -> Vec<String> {
    if let Some(why) = seconds_differ(all) {
        return vec![format!("No score is computed from seconds. {why}")];
    }
    let Some(found) = of(all) else { return Vec::new() };
    let r_max = number::short(all.scoring.r_max);
    let what = match (all.scoring.clock, found.profile.unit(all)) {
        (Clock::Seconds, _) => "seconds of training",
        (Clock::Steps, _) | (_, "steps") => "steps",
        (Clock::Epochs, _) => "epochs",
        _ => "training samples",
    };
    let tasks = text::tasks(found.profile.tasks.len());
    let mut out = vec![
        format!(
            "The score is the fraction of {tasks} whose target an optimizer reaches within \u{3c4} times the {what} of the \
             fastest of those compared, averaged over \u{3c4} from 1 to {r_max} (the benchmark score of AlgoPerf, Dahl et al. \
             2023): 1 is the fastest in every task, 0 is never within \u{d7}{r_max} of the fastest. Times are medians over \
             seeds, infinite where half of the seeds or more never got there."
        ),
        format!(
            "It is the exact integral of the step function; AlgoPerf publishes a sum over {POINTS} points joined by straight \
             lines, which counts each step up to half a spacing early or late. Both depend on which optimizers are compared."
        ),
    ];
    if let Some(reference) = found.reference {
        let name = escape::line(labels(all)[reference]);
        out.push(format!(
            "The speed-up is the geometric mean over tasks of the {what} of {name} divided by those of the optimizer: above 1 \
             is faster. A task that the optimizer alone never reached makes it 0, one that {name} alone never reached makes it \
             infinite, and with tasks of both kinds it is undefined; tasks that neither reached are left out."
        ));
    }
    out
}

impl CrossTask {
    /// Sets the settings of the score.
    ///
    /// # Errors
    /// The reference is not the label of an optimizer with a result in every task; the message
    /// lists those that are.
    pub fn scored(self, scoring: Scoring) -> Result<CrossTask, String> {
        let all = CrossTask { scoring, ..self };
        let unknown =
            all.scoring.reference.as_ref().filter(|name| !labels(&all).contains(&&name[..]));
        if let Some(name) = unknown {
            let known: Vec<String> = labels(&all).iter().map(|l| escape::line(l)).collect();
            let there = match known.is_empty() {
                true => "no other optimizer has one".to_owned(),
                false => format!("labels with a result in every task: {}", list(&known)),
            };
            return Err(format!(
                "--reference {}: no optimizer with this label has a result in every task\n  {there}",
                escape::line(name)
            ));
        }
        Ok(all)
    }
}
