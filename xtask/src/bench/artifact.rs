//! Programs and environments that parts of the benchmark need.

/// Something that is built or installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Artifact {
    /// `sweep`.
    Sweep,
    /// `sweep-worker` with libtorch.
    Worker,
    /// `sweep-worker` without libtorch.
    FlexWorker,
    /// The program that computes only the matrix products of an epoch.
    Products,
    /// The program that writes large report folders.
    Fabricate,
    /// The simulation of a cluster on a virtual clock.
    Cluster,
    /// The benchmarks inside the crates; the path is their target folder.
    Micro,
    /// A Python environment with PyTorch.
    Torch,
    /// The same environment with Hydra.
    Hydra,
}
