//! Checks of the surroundings of a sweep: datasets, disk, machine, sources.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use spec::DatasetName;
use spec::dataset::DatasetSpec;
use spec::own_data::Unusable;
use spec::plan::Plan;
use spec::provenance::Provenance;
use text_format::plural;

use super::finding::{Finding, Level};
use super::unless;
use crate::provenance::cpus;
use crate::workspace::Workspace;

const MB: u64 = 1_000_000;
/// Free disk space in bytes below which a check fails.
const DISK_LEAST: u64 = 200 * MB;
/// Free disk space in bytes below which a check warns.
const DISK_ENOUGH: u64 = 2_000 * MB;
/// Free memory in bytes below which a check warns.
const MEMORY_ENOUGH: u64 = 512 * MB;

/// Checks every built-in dataset; only those of the plan are needed.
pub(super) fn datasets(workspace: &Workspace, plan: Option<&Plan>) -> Vec<Finding> {
    DatasetName::ALL
        .iter()
        .map(|name| {
            let needed = plan.is_some_and(|plan| {
                let spec = DatasetSpec::from(*name);
                plan.runs.iter().any(|r| r.spec.data.dataset == spec)
            });
            dataset(*name, needed, data::check(*name, &workspace.data()))
        })
        .collect()
}

fn dataset(name: DatasetName, needed: bool, checked: Result<(), data::DataError>) -> Finding {
    match checked {
        Ok(()) => {
            let files = plural::count(name.info().files.len(), "file");
            Finding::ok("dataset", format!("{name}: {files}, checksums match"))
        }
        // A dataset that is not committed is downloaded when it is needed.
        Err(data::DataError::Missing { .. }) if !needed && !name.info().is_committed() => {
            Finding::ok(
                "dataset",
                format!("{name}: not downloaded; `cargo xtask fetch {name}` downloads it"),
            )
        }
        Err(error) => {
            let Unusable { problem, remedy } = error.parts();
            let remedy = remedy.unwrap_or_else(|| format!("`cargo xtask fetch {name}`"));
            Finding::bad(unless(needed), "dataset", format!("{name}: {problem}"), remedy)
        }
    }
}

/// Checks the disk space for reports and for temporary files.
pub(super) fn disk(workspace: &Workspace) -> Vec<Finding> {
    let reports = workspace.root().join("reports");
    // The first sweep creates the folder, in the root.
    let at = if reports.exists() { reports } else { workspace.root().to_path_buf() };
    vec![place("disk", &at), place("temp", &std::env::temp_dir())]
}

fn place(topic: &'static str, folder: &Path) -> Finding {
    let move_it = match topic {
        "temp" => "set TMPDIR to another folder",
        _ => "give another folder: `--root DIR`, or SWEEP_ROOT",
    };
    if !folder.exists() {
        return Finding::bad(
            Level::Fail,
            topic,
            format!("{} does not exist", folder.display()),
            format!("create it, or {move_it}"),
        );
    }
    if !folder.is_dir() {
        return Finding::bad(
            Level::Fail,
            topic,
            format!("{} is a file, not a folder", folder.display()),
            format!("move it away, or {move_it}"),
        );
    }
    if let Err(error) = try_to_write(folder) {
        return Finding::bad(
            Level::Fail,
            topic,
            format!("{} cannot be written to: {error}", folder.display()),
            format!("fix its permissions or its disk, or {move_it}"),
        );
    }
    match rustix::fs::statvfs(folder) {
        Ok(info) => space(topic, folder, info.f_bavail.saturating_mul(info.f_frsize)),
        Err(error) => Finding::bad(
            Level::Warn,
            topic,
            format!("{}: free space is unknown: {error}", folder.display()),
            move_it,
        ),
    }
}

/// Writes a file of 4096 bytes into the folder and removes it.
pub(super) fn try_to_write(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".sweep-doctor-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    let written = file.write_all(&[0; 4096]).and_then(|()| file.sync_data());
    std::fs::remove_file(&path).and(written)
}

