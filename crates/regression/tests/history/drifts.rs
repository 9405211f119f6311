//! Tests of drifts and changes around an accepted baseline: only what came since then counts.

use regression::Night;

use crate::last::Last as _;
use crate::nights::{change, night};
use crate::{alarms, looked_back, noisy, of_loss};

#[test]
fn of_a_drift_counts_what_came_since_the_baseline() {
    let nights = noisy(28, |day| 1.0 + 0.08 * f64::from(day) / 28.0);
    let since = |day: usize| {
        let out = looked_back(&nights, Some(&nights[day].facts.started));
        let steps = &of_loss(&out).steps;
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert!(steps[0].drift, "{steps:?}");
        (steps[0].alarm, steps[0].effect_since, steps[0].effect)
    };
    let (alarm, part, whole) = since(9);
    assert!(alarm && part.is_some_and(|part| 0.01 < part && part < whole), "{part:?} of {whole}");
    let (alarm, part, _) = since(26);
    assert!(!alarm && part.is_none_or(|part| part < 0.01), "{part:?}");
    // All of it counts if it began later.
    assert_eq!(looked_back(&nights, None).alarms().count(), 1);
}

#[test]
fn a_drift_that_was_over_at_the_baseline_is_history() {
    // With noise after it, and on the nights where its end might be placed too late.
    let nights = noisy(28, |day| 1.0 + 0.3 * f64::from(day.min(14)) / 14.0);
    for at in [14, 16, 20] {
        let out = looked_back(&nights, Some(&nights[at].facts.started));
        assert_eq!(alarms(&out), [""; 0], "baseline at {at}: {:?}", of_loss(&out).steps);
    }
}

#[test]
fn other_rounding_after_an_accepted_change_is_no_drift() {
    // An accepted change, and tonight's change of rounding.
    let nights: Vec<Night> = (1..=12)
        .map(|day| {
            let mut night = night(day, "a");
            let factor = [(12, 1.041), (11, 1.04)].iter().find(|(d, _)| *d == day);
            change(&mut night, "adam", |seed, row| {
                row.change("test.loss", |x| x * factor.map_or(1.0, |f| f.1));
                row.weights_digest = Some(format!("{seed} of {factor:?}"));
            });
            night
        })
        .collect();
    let out = looked_back(&nights, Some(&nights[10].facts.started));
    assert_eq!(alarms(&out), [""; 0], "{:?}", of_loss(&out).steps);
    assert_eq!(alarms(&looked_back(&nights, Some(&nights[9].facts.started))).len(), 1);
}

#[test]
fn steps_that_are_as_they_were_are_no_alarm() {
    let nights: Vec<Night> = (1..=12)
        .map(|day| {
            let mut night = night(day, "a");
            if (5..=8).contains(&day) {
                change(&mut night, "adam", |_, row| row.steps = Some(350));
            }
            night
        })
        .collect();
    assert_eq!(alarms(&looked_back(&nights[..8], Some(&nights[0].facts.started))).len(), 1);
    assert_eq!(alarms(&looked_back(&nights, Some(&nights[0].facts.started))), [""; 0]);
}
