//! `cancel`: ends a running sweep as Ctrl-C would, from another shell.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::bad_input;
use crate::exit::Exit;
use crate::workspace::Workspace;
use crate::{lock, status_file, text};

/// Time within which a sweep must have ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks the sweep, and its tasks on a cluster, to end and waits until it has.
pub(super) fn cancel(workspace: &Workspace, file: &Path) -> crate::Result<Exit> {
    let dir = super::folder::folder_of(workspace, file)?;
    let on_cluster = match super::cluster::cancel(&dir) {
        // A sweep on this machine can be ended without Slurm.
        Err(error) if lock::holder(&dir).is_some() => {
            not_ended(&error);
            false
        }
        other => other?,
    };
    let Some(holder) = lock::holder(&dir) else {
        if on_cluster {
            return Ok(Exit::Ok);
        }
        crate::text::output!("no sweep is running in {}", workspace.relative(dir.path()));
        return Ok(Exit::Ok);
    };
    let asked = Instant::now();
    while lock::holder(&dir).is_some() {
        // Repeated, because a sweep that is just starting discards older requests.
        status_file::ask_to_end(&dir)?;
        if asked.elapsed() > PATIENCE {
            status_file::forget_request(&dir);
            return Err(bad_input(format!(
                "{} has not ended within {}\n  it may be writing its report; otherwise kill the process",
                text::plain(&holder),
                text::duration(PATIENCE.as_secs_f64())
            )));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    status_file::forget_request(&dir);
    // Tasks that it submitted while it was ending.
    if let Err(error) = super::cluster::cancel(&dir) {
        not_ended(&error);
    }
    crate::text::output!(
        "ended {}; finished results are kept, and the sweep can be resumed",
        text::plain(&holder)
    );
    Ok(Exit::Ok)
}

/// Warns that Slurm does not answer, so that its tasks continue.
fn not_ended(error: &crate::Error) {
    let first = text::first_line(error);
    text::status!("warning: {first}; the tasks of this sweep in Slurm were not ended");
}
