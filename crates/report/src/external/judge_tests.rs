//! Tests of each rule on both sides of its limit.

use super::*;

fn published(row: &str) -> Published {
    let text = format!(r#"{{"title": "t", "about": "a", "source": "s", "rows": [{row}]}}"#);
    serde_json::from_str(&text).unwrap()
}

/// Returns whether a row agrees for a sweep with these values, and its difference.
fn of(theirs: &str, rule: &str, values: &[f64], diverged: usize) -> (bool, Option<f64>) {
    let (fit, difference) = fit_of(theirs, rule, values, diverged);
    (fit == Fit::Within, difference)
}

fn fit_of(theirs: &str, rule: &str, values: &[f64], diverged: usize) -> (Fit, Option<f64>) {
    let row = format!(
        r#"{{"what": "w", "theirs": {theirs}, "rule": {rule}, "ours": {{"sweep":
            {{"sweep": "x", "optimizer": "sgd", "split": "test", "metric": "loss"}}}}}}"#
    );
    let published = published(&row);
    let found = Found::Seeds { values: values.to_vec(), diverged, never: 0 };
    let row = &published.rows[0];
    compare(row.rule, &row.theirs, &found, their_value(&row.theirs, &found)).unwrap()
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
fn a_mean_lies_within_the_difference_that_was_set() {
    let theirs = r#"{"value": "1.88"}"#;
    let (agrees, size) = of(theirs, r#"{"absolute": 0.05}"#, &pair(1.92, 0.3), 0);
    assert!(agrees && (size.unwrap() - 0.8).abs() < 1e-9, "{size:?}");
    assert!(!of(theirs, r#"{"absolute": 0.05}"#, &pair(1.94, 0.001), 0).0);
    // A mean over the remaining seeds does not count.
    assert!(!of(theirs, r#"{"absolute": 0.05}"#, &pair(1.88, 0.001), 1).0);
}

#[test]
fn what_rounding_explains_is_no_difference() {
    // Seeds that hardly differ, and a number printed with one decimal.
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
fn a_number_that_no_lower_one_could_miss_is_not_told_apart() {
    // The limit is 3 * 100 * sqrt(1 + 1/2) = 367 below a mean of 279.
    let wide = pair(279.0, 100.0);
    for theirs in ["1.00", "278.00", "640.00"] {
        let theirs = format!(r#"{{"value": "{theirs}"}}"#);
        assert_eq!(fit_of(&theirs, "\"single\"", &wide, 0).0, Fit::Open, "{theirs}");
    }
    assert_eq!(fit_of(r#"{"value": "650.00"}"#, "\"single\"", &wide, 0).0, Fit::Beyond);
    // The same for means, but not for a narrow spread or for numbers of both signs.
    let theirs = r#"{"value": "100.00", "sd": "200", "n": 2}"#;
    assert_eq!(fit_of(theirs, "\"means\"", &wide, 0).0, Fit::Open);
    assert_eq!(
        fit_of(r#"{"value": "279.00"}"#, "\"single\"", &pair(279.0, 70.0), 0).0,
        Fit::Within
    );
    assert_eq!(fit_of(r#"{"value": "1.00"}"#, "\"single\"", &[-1.0, 3.0], 0).0, Fit::Within);
}

/// Returns the verdict and the note of an explained row for which ours is 1.0417 (1.04166..).
fn explained(theirs: &str, known: &str) -> (Verdict, String) {
    let row = format!(
        r#"{{"what": "w", "theirs": {{"value": "{theirs}"}}, "rule": {{"decimals": 1}}, {known} "ours":
            {{"noisy-quadratic": {{"dimensions": 4, "lr": 1, "batch": 1, "steps": 0}}}}}}"#
    );
    let published = published(&row);
    let judged = judge(&published, &published.rows[0], &Sources::default()).unwrap();
    (judged.verdict, judged.note)
}

#[test]
fn a_difference_is_understood_only_where_ours_is_what_is_expected() {
    let known = |expected: &str| {
        let known = format!(
            r#""known": {{"reason": "Another model.", "right": "Ours, by hand.", "expected": {expected}}},"#
        );
        move |theirs: &str| explained(theirs, &known)
    };
    assert_eq!(explained("4.9", ""), (Verdict::Differs, String::new()));
    for met in ["[1.0, 1.1]", r#"{"value": "1.0"}"#, r#"{"range": [1.0, 1.1]}"#] {
        let (verdict, note) = known(met)("4.9");
        assert_eq!((verdict, note.as_str()), (Verdict::Known, "Another model. Ours, by hand."));
    }
    for missed in ["[0.5, 1.0]", "[1.1, 4.9]", r#"{"value": "1.2"}"#] {
        let (verdict, note) = known(missed)("4.9");
        assert_eq!(verdict, Verdict::Differs, "{missed}");
        assert!(note.starts_with("Ours is not what the file expects, "), "{note}");
        assert!(note.ends_with("Another model."), "{note}");
    }
    // Agreement does not count if ours should differ.
    assert_eq!(known("[1.0, 1.1]")("1.0").0, Verdict::Agrees);
    assert_eq!(known("[2.0, 3.0]")("1.0").0, Verdict::Differs);
}

#[test]
fn a_mean_and_seeds_that_never_get_there_are_expected_within_limits() {
    let holds = |expected: &str, values: &[f64], diverged: usize, never: usize| {
        let expected: Expected = serde_json::from_str(expected).unwrap();
        let found = Found::Seeds { values: values.to_vec(), diverged, never };
        super::holds(&expected, Rule::Single, &found).unwrap()
    };
    // By the rule of two means: sqrt(0.1^2 / 2 + 0.3^2 / 9) = 0.1225.
    let mean = r#"{"value": "2.000", "sd": "0.3", "n": 9}"#;
    assert!(holds(mean, &pair(2.36, 0.1), 0, 0));
    assert!(!holds(mean, &pair(2.37, 0.1), 0, 0));
    assert!(!holds(mean, &pair(2.0, 0.1), 1, 0) && !holds(mean, &pair(2.0, 0.1), 0, 1));
    let never = r#"{"value": "2.000", "sd": "0.3", "n": 9, "never": 4}"#;
    assert!(holds(never, &pair(2.36, 0.1), 0, 4));
    assert!(!holds(never, &pair(2.36, 0.1), 0, 5) && !holds(never, &pair(2.36, 0.1), 1, 4));
    assert!(!holds(never, &pair(2.37, 0.1), 0, 0));
    // A spread that accepts every lower number meets no expectation.
    assert!(!holds(r#"{"value": "2.0"}"#, &pair(2.0, 1.0), 0, 0));
    assert!(holds("[1.9, 2.1]", &pair(2.0, 0.1), 0, 0));
    assert!(!holds("[1.9, 2.1]", &pair(2.0, 0.1), 1, 0) && !holds("[1.9, 2.1]", &[], 0, 2));
}

#[test]
fn an_explanation_that_says_too_little_is_refused() {
    let refused = |rule: &str, known: &str| {
        let theirs = match rule {
            "\"means\"" => r#"{"value": "1", "sd": "0.1", "n": 3}"#,
            "\"diverges\"" => r#"{"diverges": true}"#,
            _ => r#"{"value": "1"}"#,
        };
        let row = format!(
            r#"{{"what": "w", "theirs": {theirs}, "rule": {rule}, "known": {{{known}}}, "ours": {{"sweep":
            {{"sweep": "x", "optimizer": "sgd", "split": "test", "metric": "loss"}}}}}}"#
        );
        serde_json::from_str::<Row>(&row).unwrap_err().to_string()
    };
    let whole = r#""reason": "R.", "right": "Ours.", "expected": "#;
    let with = |expected: &str| format!("{whole}{expected}");
    for (rule, known, part) in [
        (
            "\"single\"",
            r#""reason": "R.", "right": "Ours.""#.to_owned(),
            "missing field `expected`",
        ),
        ("\"single\"", r#""reason": "R.", "expected": [0, 1]"#.to_owned(), "missing field `right`"),
        (
            "\"single\"",
            r#""reason": " ", "right": "O.", "expected": [0, 1]"#.to_owned(),
            "needs a `reason`",
        ),
        (
            "\"single\"",
            r#""reason": "R.", "right": "", "expected": [0, 1]"#.to_owned(),
            "that is `right`",
        ),
        ("\"single\"", with("[1, 0]"), "is empty: [1, 0]"),
        ("\"single\"", with("{}"), "`expected` is a range"),
        ("\"single\"", with("3"), "`expected` is one of"),
        ("\"single\"", with(r#"{"range": [0, 1], "never": 2}"#), "rows with `reach`"),
        ("\"means\"", with(r#"{"value": "1"}"#), "needs `sd` and `n`"),
        ("\"diverges\"", with(r#"{"value": "1"}"#), "needs [low, high]"),
    ] {
        let error = refused(rule, &known);
        assert!(error.contains(part), "{known}: {error}");
    }
}

#[test]
fn a_sweep_that_is_not_there_is_skipped() {
    let published = published(
        r#"{"what": "w", "theirs": {"value": "1"}, "rule": "single", "ours": {"sweep":
            {"sweep": "x", "optimizer": "sgd", "split": "test", "metric": "loss"}}}"#,
    );
    let judged = judge(&published, &published.rows[0], &Sources::default()).unwrap();
    assert_eq!(judged.verdict, Verdict::Skipped);
    assert_eq!(judged.note, "the sweep file x.toml does not exist");
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
            "`x` is not a number",
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
            r#"{"what": "w", "theirs": {"program": true}, "rule": {"relative": 0.1}, "ours": {"program": "p"}}"#
                .to_owned(),
            "`\"origin\": \"computed\"`",
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
            "`lost` is not a metric",
        ),
    ] {
        let error = refused(&row);
        assert!(error.contains(part) && error.contains("line 2"), "{error}");
    }
}
