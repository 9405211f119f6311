//! Batch scripts and flags of `sbatch`. The functions are pure, so that `--plan` shows exactly
//! what is submitted.

use std::path::Path;

use spec::slurm::SlurmSettings;

use crate::error::bad_input;
use crate::python;

/// Time limit in seconds below which tasks get no warning a minute before its end.
const SHORT_LIMIT: u64 = 300;
/// Exit code of a task whose node does not see the report folder.
pub const NOT_SEEN: i32 = 78;

/// Facts that all jobs of an attempt share.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    /// Name of the sweep.
    pub name: &'a str,
    /// Number of the attempt, from 1.
    pub number: u64,
    /// Eight hexadecimal digits that no other attempt has.
    pub key: &'a str,
    /// Content of the file `nonce` in the attempt's folder.
    pub nonce: &'a str,
    /// The report folder, absolute.
    pub dir: &'a Path,
    /// Folder that data is relative to, absolute.
    pub root: &'a Path,
    /// Copy of `sweep` that tasks run.
    pub program: &'a Path,
    /// Settings of `[slurm]`.
    pub settings: &'a SlurmSettings,
    /// Whether workers load the torch of the Python on the nodes.
    pub python: bool,
}

impl Attempt<'_> {
    /// Returns the name of the jobs of an array: `sweep-battle-1a2b3c4d.0`.
    pub fn array_name(&self, array: usize) -> String {
        array_name(self.name, self.key, array)
    }

    /// Returns the name of the job that writes the report.
    pub fn report_name(&self) -> String {
        report_name(self.name, self.key)
    }

    /// Returns the flags of an array of `tasks` tasks.
    pub fn array_flags(&self, array: usize, tasks: u64) -> Vec<String> {
        let s = self.settings;
        let mut flags = self.common(&self.array_name(array));
        let most = s.max_parallel.map_or_else(String::new, |n| format!("%{n}"));
        flags.push(format!("--array=0-{}{most}", tasks.saturating_sub(1)));
        let log = format!("logs/{}.{array}.%a.log", self.number);
        flags.push(format!("--output={}/{log}", percent(self.dir)));
        flags.extend(["--open-mode=append", "--requeue"].map(str::to_owned));
        flags.push(format!("--cpus-per-task={}", s.cpus));
        if s.gpus > 0 {
            flags.push(format!("--gres=gpu:{}", s.gpus));
        }
        if let Some(time) = s.time_flag() {
            flags.push(format!("--time={time}"));
        }
        if let Some(mem) = &s.mem {
            flags.push(format!("--mem={mem}"));
        }
        if s.time.is_none_or(|limit| limit >= SHORT_LIMIT) {
            // Signals only our process, a minute before the limit; it ends its runs itself.
            flags.push("--signal=B:TERM@60".to_owned());
        }
        flags.extend(s.extra.iter().cloned());
        flags
    }

    /// Returns the flags of the job that writes the report once the jobs `after` have ended.
    pub fn report_flags(&self, after: &[u64]) -> Vec<String> {
        let mut flags = self.common(&self.report_name());
        let ids: String = after.iter().map(|id| format!(":{id}")).collect();
        flags.push(format!("--dependency=afterany{ids}"));
        flags.push("--kill-on-invalid-dep=yes".to_owned());
        flags.push(format!("--output={}/logs/{}.report.log", percent(self.dir), self.number));
        flags.push("--open-mode=append".to_owned());
        flags
    }

    /// Returns the flags of the short job that checks whether nodes see the folders. It requests
    /// the nodes of the tasks, but no other resource that it would have to wait for.
    pub fn look_flags(&self) -> Vec<String> {
        let mut flags = self.common(&look_name(self.name, self.key));
        flags.extend(["--output=/dev/null", "--no-requeue"].map(str::to_owned));
        flags.extend(self.settings.extra.iter().filter(|flag| chooses_nodes(flag)).cloned());
        flags
    }

    fn common(&self, name: &str) -> Vec<String> {
        let mut flags = vec!["--parsable".to_owned(), format!("--job-name={name}")];
        flags.push(format!("--chdir={}", self.root.display()));
        let s = self.settings;
        for (flag, value) in [("partition", &s.partition), ("account", &s.account)] {
            if let Some(value) = value {
                flags.push(format!("--{flag}={value}"));
            }
        }
        flags
    }

    /// Returns the script of a task. It uses `exec`, so that signals reach our process.
    pub fn array_script(&self, array: usize) -> String {
        let task_id = format!("attempt {}, array {array}", self.number);
        let what = format!(
            "task {} --attempt {} --array {array} --chunk \"$SLURM_ARRAY_TASK_ID\"",
            quoted(self.dir),
            self.number
        );
        self.script(&task_id, &what)
    }

    /// Returns the script of the job that writes the report.
    pub fn report_script(&self) -> String {
        let task_id = format!("attempt {}, report", self.number);
        let what = format!("gather {}", quoted(self.dir));
        self.script(&task_id, &what)
    }

    fn script(&self, task_id: &str, what: &str) -> String {
        let mut out = format!("#!/bin/bash\n# sweep {}, {task_id}\n", self.name);
        out.push_str(&self.seen());
        out.push_str(&python::handed_on().unwrap_or_default());
        for line in &self.settings.setup {
            out.push_str(line);
            out.push('\n');
        }
        out.push_str(&format!("exec {} {what}\n", quoted(self.program)));
        out
    }

    /// Returns the lines that check that the node sees the report folder, by its nonce.
    fn seen(&self) -> String {
        let nonce = quoted(&nonce_file(self.dir, self.number));
        format!(
            "if [ \"$(cat {nonce} 2>/dev/null)\" != {} ]; then\n  \
             echo \"sweep: $(hostname) does not see the sweep's folder: it is not shared, or chunks/{} is gone\" >&2\n  \
             exit {NOT_SEEN}\nfi\n",
            self.nonce, self.number
        )
    }

    /// Returns the script of the job that checks the folders; its exit code names the missing one.
    pub fn look_script(&self, worker: &Path, folders: &[(i32, &Path)]) -> String {
        let mut out = format!("#!/bin/bash\n# sweep {}, do nodes see its folders?\n", self.name);
        out.push_str(&self.seen());
        for (code, folder) in folders {
            out.push_str(&format!("[ -r {} ] || exit {code}\n", quoted(folder)));
        }
        for line in &self.settings.setup {
            out.push_str(line);
            out.push('\n');
        }
        if self.python {
            out.push_str(&python::in_shell());
        }
        out.push_str(&format!("{} --probe >/dev/null || exit {WORKER_FAILS}\n", quoted(worker)));
        out
    }
}

