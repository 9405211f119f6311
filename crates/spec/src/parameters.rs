//! Paths and shapes of a model's parameters, from its spec alone: what groups of
//! parameters are matched against before anything is built. The crate `model`
//! holds the real networks to them.

use crate::model::ModelSpec;

impl ModelSpec {
    /// Every parameter's path and shape, in the order of the layers; weights are
    /// `[inputs, outputs]`. `shape` is channels, height and width of one input,
    /// `outputs` the number of classes or values.
    pub fn parameters(&self, shape: [usize; 3], outputs: usize) -> Vec<(String, Vec<usize>)> {
        let features = shape.iter().product();
        let linear = |path: &str, inputs: usize, outputs: usize| {
            [
                (format!("{path}weight"), vec![inputs, outputs]),
                (format!("{path}bias"), vec![outputs]),
            ]
        };
        match self {
            ModelSpec::Linear(_) => linear("", features, outputs).to_vec(),
            ModelSpec::Mlp(p) => {
                let hidden = p.hidden.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX));
                let widths: Vec<usize> =
                    std::iter::once(features).chain(hidden).chain([outputs]).collect();
                let layers = widths.windows(2).enumerate();
                layers
                    .flat_map(|(i, pair)| linear(&format!("layers.{i}."), pair[0], pair[1]))
                    .collect()
            }
            ModelSpec::Function(_) => vec![("position".to_owned(), vec![2])],
        }
    }
}
