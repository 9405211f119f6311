//! Programs and Python environments that parts need. All are made before the first part begins,
//! so that no compiler runs during a measurement.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

pub(super) use super::artifact::Artifact;
use super::{cluster, micro, report};
use crate::{build, libtorch, venv};

/// Paths of everything that the selected parts need, or the error that prevented it.
pub(super) struct Built(BTreeMap<Artifact, Result<PathBuf, String>>);

impl Built {
    /// Makes each artifact once. A failure affects only the parts that need the artifact.
    pub(super) fn make(artifacts: impl IntoIterator<Item = Artifact>, root: &Path) -> Built {
        Built::with(artifacts, |artifact| make(artifact, root))
    }

    fn with(
        artifacts: impl IntoIterator<Item = Artifact>,
        make: impl Fn(Artifact) -> Result<PathBuf>,
    ) -> Built {
        let mut all = BTreeMap::new();
        for artifact in artifacts {
            all.entry(artifact)
                .or_insert_with(|| make(artifact).map_err(|error| format!("{error:#}")));
        }
        Built(all)
    }

    /// Returns the path of an artifact.
    pub(super) fn get(&self, artifact: Artifact) -> Result<&Path> {
        match self.0.get(&artifact) {
            Some(Ok(path)) => Ok(path),
            Some(Err(error)) => Err(anyhow!("{error}")),
            None => Err(anyhow!("{artifact:?} was not requested")),
        }
    }
}

fn make(artifact: Artifact, root: &Path) -> Result<PathBuf> {
    match artifact {
        Artifact::Sweep => build::sweep(root),
        Artifact::Worker => {
            build::libtorch_worker(root, &libtorch::provision(root, libtorch::Kind::Cpu)?)
        }
        Artifact::FlexWorker => build::flex_worker(root),
        Artifact::Products => products(root),
        Artifact::Fabricate => report::build_fabricate(root),
        Artifact::Cluster => cluster::build_cluster(root),
        Artifact::Micro => micro::build(root),
        Artifact::Torch => venv::python(root, &venv::TORCH),
        Artifact::Hydra => {
            venv::python(root, &venv::TORCH)?;
            venv::python(root, &venv::HYDRA)
        }
    }
}

/// Builds the example of `train` that computes only the matrix products.
fn products(root: &Path) -> Result<PathBuf> {
    let libtorch = libtorch::provision(root, libtorch::Kind::Cpu)?;
    build::example(root, "matrix_products", Some(&libtorch))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn each_is_made_once_and_what_fails_says_so_where_it_is_needed() {
        let made = Cell::new(0);
        let wanted = [Artifact::Sweep, Artifact::Torch, Artifact::Sweep];
        let built = Built::with(wanted, |artifact| {
            made.set(made.get() + 1);
            match artifact {
                Artifact::Sweep => Ok(PathBuf::from("sweep")),
                _ => Err(anyhow!("no network").context("no Python")),
            }
        });
        assert_eq!(made.get(), 2);
        assert_eq!(built.get(Artifact::Sweep).unwrap(), Path::new("sweep"));
        let error = built.get(Artifact::Torch).unwrap_err().to_string();
        assert_eq!(error, "no Python: no network");
        assert!(built.get(Artifact::Worker).is_err());
    }
}
