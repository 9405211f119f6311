//! The verbs of the command line, as entries for a terminal and as the reference in
//! `crates/runner/CLI.md`.

use clap::CommandFactory as _;
use clap_markdown::MarkdownOptions;

use super::{Entry, entry};
use crate::cli::Cli;

/// Returns the command line as `cargo xtask` takes it, where `run` is called `sweep`.
fn command() -> clap::Command {
    let command = Cli::command().name("cargo xtask").bin_name("cargo xtask");
    command.mut_subcommands(|verb| if verb.get_name() == "run" { verb.name("sweep") } else { verb })
}

/// Returns an entry for each verb.
pub(super) fn entries() -> Vec<Entry> {
    let command = command();
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let about = |verb: &clap::Command| verb.get_about().map(ToString::to_string);
    verbs.map(|verb| entry(verb.get_name(), &about(verb).unwrap_or_default())).collect()
}

/// Returns usage, arguments and options of every verb as Markdown.
pub(super) fn markdown() -> String {
    let options = MarkdownOptions::new().show_footer(false).show_table_of_contents(false);
    let page = clap_markdown::help_markdown_command_custom(&command(), &options);
    // Other parts of the document have the exit codes and the list of verbs before the first one.
    let verbs = page.split_once("\n## `cargo xtask sweep`").map(|(_, verbs)| verbs);
    verbs.map_or(page.clone(), |verbs| format!("## `cargo xtask sweep`{verbs}"))
}
