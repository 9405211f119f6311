//! Tests over every verb of the table.

use std::collections::BTreeSet;

use clap::Arg;

use super::*;
use crate::arguments::{self, EarlyExit, parse_line};

fn declarations() -> impl Iterator<Item = Command> {
    DEVELOPMENT.iter().map(|verb| (verb.declare)())
}

/// The verb that passes its arguments on to the test programs.
const PASSES_ON: &str = "test";

/// Declarations of all verbs but [`PASSES_ON`].
fn reading() -> impl Iterator<Item = Command> {
    declarations().filter(|verb| verb.get_name() != PASSES_ON)
}

/// Returns the error message for a command line; it must be one line that names the verb.
fn refused(verb: &Command, line: &str) -> String {
    let problem = arguments::refused(verb.clone(), line);
    assert!(problem.starts_with(&format!("`{}", verb.get_name())), "{problem}");
    assert!(!problem.contains('\n'), "{problem}");
    problem
}

fn flags(verb: &Command) -> impl Iterator<Item = (&Arg, &str)> {
    verb.get_arguments().filter_map(|arg| Some((arg, arg.get_long()?)))
}

#[test]
fn every_verb_is_in_the_help_and_every_line_of_it_is_a_verb() {
    let help = help();
    let (verbs, _) = help.split_once("\nIn an unchanged checkout").unwrap();
    let (_, verbs) = verbs.split_once("\nSweeps ").unwrap();
    let named: Vec<&str> = verbs
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|word| !word.is_empty())
        .collect();
    let hidden = ["run", "needs", reporter::VERB];
    let declared: Vec<Command> = declarations().collect();
    let all = HANDED_OVER.iter().map(|verb| verb.name);
    let all = all.chain(declared.iter().map(Command::get_name));
    let all: Vec<&str> = all.filter(|name| !hidden.contains(name)).collect();
    assert_eq!(named, all);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
    assert!(help.lines().all(|line| line.len() <= 100), "{help}");
}

#[test]
fn every_argument_is_in_the_help() {
    let all = help();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for mut verb in declarations() {
        let usage = format!("Usage: cargo xtask {}", synopsis(&verb));
        assert!(all.contains(&format!("\n  {}", synopsis(&verb))) || verb.is_hide_set());
        verb.build();
        for line in ["--help", "-h"] {
            let Err(EarlyExit::Help(text)) = parse_line(verb.clone(), line) else {
                panic!("{} {line}", verb.get_name())
            };
            assert!(text.contains(&usage), "{text}");
            for arg in verb.get_arguments() {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(text.contains(&arg.to_string()), "{arg}: {text}");
                assert!(!help.is_empty() && words(&text).contains(&words(&help)), "{text}");
            }
        }
    }
}

#[test]
fn an_unknown_flag_of_each_verb_is_refused() {
    for verb in reading() {
        for line in ["--no-such-flag", "-z", "--no-such-flag=3"] {
            let problem = refused(&verb, line);
            let unknown = line.split('=').next().unwrap();
            assert!(problem.contains(&format!("does not know `{unknown}`")), "{problem}");
            for (_, long) in flags(&verb) {
                assert!(problem.contains(&format!("--{long}")), "{problem}");
            }
        }
    }
    let golden = (find("golden").unwrap().declare)();
    assert_eq!(refused(&golden, "--wirte"), "`golden` does not know `--wirte`; it takes --write");
}

#[test]
fn an_abbreviation_of_a_flag_or_of_a_verb_is_not_taken() {
    for verb in reading() {
        assert!(find(&verb.get_name()[..verb.get_name().len() - 1]).is_none());
        for (_, long) in flags(&verb) {
            let short = &long[..long.len() - 1];
            let problem = refused(&verb, &format!("--{short}"));
            assert!(problem.contains(&format!("does not know `--{short}`")), "{problem}");
        }
    }
}

#[test]
fn a_value_that_is_missing_is_named_and_so_is_one_that_a_flag_does_not_take() {
    let mut with_value = 0;
    for verb in reading() {
        let name = verb.get_name();
        for (arg, long) in flags(&verb) {
            if arg.get_action().takes_values() {
                let problem = refused(&verb, &format!("--{long}"));
                assert!(problem.contains(&format!("`{name} --{long}` needs a value")), "{problem}");
                with_value += 1;
            } else {
                let problem = refused(&verb, &format!("--{long}=yes"));
                assert!(problem.ends_with("takes no value; remove `yes`"), "{problem}");
            }
        }
    }
    assert!(with_value > 5, "{with_value}");
}

#[test]
fn a_surplus_argument_is_refused() {
    for verb in reading() {
        let positional = verb.get_positionals().next();
        let words = match positional {
            // Takes any number of values.
            Some(arg) if arg.get_num_args().is_some() => continue,
            Some(arg) => format!("{} all", arg.get_possible_values()[0].get_name()),
            None => "all".to_owned(),
        };
        let problem = refused(&verb, &words);
        assert!(problem.contains("`all`") && problem.contains("it takes "), "{problem}");
    }
    let ci = (find("ci").unwrap().declare)();
    assert_eq!(refused(&ci, "all"), "`ci` does not know `all`; it takes no arguments");
}

#[test]
fn what_a_verb_knows_is_taken() {
    for line in [
        "golden --write",
        "golden",
        "programs --faulty",
        "page a_test another",
        "libtorch --cuda",
        "check-data --only hostile --keep",
        "check-reports nights --only drifts",
        "check-reports --seed 3 --keep",
        "workflow --full --fork --keep",
        "test some_filter --nocapture",
        "sweep-report --background",
        "help",
    ] {
        let (name, args) = line.split_once(' ').unwrap_or((line, ""));
        let verb = (find(name).unwrap().declare)();
        verb.clone().debug_assert();
        assert!(parse_line(verb, args).is_ok(), "{line}");
    }
}
