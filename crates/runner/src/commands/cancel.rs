//! `cancel`: ends a running sweep as Ctrl-C would, from another shell.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::bad_input;
use crate::exit::Exit;
use crate::workspace::Workspace;
use crate::{lock, status_file, text};

/// A sweep that has not ended by then does not listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks the sweep to end and waits until it has.
pub(super) fn cancel(workspace: &Workspace, file: &Path) -> crate::Result<Exit> {
    let dir = super::folder::folder_of(workspace, file)?;
    let on_cluster = match super::cluster::cancel(&dir) {
        // What runs here can be ended without it.
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
        // Each time anew: a sweep that is just starting forgets older requests.
        status_file::ask_to_end(&dir)?;
        if asked.elapsed() > PATIENCE {
            status_file::forget_request(&dir);
            return Err(bad_input(format!(
                "{} has not ended within {}\n  it may be drawing its report; else end the process itself",
                text::plain(&holder),
                text::duration(PATIENCE.as_secs_f64())
            )));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    status_file::forget_request(&dir);
    // What it submitted on its way to the end.
    if let Err(error) = super::cluster::cancel(&dir) {
        not_ended(&error);
    }
    crate::text::output!(
        "ended {}; what was finished is kept, and the sweep can be resumed",
        text::plain(&holder)
    );
    Ok(Exit::Ok)
}

/// Slurm does not answer, and what it has goes on.
fn not_ended(error: &crate::Error) {
    let first = text::first_line(error);
    text::status!("warning: {first}; what Slurm has of this sweep was not ended");
}
