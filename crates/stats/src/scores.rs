//! Scores over tasks from times to target: the AlgoPerf benchmark score, and speed-ups over a
//! reference.
//!
//! Times are `[submission][workload]`, in any one unit. A time is at least 0, infinite if the
//! target was never reached, and `None` if there is no data. The rules are those of AlgoPerf v0.5
//! (Dahl et al. 2023, arXiv:2306.07179, section 4.2; github.com/mlcommons/algorithmic-efficiency,
//! `scoring/performance_profile.py`).

use super::survival;

/// Times of one submission, one for each workload.
pub type Row = Vec<Option<f64>>;

/// Largest ratio to the fastest time that AlgoPerf still counts.
pub const R_MAX: f64 = 4.0;

/// Number of points of AlgoPerf's numerical integral, both ends included.
pub const POINTS: usize = 100;

/// A held-out workload, a variant of a base workload that submissions did not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldOut {
    /// Column of the held-out workload.
    pub column: usize,
    /// Column of its base workload.
    pub base: usize,
}

/// Benchmark score of a submission, a fraction: the area below its performance profile for ratios
/// from 1 to the largest, divided by that range.
///
/// The two numbers differ because the published rule joins the profile at 100 equally spaced ratios
/// by straight lines, while the profile is a step function: each step may count up to half a
/// spacing early or late.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Trapezoidal rule over [`POINTS`] ratios, as AlgoPerf publishes it.
    pub published: f64,
    /// Integral of the step function itself.
    pub exact: f64,
}

/// Speed-up of a submission over a reference: the geometric mean over workloads of the reference's
/// time divided by its own, so that more is faster.
///
/// A workload that only the submission never reached enters as 0, one that only the reference never
/// reached as infinity. One that neither reached, or for which one of them has no data, has no
/// ratio and is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SpeedUp {
    /// Speed-up over all workloads with a ratio: 0 or infinite if one ratio is. `None` without
    /// ratios, or with both a 0 and an infinity.
    pub all: Option<f64>,
    /// Speed-up over the workloads that both reached; `None` if there are none.
    pub shared: Option<f64>,
    /// Number of workloads that both reached.
    pub both: usize,
    /// Number of workloads that only the submission reached.
    pub own_alone: usize,
    /// Number of workloads that only the reference reached.
    pub reference_alone: usize,
}

/// Returns the times of the base workloads after AlgoPerf's rules, infinite if they do not count;
/// base columns keep their order.
///
/// 1. A held-out time is infinite if the base was not reached or has no data.
/// 2. A time above `r_max` times the column's best is infinite.
/// 3. A base time is infinite if the held-out one is infinite or has no data.
///
/// A column that a row lacks has no data.
pub fn settled(rows: &[Row], held_out: &[HeldOut], r_max: f64) -> Vec<Vec<f64>> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let reached = |time: Option<f64>| time.filter(|t| t.is_finite()).unwrap_or(f64::INFINITY);
    let whole = |row: &Row| (0..columns).map(|c| reached(row.get(c).copied().flatten())).collect();
    let mut rows: Vec<Vec<f64>> = rows.iter().map(whole).collect();
    for row in &mut rows {
        for pair in held_out.iter().filter(|pair| pair.column < columns) {
            if row.get(pair.base).is_none_or(|base| !base.is_finite()) {
                row[pair.column] = f64::INFINITY;
            }
        }
    }
    for column in 0..columns {
        let best = rows.iter().map(|row| row[column]).fold(f64::INFINITY, f64::min);
        for row in &mut rows {
            if row[column] > r_max * best {
                row[column] = f64::INFINITY;
            }
        }
    }
    for row in &mut rows {
        for pair in held_out.iter().filter(|pair| pair.base < columns) {
            if row.get(pair.column).is_none_or(|variant| !variant.is_finite()) {
                row[pair.base] = f64::INFINITY;
            }
        }
    }
    let is_base = |column: &usize| held_out.iter().all(|pair| pair.column != *column);
    let bases: Vec<usize> = (0..columns).filter(is_base).collect();
    rows.iter().map(|row| bases.iter().map(|&c| row[c]).collect()).collect()
}

/// Returns the score of each submission over the base workloads, for ratios up to `r_max`. A
/// workload that no submission reached counts against all. `None` without a base workload, and if
/// `r_max` is not a finite number above 1.
pub fn scores(rows: &[Row], held_out: &[HeldOut], r_max: f64) -> Option<Vec<Score>> {
    let rows = settled(rows, held_out, r_max);
    let columns = rows.first().map_or(0, Vec::len);
    if columns == 0 || !r_max.is_finite() || r_max <= 1.0 {
        return None;
    }
    let by_task: Vec<Vec<f64>> =
        (0..columns).map(|c| rows.iter().map(|row| row[c]).collect()).collect();
    let curves = survival::performance_profile(&by_task);
    Some(curves.iter().map(|curve| score(curve, r_max)).collect())
}

