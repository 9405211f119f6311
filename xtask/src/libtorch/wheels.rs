//! Download of the pinned wheels with pip, and the layout of a libtorch from them.

use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use super::pins::{self, Set, Wheel};
use super::{Kind, archive, unpack};

/// Fills `staging` with `include/` and `lib/`.
pub(crate) fn bring(kind: Kind, set: &Set, staging: &Path) -> Result<()> {
    ensure!(
        cfg!(all(target_os = "linux", target_arch = "x86_64")),
        "libtorch can be downloaded only for Linux x86_64"
    );
    let pip = Pip::find()?;
    eprintln!("xtask: {}", announcement(kind, set));
    let downloads = staging.join("wheels");
    fs::create_dir_all(&downloads)?;

    let wheels = list(kind, set);
    pip.download(&wheels, &downloads)?;
    let files = by_hash(&wheels, &downloads)?;
    for (wheel, file) in &files {
        eprintln!("xtask: unpacking {} {}", wheel.project, wheel.version);
        unpack::unpack(file, staging, |name| select(kind, set, wheel, name)).with_context(
            || format!("{} {} could not be unpacked", wheel.project, wheel.version),
        )?;
        // Frees space for the next; the largest have gigabytes.
        fs::remove_file(file)?;
    }
    fs::remove_dir_all(&downloads)?;
    finish(kind, set, staging)
}

fn announcement(kind: Kind, set: &Set) -> String {
    let (what, size) = match kind {
        Kind::Cpu => ("for the CPU".to_owned(), set.cpu_size),
        Kind::Cuda => (format!("with {}", set.cuda), set.cuda_size),
    };
    format!("downloading libtorch {} {what} with pip, once: {size}", set.version)
}

fn list(kind: Kind, set: &Set) -> Vec<Wheel> {
    match kind {
        Kind::Cpu => set.cpu.to_vec(),
        Kind::Cuda => set.cpu.iter().chain(set.cuda_only).copied().collect(),
    }
}

/// Returns the target path of a file of a wheel; `None` if it is not needed. All libraries
/// share one folder, so that one run path finds them.
fn select(kind: Kind, set: &Set, wheel: &Wheel, name: &str) -> Option<PathBuf> {
    if let Some(header) = name.strip_prefix("torch/include/") {
        return (!header.is_empty()).then(|| Path::new("include").join(header));
    }
    let file = name.strip_prefix(wheel.libraries)?;
    let is_library = !file.contains('/') && (file.ends_with(".so") || file.contains(".so."));
    let wanted = match kind {
        Kind::Cpu => set.cpu_libraries.contains(&file),
        // Only Python uses these two.
        Kind::Cuda => is_library && !matches!(file, "libtorch_python.so" | "libshm.so"),
    };
    wanted.then(|| Path::new("lib").join(file))
}

/// Checks that the unpacked files are complete, and adds the link `libtorch.so`.
fn finish(kind: Kind, set: &Set, staging: &Path) -> Result<()> {
    let lib = staging.join("lib");
    for library in set.cpu_libraries {
        ensure!(lib.join(library).is_file(), "the wheels do not contain {library}");
    }
    ensure!(
        staging.join("include/torch/csrc/api/include/torch/torch.h").is_file(),
        "the wheel has no C++ headers"
    );
    if kind == Kind::Cpu {
        // The wheel's own libtorch.so needs the CUDA libraries.
        std::os::unix::fs::symlink("libtorch_cpu.so", lib.join("libtorch.so"))?;
    }
    Ok(())
}

/// Pairs each pinned wheel with the file of its hash; an unknown file is an error.
fn by_hash(wheels: &[Wheel], folder: &Path) -> Result<Vec<(Wheel, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let hash = archive::sha256(&mut File::open(&path)?)?;
        let Some(wheel) = wheels.iter().find(|w| w.sha256 == hash) else {
            bail!(
                "{} has SHA-256 {hash}, which is not pinned; the download was altered",
                path.display()
            );
        };
        found.push((*wheel, path));
    }
    for wheel in wheels {
        ensure!(
            found.iter().any(|(w, _)| w == wheel),
            "pip did not download {} {}",
            wheel.project,
            wheel.version
        );
    }
    Ok(found)
}

/// A working pip: a program, and its first arguments.
struct Pip {
    program: &'static str,
    before: &'static [&'static str],
}

