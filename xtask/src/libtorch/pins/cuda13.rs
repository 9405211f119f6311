//! Wheels of torch 2.11.0 with CUDA 13.0.

use super::{Set, Wheel, wheel};

/// The set with the smaller download, for drivers from 580.
pub(super) const SET: Set = Set {
    version: "2.11.0",
    cuda: "CUDA 13.0",
    cpu: &CPU,
    cuda_only: &CUDA_ONLY,
    cpu_libraries: &[
        "libtorch_cpu.so",
        "libc10.so",
        "libgomp.so.1",
        "libcudart.so.13",
        "libcupti.so.13",
    ],
    cpu_size: "a 545 MB download, 520 MB on disk (ten seconds to ten minutes)",
    cuda_size: "a 2.5 GB download, 3.8 GB on disk (two minutes to an hour)",
};

/// Wheels that suffice to link and compute on the CPU. The last two are small libraries that
/// `libtorch_cpu.so` needs even without a GPU.
const CPU: [Wheel; 3] = [
    wheel(
        "torch",
        "2.11.0",
        "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
        "torch/lib/",
    ),
    wheel(
        "nvidia-cuda-runtime",
        "13.0.96",
        "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        "nvidia/cu13/lib/",
    ),
    wheel(
        "nvidia-cuda-cupti",
        "13.0.85",
        "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
        "nvidia/cu13/lib/",
    ),
];

/// Wheels of a CUDA libtorch beside [`CPU`].
const CUDA_ONLY: [Wheel; 13] = [
    wheel(
        "nvidia-cublas",
        "13.1.0.3",
        "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
        "nvidia/cu13/lib/",
    ),
    wheel(
        "nvidia-cuda-nvrtc",
        "13.0.88",
        "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
        "nvidia/cu13/lib/",
    ),
    wheel(
        "nvidia-cudnn-cu13",
        "9.19.0.56",
        "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
        "nvidia/cudnn/lib/",
    ),
    wheel(
        "nvidia-cufft",
        "12.0.0.61",
        "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
        "nvidia/cu13/lib/",
    ),
    wheel(
        "nvidia-cufile",
        "1.15.1.6",
        "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
        "nvidia/cu13/lib/",
    ),
    wheel(
        "nvidia-curand",
        "10.4.0.35",
        "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
        "nvidia/cu13/lib/",
    ),
    wheel(
        "nvidia-cusolver",
        "12.0.4.66",
        "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
        "nvidia/cu13/lib/",
    ),
    wheel(
        "nvidia-cusparse",
        "12.6.3.3",
        "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
        "nvidia/cu13/lib/",
    ),
    wheel(
        "nvidia-cusparselt-cu13",
        "0.8.0",
        "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
        "nvidia/cusparselt/lib/",
    ),
    wheel(
        "nvidia-nccl-cu13",
        "2.28.9",
        "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
        "nvidia/nccl/lib/",
    ),
    wheel(
        "nvidia-nvjitlink",
        "13.0.88",
        "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
        "nvidia/cu13/lib/",
    ),
    wheel(
        "nvidia-nvshmem-cu13",
        "3.4.5",
        "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
        "nvidia/nvshmem/lib/",
    ),
    wheel(
        "nvidia-nvtx",
        "13.0.85",
        "4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4",
        "nvidia/cu13/lib/",
    ),
];
