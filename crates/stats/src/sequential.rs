//! Tests of many pairs at looks that are planned beforehand, so that seeds are spent where they can
//! decide something.
//!
//! At look k every pair has its exact p over its first n_k differences. Holm's correction over all
//! pairs rejects at the level's share of the look. A pair that was decided before counts as p = 0
//! and stays decided; one that was given up counts as p = 1 for good. Each look rejects a true
//! hypothesis with a chance of at most its share, whatever the joint distribution of the looks. The
//! chance of any false decision is therefore at most the sum of the shares times the level
//! (Bonferroni over the looks; Holm 1979 within one).

use seed_stream::stream;

use crate::holm;
use crate::paired::Test;

/// Planned looks, and the share of the level that each may spend.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// Number of differences at each look, increasing.
    pub looks: Vec<usize>,
    /// Fraction of the level for each look; the fractions sum to 1.
    pub share: Vec<f64>,
    /// Chance of any false decision over all looks, a fraction.
    pub level: f64,
}

impl Design {
    /// Returns the level of a look, counted from 0: its share times the level.
    pub fn level_at(&self, look: usize) -> f64 {
        self.share[look] * self.level
    }

    /// Returns the first look at which none of `pairs` pairs can be decided, because the smallest
    /// possible p, 2^(1 - n), times the number of pairs exceeds the look's level; `None` if every
    /// look can decide.
    pub fn powerless(&self, pairs: usize) -> Option<usize> {
        (0..self.looks.len()).find(|&look| {
            let smallest = 2.0 * 0.5f64.powi(self.looks[look] as i32);
            smallest * pairs as f64 > self.level_at(look)
        })
    }
}

/// State of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Neither decided nor given up.
    Open,
    /// A difference has been shown, at this look, counted from 0.
    Decided(usize),
    /// No more seeds are spent on it since this look, counted from 0, because a decision is
    /// unlikely.
    GivenUp(usize),
}

/// States and p-values of all pairs over the looks so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    standing: Vec<Standing>,
    /// Smallest p after Holm, divided by its look's share.
    p: Vec<f64>,
}

impl Pairs {
    /// Creates `pairs` open pairs, before the first look.
    pub fn new(pairs: usize) -> Self {
        Pairs { standing: vec![Standing::Open; pairs], p: vec![1.0; pairs] }
    }

    /// Takes look number `look`, counted from 0. `p` has the p-value of each pair over the look's
    /// differences; `None` for a pair that lacks some of them and cannot be decided at this look.
    pub fn look(&mut self, design: &Design, look: usize, p: &[Option<f64>]) {
        let counted: Vec<f64> = (self.standing.iter().zip(p))
            .map(|(standing, p)| match standing {
                Standing::Decided(_) => 0.0,
                Standing::GivenUp(_) => 1.0,
                Standing::Open => p.unwrap_or(1.0),
            })
            .collect();
        for (i, adjusted) in holm::adjust(&counted).into_iter().enumerate() {
            if self.standing[i] != Standing::Open {
                continue;
            }
            self.p[i] = self.p[i].min(adjusted / design.share[look]);
            if adjusted <= design.level_at(look) {
                self.standing[i] = Standing::Decided(look);
            }
        }
    }

    /// Gives up an open pair at a look, counted from 0.
    pub fn give_up(&mut self, pair: usize, look: usize) {
        if self.standing[pair] == Standing::Open {
            self.standing[pair] = Standing::GivenUp(look);
        }
    }

    /// Returns the state of a pair.
    pub fn standing(&self, pair: usize) -> Standing {
        self.standing[pair]
    }

    /// Returns the number of open pairs.
    pub fn open(&self) -> usize {
        self.standing.iter().filter(|standing| **standing == Standing::Open).count()
    }

    /// Returns the p-value of a pair over all looks so far, at most 1: the smallest of Holm's p
    /// divided by its look's share. It is at most the level if the pair is decided.
    pub fn p(&self, pair: usize) -> f64 {
        self.p[pair].min(1.0)
    }
}

/// Number of continuations drawn to estimate whether a pair can still be decided.
pub const CONTINUATIONS: usize = 200;

