//! Versions of libtorch: those that fit the bindings, and that of a folder or of the Python on
//! the PATH. Used by the worker (for the loaded libtorch), by `doctor` and by `xtask` (for the
//! linked one).

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

/// Oldest supported version (major, minor), for which tch 0.22 is written.
pub const FIRST: (u64, u64) = (2, 9);

/// Newest supported version (major, minor). Up to it, every function that the bindings call is
/// unchanged; 2.13 changes some.
pub const LAST: (u64, u64) = (2, 11);

/// A version of libtorch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// First number.
    pub major: u64,
    /// Second number.
    pub minor: u64,
    /// Third number.
    pub patch: u64,
}

impl Version {
    /// Decodes the result of libtorch's `aoti_torch_abi_version`, which has the three numbers in
    /// its three highest bytes.
    pub fn from_abi(abi: u64) -> Self {
        let [major, minor, patch, ..] = abi.to_be_bytes().map(u64::from);
        Version { major, minor, patch }
    }

    /// Returns why the bindings cannot be used with this version; `None` if they can.
    pub fn refused(self) -> Option<String> {
        let found = (self.major, self.minor);
        let why = if found < FIRST {
            "it lacks functions that the bindings call"
        } else if found > LAST {
            "it may have changed functions that the bindings call"
        } else {
            return None;
        };
        Some(format!("libtorch {self} does not fit: {why}; supported versions are {}", fitting()))
    }
}

/// Returns why a libtorch with this version text (`2.11.0+cu130`) cannot be used; `None` if it
/// can.
pub fn refused(text: &str) -> Option<String> {
    text.parse::<Version>().map_or_else(Some, Version::refused)
}

/// Returns why a program that was built with the headers of `built` cannot be used with
/// `loaded`; `None` if it can, or if only `built` is unknown. Programs read structures of
/// libtorch in place, and their layout differs between minor versions: a program would look for
/// a tensor's memory in the wrong place.
pub fn refused_by_a_program_of(built: Option<Version>, loaded: Version) -> Option<String> {
    let same = |built: &Version| (built.major, built.minor) == (loaded.major, loaded.minor);
    match (loaded.refused(), built) {
        (Some(why), _) => Some(why),
        (None, Some(built)) if !same(&built) => Some(format!(
            "libtorch {loaded} is loaded, but the worker was built with {built}, whose structures \
             differ: rebuild the worker with {}.{}",
            loaded.major, loaded.minor
        )),
        _ => None,
    }
}

/// Returns the supported versions in words: `2.9 to 2.11`.
pub fn fitting() -> String {
    format!("{}.{} to {}.{}", FIRST.0, FIRST.1, LAST.0, LAST.1)
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = String;

    /// Reads `2.9.0`, `2.11.0+cu130` or `2.10.0a0+git1234`.
    fn from_str(text: &str) -> Result<Self, String> {
        let release = text.trim().split('+').next().unwrap_or_default();
        let mut numbers = release.split('.').map(|part| {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            part[..digits].parse::<u64>()
        });
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch))) => {
                Ok(Version { major, minor, patch })
            }
            _ => Err(format!("`{}` is not a version of libtorch", text.trim())),
        }
    }
}

/// Extracts the version from a file's text.
type Read = fn(&str) -> Option<&str>;

/// Files of a libtorch that name its version, in the order in which they are tried: that of an
/// archive, that of 2.11 and later, that of earlier versions, and that of the Python package.
const FILES: [(&str, Read); 4] = [
    ("build-version", |text| Some(text)),
    ("include/torch/headeronly/version.h", of_header),
    ("include/torch/csrc/api/include/torch/version.h", of_header),
    ("version.py", |text| text.split_once("__version__ = '")?.1.split('\'').next()),
];

/// Finds the version text (`2.11.0+cu130`) of a folder with `include/` and `lib/`; `None` if no
/// file in it names a version.
pub fn of_folder(folder: &Path) -> Option<String> {
    FILES.iter().find_map(|(file, read)| {
        let text = fs::read_to_string(folder.join(file)).ok()?;
        let version = read(&text)?.trim().to_owned();
        version.parse::<Version>().is_ok().then_some(version)
    })
}

/// Extracts `2.9.0` from `#define TORCH_VERSION \` and, on the next line, `"2.9.0"`.
fn of_header(text: &str) -> Option<&str> {
    text.split_once("#define TORCH_VERSION ")?.1.split('"').nth(1)
}

/// Code for `python3 -c` that prints version and folder of its torch, one per line. It does not
/// import torch, which would take seconds.
pub const ASK_PYTHON: &str = "import importlib.metadata as m, importlib.util as u; \
     print(m.version('torch')); print(u.find_spec('torch').submodule_search_locations[0])";

