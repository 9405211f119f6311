//! Level of a metric of one configuration on each night, where nights may have different seeds.
//!
//! The level of a night is the mean over one list of seeds. Values that a night lacks are imputed
//! by an additive model of a night effect and a seed effect, fitted by least squares to all nights
//! (a two-way layout with missing cells: Searle 1987, Linear Models for Unbalanced Data, chapter
//! 4). So neither a thin night nor a longer list of seeds is a step by itself. Nights with
//! bit-identical results and values are one state of the code and share a level; seconds remain
//! separate for each night.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spec::regress_settings::RegressMetric;

use crate::night::NightRun;
use crate::quantity::value;
use stats::location;

/// Values of one night, by seed.
pub(crate) type Seeds = BTreeMap<u64, f64>;

/// Fraction of the usual number of seeds below which a night is thin.
const FEW: f64 = 0.5;

/// Relative difference of levels that is due to rounding of the fit.
const SAME: f64 = 1e-11;

/// Number of most recent nights whose number of seeds may become the usual one, so that nights with
/// a permanently shorter list do not stay thin.
const NEWEST: usize = 5;

/// One night of a series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Level {
    /// Index of the night.
    pub(crate) night: usize,
    /// Values of the seeds that were measured.
    pub(crate) seeds: Seeds,
    /// Mean over the series' list of seeds.
    pub(crate) mean: f64,
    /// Whether too few seeds were measured: the night is displayed but not used to find levels.
    pub(crate) thin: bool,
}

/// Levels of a series, the oldest night first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Levels {
    /// Comparable nights.
    pub(crate) held: Vec<Level>,
    /// Nights that are left out, since no chain of common seeds links them to the last one.
    pub(crate) apart: Vec<usize>,
}

/// A state of the code: values by seed of one night, or of several with bit-identical results.
#[derive(Clone, Debug, Default)]
struct State {
    nights: Vec<usize>,
    seeds: Seeds,
}

/// Returns the levels of a metric. `nights` has the runs of a configuration in each night that has
/// it, with the index of the night, the oldest first.
pub(crate) fn levels(nights: &[(usize, &Vec<&NightRun>)], metric: RegressMetric) -> Levels {
    let measured: Vec<(usize, Vec<&NightRun>, Seeds)> = nights
        .iter()
        .filter_map(|&(night, runs)| {
            let kept = runs.iter().filter_map(|run| Some((*run, value(metric, run)?)));
            let (runs, values): (Vec<&NightRun>, Vec<f64>) = kept.unzip();
            let seeds: Seeds = runs.iter().map(|run| run.seed).zip(values).collect();
            (!seeds.is_empty()).then_some((night, runs, seeds))
        })
        .collect();
    let Some((last, _, _)) = measured.last() else { return Levels::default() };
    let last = *last;
    let same = measured.windows(2).all(|pair| pair[0].2.keys().eq(pair[1].2.keys()));
    if same {
        let level = |(night, _, seeds): (usize, Vec<&NightRun>, Seeds)| {
            let mean = mean(&seeds);
            Level { night, seeds, mean, thin: false }
        };
        return Levels { held: measured.into_iter().map(level).collect(), apart: Vec::new() };
    }
    let all = states(&measured, metric);
    let usual = usual(&measured);
    let (linked, apart): (Vec<State>, Vec<State>) = linked(all, last);
    let most = linked.iter().map(|state| state.seeds.len()).max().unwrap_or(0);
    let list: BTreeSet<u64> = linked
        .iter()
        .filter(|state| state.seeds.len() == most)
        .max_by_key(|state| state.nights.last())
        .map(|state| state.seeds.keys().copied().collect())
        .unwrap_or_default();
    let means = fitted(&linked, &list);
    let own: HashMap<usize, Seeds> =
        measured.into_iter().map(|(night, _, seeds)| (night, seeds)).collect();
    let mut held: Vec<Level> = Vec::new();
    for (state, mean) in linked.iter().zip(means) {
        let thin = (state.seeds.len() as f64) < FEW * usual;
        held.extend(state.nights.iter().map(|&night| Level {
            night,
            seeds: own[&night].clone(),
            mean,
            thin,
        }));
    }
    held.sort_by_key(|level| level.night);
    let mut apart: Vec<usize> = apart.into_iter().flat_map(|state| state.nights).collect();
    apart.sort_unstable();
    Levels { held, apart }
}

