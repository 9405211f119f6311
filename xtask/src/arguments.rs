//! Arguments of xtask's own verbs: declaration, parsing and error messages. A verb declares
//! its flags, values and their help once, as a clap command. An error is one line with its
//! remedy, where clap itself would print several lines.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command, Error};

/// A reason not to run the verb.
#[derive(Debug, PartialEq)]
pub(crate) enum EarlyExit {
    /// The help that was asked for.
    Help(String),
    /// One line: the problem with the arguments, and its remedy.
    UsageError(String),
}

/// Declares a verb.
pub(crate) fn verb(name: &'static str, about: &'static str) -> Command {
    // Cargo may build this with the features of `sweep`, by which clap wraps lines.
    Command::new(name).about(about).term_width(0)
}

/// Declares a flag, which may be repeated.
pub(crate) fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue).overrides_with(name)
}

/// Declares a flag with a value; if it is repeated, the last value counts.
pub(crate) fn option(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help).overrides_with(name)
}

/// Declares a positional argument that takes any number of values.
pub(crate) fn positionals(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).value_name(value).help(help).num_args(0..)
}

/// Returns the values of [`positionals`].
pub(crate) fn values_of(matches: &ArgMatches, name: &str) -> Vec<String> {
    matches.get_many::<String>(name).unwrap_or_default().cloned().collect()
}

/// Parses the arguments of a verb.
///
/// # Errors
/// The arguments are invalid, or ask for help.
pub(crate) fn parse(command: Command, args: &[String]) -> Result<ArgMatches, EarlyExit> {
    let usage = format!("cargo xtask {}", synopsis(&command));
    let mut command = command.override_usage(usage);
    let mut line = vec![OsString::from(command.get_name())];
    // Arguments that are passed on are not parsed here, even those that begin with a dash.
    let passed_on = command.get_arguments().any(Arg::is_trailing_var_arg_set);
    let asks = args.first().is_some_and(|first| first == "--help" || first == "-h");
    if passed_on && !asks {
        line.push("--".into());
    }
    line.extend(args.iter().map(OsString::from));
    command.try_get_matches_from_mut(line).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp => EarlyExit::Help(error.to_string()),
        _ => EarlyExit::UsageError(usage_error(&command, &error)),
    })
}

/// Returns a verb with its arguments, as usage lines show them: `golden [--write]`.
pub(crate) fn synopsis(command: &Command) -> String {
    let mut parts = vec![command.get_name().to_owned()];
    let required = command.get_groups().find(|group| group.is_required_set());
    let (one_of, others): (Vec<&Arg>, Vec<&Arg>) = declared(command).partition(|arg| {
        required.is_some_and(|group| group.get_args().any(|member| member == arg.get_id()))
    });
    if !one_of.is_empty() {
        parts.push(format!(
            "({})",
            one_of.into_iter().map(arg_synopsis).collect::<Vec<_>>().join(" | ")
        ));
    }
    parts.extend(others.into_iter().map(|arg| format!("[{}]", arg_synopsis(arg))));
    parts.join(" ")
}

/// Returns the arguments without `--help`, which clap adds.
fn declared(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| arg.get_id() != "help")
}

/// Returns an argument with its value: `--only TEXT`, `--write`, `NAME..`.
fn arg_synopsis(arg: &Arg) -> String {
    let values = arg.get_possible_values();
    let value = match values.is_empty() || arg.is_hide_possible_values_set() {
        true => value_name(arg),
        false => values.iter().map(|value| value.get_name()).collect::<Vec<_>>().join(" | "),
    };
    let many = arg.get_num_args().is_some_and(|number| number.max_values() > 1);
    match arg.get_long() {
        Some(long) if value.is_empty() => format!("--{long}"),
        Some(long) => format!("--{long} {value}"),
        None if many => format!("{value}.."),
        None => value,
    }
}

/// Returns the name of an argument without its value: `--only`, `NAME`.
fn arg_name(arg: &Arg) -> String {
    arg.get_long().map_or_else(|| value_name(arg), |long| format!("--{long}"))
}

