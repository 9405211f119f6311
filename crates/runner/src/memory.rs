//! Detection of workers that ran out of memory.

use std::fs;

/// Messages of failed allocations, in lower case: Rust, C++, libtorch on the CPU, CUDA.
const SAID: &[&str] = &[
    "memory allocation of",
    "std::bad_alloc",
    "can't allocate memory",
    "cannot allocate memory",
    "cuda out of memory",
    "outofmemoryerror",
];

/// Numbers of processes that the kernel has killed for memory so far, in this control group and
/// on this machine; `None` if the kernel does not report them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OomKills {
    group: Option<u64>,
    machine: Option<u64>,
}

impl OomKills {
    /// Reads the current numbers.
    pub fn now() -> Self {
        let field = |path: &str| {
            let text = fs::read_to_string(path).ok()?;
            text.lines().find_map(|l| l.strip_prefix("oom_kill ")?.trim().parse().ok())
        };
        OomKills { group: field("/sys/fs/cgroup/memory.events"), machine: field("/proc/vmstat") }
    }

    fn grew_since(self, before: OomKills) -> bool {
        let more = |a: Option<u64>, b: Option<u64>| matches!((a, b), (Some(a), Some(b)) if a > b);
        more(self.group, before.group) || more(self.machine, before.machine)
    }
}

/// Returns whether a worker ran out of memory: it printed such a message, or was killed while
/// the kernel's count of such kills grew. `ended` is its exit status, `last_words` its output.
pub fn was_out_of_memory(ended: &str, last_words: &str, before: OomKills, now: OomKills) -> bool {
    let words = last_words.to_lowercase();
    SAID.iter().any(|said| words.contains(said))
        || ended.contains("signal: 9") && now.grew_since(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_and_kills_are_told_from_other_ends() {
        let none = OomKills::default();
        let count = |n| OomKills { group: None, machine: Some(n) };
        let aborted = "signal: 6 (SIGABRT) (core dumped)";
        assert!(was_out_of_memory(
            aborted,
            "memory allocation of 14400000000 bytes failed",
            none,
            none
        ));
        assert!(was_out_of_memory(aborted, "terminate called\nwhat(): std::bad_alloc", none, none));
        assert!(was_out_of_memory("signal: 9 (SIGKILL)", "", count(3), count(4)));
        assert!(!was_out_of_memory("signal: 9 (SIGKILL)", "", count(4), count(4)));
        assert!(!was_out_of_memory("signal: 9 (SIGKILL)", "", none, count(4)));
        assert!(!was_out_of_memory("exit status: 101", "index out of range", count(3), count(4)));
    }
}
