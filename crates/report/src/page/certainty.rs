//! The confidence in the lead: the outcome of the tests.

use crate::analysis::{Analysis, Comparison, DecidedBy, Pair, Verdict};
use crate::escape;
use crate::plural;
use crate::text::{list, p_value, seeds};

/// Returns the sentences on the first two labels; `None` if there is nothing to compare.
pub fn certainty(analysis: &Analysis, comparison: &Comparison) -> Option<String> {
    sentences(analysis, comparison, false)
}

/// Returns the same as [`certainty`] for a terminal: without the usual test's name and without the
/// seeds won, which the page has.
pub fn brief(analysis: &Analysis, comparison: &Comparison) -> Option<String> {
    sentences(analysis, comparison, true)
}

fn sentences(analysis: &Analysis, comparison: &Comparison, brief: bool) -> Option<String> {
    let lead = comparison.pairs.first()?;
    let facts = Facts { brief, ..Facts::of(analysis, comparison, lead) };
    let text = match (lead.verdict, lead.test) {
        (Verdict::TooFew, _) | (_, None) => facts.too_few(),
        (_, Some(test)) if test.n == 0 => facts.level(),
        (Verdict::Underpowered, Some(test)) => facts.underpowered(test.n, test.smallest),
        (Verdict::Better, _) => facts.better(),
        (Verdict::Worse, _) => facts.worse(),
        (Verdict::NotShown, _) => facts.not_shown(),
    };
    Some(format!("Confidence: {text}"))
}

/// The first two labels and their comparison.
struct Facts<'a> {
    analysis: &'a Analysis,
    comparison: &'a Comparison,
    lead: &'a Pair,
    name: String,
    other: String,
    /// Whether the text is for a terminal.
    brief: bool,
}

impl<'a> Facts<'a> {
    fn of(analysis: &'a Analysis, comparison: &'a Comparison, lead: &'a Pair) -> Self {
        let name = |i: usize| escape::line(&analysis.planned(&analysis.configs[i]).label);
        let (name, other) = (name(lead.first), name(lead.second));
        Facts { analysis, comparison, lead, name, other, brief: false }
    }

    /// `; adam beat sgd on 4 of 6 seeds, level on 1`; empty if seeds do not pair.
    fn record(&self) -> String {
        let (won, level, lost) = self.lead.seeds;
        if self.brief || self.lead.unpaired.is_some() {
            return String::new();
        }
        let tied = if level > 0 { format!(", level on {level}") } else { String::new() };
        format!(
            "; {} beat {} on {won} of {}{tied}",
            self.name,
            self.other,
            seeds(won + level + lost)
        )
    }

    /// ` after Holm's correction for 3 comparisons`; empty for one. In a sweep with looks
    /// ` over 2 looks and 3 comparisons`.
    fn family(&self) -> String {
        if let Some(looks) = self.analysis.looks() {
            return format!(
                " over {} and {}",
                plural::count(looks.taken, "look"),
                plural::count(self.comparison.tests, "comparison")
            );
        }
        match self.comparison.tests {
            0 | 1 => String::new(),
            tests => format!(" after Holm's correction for {tests} comparisons"),
        }
    }

    /// `p = 0.03 after Holm's correction for 3 comparisons (signed-rank test; adam beat ...)`, or
    /// `(permutation test, 10 seeds)` if seeds do not pair.
    fn tested(&self) -> String {
        let p = self.lead.adjusted.map(p_value).unwrap_or_default();
        if self.brief && self.lead.decided_by == DecidedBy::SignFlips {
            return format!("p = {p}{}", self.family());
        }
        let why = match (self.lead.decided_by.ranks(), self.analysis.evaluation.reached()) {
            (false, _) => String::new(),
            (true, false) => ", in which a run that diverged is worse than any other".to_owned(),
            (true, true) => {
                ", in which a run that never reached the target is worse than any other".to_owned()
            }
        };
        let record = match self.lead.unpaired {
            Some(_) => format!(", {}", seeds(self.lead.compared())),
            None => self.record(),
        };
        format!("p = {p}{} ({}{why}{record})", self.family(), self.lead.decided_by.name())
    }

