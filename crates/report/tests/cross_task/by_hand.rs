//! Intervals and tests across tasks against values computed by hand.

use crate::last::Last as _;
use report::analysis::Verdict;
use report::cross_task::answer;
use stats::{bootstrap, holm, location, paired};

use super::{of, task};

#[test]
fn intervals_are_those_of_a_stratified_bootstrap_by_hand() {
    let all = of(&[task("a", 2, 3), task("b", 3, 5), task("c", 5, 4)]);
    let [group] = &all.tasks.groups[..] else { panic!("one metric") };
    assert_eq!(
        (group.evaluation.path().as_str(), &group.tasks[..]),
        ("test.accuracy", &[0, 1, 2][..])
    );
    for (s, pooled) in all.standings.iter().zip(&all.pooled[0]) {
        let strata: Vec<Vec<f64>> = (0..3)
            .map(|t| {
                let analysis = &all.tasks.tasks[t].analysis;
                let config = &analysis.configs[analysis.best[s.label].unwrap()];
                let mut values: Vec<f64> = config
                    .runs
                    .iter()
                    .map(|&r| analysis.rows[r].get("test.accuracy").unwrap())
                    .collect();
                values.sort_by(f64::total_cmp);
                values
            })
            .collect();
        let resamples = bootstrap::resamples_of(&strata);
        let by = |statistic: fn(&[f64]) -> Option<f64>| {
            let of = |s: &[Vec<f64>]| statistic(&s.concat()).unwrap();
            bootstrap::percentile(&bootstrap::stratified(&strata, of, &resamples))
        };
        assert_eq!(pooled.mean, location::mean(&strata.concat()));
        assert_eq!(pooled.iqm, location::iqm(&strata.concat()));
        assert_eq!(
            (pooled.mean_interval, pooled.iqm_interval),
            (by(location::mean), by(location::iqm))
        );
        let (low, high) = pooled.iqm_interval.unwrap();
        assert!(low < pooled.iqm.unwrap() && pooled.iqm.unwrap() < high && pooled.rough());
    }
    let i = &all.improvements[0];
    let values = |t: usize, l: usize| all.tasks.outcomes(t, l);
    // What differs by less than half of 10,000 samples is level.
    let half = 0.5 / 10_000.0;
    let each: Vec<f64> = (0..3)
        .map(|t| {
            let (ours, theirs) = (values(t, i.first), values(t, i.second));
            let pairs = ours.iter().flat_map(|a| theirs.iter().map(move |b| a - b));
            let won: f64 = pairs
                .map(|d| if d >= half { 1.0 } else { f64::from(u8::from(d > -half)) / 2.0 })
                .sum();
            won / (ours.len() * theirs.len()) as f64
        })
        .collect();
    assert_eq!((i.probability, &i.by_task), (location::mean(&each).unwrap(), &each));
    let (low, high) = i.interval.unwrap();
    assert!(low <= i.probability && i.probability <= high);
}

#[test]
fn the_test_is_a_sign_flip_over_all_pairs_of_runs() {
    let all = of(&[task("a", 3, 5), task("b", 4, 5)]);
    let pairs = &all.comparison.pairs;
    assert_eq!((pairs.len(), all.comparison.tests), (10, 10));
    for pair in pairs {
        let mut scaled = Vec::new();
        for task in &all.tasks.tasks {
            let a = &task.analysis;
            let values = |l: usize| -> Vec<f64> {
                let config = &a.configs[a.best[l].unwrap()];
                config.runs.iter().map(|&r| a.rows[r].get("test.accuracy").unwrap()).collect()
            };
            let gains = paired::differences(&values(pair.first), &values(pair.second));
            let rms = (gains.iter().map(|g| g * g).sum::<f64>() / 5.0).sqrt();
            scaled.extend(gains.iter().map(|g| g / rms));
        }
        assert_eq!((pair.n, &pair.tasks[..]), (10, &[0, 1][..]));
        assert_eq!(
            pair.test.map(|t| (t.p, t.smallest)),
            paired::sign_flip(&scaled).map(|t| (t.p, t.smallest))
        );
    }
    let ps: Vec<f64> = pairs.iter().map(|p| p.test.unwrap().p).collect();
    assert_eq!(pairs.iter().map(|p| p.adjusted.unwrap()).collect::<Vec<_>>(), holm::adjust(&ps));
    // 2 / 2^10 survives ten tests, five seeds of one task do not.
    assert!(!all.comparison.underpowered());
    assert!(pairs.iter().any(|p| p.verdict == Verdict::Better));
    assert!(answer(&all).certainty.unwrap().starts_with("Confidence: the lead over"));
}
