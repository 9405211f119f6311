//! A cluster on a virtual clock: slots, a queue, and a controller that starts one task at a time.
//! It uses no files and no runs: a [`World`] defines the tasks, so that tests play scripts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};

/// Virtual time in milliseconds.
pub type Millis = u64;

/// Settings of the cluster.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Number of tasks at once.
    pub slots: usize,
    /// Time between a task's allocation and the start of its process.
    pub start: Millis,
    /// Minimum time between two allocations.
    pub between: Millis,
    /// Time between the end of a requeued task and its next allocation.
    pub requeue: Millis,
}

/// A job: one submission.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Job {
    /// Number of the job.
    pub number: u64,
    /// Number of tasks, whose indices start at 0.
    pub tasks: u64,
    /// Maximum number of its tasks at once; `None` means no limit.
    pub parallel: Option<u64>,
    /// Wait in the queue before any of its tasks may start.
    pub waits: Millis,
    /// Jobs that must have ended, in any way, before it begins.
    pub after: Vec<u64>,
}

/// A start of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Task {
    /// Number of the job.
    pub job: u64,
    /// Index in its array.
    pub index: u64,
    /// Number of earlier starts.
    pub restarts: u64,
}

/// Fate of a started task; times are counted from the start of its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It runs to its end.
    Runs,
    /// Killed, and the task with it: out of memory, a node that fails for good.
    Killed(Millis),
    /// Told to end, and queued again: preempted, a time limit.
    Requeued(Millis),
    /// Its node is presumed dead and the task is started elsewhere, but the process continues.
    Doubled(Millis),
}

/// Behaviour of tasks.
pub trait World {
    /// Begins a process and returns its fate.
    fn begin(&mut self, now: Millis, task: Task) -> Fate;
    /// Returns the duration of the next run; `None` if no run is left.
    fn next(&mut self, now: Millis, task: Task) -> Option<Millis>;
    /// Records that the run has ended by itself.
    fn ended(&mut self, now: Millis, task: Task);
    /// Records that the process was killed or told to end during the run.
    fn cut(&mut self, now: Millis, task: Task, fate: Fate);
    /// Records that the process has ended.
    fn over(&mut self, now: Millis, task: Task);
}

/// Measurements of the cluster.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Figures {
    /// Time from the submission to the end of the last process.
    pub makespan: Millis,
    /// Total time of all runs, interrupted ones included.
    pub busy: Millis,
    /// Total time of interrupted runs.
    pub lost: Millis,
    /// Number of processes that began.
    pub starts: u64,
    /// Maximum number of slots in use at once.
    pub most_running: u64,
}

enum Event {
    /// A job may start.
    Ready(u64),
    /// The controller may give a slot.
    Free,
    Begins(Task),
    RunEnds(Task),
    Befalls(Task),
    /// It waits again.
    Again(Task),
}

/// A process.
struct Process {
    fate: Fate,
    run_since: Option<Millis>,
    /// Whether the task ends with another process, elsewhere.
    double: bool,
}

struct Cluster<'w> {
    policy: RetryPolicy,
    world: &'w mut dyn World,
    jobs: BTreeMap<u64, Job>,
    /// Tasks that wait, those of earlier jobs first.
    waiting: BTreeMap<u64, VecDeque<Task>>,
    running_of: HashMap<u64, u64>,
    /// Number of tasks of each job that are not over.
    left: HashMap<u64, u64>,
    processes: HashMap<Task, Process>,
    events: BinaryHeap<Reverse<(Millis, u64)>>,
    what: HashMap<u64, Event>,
    sequence: u64,
    free: usize,
    next_start: Millis,
    figures: Figures,
}

/// Plays jobs that were all submitted at time 0 to their end.
pub fn play(policy: RetryPolicy, jobs: Vec<Job>, world: &mut dyn World) -> Figures {
    let mut cluster = Cluster {
        policy,
        world,
        waiting: BTreeMap::new(),
        running_of: HashMap::new(),
        left: jobs.iter().map(|job| (job.number, job.tasks)).collect(),
        jobs: jobs.into_iter().map(|job| (job.number, job)).collect(),
        processes: HashMap::new(),
        events: BinaryHeap::new(),
        what: HashMap::new(),
        sequence: 0,
        free: policy.slots,
        next_start: 0,
        figures: Figures::default(),
    };
    let begin: Vec<(u64, Millis)> = cluster
        .jobs
        .values()
        .filter(|job| job.after.is_empty())
        .map(|job| (job.number, job.waits))
        .collect();
    for (number, waits) in begin {
        cluster.at(waits, Event::Ready(number));
    }
    while let Some(Reverse((now, sequence))) = cluster.events.pop() {
        if let Some(event) = cluster.what.remove(&sequence) {
            cluster.happens(now, event);
        }
    }
    cluster.figures
}

