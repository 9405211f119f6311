//! Programs and environments that parts of the benchmark need.

/// Something that is built, or brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Artifact {
    /// `sweep`.
    Sweep,
    /// `sweep-worker` with libtorch.
    Worker,
    /// `sweep-worker` without libtorch.
    FlexWorker,
    /// The matrix products of an epoch.
    Products,
    /// Writes large report folders.
    Fabricate,
    /// A cluster on a virtual clock.
    Cluster,
    /// The benchmarks inside the crates: the folder they are built into.
    Micro,
    /// A Python with PyTorch.
    Torch,
    /// The same with Hydra.
    Hydra,
}
