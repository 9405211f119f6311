//! Identifies the GPU behind a device index with `nvidia-smi`, because libtorch's bindings give
//! neither its name nor its UUID.
//!
//! `CUDA_VISIBLE_DEVICES` holds indices, or UUIDs of GPUs (`GPU-...`) or of MIG instances
//! (`MIG-...`), each of which may be shortened to a unique prefix. A device index counts its
//! entries, or all GPUs if the variable is unset. Indices follow the PCI bus, as in `nvidia-smi`:
//! `sweep` starts its workers with `CUDA_DEVICE_ORDER=PCI_BUS_ID`.

use std::process::Command;

/// Environment variable that selects the GPUs visible to a process.
pub(crate) const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";

/// A GPU, or a MIG instance that CUDA presents as a GPU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gpu {
    /// Product name; for a MIG instance, followed by its profile.
    pub(crate) name: String,
    /// UUID, `GPU-...` or `MIG-...`.
    pub(crate) uuid: String,
}

/// Finds the GPU with CUDA's index `index` in this process. Returns `None` if `nvidia-smi` is
/// missing or lists no such GPU.
pub(crate) fn find(index: usize) -> Option<Gpu> {
    let visible = std::env::var(VISIBLE).ok();
    find_in(&nvidia_smi(&["-L"])?, visible.as_deref(), index)
}

/// Returns the version of NVIDIA's driver, which all GPUs of a machine share; `None` if unknown.
pub(crate) fn driver() -> Option<String> {
    let asked = || nvidia_smi(&["--query-gpu=driver_version", "--format=csv,noheader"]);
    let first = |text: String| Some(text.lines().next()?.trim().to_owned());
    asked().and_then(first).filter(|version| !version.is_empty()).or_else(|| {
        kernel_module_version(&std::fs::read_to_string("/proc/driver/nvidia/version").ok()?)
    })
}

/// Finds the GPU in the output of `nvidia-smi -L`: a line `GPU 0: NAME (UUID: GPU-...)` for each
/// GPU, followed by `  MIG 1g.10gb  Device  0: (UUID: MIG-...)` for each of its instances.
fn find_in(listed: &str, visible: Option<&str>, index: usize) -> Option<Gpu> {
    let mut gpus: Vec<(Gpu, Vec<Gpu>)> = Vec::new();
    for line in listed.lines() {
        let Some((before, uuid)) = line.trim().trim_end_matches(')').split_once("(UUID: ") else {
            continue;
        };
        let uuid = uuid.trim().to_owned();
        match (before.strip_prefix("GPU "), gpus.last_mut()) {
            (Some(rest), _) => {
                let name = rest.split_once(':')?.1.trim().to_owned();
                gpus.push((Gpu { name, uuid }, Vec::new()));
            }
            (None, Some((gpu, parts))) => {
                let profile = before.split_once(" Device ").map_or(before, |(profile, _)| profile);
                parts.push(Gpu { name: format!("{} {}", gpu.name, profile.trim()), uuid });
            }
            (None, None) => {}
        }
    }
    // CUDA shows a process only the first MIG instance of a GPU.
    let at =
        |index: usize| gpus.get(index).map(|(gpu, parts)| parts.first().unwrap_or(gpu).clone());
    let Some(visible) = visible else { return at(index) };
    let entry = visible.split(',').nth(index)?.trim();
    if let Ok(index) = entry.parse() {
        return at(index);
    }
    let all = gpus.iter().flat_map(|(gpu, parts)| std::iter::once(gpu).chain(parts));
    let mut named = all.filter(|gpu| !entry.is_empty() && gpu.uuid.starts_with(entry));
    named.next().filter(|_| named.next().is_none()).cloned()
}

/// Returns the version in the text of `/proc/driver/nvidia/version`, for machines without
/// nvidia-smi: the first word of digits and dots.
fn kernel_module_version(text: &str) -> Option<String> {
    let version =
        |word: &&str| word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.split_whitespace().find(version).map(str::to_owned)
}

/// Returns the output of `nvidia-smi`; `None` if it is missing or fails.
fn nvidia_smi(args: &[&str]) -> Option<String> {
    let output = Command::new("nvidia-smi").args(args).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "\
GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)
  MIG 3g.40gb     Device  0: (UUID: MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f)
  MIG 1g.10gb     Device  1: (UUID: MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb)
GPU 1: NVIDIA H200 (UUID: GPU-8932f937-d72c-4106-c12f-20bd9faed9f6)
";

    fn found(visible: Option<&str>, index: usize) -> Option<(String, String)> {
        find_in(TWO, visible, index).map(|gpu| (gpu.name, gpu.uuid[..12].to_owned()))
    }

    fn some(name: &str, uuid: &str) -> Option<(String, String)> {
        Some((name.to_owned(), uuid.to_owned()))
    }

    #[test]
    fn indices_uuids_and_parts_are_found() {
        let h200 = some("NVIDIA H200", "GPU-8932f937");
        let part = some("NVIDIA A100-SXM4-80GB MIG 3g.40gb", "MIG-c6d4f1ef");
        let small = some("NVIDIA A100-SXM4-80GB MIG 1g.10gb", "MIG-cba663e8");
        assert_eq!(found(None, 1), h200);
        assert_eq!(found(None, 0), part);
        assert_eq!(found(Some("1"), 0), h200);
        assert_eq!(found(Some("1, 0"), 1), part);
        assert_eq!(found(Some("GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"), 0), h200);
        assert_eq!(found(Some("GPU-8932"), 0), h200);
        assert_eq!(found(Some("MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb,1"), 0), small);
        let whole = some("NVIDIA A100-SXM4-80GB", "GPU-5d5ba0d6");
        assert_eq!(found(Some("GPU-5d5"), 0), whole);
    }

    #[test]
    fn what_names_no_gpu_or_several_names_none() {
        for visible in ["", "7", "GPU-", "GPU-0000", "NoDevFiles", "-1"] {
            assert_eq!(found(Some(visible), 0), None, "{visible}");
        }
        assert_eq!(found(Some("1"), 1), None);
        assert_eq!(found(None, 2), None);
        assert_eq!(find_in("No devices found.\n", None, 0), None);
    }

    #[test]
    fn the_driver_is_read_from_the_kernel_module() {
        let text = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  Thu Oct 19\nGCC version: gcc version 11.4.0\n";
        assert_eq!(kernel_module_version(text).as_deref(), Some("535.129.03"));
        assert_eq!(kernel_module_version("no driver"), None);
    }
}
