//! The torch of the Python on the PATH, which workers load where the sweep file or the
//! environment asks for it, instead of the libtorch that they were built with.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use spec::event::Probe;
use spec::plan::{LibtorchSource, Plan};
use torch_version::{ASK_PYTHON, PythonTorch, Version};

use crate::error::bad_input;

/// Asks for Python's torch whatever the sweep file says; also read by xtask.
const VARIABLE: &str = "LIBTORCH_USE_PYTORCH";

/// Where the dynamic loader looks for libraries first, but for those whose folder a program
/// carries in itself.
pub(crate) const LIBRARIES: &str = "LD_LIBRARY_PATH";

/// Whether workers of this plan, or without one any worker, are to load Python's torch.
pub(crate) fn is_wanted(plan: Option<&Plan>) -> bool {
    let flex = plan.is_some_and(|plan| plan.pool.iter().all(|entry| entry.device == "flex"));
    let asked = std::env::var_os(VARIABLE).is_some_and(|value| !value.is_empty());
    !flex && (source(plan) == LibtorchSource::Python || asked)
}

fn source(plan: Option<&Plan>) -> LibtorchSource {
    plan.map(|plan| plan.libtorch).unwrap_or_default()
}

/// Finds the torch of python3 where [`is_wanted`]; `None` where it is not.
///
/// # Errors
/// It is wanted, and python3 has none or one that does not fit the bindings.
pub(crate) fn torch(plan: Option<&Plan>) -> crate::Result<Option<PythonTorch>> {
    if !is_wanted(plan) {
        return Ok(None);
    }
    let why = match source(plan) {
        LibtorchSource::Python => "libtorch = \"python\" in [devices]",
        LibtorchSource::Built => VARIABLE,
    };
    let remedy = format!(
        "install torch {} into the python3 on the PATH, or take that setting away",
        torch_version::fitting()
    );
    let mut python = Command::new("python3");
    python.args(["-c", ASK_PYTHON]).stdin(Stdio::null()).stderr(Stdio::null());
    let said = match python.output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => {
            return Err(bad_input(format!(
                "{why}: python3 cannot be started: {error}\n  {remedy}"
            )));
        }
    };
    let Some(found) = PythonTorch::read(&said) else {
        return Err(bad_input(format!("{why}: python3 has no torch\n  {remedy}")));
    };
    let refused = found.version.parse::<Version>().map_or_else(Some, Version::refused);
    match refused {
        Some(reason) => Err(bad_input(format!("{why}: {reason}\n  {remedy}"))),
        None => Ok(Some(found)),
    }
}

/// Returns the value of [`LIBRARIES`] with which a worker finds this torch.
pub(crate) fn libraries(torch: &PythonTorch) -> OsString {
    let mut value = torch.libraries().into_os_string();
    if let Some(others) = std::env::var_os(LIBRARIES).filter(|others| !others.is_empty()) {
        value.push(":");
        value.push(others);
    }
    value
}

/// Checks that the worker has loaded this torch, and not the one it was built with.
///
/// # Errors
/// It has loaded another version, or one of another folder.
pub(crate) fn check(torch: &PythonTorch, probe: &Probe) -> crate::Result<()> {
    let Some(loaded) = &probe.libtorch else { return Ok(()) };
    let wanted = torch.version.parse::<Version>().map(|version| version.to_string());
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let folder = probe.libtorch_folder.as_deref().map(Path::new);
    // Where another package manager keeps the libraries elsewhere, the version has to do.
    let whole = torch.libraries().join("libtorch_cpu.so").exists();
    let elsewhere = folder.filter(|f| whole && real(f) != real(&torch.libraries()));
    if wanted.as_ref() == Ok(loaded) && elsewhere.is_none() {
        return Ok(());
    }
    let from = folder.map(|folder| format!(" from {}", folder.display())).unwrap_or_default();
    Err(bad_input(format!(
        "python3 has torch {} in {}, and the worker loads libtorch {loaded}{from}, with which it was built\n  \
         `cargo xtask sweep FILE` builds one for python3's",
        torch.version,
        torch.folder.display()
    )))
}

/// Lines of a shell script after which a worker finds the torch of the python3 there.
pub(crate) const SHELL: &str = "torch=$(python3 -c \"import importlib.util as u; \
    print(u.find_spec('torch').submodule_search_locations[0])\")\n\
    export LD_LIBRARY_PATH=\"$torch/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}\"\n";

/// The line by which a script of a cluster hands on what the environment asks for here.
pub(crate) fn handed_on() -> Option<String> {
    let asked = std::env::var_os(VARIABLE).is_some_and(|value| !value.is_empty());
    asked.then(|| format!("export {VARIABLE}=1\n"))
}
