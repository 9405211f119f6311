//! The folder of data and reports, and paths relative to it.

use std::path::{Path, PathBuf};

use store::layout::ReportDir;

/// The folder that holds `data/` and `reports/`.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Returns the workspace at the given folder, else at the nearest one upwards that holds
    /// `experiments/` and `data/`, else at the current one.
    pub fn find(given: Option<PathBuf>) -> Self {
        let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let root = given.unwrap_or_else(|| {
            let is_root = |p: &&Path| p.join("experiments").is_dir() && p.join("data").is_dir();
            here.ancestors().find(is_root).unwrap_or(&here).to_path_buf()
        });
        Workspace { root }
    }

    /// Returns the root folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the folder of the datasets.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Returns the report folder of a sweep, `reports/<name>`.
    pub fn report(&self, name: &str) -> ReportDir {
        ReportDir::new(self.root.join("reports").join(name))
    }

    /// Returns a path relative to the root if it is inside (`.` for the root itself), else
    /// absolute.
    pub fn relative(&self, path: &Path) -> String {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let root = std::path::absolute(&self.root).unwrap_or_else(|_| self.root.clone());
        let canonical = |p: &Path| p.canonicalize().unwrap_or_else(|_| p.to_path_buf());
        match canonical(&absolute).strip_prefix(canonical(&root)) {
            Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
            Ok(inside) => inside.display().to_string(),
            Err(_) => canonical(&absolute).display().to_string(),
        }
    }
}
