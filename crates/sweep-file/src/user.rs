//! The user's configuration, the layer below every sweep file: `[slurm]`, which is the same for all
//! sweeps of one user on one cluster.

use std::ffi::OsString;
use std::path::PathBuf;

use super::diagnostic::Diagnostics;

/// Environment variable with the path of the file; an empty value means no configuration.
pub const VARIABLE: &str = "SWEEP_CONFIG";

/// Returns the path of the user's configuration: that of `SWEEP_CONFIG`, even if the file does not
/// exist; else `sweep/config.toml` in `$XDG_CONFIG_HOME` (default `~/.config`) if it exists.
pub fn path() -> Option<PathBuf> {
    path_by(|name| std::env::var_os(name))
}

/// Reads the name and the text of the user's configuration, for
/// [`Overrides::user`](super::Overrides); `None` if there is none.
///
/// # Errors
/// The file of `SWEEP_CONFIG` is missing, or the file is unreadable, too large or not UTF-8.
pub fn read() -> Result<Option<(String, String)>, Diagnostics> {
    read_by(|name| std::env::var_os(name))
}

fn path_by(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(named) = variable(VARIABLE) {
        return (!named.is_empty()).then(|| PathBuf::from(named));
    }
    // The XDG specification requires that relative paths in these variables are ignored.
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))?;
    let file = base.join("sweep").join("config.toml");
    // A broken link counts as existing, so that it is reported.
    file.symlink_metadata().is_ok().then_some(file)
}

fn read_by(
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<(String, String)>, Diagnostics> {
    let Some(path) = path_by(&variable) else { return Ok(None) };
    let absent = match variable(VARIABLE) {
        Some(_) => format!("set {VARIABLE} to an existing file, or to an empty value for none"),
        None => "it is the user's configuration: fix or remove it".to_owned(),
    };
    let text = super::read(&path, "a configuration", &absent)?;
    Ok(Some((path.display().to_string(), text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A temporary folder of one test, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("sweep-user-{name}-{}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&folder).unwrap();
            Folder(folder)
        }

        fn write(&self, path: &str, bytes: &[u8]) -> PathBuf {
            let path = self.0.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn of<'a>(pairs: &'a [(&'a str, &'a PathBuf)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |name| pairs.iter().find(|(n, _)| *n == name).map(|(_, p)| p.as_os_str().to_owned())
    }

    #[test]
    fn the_first_place_that_is_named_holds() {
        let folder = Folder::new("places");
        let (home, xdg, none) = (folder.0.join("home"), folder.0.join("xdg"), PathBuf::new());
        assert_eq!(path_by(of(&[])), None);
        assert_eq!(path_by(of(&[("HOME", &home), ("XDG_CONFIG_HOME", &xdg)])), None);
        let in_home = folder.write("home/.config/sweep/config.toml", b"");
        assert_eq!(path_by(of(&[("HOME", &home)])), Some(in_home.clone()));
        assert_eq!(path_by(of(&[("HOME", &home), ("XDG_CONFIG_HOME", &none)])), Some(in_home));
        assert_eq!(path_by(of(&[("HOME", &home), ("XDG_CONFIG_HOME", &xdg)])), None);
        let in_xdg = folder.write("xdg/sweep/config.toml", b"");
        let both = [("HOME", &home), ("XDG_CONFIG_HOME", &xdg)];
        assert_eq!(path_by(of(&both)), Some(in_xdg));
        let named = folder.0.join("absent.toml");
        let with = |path| [both[0], both[1], (VARIABLE, path)];
        assert_eq!(path_by(of(&with(&named))), Some(named.clone()));
        assert_eq!(path_by(of(&with(&none))), None);
    }

    #[test]
    fn the_text_comes_with_the_name_that_is_shown() {
        let folder = Folder::new("text");
        let file = folder.write("config.toml", b"[slurm]\ncpus = 2\n");
        let (name, text) = read_by(of(&[(VARIABLE, &file)])).unwrap().unwrap();
        assert_eq!((name, text.as_str()), (file.display().to_string(), "[slurm]\ncpus = 2\n"));
        assert!(read_by(of(&[(VARIABLE, &PathBuf::new())])).unwrap().is_none());
    }

    #[test]
    fn files_that_are_no_configuration() {
        let folder = Folder::new("files");
        let huge = folder.write("huge.toml", b"");
        let file = std::fs::File::options().write(true).open(&huge).unwrap();
        file.set_len(crate::MAX_BYTES + 1).unwrap();
        let cases = [
            folder.0.join("absent.toml"),
            folder.0.clone(),
            folder.write("latin1.toml", b"# \xe9"),
            huge,
        ];
        let mut out = String::new();
        let mut show = |variables: &[(&str, &PathBuf)]| {
            let text = read_by(of(variables)).unwrap_err().to_string();
            out.push_str(&text.replace(&folder.0.display().to_string(), "FOLDER"));
        };
        cases.iter().for_each(|path| show(&[(VARIABLE, path)]));
        #[cfg(unix)]
        {
            std::fs::create_dir(folder.0.join("sweep")).unwrap();
            let link = folder.0.join("sweep/config.toml");
            std::os::unix::fs::symlink("nowhere.toml", link).unwrap();
            show(&[("XDG_CONFIG_HOME", &folder.0)]);
        }
        insta::assert_snapshot!(out);
    }
}
