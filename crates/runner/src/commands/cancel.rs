//! `cancel`: ends a running sweep as Ctrl-C would, from another shell.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::exit::{Exit, bad_input};
use crate::workspace::Workspace;
use crate::{beacon, lock, text};

/// A sweep that has not ended by then does not listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks the sweep to end and waits until it has.
pub(super) fn cancel(workspace: &Workspace, file: &Path) -> anyhow::Result<Exit> {
    let dir = super::report::folder_of(workspace, file)?;
    let Some(holder) = lock::holder(&dir) else {
        println!("no sweep is running in {}", workspace.relative(dir.path()));
        return Ok(Exit::Ok);
    };
    beacon::ask_to_end(&dir)?;
    let asked = Instant::now();
    while lock::holder(&dir).is_some() {
        if asked.elapsed() > PATIENCE {
            beacon::forget_request(&dir);
            return Err(bad_input(format!(
                "{} has not ended within {}\n  it may be drawing its report; else end the process itself",
                text::plain(&holder),
                text::duration(PATIENCE.as_secs_f64())
            )));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    println!(
        "ended {}; what was finished is kept, and the sweep can be resumed",
        text::plain(&holder)
    );
    Ok(Exit::Ok)
}
