//! The table of a model's parameters: their paths, shapes and roles, derived from its spec alone.
//! Parameter groups are matched against it before anything is built, and the crate `model` builds
//! the network from it.

use std::collections::BTreeSet;

use crate::params::choice;

choice! {
    /// The role of a parameter in its model. One parameter may have several roles.
    Role {
        /// A table with a row for each token or each position.
        Embedding = "embedding",
        /// Weight or bias of the output layer.
        Head = "head",
        /// Factor or shift of a normalisation.
        Norm = "norm",
        /// Bias of a linear layer or a convolution.
        Bias = "bias",
        /// Weight of a linear layer, the output layer among them, or of a convolution.
        Matrix = "matrix",
    }
}

/// A parameter of a model that need not be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Path of the parameter, such as `layers.0.bias`.
    pub path: String,
    /// Sizes of its dimensions; [`ParameterTable`] gives their order.
    pub shape: Vec<usize>,
    /// Roles of the parameter; a tensor that is used twice has the roles of both uses. Empty for
    /// running statistics and for the position of a function.
    pub roles: &'static [Role],
}

impl Parameter {
    /// Returns whether the parameter has this role.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// A model's parameters in the order of the layers. Weights of linear layers are
/// `[inputs, outputs]`, of convolutions `[outputs, inputs, kernel, kernel]`, embeddings
/// `[rows, width]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterTable(Vec<Parameter>);

impl ParameterTable {
    /// Adds a parameter.
    pub fn add(
        &mut self,
        path: impl Into<String>,
        shape: impl Into<Vec<usize>>,
        roles: &'static [Role],
    ) {
        self.0.push(Parameter { path: path.into(), shape: shape.into(), roles });
    }

    /// Adds the weight and the bias of a hidden linear layer; `path` is empty or ends with a dot.
    pub fn linear(&mut self, path: &str, inputs: usize, outputs: usize) {
        self.add(format!("{path}weight"), [inputs, outputs], &[Role::Matrix]);
        self.add(format!("{path}bias"), [outputs], &[Role::Bias]);
    }

    /// Adds the weight and the bias of the output layer; `path` is empty or ends with a dot.
    pub fn head(&mut self, path: &str, inputs: usize, outputs: usize) {
        self.add(format!("{path}weight"), [inputs, outputs], &[Role::Matrix, Role::Head]);
        self.add(format!("{path}bias"), [outputs], &[Role::Bias, Role::Head]);
    }

    /// Adds a stack of linear layers at the paths `layers.<i>.`: from `inputs` through the widths
    /// `hidden` to `outputs`, the last one being the head.
    pub fn stack(&mut self, inputs: usize, hidden: &[u64], outputs: usize) {
        let mut from = inputs;
        for (i, &width) in hidden.iter().enumerate() {
            self.linear(&format!("layers.{i}."), from, size(width));
            from = size(width);
        }
        self.head(&format!("layers.{}.", hidden.len()), from, outputs);
    }

    /// Returns the parameter at a path; `None` if there is none.
    pub fn get(&self, path: &str) -> Option<&Parameter> {
        self.0.iter().find(|known| known.path == path)
    }

    /// Returns the shape of the parameter at a path; `None` if there is none.
    pub fn shape(&self, path: &str) -> Option<&[usize]> {
        self.get(path).map(|known| known.shape.as_slice())
    }

    /// Returns the number of consecutive parts of the model at the paths `<name>.0.`, `<name>.1.`
    /// and so on.
    pub fn count(&self, name: &str) -> usize {
        let begins = |i: usize| {
            let prefix = format!("{name}.{i}.");
            self.0.iter().any(|known| known.path.starts_with(&prefix))
        };
        (0..).take_while(|&i| begins(i)).count()
    }

    /// Iterates over all parameters, in the order of the layers.
    pub fn iter(&self) -> impl Iterator<Item = &Parameter> {
        self.0.iter()
    }

    /// Returns the roles that occur in the table, in the order of [`Role::ALL`].
    pub fn roles(&self) -> BTreeSet<Role> {
        self.0.iter().flat_map(|known| known.roles).copied().collect()
    }

    /// Removes the parameters for which `keep` returns false.
    pub fn retain(&mut self, keep: impl FnMut(&Parameter) -> bool) {
        self.0.retain(keep);
    }
}

impl From<ParameterTable> for Vec<(String, Vec<usize>)> {
    fn from(table: ParameterTable) -> Self {
        table.0.into_iter().map(|known| (known.path, known.shape)).collect()
    }
}

/// Converts a number of a spec to a size; saturates at `usize::MAX`.
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

    #[test]
    fn the_last_layer_of_a_stack_is_the_head() {
        let mut table = ParameterTable::default();
        table.stack(4, &[8], 3);
        let heads = table.iter().filter(|known| known.is(Role::Head));
        let paths: Vec<&str> = heads.map(|known| known.path.as_str()).collect();
        assert_eq!(paths, ["layers.1.weight", "layers.1.bias"]);
        assert_eq!(table.roles(), BTreeSet::from([Role::Head, Role::Bias, Role::Matrix]));
    }
}
