//! `--only`: the runs of a plan that are trained.

use std::collections::{HashMap, HashSet};

use spec::Id;
use spec::plan::Plan;

use crate::error::bad_input;
use crate::text;

/// Returns the runs that `--only` selects; all runs without it.
pub(super) fn chosen(plan: &Plan, only: &[String]) -> crate::Result<HashSet<Id>> {
    let mut wanted: HashMap<&str, Vec<&str>> = HashMap::new();
    for item in only.iter().flat_map(|text| items(text)) {
        match item.split_once('=') {
            Some((key @ ("optimizer" | "seed"), value)) => {
                wanted.entry(key).or_default().push(value)
            }
            _ => {
                return Err(bad_input(format!(
                    "--only {item}: write optimizer=<label> or seed=<number>"
                )));
            }
        }
    }
    for (key, values) in &wanted {
        for value in values {
            let known = plan.runs.iter().any(|r| match *key {
                "optimizer" => r.label == **value,
                _ => r.spec.seed.to_string() == **value,
            });
            if !known {
                return Err(bad_input(format!(
                    "--only {key}={value} matches no run; {}",
                    choice(plan)
                )));
            }
        }
    }
    let fits = |key: &str, value: &str| wanted.get(key).is_none_or(|v| v.contains(&value));
    let chosen: HashSet<Id> = plan
        .runs
        .iter()
        .filter(|r| fits("optimizer", &r.label) && fits("seed", &r.spec.seed.to_string()))
        .map(|r| r.run_id)
        .collect();
    if chosen.is_empty() {
        return Err(bad_input(format!(
            "--only {} matches no run; {}",
            only.join(","),
            choice(plan)
        )));
    }
    Ok(chosen)
}

/// Splits `optimizer=a,seed=0` at the commas before a key; a label may contain commas.
fn items(text: &str) -> Vec<&str> {
    let starts = text
        .match_indices(',')
        .map(|(at, _)| at + 1)
        .filter(|at| ["optimizer=", "seed="].iter().any(|key| text[*at..].starts_with(key)));
    let mut out = Vec::new();
    let mut from = 0;
    for start in starts {
        out.push(&text[from..start - 1]);
        from = start;
    }
    out.push(&text[from..]);
    out
}

fn choice(plan: &Plan) -> String {
    let labels: Vec<String> = plan.optimizers.iter().map(|o| text::plain(&o.label)).collect();
    format!("the labels are {}, the seeds {:?}", labels.join(", "), plan.seeds)
}

#[cfg(test)]
mod tests {
    use super::items;

    #[test]
    fn a_comma_inside_of_a_label_separates_nothing() {
        assert_eq!(items("optimizer=a, b,seed=0"), ["optimizer=a, b", "seed=0"]);
        assert_eq!(items("seed=0,seed=1"), ["seed=0", "seed=1"]);
        assert_eq!(items("adam"), ["adam"]);
    }
}