/// Returns the score of a profile: (ratio, fraction from there on), ascending from ratio 1.
fn score(curve: &[(f64, f64)], r_max: f64) -> Score {
    let at = |ratio: f64| curve.iter().rev().find(|step| step.0 <= ratio).map_or(0.0, |s| s.1);
    // The points of numpy.linspace, whose last one is exactly the end.
    let spacing = (r_max - 1.0) / (POINTS - 1) as f64;
    let point = |i: usize| if i + 1 == POINTS { r_max } else { 1.0 + i as f64 * spacing };
    let inner: f64 = (1..POINTS - 1).map(|i| at(point(i))).sum();
    let trapezoid = spacing * (inner + (at(1.0) + at(r_max)) / 2.0);
    let ends = curve.iter().skip(1).map(|step| step.0).chain([r_max]);
    let steps = curve.iter().zip(ends);
    let exact: f64 =
        steps.map(|((from, height), to)| height * (to.min(r_max) - from.min(r_max))).sum();
    Score { published: trapezoid / (r_max - 1.0), exact: exact / (r_max - 1.0) }
}

/// Returns the speed-up of a submission over a reference, workload by workload; further workloads
/// of the longer row are ignored.
pub fn speed_up(own: &[Option<f64>], reference: &[Option<f64>]) -> SpeedUp {
    let mut out = SpeedUp::default();
    let mut sum = 0.0;
    for (own, reference) in own.iter().zip(reference) {
        let (Some(own), Some(reference)) = (*own, *reference) else { continue };
        match (own.is_finite(), reference.is_finite()) {
            // Two times of 0 are equally fast.
            (true, true) if own == reference => out.both += 1,
            (true, true) => {
                out.both += 1;
                sum += (reference / own).ln();
            }
            (true, false) => out.own_alone += 1,
            (false, true) => out.reference_alone += 1,
            (false, false) => {}
        }
    }
    let mean = (sum / out.both as f64).exp();
    out.shared = (out.both > 0 && !mean.is_nan()).then_some(mean);
    out.all = match (out.own_alone, out.reference_alone) {
        (0, 0) => out.shared,
        (_, 0) => (out.shared != Some(0.0)).then_some(f64::INFINITY),
        (0, _) => (out.shared != Some(f64::INFINITY)).then_some(0.0),
        _ => None,
    };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: f64 = f64::INFINITY;

    /// Seconds to target in AlgoPerf v0.5, external tuning and self-tuning rulesets together as
    /// scored (github.com/mlcommons/submissions_algorithms,
    /// `previous_leaderboards/algoperf_v05/logs`): the median over studies of the fastest trial;
    /// `-` = no data. The eight bases come first, then the held-out workloads, the published score,
    /// and the integral recomputed with numpy.
    const ALGOPERF: &str = "\
shampoo     5042.7 1321.3 inf     33094.0 47444.8 34623.6 3362.6 38656.1 246.4 1949.3 58545.6 41695.4 3601.3 11813.1 0.7784 0.7785
sf_adamw    5163.9 1161.9 inf     44005.2 56121.4 43256.4 5275.2 16012.7 365.8 3604.4 inf 34536.3 11242.1 5946.9 0.7077 0.7062
gen_adam    6402.9 1580.7 61256.9 64739.5 inf 37495.6 5784.8 30284.1 383.5 3427.5 55656.5 50467.4 11785.5 16002.9 0.6383 0.6370
cyclic_lr   5163.5 2200.4 inf 62445.3 57567.2 38985.6 6947.5 23562.4 605.6 3866.2 inf 56128.7 9334.3 16850.5 0.6301 0.6289
nadamp      6162.5 1979.7 inf 68105.4 57675.3 33171.1 7944.5 38683.9 503.0 4300.4 56673.3 51916.1 13705.7 22725.2 0.5909 0.5899
baseline    7222.5 2030.4 inf 70196.8 54769.4 36023.8 7696.5 41188.8 610.7 4508.6 59225.2 50447.0 12504.6 16832.5 0.5707 0.5692
amos        inf 2940.6 inf 50496.2 43293.0 31735.3 11070.9 32832.6 inf 4303.9 34759.9 34652.5 16355.9 17722.2 0.4918 0.4915
caspr       - 1119.3 inf 44673.0 inf 41824.5 2191.7 32044.8 - 1359.5 inf 36123.7 2194.6 - 0.4722 0.4722
lawa_queue  inf 1970.5 inf 51188.6 inf inf 4642.9 27170.6 1053.2 4862.7 inf inf 4463.9 10521.4 0.3699 0.3699
lawa_ema    5302.9 2556.1 inf 61885.6 inf inf 10596.7 43033.9 719.3 5026.6 inf inf 13558.0 18908.3 0.3384 0.3378
sf_prodigy  - 1880.8 inf inf inf inf 11243.2 inf - 5777.2 inf inf inf 19390.1 0.0000 0.0000";

    /// The variants are of criteo, fastmri, resnet, conformer, ogbg and wmt.
    const VARIANTS: [HeldOut; 6] = [
        HeldOut { column: 8, base: 0 },
        HeldOut { column: 9, base: 1 },
        HeldOut { column: 10, base: 2 },
        HeldOut { column: 11, base: 4 },
        HeldOut { column: 12, base: 6 },
        HeldOut { column: 13, base: 7 },
    ];

    fn algoperf() -> Vec<(&'static str, Row, Score)> {
        let line = |line: &'static str| {
            let mut cells = line.split_whitespace();
            let name = cells.next().unwrap();
            let cells: Row = cells.map(|c| (c != "-").then(|| c.parse().unwrap())).collect();
            let score = Score { published: cells[14].unwrap(), exact: cells[15].unwrap() };
            (name, cells[..14].to_vec(), score)
        };
        ALGOPERF.lines().map(line).collect()
    }

    #[test]
    fn scores_are_those_that_algoperf_published() {
        let table = algoperf();
        let rows: Vec<Row> = table.iter().map(|(_, row, _)| row.clone()).collect();
        let found = scores(&rows, &VARIANTS, R_MAX).unwrap();
        assert_eq!(found.len(), 11);
        for ((name, _, expected), found) in table.iter().zip(found) {
            for (found, expected) in
                [(found.published, expected.published), (found.exact, expected.exact)]
            {
                assert!((found - expected).abs() < 5.01e-5, "{name}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn held_out_workloads_and_their_bases_fall_together() {
        // Columns: a base, its variant, a base without one.
        let pair = [HeldOut { column: 1, base: 0 }];
        let rows = vec![
            vec![Some(10.0), Some(5.0), Some(1.0)],
            // Its variant is over 4 times the best, so the base falls too.
            vec![Some(8.0), Some(20.1), Some(4.0)],
            // Without its base the fastest variant does not count, not even as the best.
            vec![None, Some(1.0), Some(4.1)],
            vec![Some(12.0), None, None],
            // A row may end early.
            vec![Some(9.0)],
        ];
        let expected = [[10.0, 1.0], [NEVER, 4.0], [NEVER, NEVER], [NEVER, NEVER], [NEVER, NEVER]];
        assert_eq!(settled(&rows, &pair, 4.0), expected);
        // Within six times the best more counts.
        let expected = [[10.0, 1.0], [8.0, 4.0], [NEVER, 4.1], [NEVER, NEVER], [NEVER, NEVER]];
        assert_eq!(settled(&rows, &pair, 6.0), expected);
    }

    #[test]
    fn the_exact_score_is_the_mean_distance_to_the_largest_ratio() {
        // Ratios 1 and 2.5; 1 and 1; 4 and never.
        let rows = [vec![Some(2.0), Some(5.0)], vec![Some(2.0), Some(2.0)], vec![Some(8.0), None]];
        let found = scores(&rows, &[], 4.0).unwrap();
        let exact: Vec<f64> = found.iter().map(|s| s.exact).collect();
        assert_eq!(exact, [0.75, 1.0, 0.0]);
        // At the last point of the rule the step to 1/2 has its full height: half of a spacing.
        assert!((found[2].published - 0.5 * 0.5 / 99.0).abs() < 1e-12);
        assert!((scores(&rows, &[], 2.0).unwrap()[0].exact - 0.5).abs() < 1e-12);
    }

    #[test]
    fn nothing_to_score_has_no_score() {
        let row = vec![Some(1.0)];
        assert_eq!(scores(&[], &[], 4.0), None);
        assert_eq!(scores(&[vec![]], &[], 4.0), None);
        for r_max in [1.0, 0.5, NEVER, f64::NAN] {
            assert_eq!(scores(std::slice::from_ref(&row), &[], r_max), None, "{r_max}");
        }
        // A workload that nobody reaches still counts.
        let rows = [vec![Some(1.0), Some(NEVER)], vec![Some(1.0), None]];
        assert!(scores(&rows, &[], 4.0).unwrap().iter().all(|s| (s.exact - 0.5).abs() < 1e-12));
    }

    #[test]
    fn a_speed_up_says_how_many_workloads_it_rests_on() {
        let some = |times: &[f64]| times.iter().map(|t| Some(*t)).collect::<Row>();
        let reference = some(&[8.0, 8.0, NEVER, 3.0]);
        let mut own = some(&[4.0, 1.0, NEVER, 3.0]);
        let found = speed_up(&own, &reference);
        assert!((found.all.unwrap() - 16f64.cbrt()).abs() < 1e-12, "{found:?}");
        assert_eq!((found.all, found.both), (found.shared, 3));
        own[3] = Some(NEVER);
        let lost = speed_up(&own, &reference);
        assert_eq!((lost.all, lost.both, lost.reference_alone), (Some(0.0), 2, 1));
        assert!((lost.shared.unwrap() - 4.0).abs() < 1e-12);
        own[2] = Some(5.0);
        let both = speed_up(&own, &reference);
        assert_eq!((both.all, both.own_alone, both.reference_alone), (None, 1, 1));
        own[3] = None;
        assert_eq!(speed_up(&own, &reference).all, Some(NEVER));
        assert_eq!(speed_up(&reference, &reference).all, Some(1.0));
        assert_eq!(speed_up(&some(&[NEVER]), &some(&[NEVER])), SpeedUp::default());
        assert_eq!(speed_up(&some(&[0.0]), &some(&[0.0])).all, Some(1.0));
    }
}
