//! Programs of a release: an unchanged checkout of a tag downloads the programs that were built
//! for it instead of compiling for half an hour. Each is verified with the release's
//! `SHA256SUMS`. With `--build`, or after any failure, which is printed, they are compiled.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::libtorch::{self, Libtorch, archive};
use crate::needs::{self, Asked, Needs, WORKER_VARIABLE};
use crate::{build, bundle};

/// Flag that compiles the programs even if a release has them.
pub(crate) const BUILD: &str = "--build";

/// Environment variable with the address of the releases, which has a folder for each tag, or
/// `none`. Default: the releases of the GitHub repository of `origin`.
const ADDRESS_VARIABLE: &str = "SWEEP_RELEASES";

const SUMS: &str = "SHA256SUMS";

/// The version of libtorch that the worker of a release is built with: the one that is
/// downloaded by default.
const LIBTORCH: &str = "2.9";

/// Environment variable with the search path of the dynamic loader.
const LIBRARIES: &str = "LD_LIBRARY_PATH";

/// File beside a worker with the libtorch folder that it was last started with.
const FOUND: &str = "libtorch";

/// The worker of a release.
struct Worker {
    program: PathBuf,
    /// Value of [`LIBRARIES`] with which it finds libtorch; `None` if it needs none.
    libraries: Option<OsString>,
}

/// A tag with the address and the local folder of its programs.
struct Release {
    tag: String,
    /// Commit that is checked out.
    commit: String,
    /// Address of the release's folder.
    address: String,
    /// Local folder of the downloaded programs.
    folder: PathBuf,
    /// SHA-256 of each file; empty until downloaded.
    sums: BTreeMap<String, String>,
}

/// Handles the command line if this is an unchanged checkout of a tag in which nothing was
/// compiled. Does not return if a program of the release could be started. `None`: the
/// programs must be compiled.
pub(crate) fn hand_over(root: &Path, verb: &str, args: &[String]) -> Result<Option<ExitCode>> {
    if std::env::var_os(WORKER_VARIABLE).is_some() || build::sweep_path(root)?.exists() {
        return Ok(None);
    }
    let Some(mut release) = Release::of(root)? else { return Ok(None) };
    match release.start(root, verb, args) {
        Ok(code) => Ok(Some(code)),
        Err(error) => {
            eprintln!(
                "xtask: cannot use the programs of release {}, compiling them instead: {error:#}",
                release.tag
            );
            Ok(None)
        }
    }
}

impl Release {
    fn of(root: &Path) -> Result<Option<Release>> {
        let git = |args: &[&str]| -> Option<String> {
            let mut git = Command::new("git");
            let output = git.current_dir(root).args(args).stderr(Stdio::null()).output().ok()?;
            let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            output.status.success().then_some(text)
        };
        let Some(tag) = git(&["describe", "--tags", "--exact-match", "HEAD"]) else {
            return Ok(None);
        };
        let Some(commit) = git(&["rev-parse", "HEAD"]) else { return Ok(None) };
        let changed = git(&["status", "--porcelain", "--untracked-files=no"]);
        if changed.is_none_or(|changed| !changed.is_empty()) {
            return Ok(None);
        }
        let given = std::env::var(ADDRESS_VARIABLE).ok().filter(|address| !address.is_empty());
        let remote = || on_github(&git(&["remote", "get-url", "origin"])?);
        let base = given.or_else(remote).filter(|base| base != "none");
        let Some(base) = base else { return Ok(None) };
        let address = format!("{}/{tag}", base.trim_end_matches('/'));
        // A tag may be moved and its release replaced.
        let name = format!("{}-{}", tag.replace('/', "-"), commit.get(..12).unwrap_or(&commit));
        let folder = build::target_dir(root)?.join("released").join(name);
        Ok(Some(Release { tag, commit, address, folder, sums: BTreeMap::new() }))
    }

    /// Downloads what the command line needs, then replaces this process by `sweep`.
    fn start(&mut self, root: &Path, verb: &str, args: &[String]) -> Result<ExitCode> {
        let sweep = self.program("sweep", "sweep")?;
        self.program("sweep-report", "sweep-report")?;
        let works = Command::new(&sweep).arg("--version").stdout(Stdio::null()).status();
        ensure!(
            works.is_ok_and(|status| status.success()),
            "the programs do not start on this machine"
        );
        let mut command = Command::new(&sweep);
        // For verbs that only query the worker's abilities.
        if let Some(worker) = self.brought() {
            command.env(WORKER_VARIABLE, worker.program);
            command.envs(worker.libraries.map(|value| (LIBRARIES, value)));
        }
        match needs::ask(&sweep, verb, args)? {
            Asked::Nothing => {}
            Asked::Refused(code) => return Ok(code),
            Asked::Needs(needs) => {
                if let Some(worker) = self.worker(root, &needs)? {
                    command.env(WORKER_VARIABLE, worker.program);
                    command.envs(worker.libraries.map(|value| (LIBRARIES, value)));
                }
            }
        }
        command.arg(needs::verb_of_sweep(verb)).args(args);
        Err(command.exec()).with_context(|| format!("cannot start {}", sweep.display()))
    }

    /// Returns a worker that was downloaded earlier.
    fn brought(&self) -> Option<Worker> {
        let of = |device: &str| self.folder.join(bundle::worker_name(device)).join("sweep-worker");
        let (torch, flex) = (of(&format!("torch{LIBTORCH}")), of("flex"));
        let libraries = fs::read_to_string(torch.with_file_name(FOUND)).ok().map(OsString::from);
        if torch.exists() && libraries.is_some() {
            return Some(Worker { program: torch, libraries });
        }
        flex.exists().then_some(Worker { program: flex, libraries: None })
    }

