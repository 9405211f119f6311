//! The level of a metric of one configuration night by night, where nights do not all have the
//! same seeds.
//!
//! A night's level is the mean over one list of seeds. What a night lacks of them is filled in
//! by the additive model of a night's level and a seed's own part, fitted by least squares to
//! all nights (a two-way layout with missing cells: Searle 1987, Linear Models for Unbalanced
//! Data, chapter 4), so that neither a thin night nor a list of seeds that grew is a step by
//! itself. Nights that end with the same bits are one state of the code and have one level.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spec::regress_settings::RegressMetric;

use crate::regress::night::NightRun;
use crate::regress::quantity::value;
use crate::stats::location;

/// Values of one night by seed.
pub(crate) type Seeds = BTreeMap<u64, f64>;

/// Share of the seeds of the night with the most that a night must have to count as one.
const FEW: f64 = 0.5;

/// Rounds of the fit at most; it ends where nothing moves by more than rounding.
const ROUNDS: usize = 1_000;

/// One night of a series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Level {
    /// Index of the night.
    pub(crate) night: usize,
    /// What its seeds have.
    pub(crate) seeds: Seeds,
    /// The mean over the series' list of seeds.
    pub(crate) mean: f64,
    /// Says whether so few seeds were measured that the night is shown and tells nothing of levels.
    pub(crate) thin: bool,
}

/// Levels of a series, the oldest night first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Levels {
    /// Nights that can be set in a row.
    pub(crate) held: Vec<Level>,
    /// Nights left out, for no chain of common seeds links them to the last one.
    pub(crate) apart: Vec<usize>,
}

/// Runs of one night in one state of the code: values by seed of one night or of several that
/// end with the same bits.
#[derive(Clone, Debug, Default)]
struct State {
    nights: Vec<usize>,
    seeds: Seeds,
}

/// Returns the levels of a metric; `nights` has the runs of each night, none where the night
/// does not have the configuration.
pub(crate) fn levels(nights: &[Option<&Vec<&NightRun>>], metric: RegressMetric) -> Levels {
    let measured: Vec<(usize, Vec<&NightRun>, Seeds)> = nights
        .iter()
        .enumerate()
        .filter_map(|(night, runs)| {
            let kept = runs.as_ref()?.iter().filter_map(|run| Some((*run, value(metric, run)?)));
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
    let all = states(&measured);
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
        let thin = (state.seeds.len() as f64) < FEW * most as f64;
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

/// The mean of a night's seeds.
pub(crate) fn mean(seeds: &Seeds) -> f64 {
    let values: Vec<f64> = seeds.values().copied().collect();
    location::mean(&values).unwrap_or(f64::NAN)
}

/// Nights whose common seeds all end with the same bits, together.
fn states(measured: &[(usize, Vec<&NightRun>, Seeds)]) -> Vec<State> {
    let mut all: Vec<State> = Vec::new();
    let mut digests: Vec<HashMap<u64, &str>> = Vec::new();
    let mut places: HashMap<(u64, &str), Vec<usize>> = HashMap::new();
    for (night, runs, seeds) in measured {
        let own: HashMap<u64, &str> = runs
            .iter()
            .filter_map(|run| Some((run.seed, run.row.weights_digest.as_deref()?)))
            .collect();
        let agrees = |at: &&usize| {
            let state = &digests[**at];
            own.iter().all(|(seed, digest)| state.get(seed).is_none_or(|held| held == digest))
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

/// States that a chain of common seeds links to that of the night `last`, and all others.
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

/// Means over `list` of each state; of a state that lacks some of these seeds by the additive model.
fn fitted(states: &[State], list: &BTreeSet<u64>) -> Vec<f64> {
    let mut level: Vec<f64> = states.iter().map(|state| mean(&state.seeds)).collect();
    let mut part: BTreeMap<u64, f64> = BTreeMap::new();
    let scale = level.iter().fold(0.0f64, |most, l| most.max(l.abs())).max(f64::MIN_POSITIVE);
    for _ in 0..ROUNDS {
        let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
        for (state, level) in states.iter().zip(&level) {
            for (seed, value) in &state.seeds {
                let sum = sums.entry(*seed).or_default();
                *sum = (sum.0 + value - level, sum.1 + 1.0);
            }
        }
        part = sums.into_iter().map(|(seed, (sum, n))| (seed, sum / n)).collect();
        let mut moved = 0.0f64;
        for (state, level) in states.iter().zip(&mut level) {
            let rests: Vec<f64> = state.seeds.iter().map(|(seed, v)| v - part[seed]).collect();
            let next = location::mean(&rests).unwrap_or(*level);
            moved = moved.max((next - *level).abs());
            *level = next;
        }
        if moved <= 1e-13 * scale {
            break;
        }
    }
    let parts: Vec<f64> = list.iter().map(|seed| part.get(seed).copied().unwrap_or(0.0)).collect();
    let offset = location::mean(&parts).unwrap_or(0.0);
    let whole = |state: &State| -> Option<f64> {
        let values: Option<Vec<f64>> =
            list.iter().map(|seed| state.seeds.get(seed).copied()).collect();
        location::mean(&values?)
    };
    states.iter().zip(level).map(|(state, l)| whole(state).unwrap_or(l + offset)).collect()
}

#[cfg(test)]
mod tests {
    use spec::record::Status;

    use super::*;
    use crate::table::RunRow;

    /// A night of these seeds, values and digests.
    fn night(runs: &[(u64, f64, &str)]) -> Vec<NightRun> {
        let id = spec::Id::of("series");
        let run = |(seed, loss, digest): &(u64, f64, &str)| NightRun {
            cell_id: id,
            series: id,
            label: String::new(),
            config: String::new(),
            seed: *seed,
            epochs: 1,
            row: RunRow {
                status: Some(Status::Completed),
                test_loss: Some(*loss),
                weights_digest: Some((*digest).to_owned()),
                ..RunRow::default()
            },
        };
        runs.iter().map(run).collect()
    }

    fn of(nights: &[Vec<NightRun>]) -> Levels {
        let refs: Vec<Vec<&NightRun>> = nights.iter().map(|n| n.iter().collect()).collect();
        let given: Vec<Option<&Vec<&NightRun>>> = refs.iter().map(Some).collect();
        levels(&given, RegressMetric::TestLoss)
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
        // Two codes, each seed with a part of its own: 0.1 more in the second.
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
        // Level 1, 2, 3 and parts 0, 10, 20, exactly: no rounding but of the fit.
        let found = of(&[
            night(&[(0, 1.0, "a"), (1, 11.0, "b"), (2, 21.0, "c")]),
            night(&[(1, 12.0, "d"), (2, 22.0, "e")]),
            night(&[(0, 3.0, "f")]),
        ]);
        let levels = means(&found);
        for (level, expected) in levels.iter().zip([11.0, 12.0, 13.0]) {
            assert!((level - expected).abs() < 1e-9, "{levels:?}");
        }
        assert_eq!(found.held.iter().map(|l| l.thin).collect::<Vec<_>>(), [false, false, true]);
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
