//! The wheels libtorch is made from, with fixed tags and pinned SHA-256.
//!
//! The hashes are of the files themselves; pip compares them while it
//! downloads, and `wheels` once more before anything is unpacked. The CUDA
//! set is what the metadata of torch 2.9.0 requires on Linux x86_64, less
//! triton, which only Python uses.

/// Python tag of the torch wheel. Nothing of Python is used, so any would do.
pub(crate) const PYTHON_VERSION: &str = "3.11";
/// ABI tag that belongs to [`PYTHON_VERSION`].
pub(crate) const ABI: &str = "cp311";
/// Platform tags that the pinned wheels carry.
pub(crate) const PLATFORMS: [&str; 4] = [
    "manylinux_2_28_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux2014_x86_64",
    "manylinux2010_x86_64",
];

/// One wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wheel {
    /// Project name as pip takes it.
    pub(crate) project: &'static str,
    /// Exact version.
    pub(crate) version: &'static str,
    /// SHA-256 of the file, 64 hexadecimal characters.
    pub(crate) sha256: &'static str,
    /// Folder in the wheel that holds shared libraries.
    pub(crate) libraries: &'static str,
}

const fn wheel(
    project: &'static str,
    version: &'static str,
    sha256: &'static str,
    libraries: &'static str,
) -> Wheel {
    Wheel { project, version, sha256, libraries }
}

/// Enough to link and compute on the CPU. The last two are small libraries
/// that `libtorch_cpu.so` names as needed, even where there is no GPU.
pub(crate) const CPU: [Wheel; 3] = [
    wheel(
        "torch",
        "2.9.0",
        "51de31219c97c51cf4bf2be94d622e3deb5dcc526c6dc00e97c17eaec0fc1d67",
        "torch/lib/",
    ),
    wheel(
        "nvidia-cuda-runtime-cu12",
        "12.8.90",
        "adade8dcbd0edf427b7204d480d6066d33902cab2a4707dcfc48a2d0fd44ab90",
        "nvidia/cuda_runtime/lib/",
    ),
    wheel(
        "nvidia-cuda-cupti-cu12",
        "12.8.90",
        "ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182",
        "nvidia/cuda_cupti/lib/",
    ),
];

/// What a CUDA libtorch has besides [`CPU`].
pub(crate) const CUDA_ONLY: [Wheel; 13] = [
    wheel(
        "nvidia-cublas-cu12",
        "12.8.4.1",
        "8ac4e771d5a348c551b2a426eda6193c19aa630236b418086020df5ba9667142",
        "nvidia/cublas/lib/",
    ),
    wheel(
        "nvidia-cuda-nvrtc-cu12",
        "12.8.93",
        "a7756528852ef889772a84c6cd89d41dfa74667e24cca16bb31f8f061e3e9994",
        "nvidia/cuda_nvrtc/lib/",
    ),
    wheel(
        "nvidia-cudnn-cu12",
        "9.10.2.21",
        "949452be657fa16687d0930933f032835951ef0892b37d2d53824d1a84dc97a8",
        "nvidia/cudnn/lib/",
    ),
    wheel(
        "nvidia-cufft-cu12",
        "11.3.3.83",
        "4d2dd21ec0b88cf61b62e6b43564355e5222e4a3fb394cac0db101f2dd0d4f74",
        "nvidia/cufft/lib/",
    ),
    wheel(
        "nvidia-cufile-cu12",
        "1.13.1.3",
        "1d069003be650e131b21c932ec3d8969c1715379251f8d23a1860554b1cb24fc",
        "nvidia/cufile/lib/",
    ),
    wheel(
        "nvidia-curand-cu12",
        "10.3.9.90",
        "b32331d4f4df5d6eefa0554c565b626c7216f87a06a4f56fab27c3b68a830ec9",
        "nvidia/curand/lib/",
    ),
    wheel(
        "nvidia-cusolver-cu12",
        "11.7.3.90",
        "4376c11ad263152bd50ea295c05370360776f8c3427b30991df774f9fb26c450",
        "nvidia/cusolver/lib/",
    ),
    wheel(
        "nvidia-cusparse-cu12",
        "12.5.8.93",
        "1ec05d76bbbd8b61b06a80e1eaf8cf4959c3d4ce8e711b65ebd0443bb0ebb13b",
        "nvidia/cusparse/lib/",
    ),
    wheel(
        "nvidia-cusparselt-cu12",
        "0.7.1",
        "f1bb701d6b930d5a7cea44c19ceb973311500847f81b634d802b7b539dc55623",
        "nvidia/cusparselt/lib/",
    ),
    wheel(
        "nvidia-nccl-cu12",
        "2.27.5",
        "ad730cf15cb5d25fe849c6e6ca9eb5b76db16a80f13f425ac68d8e2e55624457",
        "nvidia/nccl/lib/",
    ),
    wheel(
        "nvidia-nvjitlink-cu12",
        "12.8.93",
        "81ff63371a7ebd6e6451970684f916be2eab07321b73c9d244dc2b4da7f73b88",
        "nvidia/nvjitlink/lib/",
    ),
    wheel(
        "nvidia-nvshmem-cu12",
        "3.3.20",
        "d00f26d3f9b2e3c3065be895e3059d6479ea5c638a3f38c9fec49b1b9dd7c1e5",
        "nvidia/nvshmem/lib/",
    ),
    wheel(
        "nvidia-nvtx-cu12",
        "12.8.90",
        "5b17e2001cc0d751a5bc2c6ec6d26ad95913324a4adb86788c944f8ce9ba441f",
        "nvidia/nvtx/lib/",
    ),
];

/// Of the CPU wheels only these libraries are kept for [`super::Kind::Cpu`].
pub(crate) const CPU_LIBRARIES: [&str; 5] =
    ["libtorch_cpu.so", "libc10.so", "libgomp.so.1", "libcudart.so.12", "libcupti.so.12"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_complete_and_distinct() {
        let all: Vec<Wheel> = CPU.into_iter().chain(CUDA_ONLY).collect();
        for wheel in &all {
            assert_eq!(wheel.sha256.len(), 64, "{}", wheel.project);
            assert!(wheel.sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
            assert!(wheel.libraries.ends_with('/'), "{}", wheel.project);
            assert_eq!(
                all.iter()
                    .filter(|w| w.sha256 == wheel.sha256 || w.project == wheel.project)
                    .count(),
                1
            );
        }
    }
}
