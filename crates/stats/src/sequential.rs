//! Tests of many pairs at looks that are planned beforehand, so that seeds are spent where they
//! decide.
//!
//! At look k every pair has its exact p over its first n_k differences. Holm's correction over
//! all pairs rejects at the level's share of the look: a pair that was decided before counts as
//! p = 0 and stays decided, one that was given up as p = 1 for good. Each look rejects a true
//! hypothesis with a chance of at most its share, whatever the joint law of the looks, so that
//! the chance of any false decision is at most the sum of the shares times the level (Bonferroni
//! over the looks; Holm 1979 within one).

use seed_stream::stream;

use crate::holm;
use crate::paired::Test;

/// Looks, and the part of the level that each may spend.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// Differences that each look rests on, rising.
    pub looks: Vec<usize>,
    /// Shares of the level, as many as looks, which sum to 1.
    pub share: Vec<f64>,
    /// Chance of any false decision at all looks together.
    pub level: f64,
}

impl Design {
    /// The level of a look, which counts from 0.
    pub fn level_at(&self, look: usize) -> f64 {
        self.share[look] * self.level
    }

    /// The first look at which none of so many pairs can be decided: 2^(1 - n) times the pairs is
    /// above its level.
    pub fn powerless(&self, pairs: usize) -> Option<usize> {
        (0..self.looks.len()).find(|&look| {
            let smallest = 2.0 * 0.5f64.powi(self.looks[look] as i32);
            smallest * pairs as f64 > self.level_at(look)
        })
    }
}

/// What is known of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing yet.
    Open,
    /// A difference is shown, since this look.
    Decided(usize),
    /// So little speaks for a decision that no more is spent on it, since this look.
    GivenUp(usize),
}

/// Pairs over the looks so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    standing: Vec<Standing>,
    /// The smallest p of Holm over its look's share.
    p: Vec<f64>,
}

impl Pairs {
    /// So many pairs before the first look.
    pub fn new(pairs: usize) -> Self {
        Pairs { standing: vec![Standing::Open; pairs], p: vec![1.0; pairs] }
    }

    /// Takes a look, from 0. `p` has the p-value of each pair over the look's differences; `None`
    /// of a pair that lacks some of them, which shows nothing at this look.
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

    /// Gives an open pair up at a look, from 0.
    pub fn give_up(&mut self, pair: usize, look: usize) {
        if self.standing[pair] == Standing::Open {
            self.standing[pair] = Standing::GivenUp(look);
        }
    }

    /// What is known of a pair.
    pub fn standing(&self, pair: usize) -> Standing {
        self.standing[pair]
    }

    /// Pairs of which nothing is known yet.
    pub fn open(&self) -> usize {
        self.standing.iter().filter(|standing| **standing == Standing::Open).count()
    }

    /// The p-value of a pair over all looks so far, at most 1: the smallest of Holm's p over its
    /// look's share. At most the level where the pair is decided.
    pub fn p(&self, pair: usize) -> f64 {
        self.p[pair].min(1.0)
    }
}

/// Continuations that are drawn to see whether a pair may still be decided.
pub const CONTINUATIONS: usize = 200;

/// The share of continuations in which a pair would be decided at one of the looks behind `look`,
/// beside `open` pairs that are not yet: differences to come are drawn with replacement from
/// those that are there. Binding on nothing: who gives up on it errs on the safe side.
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
        // Two are beside it: 0.012 x 2 = 0.024.
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
