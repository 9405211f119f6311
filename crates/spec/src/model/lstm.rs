//! The recurrent network of long short-term memory (LSTM): its hyper-parameters and the table of
//! its parameters.

use super::{ModelKind, sample_of_text};
use crate::parameters::{ParameterTable, Role, size};
use crate::params::params;

params! {
    /// Stacked LSTM layers over tokens.
    Lstm {
        /// Number of stacked layers.
        layers: u64 = value(2), Within(1.0, 100.0);
        /// Size of the token embedding, and hidden units of each layer.
        width: u64 = value(128), Within(1.0, 1e5);
        /// Dropout probability of each layer's outputs before the next layer (torch.nn.LSTM); 0 =
        /// off.
        dropout: f64 = value(0.0), BelowOne;
        /// Dropout probability of the token embedding before the first layer; 0 = off.
        input_dropout: f64 = value(0.0), BelowOne;
        /// Dropout probability of the last layer's outputs before the head; 0 = off.
        output_dropout: f64 = value(0.0), BelowOne;
    }
}

impl Lstm {
    /// Returns the shape of the state that a batch carries from one sequence to the next:
    /// hidden and cell state of each layer, `[2 * layers, batch, width]`.
    pub fn state_shape(&self, batch: usize) -> [usize; 3] {
        [2 * size(self.layers), batch, size(self.width)]
    }
}

impl ModelKind for Lstm {
    const TEXT: bool = true;

    /// Returns the table; `outputs` is the vocabulary size, and the context has no effect.
    fn table(&self, _: [usize; 3], outputs: usize) -> ParameterTable {
        let width = size(self.width);
        let mut table = ParameterTable::default();
        table.add("token_embedding", [outputs, width], &[Role::Embedding]);
        for i in 0..self.layers {
            for name in ["input", "recurrent"] {
                table.linear(&format!("layers.{i}.{name}."), width, 4 * width);
            }
        }
        table.head("head.", width, outputs);
        table
    }

    fn check(&self, shape: [usize; 3]) -> Result<(), (&'static str, String)> {
        sample_of_text(shape)?;
        if self.layers == 1 && self.dropout > 0.0 {
            let reason = "there is one layer, and it acts between layers; beside them act `input_dropout` and `output_dropout`";
            return Err(("dropout", reason.to_owned()));
        }
        Ok(())
    }

    fn dropout(&self) -> f64 {
        self.dropout.max(self.input_dropout).max(self.output_dropout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Lstm {
        Lstm { layers: 2, width: 8, dropout: 0.0, input_dropout: 0.0, output_dropout: 0.0 }
    }

    #[test]
    fn layers_have_two_matrices_and_two_biases_for_all_gates() {
        let table = small().table([1, 1, 6], 11);
        let all = |role| {
            let of = table.iter().filter(|known| known.is(role));
            of.map(|known| known.path.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(all(Role::Embedding), ["token_embedding"]);
        assert_eq!(all(Role::Head), ["head.weight", "head.bias"]);
        assert_eq!((all(Role::Matrix).len(), all(Role::Bias).len()), (5, 5));
        assert_eq!(table.shape("layers.1.recurrent.weight"), Some(&[8, 32][..]));
        // The number that torch.nn.LSTM has: 4 H (I + H + 2) per layer.
        let layers = table.iter().filter(|known| known.path.starts_with("layers."));
        let numbers: usize = layers.map(|known| known.shape.iter().product::<usize>()).sum();
        assert_eq!(numbers, 2 * 4 * 8 * (8 + 8 + 2));
    }

    #[test]
    fn what_cannot_be_built_is_refused_with_the_parameter_to_blame() {
        assert_eq!(small().check([1, 1, 6]), Ok(()));
        assert_eq!(small().check([1, 8, 8]).unwrap_err().0, "kind");
        let one = Lstm { layers: 1, dropout: 0.1, ..small() };
        assert_eq!(one.check([1, 1, 6]).unwrap_err().0, "dropout");
        let beside = Lstm { layers: 1, input_dropout: 0.1, output_dropout: 0.3, ..small() };
        assert_eq!((beside.check([1, 1, 6]), beside.dropout()), (Ok(()), 0.3));
    }
}
