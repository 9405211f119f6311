//! The torch of the Python on the PATH, which workers load instead of the libtorch they were
//! built with if the sweep file or the environment asks for it.

use std::ffi::OsString;
use std::path::Path;

use spec::device::DeviceName;
use spec::event::Probe;
use spec::plan::{LibtorchSource, Plan};
use torch_version::{ASK_PYTHON, PythonTorch, Version};

use crate::error::bad_input;

/// Environment variable that asks for Python's torch for every sweep file; xtask reads it too.
const VARIABLE: &str = "LIBTORCH_USE_PYTORCH";

/// Environment variable with folders that the dynamic loader searches after the run path of a
/// program.
pub(crate) const LIBRARIES: &str = "LD_LIBRARY_PATH";

/// Returns whether workers of this plan, or without a plan any worker, load Python's torch.
pub(crate) fn is_wanted(plan: Option<&Plan>) -> bool {
    let flex =
        plan.is_some_and(|plan| plan.pool.iter().all(|entry| entry.device == DeviceName::Flex));
    let asked = std::env::var_os(VARIABLE).is_some_and(|value| !value.is_empty());
    !flex && (source(plan) == LibtorchSource::Python || asked)
}

fn source(plan: Option<&Plan>) -> LibtorchSource {
    plan.map(|plan| plan.libtorch).unwrap_or_default()
}

/// Finds the torch of python3; `None` if it is not wanted ([`is_wanted`]).
///
/// # Errors
/// Bad input: python3 has no torch, or one that does not fit the bindings.
pub(crate) fn torch(plan: Option<&Plan>) -> crate::Result<Option<PythonTorch>> {
    if !is_wanted(plan) {
        return Ok(None);
    }
    let why = match source(plan) {
        LibtorchSource::Python => "libtorch = \"python\" in [devices]",
        LibtorchSource::Built => VARIABLE,
    };
    let remedy = format!(
        "install torch {} into the python3 on the PATH, or remove that setting",
        torch_version::fitting()
    );
    let asked = PythonTorch::ask("python3".as_ref())
        .and_then(|found| torch_version::refused(&found.version).map_or(Ok(found), Err));
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(reason) => Err(bad_input(format!("{why}: {reason}\n  {remedy}"))),
    }
}

/// Returns the value of [`LIBRARIES`] that makes a worker find this torch.
pub(crate) fn libraries(torch: &PythonTorch) -> OsString {
    let mut value = torch.libraries().into_os_string();
    if let Some(others) = std::env::var_os(LIBRARIES).filter(|others| !others.is_empty()) {
        value.push(":");
        value.push(others);
    }
    value
}

/// Checks that the worker has loaded this torch and not the one it was built with.
///
/// # Errors
/// Bad input: it has loaded another version, or a libtorch from another folder.
pub(crate) fn check(torch: &PythonTorch, probe: &Probe) -> crate::Result<()> {
    let Some(loaded) = &probe.libtorch else { return Ok(()) };
    let wanted = torch.version.parse::<Version>().map(|version| version.to_string());
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let folder = probe.libtorch_folder.as_deref().map(Path::new);
    // Another package manager may keep the libraries elsewhere; then only versions are compared.
    let whole = torch.libraries().join("libtorch_cpu.so").exists();
    let elsewhere = folder.filter(|f| whole && real(f) != real(&torch.libraries()));
    if wanted.as_ref() == Ok(loaded) && elsewhere.is_none() {
        return Ok(());
    }
    let from = folder.map(|folder| format!(" from {}", folder.display())).unwrap_or_default();
    Err(bad_input(format!(
        "python3 has torch {} in {}, but the worker loads libtorch {loaded}{from}, which it was built with\n  \
         `cargo xtask sweep FILE` builds a worker for python3's torch",
        torch.version,
        torch.folder.display()
    )))
}

/// Returns shell lines that make a worker find the torch of the python3 on a node.
pub(crate) fn in_shell() -> String {
    format!(
        "torch=$(python3 -c \"{ASK_PYTHON}\" | tail -n 1)\n\
         export {LIBRARIES}=\"$torch/lib${{{LIBRARIES}:+:${LIBRARIES}}}\"\n"
    )
}

/// Returns the shell line that passes [`VARIABLE`] on to a cluster's task; `None` if it is not set.
pub(crate) fn handed_on() -> Option<String> {
    let asked = std::env::var_os(VARIABLE).is_some_and(|value| !value.is_empty());
    asked.then(|| format!("export {VARIABLE}=1\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(version: &str, folder: &Path) -> Probe {
        let folder = folder.display();
        let text = format!(
            r#"{{"protocol":4,"backends":["libtorch"],"libtorch":"{version}","libtorch_folder":"{folder}","cuda":false,"devices":[],"code":""}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_worker_has_to_load_the_torch_of_python_and_no_other() {
        let made = tempfile::tempdir().unwrap();
        let torch =
            PythonTorch { version: "2.9.0+cu128".into(), folder: made.path().join("torch") };
        std::fs::create_dir_all(torch.libraries()).unwrap();
        std::fs::write(torch.libraries().join("libtorch_cpu.so"), "").unwrap();
        let link = made.path().join("link");
        std::os::unix::fs::symlink(&torch.folder, &link).unwrap();
        for folder in [torch.libraries(), link.join("lib")] {
            assert!(check(&torch, &probe("2.9.0", &folder)).is_ok(), "{}", folder.display());
        }
        // Of the same version, and another all the same.
        let said = check(&torch, &probe("2.9.0", made.path())).unwrap_err().to_string();
        assert!(said.contains("but the worker loads libtorch 2.9.0 from"), "{said}");
        assert!(check(&torch, &probe("2.9.1", &torch.libraries())).is_err());
    }

    #[test]
    fn a_shell_finds_the_folder_as_python_names_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let made = tempfile::tempdir().unwrap();
        let python = made.path().join("python3");
        let script = "#!/bin/sh\n[ \"$1\" = -c ] && printf '2.11.0\\n/my venv/torch\\n'\n";
        std::fs::write(&python, script).unwrap();
        std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", made.path().display(), std::env::var("PATH").unwrap());
        for (before, expected) in [("", "/my venv/torch/lib"), ("/a", "/my venv/torch/lib:/a")] {
            let mut shell = std::process::Command::new("bash");
            shell.arg("-c").arg(format!("{}printf %s \"${LIBRARIES}\"", in_shell()));
            let output = shell.env("PATH", &path).env(LIBRARIES, before).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
        }
    }
}