/// Returns the usual number of seeds per night: the median over all nights, or over the most recent
/// ones if that is smaller.
fn usual(measured: &[(usize, Vec<&NightRun>, Seeds)]) -> f64 {
    let counts: Vec<f64> = measured.iter().map(|(_, _, seeds)| seeds.len() as f64).collect();
    let newest = &counts[counts.len().saturating_sub(NEWEST)..];
    let of = |counts| location::median(counts).unwrap_or(0.0);
    of(&counts).min(of(newest))
}

/// Returns the mean of a night's seeds.
pub(crate) fn mean(seeds: &Seeds) -> f64 {
    let values: Vec<f64> = seeds.values().copied().collect();
    location::mean(&values).unwrap_or(f64::NAN)
}

/// Groups nights whose common seeds all have bit-identical results and equal values of the metric.
fn states(measured: &[(usize, Vec<&NightRun>, Seeds)], metric: RegressMetric) -> Vec<State> {
    let mut all: Vec<State> = Vec::new();
    let mut digests: Vec<HashMap<u64, &str>> = Vec::new();
    let mut places: HashMap<(u64, &str), Vec<usize>> = HashMap::new();
    for (night, runs, seeds) in measured {
        let own: HashMap<u64, &str> = runs
            .iter()
            .filter(|_| metric != RegressMetric::SecondsPerEpoch)
            .filter_map(|run| Some((run.seed, run.row.weights_digest.as_deref()?)))
            .collect();
        let agrees = |at: &&usize| {
            let (state, values) = (&digests[**at], &all[**at].seeds);
            own.iter().all(|(seed, digest)| state.get(seed).is_none_or(|held| held == digest))
                && seeds.iter().all(|(seed, v)| values.get(seed).is_none_or(|held| held == v))
        };
        let candidates: BTreeSet<usize> =
            own.iter().filter_map(|(s, d)| places.get(&(*s, *d))).flatten().copied().collect();
        let at = candidates.iter().rev().find(agrees).copied().unwrap_or_else(|| {
            all.push(State::default());
            digests.push(HashMap::new());
            all.len() - 1
        });
        all[at].nights.push(*night);
        for (seed, value) in seeds {
            all[at].seeds.entry(*seed).or_insert(*value);
        }
        for (seed, digest) in own {
            if digests[at].insert(seed, digest).is_none() {
                places.entry((seed, digest)).or_default().push(at);
            }
        }
    }
    all
}

/// Returns the states that a chain of common seeds links to that of the night `last`, and all
/// others.
fn linked(states: Vec<State>, last: usize) -> (Vec<State>, Vec<State>) {
    let mut reached: BTreeSet<u64> = states
        .iter()
        .filter(|state| state.nights.contains(&last))
        .flat_map(|state| state.seeds.keys().copied())
        .collect();
    loop {
        let before = reached.len();
        for state in &states {
            if state.seeds.keys().any(|seed| reached.contains(seed)) {
                reached.extend(state.seeds.keys());
            }
        }
        if reached.len() == before {
            break;
        }
    }
    states.into_iter().partition(|state| state.seeds.keys().any(|seed| reached.contains(seed)))
}