    /// Labels other than the second that the first is shown to beat.
    fn beaten(&self) -> Vec<String> {
        let name = |i: usize| escape::line(&self.analysis.planned(&self.analysis.configs[i]).label);
        let of_first = self.comparison.pairs.iter().filter(|p| {
            p.first == self.lead.first
                && p.second != self.lead.second
                && p.verdict == Verdict::Better
        });
        of_first.map(|p| name(p.second)).collect()
    }

    /// The sentence on the other labels; empty without others.
    fn others(&self, second_beaten: bool) -> String {
        let (beaten, name) = (self.beaten(), &self.name);
        let rest = self.comparison.ranked.len() - 2;
        match (beaten.len(), second_beaten) {
            _ if rest == 0 => String::new(),
            (0, true) => String::new(),
            (0, false) => {
                format!(" {name} is not shown to be better than any other optimizer either.")
            }
            (n, true) if n == rest => " The same holds against every other optimizer.".to_owned(),
            (_, true) => format!(" {name} is shown to be better than {} too.", list(&beaten)),
            (_, false) => format!(" {name} is shown to be better than {}.", list(&beaten)),
        }
    }

    fn too_few(&self) -> String {
        let what = match self.lead.compared() {
            0 => "no seed has a result with both, which",
            _ => "one seed",
        };
        format!("{what} says nothing about chance, so {}'s place may be luck.", self.name)
    }

    fn level(&self) -> String {
        let rest = self.others(false);
        format!(
            "{} and {} are level on {}, so there is no difference to test.{rest}",
            self.name,
            self.other,
            match self.lead.compared() {
                2 => "both seeds".to_owned(),
                n => format!("all {}", seeds(n)),
            }
        )
    }

    fn underpowered(&self, differing: usize, smallest: f64) -> String {
        let (compared, tests) = (self.lead.compared(), self.comparison.tests);
        let corrected = match tests {
            0 | 1 => String::new(),
            _ => format!(" ({}{})", p_value((smallest * tests as f64).min(1.0)), self.family()),
        };
        let smallest = p_value(smallest);
        let needed = self.comparison.needed_by(self.lead);
        let paired = self.lead.unpaired.is_none();
        let (reach, differ) = match paired && differing < compared {
            true => (
                format!(
                    "Only {differing} of {} {}, and the smallest p-value that {} can reach is",
                    seeds(compared),
                    plural::form(differing, "differs", "differ"),
                    plural::spelled(differing, "differing seed")
                ),
                " that differ",
            ),
            false => (format!("The smallest p-value that {} can reach is", seeds(compared)), ""),
        };
        format!(
            "underpowered. {reach} {smallest}{corrected}, so this lead cannot be significant{}. At least {}{differ} are \
             needed.{}",
            self.record(),
            seeds(needed),
            if self.beaten().is_empty() { String::new() } else { self.others(false) }
        )
    }

    fn better(&self) -> String {
        let small = if self.lead.small {
            format!(
                " It is smaller than what matters ([report] min_effect = {}).",
                crate::number::short(self.analysis.plan.report.min_effect)
            )
        } else {
            String::new()
        };
        format!(
            "the lead over {} is significant, {}.{small}{}",
            self.other,
            self.tested(),
            self.others(true)
        )
    }

    fn worse(&self) -> String {
        format!(
            "means and seeds disagree: seed by seed {} is significantly better than {}, {}.",
            self.other,
            self.name,
            self.tested()
        )
    }

    fn not_shown(&self) -> String {
        format!(
            "the lead over {} may be chance, {}.{}",
            self.other,
            self.tested(),
            self.others(false)
        )
    }
}
