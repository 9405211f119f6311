//! `cargo xtask bundle`: the programs, small data and the experiments in one folder, for
//! Linux machines without Rust. The worker uses the libtorch of the Python there, or computes
//! on flex and needs none.

mod folder;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, value_parser};

use crate::arguments::{option, verb};
use crate::{build, libtorch};

use folder::{commit, free, needed_glibc, pack, seal, staging};

/// The backend of a bundle's worker.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Device {
    /// Burn's backend in pure Rust.
    Flex,
    /// The torch of the target machine's Python, with this version: `2.11`.
    Python(String),
}

/// A request for bundles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// Backend of the one bundle to make; `None`: all files of a release.
    device: Option<Device>,
    output: Option<PathBuf>,
}

/// Versions of libtorch for which a release has a worker, beside the one for flex. The first
/// is the version that a checkout downloads by default; such a checkout can use the release's
/// programs.
const RELEASED: [&str; 2] = ["2.9", "2.11"];

/// Newest glibc (major, minor) that programs of a release may need: that of Ubuntu 22.04.
const GLIBC: (u32, u32) = (2, 35);

/// Largest size of the packed programs, in bytes.
const MOST_PACKED: u64 = 36_000_000;

/// The file with the SHA-256 sums of all other files of a bundle; written last.
const SEAL: &str = "SHA256SUMS";

/// The file that names the sources of a bundle: a commit, followed by the hash of uncommitted
/// changes, if any.
const COMMIT: &str = "bin/COMMIT";

/// The same file in a release, which is made from a clean checkout.
pub(crate) const RELEASE_COMMIT: &str = "COMMIT";

const PROGRAMS: [&str; 3] = ["sweep", "sweep-report", "sweep-worker"];

/// Folders whose tracked files are included: experiments with the published numbers, small
/// data, and the baselines of nights.
const FOLDERS: [&str; 3] = ["experiments", "data", "reports/baselines"];
const FILES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// Declares the verb. A bundle has one worker, so the flags that choose it exclude each other.
pub(crate) fn declare() -> clap::Command {
    let libtorch = Arg::new("libtorch").long("libtorch").value_name("python:2.11");
    let device = Arg::new("device").long("device").value_name("DEVICE");
    let release = Arg::new("release").long("release").action(ArgAction::SetTrue);
    verb("bundle", "put the programs into a folder for Linux machines without Rust")
        .arg(
            libtorch
                .value_parser(parse_libtorch)
                .help("compute with the torch of the target's Python"),
        )
        .arg(device.value_parser(["flex"]).help("compute in pure Rust, without libtorch"))
        .arg(release.help("make every file of a release"))
        .group(ArgGroup::new("worker").args(["libtorch", "device", "release"]).required(true))
        .arg(
            option("output", "DIR", "output folder (default: below target/bundle)")
                .value_parser(value_parser!(PathBuf)),
        )
}

/// Reads the value of `--libtorch`.
fn parse_libtorch(text: &str) -> Result<Device, &'static str> {
    let version = text.strip_prefix("python:").filter(|version| !version.is_empty());
    version.map(|v| Device::Python(v.to_owned())).ok_or("give a version, as in python:2.11")
}

impl Request {
    /// Reads the parsed arguments.
    pub(crate) fn from_matches(matches: &ArgMatches) -> Request {
        let device = match matches.get_flag("release") {
            true => None,
            false => Some(matches.get_one("libtorch").cloned().unwrap_or(Device::Flex)),
        };
        Request { device, output: matches.get_one("output").cloned() }
    }
}

/// Returns the name of a worker among the files of a release: `sweep-worker-flex`.
pub(crate) fn worker_name(device: &str) -> String {
    format!("sweep-worker-{device}")
}

impl Device {
    /// Returns the name of a bundle's folder.
    fn folder(&self) -> String {
        format!("sweep-linux-x86_64-{}", self.name())
    }

    /// Returns the backend's part of the folder name: `flex`, `torch2.11`.
    fn name(&self) -> String {
        match self {
            Device::Flex => "flex".to_owned(),
            Device::Python(version) => format!("torch{version}"),
        }
    }

