//! Processes as `/proc` shows them, found by their environment and ended by
//! pid and start time.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// One process at the moment of looking.
#[derive(Clone, Debug)]
pub struct Process {
    /// Process id, which a later process may reuse.
    pub pid: u32,
    /// Process id of its parent.
    pub parent: u32,
    /// The program's name, at most 15 bytes.
    pub name: String,
    /// Start time in clock ticks since boot; unique together with the pid.
    started: u64,
    environment: Vec<u8>,
}

impl Process {
    /// The process of this pid, unless it has ended (a zombie has).
    fn read(pid: u32) -> Option<Process> {
        let (parent, started, name) = identity(pid)?;
        // Unreadable for another user's process or a kernel thread, which is none of ours.
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        Some(Process { pid, parent, name, started, environment })
    }

    /// Whether it was started with `entry`, as in `NAME=value`, in its environment.
    pub fn has(&self, entry: &str) -> bool {
        self.environment.split(|byte| *byte == 0).any(|each| each == entry.as_bytes())
    }

    /// Kills exactly this process. The handle is opened before the start time is read again, so
    /// that no other process of the same pid is hit.
    pub fn kill(&self) {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else { return };
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return };
        if identity(self.pid).is_some_and(|(_, started, _)| started == self.started) {
            let _ = pidfd_send_signal(&handle, Signal::KILL);
        }
    }
}

/// Parent, start time and name; `pid (name) state parent ..`, where the name
/// may hold blanks and brackets.
fn identity(pid: u32) -> Option<(u32, u64, String)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (before, after) = stat.rsplit_once(')')?;
    let name = before.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = after.split_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    Some((fields.get(1)?.parse().ok()?, fields.get(19)?.parse().ok()?, name))
}

/// Every process whose environment could be read.
pub fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Process::read(entry.file_name().to_str()?.parse().ok()?))
        .filter(|process| !process.environment.is_empty())
        .collect()
}

/// Those with all of these entries in their environment, except this process.
pub fn with(entries: &[&str]) -> Vec<Process> {
    let mut found = all();
    found.retain(|p| p.pid != std::process::id() && entries.iter().all(|entry| p.has(entry)));
    found
}

/// Kills all processes with these entries and their children, those named `first` before others.
/// Returns the processes that could not be killed.
pub fn end(entries: &[&str], first: &str) -> Vec<Process> {
    let patience = Instant::now() + Duration::from_secs(10);
    loop {
        let mut found = with(entries);
        if found.is_empty() || Instant::now() > patience {
            return found;
        }
        // Read before the parents are killed: afterwards nothing tells whose
        // children they were. Some may have started with a bare environment.
        let everything = all();
        let mut next = 0;
        while next < found.len() {
            let parent = found[next].pid;
            for process in everything.iter().filter(|p| p.parent == parent) {
                let known = found.iter().any(|p| p.pid == process.pid);
                if !known && process.pid != std::process::id() {
                    found.push(process.clone());
                }
            }
            next += 1;
        }
        found.sort_by_key(|process| process.name != first);
        found.iter().for_each(Process::kill);
        std::thread::sleep(Duration::from_millis(20));
    }
}
