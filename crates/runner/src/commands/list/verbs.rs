//! The verbs of the command line and the exit codes, for a terminal and as the reference in `crates/runner/CLI.md`.

use clap::CommandFactory as _;
use clap_markdown::MarkdownOptions;

use super::markdown::{cell, row};
use crate::cli::Cli;
use crate::exit::Exit;
use crate::text::{columns, wrapped_at};

/// Columns of a terminal that a verb's name takes.
const LEFT: usize = 12;

/// Returns the command line as `cargo xtask` takes it, where `run` is called `sweep`.
fn command() -> clap::Command {
    let command = Cli::command().name("cargo xtask").bin_name("cargo xtask");
    command.mut_subcommands(|verb| if verb.get_name() == "run" { verb.name("sweep") } else { verb })
}

/// Returns a line for each verb.
pub(super) fn text() -> String {
    let width = columns();
    let mut out = "Verbs; `cargo xtask VERB --help` shows the options of one\n\n".to_owned();
    for verb in command().get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
        let about = wrapped_at(&about, LEFT + 4, width);
        out.push_str(&format!("  {:LEFT$}  {}\n", verb.get_name(), about.trim_start()));
    }
    out
}

/// Returns usage, arguments and options of every verb as Markdown.
pub(super) fn markdown() -> String {
    let options = MarkdownOptions::new().show_footer(false).show_table_of_contents(false);
    let page = clap_markdown::help_markdown_command_custom(&command(), &options);
    // The exit codes and the list of verbs in front of the first verb are told elsewhere.
    let verbs = page.split_once("\n## `cargo xtask sweep`").map(|(_, verbs)| verbs);
    verbs.map_or(page.clone(), |verbs| format!("## `cargo xtask sweep`{verbs}"))
}

/// Returns a line for each exit code.
pub(super) fn exit_codes_text() -> String {
    let width = columns();
    let lines = Exit::ALL.map(|exit| {
        let meaning = wrapped_at(exit.meaning(), 7, width);
        format!("  {:>3}  {}\n", exit as i32, meaning.trim_start())
    });
    format!("Exit codes\n\n{}", lines.concat())
}

/// Returns the exit codes as a Markdown table.
pub(super) fn exit_codes_markdown() -> String {
    let rows =
        Exit::ALL.map(|exit| row([(exit as i32).to_string(), cell(exit.meaning())].into_iter()));
    format!("| code | meaning |\n|---|---|\n{}", rows.concat())
}