fn space(topic: &'static str, folder: &Path, free: u64) -> Finding {
    let text = format!("{} free in {}", bytes(free), folder.display());
    let level = match free {
        f if f < DISK_LEAST => Level::Fail,
        f if f < DISK_ENOUGH => Level::Warn,
        _ => return Finding::ok(topic, text),
    };
    let least = bytes(if level == Level::Fail { DISK_LEAST } else { DISK_ENOUGH });
    Finding::bad(level, topic, text, format!("free some space: at least {least} is needed"))
}

/// Formats a number of bytes: `490 MB`, `6.2 GB`.
fn bytes(n: u64) -> String {
    let mb = n / MB;
    if mb < 1_000 { format!("{mb} MB") } else { format!("{:.1} GB", mb as f64 / 1e3) }
}

/// Checks processor, memory and load.
pub(super) fn machine() -> Vec<Finding> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    // The load counts all processors, also those that this process may not use.
    let all = info.lines().filter(|l| l.starts_with("processor")).count() as u64;
    let mut out = vec![hardware(cpus(), processor(&info), available(&read("/proc/meminfo")))];
    out.extend(load(first_number(&read("/proc/loadavg")), all.max(cpus())));
    out
}

fn processor(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find_map(|l| l.strip_prefix("model name")?.split_once(':'));
    line.map(|(_, name)| name.trim())
}

/// Returns MemAvailable in bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn first_number(loadavg: &str) -> Option<f64> {
    loadavg.split_whitespace().next()?.parse().ok()
}

fn hardware(cpus: u64, processor: Option<&str>, memory: Option<u64>) -> Finding {
    let cores = plural::count(cpus, "core");
    let free = memory.map_or_else(|| "memory unknown".to_owned(), |m| format!("{} free", bytes(m)));
    let text = format!("{cores}, {free} memory; {}", processor.unwrap_or("processor unknown"));
    let text = text.replace("memory unknown memory", "memory unknown");
    match memory {
        Some(memory) if memory < MEMORY_ENOUGH => Finding::bad(
            Level::Warn,
            "machine",
            text,
            "end other programs, or run fewer side by side: `--jobs 1`",
        ),
        _ => Finding::ok("machine", text),
    }
}

fn load(load: Option<f64>, cores: u64) -> Option<Finding> {
    let load = load?;
    let text = format!("{load:.1} on {}", plural::count(cores, "core"));
    Some(if load > cores as f64 {
        Finding::bad(
            Level::Warn,
            "load",
            format!("{text}: timings will be inaccurate"),
            "for accurate timings wait for other programs to end, and use `--timing`",
        )
    } else {
        Finding::ok("load", text)
    })
}

