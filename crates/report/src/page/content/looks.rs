//! Sentences on the looks at seeds during a sweep.

use crate::analysis::Looks;
use crate::plural;
use crate::text;
use spec::stages::Goal;

/// The looks taken, their decisions, and their effect on p and intervals of the comparison.
pub(super) fn looks_text(looks: &Looks) -> Vec<String> {
    let until = &looks.until;
    let numbers: Vec<String> = until.looks.iter().map(u64::to_string).collect();
    let [decided, given_up, open] = looks.counts();
    let goal = match until.goal {
        Goal::Best => "the leader is decided against every other optimizer",
        Goal::All => "every pair is decided",
    };
    let seeds = if looks.stage.is_tuning() { "Seeds" } else { "Fresh seeds" };
    let mut out = vec![format!(
        "{seeds} are looked at after {} per optimizer, and no more are added once {goal}; {} of {} {} taken. Of {} {decided} {} \
         decided, {given_up} given up and {open} open.",
        text::list(&numbers),
        looks.taken,
        plural::count(until.looks.len(), "look"),
        plural::is_or_are(looks.taken),
        plural::count(decided + given_up + open, "pair"),
        plural::is_or_are(decided),
    )];
    if given_up > 0 {
        out.push(
            "A pair is given up if fewer than 10% of continuations, with seeds drawn from the existing ones, would decide \
             it. That spends no part of the level and is not binding."
                .to_owned(),
        );
    }
    let shares: Vec<String> = until.share.iter().map(|share| text::percent(*share)).collect();
    out.push(format!(
        "At a look each pair has its exact two-sided p over the seeds so far, and Holm's correction over all pairs rejects \
         at the look's share of the level ({} of {}); earlier decisions stay. So the chance of any false alarm at all \
         looks together is at most {}. The p shown is the smallest over the looks of Holm's p divided by the look's share.",
        text::list(&shares),
        until.level,
        text::percent(until.level),
    ));
    out.push(
        "Intervals contain the leads that the exact sign-flip test does not reject at the level the pair's look may spend, \
         and hold whenever the seeds stop. Stopping early flatters the lead itself, since seeds stop when it happens to be large. \
         Intervals of single optimizers, and a claim, treat the number of seeds as fixed."
            .to_owned(),
    );
    out
}
