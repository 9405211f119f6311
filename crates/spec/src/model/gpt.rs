//! The decoder-only transformer: its hyper-parameters and the table of its parameters.

use super::{ModelKind, sample_of_text};
use crate::parameters::{ParameterTable, Role, size};
use crate::params::{choice, params};

choice! {
    /// The normalisation of the inputs of a transformer's parts.
    Norm {
        /// (x - mean) / sqrt(variance + 1e-5), times gamma, plus beta (torch.nn.LayerNorm).
        Layer = "layer",
        /// x / sqrt(mean of squares + 1e-5), times gamma (torch.nn.RMSNorm).
        Rms = "rms",
    }
}

params! {
    /// A decoder-only transformer.
    Gpt {
        /// Number of blocks, each of attention and an MLP.
        layers: u64 = value(4), Within(1.0, 1e3);
        /// Attention heads per block; must divide `width`.
        heads: u64 = value(4), Within(1.0, 1e3);
        /// Number of values that represent a token between the blocks (the embedding size).
        width: u64 = value(128), Within(1.0, 1e5);
        /// Hidden units of each MLP, as a multiple of `width`.
        mlp: u64 = value(4), Within(1.0, 64.0);
        /// Normalisation before attention, MLP and head.
        norm: Norm = value(Norm::Layer), Any;
        /// Whether the linear layers of the blocks and layer normalisation have biases; the head
        /// never has one.
        bias: bool = value(true), Any;
        /// Whether the head shares its weight with the token embedding.
        tied: bool = value(true), Any;
        /// Probability that dropout zeroes an embedding value, an attention weight, or an output of
        /// attention or MLP in training (torch.nn.Dropout); 0 = off.
        dropout: f64 = value(0.0), BelowOne;
    }
}

impl Gpt {
    fn norm(&self, table: &mut ParameterTable, path: &str) {
        table.add(format!("{path}gamma"), [size(self.width)], &[Role::Norm]);
        if self.bias && self.norm == Norm::Layer {
            table.add(format!("{path}beta"), [size(self.width)], &[Role::Norm]);
        }
    }

    fn linear(&self, table: &mut ParameterTable, path: &str, inputs: usize, outputs: usize) {
        table.add(format!("{path}weight"), [inputs, outputs], &[Role::Matrix]);
        if self.bias {
            table.add(format!("{path}bias"), [outputs], &[Role::Bias]);
        }
    }
}

impl ModelKind for Gpt {
    const TEXT: bool = true;

    /// Returns the table; `shape` is `[1, 1, context]`, `outputs` the vocabulary size.
    fn table(&self, shape: [usize; 3], outputs: usize) -> ParameterTable {
        let ([_, _, context], width) = (shape, size(self.width));
        let hidden = width.saturating_mul(size(self.mlp));
        let mut table = ParameterTable::default();
        let tied: &[Role] = &[Role::Embedding, Role::Head, Role::Matrix];
        let roles = if self.tied { tied } else { &[Role::Embedding] };
        table.add("token_embedding", [outputs, width], roles);
        table.add("position_embedding", [context, width], &[Role::Embedding]);
        for i in 0..self.layers {
            let path = format!("blocks.{i}.");
            self.norm(&mut table, &format!("{path}norm_1."));
            self.linear(&mut table, &format!("{path}attention.qkv."), width, 3 * width);
            self.linear(&mut table, &format!("{path}attention.projection."), width, width);
            self.norm(&mut table, &format!("{path}norm_2."));
            self.linear(&mut table, &format!("{path}mlp.up."), width, hidden);
            self.linear(&mut table, &format!("{path}mlp.down."), hidden, width);
        }
        self.norm(&mut table, "norm.");
        if !self.tied {
            table.add("head.weight", [width, outputs], &[Role::Matrix, Role::Head]);
        }
        table
    }

    fn check(&self, shape: [usize; 3]) -> Result<(), (&'static str, String)> {
        sample_of_text(shape)?;
        if !self.width.is_multiple_of(self.heads) {
            let reason = format!("{} heads do not divide a width of {}", self.heads, self.width);
            return Err(("heads", reason));
        }
        Ok(())
    }

    fn dropout(&self) -> f64 {
        self.dropout
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Gpt {
        Gpt {
            layers: 2,
            heads: 2,
            width: 8,
            mlp: 4,
            norm: Norm::Layer,
            bias: true,
            tied: true,
            dropout: 0.0,
        }
    }

    fn paths(spec: &Gpt, role: Role) -> Vec<String> {
        let table = spec.table([1, 1, 6], 11);
        table.iter().filter(|known| known.is(role)).map(|known| known.path.clone()).collect()
    }

    #[test]
    fn a_tied_head_is_the_token_embedding_and_has_the_roles_of_both() {
        assert_eq!(paths(&small(), Role::Head), ["token_embedding"]);
        assert_eq!(paths(&small(), Role::Embedding), ["token_embedding", "position_embedding"]);
        assert_eq!(paths(&small(), Role::Matrix).len(), 9);
        let loose = Gpt { tied: false, ..small() };
        assert_eq!(paths(&loose, Role::Head), ["head.weight"]);
        assert_eq!(loose.table([1, 1, 6], 11).shape("head.weight"), Some(&[8, 11][..]));
        assert_eq!(paths(&loose, Role::Matrix).len(), 9);
        assert_eq!(paths(&loose, Role::Embedding).len(), 2);
    }

    #[test]
    fn without_biases_there_are_matrices_and_factors_alone() {
        let spec = Gpt { bias: false, ..small() };
        assert!(paths(&spec, Role::Bias).is_empty());
        assert!(paths(&spec, Role::Norm).iter().all(|path| path.ends_with("gamma")));
        assert_eq!(paths(&small(), Role::Norm).len(), 10);
        // Root mean squares have no shift in PyTorch either.
        assert_eq!(paths(&Gpt { norm: Norm::Rms, ..small() }, Role::Norm).len(), 5);
        assert_eq!(paths(&small(), Role::Bias).len(), 8);
    }

    #[test]
    fn what_cannot_be_built_is_refused_with_the_parameter_to_blame() {
        assert_eq!(small().check([1, 1, 6]), Ok(()));
        assert_eq!(Gpt { heads: 3, ..small() }.check([1, 1, 6]).unwrap_err().0, "heads");
        assert_eq!(small().check([1, 8, 8]).unwrap_err().0, "kind");
    }
}
