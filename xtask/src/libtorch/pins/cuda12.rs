//! Wheels of torch 2.9.0 with CUDA 12.8.

use super::{Set, Wheel, wheel};

/// The default set, for drivers from 525.
pub(super) const SET: Set = Set {
    version: "2.9.0",
    cuda: "CUDA 12.8",
    cpu: &CPU,
    cuda_only: &CUDA_ONLY,
    cpu_libraries: &[
        "libtorch_cpu.so",
        "libc10.so",
        "libgomp.so.1",
        "libcudart.so.12",
        "libcupti.so.12",
    ],
    cpu_size: "a 910 MB download, 490 MB on disk (ten seconds to ten minutes)",
    cuda_size: "a 3.9 GB download, 6.2 GB on disk (two minutes to an hour)",
};

const CPU: [Wheel; 3] = [
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

const CUDA_ONLY: [Wheel; 13] = [
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
