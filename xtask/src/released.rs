//! Programs of a release: an unchanged checkout of a tag takes those that were built for it
//! instead of compiling for half an hour. Each is compared with the release's `SHA256SUMS`.
//! `--build` compiles all the same, and so does every failure, with a line that says why.

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

/// Compiles although a release has the programs.
pub(crate) const BUILD: &str = "--build";

/// Address of the releases, with folders named by tag, or `none`; default: those of the
/// GitHub repository that `origin` names.
const ADDRESS_VARIABLE: &str = "SWEEP_RELEASES";

const SUMS: &str = "SHA256SUMS";

/// The version of libtorch that the worker of a release is built with: the one that is
/// brought where none is asked for.
const LIBTORCH: &str = "2.9";

/// The variable by which the dynamic loader finds libraries.
const LIBRARIES: &str = "LD_LIBRARY_PATH";

/// Beside a worker: the folder of the libtorch that it was started with last.
const FOUND: &str = "libtorch";

/// The worker of a release.
struct Worker {
    program: PathBuf,
    /// Where it finds libtorch, as the value of [`LIBRARIES`]; `None` where it needs none.
    libraries: Option<OsString>,
}

/// A tag and where its programs are.
struct Release {
    tag: String,
    /// The commit of the checkout.
    commit: String,
    /// Address of the folder.
    address: String,
    /// Where they are kept.
    folder: PathBuf,
    /// SHA-256 of each file, once asked for.
    sums: BTreeMap<String, String>,
}

/// Takes the command line over where this is an unchanged checkout of a tag in which nothing
/// was compiled; does not return where the programs of its release could be started. `None`
/// where everything is to be compiled.
pub(crate) fn hand_over(root: &Path, verb: &str, args: &[String]) -> Result<Option<ExitCode>> {
    if std::env::var_os(WORKER_VARIABLE).is_some() || build::sweep_path(root)?.exists() {
        return Ok(None);
    }
    let Some(mut release) = Release::of(root)? else { return Ok(None) };
    match release.start(root, verb, args) {
        Ok(code) => Ok(Some(code)),
        Err(error) => {
            eprintln!(
                "xtask: the programs of release {} are not used, compiling them: {error:#}",
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
        // A tag may be moved, and its release made again.
        let name = format!("{}-{}", tag.replace('/', "-"), commit.get(..12).unwrap_or(&commit));
        let folder = build::target_dir(root)?.join("released").join(name);
        Ok(Some(Release { tag, commit, address, folder, sums: BTreeMap::new() }))
    }

    /// Brings what the command line needs, then becomes `sweep`.
    fn start(&mut self, root: &Path, verb: &str, args: &[String]) -> Result<ExitCode> {
        let sweep = self.program("sweep", "sweep")?;
        self.program("sweep-report", "sweep-report")?;
        let works = Command::new(&sweep).arg("--version").stdout(Stdio::null()).status();
        ensure!(works.is_ok_and(|status| status.success()), "they do not start on this machine");
        let mut command = Command::new(&sweep);
        // For verbs that only ask what a worker can do.
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

    /// A worker that was brought before.
    fn brought(&self) -> Option<Worker> {
        let of = |device: &str| self.folder.join(bundle::worker_name(device)).join("sweep-worker");
        let (torch, flex) = (of(&format!("torch{LIBTORCH}")), of("flex"));
        let libraries = fs::read_to_string(torch.with_file_name(FOUND)).ok().map(OsString::from);
        if torch.exists() && libraries.is_some() {
            return Some(Worker { program: torch, libraries });
        }
        flex.exists().then_some(Worker { program: flex, libraries: None })
    }

    /// Brings the worker that is needed, and libtorch for it.
    fn worker(&mut self, root: &Path, needs: &Needs) -> Result<Option<Worker>> {
        if !needs.train {
            return Ok(None);
        }
        if !needs.libtorch {
            let program = self.program(&bundle::worker_name("flex"), "sweep-worker")?;
            return Ok(Some(Worker { program, libraries: None }));
        }
        ensure!(!needs.python, "their worker is built with libtorch {LIBTORCH}, not with Python's");
        let kind = if needs.cuda { libtorch::Kind::Cuda } else { libtorch::Kind::Cpu };
        let Libtorch::Folder(folder) = libtorch::provision(root, kind)? else {
            bail!("their worker is built with libtorch {LIBTORCH}, not with yours");
        };
        let version = torch_version::of_folder(&folder).unwrap_or_default();
        ensure!(
            version.starts_with(&format!("{LIBTORCH}.")),
            "their worker is built with libtorch {LIBTORCH}, and {version} is asked for"
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

    /// Brings a program under a name, where it is not there yet.
    fn program(&mut self, file: &str, name: &str) -> Result<PathBuf> {
        // A folder for each worker, beside which lies nothing else of its name.
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
        eprintln!("xtask: bringing {packed} of release {}", self.tag);
        let brought = self.checked(&packed)?;
        let partial = folder.join(format!(".{name}.{}", std::process::id()));
        let mut gzip = Command::new("gzip");
        build::run(gzip.arg("-dc").arg(&brought).stdout(File::create(&partial)?))?;
        fs::set_permissions(&partial, fs::Permissions::from_mode(0o755))?;
        fs::rename(&partial, &program)?;
        fs::remove_file(&brought)?;
        Ok(program)
    }

    /// Checks that the release was made of the commit that is checked out.
    fn is_of_this_commit(&self) -> Result<()> {
        let file = self.checked(bundle::RELEASE_COMMIT)?;
        let made_of = fs::read_to_string(&file)?;
        fs::remove_file(file)?;
        let made_of = made_of.trim();
        ensure!(
            made_of == self.commit,
            "they were made of commit {made_of}, and {} is checked out",
            self.commit
        );
        Ok(())
    }

    /// Downloads a file of the release, and compares it with its sum.
    fn checked(&self, file: &str) -> Result<PathBuf> {
        let expected = self.sums.get(file).with_context(|| format!("{SUMS} has no {file}"))?;
        let brought = self.bring(file)?;
        let found = archive::sha256(&mut File::open(&brought)?)?;
        if found != *expected {
            let _ = fs::remove_file(&brought);
            bail!("{file} has SHA-256 {found}, and {SUMS} has {expected}");
        }
        Ok(brought)
    }

    /// Downloads a file of the release beside the programs.
    fn bring(&self, file: &str) -> Result<PathBuf> {
        let to = self.folder.join(format!("{file}.{}", std::process::id()));
        fs::create_dir_all(&self.folder)?;
        archive::download(&format!("{}/{file}", self.address), &to)?;
        Ok(to)
    }
}

/// Lines of `sha256sum`, by name.
fn sums(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once("  "));
    pairs.map(|(hash, name)| (name.trim().to_owned(), hash.to_ascii_lowercase())).collect()
}

/// Where GitHub keeps the releases of a remote; `None` for other hosts.
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
