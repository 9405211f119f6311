//! Settings of `[slurm]` in the sweep file or the user's own configuration: the resources that
//! `--launcher slurm` requests. They are not part of any id.

use serde::{Deserialize, Serialize};

/// Default of [`SlurmSettings::poll_seconds`], in seconds.
pub const POLL_SECONDS: u64 = 30;

crate::settings! {
    /// Resources of the tasks on a cluster. A key that is left out passes no flag, so the site's
    /// default applies.
    SlurmSettings in "slurm" {
        /// `--partition`; several are separated by commas.
        partition: Option<String> = None => "a name", "the site's";
        /// `--account`.
        account: Option<String> = None => "a name", "the site's";
        /// `--time` of a task, stored in seconds; Slurm counts whole minutes.
        time: Option<u64> = None => "\"30m\", \"2h\", \"3d\", \"HH:MM:SS\", \"D-HH:MM:SS\"", "the partition's limit";
        /// `--mem` of a task, in Slurm's notation.
        mem: Option<String> = None => "\"4G\", \"500M\", \"0\" for all of a node", "the site's";
        /// `--cpus-per-task`: processors of a task, shared by its runs.
        cpus: u64 = 1, Within(1.0, 4096.0);
        /// GPUs of a task (`--gres=gpu:N`).
        gpus: u64 = 0, Within(0.0, 64.0);
        /// Largest number of tasks of each array that run at once (`%N`); by default as many as
        /// Slurm allows.
        max_parallel: Option<u64> = None, Within(1.0, 1e5);
        /// Runs per task; `"auto"` estimates their time.
        runs_per_task: RunsPerTask = RunsPerTask::Auto => "a whole number or \"auto\"", "\"auto\"";
        /// Lines of bash that a task executes before its runs: `module load cuda`.
        setup: Vec<String> = Vec::new() => "a list of strings", "none";
        /// Further `sbatch` flags for the tasks, passed through unchanged.
        extra: Vec<String> = Vec::new() => "a list of flags", "none";
        /// Seconds between two polls of Slurm with `--watch`.
        poll_seconds: u64 = POLL_SECONDS, Within(1.0, 3600.0);
        /// Whether a short job checks, before anything is submitted, that the nodes see the
        /// folders, if the submitting host cannot tell.
        check_folder: bool = true, Any;
    }
}

impl SlurmSettings {
    /// Returns the value of `--time` as `D-HH:MM:SS`, rounded up to whole minutes as Slurm does;
    /// `None` without [`SlurmSettings::time`].
    pub fn time_flag(&self) -> Option<String> {
        let minutes = self.time?.div_ceil(60);
        let (days, hours) = (minutes / (24 * 60), minutes / 60 % 24);
        Some(format!("{days}-{hours:02}:{:02}:00", minutes % 60))
    }
}

/// Returns the seconds of a time in one of Slurm's forms: `M`, `M:SS`, `H:MM:SS`, `D-H`,
/// `D-H:MM`, `D-H:MM:SS`. `None` for anything else, and for a field of 60 seconds, 60 minutes
/// or 24 hours and more after a larger unit.
pub fn time_in_seconds(text: &str) -> Option<u64> {
    let number = |s: &str| {
        let digits = (1..=9).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| s.parse::<u64>().ok()).flatten()
    };
    let (days, rest) = match text.split_once('-') {
        Some((days, rest)) => (Some(number(days)?), rest),
        None => (None, text),
    };
    let fields: Vec<u64> = rest.split(':').map(number).collect::<Option<_>>()?;
    let (hours, minutes, seconds) = match (days, &fields[..]) {
        (None, [m]) => (0, *m, 0),
        (None, [m, s]) if *s < 60 => (0, *m, *s),
        (None, [h, m, s]) if *m < 60 && *s < 60 => (*h, *m, *s),
        (Some(_), [h]) if *h < 24 => (*h, 0, 0),
        (Some(_), [h, m]) if *h < 24 && *m < 60 => (*h, *m, 0),
        (Some(_), [h, m, s]) if *h < 24 && *m < 60 && *s < 60 => (*h, *m, *s),
        _ => return None,
    };
    Some(days.unwrap_or(0) * 86_400 + hours * 3_600 + minutes * 60 + seconds)
}

/// The number of runs that one task of an array trains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunsPerTask {
    /// The number of runs that are estimated to take about a quarter of an hour.
    #[default]
    Auto,
    /// This number, at least 1.
    Number(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_slurm_reads_them() {
        for (text, seconds) in [
            ("30", 30 * 60),
            ("90:00", 90 * 60),
            ("01:30", 90),
            ("00:30:00", 30 * 60),
            ("36:00:01", 36 * 3_600 + 1),
            ("1-12", 36 * 3_600),
            ("1-12:30", 36 * 3_600 + 30 * 60),
            ("7-00:00:05", 7 * 86_400 + 5),
        ] {
            assert_eq!(time_in_seconds(text), Some(seconds), "{text}");
        }
        for text in [
            "",
            "-",
            ":",
            "1-",
            "-1",
            "1:60",
            "1:60:00",
            "1-24",
            "1-2:3:4:5",
            "1:2:3:4",
            " 30",
            "30 ",
            "+30",
            "1.5",
            "30m",
            "1-1-1",
            "1-12:",
            "9999999999",
            "unlimited",
            "\u{0661}",
        ] {
            assert_eq!(time_in_seconds(text), None, "{text}");
        }
    }

    #[test]
    fn the_flag_is_in_whole_minutes_never_shorter() {
        let flag = |time| SlurmSettings { time, ..SlurmSettings::default() }.time_flag();
        assert_eq!(flag(None), None);
        assert_eq!(flag(Some(60)).unwrap(), "0-00:01:00");
        assert_eq!(flag(Some(61)).unwrap(), "0-00:02:00");
        assert_eq!(flag(Some(86_399)).unwrap(), "1-00:00:00");
        assert_eq!(flag(Some(90_061)).unwrap(), "1-01:02:00");
        assert_eq!(flag(Some(365 * 86_400)).unwrap(), "365-00:00:00");
    }
}
