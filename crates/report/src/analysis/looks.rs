//! Sequential looks at the judging seeds (`until`): the pairs decided so far, and the labels that
//! need more seeds.

use std::collections::HashMap;

use spec::Id;
use spec::identity::ConfigIds;
use spec::stages::{Decision, Goal, Stage, Until};
use stats::paired::{Test, sign_flip, wilcoxon};
use stats::sequential::{Design, Pairs, Standing, chance_to_decide};

use super::Analysis;
use super::pairs::{gains_of, test_of};

/// Chance of a decision, 0..1, below which a pair is given up.
const HOPELESS: f64 = 0.1;

/// State of all pairs of labels after the looks so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Looks {
    /// Goal, looks and level of the sweep file.
    pub until: Until,
    /// The stage of the seeds.
    pub stage: Stage,
    /// Number of looks whose runs have all ended.
    pub taken: usize,
    /// Pairs of labels, as ascending indices into `plan.optimizers`.
    couples: Vec<(usize, usize)>,
    pairs: Pairs,
}

impl Looks {
    /// Returns the standing of two labels and the p-value over all looks so far; `None` for a label
    /// with itself.
    pub fn of(&self, a: usize, b: usize) -> Option<(Standing, f64)> {
        let at = self.couples.iter().position(|&pair| pair == (a.min(b), a.max(b)))?;
        Some((self.pairs.standing(at), self.pairs.p(at)))
    }

    /// Returns the look, from 0, at which a pair of labels was decided or given up; the last one
    /// for an open pair.
    fn look_of(&self, a: usize, b: usize) -> usize {
        match self.of(a, b) {
            Some((Standing::Decided(look) | Standing::GivenUp(look), _)) => look,
            _ => self.taken.saturating_sub(1),
        }
    }

    /// Returns the number of seeds that a pair's result rests on: those of its look.
    pub fn seeds(&self, a: usize, b: usize) -> usize {
        self.until.looks.get(self.look_of(a, b)).map_or(usize::MAX, |n| *n as usize)
    }

    /// Returns the part of the level that a pair's look may spend; 1 minus it is the confidence of
    /// the pair's interval.
    pub fn spent(&self, a: usize, b: usize) -> f64 {
        let share = self.until.share.get(self.look_of(a, b));
        share.map_or(1.0, |share| share * self.until.level)
    }

    /// Returns the numbers of pairs that are decided, given up and open.
    pub fn counts(&self) -> [usize; 3] {
        let all = || (0..self.couples.len()).map(|pair| self.pairs.standing(pair));
        let decided = all().filter(|s| matches!(s, Standing::Decided(_))).count();
        let given_up = all().filter(|s| matches!(s, Standing::GivenUp(_))).count();
        [decided, given_up, self.couples.len() - decided - given_up]
    }

    /// Returns the indices of the labels that need more seeds; `leader` is the label that ranks
    /// first. Labels without any result are left out.
    fn needed(&self, leader: Option<usize>, has_result: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut needed = Vec::new();
        for (pair, &(a, b)) in self.couples.iter().enumerate() {
            let of_leader = leader.is_some_and(|leader| leader == a || leader == b);
            let counts = self.until.goal == Goal::All || of_leader;
            let both = has_result(a) && has_result(b);
            if counts && both && self.pairs.standing(pair) == Standing::Open {
                needed.extend([a, b]);
            }
        }
        needed.sort_unstable();
        needed.dedup();
        needed
    }
}

