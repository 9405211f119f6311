//! The libtorch that the next build of the worker uses, as xtask chooses it
//! (`xtask/src/libtorch/`).

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Need;
use super::ask::{PATIENCE, Reply, ask};
use super::finding::{Finding, Level};

/// Version that xtask downloads.
const VERSION: &str = "2.9.0";

/// Source of libtorch.
#[derive(Debug)]
pub(super) enum Libtorch {
    /// Python's torch (LIBTORCH_USE_PYTORCH); the reply holds its version and folder.
    Python(Reply),
    /// Folder that the user has set with LIBTORCH.
    Own(Folder),
    /// Folder into which the archive of LIBTORCH_URL is unpacked.
    Archive(Folder),
    /// Folders of the cache, without and with CUDA.
    Cache { cpu: Folder, cuda: Folder },
}

/// A folder that should hold `include/` and `lib/`.
#[derive(Clone, Debug, Default)]
pub(super) struct Folder {
    path: PathBuf,
    /// Whether the folder exists.
    exists: bool,
    /// Whether it holds the library and, in the cache, the file `.complete`.
    whole: bool,
    version: Option<String>,
}

impl Libtorch {
    /// Finds libtorch in xtask's order. `python` is true if the sweep file asks for Python's torch.
    pub(super) fn find(root: &Path, python: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf());
        let cache = root.join(".libtorch");
        let own = set("LIBTORCH").map(PathBuf::from);
        let base = match (set("SWEEP_LIBTORCH_DIR"), cache_of(own.as_deref())) {
            (Some(dir), _) => std::path::absolute(&dir).unwrap_or_else(|_| PathBuf::from(&dir)),
            (None, Some(named)) => named.to_path_buf(),
            (None, None) => cache,
        };
        if python || set("LIBTORCH_USE_PYTORCH").is_some() {
            let mut python = Command::new("python3");
            return Libtorch::Python(ask(python.args(["-c", torch_version::ASK_PYTHON]), PATIENCE));
        }
        if let Some(own) = own
            && !own.starts_with(&base)
            && cache_of(Some(&own)).is_none()
        {
            return Libtorch::Own(Folder::look(own, false));
        }
        if let (Some(_), Some(sha256)) = (set("LIBTORCH_URL"), set("LIBTORCH_SHA256")) {
            let hash = sha256.to_string_lossy().to_ascii_lowercase();
            let name = format!("archive-{}", hash.chars().take(16).collect::<String>());
            return Libtorch::Archive(Folder::look(base.join(name), true));
        }
        let kind = |kind| Folder::look(base.join(format!("{VERSION}-{kind}")), true);
        Libtorch::Cache { cpu: kind("cpu"), cuda: kind("cuda") }
    }

    /// Returns whether a build needs no download.
    pub(super) fn is_there(&self) -> bool {
        match self {
            Libtorch::Python(answer) => answer.first_line().is_some(),
            Libtorch::Own(folder) | Libtorch::Archive(folder) => folder.whole,
            Libtorch::Cache { cpu, cuda } => cpu.whole || cuda.whole,
        }
    }

    /// Returns the finding on libtorch.
    pub(super) fn finding(&self, need: Need) -> Finding {
        // xtask follows the variables before every sweep on libtorch.
        let level = super::unless(!need.flex_only);
        match self {
            Libtorch::Python(answer) => match answer.first_line() {
                Some(found) => {
                    let folder = answer.lines().nth(1).unwrap_or_default();
                    let of =
                        if folder.is_empty() { String::new() } else { format!(" in {folder}") };
                    let text = format!("the torch of python3{of}");
                    version(level, text, Some(found))
                }
                None => Finding::bad(
                    level,
                    "libtorch",
                    "the torch of python3 is requested, but python3 has none",
                    format!(
                        "install torch {} into it (`pip install torch=={VERSION}`), or unset \
                         LIBTORCH_USE_PYTORCH and `libtorch` in [devices] to download one",
                        torch_version::fitting()
                    ),
                ),
            },
            Libtorch::Own(folder) if folder.whole => version(
                level,
                format!("LIBTORCH: {}", folder.path.display()),
                folder.version.as_deref(),
            ),
            Libtorch::Own(folder) => Finding::bad(
                level,
                "libtorch",
                format!(
                    "LIBTORCH is {}, which holds no lib/libtorch_cpu.so",
                    folder.path.display()
                ),
                "set it to the folder that has include/ and lib/, or unset it to download libtorch",
            ),
            Libtorch::Archive(folder) if folder.whole => version(
                level,
                format!("LIBTORCH_URL: kept in {}", folder.path.display()),
                folder.version.as_deref(),
            ),
            Libtorch::Archive(_) => {
                Finding::ok("libtorch", "LIBTORCH_URL: downloaded by the first sweep")
            }
            Libtorch::Cache { cpu, cuda } => cached(cpu, cuda),
        }
    }
}

/// Returns the cache that contains the folder of `LIBTORCH`: `.cargo/config.toml` sets such a
/// path in every folder, so it is not the user's choice.
fn cache_of(libtorch: Option<&Path>) -> Option<&Path> {
    libtorch?.parent().filter(|folder| folder.ends_with(".libtorch"))
}