    /// Downloads the worker that is needed, and libtorch for it.
    fn worker(&mut self, root: &Path, needs: &Needs) -> Result<Option<Worker>> {
        if !needs.train {
            return Ok(None);
        }
        if !needs.libtorch {
            let program = self.program(&bundle::worker_name("flex"), "sweep-worker")?;
            return Ok(Some(Worker { program, libraries: None }));
        }
        ensure!(
            !needs.python,
            "the release's worker needs libtorch {LIBTORCH}, not that of Python"
        );
        let kind = if needs.cuda { libtorch::Kind::Cuda } else { libtorch::Kind::Cpu };
        let Libtorch::Folder(folder) = libtorch::provision(root, kind)? else {
            bail!(
                "the release's worker needs libtorch {LIBTORCH}, not the one that LIBTORCH names"
            );
        };
        let version = torch_version::of_folder(&folder).unwrap_or_default();
        ensure!(
            version.starts_with(&format!("{LIBTORCH}.")),
            "the release's worker needs libtorch {LIBTORCH}, but {version} is requested"
        );
        let name = bundle::worker_name(&format!("torch{LIBTORCH}"));
        let program = self.program(&name, "sweep-worker")?;
        let lib = folder.join("lib");
        fs::write(program.with_file_name(FOUND), lib.display().to_string())?;
        let mut libraries = lib.into_os_string();
        if let Some(more) = std::env::var_os(LIBRARIES).filter(|more| !more.is_empty()) {
            libraries.push(":");
            libraries.push(more);
        }
        Ok(Some(Worker { program, libraries: Some(libraries) }))
    }

    /// Downloads a program, unless it exists, and gives it this name.
    fn program(&mut self, file: &str, name: &str) -> Result<PathBuf> {
        // Each worker has its own folder, since all have the same name.
        let folder = if file == name { self.folder.clone() } else { self.folder.join(file) };
        let program = folder.join(name);
        if program.exists() {
            return Ok(program);
        }
        fs::create_dir_all(&folder)?;
        let packed = format!("{file}.gz");
        if self.sums.is_empty() {
            let file = self.bring(SUMS)?;
            self.sums = sums(&fs::read_to_string(&file)?);
            fs::remove_file(file)?;
            self.is_of_this_commit()?;
        }
        eprintln!("xtask: downloading {packed} of release {}", self.tag);
        let brought = self.checked(&packed)?;
        let partial = folder.join(format!(".{name}.{}", std::process::id()));
        let mut gzip = Command::new("gzip");
        build::run(gzip.arg("-dc").arg(&brought).stdout(File::create(&partial)?))?;
        fs::set_permissions(&partial, fs::Permissions::from_mode(0o755))?;
        fs::rename(&partial, &program)?;
        fs::remove_file(&brought)?;
        Ok(program)
    }

    /// Checks that the release was made from the commit that is checked out.
    fn is_of_this_commit(&self) -> Result<()> {
        let file = self.checked(bundle::RELEASE_COMMIT)?;
        let made_of = fs::read_to_string(&file)?;
        fs::remove_file(file)?;
        let made_of = made_of.trim();
        ensure!(
            made_of == self.commit,
            "they were built from commit {made_of}, but {} is checked out",
            self.commit
        );
        Ok(())
    }

    /// Downloads a file of the release and verifies its SHA-256 sum.
    fn checked(&self, file: &str) -> Result<PathBuf> {
        let expected = self.sums.get(file).with_context(|| format!("{SUMS} has no {file}"))?;
        let brought = self.bring(file)?;
        let found = archive::sha256(&mut File::open(&brought)?)?;
        if found != *expected {
            let _ = fs::remove_file(&brought);
            bail!("{file} has SHA-256 {found}, but {SUMS} lists {expected}");
        }
        Ok(brought)
    }

    /// Downloads a file of the release into the folder of the programs.
    fn bring(&self, file: &str) -> Result<PathBuf> {
        let to = self.folder.join(format!("{file}.{}", std::process::id()));
        fs::create_dir_all(&self.folder)?;
        archive::download(&format!("{}/{file}", self.address), &to)?;
        Ok(to)
    }
}

/// Returns the sums in the output of `sha256sum`, by file name.
fn sums(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once("  "));
    pairs.map(|(hash, name)| (name.trim().to_owned(), hash.to_ascii_lowercase())).collect()
}

/// Returns the address of GitHub's releases of a remote; `None` for other hosts.
fn on_github(remote: &str) -> Option<String> {
    let path = ["https://github.com/", "git@github.com:", "ssh://git@github.com/"]
        .iter()
        .find_map(|start| remote.strip_prefix(start))?;
    let path = path.trim_end_matches('/').trim_end_matches(".git");
    Some(format!("https://github.com/{path}/releases/download"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_found_by_the_remote() {
        let expected = Some("https://github.com/a/b/releases/download".to_owned());
        for remote in
            ["https://github.com/a/b.git", "git@github.com:a/b.git", "ssh://git@github.com/a/b/"]
        {
            assert_eq!(on_github(remote), expected, "{remote}");
        }
        assert_eq!(on_github("/srv/git/sweep"), None);
    }

    #[test]
    fn sums_are_read_by_name() {
        let read = sums("AB12  sweep.gz\ncd34  sweep-worker-flex.gz\n\nnonsense\n");
        assert_eq!(read.len(), 2);
        assert_eq!((&*read["sweep.gz"], &*read["sweep-worker-flex.gz"]), ("ab12", "cd34"));
    }
}
