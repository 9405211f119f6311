//! The table of a model's parameters: their paths and shapes, from its spec alone. Groups of
//! parameters are matched against it before anything is built, and the crate `model` builds
//! the network from it.

/// Paths and shapes of a model's parameters, in the order of the layers. Weights of linear
/// layers are `[inputs, outputs]`, of convolutions `[outputs, inputs, kernel, kernel]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterTable(Vec<(String, Vec<usize>)>);

impl ParameterTable {
    /// Adds a parameter.
    pub fn add(&mut self, path: impl Into<String>, shape: impl Into<Vec<usize>>) {
        self.0.push((path.into(), shape.into()));
    }

    /// Adds the weight and the bias of a linear layer; `path` is empty or ends with a dot.
    pub fn linear(&mut self, path: &str, inputs: usize, outputs: usize) {
        self.add(format!("{path}weight"), [inputs, outputs]);
        self.add(format!("{path}bias"), [outputs]);
    }

    /// Adds linear layers from `inputs` over the widths `hidden` to `outputs`, at the paths
    /// `layers.<i>.`.
    pub fn stack(&mut self, inputs: usize, hidden: &[u64], outputs: usize) {
        let mut from = inputs;
        let widths = hidden.iter().map(|&width| size(width)).chain([outputs]);
        for (i, width) in widths.enumerate() {
            self.linear(&format!("layers.{i}."), from, width);
            from = width;
        }
    }

    /// The shape of the parameter at a path; `None` where there is none.
    pub fn shape(&self, path: &str) -> Option<&[usize]> {
        self.0.iter().find(|(known, _)| known == path).map(|(_, shape)| shape.as_slice())
    }

    /// How many parts of the model there are at the paths `<name>.0.`, `<name>.1.` and so on.
    pub fn count(&self, name: &str) -> usize {
        let begins = |i: usize| {
            let prefix = format!("{name}.{i}.");
            self.0.iter().any(|(path, _)| path.starts_with(&prefix))
        };
        (0..).take_while(|&i| begins(i)).count()
    }

    /// Every path with its shape.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.0.iter().map(|(path, shape)| (path.as_str(), shape.as_slice()))
    }
}

impl From<ParameterTable> for Vec<(String, Vec<usize>)> {
    fn from(table: ParameterTable) -> Self {
        table.0
    }
}

/// A number of a spec as a size.
pub(crate) fn size(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_and_found_by_path() {
        let mut table = ParameterTable::default();
        table.stack(4, &[8, 8], 3);
        assert_eq!((table.count("layers"), table.count("norms")), (3, 0));
        assert_eq!(table.shape("layers.1.weight"), Some(&[8, 8][..]));
        assert_eq!(table.shape("layers.2.bias"), Some(&[3][..]));
        assert_eq!((table.shape("layers.3.bias"), table.iter().count()), (None, 6));
    }
}
