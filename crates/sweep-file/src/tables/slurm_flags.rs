//! `[slurm] extra`: flags of `sbatch` that are passed through, and those that are refused because
//! the launcher needs them or because a key sets them.

/// A flag that is not passed through.
struct Owned {
    long: &'static str,
    short: Option<char>,
    why: Why,
}

enum Why {
    /// This key of `[slurm]` sets it.
    Key(&'static str),
    /// The launcher sets it or could not work with it: the reason and the remedy.
    Launcher(&'static str, &'static str),
}

const fn key(long: &'static str, short: Option<char>, key: &'static str) -> Owned {
    Owned { long, short, why: Why::Key(key) }
}

const fn own(
    long: &'static str,
    short: Option<char>,
    reason: &'static str,
    remedy: &'static str,
) -> Owned {
    Owned { long, short, why: Why::Launcher(reason, remedy) }
}

const LEAVE_OUT: &str = "remove it";
const LOGS: &str = "each task has its log in the report's folder";
const REQUEUE: &str = "the launcher decides whether a task that lost its node starts again";
const ENVIRONMENT: &str = "the launcher decides what the tasks inherit";
const SET_UP: &str = "set variables in `setup`: setup = [\"export NAME=value\"]";
const NOTHING_SUBMITTED: &str = "sbatch would answer and submit nothing";

const OWNED: &[Owned] = &[
    key("partition", Some('p'), "partition = \"gpu\""),
    key("account", Some('A'), "account = \"lab\""),
    key("time", Some('t'), "time = \"2h\""),
    key("mem", None, "mem = \"4G\""),
    key("cpus-per-task", Some('c'), "cpus = 4"),
    own(
        "array",
        Some('a'),
        "the array's tasks are made from the plan",
        "max_parallel = 50 limits concurrent tasks, runs_per_task = 20 the runs of each",
    ),
    own("output", Some('o'), LOGS, LEAVE_OUT),
    own("error", Some('e'), LOGS, LEAVE_OUT),
    own("open-mode", None, LOGS, LEAVE_OUT),
    own("job-name", Some('J'), "a sweep's jobs are found again by their name", LEAVE_OUT),
    own(
        "dependency",
        Some('d'),
        "the report's job uses it to wait for the tasks",
        "begin later with --begin=18:00, or start the sweep when the other job has ended",
    ),
    own(
        "clusters",
        Some('M'),
        "jobs of another cluster would not be found again",
        "log in to that cluster, or set SLURM_CONF to its slurm.conf",
    ),
    own("parsable", None, "the launcher passes it and reads the answer", LEAVE_OUT),
    own(
        "wrap",
        None,
        "the launcher submits its own script",
        "write what has to run first in `setup`",
    ),
    own("export", None, ENVIRONMENT, SET_UP),
    own("export-file", None, ENVIRONMENT, SET_UP),
    own(
        "wait",
        Some('W'),
        "sbatch would block the launcher until the end",
        "follow the jobs with --watch",
    ),
    own("signal", None, "the launcher requests the signal that stops a task in time", LEAVE_OUT),
    own("requeue", None, REQUEUE, LEAVE_OUT),
    own("no-requeue", None, REQUEUE, LEAVE_OUT),
    own("test-only", None, NOTHING_SUBMITTED, "--plan shows the script and its flags"),
    own("help", Some('h'), NOTHING_SUBMITTED, LEAVE_OUT),
    own("usage", Some('u'), NOTHING_SUBMITTED, LEAVE_OUT),
    own("version", Some('V'), NOTHING_SUBMITTED, LEAVE_OUT),
];

/// Short flags of `sbatch` without a value, which can be combined in one word: `-HQ`.
const WITHOUT_VALUE: &str = "HOQv";

/// The problem of a flag.
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) help: String,
}

