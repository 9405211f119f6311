//! Shards `I/N`: the parts that a plan is divided into.

use std::fmt;
use std::str::FromStr;

use spec::Id;
use spec::plan::Plan;

/// Maximum number of parts of a plan.
const MOST: u64 = 1_000_000;

/// The `number`-th of `of` parts, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: u64,
    of: u64,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let parts = text.split_once('/').filter(|(i, n)| digits(i) && digits(n));
        // Too many digits for a number are too large a number.
        let number = |part: &str| part.parse().unwrap_or(u64::MAX);
        let Some((number, of)) = parts.map(|(i, n)| (number(i), number(n))) else {
            return Err("write I/N: 2/4 is the second of four parts".to_owned());
        };
        match (number, of) {
            (_, 0) => {
                Err("N must be at least 1: write I/N, such as 1/2 and 2/2 for two machines".into())
            }
            (_, of) if of > MOST => Err(format!("a plan has at most {MOST} parts")),
            (0, of) => Err(format!("parts are counted from 1: 1/{of} is the first")),
            (number, of) if number > of => {
                Err(format!("{of}/{of} is the last part; give a number from 1 to {of}"))
            }
            (number, of) => Ok(Shard { number, of }),
        }
    }
}

impl Shard {
    /// Returns the number of the part, from 1.
    pub fn number(self) -> u64 {
        self.number
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl Shard {
    /// Returns the runs of the part. The plan is dealt run by run in its own order, regardless of
    /// existing results, so that the parts are the same on every machine. In that order runs of one
    /// configuration or optimizer are adjacent, so that each is spread evenly over the parts. In
    /// the order of execution, with as many parts as optimizers, each part would be one optimizer.
    pub fn runs(self, plan: &Plan) -> impl Iterator<Item = Id> + '_ {
        let (first, step) = (self.number as usize - 1, self.of as usize);
        plan.runs.iter().skip(first).step_by(step).map(|run| run.run_id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use proptest::prelude::*;
    use sweep_file::{Overrides, load_text};

    use super::*;

    /// Returns a plan with `rates[i]` learning rates for optimizer `i`.
    fn plan(rates: &[usize], seeds: usize) -> Plan {
        let mut text = format!(
            "[data]\ndataset = \"digits\"\n[model]\nkind = \"linear\"\n[repeat]\nseeds = {{ count = {seeds} }}\n"
        );
        for (i, points) in rates.iter().enumerate() {
            let rates: Vec<String> = (1..=*points).map(|n| format!("{n}e-3")).collect();
            text += &format!(
                "[[optimizer]]\nkind = \"sgd\"\nlabel = \"o{i}\"\nmomentum = 0.{i}1\nlr = [{}]\n",
                rates.join(", ")
            );
        }
        load_text("x.toml", "x", text, &Overrides::default()).unwrap().plan
    }

    #[test]
    fn only_parts_that_there_are_can_be_named() {
        for (text, said) in [
            ("2/4", "2/4"),
            ("1/1", "1/1"),
            ("1000000/1000000", "1000000/1000000"),
            ("0/3", "counted from 1: 1/3 is the first"),
            ("4/3", "3/3 is the last"),
            ("1/0", "N must be at least 1"),
            ("1/1000001", "at most 1000000 parts"),
            ("1/99999999999999999999999", "at most 1000000 parts"),
            ("x", "write I/N"),
            ("1", "write I/N"),
            ("+1/2", "write I/N"),
            ("-1/2", "write I/N"),
            ("1/2/3", "write I/N"),
            (" 1/2", "write I/N"),
            ("/", "write I/N"),
            ("", "write I/N"),
        ] {
            let read = text.parse::<Shard>().map_or_else(|why| why, |shard| shard.to_string());
            assert!(read.contains(said), "{text}: {read}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn parts_are_disjoint_cover_the_plan_and_are_even(
            rates in proptest::collection::vec(1usize..6, 1..5),
            seeds in 1usize..7,
            of in 1u64..40,
        ) {
            let plan = plan(&rates, seeds);
            let mut part_of: HashMap<Id, u64> = HashMap::new();
            for number in 1..=of {
                for run in (Shard { number, of }).runs(&plan) {
                    prop_assert_eq!(part_of.insert(run, number), None, "{} twice", run);
                }
            }
            prop_assert_eq!(part_of.len(), plan.runs.len());
            // All runs, those of an optimizer and those of a configuration.
            let mut counts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for run in &plan.runs {
                let (label, config) = (run.label.clone(), run.config_id.to_string());
                for group in [String::new(), label, config] {
                    let parts = counts.entry(group).or_insert_with(|| vec![0; of as usize]);
                    parts[part_of[&run.run_id] as usize - 1] += 1;
                }
            }
            for (group, parts) in counts {
                let (least, most) = (parts.iter().min().unwrap(), parts.iter().max().unwrap());
                prop_assert!(most - least <= 1, "{}: {:?}", group, parts);
            }
        }
    }
}
