//! Each rule on both sides of its limit.

use super::*;

fn published(row: &str) -> Published {
    let text = format!(r#"{{"title": "t", "about": "a", "source": "s", "rows": [{row}]}}"#);
    serde_json::from_str(&text).unwrap()
}

/// The verdict and the difference of a row whose sweep left these numbers.
fn of(theirs: &str, rule: &str, values: &[f64], diverged: usize) -> (bool, Option<f64>) {
    let row = format!(
        r#"{{"what": "w", "theirs": {theirs}, "rule": {rule}, "ours": {{"sweep":
            {{"sweep": "x", "optimizer": "sgd", "split": "test", "metric": "loss"}}}}}}"#
    );
    let published = published(&row);
    let found = Found::Seeds { values: values.to_vec(), diverged, never: 0 };
    let row = &published.rows[0];
    compare(row, &found, their_value(&row.theirs, &found)).unwrap()
}

/// Two seeds with this mean and standard deviation.
fn pair(mean: f64, sd: f64) -> Vec<f64> {
    let half = sd / 2f64.sqrt();
    vec![mean - half, mean + half]
}

#[test]
fn a_single_run_lies_within_three_deviations_of_a_new_run() {
    // The standard deviation of the difference is 0.1 * sqrt(1 + 1/2) = 0.122.
    let theirs = r#"{"value": "2.000"}"#;
    let (agrees, size) = of(theirs, "\"single\"", &pair(2.36, 0.1), 0);
    assert!(agrees && (size.unwrap() - 0.3595 / 0.122_474_487).abs() < 1e-6, "{size:?}");
    assert!(!of(theirs, "\"single\"", &pair(2.37, 0.1), 0).0);
    assert!(!of(theirs, "\"single\"", &pair(1.63, 0.1), 0).0);
}

#[test]
fn two_means_lie_within_three_standard_errors() {
    // sqrt(0.1^2 / 2 + 0.3^2 / 9) = 0.1225.
    let theirs = r#"{"value": "2.000", "sd": "0.3", "n": 9}"#;
    assert!(of(theirs, "\"means\"", &pair(2.36, 0.1), 0).0);
    assert!(!of(theirs, "\"means\"", &pair(2.37, 0.1), 0).0);
}

#[test]
fn an_expectation_lies_within_three_standard_errors_of_ours() {
    let theirs = r#"{"value": "2.000"}"#;
    assert!(of(theirs, "\"expectation\"", &pair(2.2, 0.1), 0).0);
    assert!(!of(theirs, "\"expectation\"", &pair(2.22, 0.1), 0).0);
}