/// Checks that a text can be passed to `sbatch` as one flag.
///
/// # Errors
/// The text is not a flag, or the flag is set by a key or by the launcher.
pub(crate) fn check(text: &str) -> Result<(), Refusal> {
    let no_flag = |label: &str, help: &str| {
        Err(Refusal {
            message: format!("`{}` is not a flag of sbatch", text.escape_debug()),
            label: label.to_owned(),
            help: help.to_owned(),
        })
    };
    if let Some(long) = text.strip_prefix("--") {
        let (name, value) = long.split_once('=').map_or((long, None), |(n, v)| (n, Some(v)));
        if let (Some((name, value)), None) = (name.split_once([' ', '\t']), value) {
            let joined = format!("write it with `=`: \"--{name}={}\"", value.trim());
            return no_flag("a space in the flag's name", &joined);
        }
        let named = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.starts_with('-') || !name.chars().all(named) {
            return no_flag(
                "a name of letters, digits and `-` must follow `--`",
                "for example \"--exclude=n7\"",
            );
        }
        // `sbatch` accepts any prefix of a flag's name.
        let exact = OWNED.iter().find(|o| o.long == name);
        return match exact.or_else(|| OWNED.iter().find(|o| o.long.starts_with(name))) {
            Some(owned) => Err(refusal(&format!("--{name}"), owned)),
            None => Ok(()),
        };
    }
    let Some(short) = text.strip_prefix('-') else {
        let help = "write a flag and its value in one string: \"--exclude=n7\"";
        return no_flag("does not begin with `-`", help);
    };
    if !short.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return no_flag("no letter after `-`", "for example \"--exclude=n7\"");
    }
    for letter in short.chars() {
        if let Some(owned) = OWNED.iter().find(|o| o.short == Some(letter)) {
            return Err(refusal(&format!("-{letter}"), owned));
        }
        if !WITHOUT_VALUE.contains(letter) {
            break;
        }
    }
    Ok(())
}

fn refusal(flag: &str, owned: &Owned) -> Refusal {
    let whole = format!("--{}", owned.long);
    let whole = if flag == whole { String::new() } else { format!(", which is `{whole}`,") };
    let (message, label, help) = match owned.why {
        Why::Key(key) => (
            format!("`{flag}`{whole} is a key of [slurm]"),
            "not passed through",
            format!("write {key}"),
        ),
        Why::Launcher(reason, remedy) => {
            (format!("`{flag}`{whole} belongs to the launcher"), reason, remedy.to_owned())
        }
    };
    Refusal { message, label: label.to_owned(), help }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_the_user_pass() {
        for flag in [
            "--gres=gpu:1",
            "--gres=gpu:a100:2",
            "--exclude=n7",
            "--mem-per-cpu=2G",
            "--mem-bind=local",
            "--time-min=10",
            "--wait-all-nodes=1",
            "--gpus-per-node=1",
            "--exclusive",
            "--qos=long",
            "--comment=a b",
            "--no-kill",
            "-H",
            "-HQ",
            "-xn7",
            "-x n7",
            "-N1",
            "-n1",
            "-Lmatlab:1",
            "-Ca100",
            "-xpart1",
        ] {
            assert!(check(flag).is_ok(), "{flag}");
        }
    }

    #[test]
    fn flags_of_the_launcher_do_not_however_they_are_written() {
        for owned in OWNED {
            let refused = |flag: &str| check(flag).err().unwrap_or_else(|| panic!("{flag}"));
            let long = format!("--{}", owned.long);
            assert!(!refused(&long).message.contains("which is"), "{long}");
            refused(&format!("{long}=x"));
            let shortened = &long[..long.len() - 1];
            assert!(refused(shortened).message.contains("which is"), "{shortened}");
            if let Some(letter) = owned.short {
                let of = |flag: &str| assert!(refused(flag).message.contains(&long), "{flag}");
                of(&format!("-{letter}"));
                of(&format!("-{letter}1"));
                of(&format!("-{letter} 1"));
                of(&format!("-HQ{letter}1"));
            }
        }
    }

    #[test]
    fn what_is_no_flag_is_refused() {
        for text in
            ["", "-", "--", "---", "--=x", "n7", " --exclude=n7", "-1", "--exclude n7", "--ä=1"]
        {
            assert!(check(text).is_err(), "{text:?}");
        }
    }
}