impl Cluster<'_> {
    fn at(&mut self, when: Millis, event: Event) {
        self.what.insert(self.sequence, event);
        self.events.push(Reverse((when, self.sequence)));
        self.sequence += 1;
    }

    fn happens(&mut self, now: Millis, event: Event) {
        match event {
            Event::Ready(number) => {
                let tasks = self.jobs[&number].tasks;
                let all = (0..tasks).map(|index| Task { job: number, index, restarts: 0 });
                self.waiting.insert(number, all.collect());
                self.give(now);
            }
            Event::Free => self.give(now),
            Event::Begins(task) => {
                let fate = self.world.begin(now, task);
                self.figures.starts += 1;
                self.processes.insert(task, Process { fate, run_since: None, double: false });
                match fate {
                    Fate::Runs => {}
                    Fate::Killed(at) | Fate::Requeued(at) | Fate::Doubled(at) => {
                        self.at(now + at, Event::Befalls(task));
                    }
                }
                self.go_on(now, task);
            }
            Event::RunEnds(task) => {
                let Some(process) = self.processes.get_mut(&task) else { return };
                let since = process.run_since.take().unwrap_or(now);
                self.figures.busy += now - since;
                self.world.ended(now, task);
                self.go_on(now, task);
            }
            Event::Befalls(task) => self.befalls(now, task),
            Event::Again(task) => {
                self.waiting.entry(task.job).or_default().push_back(task);
                self.give(now);
            }
        }
    }

    /// Begins the next run of a process, or ends it.
    fn go_on(&mut self, now: Millis, task: Task) {
        match self.world.next(now, task) {
            Some(takes) => {
                if let Some(process) = self.processes.get_mut(&task) {
                    process.run_since = Some(now);
                }
                self.at(now + takes, Event::RunEnds(task));
            }
            None => {
                let double = self.processes.remove(&task).is_some_and(|p| p.double);
                self.gone(now, task);
                if !double {
                    self.over(now, task);
                }
                self.give(now);
            }
        }
    }

    fn befalls(&mut self, now: Millis, task: Task) {
        let Some(process) = self.processes.get_mut(&task) else { return };
        let fate = process.fate;
        if let Fate::Doubled(_) = fate {
            process.double = true;
            return self.again(now, task);
        }
        if let Some(since) = process.run_since {
            self.figures.busy += now - since;
            self.figures.lost += now - since;
        }
        self.processes.remove(&task);
        self.world.cut(now, task, fate);
        self.gone(now, task);
        match fate {
            Fate::Requeued(_) => self.again(now, task),
            _ => self.over(now, task),
        }
        self.give(now);
    }

    fn again(&mut self, now: Millis, task: Task) {
        let again = Task { restarts: task.restarts + 1, ..task };
        self.at(now + self.policy.requeue, Event::Again(again));
    }

    /// Frees the slot of a process that has ended.
    fn gone(&mut self, now: Millis, task: Task) {
        self.world.over(now, task);
        self.free += 1;
        if let Some(running) = self.running_of.get_mut(&task.job) {
            *running -= 1;
        }
        self.figures.makespan = self.figures.makespan.max(now);
    }

    /// Records that a task is over; after the last one of a job, begins the jobs that wait for it.
    fn over(&mut self, now: Millis, task: Task) {
        let left = self.left.entry(task.job).or_insert(1);
        *left -= 1;
        if *left > 0 {
            return;
        }
        let done = |job: &u64| self.left.get(job).is_none_or(|left| *left == 0);
        let ready: Vec<(u64, Millis)> = self
            .jobs
            .values()
            .filter(|job| job.after.contains(&task.job) && job.after.iter().all(done))
            .map(|job| (job.number, job.waits))
            .collect();
        for (number, waits) in ready {
            self.at(now + waits, Event::Ready(number));
        }
    }

    /// Gives free slots to waiting tasks, as fast as the controller can.
    fn give(&mut self, now: Millis) {
        while self.free > 0 {
            let may = |(job, tasks): &(&u64, &VecDeque<Task>)| {
                let most = self.jobs[*job].parallel.unwrap_or(u64::MAX);
                !tasks.is_empty() && self.running_of.get(*job).is_none_or(|n| *n < most)
            };
            let Some(job) = self.waiting.iter().find(may).map(|(job, _)| *job) else { return };
            if self.next_start > now {
                // May be scheduled more than once, which is harmless.
                return self.at(self.next_start, Event::Free);
            }
            let Some(task) = self.waiting.get_mut(&job).and_then(VecDeque::pop_front) else {
                return;
            };
            self.free -= 1;
            *self.running_of.entry(job).or_default() += 1;
            self.next_start = now + self.policy.between;
            let used = (self.policy.slots - self.free) as u64;
            self.figures.most_running = self.figures.most_running.max(used);
            self.at(now + self.policy.start, Event::Begins(task));
        }
    }
}
