//! Paths and shapes of a model's parameters, from its spec alone: what groups of
//! parameters are matched against before anything is built. The crate `model`
//! holds the real networks to them.

use crate::model::ModelSpec;

impl ModelSpec {
    /// Every parameter's path and shape, in the order of the layers; weights of linear layers are
    /// `[inputs, outputs]`, of convolutions `[outputs, inputs, kernel, kernel]`. `shape` is channels, height and width of one input,
    /// `outputs` the number of classes or values.
    pub fn parameters(&self, shape: [usize; 3], outputs: usize) -> Vec<(String, Vec<usize>)> {
        let features = shape.iter().product();
        let linear = |path: &str, inputs: usize, outputs: usize| {
            [
                (format!("{path}weight"), vec![inputs, outputs]),
                (format!("{path}bias"), vec![outputs]),
            ]
        };
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let stack = |features: usize, hidden: &[u64]| -> Vec<(String, Vec<usize>)> {
            let hidden = hidden.iter().map(|&n| size(n));
            let widths: Vec<usize> =
                std::iter::once(features).chain(hidden).chain([outputs]).collect();
            let layers = widths.windows(2).enumerate();
            layers.flat_map(|(i, pair)| linear(&format!("layers.{i}."), pair[0], pair[1])).collect()
        };
        match self {
            ModelSpec::Linear(_) => linear("", features, outputs).to_vec(),
            ModelSpec::Mlp(p) => {
                let mut all = stack(features, &p.hidden);
                for (i, &width) in p.hidden.iter().enumerate().filter(|_| p.batch_norm) {
                    let names = ["gamma", "beta", "running_mean", "running_var"];
                    all.extend(names.map(|name| (format!("norms.{i}.{name}"), vec![size(width)])));
                }
                all
            }
            ModelSpec::Cnn(p) => {
                let kernel = size(p.kernel);
                let mut all = Vec::new();
                let mut inputs = shape[0];
                for (i, &channels) in p.channels.iter().enumerate() {
                    let path = format!("convolutions.{i}.");
                    let maps = size(channels);
                    all.push((format!("{path}weight"), vec![maps, inputs, kernel, kernel]));
                    all.push((format!("{path}bias"), vec![maps]));
                    inputs = maps;
                }
                let pooled = p.pooled(shape).map_or(0, |shape| shape.iter().product());
                all.extend(stack(pooled, &p.hidden));
                all
            }
            ModelSpec::Function(_) => vec![("position".to_owned(), vec![2])],
            ModelSpec::Quadratic(_) => vec![("position".to_owned(), vec![features])],
            ModelSpec::NoisyQuadratic(p) => {
                vec![("position".to_owned(), vec![size(p.dimensions)])]
            }
        }
    }

    /// As [`ModelSpec::parameters`], without the running statistics of batch normalisation,
    /// which no optimizer trains.
    pub fn weights(&self, shape: [usize; 3], outputs: usize) -> Vec<(String, Vec<usize>)> {
        let mut all = self.parameters(shape, outputs);
        all.retain(|(path, _)| !path.contains(".running_"));
        all
    }
}
