//! `fetch`: downloads a dataset into `data/` and verifies it.

use spec::DatasetName;
use sweep_file::diagnostic::nearest;
use text_format::plural;

use crate::error::bad_input;
use crate::exit::Exit;
use crate::workspace::Workspace;

/// Downloads the missing or damaged files of a dataset.
pub(super) fn fetch(workspace: &Workspace, name: &str) -> crate::Result<Exit> {
    let Some(dataset) = DatasetName::from_name(name) else {
        let near = nearest(name, DatasetName::NAMES.iter().copied());
        let hint = near.map_or_else(String::new, |n| format!(" (did you mean `{n}`?)"));
        return Err(bad_input(format!(
            "unknown dataset `{name}`{hint}; known datasets: {}",
            DatasetName::NAMES.join(", ")
        )));
    };
    let folder = workspace.data();
    if data::check(dataset, &folder).is_ok() {
        crate::text::output!("{name}: all files are present and match their checksums");
        return Ok(Exit::Ok);
    }
    let bar = indicatif::ProgressBar::new(0).with_style(
        indicatif::ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes}")
            .unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()),
    );
    let fetched = data::fetch::fetch(dataset, &folder, &mut |file, bytes, total| {
        bar.set_message(file);
        bar.set_length(total.unwrap_or(bytes));
        bar.set_position(bytes);
    });
    bar.finish_and_clear();
    crate::text::output!(
        "{name}: {} downloaded and verified",
        plural::count(fetched?.len(), "file")
    );
    Ok(Exit::Ok)
}
