//! Targets of samples: classes, numbered in the order of their names, or real
//! values.

use std::collections::BTreeSet;

use super::error::shown;
use super::table::Column;

/// Maximum number of classes of own data.
pub(super) const MOST_CLASSES: usize = 100_000;

/// Largest magnitude up to which every whole number is exact: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Number of classes up to which they are never called too many.
const FEW_CLASSES: usize = 20;

/// Targets of all samples.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Targets {
    /// Class names in order, and the class index of each sample.
    Classes { names: Vec<String>, classes: Vec<i64> },
    /// Real values, `width` per sample, one sample after another.
    Values { width: usize, values: Vec<f64> },
    /// No targets: the samples are the vectors of a quadratic.
    None,
}

/// Settings that decide how target columns are interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// A `label` is named, so the targets are classes.
    pub(super) label: bool,
    /// A `target` is named, so the targets are real values.
    pub(super) target: bool,
    /// Numbers are real values unless stated otherwise, because the only loss is `mse`.
    pub(super) values: bool,
    /// The targets are columns of a table, whose samples with gaps can be left out.
    pub(super) table: bool,
}

/// Reason why columns cannot be targets, its remedy, and the index of the faulty sample if one is.
#[derive(Debug, PartialEq)]
pub(super) struct Wrong {
    pub(super) sample: Option<usize>,
    pub(super) reason: String,
    pub(super) remedy: String,
}

fn wrong<T>(
    sample: Option<usize>,
    reason: impl Into<String>,
    remedy: impl Into<String>,
) -> Result<T, Wrong> {
    Err(Wrong { sample, reason: reason.into(), remedy: remedy.into() })
}

/// Interprets columns of targets. A missing target is an error.
pub(super) fn understand(columns: &[Column], known: Known) -> Result<Targets, Wrong> {
    if let Some(at) = columns.iter().find_map(first_gap) {
        let remedy = match known.table {
            true => "fill it in, leave the sample out, or write missing = \"drop\"",
            false => "fill it in, or leave the sample out",
        };
        return wrong(Some(at), "the target is missing", remedy);
    }
    match columns {
        [] => Ok(Targets::None),
        [Column::Words(_)] if known.target => {
            let reason = "the target holds words";
            wrong(None, reason, "name classes by `label`, and real values by `target`")
        }
        [one] => {
            let fraction = match one {
                Column::Numbers(v) => v.iter().position(|x| x.fract() != 0.0),
                Column::Words(_) => None,
            };
            let numbers = matches!(one, Column::Numbers(_));
            match fraction {
                Some(at) if known.label => {
                    let Column::Numbers(v) = one else { unreachable!("a fraction is a number") };
                    let reason = format!("class {} is not a whole number", v[at]);
                    wrong(
                        Some(at),
                        reason,
                        "name a column of classes, or write `target = ...` for real values",
                    )
                }
                _ if known.target
                    || numbers && !known.label && (fraction.is_some() || known.values) =>
                {
                    values(columns)
                }
                _ => classes(one, known),
            }
        }
        several => values(several),
    }
}

/// Returns the first sample without a target.
fn first_gap(column: &Column) -> Option<usize> {
    match column {
        Column::Numbers(v) => v.iter().position(|x| x.is_nan()),
        Column::Words(v) => v.iter().position(String::is_empty),
    }
}

fn values(columns: &[Column]) -> Result<Targets, Wrong> {
    let n = columns.first().map_or(0, Column::len);
    let mut values = Vec::with_capacity(n * columns.len());
    let mut numbers: Vec<&[f64]> = Vec::new();
    for column in columns {
        match column {
            Column::Numbers(v) => numbers.push(v),
            Column::Words(v) => {
                let at = v.iter().position(|w| w.parse::<f64>().is_err()).unwrap_or(0);
                let reason = format!("the target `{}` is not a number", shown(&v[at]));
                return wrong(Some(at), reason, "name columns of numbers in `target`");
            }
        }
    }
    for i in 0..n {
        values.extend(numbers.iter().map(|column| column[i]));
    }
    Ok(Targets::Values { width: columns.len(), values })
}

/// Numbers the classes in order: numbers by size, words by their characters.
fn classes(column: &Column, known: Known) -> Result<Targets, Wrong> {
    let n = column.len();
    let (names, classes): (Vec<String>, Vec<i64>) = match column {
        Column::Numbers(v) => {
            if let Some(at) = v.iter().position(|x| x.abs() > EXACT) {
                let reason =
                    format!("class {} is beyond 2^53, up to which whole numbers are exact", v[at]);
                return wrong(Some(at), reason, "write classes as words, or as smaller numbers");
            }
            let mut all: Vec<i64> = v.iter().map(|x| *x as i64).collect();
            let of_samples = all.clone();
            all.sort_unstable();
            all.dedup();
            let plain = all.iter().enumerate().all(|(i, class)| *class == i as i64);
            let example = all.first().map(i64::to_string).unwrap_or_default();
            few_enough(all.len(), n, known.label || plain, example)?;
            let class = |x: &i64| all.binary_search(x).expect("it is one of them") as i64;
            let classes = of_samples.iter().map(class).collect();
            (all.iter().map(i64::to_string).collect(), classes)
        }
        Column::Words(v) => {
            let all: Vec<&String> = v.iter().collect::<BTreeSet<_>>().into_iter().collect();
            let example = all.first().map_or_else(String::new, |w| shown(w));
            few_enough(all.len(), n, known.label, example)?;
            let class = |w: &String| all.binary_search(&w).expect("it is one of them") as i64;
            let classes = v.iter().map(class).collect();
            (all.into_iter().cloned().collect(), classes)
        }
    };
    if names.len() < 2 {
        let only = names.first().map(|n| shown(n)).unwrap_or_default();
        let reason = format!("only class {only} occurs");
        return wrong(None, reason, "give data with at least two classes");
    }
    Ok(Targets::Classes { names, classes })
}

