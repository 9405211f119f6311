//! Time to target: the fraction of runs that have reached it by a time, and performance profiles
//! over several tasks. A time is at least 0 and infinite if the target was never reached.

/// Returns 1 minus the Kaplan-Meier curve of runs that are all observed to their end: (time,
/// fraction of runs that have reached the target by then), one step at each distinct time after (0,
/// 0). Empty without runs. A run that stopped before it reached the target counts as never reaching
/// it.
pub fn reached(times: &[f64]) -> Vec<(f64, f64)> {
    if times.is_empty() {
        return Vec::new();
    }
    let mut curve = vec![(0.0, 0.0)];
    curve.extend(steps(times.iter().copied().filter(|t| t.is_finite()), times.len()));
    curve
}

/// Returns performance profiles (Dolan and Moré 2002, Math. Program. 91:201). `times` is
/// `[task][solver]`. The result has for each solver (ratio, fraction of tasks that it solves within
/// ratio times the best time of the task), one step at each distinct ratio from ratio 1 on. A
/// missing time is infinite. A task that nobody solves counts as unsolved for all. Where the best
/// time is 0, only another 0 counts as solved.
pub fn performance_profile(times: &[Vec<f64>]) -> Vec<Vec<(f64, f64)>> {
    let solvers = times.iter().map(Vec::len).max().unwrap_or(0);
    let mut ratios = vec![Vec::new(); solvers];
    for task in times {
        let best = task.iter().copied().filter(|t| t.is_finite()).fold(f64::INFINITY, f64::min);
        for (solver, &time) in task.iter().enumerate() {
            if time.is_finite() {
                let ratio = if time == best { 1.0 } else { time / best };
                ratios[solver].push(ratio);
            }
        }
    }
    let profile = |ratios: Vec<f64>| {
        let mut curve = steps(ratios.into_iter().filter(|r| r.is_finite()), times.len());
        if curve.first().is_none_or(|first| first.0 > 1.0) {
            curve.insert(0, (1.0, 0.0));
        }
        curve
    };
    ratios.into_iter().map(profile).collect()
}

/// Returns (value, fraction of `total` that is at most this value) at each distinct value.
fn steps(values: impl Iterator<Item = f64>, total: usize) -> Vec<(f64, f64)> {
    let values = super::location::sorted(&values.collect::<Vec<f64>>());
    let mut steps: Vec<(f64, f64)> = Vec::new();
    for (index, value) in values.into_iter().enumerate() {
        let fraction = (index + 1) as f64 / total as f64;
        match steps.last_mut() {
            Some(last) if last.0 == value => last.1 = fraction,
            _ => steps.push((value, fraction)),
        }
    }
    steps
}