/// Returns the number of looks that the plan's decisions have opened and whose runs all have a
/// result, or on which a later decision rests.
fn taken(analysis: &Analysis) -> usize {
    let plan = &analysis.plan;
    let of_look = |decision: &&Decision| decision.look > 0 && !decision.chosen.is_empty();
    let opened = plan.decisions.iter().filter(of_look).map(|decision| {
        let configs: Vec<Id> =
            decision.chosen.iter().flat_map(|choice| &choice.configs).copied().collect();
        (decision.look, configs)
    });
    // The first look at the seeds of the sweep file needs no decision.
    let all = || plan.runs.iter().map(|run| run.config_id).collect();
    let first_of_all = plan.until.as_ref().map(|_| (1, all()));
    let stage = plan.looks().map_or(Stage::Confirm, |(_, stage)| stage);
    let runs: HashMap<Id, bool> = (plan.runs.iter().zip(&analysis.rows))
        .map(|(run, row)| (run.run_id, row.has_result()))
        .collect();
    let first = |config: &Id| plan.runs.iter().find(|run| run.config_id == *config);
    let whole = |(look, configs): &(u64, Vec<Id>)| {
        let seeds = plan.seeds_upto(stage, *look);
        configs.iter().filter_map(first).all(|run| {
            let ids = ConfigIds::new(&run.spec);
            seeds.iter().all(|seed| runs.get(&ids.with_seed(*seed).run) == Some(&true))
        })
    };
    let rests = plan.looks_opened();
    let opened = first_of_all.into_iter().chain(opened).enumerate();
    opened.take_while(|(at, look)| at + 1 < rests || whole(look)).count()
}

/// Returns the looks so far; `None` for a sweep without `until`, or before the first look.
pub(super) fn looks(analysis: &Analysis) -> Option<Looks> {
    after(analysis, taken(analysis))
}

/// Returns the state after `taken` looks, whether or not each of their runs has a result.
fn after(analysis: &Analysis, taken: usize) -> Option<Looks> {
    let (until, stage) = analysis.plan.looks().map(|(until, stage)| (until.clone(), stage))?;
    if taken == 0 || analysis.judging() != stage {
        return None;
    }
    let labels = analysis.plan.optimizers.len();
    let couples: Vec<(usize, usize)> =
        (0..labels).flat_map(|a| (a + 1..labels).map(move |b| (a, b))).collect();
    let design = Design {
        looks: until.looks.iter().map(|n| *n as usize).collect(),
        share: until.share.clone(),
        level: until.level,
    };
    let mut pairs = Pairs::new(couples.len());
    for look in 0..taken {
        let n = design.looks[look];
        let config = |label: usize| {
            let config = &analysis.configs[analysis.best[label]?];
            (config.runs.len() >= n).then_some(config)
        };
        let both = |&(a, b): &(usize, usize)| config(a).zip(config(b));
        let p: Vec<Option<f64>> = couples
            .iter()
            .map(|couple| both(couple).and_then(|(a, b)| Some(test_of(analysis, a, b, n)?.p)))
            .collect();
        pairs.look(&design, look, &p);
        if look + 1 == design.looks.len() {
            break;
        }
        let open = pairs.open();
        for (pair, couple) in couples.iter().enumerate() {
            if pairs.standing(pair) != Standing::Open {
                continue;
            }
            let hopeless = both(couple).is_some_and(|(a, b)| {
                let gains = gains_of(analysis, a, b, n);
                chance_to_decide(&design, look, &gains, open, &deciding) < HOPELESS
            });
            if hopeless {
                pairs.give_up(pair, look);
            }
        }
    }
    Some(Looks { until, stage, taken, couples, pairs })
}

/// Returns the test of paired gains: of signs and sizes if all gains are finite, else of ranks.
fn deciding(gains: &[f64]) -> Option<Test> {
    if gains.iter().all(|gain| gain.is_finite()) { sign_flip(gains) } else { wilcoxon(gains) }
}

/// Returns the indices of the labels that continue to the next look once all runs have ended; empty
/// where none needs more seeds, `None` where no look could be taken.
pub(super) fn to_go_on(analysis: &Analysis) -> Option<Vec<usize>> {
    let looks = after(analysis, analysis.plan.looks_opened())?;
    let leader = analysis.ranked().first().map(|&i| analysis.configs[i].label);
    let has_result = |label: usize| {
        analysis.best[label].is_some_and(|i| analysis.configs[i].counts.results() > 0)
    };
    Some(looks.needed(leader, has_result))
}
