//! Termination of a process together with all of its descendants.

use std::process::{Child, Command, Stdio};

use anyhow::Result;

/// Kills a cargo and the compilers that it started, which would otherwise keep running beside
/// the next build.
///
/// # Errors
/// The process cannot be killed.
pub(crate) fn end(child: &mut Child) -> Result<()> {
    // Processes that have already ended are no problem.
    let signal = |name: &str, processes: &[String]| {
        let mut kill = Command::new("kill");
        let _ = kill.arg(name).args(processes).stderr(Stdio::null()).status();
    };
    // Stopped first, so that it cannot start more processes meanwhile.
    signal("-STOP", &[child.id().to_string()]);
    let below = descendants(&child.id().to_string());
    child.kill()?;
    if !below.is_empty() {
        signal("-KILL", &below);
    }
    Ok(())
}

/// Returns the ids of all descendants of a process, whichever threads started them.
fn descendants(of: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut queue = vec![of.to_owned()];
    while let Some(process) = queue.pop() {
        let tasks = std::fs::read_dir(format!("/proc/{process}/task"));
        for task in tasks.into_iter().flatten().flatten() {
            let children = std::fs::read_to_string(task.path().join("children"));
            let children = children.unwrap_or_default();
            queue.extend(children.split_whitespace().map(str::to_owned));
            out.extend(children.split_whitespace().map(str::to_owned));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_build_that_is_given_up_leaves_no_process() {
        // A grandchild, below a shell that a thread of this process starts.
        let start = || Command::new("sh").args(["-c", "sh -c 'sleep 60 & wait' & wait"]).spawn();
        let mut child = std::thread::spawn(start).join().unwrap().unwrap();
        let own = std::process::id().to_string();
        let shell = child.id().to_string();
        let patience = Instant::now() + Duration::from_secs(20);
        while descendants(&shell).len() < 2 && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(10));
        }
        let below = descendants(&shell);
        assert!(below.len() >= 2 && descendants(&own).contains(&shell), "{below:?}");
        end(&mut child).unwrap();
        child.wait().unwrap();
        let gone = |process: &String| {
            let state = std::fs::read_to_string(format!("/proc/{process}/stat"));
            state.is_err() || state.is_ok_and(|state| state.contains(") Z "))
        };
        while !below.iter().all(gone) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(below.iter().all(gone), "{below:?}");
    }
}