/// Returns whether a flag of `extra` selects nodes, or a quality of service or reservation.
fn chooses_nodes(flag: &str) -> bool {
    const CHOOSE: &[(&str, char)] = &[
        ("clusters", 'M'),
        ("constraint", 'C'),
        ("exclude", 'x'),
        ("nodefile", 'F'),
        ("nodelist", 'w'),
        ("qos", 'q'),
        ("reservation", '\0'),
    ];
    match flag.strip_prefix("--") {
        // `sbatch` accepts abbreviated flags.
        Some(long) => {
            let name = long.split('=').next().unwrap_or_default();
            CHOOSE.iter().any(|(whole, _)| !name.is_empty() && whole.starts_with(name))
        }
        None => CHOOSE.iter().any(|(_, short)| flag.chars().nth(1) == Some(*short)),
    }
}

/// Exit code of the checking job if the worker does not start.
pub const WORKER_FAILS: i32 = 79;

/// Suffix of the name of the job that writes the report.
pub const REPORT: &str = ".report";

/// Returns the name of an array's jobs.
pub fn array_name(name: &str, key: &str, array: usize) -> String {
    format!("sweep-{name}-{key}.{array}")
}

/// Returns the name of the job that writes the report.
pub fn report_name(name: &str, key: &str) -> String {
    format!("sweep-{name}-{key}{REPORT}")
}

