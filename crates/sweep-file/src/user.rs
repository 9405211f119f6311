//! The user's own configuration, the layer below every sweep file: what is the
//! same for all sweeps of one person on one cluster, `[slurm]`.

use std::ffi::OsString;
use std::path::PathBuf;

use super::diagnostic::Diagnostics;

/// Names the file; empty for none.
pub const VARIABLE: &str = "SWEEP_CONFIG";

/// Where the user's configuration is: what `SWEEP_CONFIG` names, which may then
/// be absent; else `sweep/config.toml` in `$XDG_CONFIG_HOME`, or in `~/.config`
/// where that is not set, if it is there.
pub fn path() -> Option<PathBuf> {
    path_by(|name| std::env::var_os(name))
}

/// The user's configuration as [`Overrides::user`](super::Overrides) takes it, if
/// there is one.
///
/// # Errors
/// A file that is named and not there, or cannot be read; one too large, or not
/// UTF-8.
pub fn read() -> Result<Option<(String, String)>, Diagnostics> {
    read_by(|name| std::env::var_os(name))
}

fn path_by(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(named) = variable(VARIABLE) {
        return (!named.is_empty()).then(|| PathBuf::from(named));
    }
    // A relative path in these variables is to be ignored, as the standard has it.
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))?;
    let file = base.join("sweep").join("config.toml");
    // A link to nowhere is there too, and is told.
    file.symlink_metadata().is_ok().then_some(file)
}

fn read_by(
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<(String, String)>, Diagnostics> {
    let Some(path) = path_by(&variable) else { return Ok(None) };
    let absent = match variable(VARIABLE) {
        Some(_) => format!("{VARIABLE} names it: name a file that is there, or nothing for none"),
        None => "it is the user's configuration: mend it, or take it away".to_owned(),
    };
    let text = super::read(&path, "a configuration", &absent)?;
    Ok(Some((path.display().to_string(), text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test's own, taken away at its end.
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
