//! Timelines computed by hand.

use std::collections::HashMap;

use super::clock::{Fate, Figures, Job, Millis, RetryPolicy, Task, World, play};

/// Tasks with scripted runs and fates: `job.index: seconds.. [fate@second]`.
#[derive(Default)]
struct Script {
    runs: HashMap<(u64, u64), Vec<Millis>>,
    fates: HashMap<(u64, u64), Fate>,
    /// Number of runs of a task that have a result.
    done: HashMap<(u64, u64), usize>,
    /// Index of the current run of each process.
    at: HashMap<Task, usize>,
    lines: Vec<(Millis, String)>,
}

impl Script {
    fn say(&mut self, now: Millis, task: Task, what: &str) {
        let again = if task.restarts > 0 { "'" } else { "" };
        self.lines.push((now, format!("{}.{}{again} {what}", task.job, task.index)));
    }

    fn text(&self) -> String {
        let mut out: Vec<String> = Vec::new();
        let mut last = None;
        for (now, line) in &self.lines {
            match out.last_mut().filter(|_| last == Some(*now)) {
                Some(held) => *held = format!("{held}, {line}"),
                None => out.push(format!("{now}: {line}")),
            }
            last = Some(*now);
        }
        out.join(" | ")
    }
}

impl World for Script {
    fn begin(&mut self, now: Millis, task: Task) -> Fate {
        let place = (task.job, task.index);
        self.at.insert(task, self.done.get(&place).copied().unwrap_or(0));
        self.say(now, task, "begins");
        match task.restarts {
            0 => self.fates.get(&place).copied().unwrap_or(Fate::Runs),
            _ => Fate::Runs,
        }
    }
    fn next(&mut self, _: Millis, task: Task) -> Option<Millis> {
        self.runs[&(task.job, task.index)].get(self.at[&task]).copied()
    }
    fn ended(&mut self, now: Millis, task: Task) {
        let at = self.at.get_mut(&task).unwrap();
        let name = char::from(b'a' + *at as u8).to_string();
        *at += 1;
        let done = self.done.entry((task.job, task.index)).or_default();
        *done = (*done).max(*at);
        self.say(now, task, &name);
    }
    fn cut(&mut self, now: Millis, task: Task, fate: Fate) {
        let how = if matches!(fate, Fate::Killed(_)) { "killed" } else { "told to end" };
        self.say(now, task, how);
    }
    fn over(&mut self, now: Millis, task: Task) {
        self.say(now, task, "over");
    }
}

/// Two slots, 1 ms from slot to process, 10 ms until a requeued task may start again.
const TERMS: RetryPolicy = RetryPolicy { slots: 2, start: 1, between: 0, requeue: 10 };

/// `1%2+5: 4,4 3!killed@2 2; 2>1+3: 1`: a job's number, `%` its most at once, `+` its
/// wait, `>` the one job it follows, then a word a task: its runs and its fate.
fn script(text: &str) -> (Vec<Job>, Script) {
    let (mut jobs, mut script) = (Vec::new(), Script::default());
    for line in text.split(';') {
        let (head, tasks) = line.split_once(':').unwrap();
        let part = |mark: char| -> Option<u64> {
            let rest = head.split_once(mark)?.1;
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        };
        let number = head.trim().split(|c: char| !c.is_ascii_digit()).next().unwrap();
        let number: u64 = number.parse().unwrap();
        let mut count = 0;
        for (index, word) in tasks.split_whitespace().enumerate() {
            let place = (number, index as u64);
            let (runs, fate) = word.split_once('!').unwrap_or((word, ""));
            script.runs.insert(place, runs.split(',').map(|s| s.parse().unwrap()).collect());
            if let Some((how, at)) = fate.split_once('@') {
                let at = at.parse().unwrap();
                let fate = match how {
                    "killed" => Fate::Killed(at),
                    "requeued" => Fate::Requeued(at),
                    "doubled" => Fate::Doubled(at),
                    other => panic!("{other}"),
                };
                script.fates.insert(place, fate);
            }
            count += 1;
        }
        jobs.push(Job {
            number,
            tasks: count,
            parallel: part('%'),
            waits: part('+').unwrap_or(0),
            after: part('>').into_iter().collect(),
        });
    }
    (jobs, script)
}

