//! Messages about runs that were computed more than once.

use super::{Difference, Repeat, Repeats};
use crate::number;

/// Largest number of contradictions that are listed one by one.
const TOLD: usize = 20;
/// Largest number of harmless repeats that are listed one by one.
const SHOWN: usize = 5;

impl Difference {
    /// Describes the difference: `threads: 1 and 2`.
    pub fn describe(&self) -> String {
        let [a, b] = &self.values;
        format!("{}: {a} and {b}", self.what)
    }
}

fn joined(all: &[Difference]) -> String {
    all.iter().map(Difference::describe).collect::<Vec<_>>().join(", ")
}

impl Repeat {
    /// Names the run: `run 1a2b3c4d (adam, seed 0)`.
    fn name(&self) -> String {
        format!("run {} ({}, seed {})", self.run_id.short(), self.label, self.seed)
    }

    /// Lists how the environments of the two computations differ; `the same` where they do not.
    pub fn by(&self) -> String {
        if self.exec.is_empty() { "the same".to_owned() } else { joined(&self.exec) }
    }

    /// Lists how the two results differ; `equal bits` where they do not.
    pub fn found(&self) -> String {
        if self.result.is_empty() { "equal bits".to_owned() } else { joined(&self.result) }
    }

    fn contradiction(&self) -> String {
        let gpu =
            if self.cuda { "; on a GPU bit-identical results are not guaranteed" } else { "" };
        format!(
            "{} has two results that should be bit-identical, but are not: {} (its records ended \
             {} and {}){gpu}; train it again: cargo xtask verify FILE --run {}",
            self.name(),
            self.found(),
            self.ended[0],
            self.ended[1],
            self.run_id.short(),
        )
    }
}

impl Repeats {
    /// Returns a sentence that counts the contradictions; `None` if there are none.
    pub fn alarm(&self) -> Option<String> {
        let n = self.contradictions.count;
        let results = match n {
            0 => return None,
            1 => "1 result contradicts another".to_owned(),
            n => format!("{} results contradict others", number::count(n as u64)),
        };
        Some(format!("{results} of the same run, computed by the same code on the same processor"))
    }

    /// Returns one sentence per contradiction, and the number of those beyond the first 20.
    pub fn warnings(&self) -> Vec<String> {
        let listed = &self.contradictions;
        let mut out: Vec<String> =
            listed.first.iter().take(TOLD).map(Repeat::contradiction).collect();
        if listed.count > out.len() {
            let more = number::count((listed.count - out.len()) as u64);
            out.push(format!("{more} more results contradict others of their runs"));
        }
        out
    }

    /// Returns lines on the harmless repeats: one that counts them, then the first few that were
    /// computed in another environment.
    pub fn notes(&self) -> Vec<String> {
        let (listed, mut out) = (&self.elsewhere, Vec::new());
        let mut counted = Vec::new();
        if self.agreeing > 0 {
            let n = number::count(self.agreeing as u64);
            counted.push(format!("{n} by the same code and processor, with equal bits"));
        }
        if listed.count > 0 {
            let n = number::count(listed.count as u64);
            let differ = listed.count - self.equal_elsewhere;
            let how = match (differ, self.equal_elsewhere) {
                (0, _) => "with equal bits".to_owned(),
                (_, 0) => "with different bits".to_owned(),
                (differ, equal) => format!(
                    "{} of them with equal bits, {} with different bits",
                    number::count(equal as u64),
                    number::count(differ as u64)
                ),
            };
            counted.push(format!("{n} by other code, processors or threads, {how}"));
        }
        if counted.is_empty() {
            return out;
        }
        out.push(format!("results of runs computed more than once: {}", counted.join("; ")));
        for repeat in listed.first.iter().take(SHOWN) {
            out.push(format!("{}: {}; {}", repeat.name(), repeat.by(), repeat.found()));
        }
        if listed.count > SHOWN {
            out.push(format!("and {} more", number::count((listed.count - SHOWN) as u64)));
        }
        out
    }
}