#[test]
fn what_rounding_explains_is_no_difference() {
    // Seeds that hardly differ, and a number that is printed with one decimal.
    let (agrees, size) = of(r#"{"value": "2.0"}"#, "\"single\"", &pair(2.04, 1e-6), 0);
    assert!(agrees && size == Some(0.0), "{size:?}");
    assert!(!of(r#"{"value": "2.0"}"#, "\"single\"", &pair(2.06, 1e-6), 0).0);
    // Without any spread too.
    assert_eq!(
        of(r#"{"value": "2.0"}"#, "\"single\"", &[2.06, 2.06], 0),
        (false, Some(f64::INFINITY))
    );
}

#[test]
fn a_diverged_seed_is_never_left_out_of_a_mean() {
    let theirs = r#"{"value": "2.000", "sd": "0.3", "n": 9}"#;
    assert_eq!(of(theirs, "\"means\"", &pair(2.0, 0.1), 1), (false, None));
}

#[test]
fn a_divergence_agrees_where_every_seed_diverges() {
    let theirs = r#"{"diverges": true}"#;
    assert_eq!(of(theirs, "\"diverges\"", &[], 3), (true, None));
    assert_eq!(of(theirs, "\"diverges\"", &[1e30], 2), (false, None));
    assert_eq!(of(theirs, "\"diverges\"", &[], 0), (false, None));
}

#[test]
fn tolerances_hold_for_every_seed() {
    let theirs = r#"{"value": "100"}"#;
    assert!(of(theirs, r#"{"relative": 0.01}"#, &[99.5, 100.9], 0).0);
    let (agrees, size) = of(theirs, r#"{"relative": 0.01}"#, &[98.0, 100.9], 0);
    assert!(!agrees && (size.unwrap() + 2.0).abs() < 1e-12, "{size:?}");
    assert!(of(r#"{"value": "0.7784"}"#, r#"{"decimals": 4}"#, &[0.778_449], 0).0);
    assert!(!of(r#"{"value": "0.7784"}"#, r#"{"decimals": 4}"#, &[0.778_451], 0).0);
    assert!(!of(theirs, r#"{"relative": 0.01}"#, &[f64::NAN], 0).0);
}

#[test]
fn the_verdict_tells_a_miss_that_is_understood_from_one_that_is_not() {
    let verdict = |known: &str| {
        let row = format!(
            r#"{{"what": "w", "theirs": {{"value": "4.9"}}, "rule": {{"decimals": 1}}, {known} "ours":
                {{"noisy-quadratic": {{"dimensions": 4, "lr": 1, "batch": 1, "steps": 0}}}}}}"#
        );
        let published = published(&row);
        let judged = judge(&published, &published.rows[0], &Sources::default()).unwrap();
        (judged.verdict, judged.note)
    };
    assert_eq!(verdict(""), (Verdict::Differs, String::new()));
    let (without, note) = verdict(r#""known": {"reason": "It is another model."},"#);
    assert_eq!(without, Verdict::Differs);
    assert!(note.contains("does not say who is right"), "{note}");
    let (with, note) =
        verdict(r#""known": {"reason": "Another model.", "right": "Ours, by hand."},"#);
    assert_eq!((with, note.as_str()), (Verdict::Known, "Another model. Ours, by hand."));
}

#[test]
fn a_sweep_that_is_not_there_is_skipped() {
    let published = published(
        r#"{"what": "w", "theirs": {"value": "1"}, "rule": "single", "ours": {"sweep":
            {"sweep": "x", "optimizer": "sgd", "split": "test", "metric": "loss"}}}"#,
    );
    let judged = judge(&published, &published.rows[0], &Sources::default()).unwrap();
    assert_eq!(judged.verdict, Verdict::Skipped);
    assert_eq!(judged.note, "the sweep file x.toml is not there");
}

#[test]
fn a_row_that_no_rule_can_judge_is_refused_with_its_place() {
    let refused = |row: &str| {
        let text = format!(
            "{{\"title\": \"t\", \"about\": \"a\", \"source\": \"s\",\n\"rows\": [{row}]}}"
        );
        serde_json::from_str::<Published>(&text).unwrap_err().to_string()
    };
    let sweep = r#""ours": {"sweep": {"sweep": "x", "optimizer": "sgd", "split": "test", "metric": "loss"}}"#;
    let number =
        r#""ours": {"noisy-quadratic": {"dimensions": 4, "lr": 1, "batch": 1, "steps": 0}}"#;
    for (row, part) in [
        (
            format!(r#"{{"what": "w", "theirs": {{"value": "1"}}, "rule": "means", {sweep}}}"#),
            "`sd` and `n`",
        ),
        (
            format!(r#"{{"what": "w", "theirs": {{"value": "x"}}, "rule": "single", {sweep}}}"#),
            "`x` is no number",
        ),
        (
            format!(r#"{{"what": "w", "theirs": {{}}, "rule": "single", {sweep}}}"#),
            "`theirs` is one of",
        ),
        (
            format!(r#"{{"what": "w", "theirs": {{"value": "1"}}, "rule": "single", {number}}}"#),
            "for runs of a sweep",
        ),
        (
            format!(r#"{{"what": "w", "theirs": {{"value": "1"}}, "rule": "singel", {sweep}}}"#),
            "singel",
        ),
        (
            format!(
                r#"{{"what": "w", "theirs": {{"value": "1"}}, "rule": {{"relative": 2}}, {number}}}"#
            ),
            "between 0 and 1",
        ),
        (
            format!(
                r#"{{"what": "w", "theirs": {{"value": "1"}}, "rule": "single", {}}}"#,
                sweep.replace("loss", "lost")
            ),
            "`lost` is no metric",
        ),
    ] {
        let error = refused(&row);
        assert!(error.contains(part) && error.contains("line 2"), "{error}");
    }
}