fn cached(cpu: &Folder, cuda: &Folder) -> Finding {
    let there: Vec<String> = [(cpu, "for the CPU"), (cuda, "with CUDA")]
        .into_iter()
        .filter(|(folder, _)| folder.whole)
        .map(|(folder, kind)| format!("{VERSION} {kind} in {}", folder.path.display()))
        .collect();
    if let Some(broken) = [cpu, cuda].into_iter().find(|f| f.exists && !f.whole) {
        return Finding::bad(
            Level::Warn,
            "libtorch",
            format!("{} is incomplete", broken.path.display()),
            "`cargo xtask libtorch` or the next sweep downloads it again",
        );
    }
    if there.is_empty() {
        return Finding::ok(
            "libtorch",
            "downloaded by the first sweep on libtorch (910 MB, 490 MB on disk)",
        );
    }
    Finding::ok("libtorch", there.join("; "))
}

/// Checks the version of the user's libtorch against those that fit the bindings.
fn version(level: Level, text: String, found: Option<&str>) -> Finding {
    let Some(found) = found else {
        return Finding::ok("libtorch", format!("{text}; no file names its version"));
    };
    match torch_version::refused(found) {
        Some(why) => Finding::bad(
            level,
            "libtorch",
            format!("{text}, version {found}: {why}"),
            format!(
                "use version {}, or unset the variable to download libtorch",
                torch_version::fitting()
            ),
        ),
        None => Finding::ok("libtorch", format!("{text}, version {found}")),
    }
}

impl Folder {
    fn look(path: PathBuf, sealed: bool) -> Self {
        let whole = path.join("lib/libtorch_cpu.so").is_file()
            && (!sealed || path.join(".complete").is_file());
        let version = torch_version::of_folder(&path);
        Folder { exists: path.exists(), whole, version, path }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEED: Need = Need { worker: true, libtorch: true, flex_only: false };
    const FLEX: Need = Need { worker: true, libtorch: false, flex_only: true };

    fn folder(whole: bool, version: Option<&str>) -> Folder {
        Folder { path: "/t".into(), exists: true, whole, version: version.map(str::to_owned) }
    }

    #[test]
    fn a_folder_is_whole_with_library_and_seal() {
        let made = tempfile::tempdir().unwrap();
        std::fs::create_dir(made.path().join("lib")).unwrap();
        std::fs::write(made.path().join("lib/libtorch_cpu.so"), "").unwrap();
        std::fs::write(made.path().join("build-version"), "2.9.0+cpu\n").unwrap();
        let found = Folder::look(made.path().to_owned(), false);
        assert_eq!((found.whole, found.version.as_deref()), (true, Some("2.9.0+cpu")));
        assert!(!Folder::look(made.path().to_owned(), true).whole, "it has no seal");
    }

    #[test]
    fn a_libtorch_of_ones_own_is_checked() {
        let of = |libtorch: Libtorch, need| libtorch.finding(need);
        assert_eq!(of(Libtorch::Own(folder(true, Some("2.9.0+cu128"))), NEED).level, Level::Ok);
        assert_eq!(of(Libtorch::Own(folder(true, None)), NEED).level, Level::Ok);
        let old = of(Libtorch::Own(folder(true, Some("2.8.0"))), NEED);
        assert_eq!(old.level, Level::Fail);
        assert!(old.text.contains("libtorch 2.8.0 does not fit"), "{old:?}");
        for (version, level) in [("2.11.0+cu130", Level::Ok), ("2.12.0", Level::Fail)] {
            assert_eq!(of(Libtorch::Own(folder(true, Some(version))), NEED).level, level);
        }
        let gone = Libtorch::Own(folder(false, None));
        assert!(!gone.is_there());
        assert_eq!(of(gone, NEED).level, Level::Fail);
        assert_eq!(of(Libtorch::Own(folder(false, None)), FLEX).level, Level::Warn);
        let python = Libtorch::Python(Reply::Failed("PackageNotFoundError".to_owned()));
        assert!(of(python, NEED).remedy.unwrap().contains("pip install torch==2.9.0"));
        let python =
            Libtorch::Python(Reply::WorkerOutput("2.11.0+cu130\n/venv/torch\n".to_owned()));
        let found = of(python, NEED);
        assert_eq!(found.level, Level::Ok);
        assert!(found.text.contains("python3 in /venv/torch, version 2.11.0+cu130"), "{found:?}");
    }

    #[test]
    fn a_libtorch_in_a_cache_is_nobodys_choice() {
        let of = |path: &'static str| cache_of(Some(Path::new(path)));
        assert_eq!(of("/a/.libtorch/2.9.0-cpu"), Some(Path::new("/a/.libtorch")));
        assert_eq!(of("/opt/libtorch"), None);
        assert_eq!(cache_of(None), None);
    }

    #[test]
    fn the_cache_is_told_apart() {
        let none = Folder::default();
        let cache = |cpu: Folder, cuda: Folder| Libtorch::Cache { cpu, cuda };
        let empty = cache(none.clone(), none.clone());
        assert!(!empty.is_there());
        let finding = empty.finding(NEED);
        assert_eq!(finding.level, Level::Ok);
        assert!(finding.text.contains("downloaded by the first sweep"), "{finding:?}");
        let both = cache(folder(true, None), folder(true, None)).finding(NEED);
        assert!(both.text.contains("for the CPU") && both.text.contains("with CUDA"), "{both:?}");
        let half = cache(folder(false, None), none.clone());
        assert_eq!((half.is_there(), half.finding(NEED).level), (false, Level::Warn));
        let archive = Libtorch::Archive(folder(false, None)).finding(NEED);
        assert_eq!(archive.level, Level::Ok);
    }
}