/// Returns the fraction of simulated continuations in which a pair is decided at one of the looks
/// after `look`, with p multiplied by `open`, the number of open pairs. Future differences are
/// drawn with replacement from `differences`; without any the result is 1. `test` gives the p-value
/// of differences. Giving up on a low fraction is safe: it can only make decisions rarer.
pub fn chance_to_decide(
    design: &Design,
    look: usize,
    differences: &[f64],
    open: usize,
    test: &dyn Fn(&[f64]) -> Option<Test>,
) -> f64 {
    if differences.is_empty() {
        return 1.0;
    }
    let mut rng = stream(0, &format!("continuations/{look}/{}", differences.len()));
    let decides = |all: &[f64], later: usize| {
        let p = test(all).map_or(1.0, |test| test.p);
        p * open.max(1) as f64 <= design.level_at(later)
    };
    let decided = (0..CONTINUATIONS).filter(|_| {
        let mut all = differences.to_vec();
        (look + 1..design.looks.len()).any(|later| {
            while all.len() < design.looks[later] {
                all.push(differences[rng.below(differences.len() as u32) as usize]);
            }
            decides(&all, later)
        })
    });
    decided.count() as f64 / CONTINUATIONS as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paired::sign_flip;

    fn design() -> Design {
        Design { looks: vec![10, 20], share: vec![0.5, 0.5], level: 0.05 }
    }

    #[test]
    fn a_look_that_can_show_nothing_is_known_beforehand() {
        // 2^-9 x 10 = 0.0195 is below 0.025, 2^-8 x 10 = 0.039 is not.
        assert_eq!(design().powerless(10), None);
        assert_eq!(Design { looks: vec![9, 20], ..design() }.powerless(10), Some(0));
        assert_eq!(Design { looks: vec![9, 20], ..design() }.powerless(6), None);
    }

    #[test]
    fn what_was_decided_makes_the_rest_easier_and_stays() {
        let design = design();
        let mut pairs = Pairs::new(3);
        pairs.look(&design, 0, &[Some(0.002), Some(0.02), Some(0.9)]);
        assert_eq!(pairs.standing(0), Standing::Decided(0));
        // 0.02 x 2 is above 0.025.
        assert_eq!((pairs.standing(1), pairs.open()), (Standing::Open, 2));
        assert_eq!([pairs.p(0), pairs.p(1)], [0.002 * 3.0 / 0.5, 0.04 / 0.5]);
        pairs.give_up(2, 0);
        pairs.look(&design, 1, &[Some(0.9), Some(0.012), Some(0.0)]);
        // Two pairs count: 0.012 x 2 = 0.024.
        assert_eq!(pairs.standing(1), Standing::Decided(1));
        assert_eq!(pairs.standing(0), Standing::Decided(0), "whatever it looks like now");
        assert_eq!(pairs.standing(2), Standing::GivenUp(0), "for good");
        assert_eq!((pairs.p(1), pairs.p(2)), (0.024 / 0.5, 1.0));
    }

    #[test]
    fn a_pair_without_its_differences_shows_nothing() {
        let mut pairs = Pairs::new(2);
        pairs.look(&design(), 0, &[None, Some(0.001)]);
        assert_eq!([pairs.standing(0), pairs.standing(1)], [Standing::Open, Standing::Decided(0)]);
    }

    #[test]
    fn the_chance_tells_what_is_clear_from_what_is_level() {
        let clear: Vec<f64> = (0..10).map(|i| if i == 0 { -0.1 } else { 1.0 }).collect();
        let level: Vec<f64> = (0..10).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let chance = |d: &[f64]| chance_to_decide(&design(), 0, d, 10, &|d| sign_flip(d));
        assert!(chance(&clear) > 0.9, "{}", chance(&clear));
        assert!(chance(&level) < 0.1, "{}", chance(&level));
        assert_eq!(chance(&clear), chance(&clear), "seeded");
        assert_eq!(chance_to_decide(&design(), 1, &clear, 10, &|d| sign_flip(d)), 0.0);
    }
}