/// Refuses too many classes: one class for every few samples suggests identifiers, texts or real
/// values. If classes are `likely`, two samples of each are enough.
fn few_enough(classes: usize, samples: usize, likely: bool, example: String) -> Result<(), Wrong> {
    let remedy = "name the column of the class: `label = ...`; for real values write `target = ...` and loss = \"mse\" in [train]";
    if classes > MOST_CLASSES {
        return wrong(
            None,
            format!("{classes} classes, at most {MOST_CLASSES} are supported"),
            remedy,
        );
    }
    if classes > FEW_CLASSES && classes.saturating_mul(if likely { 2 } else { 3 }) > samples {
        let reason = format!(
            "{classes} different targets in {samples} samples, such as `{example}`: these are identifiers or real values, not classes"
        );
        return wrong(None, reason, remedy);
    }
    Ok(())
}

impl Targets {
    /// Whether the classes are called 0, 1, 2 and so on.
    pub(super) fn is_plain(&self) -> bool {
        match self {
            Targets::None => true,
            Targets::Classes { names, .. } => {
                names.iter().enumerate().all(|(i, name)| *name == i.to_string())
            }
            Targets::Values { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Known = Known { label: false, target: false, values: false, table: true };

    fn words(all: &[&str]) -> Column {
        Column::Words(all.iter().map(|w| (*w).to_owned()).collect())
    }

    fn found(column: Column, known: Known) -> (Vec<String>, Vec<i64>) {
        match understand(&[column], known) {
            Ok(Targets::Classes { names, classes }) => (names, classes),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn classes_stand_in_the_order_of_their_names() {
        let (names, classes) = found(words(&["b", "a", "b", "C"]), NOTHING);
        assert_eq!((names, classes), (vec!["C".into(), "a".into(), "b".into()], vec![2, 1, 2, 0]));
        let (names, classes) = found(Column::Numbers(vec![10.0, -1.0, 9.0, -1.0]), NOTHING);
        assert_eq!(
            (names, classes),
            (vec!["-1".into(), "9".into(), "10".into()], vec![2, 0, 1, 0])
        );
        let plain = understand(&[Column::Numbers(vec![1.0, 0.0, 2.0])], NOTHING).unwrap();
        assert!(plain.is_plain());
        let gaps = understand(&[Column::Numbers(vec![1.0, 0.0, 3.0])], NOTHING).unwrap();
        assert!(!gaps.is_plain());
    }

    #[test]
    fn numbers_are_values_where_that_is_said_or_seen() {
        let v = || Column::Numbers(vec![1.0, 0.0, 3.0]);
        let values = Ok(Targets::Values { width: 1, values: vec![1.0, 0.0, 3.0] });
        assert_eq!(understand(&[v()], Known { values: true, ..NOTHING }), values);
        assert_eq!(understand(&[v()], Known { target: true, ..NOTHING }), values);
        let label = Known { label: true, values: true, ..NOTHING };
        assert!(matches!(understand(&[v()], label), Ok(Targets::Classes { .. })));
        let half = understand(&[Column::Numbers(vec![0.5, 1.0])], NOTHING);
        assert_eq!(half, Ok(Targets::Values { width: 1, values: vec![0.5, 1.0] }));
        let two = understand(&[v(), Column::Numbers(vec![7.0, 8.0, 9.0])], NOTHING);
        let expected = vec![1.0, 7.0, 0.0, 8.0, 3.0, 9.0];
        assert_eq!(two, Ok(Targets::Values { width: 2, values: expected }));
    }

    #[test]
    fn what_is_no_target() {
        let reason = |column: Column, known| understand(&[column], known).unwrap_err().reason;
        assert_eq!(reason(words(&["a", "a"]), NOTHING), "only class a occurs");
        assert_eq!(reason(words(&["a", ""]), NOTHING), "the target is missing");
        let target = Known { target: true, ..NOTHING };
        assert_eq!(reason(words(&["a", "b"]), target), "the target holds words");
        let label = Known { label: true, ..NOTHING };
        assert_eq!(
            reason(Column::Numbers(vec![0.5, 1.0]), label),
            "class 0.5 is not a whole number"
        );
        let large = Column::Numbers(vec![9e15, 1e16]);
        assert!(reason(large, label).starts_with("class 10000000000000000 is beyond 2^53"));
        // Each class twice: numbers from 0 on may be classes, others only if `label` is named.
        let twice = |from: u32| Column::Numbers((0..60).map(|i| f64::from(from + i / 2)).collect());
        assert!(understand(&[twice(0)], NOTHING).is_ok());
        assert!(understand(&[twice(7)], NOTHING).is_err());
        assert!(understand(&[twice(7)], label).is_ok());
        let many = Column::Numbers((0..60).map(f64::from).collect());
        assert!(
            reason(many, NOTHING).starts_with("60 different targets in 60 samples, such as `0`")
        );
    }
}