/// Returns the mean over `list` of each state. For a state that lacks some of these seeds, it uses
/// the additive model, whose normal equations are solved for the seed effects (the first is fixed
/// at 0, since only differences are determined).
fn fitted(states: &[State], list: &BTreeSet<u64>) -> Vec<f64> {
    let seeds: BTreeSet<u64> = states.iter().flat_map(|s| s.seeds.keys().copied()).collect();
    let place: HashMap<u64, usize> = seeds.iter().enumerate().map(|(i, s)| (*s, i)).collect();
    let k = seeds.len();
    let mut matrix = vec![vec![0.0; k]; k];
    let mut right = vec![0.0; k];
    for state in states {
        let (n, mean) = (state.seeds.len() as f64, mean(&state.seeds));
        for (seed, value) in &state.seeds {
            let i = place[seed];
            matrix[i][i] += 1.0;
            right[i] += value - mean;
            for other in state.seeds.keys() {
                matrix[i][place[other]] -= 1.0 / n;
            }
        }
    }
    let parts = solved(matrix, right);
    let part = |seed: &u64| parts[place[seed]];
    let mean_part = |seeds: &mut dyn Iterator<Item = &u64>| {
        let parts: Vec<f64> = seeds.map(part).collect();
        location::mean(&parts).unwrap_or(0.0)
    };
    let offset = mean_part(&mut list.iter());
    let whole = |state: &State| -> Option<f64> {
        let values: Option<Vec<f64>> =
            list.iter().map(|seed| state.seeds.get(seed).copied()).collect();
        location::mean(&values?)
    };
    let of = |state: &State| mean(&state.seeds) - mean_part(&mut state.seeds.keys()) + offset;
    let mut levels: Vec<f64> = states.iter().filter_map(whole).collect();
    let mut level = |state: &State| {
        let filled = of(state);
        // Levels that differ only by rounding of the fit are made equal, like plateaus.
        let same = |held: &&f64| (**held - filled).abs() <= SAME * held.abs();
        let level = levels.iter().find(same).copied().unwrap_or(filled);
        levels.push(level);
        level
    };
    states.iter().map(|state| whole(state).unwrap_or_else(|| level(state))).collect()
}

/// Solves a symmetric system whose rows sum to 0, with the first unknown fixed at 0, by elimination
/// without pivoting, which is safe for positive definite systems.
fn solved(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let k = right.len();
    for i in 1..k {
        let (above, below) = matrix.split_at_mut(i + 1);
        let pivot = &above[i];
        for (row, values) in below.iter_mut().enumerate() {
            let factor = values[i] / pivot[i];
            values.iter_mut().zip(pivot).skip(i).for_each(|(v, p)| *v -= factor * p);
            right[i + 1 + row] -= factor * right[i];
        }
    }
    let mut out = vec![0.0; k];
    for i in (1..k).rev() {
        let rest: f64 = (i + 1..k).map(|column| matrix[i][column] * out[column]).sum();
        out[i] = (right[i] - rest) / matrix[i][i];
    }
    out
}

#[cfg(test)]
mod tests {
    use spec::metric::{EpochMetric, Metric};
    use spec::record::{Split, Status};

    use super::*;
    use report::table::RunRow;

    /// Returns a night with these seeds, values and digests.
    fn night(runs: &[(u64, f64, &str)]) -> Vec<NightRun> {
        let id = spec::Id::of("series");
        let run = |(seed, loss, digest): &(u64, f64, &str)| NightRun {
            cell_id: id,
            series: id,
            label: String::new(),
            config: String::new(),
            seed: *seed,
            epochs: 1,
            steps: None,
            cut_at: None,
            row: RunRow {
                status: Some(Status::Completed),
                last_epoch: [(EpochMetric::new(Split::Test, Metric::LOSS), *loss)]
                    .into_iter()
                    .collect(),
                weights_digest: Some((*digest).to_owned()),
                epochs_completed: Some(1),
                epoch_seconds: Some(*loss),
                ..RunRow::default()
            },
        };
        runs.iter().map(run).collect()
    }

    fn of(nights: &[Vec<NightRun>]) -> Levels {
        of_metric(nights, RegressMetric::TEST_LOSS)
    }

    fn of_metric(nights: &[Vec<NightRun>], metric: RegressMetric) -> Levels {
        let refs: Vec<Vec<&NightRun>> = nights.iter().map(|n| n.iter().collect()).collect();
        let given: Vec<(usize, &Vec<&NightRun>)> = refs.iter().enumerate().collect();
        levels(&given, metric)
    }

    fn means(of: &Levels) -> Vec<f64> {
        of.held.iter().map(|level| level.mean).collect()
    }

