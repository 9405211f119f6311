//! Headline of the checks: published numbers, then those computed independently.

use crate::external::tally::{Counts, Tally};
use crate::plural;
use crate::text::{capitalised, list};

/// Outcomes that neither agree nor differ: their number, and the words for one and for several.
type Rest = [(usize, &'static str, &'static str); 2];

/// Returns the headline.
pub(super) fn of(tally: &Tally) -> String {
    let nouns = [
        (tally.published, "published number", "published numbers"),
        (tally.computed, "number computed independently", "numbers computed independently"),
    ];
    let clauses: Vec<String> = nouns
        .into_iter()
        .filter(|(counts, ..)| counts.total() > 0)
        .map(|(counts, one, several)| clause(counts, one, several))
        .collect();
    match (clauses.is_empty(), tally.information) {
        (false, _) => capitalised(&format!("{}.", clauses.join("; "))),
        (true, 0) => "No number counts.".to_owned(),
        (true, 1) => "No number counts; one is shown for information.".to_owned(),
        (true, n) => format!("No number counts; {n} are shown for information."),
    }
}

/// Returns the clause on the outcomes of one origin: `89 of 96 published numbers agree, 4 differ
/// for a reason that is understood and 3 are not told apart`.
fn clause(counts: Counts, one: &str, several: &str) -> String {
    let Counts { agree, differ, known, open, skipped } = counts;
    let total = counts.total();
    let rest: Rest = [
        (open, "is not told apart", "are not told apart"),
        (skipped, "was skipped", "were skipped"),
    ];
    if total == 1 {
        let verb = match (agree, differ, known) {
            (1, ..) => "agrees",
            (_, 1, _) => "differs",
            (_, _, 1) => "differs for a reason that is understood",
            _ => rest.iter().find(|(count, ..)| *count > 0).map_or("", |(_, verb, _)| verb),
        };
        return format!("the one {one} {verb}");
    }
    let mut parts = Vec::new();
    match (differ, agree) {
        (0, agree) if agree == total => parts.push(format!("all {total} {several} agree")),
        (0, 0) => parts.push(format!("none of {total} {several} agrees")),
        (0, agree) => {
            parts.push(format!(
                "{agree} of {total} {several} {}",
                plural::form(agree, "agrees", "agree")
            ));
        }
        _ => {
            let all = differ + known;
            let reason = match known {
                0 => String::new(),
                known => format!(" ({known} for a reason that is understood)"),
            };
            let differ = plural::form(all, "differs", "differ");
            parts.push(format!("{all} of {total} {several} {differ}{reason}"));
        }
    }
    if differ == 0 && known > 0 {
        let differ = plural::form(known, "differs", "differ");
        parts.push(format!("{known} {differ} for a reason that is understood"));
    }
    for (count, one, several) in rest {
        if count > 0 {
            parts.push(format!("{count} {}", plural::form(count, one, several)));
        }
    }
    list(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Counts = Counts { agree: 0, differ: 0, known: 0, open: 0, skipped: 0 };

    fn said(published: Counts, computed: Counts, information: usize) -> String {
        of(&Tally { published, computed, information })
    }

    #[test]
    fn published_and_computed_numbers_are_told_apart() {
        let published = Counts { agree: 89, known: 4, open: 3, ..NONE };
        let computed = Counts { agree: 46, known: 3, ..NONE };
        assert_eq!(
            said(published, computed, 44),
            "89 of 96 published numbers agree, 4 differ for a reason that is understood and 3 are not told apart; \
             46 of 49 numbers computed independently agree and 3 differ for a reason that is understood."
        );
        let all = Counts { agree: 12, ..NONE };
        assert_eq!(
            said(Counts { agree: 1, ..NONE }, all, 0),
            "The one published number agrees; all 12 numbers computed independently agree."
        );
    }

    #[test]
    fn nothing_that_counts_is_no_agreement() {
        assert_eq!(said(NONE, NONE, 33), "No number counts; 33 are shown for information.");
        assert_eq!(said(NONE, NONE, 1), "No number counts; one is shown for information.");
        assert_eq!(said(NONE, NONE, 0), "No number counts.");
    }

    #[test]
    fn all_that_differ_are_counted_together() {
        let of = |counts| said(counts, NONE, 0);
        assert_eq!(
            of(Counts { agree: 4, differ: 2, known: 2, ..NONE }),
            "4 of 8 published numbers differ (2 for a reason that is understood)."
        );
        assert_eq!(
            of(Counts { agree: 2, differ: 1, skipped: 2, ..NONE }),
            "1 of 5 published numbers differs and 2 were skipped."
        );
    }

    #[test]
    fn one_number_and_none_that_agrees_are_said_in_words() {
        let of = |counts| said(counts, NONE, 0);
        assert_eq!(of(Counts { skipped: 1, ..NONE }), "The one published number was skipped.");
        assert_eq!(of(Counts { open: 1, ..NONE }), "The one published number is not told apart.");
        assert_eq!(of(Counts { differ: 1, ..NONE }), "The one published number differs.");
        assert_eq!(
            of(Counts { known: 1, ..NONE }),
            "The one published number differs for a reason that is understood."
        );
        assert_eq!(
            of(Counts { skipped: 2, ..NONE }),
            "None of 2 published numbers agrees and 2 were skipped."
        );
    }
}
