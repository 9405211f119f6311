//! Which arguments a development verb takes: an unknown one is refused before anything
//! is built.

/// Flags of verbs, those with a value ending in `=`. Verbs that are not listed read their
/// arguments themselves.
const FLAGS: [(&str, &[&str]); 9] = [
    ("ci", &[]),
    ("readers", &[]),
    ("programs", &["--faulty"]),
    ("tidy", &[]),
    ("libtorch", &["--cuda"]),
    ("golden", &["--write"]),
    ("check-data", &["--only=", "--keep"]),
    ("check-reports", &["--seed=", "--only=", "--keep", "together", "nights"]),
    ("workflow", &["--full", "--keep", "--fork"]),
];

/// Returns what is wrong with the arguments of a verb; none where nothing is.
pub(crate) fn unknown(verb: &str, args: &[String]) -> Option<String> {
    let (_, flags) = FLAGS.iter().find(|(name, _)| *name == verb)?;
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let takes_value = flags.iter().any(|flag| flag.strip_suffix('=') == Some(arg));
        if takes_value && rest.next().is_none() {
            return Some(format!("`{verb} {arg}` needs a value"));
        }
        if !takes_value && !flags.contains(&arg.as_str()) {
            let known: Vec<&str> = flags.iter().map(|flag| flag.trim_end_matches('=')).collect();
            let known = match known.is_empty() {
                true => "it takes no arguments".to_owned(),
                false => format!("it takes {}", known.join(", ")),
            };
            return Some(format!("`{verb}` does not know `{arg}`; {known}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(verb: &str, args: &str) -> Option<String> {
        let args: Vec<String> = args.split_whitespace().map(str::to_owned).collect();
        unknown(verb, &args)
    }

    #[test]
    fn what_a_verb_does_not_know_is_refused() {
        assert_eq!(
            of("golden", "--wirte").unwrap(),
            "`golden` does not know `--wirte`; it takes --write"
        );
        assert_eq!(of("tidy", "all").unwrap(), "`tidy` does not know `all`; it takes no arguments");
        assert_eq!(of("check-data", "--only").unwrap(), "`check-data --only` needs a value");
        assert!(of("check-reports", "nights --olny x").is_some());
    }

    #[test]
    fn what_it_knows_is_taken() {
        for (verb, args) in [
            ("golden", "--write"),
            ("golden", ""),
            ("check-reports", "nights --only drifts"),
            ("check-reports", "--seed 3 --keep"),
            ("workflow", "--full --fork"),
            ("test", "some_filter --nocapture"),
        ] {
            assert_eq!(of(verb, args), None, "{verb} {args}");
        }
    }
}