fn value_name(arg: &Arg) -> String {
    arg.get_value_names().unwrap_or_default().join(" ")
}

/// Returns one line: the problem and its remedy.
fn usage_error(command: &Command, error: &Error) -> String {
    let verb = command.get_name();
    let find = |shown: &str| command.get_arguments().find(|arg| arg.to_string() == shown);
    let names = |kind| -> Vec<String> {
        let texts = context(error, kind).into_iter();
        texts.map(|text| find(&text).map_or(text, arg_name)).collect()
    };
    let given = context(error, ContextKind::InvalidArg).join(", ");
    let name = names(ContextKind::InvalidArg).join(", ");
    let value = context(error, ContextKind::InvalidValue).join(", ");
    match error.kind() {
        ErrorKind::UnknownArgument => unknown_argument(command, &given),
        ErrorKind::InvalidValue if value.is_empty() => {
            let whole = find(&given).map_or(given, arg_synopsis);
            format!("`{verb} {name}` needs a value: `{verb} {whole}`")
        }
        ErrorKind::InvalidValue => {
            let known = context(error, ContextKind::ValidValue).join(", ");
            format!("`{verb} {name}` cannot be `{value}`; it can be {known}")
        }
        ErrorKind::ValueValidation => {
            // The value parsers describe a valid value in their error.
            let remedy = std::error::Error::source(error).map(ToString::to_string);
            format!("`{verb} {name}` cannot be `{value}`; {}", remedy.unwrap_or_default())
        }
        ErrorKind::TooManyValues => format!("`{verb} {name}` takes no value; remove `{value}`"),
        ErrorKind::ArgumentConflict => {
            let others = names(ContextKind::PriorArg);
            match others.contains(&name) {
                true => format!("`{verb}` takes {name} only once; remove the other"),
                false => {
                    let left = if others.len() > 1 { &name } else { "one of them" };
                    let others = others.join(" and ");
                    format!("`{verb}` does not take {name} together with {others}; remove {left}")
                }
            }
        }
        ErrorKind::MissingRequiredArgument => {
            format!("`{verb}` needs another argument: `cargo xtask {}`", synopsis(command))
        }
        _ => {
            let told = error.to_string();
            let first = told.lines().next().unwrap_or_default().trim_start_matches("error: ");
            format!("`{verb}`: {first}; `cargo xtask {verb} --help` lists its arguments")
        }
    }
}

/// Returns one line about an unknown or surplus argument, with the known arguments.
fn unknown_argument(command: &Command, arg: &str) -> String {
    let verb = command.get_name();
    let known: Vec<String> = declared(command).map(arg_synopsis).collect();
    let known = match known.is_empty() {
        true => "no arguments".to_owned(),
        false => known.join(", "),
    };
    let words = command.get_positionals().next().is_some();
    match words && !arg.starts_with('-') {
        true => format!("`{verb}`: surplus argument `{arg}`; it takes {known}"),
        false => format!("`{verb}` does not know `{arg}`; it takes {known}"),
    }
}