impl Pip {
    fn find() -> Result<Pip> {
        let candidates = [
            Pip { program: "python3", before: &["-m", "pip"] },
            Pip { program: "python", before: &["-m", "pip"] },
            Pip { program: "pip3", before: &[] },
        ];
        for pip in candidates {
            let works =
                pip.command().arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            if works.is_ok_and(|status| status.success()) {
                return Ok(pip);
            }
        }
        bail!("neither `python3 -m pip` nor `pip3` works on this machine")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.args(self.before);
        command
    }

    /// Downloads exactly these wheels; nothing is resolved, built or cached.
    fn download(&self, wheels: &[Wheel], into: &Path) -> Result<()> {
        let requirements = into.with_extension("txt");
        let lines: Vec<String> = wheels
            .iter()
            .map(|w| format!("{}=={} --hash=sha256:{}\n", w.project, w.version, w.sha256))
            .collect();
        fs::write(&requirements, lines.concat())?;
        let temporary = into.with_extension("tmp");
        fs::create_dir_all(&temporary)?;

        let mut command = self.command();
        command.args([
            "download",
            "--no-deps",
            "--no-cache-dir",
            "--only-binary=:all:",
            "--require-hashes",
        ]);
        for platform in pins::PLATFORMS {
            command.args(["--platform", platform]);
        }
        command.args([
            "--python-version",
            pins::PYTHON_VERSION,
            "--implementation",
            "cp",
            "--abi",
            pins::ABI,
        ]);
        command.arg("--dest").arg(into).arg("--requirement").arg(&requirements);
        // pip's temporary files are as large as the wheels and may not fit in /tmp.
        command.env("TMPDIR", &temporary).env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        // pip prints progress, but standard output belongs to `sweep`.
        command.stdout(Stdio::from(std::io::stderr().as_fd().try_clone_to_owned()?));
        let status = command.status().with_context(|| format!("cannot start {}", self.program))?;
        fs::remove_file(&requirements)?;
        fs::remove_dir_all(&temporary)?;
        ensure!(
            status.success(),
            "pip could not download the wheels ({status}); see its message above"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &Set = &pins::SETS[0];

    fn goes(kind: Kind, wheel: &Wheel, name: &str) -> String {
        select(kind, SET, wheel, name).map_or("-".to_owned(), |p| p.display().to_string())
    }

    #[test]
    fn the_cpu_layout_keeps_headers_and_five_libraries() {
        let (torch, cudart) = (SET.cpu[0], SET.cpu[1]);
        assert_eq!(goes(Kind::Cpu, &torch, "torch/include/ATen/ATen.h"), "include/ATen/ATen.h");
        assert_eq!(goes(Kind::Cpu, &torch, "torch/lib/libtorch_cpu.so"), "lib/libtorch_cpu.so");
        assert_eq!(goes(Kind::Cpu, &torch, "torch/lib/libtorch_cuda.so"), "-");
        assert_eq!(goes(Kind::Cpu, &torch, "torch/lib/libtorch.so"), "-");
        assert_eq!(goes(Kind::Cpu, &torch, "torch/nn/functional.py"), "-");
        assert_eq!(
            goes(Kind::Cpu, &cudart, "nvidia/cuda_runtime/lib/libcudart.so.12"),
            "lib/libcudart.so.12"
        );
    }

    #[test]
    fn the_cuda_layout_keeps_every_library_but_pythons() {
        let (torch, cublas) = (SET.cpu[0], SET.cuda_only[0]);
        assert_eq!(goes(Kind::Cuda, &torch, "torch/lib/libtorch_cuda.so"), "lib/libtorch_cuda.so");
        assert_eq!(goes(Kind::Cuda, &torch, "torch/lib/libtorch_python.so"), "-");
        assert_eq!(
            goes(Kind::Cuda, &cublas, "nvidia/cublas/lib/libcublas.so.12"),
            "lib/libcublas.so.12"
        );
        assert_eq!(goes(Kind::Cuda, &cublas, "nvidia/cublas/lib/__init__.py"), "-");
        assert_eq!(goes(Kind::Cuda, &cublas, "nvidia/cublas/include/cublas.h"), "-");
    }

    #[test]
    fn an_altered_wheel_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("torch.whl"), b"not a wheel").unwrap();
        let message = by_hash(SET.cpu, folder.path()).unwrap_err().to_string();
        assert!(message.contains("is not pinned"), "{message}");
    }

    #[test]
    fn a_missing_wheel_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let message = by_hash(SET.cpu, folder.path()).unwrap_err().to_string();
        assert!(message.contains("pip did not download torch 2.9.0"), "{message}");
    }
}
