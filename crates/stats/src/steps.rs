//! Steps and drifts in a series of nights.
//!
//! Candidates come from an optimal partition into constant pieces under L1 cost
//! (Friedrich et al. 2008, J. Comput. Graph. Stat. 17:201; the penalty as Yao 1988
//! has it), which one outlier does not bend. Each boundary must then be more than
//! chance makes of exchangeable nights, by a permutation test of the best split of
//! its two pieces (as E-divisive does it, Matteson and James 2014, JASA 109:334);
//! what is not, is merged, so that the last test is one of all nights together.
//!
//! Nights of a deterministic backend do not vary at all until the code changes: such
//! plateaus are told apart exactly, see [`Step::exact`].

mod fit;
mod split;

use super::location::{iqm_of_sorted, median, sorted};

/// Nights of exactly one value that make a plateau.
pub const PLATEAU: usize = 3;

/// Newest values looked at where there is noise: the cost is quadratic.
const LONGEST: usize = 2_000;

/// Share of the nights, but for a newest value that has not made a plateau yet, that lie in plateaus where a
/// series counts as free of noise.
const NOISE_FREE: f64 = 0.75;

/// One jump, or a drift over several nights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From one night to the next.
    Jump,
    /// Over several nights.
    Drift,
}

/// A change of level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// First night that is no longer at the old level.
    pub at: usize,
    /// First night at the new level: `at`, or where a drift has ended; the last
    /// night where it may still go on.
    pub until: usize,
    /// Level before: the interquartile mean of the nights there, or where a drift starts.
    pub before: f64,
    /// Level after.
    pub after: f64,
    /// Jump or drift.
    pub kind: Kind,
    /// One-sided p of the permutation test, in the step's own direction; a drift's
    /// smallest. None for an exact step, where nights are no replicates.
    pub p: Option<f64>,
}

impl Step {
    /// Between plateaus without noise: the date is exact, but that the code now
    /// rounds otherwise is a step too. Whether it is more must be asked of the
    /// seeds of the nights before and after.
    pub fn exact(&self) -> bool {
        self.p.is_none()
    }
}

/// A series that cannot be looked at.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("night {night} of the series is {value}; steps need finite values")]
pub struct NotFinite {
    /// Its index.
    pub night: usize,
    /// NaN or infinite.
    pub value: f64,
}

/// Steps of `nights`, in order, a missing night left out. `level` in (0, 1) is the
/// chance of any noisy step upward where all nights are alike, and the same again
/// downward: for alarms in one direction over m series, pass the level over m.
///
/// With noise, a step needs so many nights on either side that their choice alone
/// is rarer than `level`: at 0.0005 five of 14, or three of 25. Runs of one exact
/// value count as one night, for they hold one draw of noise. Without noise (three
/// quarters of the nights in plateaus of [`PLATEAU`] or more) the first night with
/// another value is a step; a single night that returns to the value before is none.
/// A series that comes back to one value more than once is noise on a coarse grid.
///
/// # Errors
/// A value that is not finite.
pub fn steps(nights: &[f64], level: f64) -> Result<Vec<Step>, NotFinite> {
    if let Some(night) = nights.iter().position(|v| !v.is_finite()) {
        return Err(NotFinite { night, value: nights[night] });
    }
    let runs = runs(nights);
    if runs.len() < 2 {
        return Ok(Vec::new());
    }
    let steady = without_excursions(&runs);
    if noise_free(&steady) {
        return Ok(exact_steps(&steady));
    }
    // Values that recur are noise on a coarse grid: their ties are chance.
    let single = |(at, &value): (usize, &f64)| Run { at, length: 1, value };
    let runs =
        if recurring(&runs) { nights.iter().enumerate().map(single).collect() } else { runs };
    Ok(noisy_steps(&runs, level))
}

/// Consecutive nights of exactly one value.
#[derive(Clone, Copy, Debug)]
struct Run {
    at: usize,
    length: usize,
    value: f64,
}

fn runs(nights: &[f64]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, &value) in nights.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if run.value == value => run.length += 1,
            _ => runs.push(Run { at, length: 1, value }),
        }
    }
    runs
}

/// Some value came back twice or more.
fn recurring(runs: &[Run]) -> bool {
    let values = sorted(&runs.iter().map(|r| r.value).collect::<Vec<_>>());
    values.windows(3).any(|w| w[0] == w[2])
}