    /// Builds the worker and returns its path.
    fn worker(&self, root: &Path) -> Result<PathBuf> {
        let Device::Python(version) = self else { return build::flex_worker(root) };
        build::portable_worker(root, version, &libtorch::of_version(root, version)?)
    }
}

/// Makes the requested bundle or release, and returns its folder.
///
/// # Errors
/// A program cannot be built, a file cannot be written, the programs are too large, or the
/// output folder holds other files.
pub(crate) fn make(root: &Path, request: &Request) -> Result<PathBuf> {
    let name = request.device.as_ref().map_or_else(|| "release".to_owned(), Device::folder);
    let output = match &request.output {
        Some(folder) => std::path::absolute(folder)?,
        None => build::target_dir(root)?.join("bundle").join(name),
    };
    match &request.device {
        Some(device) => drop(bundle(root, device, &output)?),
        None => release(root, &output)?,
    }
    Ok(output)
}

/// Makes the files of a release: an archive of each bundle, the programs alone, and the
/// SHA-256 sums.
fn release(root: &Path, output: &Path) -> Result<()> {
    free(output)?;
    let commit = commit(root)?;
    ensure!(
        !commit.trim().contains(' '),
        "there are uncommitted changes; a release is made from a clean checkout of a tag"
    );
    let staging = staging(output)?;
    fs::write(staging.join(RELEASE_COMMIT), commit)?;
    let torch = RELEASED.map(|version| Device::Python(version.to_owned()));
    for device in [Device::Flex].into_iter().chain(torch) {
        let name = device.folder();
        let folder = staging.join(&name);
        let glibc = bundle(root, &device, &folder)?;
        ensure!(
            glibc <= GLIBC,
            "the programs need glibc {}.{}; build them on an older system",
            glibc.0,
            glibc.1
        );
        let packed = |program: &str| folder.join("bin").join(program).with_extension("gz");
        for program in &PROGRAMS[..2] {
            fs::copy(packed(program), staging.join(program).with_extension("gz"))?;
        }
        let worker = format!("{}.gz", worker_name(&device.name()));
        fs::copy(packed(PROGRAMS[2]), staging.join(worker))?;
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(&staging).arg("-czf").arg(staging.join(format!("{name}.tar.gz")));
        build::run(tar.arg(&name))?;
        fs::remove_dir_all(&folder)?;
    }
    seal(&staging)?;
    if output.exists() {
        fs::remove_dir_all(output)?;
    }
    Ok(fs::rename(&staging, output)?)
}

/// Makes a bundle; returns the glibc version (major, minor) that its programs need.
fn bundle(root: &Path, device: &Device, output: &Path) -> Result<(u32, u32)> {
    free(output)?;
    let sweep = build::sweep(root)?;
    let worker = device.worker(root)?;
    let staging = staging(output)?;
    fs::create_dir_all(staging.join("bin"))?;
    fs::write(staging.join(COMMIT), commit(root)?)?;
    let programs = [sweep, build::report_path(root)?, worker];
    let (mut packed, mut glibc) = (0, (0, 0));
    for (name, program) in PROGRAMS.iter().zip(&programs) {
        packed += pack(program, &staging.join("bin").join(name))?;
        glibc = glibc.max(needed_glibc(program)?);
    }
    ensure!(
        packed <= MOST_PACKED,
        "the packed programs have {packed} bytes; at most {MOST_PACKED} are allowed"
    );
    copy_tracked(root, &staging)?;
    write_scripts(root, device, glibc, &staging)?;
    seal(&staging)?;
    if output.exists() {
        fs::remove_dir_all(output)?;
    }
    fs::rename(&staging, output)?;
    eprintln!(
        "xtask: {} holds the programs ({:.1} MB packed), data and experiments; {}/sweep.sh doctor checks a machine",
        output.display(),
        packed as f64 / 1e6,
        output.display()
    );
    Ok(glibc)
}

