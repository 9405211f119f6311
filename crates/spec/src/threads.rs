//! Threads inside one run, as a sweep file requests them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `[devices] threads_per_run`: a number, or the number that a measurement finds best for the
/// machine. Stored as it is written, `2` or `"auto"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub enum Threads {
    /// This number of threads, at least 1.
    Count(u64),
    /// The number measured once per machine, model and batch size.
    Auto,
}

impl Threads {
    /// The text of [`Threads::Auto`] in sweep files.
    pub const AUTO: &'static str = "auto";

    /// Returns the number of threads; `None` for [`Threads::Auto`].
    pub fn count(self) -> Option<u64> {
        match self {
            Threads::Count(n) => Some(n),
            Threads::Auto => None,
        }
    }
}

impl Default for Threads {
    fn default() -> Self {
        Threads::Count(1)
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Threads::Count(n) => write!(f, "{n}"),
            Threads::Auto => f.write_str(Threads::AUTO),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Count(u64),
    Word(Word),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Auto,
}

impl From<Stored> for Threads {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Count(n) => Threads::Count(n),
            Stored::Word(Word::Auto) => Threads::Auto,
        }
    }
}

impl From<Threads> for Stored {
    fn from(threads: Threads) -> Self {
        match threads {
            Threads::Count(n) => Stored::Count(n),
            Threads::Auto => Stored::Word(Word::Auto),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_stored_as_before_and_auto_as_its_word() {
        for (threads, text) in [(Threads::Count(3), "3"), (Threads::Auto, "\"auto\"")] {
            assert_eq!(serde_json::to_string(&threads).unwrap(), text);
            assert_eq!(serde_json::from_str::<Threads>(text).unwrap(), threads);
            assert_eq!(threads.to_string(), text.trim_matches('"'));
        }
        for text in ["\"fast\"", "1.5", "-1", "null", "\"Auto\""] {
            assert!(serde_json::from_str::<Threads>(text).is_err(), "{text}");
        }
        assert_eq!(Threads::default(), Threads::Count(1));
    }
}