/// The torch package of a Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonTorch {
    /// Its version text: `2.11.0+cu130`.
    pub version: String,
    /// Its folder, with `include/` and `lib/`.
    pub folder: PathBuf,
}

impl PythonTorch {
    /// Runs a Python to find its torch.
    ///
    /// # Errors
    /// The program cannot be started, or has no torch; the reason includes its last line of output.
    pub fn ask(python: &OsStr) -> Result<Self, String> {
        let output = Command::new(python).args(["-c", ASK_PYTHON]).stdin(Stdio::null()).output();
        let output = output.map_err(|error| format!("python3 cannot be started: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        Self::read(&said).filter(|_| output.status.success()).ok_or_else(|| {
            let words = String::from_utf8_lossy(&output.stderr);
            match words.lines().last().map(str::trim).filter(|last| !last.is_empty()) {
                Some(last) => format!("python3 has no torch ({last})"),
                None => "python3 has no torch".to_owned(),
            }
        })
    }

    /// Parses the output of [`ASK_PYTHON`]; `None` if it has another form.
    pub fn read(said: &str) -> Option<Self> {
        let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
        let (version, folder) = (lines.next()?.to_owned(), PathBuf::from(lines.next()?));
        Some(PythonTorch { version, folder })
    }

    /// Returns the folder of its shared libraries.
    pub fn libraries(&self) -> PathBuf {
        self.folder.join("lib")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        let of = |text: &str| text.parse::<Version>().map(|v| v.to_string());
        for (text, expected) in [
            ("2.9.0", "2.9.0"),
            ("2.11.0+cu130\n", "2.11.0"),
            ("2.10.0a0+git1a2b", "2.10.0"),
            ("2.9.1rc2", "2.9.1"),
        ] {
            assert_eq!(of(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "2", "2.9", "two.nine.zero", "v2.9.0"] {
            assert!(of(text).is_err(), "{text}");
        }
        let abi = Version { major: 2, minor: 11, patch: 1 };
        assert_eq!(Version::from_abi(0x020b_0100_0000_0000), abi);
    }

    #[test]
    fn the_versions_that_fit_are_those_between_first_and_last() {
        for (text, fits) in [
            ("1.13.1", false),
            ("2.8.9", false),
            ("2.9.0", true),
            ("2.10.3", true),
            ("2.11.1", true),
            ("2.12.0", false),
            ("3.0.0", false),
        ] {
            let said = text.parse::<Version>().unwrap().refused();
            assert_eq!(said.is_none(), fits, "{text}");
            if let Some(said) = said {
                assert!(said.contains(text) && said.contains("2.9 to 2.11"), "{said}");
            }
        }
    }

    #[test]
    fn a_program_is_used_with_the_minor_version_it_was_built_with() {
        let of = |text: &str| text.parse::<Version>().unwrap();
        let refused =
            |built: Option<&str>, loaded| refused_by_a_program_of(built.map(of), of(loaded));
        assert_eq!(refused(Some("2.9.0"), "2.9.1"), None);
        assert_eq!(refused(None, "2.11.0"), None);
        let said = refused(Some("2.9.0"), "2.11.0").unwrap();
        assert!(said.contains("built with 2.9.0") && said.contains("with 2.11"), "{said}");
        assert!(refused(Some("2.12.0"), "2.12.0").unwrap().contains("does not fit"));
    }

    #[test]
    fn every_layout_names_its_version() {
        let header = "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION \\\n  \"2.9.0\"\n";
        let made = tempfile::tempdir().unwrap();
        let folder = made.path();
        assert_eq!(of_folder(folder), None);
        for (file, text, expected) in [
            ("version.py", "__version__ = '2.10.0+cu128'\ndebug = False\n", "2.10.0+cu128"),
            ("include/torch/csrc/api/include/torch/version.h", header, "2.9.0"),
            // In 2.11 the earlier header still exists, without a version.
            ("include/torch/csrc/api/include/torch/version.h", "#pragma once\n", "2.10.0+cu128"),
            ("include/torch/headeronly/version.h", &header.replace("2.9.0", "2.11.0"), "2.11.0"),
            ("build-version", "2.9.1+cpu\n", "2.9.1+cpu"),
        ] {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            assert_eq!(of_folder(folder).as_deref(), Some(expected), "{file}");
        }
    }

    #[test]
    fn python_is_asked_for_version_and_folder() {
        let read = PythonTorch::read("2.11.0+cu130\n/venv/lib/torch\n").unwrap();
        assert_eq!(
            (read.version.as_str(), read.libraries()),
            ("2.11.0+cu130", "/venv/lib/torch/lib".into())
        );
        assert_eq!(PythonTorch::read("2.11.0\n"), None);
    }
}