/// Checks which commit results will name.
pub(super) fn sources(from: &Provenance, root: &Path, has_git: bool) -> Finding {
    let root = root.display();
    match (&from.git_commit, from.git_dirty) {
        (Some(commit), dirty) => {
            let short: String = commit.chars().take(12).collect();
            let changed =
                if dirty == Some(true) { ", with uncommitted changes" } else { ", clean" };
            Finding::ok("sources", format!("commit {short}{changed}, in {root}"))
        }
        (None, _) if has_git => Finding::bad(
            Level::Warn,
            "sources",
            format!("git cannot read {root}: results will not record a commit"),
            format!("`git -C {root} rev-parse HEAD` prints the reason"),
        ),
        (None, _) => Finding::ok(
            "sources",
            format!("{root} is not in git: results will not record a commit"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_bytes_decide_the_level() {
        let level = |free| space("disk", Path::new("/r"), free).level;
        assert_eq!(level(0), Level::Fail);
        assert_eq!(level(DISK_LEAST - 1), Level::Fail);
        assert_eq!(level(DISK_LEAST), Level::Warn);
        assert_eq!(level(DISK_ENOUGH), Level::Ok);
        let finding = space("disk", Path::new("/r"), 150 * MB);
        assert_eq!(finding.text, "150 MB free in /r");
        assert_eq!(finding.remedy.as_deref(), Some("free some space: at least 200 MB is needed"));
        assert_eq!(bytes(6_249 * MB), "6.2 GB");
    }

    #[test]
    fn folders_that_cannot_be_written_are_told() {
        let folder = tempfile::tempdir().unwrap();
        assert_ne!(place("disk", folder.path()).level, Level::Fail);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
        let file = folder.path().join("reports");
        std::fs::write(&file, "").unwrap();
        let finding = place("disk", &file);
        assert_eq!(finding.level, Level::Fail);
        assert!(finding.text.ends_with("is a file, not a folder"), "{finding:?}");
        let gone = place("temp", &folder.path().join("gone"));
        assert_eq!(gone.level, Level::Fail);
        assert!(gone.remedy.unwrap().contains("TMPDIR"));
    }

    #[test]
    fn a_dataset_that_is_missing_is_bad_where_it_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let of = |needed| {
            let checked = data::check(DatasetName::Mnist, folder.path());
            dataset(DatasetName::Mnist, needed, checked)
        };
        assert_eq!(of(false).level, Level::Warn);
        let needed = of(true);
        assert_eq!(needed.level, Level::Fail);
        assert!(needed.text.starts_with("mnist: ") && !needed.text.contains("remedy"));
        assert!(needed.remedy.unwrap().contains("cargo xtask fetch mnist"));
        let cifar = |needed| {
            dataset(DatasetName::Cifar10, needed, data::check(DatasetName::Cifar10, folder.path()))
        };
        assert_eq!((cifar(false).level, cifar(true).level), (Level::Ok, Level::Fail));
        assert!(cifar(false).text.ends_with("`cargo xtask fetch cifar10` downloads it"));
        let fine = dataset(DatasetName::Digits, true, Ok(()));
        assert_eq!(fine, Finding::ok("dataset", "digits: 1 file, checksums match"));
    }

    #[test]
    fn the_machine_is_read() {
        let info = "processor\t: 0\nmodel name\t: AMD EPYC 9B14\nprocessor\t: 1\n";
        assert_eq!(processor(info), Some("AMD EPYC 9B14"));
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:   2048 kB\n"), Some(2 << 20));
        assert_eq!(first_number("5.40 4.98 3.42 1/2 3\n"), Some(5.4));
        let good = hardware(2, Some("AMD"), Some(8_000 * MB));
        assert_eq!(good, Finding::ok("machine", "2 cores, 8.0 GB free memory; AMD"));
        assert_eq!(hardware(1, None, None).text, "1 core, memory unknown; processor unknown");
        assert_eq!(hardware(1, None, Some(100 * MB)).level, Level::Warn);
    }

    #[test]
    fn a_busy_machine_is_a_warning() {
        assert_eq!(load(None, 2), None);
        assert_eq!(load(Some(2.0), 2).unwrap().level, Level::Ok);
        let busy = load(Some(5.44), 2).unwrap();
        assert_eq!(
            (busy.level, busy.text.as_str()),
            (Level::Warn, "5.4 on 2 cores: timings will be inaccurate")
        );
    }

    #[test]
    fn sources_are_information() {
        let mut from = Provenance::default();
        let of = |from: &Provenance, git| sources(from, Path::new("/r"), git);
        assert_eq!(of(&from, false).level, Level::Ok);
        assert_eq!(of(&from, true).level, Level::Warn);
        from.git_commit = Some("0123456789abcdef".to_owned());
        from.git_dirty = Some(true);
        assert_eq!(of(&from, true).text, "commit 0123456789ab, with uncommitted changes, in /r");
        from.git_dirty = Some(false);
        assert_eq!(of(&from, true).text, "commit 0123456789ab, clean, in /r");
    }
}
