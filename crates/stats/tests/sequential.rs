//! Interim looks, simulated: the rate of false decisions, the coverage of intervals, and the seeds
//! saved by ending early. The values of five labels on one seed share a part, as runs that share
//! weights and batches do.

use seed_stream::{Stream, stream};
use stats::holm;
use stats::paired::{sign_flip, sign_flip_interval};
use stats::sequential::{Design, Pairs, Standing};

const LABELS: usize = 5;
const TRIALS: usize = 2_000;
/// Largest number of trials with an alarm: a true 5% exceeds it in fewer than 1 of 100 such
/// simulations.
const MOST_ALARMS: usize = 123;

fn design() -> Design {
    Design { looks: vec![10, 20], share: vec![0.5, 0.5], level: 0.05 }
}

/// A value around 0 of about unit size.
type Distribution = fn(&mut Stream) -> f64;

fn heavy(rng: &mut Stream) -> f64 {
    // Student's t of 3 degrees of freedom.
    let chi: f64 = (0..3).map(|_| rng.normal().powi(2)).sum();
    rng.normal() / (chi / 3.0).sqrt()
}

fn skewed(rng: &mut Stream) -> f64 {
    -f64::from(rng.uniform()).max(1e-9).ln() - 1.0
}

/// Draws accuracies of few samples, with many ties.
fn coarse(rng: &mut Stream) -> f64 {
    (rng.normal() * 2.0).round() / 2.0
}

const DISTRIBUTIONS: [(&str, Distribution); 4] =
    [("normal", |rng| rng.normal()), ("heavy", heavy), ("skewed", skewed), ("coarse", coarse)];

/// Returns values `[label][seed]`; the first label is better by `lead`.
fn values(of: Distribution, rng: &mut Stream, seeds: usize, lead: f64) -> Vec<Vec<f64>> {
    let mut out = vec![Vec::new(); LABELS];
    for _ in 0..seeds {
        let shared = 2.0 * rng.normal();
        for (label, values) in out.iter_mut().enumerate() {
            values.push(shared + of(rng) + if label == 0 { lead } else { 0.0 });
        }
    }
    out
}

fn couples() -> Vec<(usize, usize)> {
    (0..LABELS).flat_map(|a| (a + 1..LABELS).map(move |b| (a, b))).collect()
}

fn gains(values: &[Vec<f64>], (a, b): (usize, usize), n: usize) -> Vec<f64> {
    values[a][..n].iter().zip(&values[b][..n]).map(|(a, b)| a - b).collect()
}

fn p(values: &[Vec<f64>], couple: (usize, usize), n: usize) -> f64 {
    sign_flip(&gains(values, couple, n)).map_or(1.0, |test| test.p)
}

/// Takes all looks, whatever they decide.
fn looked(design: &Design, values: &[Vec<f64>]) -> Pairs {
    let mut pairs = Pairs::new(couples().len());
    for (look, &n) in design.looks.iter().enumerate() {
        let p: Vec<Option<f64>> = couples().into_iter().map(|c| Some(p(values, c, n))).collect();
        pairs.look(design, look, &p);
    }
    pairs
}

#[test]
fn false_alarms_are_no_more_than_the_level_and_intervals_hold() {
    let design = design();
    for (name, of) in DISTRIBUTIONS {
        let mut rng = stream(25, &format!("looks/{name}"));
        let (mut alarms, mut covered, mut intervals) = (0, 0, 0);
        for _ in 0..TRIALS {
            let values = values(of, &mut rng, 20, 0.0);
            let pairs = looked(&design, &values);
            alarms += usize::from(pairs.open() < couples().len());
            // One pair for each trial, so that intervals are independent.
            let look = match pairs.standing(0) {
                Standing::Decided(look) | Standing::GivenUp(look) => look,
                Standing::Open => 1,
            };
            let gains = gains(&values, couples()[0], design.looks[look]);
            let (low, high) = sign_flip_interval(&gains, design.level_at(look)).unwrap();
            intervals += 1;
            covered += usize::from(low <= 1e-12 && high >= -1e-12);
        }
        println!("{name}: {alarms} of {TRIALS} with a false alarm, {covered} intervals hold");
        assert!(alarms <= MOST_ALARMS, "{name}: {alarms}");
        let error = (0.05f64 * 0.95 / f64::from(intervals)).sqrt();
        let coverage = f64::from(covered as u32) / f64::from(intervals);
        assert!(coverage >= 0.95 - 3.0 * error, "{name}: {coverage}");
    }
}

#[test]
fn clear_leads_need_fewer_seeds_at_nearly_the_power_of_all() {
    let design = design();
    let last = design.looks[1];
    let (mut used, mut shown, mut fixed) = (Vec::new(), Vec::new(), Vec::new());
    for lead in [0.5, 1.0, 2.0, 5.0] {
        let mut rng = stream(26, &format!("power/{lead}"));
        let (mut seeds, mut by_looks, mut by_all) = (0, 0, 0);
        for _ in 0..400 {
            let values = values(|rng| rng.normal(), &mut rng, last, lead);
            let mut pairs = Pairs::new(couples().len());
            let mut at = last;
            for (look, &n) in design.looks.iter().enumerate() {
                let p: Vec<Option<f64>> =
                    couples().into_iter().map(|c| Some(p(&values, c, n))).collect();
                pairs.look(&design, look, &p);
                // The first four pairs are those of the leader.
                if (0..LABELS - 1).all(|pair| pairs.standing(pair) != Standing::Open) {
                    at = n;
                    break;
                }
            }
            seeds += at;
            let decided = |pair: &usize| pairs.standing(*pair) != Standing::Open;
            by_looks += (0..LABELS - 1).filter(decided).count();
            let all: Vec<f64> = couples().into_iter().map(|c| p(&values, c, last)).collect();
            let adjusted = holm::adjust(&all);
            by_all += adjusted[..LABELS - 1].iter().filter(|p| **p <= design.level).count();
        }
        let (mean, all) = (seeds as f64 / 400.0, 400.0 * (LABELS - 1) as f64);
        println!(
            "a lead of {lead}: {mean:.1} seeds, power {:.3}; all {last} seeds: {:.3}",
            by_looks as f64 / all,
            by_all as f64 / all
        );
        used.push(mean);
        shown.push(by_looks as f64 / all);
        fixed.push(by_all as f64 / all);
    }
    assert!(used[3] < 11.0 && shown[3] > 0.99, "{used:?} {shown:?}");
    for (looks, all) in shown.iter().zip(&fixed) {
        assert!(*looks > all - 0.15, "{shown:?} beside {fixed:?}");
    }
}