/// Copies the tracked files of [`FOLDERS`], and [`FILES`].
fn copy_tracked(root: &Path, to: &Path) -> Result<()> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "-z", "--"]).args(FOLDERS).args(FILES);
    let output = git.output().context("cannot start git")?;
    ensure!(output.status.success(), "git cannot list the files; run this in a git checkout");
    let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    for name in names {
        let name = Path::new(std::str::from_utf8(name)?);
        // Deleted, but still in the index.
        if !root.join(name).exists() {
            continue;
        }
        let target = to.join(name);
        fs::create_dir_all(target.parent().context("a file has a folder")?)?;
        fs::copy(root.join(name), &target).with_context(|| name.display().to_string())?;
    }
    Ok(())
}

fn write_scripts(root: &Path, device: &Device, glibc: (u32, u32), to: &Path) -> Result<()> {
    let template = fs::read_to_string(root.join("xtask/bundle/sweep.sh"))?;
    let (python, environment) = match device {
        Device::Flex => (String::new(), String::new()),
        Device::Python(version) => (
            format!(
                ", and torch {version} in the python3\n# on the PATH: `module load` or `activate` it first"
            ),
            "# The worker loads the libtorch of python3.\nexport LIBTORCH_USE_PYTORCH=1".to_owned(),
        ),
    };
    let script = template
        .replace("@glibc@", &format!("{}.{}", glibc.0, glibc.1))
        .replace("@python@", &python)
        .replace("@environment@", &environment);
    let path = to.join("sweep.sh");
    fs::write(&path, script)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    fs::copy(root.join("xtask/python/gpu_check.py"), to.join("gpu_check.py"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::{parse_line, refused};

    fn parsed(line: &str) -> Request {
        Request::from_matches(&parse_line(declare(), line).unwrap())
    }

    #[test]
    fn one_worker_is_asked_for() {
        assert_eq!(parsed("--device flex"), Request { device: Some(Device::Flex), output: None });
        assert_eq!(parsed("--release").device, None);
        let torch = parsed("--output out --libtorch python:2.11");
        assert_eq!(torch.device.unwrap().name(), "torch2.11");
        assert_eq!(torch.output.as_deref(), Some(Path::new("out")));
        for (line, remedy) in [
            ("", "(--libtorch python:2.11 | --device flex | --release) [--output DIR]"),
            ("--device", "--device flex"),
            ("--device cuda", "it can be flex"),
            ("--libtorch 2.11", "as in python:2.11"),
            ("--libtorch python:", "as in python:2.11"),
            ("--device flex --libtorch python:2.11", "remove one of them"),
            ("--release --device flex", "remove one of them"),
            ("--device flex --device flex", "remove the other"),
            ("flex", "it takes --libtorch python:2.11, --device flex, --release, --output DIR"),
        ] {
            let problem = refused(declare(), line);
            assert!(problem.contains(remedy), "{line}: {problem}");
        }
    }

    #[test]
    fn a_folder_of_something_else_is_left_alone() {
        let root = build::root().unwrap();
        let made = tempfile::tempdir().unwrap();
        fs::write(made.path().join("thesis.tex"), "x").unwrap();
        for device in [Some(Device::Flex), None] {
            let request = Request { device, output: Some(made.path().to_path_buf()) };
            let said = make(&root, &request).unwrap_err().to_string();
            assert!(said.contains("is not part of a bundle"), "{said}");
        }
        assert!(made.path().join("thesis.tex").exists());
    }

    #[test]
    fn the_script_is_whole_for_both_and_shell_understands_it() {
        let root = build::root().unwrap();
        for device in [Device::Flex, Device::Python("2.11".to_owned())] {
            let made = tempfile::tempdir().unwrap();
            write_scripts(&root, &device, GLIBC, made.path()).unwrap();
            let text = fs::read_to_string(made.path().join("sweep.sh")).unwrap();
            assert!(!text.contains('@') || text.contains("\"$@\""), "{text}");
            assert_eq!(text.matches('@').count(), text.matches("\"$@\"").count(), "{text}");
            assert_eq!(text.contains("LIBTORCH_USE_PYTORCH=1"), device != Device::Flex);
            let sh = Command::new("sh").arg("-n").arg(made.path().join("sweep.sh")).status();
            assert!(sh.unwrap().success());
        }
    }
}