/// Single nights between two runs of one value are taken for that value.
fn without_excursions(runs: &[Run]) -> Vec<Run> {
    let mut kept: Vec<Run> = Vec::new();
    for (i, run) in runs.iter().enumerate() {
        let returns = runs.get(i + 1).is_some_and(|next| {
            kept.last().is_some_and(|last| last.value == next.value && last.length >= PLATEAU)
        });
        match kept.last_mut() {
            Some(last) if run.value == last.value || run.length == 1 && returns => {
                last.length += run.length;
            }
            _ => kept.push(*run),
        }
    }
    kept
}

fn noise_free(runs: &[Run]) -> bool {
    let Some((last, before)) = runs.split_last() else { return false };
    let counted = if last.length < PLATEAU { before } else { runs };
    let nights: usize = counted.iter().map(|r| r.length).sum();
    let steady: usize = counted.iter().map(|r| r.length).filter(|&l| l >= PLATEAU).sum();
    steady > 0 && steady as f64 >= NOISE_FREE * nights as f64
}

/// From plateau to plateau, or to the newest value; a drift where other values lie
/// between.
fn exact_steps(runs: &[Run]) -> Vec<Step> {
    let holds = |(i, run): &(usize, &Run)| run.length >= PLATEAU || i + 1 == runs.len();
    let levels: Vec<&Run> = runs.iter().enumerate().filter(holds).map(|(_, r)| r).collect();
    let changed = levels.windows(2).filter(|pair| pair[0].value != pair[1].value);
    let step = |pair: &[&Run]| {
        let (at, until) = (pair[0].at + pair[0].length, pair[1].at);
        let kind = if until > at { Kind::Drift } else { Kind::Jump };
        Step { at, until, before: pair[0].value, after: pair[1].value, kind, p: None }
    };
    changed.map(step).collect()
}

/// Steps of values that vary: one a run.
fn noisy_steps(runs: &[Run], level: f64) -> Vec<Step> {
    let runs = &runs[runs.len().saturating_sub(LONGEST)..];
    let values: Vec<f64> = runs.iter().map(|r| r.value).collect();
    let n = values.len();
    let Some(side) = split::least_side(n, level) else { return Vec::new() };
    let mut bounds = vec![0];
    bounds.extend(fit::partition(&values, side));
    bounds.push(n);
    let found = significant(&values, &mut bounds, level);
    let mut steps = Vec::new();
    let mut from = 1;
    while from + 1 < bounds.len() {
        let up = |i: usize| found[i].up;
        let mut to = from + 1;
        while to + 1 < bounds.len() && up(to) == up(from) {
            to += 1;
        }
        // Boundaries from..to in one direction, between the pieces around them.
        steps.extend(in_one_direction(runs, &values, &bounds, &found, from..to));
        from = to;
    }
    steps
}

/// Boundaries in one direction: a drift where a ramp fits better, else jumps.
fn in_one_direction(
    runs: &[Run],
    values: &[f64],
    bounds: &[usize],
    found: &[split::Split],
    which: std::ops::Range<usize>,
) -> Vec<Step> {
    let (start, end) = (bounds[which.start - 1], bounds[which.end]);
    let at: Vec<f64> = runs[start..end].iter().map(|r| r.at as f64).collect();
    let calm = split::clipped(&values[start..end], &bounds[which.start - 1..=which.end]);
    let inner: Vec<usize> = which.clone().map(|b| bounds[b] - start).collect();
    if let Some(ramp) = fit::ramp(&at, &calm, &inner) {
        let p = which.map(|b| found[b].p).fold(1.0, f64::min);
        let (at, until) = (runs[start + ramp.from + 1].at, runs[start + ramp.to].at);
        let (before, after) = (ramp.before, ramp.after);
        return vec![Step { at, until, before, after, kind: Kind::Drift, p: Some(p) }];
    }
    let level = |from: usize, to: usize| iqm_of_sorted(&sorted(&values[from..to]));
    let jump = |b: usize| {
        let at = runs[bounds[b]].at;
        let (before, after) = (level(bounds[b - 1], bounds[b]), level(bounds[b], bounds[b + 1]));
        Step { at, until: at, before, after, kind: Kind::Jump, p: Some(found[b].p) }
    };
    which.map(jump).collect()
}