fn played(policy: RetryPolicy, text: &str) -> (String, Figures) {
    let (jobs, mut script) = script(text);
    let figures = play(policy, jobs, &mut script);
    (script.text(), figures)
}

fn check(policy: RetryPolicy, text: &str, expected: &str) -> Figures {
    let (timeline, figures) = played(policy, text);
    assert_eq!(timeline, expected, "{text}");
    figures
}

#[test]
fn a_free_slot_takes_the_next_task_a_second_later() {
    let figures = check(
        TERMS,
        "1: 4,2 3 5",
        "1: 1.0 begins, 1.1 begins | 4: 1.1 a, 1.1 over | 5: 1.0 a, 1.2 begins | 7: 1.0 b, 1.0 over \
         | 10: 1.2 a, 1.2 over",
    );
    let expected = Figures { makespan: 10, busy: 14, lost: 0, starts: 3, most_running: 2 };
    assert_eq!(figures, expected);
}

#[test]
fn a_job_waits_in_the_queue_and_for_those_it_follows() {
    check(
        TERMS,
        "1+5: 4; 2: 2 8; 3>1+2: 1",
        "1: 2.0 begins, 2.1 begins | 3: 2.0 a, 2.0 over | 6: 1.0 begins | 9: 2.1 a, 2.1 over | 10: 1.0 a, \
         1.0 over | 13: 3.0 begins | 14: 3.0 a, 3.0 over",
    );
}

#[test]
fn no_more_tasks_at_once_than_an_array_allows() {
    check(
        RetryPolicy { slots: 3, ..TERMS },
        "1%1: 2 2; 2: 4",
        "1: 1.0 begins, 2.0 begins | 3: 1.0 a, 1.0 over | 4: 1.1 begins | 5: 2.0 a, 2.0 over | 6: 1.1 \
         a, 1.1 over",
    );
}

#[test]
fn the_controller_starts_one_after_another() {
    let figures = check(
        RetryPolicy { slots: 3, between: 2, ..TERMS },
        "1: 9 9 1",
        "1: 1.0 begins | 3: 1.1 begins | 5: 1.2 begins | 6: 1.2 a, 1.2 over | 10: 1.0 a, 1.0 over | 12: \
         1.1 a, 1.1 over",
    );
    assert_eq!(figures.most_running, 3);
}

#[test]
fn a_killed_task_loses_its_run_and_leaves_the_rest() {
    let figures = check(
        TERMS,
        "1: 4,4,4!killed@6 3",
        "1: 1.0 begins, 1.1 begins | 4: 1.1 a, 1.1 over | 5: 1.0 a | 7: 1.0 killed, 1.0 over",
    );
    assert_eq!((figures.busy, figures.lost, figures.makespan), (9, 2, 7));
}

#[test]
fn a_requeued_task_goes_on_where_it_was() {
    let figures = check(
        TERMS,
        "1: 4,4,4!requeued@6",
        "1: 1.0 begins | 5: 1.0 a | 7: 1.0 told to end, 1.0 over | 18: 1.0' begins | 22: 1.0' b | 26: \
         1.0' c, 1.0' over",
    );
    assert_eq!((figures.busy, figures.lost, figures.starts), (14, 2, 2));
}

#[test]
fn a_task_taken_for_dead_is_trained_twice_and_what_follows_waits_for_the_second() {
    let figures = check(
        TERMS,
        "1: 4,9,9!doubled@6; 2>1: 1",
        "1: 1.0 begins | 5: 1.0 a | 14: 1.0 b | 18: 1.0' begins | 23: 1.0 c, 1.0 over | 27: 1.0' c, 1.0' \
         over | 28: 2.0 begins | 29: 2.0 a, 2.0 over",
    );
    assert_eq!(figures.starts, 3);
}
