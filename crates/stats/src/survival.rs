//! Time to target: how many runs have reached it by when, and performance
//! profiles over several tasks. A time is at least 0, infinite = never.

/// Kaplan-Meier's curve turned upside down, for runs that all are watched to
/// their end: (time, fraction of runs that have reached the target by then), a
/// step at each distinct time, first (0, 0). Empty without runs. A run that
/// stopped early and had not reached the target counts as never reaching it.
pub fn reached(times: &[f64]) -> Vec<(f64, f64)> {
    if times.is_empty() {
        return Vec::new();
    }
    let mut curve = vec![(0.0, 0.0)];
    curve.extend(steps(times.iter().copied().filter(|t| t.is_finite()), times.len()));
    curve
}

/// Performance profiles (Dolan and Moré 2002, Math. Program. 91:201). `times` is
/// [task][solver]; the result is for each solver (ratio, fraction of tasks that
/// it solves within ratio times the time of the task's best), a step at each
/// distinct ratio, first ratio 1. A task that nobody solves counts as not solved
/// by anyone. A missing time is infinite. A best time of 0 is met only by 0.
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

/// (value, fraction of `total` that is not above it) at each distinct value.
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