/// Moves every boundary to the best split of its two pieces and drops the least
/// significant until all are; what was found of each, by its place in `bounds`.
fn significant(values: &[f64], bounds: &mut Vec<usize>, level: f64) -> Vec<split::Split> {
    let n = values.len();
    loop {
        if bounds.len() == 2 {
            // Nothing proposed, or nothing left: all nights as one, once.
            let split = split::best_split(values, level);
            if let Some(split) = split.filter(|s| s.p <= level) {
                bounds.insert(1, split.at);
                return vec![split::Split::default(), split];
            }
            return Vec::new();
        }
        let mut found = vec![split::Split::default()];
        for b in 1..bounds.len() - 1 {
            let (start, end) = (bounds[b - 1], bounds[b + 1]);
            // A window that the data chose: as many of its size could have been.
            let windows = (n as f64 / (end - start) as f64).powi(2);
            let split = split::best_split(&values[start..end], level / windows);
            found.push(split.map_or(split::Split { p: 1.0, ..Default::default() }, |split| {
                let p = (split.p * windows).min(1.0);
                split::Split { at: start + split.at, p, ..split }
            }));
        }
        let worst = (1..found.len()).max_by(|&a, &b| found[a].p.total_cmp(&found[b].p));
        match worst.filter(|&worst| found[worst].p > level) {
            Some(worst) => drop(bounds.remove(worst)),
            None => {
                let moved: Vec<usize> = found[1..].iter().map(|s| s.at).collect();
                let apart = moved.windows(2).all(|w| w[0] < w[1]);
                if apart {
                    bounds[1..=moved.len()].copy_from_slice(&moved);
                }
                return found;
            }
        }
    }
}

/// For a normal distribution, from a median absolute deviation to a standard one.
const MAD_TO_SD: f64 = 1.482_602_218_505_602;

