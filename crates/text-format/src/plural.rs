//! Singular and plural: the one place that decides which form follows a number.
//!
//! All numbers are counts; one alone is singular, so zero and 1.5 are plural.

use std::fmt::Display;

use crate::number;

/// Returns `one` if `n` is 1, otherwise `several`; for irregular nouns and for verbs.
pub fn form<'a>(n: impl PartialEq + From<u8>, one: &'a str, several: &'a str) -> &'a str {
    if n == 1.into() { one } else { several }
}

/// Returns a regular noun without its number: `run`, `runs`.
pub fn word(n: impl PartialEq + From<u8>, noun: &str) -> String {
    format!("{noun}{}", form(n, "", "s"))
}

/// Returns the number and a regular noun: `1 run`, `2000 runs`.
pub fn count<N: Copy + Display + PartialEq + From<u8>>(n: N, noun: &str) -> String {
    format!("{n} {}", word(n, noun))
}

/// Returns the text of [`count`] with commas between thousands: `1 run`, `2,000 runs`.
pub fn grouped<N: Copy + PartialEq + From<u8> + TryInto<u64>>(n: N, noun: &str) -> String {
    let digits = number::count(n.try_into().unwrap_or(u64::MAX));
    format!("{digits} {}", word(n, noun))
}

/// Returns the text of [`count`] with 1 written as a word: `one run`, `2000 runs`.
pub fn spelled<N: Copy + Display + PartialEq + From<u8>>(n: N, noun: &str) -> String {
    if n == 1.into() { format!("one {noun}") } else { count(n, noun) }
}

/// Returns `is` or `are`.
pub fn is_or_are(n: impl PartialEq + From<u8>) -> &'static str {
    form(n, "is", "are")
}

/// Returns `was` or `were`.
pub fn was_or_were(n: impl PartialEq + From<u8>) -> &'static str {
    form(n, "was", "were")
}

/// Returns `has` or `have`.
pub fn has_or_have(n: impl PartialEq + From<u8>) -> &'static str {
    form(n, "has", "have")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_is_singular() {
        let texts = [0_usize, 1, 2, 2000].map(|n| count(n, "run"));
        assert_eq!(texts, ["0 runs", "1 run", "2 runs", "2000 runs"]);
        let texts = [0_u64, 1, 2000, u64::MAX].map(|n| grouped(n, "more place"));
        let most = "18,446,744,073,709,551,615 more places";
        assert_eq!(texts, ["0 more places", "1 more place", "2,000 more places", most]);
        assert_eq!([0, 1, 2].map(|n| spelled(n, "seed")), ["0 seeds", "one seed", "2 seeds"]);
        assert_eq!([0.5, 1.0, 1.5].map(|n| word(n, "epoch")), ["epochs", "epoch", "epochs"]);
    }

    #[test]
    fn verbs_and_irregular_nouns_are_told_by_the_number() {
        assert_eq!([0, 1, 2].map(is_or_are), ["are", "is", "are"]);
        assert_eq!([0, 1, 2].map(was_or_were), ["were", "was", "were"]);
        assert_eq!([0, 1, 2].map(has_or_have), ["have", "has", "have"]);
        assert_eq!([1, 2].map(|n| form(n, "matrix", "matrices")), ["matrix", "matrices"]);
    }
}
