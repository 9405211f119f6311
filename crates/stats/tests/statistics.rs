//! Comparison of the statistics with rliable, arch, scipy and statsmodels. The files in
//! `tests/reference` name what made them: `xtask/python/reference.py`.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};
use stats::bootstrap::{self, Resamples};
use stats::{estimate, holm, location, normal, paired, survival, t_quantile, unpaired};

fn reference(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let text = fs::read_to_string(folder.join(name).with_extension("json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some(text) => text.parse().unwrap(),
        None => value.as_f64().unwrap_or_else(|| panic!("{value} is no number")),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn entries(value: &Value) -> &Map<String, Value> {
    let entries = value.as_object().unwrap();
    assert!(!entries.is_empty());
    entries
}

fn near(found: f64, expected: f64, what: &str) {
    let allowed = 1e-9 * expected.abs().max(1.0);
    assert!((found - expected).abs() <= allowed, "{what}: {found}, reference {expected}");
}

fn near_both(found: (f64, f64), expected: &Value, what: &str) {
    let expected = numbers(expected);
    near(found.0, expected[0], &format!("{what}, low"));
    near(found.1, expected[1], &format!("{what}, high"));
}

/// Reads rows of indices, one digit of base 36 each.
fn resamples(n: usize, rows: &Value) -> Resamples {
    let rows = rows.as_array().unwrap().iter().map(|row| row.as_str().unwrap());
    let digits = rows.inspect(|row| assert_eq!(row.len(), n)).flat_map(str::chars);
    let indices: Vec<usize> = digits.map(|d| d.to_digit(36).unwrap() as usize).collect();
    Resamples::from_indices(n, &indices)
}

fn statistic(name: &str) -> fn(&[f64]) -> f64 {
    match name {
        "mean" => |values| location::mean(values).unwrap(),
        "iqm" => |values| location::iqm(values).unwrap(),
        "median" => |values| location::median(values).unwrap(),
        _ => panic!("{name}"),
    }
}

#[test]
fn points_and_student_intervals_are_those_of_numpy_and_scipy() {
    let points = reference("points");
    for (name, case) in entries(&points["cases"]) {
        let values = numbers(&case["values"]);
        let found = estimate(values.iter().copied());
        assert_eq!(found.n, values.len());
        near(found.mean.unwrap(), number(&case["mean"]), name);
        near(found.median.unwrap(), number(&case["median"]), name);
        near(found.iqm.unwrap(), number(&case["iqm"]), name);
        near(found.iqm.unwrap(), number(&case["rliable_iqm"]), name);
        assert_eq!(found.sd.is_some(), case.get("sd").is_some(), "{name}");
        if let Some(sd) = found.sd {
            near(sd, number(&case["sd"]), name);
        }
        assert_eq!(found.interval.is_some(), case.get("student").is_some(), "{name}");
        if let Some(interval) = found.interval.filter(|_| values.len() < 10) {
            near_both((interval.low, interval.high), &case["student"], name);
        }
    }
    for row in points["t_quantiles"].as_array().unwrap() {
        let (df, p) = (row[0].as_u64().unwrap() as usize, number(&row[1]));
        near(t_quantile(p, df), number(&row[2]), "quantile of t");
    }
    for row in points["normal_quantiles"].as_array().unwrap() {
        near(normal::quantile(number(&row[0])), number(&row[1]), "normal quantile");
    }
    for row in points["normal_cdf"].as_array().unwrap() {
        let (found, expected) = (normal::cdf(number(&row[0])), number(&row[1]));
        assert!((found - expected).abs() < 1e-15, "{found} {expected}");
    }
}

#[test]
fn intervals_on_the_same_indices_are_those_of_scipy_and_arch() {
    let mut by_arch = 0;
    for (name, case) in entries(&reference("bootstrap")["cases"]) {
        let values = numbers(&case["values"]);
        let resamples = resamples(values.len(), &case["indices"]);
        for (of, expected) in entries(&case["statistics"]) {
            let what = format!("{name}, {of}");
            let statistic = statistic(of);
            let replicates = bootstrap::replicates(&values, statistic, &resamples);
            for (found, expected) in replicates.iter().zip(numbers(&expected["first_replicates"])) {
                near(*found, expected, &what);
            }
            let percentile = bootstrap::percentile(&replicates).unwrap();
            near_both(percentile, &expected["percentile"], &what);
            near_both(percentile, &expected["arch_percentile"], &what);
            if let Some(bounds) = expected.get("bca") {
                let bca = bootstrap::bca(&values, statistic, &replicates).unwrap();
                near_both(bca, bounds, &format!("{what}, BCa"));
                if let Some(bounds) = expected.get("arch_bca") {
                    near_both(bca, bounds, &format!("{what}, BCa by arch"));
                    by_arch += 1;
                }
            }
        }
    }
    assert!(by_arch >= 3, "{by_arch}");
}

#[test]
fn stratified_intervals_on_the_same_indices_are_those_of_rliable() {
    let reference = reference("stratified");
    let strata: Vec<Vec<f64>> =
        reference["strata"].as_array().unwrap().iter().map(numbers).collect();
    let rows = reference["indices"].as_array().unwrap();
    let matrices: Vec<Arc<Resamples>> =
        strata.iter().zip(rows).map(|(s, rows)| Arc::new(resamples(s.len(), rows))).collect();
    let task_means = |strata: &[Vec<f64>]| -> Vec<f64> {
        strata.iter().map(|s| location::mean(s).unwrap()).collect()
    };
    for (name, expected) in entries(&reference["aggregates"]) {
        let aggregate = |strata: &[Vec<f64>]| match name.as_str() {
            "mean" => location::mean(&task_means(strata)).unwrap(),
            "median" => location::median(&task_means(strata)).unwrap(),
            _ => location::iqm(&strata.concat()).unwrap(),
        };
        near(aggregate(&strata), number(&expected["point"]), name);
        let replicates = bootstrap::stratified(&strata, aggregate, &matrices);
        near_both(bootstrap::percentile(&replicates).unwrap(), &expected["percentile"], name);
    }
}

#[test]
fn the_own_generator_agrees_with_two_million_resamples_of_scipy() {
    let reference = reference("wide");
    assert_eq!(reference["resamples"], 2_000_000);
    for (name, case) in entries(&reference["cases"]) {
        let values = numbers(&case["values"]);
        let resamples = Resamples::draw(values.len(), 200_000, 0);
        for (of, expected) in entries(&case["statistics"]) {
            let statistic = statistic(of);
            let replicates = bootstrap::replicates(&values, statistic, &resamples);
            let percentile = bootstrap::percentile(&replicates).unwrap();
            let bca = bootstrap::bca(&values, statistic, &replicates).unwrap();
            for (method, found) in [("percentile", percentile), ("bca", bca)] {
                let bounds = numbers(&expected[method]);
                let width = bounds[1] - bounds[0];
                let off = (found.0 - bounds[0]).abs().max((found.1 - bounds[1]).abs()) / width;
                println!("{name}, {of}, {method}: off by {off:.1e} of the width");
                assert!(off <= 1e-2, "{name}, {of}, {method}: {found:?}, reference {bounds:?}");
            }
        }
    }
}

#[test]
fn estimates_are_the_general_functions_on_the_fixed_resamples() {
    for (name, case) in entries(&reference("bootstrap")["cases"]) {
        let mut values = numbers(&case["values"]);
        let found = estimate(values.iter().copied());
        values.sort_by(f64::total_cmp);
        let resamples = Resamples::of(values.len());
        let of = |name| bootstrap::replicates(&values, statistic(name), &resamples);
        let means = of("mean");
        let both = |(low, high): (f64, f64)| Value::from(vec![low, high]);
        let interval = found.interval.unwrap();
        let bca = bootstrap::bca(&values, statistic("mean"), &means).unwrap();
        near_both((interval.low, interval.high), &both(bca), name);
        near_both(found.percentile.unwrap(), &both(bootstrap::percentile(&means).unwrap()), name);
        let iqms = bootstrap::percentile(&of("iqm")).unwrap();
        near_both(found.iqm_interval.unwrap(), &both(iqms), name);
    }
}

#[test]
fn paired_tests_are_those_of_scipy_and_of_counting() {
    let reference = reference("paired");
    for (name, case) in entries(&reference["cases"]) {
        let differences = numbers(&case["differences"]);
        let wilcoxon = paired::wilcoxon(&differences).unwrap();
        near(wilcoxon.p, number(&case["wilcoxon"]), name);
        near(wilcoxon.smallest, number(&case["smallest"]), name);
        assert!(wilcoxon.exact);
        let flip = paired::sign_flip(&differences);
        assert_eq!(flip.is_some(), case.get("sign_flip").is_some(), "{name}");
        if let Some(flip) = flip {
            near(flip.p, number(&case["sign_flip"]), name);
            near(flip.smallest, number(&case["smallest"]), name);
        }
    }
    let case =
        |name: &str| (numbers(&reference[name]["differences"]), number(&reference[name]["p"]));
    for (name, exact) in
        [("wilcoxon_50", true), ("wilcoxon_60", false), ("wilcoxon_60_ties", false)]
    {
        let (differences, p) = case(name);
        let found = paired::wilcoxon(&differences).unwrap();
        assert_eq!(found.exact, exact, "{name}");
        near(found.p, p, name);
    }
    let (differences, p) = case("sign_flip_20");
    let found = paired::sign_flip(&differences).unwrap();
    assert!(found.exact);
    near(found.p, p, "sign_flip_20");
    // Both p-values are sampled: five standard errors of the smaller one.
    let (differences, p) = case("sign_flip_60");
    let found = paired::sign_flip(&differences).unwrap();
    assert!(!found.exact);
    let error = (p * (1.0 - p) / paired::SAMPLED_FLIPS as f64).sqrt();
    assert!((found.p - p).abs() < 5.0 * error, "{} {p}", found.p);
}

#[test]
fn unpaired_comparisons_are_those_of_scipy_and_rliable() {
    let reference = reference("unpaired");
    for (name, case) in entries(&reference["cases"]) {
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        let improvement = unpaired::probability_of_improvement(&a, &b).unwrap();
        near(improvement, number(&case["improvement"]), name);
        let found = unpaired::permutation(&a, &b).unwrap();
        assert!(found.exact && found.n == a.len() + b.len());
        if let Some(p) = case.get("permutation") {
            near(found.p, number(p), name);
        }
    }
    let case = &reference["sampled"];
    let found = unpaired::permutation(&numbers(&case["a"]), &numbers(&case["b"])).unwrap();
    assert!(!found.exact);
    let p = number(&case["p"]);
    // Twice one tail, so twice the error of a tail.
    let error = 2.0 * (p / 2.0 / unpaired::SAMPLED_DIVISIONS as f64).sqrt();
    assert!((found.p - p).abs() < 5.0 * error, "{} {p}", found.p);
    let never = f64::INFINITY;
    // never > 3 twice, never = never half, 1 < both.
    let improvement = unpaired::probability_of_improvement(&[never, 1.0], &[3.0, never]);
    assert_eq!(improvement, Some(1.5 / 4.0));
}

#[test]
fn holm_is_that_of_statsmodels() {
    for case in reference("holm")["cases"].as_array().unwrap() {
        let found = holm::adjust(&numbers(&case["p"]));
        let expected = numbers(&case["adjusted"]);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            near(*found, expected, "Holm");
        }
    }
}

/// Returns the value of a step function at `x`.
fn at(curve: &[(f64, f64)], x: f64) -> f64 {
    curve.iter().take_while(|point| point.0 <= x).last().unwrap().1
}

#[test]
fn curves_are_those_of_rliables_distributions() {
    let reference = reference("survival");
    for case in reference["reached"].as_array().unwrap() {
        let curve = survival::reached(&numbers(&case["times"]));
        assert_eq!(curve[0], (0.0, 0.0));
        for (time, fraction) in numbers(&case["at"]).into_iter().zip(numbers(&case["fraction"])) {
            near(at(&curve, time), fraction, "reached");
        }
    }
    let times: Vec<Vec<f64>> = reference["times"].as_array().unwrap().iter().map(numbers).collect();
    let profiles = survival::performance_profile(&times);
    let expected = reference["profiles"].as_array().unwrap();
    assert_eq!(profiles.len(), expected.len());
    for (profile, expected) in profiles.iter().zip(expected) {
        let expected = expected.as_array().unwrap();
        assert_eq!(profile.len(), expected.len());
        for (found, expected) in profile.iter().zip(expected) {
            near_both(*found, expected, "performance profile");
        }
    }
    assert!(survival::reached(&[]).is_empty() && survival::performance_profile(&[]).is_empty());
    // Nobody solves the only task.
    assert_eq!(survival::performance_profile(&[vec![f64::INFINITY]]), [[(1.0, 0.0)]]);
}