/// A standard deviation from the median absolute deviation of `values` from zero,
/// of what is not zero where most are.
fn scale(values: &[f64]) -> f64 {
    let sizes: Vec<f64> = values.iter().map(|v| v.abs()).collect();
    match median(&sizes) {
        Some(mad) if mad > 0.0 => mad * MAD_TO_SD,
        // Mean absolute deviation of a normal: sqrt(2 / pi).
        _ => sizes.iter().sum::<f64>() / sizes.len().max(1) as f64 / 0.797_884_560_802_865_4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: f64 = 0.0005;

    /// Noise of deviation 1 that is the same in every run.
    fn noise(n: usize, name: &str) -> Vec<f64> {
        let mut rng = seed_stream::stream(0, name);
        (0..n).map(|_| (0..12).map(|_| f64::from(rng.uniform())).sum::<f64>() - 6.0).collect()
    }

    fn plateaus(of: &[(usize, f64)]) -> Vec<f64> {
        of.iter().flat_map(|&(n, value)| std::iter::repeat_n(value, n)).collect()
    }

    fn found(nights: &[f64]) -> Vec<(usize, usize, Kind)> {
        steps(nights, LEVEL).unwrap().iter().map(|s| (s.at, s.until, s.kind)).collect()
    }

    #[test]
    fn plateaus_are_told_apart_exactly() {
        let jump = |at| (at, at, Kind::Jump);
        for (nights, expected) in [
            // Nothing yet, or too little before.
            (vec![], vec![]),
            (vec![1.0], vec![]),
            (plateaus(&[(2, 1.0), (1, 2.0)]), vec![]),
            (plateaus(&[(1, 1.0), (9, 2.0)]), vec![]),
            (vec![1.0, 2.0, 3.0, 4.0, 5.0], vec![]),
            (plateaus(&[(30, 1.0)]), vec![]),
            // A single night after it is enough.
            (plateaus(&[(3, 1.0), (1, 2.0)]), vec![jump(3)]),
            (plateaus(&[(20, 1.0), (1, 1.0 + 1e-15)]), vec![jump(20)]),
            (plateaus(&[(20, 1.0), (10, 2.0), (10, 0.5)]), vec![jump(20), jump(30)]),
            // Broken and mended: both are dated. A single bad night is neither.
            (plateaus(&[(10, 1.0), (4, 2.0), (10, 1.0)]), vec![jump(10), jump(14)]),
            (plateaus(&[(10, 1.0), (1, 9.0), (10, 1.0)]), vec![]),
            (plateaus(&[(10, 1.0), (1, 9.0), (2, 1.0), (1, 5.0)]), vec![jump(13)]),
            (plateaus(&[(10, 1.0), (1, 9.0), (10, 2.0)]), vec![(10, 11, Kind::Drift)]),
            // Commits night by night between two plateaus.
            (plateaus(&[(9, 1.0), (1, 1.5), (1, 1.75), (9, 2.0)]), vec![(9, 11, Kind::Drift)]),
        ] {
            assert_eq!(found(&nights), expected, "{nights:?}");
        }
        let step = steps(&plateaus(&[(3, 1.0), (1, 2.0)]), LEVEL).unwrap()[0];
        assert!(step.exact() && (step.before, step.after) == (1.0, 2.0));
    }

    #[test]
    fn coarse_noise_is_no_plateau() {
        // A metric in steps of 0.1, of which most nights have the same.
        let coarse: Vec<f64> =
            noise(40, "coarse").iter().map(|v| (30.0 + 0.5 * v).round() / 10.0).collect();
        assert!(coarse.windows(3).any(|w| w[0] == w[2] && w[1] == w[0]));
        assert_eq!(found(&coarse), []);
        let mut moved = coarse.clone();
        moved[25..].iter_mut().for_each(|v| *v = (*v * 10.0 + 2.0).round() / 10.0);
        let steps = steps(&moved, LEVEL).unwrap();
        assert!(
            steps.len() == 1 && steps[0].at.abs_diff(25) <= 1 && !steps[0].exact(),
            "{steps:?}"
        );
    }

    #[test]
    fn plateaus_are_one_draw_of_noise_each() {
        // A commit every other night, each with a rounding of its own. As sixteen
        // nights, eight and eight, they would make a step; as eight draws they cannot.
        let draws = [1.0, 1.1, 0.9, 1.05, 3.0, 3.1, 2.9, 3.05];
        let nights = plateaus(&draws.map(|v| (2, v)));
        assert_eq!(found(&nights), []);
        let apart: Vec<f64> = nights.iter().enumerate().map(|(i, v)| v + 1e-3 * i as f64).collect();
        assert_eq!(found(&apart), [(8, 8, Kind::Jump)]);
    }

    #[test]
    fn a_jump_is_found_amid_noise() {
        for at in [10, 20, 33] {
            let mut nights = noise(40, "jump");
            nights[at..].iter_mut().for_each(|v| *v += 4.0);
            let steps = steps(&nights, LEVEL).unwrap();
            assert!(steps.len() == 1, "{steps:?}");
            let step = steps[0];
            assert!(step.kind == Kind::Jump && step.at == at && step.until == at, "{step:?}");
            assert!((step.after - step.before - 4.0).abs() < 1.0, "{step:?}");
            assert!(step.p.is_some_and(|p| p <= LEVEL), "{step:?}");
        }
    }

    #[test]
    fn outliers_neither_make_nor_hide_a_jump() {
        for at in [5, 19, 39] {
            let mut nights = noise(40, "outlier");
            assert_eq!(found(&nights), []);
            nights[at] += 1e3;
            assert_eq!(found(&nights), [], "outlier at {at}");
            nights[20..].iter_mut().for_each(|v| *v += 3.0);
            let found = found(&nights);
            assert!(found.len() == 1 && found[0].0.abs_diff(20) <= 2, "outlier at {at}: {found:?}");
        }
    }

    #[test]
    fn up_and_down_again_are_two_jumps() {
        let mut nights = noise(60, "bump");
        nights[20..40].iter_mut().for_each(|v| *v += 4.0);
        let steps = steps(&nights, LEVEL).unwrap();
        let at: Vec<usize> = steps.iter().map(|s| s.at).collect();
        assert_eq!(at, [20, 40], "{steps:?}");
        assert!(steps[0].after > steps[0].before && steps[1].after < steps[1].before);
    }

    #[test]
    fn a_ramp_is_one_drift() {
        let mut nights = noise(60, "ramp");
        for (i, v) in nights.iter_mut().enumerate() {
            *v = 0.3 * *v + 0.4 * i.clamp(20, 40) as f64;
        }
        let steps = steps(&nights, LEVEL).unwrap();
        assert!(steps.len() == 1 && steps[0].kind == Kind::Drift, "{steps:?}");
        let step = steps[0];
        assert!(step.at.abs_diff(20) <= 3 && step.until.abs_diff(40) <= 3, "{step:?}");
        assert!((step.before - 8.0).abs() < 0.5 && (step.after - 16.0).abs() < 0.5, "{step:?}");
        // Two jumps far apart are no ramp.
        let mut apart = noise(60, "stairs");
        apart[20..].iter_mut().for_each(|v| *v += 5.0);
        apart[40..].iter_mut().for_each(|v| *v += 5.0);
        let jump = |at| (at, at, Kind::Jump);
        assert_eq!(found(&apart), [jump(20), jump(40)]);
    }

    #[test]
    fn scale_and_direction_change_nothing() {
        let mut nights = noise(50, "scale");
        nights[30..].iter_mut().for_each(|v| *v += 3.0);
        let as_is = found(&nights);
        assert_eq!(as_is.len(), 1);
        for (scale, shift) in [(-1.0, 0.0), (1e-6, 0.3), (1e6, -7.0)] {
            let moved: Vec<f64> = nights.iter().map(|v| scale * v + shift).collect();
            assert_eq!(found(&moved), as_is, "{scale} {shift}");
        }
        assert_eq!(steps(&nights, LEVEL), steps(&nights, LEVEL));
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        for value in [f64::NAN, f64::INFINITY] {
            let refused = steps(&[1.0, value, 2.0], LEVEL).unwrap_err();
            assert_eq!(refused.night, 1);
            assert!(refused.to_string().contains("night 1"), "{refused}");
        }
    }

    #[test]
    fn the_least_side_is_what_choices_allow() {
        // 10 over 3 is 120, 40 over 3 is 9,880.
        assert_eq!(split::least_side(10, 1.0 / 120.0), Some(3));
        assert_eq!(split::least_side(10, 1.0 / 121.0), Some(4));
        assert_eq!(split::least_side(40, LEVEL), Some(3));
        assert_eq!(split::least_side(12, LEVEL), None);
        assert_eq!(split::least_side(13, LEVEL), None);
        assert_eq!(split::least_side(14, LEVEL), Some(5));
        assert_eq!(split::least_side(25, LEVEL), Some(3));
    }

    #[test]
    fn the_p_of_a_split_is_what_counting_all_orders_gives() {
        // 8! orders; the best split has three or more on each side.
        let values = [0.1, -0.3, 0.25, 0.0, 1.5, 0.5, 1.0, 1.25];
        // Normal quantiles of rank / 9.
        let q = [-1.2206, -0.7647, -0.4307, -0.1397, 0.1397, 0.4307, 0.7647, 1.2206];
        let scores = [q[2], q[0], q[3], q[1], q[7], q[4], q[5], q[6]];
        let split = split::best_split(&values, 0.05).unwrap();
        let t = |order: &[f64]| {
            let mean = order.iter().sum::<f64>() / 8.0;
            let side = split::least_side(8, 0.05).unwrap();
            (side..=8 - side)
                .map(|k| {
                    let later: f64 = order[k..].iter().map(|v| v - mean).sum();
                    later / ((k * (8 - k)) as f64).sqrt()
                })
                .fold(f64::MIN, f64::max)
        };
        fn orders(head: &mut Vec<f64>, rest: &[f64], visit: &mut impl FnMut(&[f64])) {
            if rest.is_empty() {
                visit(head);
            }
            for i in 0..rest.len() {
                let mut rest = rest.to_vec();
                head.push(rest.remove(i));
                orders(head, &rest, visit);
                head.pop();
            }
        }
        let (mut beaten, observed) = (0, t(&scores) - 1e-12);
        orders(&mut Vec::new(), &scores, &mut |order| beaten += usize::from(t(order) >= observed));
        let exact = f64::from(beaten as u32) / 40_320.0;
        assert!(split.up && (0.005..0.05).contains(&exact), "{split:?} {exact}");
        assert!((split.p / exact - 1.0).abs() < 0.5, "{} {exact}", split.p);
    }
}