    #[test]
    fn a_thin_night_of_one_code_has_the_level_of_its_neighbours() {
        let whole = night(&[(0, 0.1, "a"), (1, 0.3, "b"), (2, 0.7, "c")]);
        let found = of(&[whole.clone(), night(&[(2, 0.7, "c")]), whole]);
        let level = (0.1 + 0.3 + 0.7) / 3.0;
        assert_eq!(means(&found), [level; 3]);
        assert!(found.held.iter().all(|level| !level.thin), "{found:?}");
    }

    #[test]
    fn seeds_that_were_added_are_no_step() {
        // Two codes, with an effect per seed: 0.1 more in the second.
        let found = of(&[
            night(&[(0, 0.1, "a"), (1, 0.3, "b")]),
            night(&[(0, 0.2, "c"), (1, 0.4, "d")]),
            night(&[(0, 0.2, "c"), (1, 0.4, "d"), (2, 0.9, "e")]),
        ]);
        let levels = means(&found);
        assert_eq!(levels[1], levels[2]);
        assert!((levels[2] - levels[0] - 0.1).abs() < 1e-12, "{levels:?}");
        assert!((levels[2] - 0.5).abs() < 1e-12, "{levels:?}");
    }

    #[test]
    fn what_differs_by_itself_is_filled_in_by_least_squares() {
        // Levels 1, 2, 3 and seed effects 0, 10, 20 exactly, so that only the fit rounds.
        let found = of(&[
            night(&[(0, 1.0, "a"), (1, 11.0, "b"), (2, 21.0, "c")]),
            night(&[(1, 12.0, "d"), (2, 22.0, "e")]),
            night(&[(0, 3.0, "f")]),
        ]);
        let levels = means(&found);
        for (level, expected) in levels.iter().zip([11.0, 12.0, 13.0]) {
            assert!((level - expected).abs() < 1e-9, "{levels:?}");
        }
    }

    #[test]
    fn seconds_and_values_are_those_of_their_night_whatever_bits_it_ends_with() {
        let slow = |factor: f64| night(&[(0, 0.1 * factor, "a"), (1, 0.3 * factor, "b")]);
        let nights = [slow(1.0), night(&[(0, 0.1, "a")]), slow(2.0)];
        for metric in [RegressMetric::SecondsPerEpoch, RegressMetric::TEST_LOSS] {
            let levels = means(&of_metric(&nights, metric));
            assert!((levels[2] - 2.0 * levels[0]).abs() < 1e-12, "{metric}: {levels:?}");
            assert!(levels[1] < 1.5 * levels[0], "{metric}: {levels:?}");
        }
    }

    #[test]
    fn the_usual_number_of_seeds_is_not_that_of_one_night() {
        let few = |n: u64| {
            let runs: Vec<(u64, f64, String)> =
                (0..n).map(|seed| (seed, 0.1 * seed as f64, format!("{n}"))).collect();
            let runs: Vec<(u64, f64, &str)> =
                runs.iter().map(|(seed, loss, digest)| (*seed, *loss, digest.as_str())).collect();
            night(&runs)
        };
        let thin = |counts: &[u64]| -> Vec<bool> {
            let nights: Vec<Vec<NightRun>> = counts.iter().map(|n| few(*n)).collect();
            of(&nights).held.iter().map(|level| level.thin).collect()
        };
        assert_eq!(thin(&[5, 5, 12, 5]), [false; 4], "one night with many more");
        assert_eq!(thin(&[10, 10, 10, 10, 4, 4, 4]), [false; 7], "fewer for good");
        assert_eq!(thin(&[10, 10, 10, 10, 10, 4]), [false, false, false, false, false, true]);
    }

    #[test]
    fn nights_without_a_common_seed_are_counted_apart() {
        let found = of(&[
            night(&[(3, 0.1, "a"), (4, 0.3, "b")]),
            night(&[(0, 0.2, "c"), (1, 0.4, "d")]),
            night(&[(0, 0.2, "e")]),
        ]);
        assert_eq!(found.apart, [0]);
        assert_eq!(found.held.iter().map(|level| level.night).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(of(&[]), Levels::default());
    }
}