/// Returns one piece of the context that clap attaches to an error.
fn context(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

/// Parses arguments that are separated by spaces.
#[cfg(test)]
pub(crate) fn parse_line(command: Command, line: &str) -> Result<ArgMatches, EarlyExit> {
    parse(command, &line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

/// Returns the error message for invalid arguments that are separated by spaces.
#[cfg(test)]
pub(crate) fn refused(command: Command, line: &str) -> String {
    match parse_line(command, line) {
        Err(EarlyExit::UsageError(problem)) => problem,
        other => panic!("{line}: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A verb with an argument of each kind.
    fn paint() -> Command {
        let colors = ["red", "green"];
        let worker = clap::ArgGroup::new("worker").args(["rust", "python"]).required(true);
        verb("paint", "paint a wall")
            .arg(Arg::new("color").value_name("COLOR").value_parser(colors))
            .arg(flag("twice", "two coats").conflicts_with("only"))
            .arg(option("only", "WALL", "this wall"))
            .arg(option("coats", "N", "so many").value_parser(coats))
            .arg(Arg::new("rust").long("rust").action(ArgAction::SetTrue))
            .arg(Arg::new("python").long("python").value_name("VERSION"))
            .group(worker)
    }

    fn coats(text: &str) -> Result<u8, &'static str> {
        text.parse().map_err(|_| "it takes a number")
    }

    #[test]
    fn each_problem_is_a_line_with_the_verb_and_the_remedy() {
        let takes =
            "it takes red | green, --twice, --only WALL, --coats N, --rust, --python VERSION";
        for (line, expected) in [
            ("--rust --onyl x", format!("`paint` does not know `--onyl`; {takes}")),
            ("--rust --twic", format!("`paint` does not know `--twic`; {takes}")),
            ("--rust -t", format!("`paint` does not know `-t`; {takes}")),
            ("--rust red green", format!("`paint`: surplus argument `green`; {takes}")),
            ("--rust --only", "`paint --only` needs a value: `paint --only WALL`".to_owned()),
            ("--only --rust", "`paint --only` needs a value: `paint --only WALL`".to_owned()),
            ("--rust blue", "`paint COLOR` cannot be `blue`; it can be red, green".to_owned()),
            ("--rust --coats x", "`paint --coats` cannot be `x`; it takes a number".to_owned()),
            ("--rust=yes", "`paint --rust` takes no value; remove `yes`".to_owned()),
            (
                "--rust --twice --only x",
                "`paint` does not take --twice together with --only; remove one of them".to_owned(),
            ),
            (
                "--rust --python 3",
                "`paint` does not take --rust together with --python; remove one of them"
                    .to_owned(),
            ),
            ("--rust --rust", "`paint` takes --rust only once; remove the other".to_owned()),
            (
                "red",
                "`paint` needs another argument: `cargo xtask paint (--rust | --python VERSION) \
                 [red | green] [--twice] [--only WALL] [--coats N]`"
                    .to_owned(),
            ),
        ] {
            assert_eq!(refused(paint(), line), expected, "{line}");
        }
    }

    #[test]
    fn what_is_declared_is_read_and_the_last_of_a_value_counts() {
        let given = parse_line(paint(), "--only a green --rust --only=b --coats 3").unwrap();
        assert_eq!(given.get_one::<String>("only").map(String::as_str), Some("b"));
        assert_eq!(given.get_one::<u8>("coats"), Some(&3));
        assert_eq!(values_of(&given, "color"), ["green"]);
        let given = parse_line(paint(), "--twice --rust --twice").unwrap();
        assert!(given.get_flag("twice") && values_of(&given, "color").is_empty());
        let dash = parse_line(verb("paint", "").arg(positionals("wall", "WALL", "")), "-- -a --b")
            .unwrap();
        assert_eq!(values_of(&dash, "wall"), ["-a", "--b"]);
    }

    #[test]
    fn help_has_the_purpose_the_usage_and_every_argument() {
        for line in ["--help", "-h", "red --help", "--only x --help"] {
            let Err(EarlyExit::Help(text)) = parse_line(paint(), line) else { panic!("{line}") };
            let usage = "Usage: cargo xtask paint (--rust | --python VERSION) [red | green]";
            assert!(text.contains(usage) && text.contains("paint a wall"), "{text}");
            for part in ["[COLOR]", "--twice ", "two coats", "--only <WALL>", "this wall"] {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
    }

    #[test]
    fn what_is_passed_on_is_not_read() {
        let command = || verb("test", "").arg(positionals("all", "ARG", "").trailing_var_arg(true));
        for line in ["a --nocapture", "--nocapture", "-- --exact a", "a -- --help", "a -h", ""] {
            let given = parse_line(command(), line).unwrap();
            assert_eq!(values_of(&given, "all").join(" "), line);
        }
        assert!(matches!(parse_line(command(), "--help"), Err(EarlyExit::Help(_))));
    }
}
