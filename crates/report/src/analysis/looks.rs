//! Looks at the seeds that judge on the way (`until`): what each has decided, and who needs more.

use std::collections::HashMap;

use spec::Id;
use spec::identity::ConfigIds;
use spec::stages::{Decision, Goal, Stage, Until};
use stats::paired::{Test, sign_flip, wilcoxon};
use stats::sequential::{Design, Pairs, Standing, chance_to_decide};

use super::Analysis;
use super::pairs::{gains_of, test_of};

/// A pair of which fewer continuations would decide is given up.
const HOPELESS: f64 = 0.1;

/// All pairs of labels over the looks so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Looks {
    /// Goal, looks and level, as the sweep file has them.
    pub until: Until,
    /// The stage of the seeds that are looked at.
    pub stage: Stage,
    /// Looks that all runs of have ended.
    pub taken: usize,
    /// Pairs of labels by their places in the plan, the first before the second.
    couples: Vec<(usize, usize)>,
    pairs: Pairs,
}

impl Looks {
    /// What is known of two labels, and the p-value over all looks so far; none of a label with
    /// itself.
    pub fn of(&self, a: usize, b: usize) -> Option<(Standing, f64)> {
        let at = self.couples.iter().position(|&pair| pair == (a.min(b), a.max(b)))?;
        Some((self.pairs.standing(at), self.pairs.p(at)))
    }

    /// The look, from 0, at which a pair of labels was decided or given up; of an open one the last.
    fn look_of(&self, a: usize, b: usize) -> usize {
        match self.of(a, b) {
            Some((Standing::Decided(look) | Standing::GivenUp(look), _)) => look,
            _ => self.taken.saturating_sub(1),
        }
    }

    /// The number of seeds that a pair of labels rests on: those of its look.
    pub fn seeds(&self, a: usize, b: usize) -> usize {
        self.until.looks.get(self.look_of(a, b)).map_or(usize::MAX, |n| *n as usize)
    }

    /// The part of the level that a pair's look may spend: 1 less it is the confidence of the
    /// pair's interval.
    pub fn spent(&self, a: usize, b: usize) -> f64 {
        let share = self.until.share.get(self.look_of(a, b));
        share.map_or(1.0, |share| share * self.until.level)
    }

    /// How many pairs are decided, given up and open.
    pub fn counts(&self) -> [usize; 3] {
        let all = || (0..self.couples.len()).map(|pair| self.pairs.standing(pair));
        let decided = all().filter(|s| matches!(s, Standing::Decided(_))).count();
        let given_up = all().filter(|s| matches!(s, Standing::GivenUp(_))).count();
        [decided, given_up, self.couples.len() - decided - given_up]
    }

    /// Places of the labels that need more seeds, of which `leader` stands first. A label without
    /// any result decides nothing.
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

/// The looks that the decisions of a plan have opened and whose runs all have a result, or that a
/// later decision rests on.
fn taken(analysis: &Analysis) -> usize {
    let plan = &analysis.plan;
    let of_look = |decision: &&Decision| decision.look > 0 && !decision.chosen.is_empty();
    let opened = plan.decisions.iter().filter(of_look).map(|decision| {
        let configs: Vec<Id> =
            decision.chosen.iter().flat_map(|choice| &choice.configs).copied().collect();
        (decision.look, configs)
    });
    // The first look at seeds of the sweep file itself needs no decision.
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

/// The looks so far with what they decided; none of a sweep without `until`, and before the first
/// look.
pub(super) fn looks(analysis: &Analysis) -> Option<Looks> {
    after(analysis, taken(analysis))
}

/// So many looks with what they decided, whether each of their runs has a result or not.
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

/// The test of paired gains, of which an infinite one has a rank alone.
fn deciding(gains: &[f64]) -> Option<Test> {
    if gains.iter().all(|gain| gain.is_finite()) { sign_flip(gains) } else { wilcoxon(gains) }
}

/// The places of the labels that go on to the next look when all runs have ended, empty where
/// none needs more seeds; `None` where no look could be taken.
pub(super) fn to_go_on(analysis: &Analysis) -> Option<Vec<usize>> {
    let looks = after(analysis, analysis.plan.looks_opened())?;
    let leader = analysis.ranked().first().map(|&i| analysis.configs[i].label);
    let has_result = |label: usize| {
        analysis.best[label].is_some_and(|i| analysis.configs[i].counts.results() > 0)
    };
    Some(looks.needed(leader, has_result))
}