/// Returns the name of the job that checks the folders.
pub fn look_name(name: &str, key: &str) -> String {
    format!("sweep-{name}-{key}.look")
}

/// Returns the path of the nonce, which a node can only read if it sees the folder.
pub fn nonce_file(dir: &Path, attempt: u64) -> std::path::PathBuf {
    dir.join("chunks").join(attempt.to_string()).join("nonce")
}

/// Quotes a path for the shell, in single quotes.
pub fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// Escapes `%`, which begins a placeholder in Slurm's file names.
fn percent(path: &Path) -> String {
    path.display().to_string().replace('%', "%%")
}

/// Checks that scripts and flags can hold a path.
///
/// # Errors
/// Bad input: the path has control characters or backslashes, or is not UTF-8.
pub fn check_path(path: &Path) -> crate::Result<()> {
    let fits = path.to_str().is_some_and(|p| !p.contains(|c: char| c.is_control() || c == '\\'));
    if fits {
        return Ok(());
    }
    Err(bad_input(format!(
        "{} has characters that Slurm cannot pass on\n  move the repository to a folder with a plain name",
        crate::text::plain(&path.display().to_string())
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(settings: &SlurmSettings, dir: &str) -> String {
        let attempt = Attempt {
            name: "battle",
            number: 3,
            key: "1a2b3c4d",
            nonce: "c0ffee",
            dir: Path::new(dir),
            root: Path::new("/shared/sweeps"),
            program: Path::new("/shared/sweeps/reports/battle/bin/5eed/sweep"),
            settings,
            python: false,
        };
        let worker = Path::new("/shared/sweeps/reports/battle/bin/5eed/sweep-worker");
        format!(
            "{}\n\n{}\n{}\n\n{}\n{}\n\n{}",
            attempt.array_flags(1, 250).join("\n"),
            attempt.array_script(1),
            attempt.report_flags(&[12, 13]).join("\n"),
            attempt.report_script(),
            attempt.look_flags().join("\n"),
            attempt.look_script(worker, &[(1, Path::new("/shared/sweeps/data"))])
        )
    }

    #[test]
    fn only_what_was_asked_for_is_passed_on() {
        insta::assert_snapshot!(shown(&SlurmSettings::default(), "/shared/sweeps/reports/battle"));
    }

    #[test]
    fn everything_that_can_be_asked_for() {
        let settings = SlurmSettings {
            partition: Some("gpu".to_owned()),
            account: Some("lab".to_owned()),
            time: Some(90 * 60),
            mem: Some("24G".to_owned()),
            cpus: 8,
            gpus: 2,
            max_parallel: Some(10),
            setup: vec!["module load cuda/12.8".to_owned()],
            extra: vec!["--exclude=gpu07".to_owned()],
            ..SlurmSettings::default()
        };
        insta::assert_snapshot!(shown(&settings, "/shared/a 100% 'odd' place/battle"));
    }

    #[test]
    fn a_short_limit_leaves_no_minute_for_a_warning() {
        let flags = |time| {
            shown(&SlurmSettings { time: Some(time), ..SlurmSettings::default() }, "/shared/x")
        };
        assert!(!flags(240).contains("--signal") && flags(300).contains("--signal=B:TERM@60"));
    }

    #[test]
    fn paths_that_no_script_can_hold_are_refused() {
        assert!(check_path(Path::new("/shared/a b's")).is_ok());
        for path in ["/shared/a\nb", "/shared/a\\b", "/shared/\u{1b}[31m"] {
            assert!(check_path(Path::new(path)).is_err(), "{path:?}");
        }
    }

    #[test]
    fn the_job_that_looks_asks_for_the_nodes_of_the_tasks() {
        for flag in ["--nodelist=n1", "--nodel=n1", "-wn1", "-x n7", "--qos=long", "-Ca100"] {
            assert!(chooses_nodes(flag), "{flag}");
        }
        for flag in ["--gres=gpu:8", "--exclusive", "--begin=18:00", "--hold", "-H", "-N2"] {
            assert!(!chooses_nodes(flag), "{flag}");
        }
    }
}
