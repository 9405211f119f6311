//! Initial parameters of a network: keys of `[model]` that every network has.

use crate::params::{Params, choice, params};

choice! {
    /// The distribution of initial weights.
    #[derive(Default)]
    Init {
        /// PyTorch's layers: uniform within 1 / sqrt(fan in). For `gpt` nanoGPT's: normal with
        /// standard deviation 0.02, or 0.02 / sqrt(2 layers) for the output projections of a block.
        #[default]
        Default = "default",
        /// Uniform within sqrt(6 / (fan in + fan out)) (torch.nn.init.xavier_uniform_).
        GlorotUniform = "glorot-uniform",
        /// Normal, variance 2 / (fan in + fan out) (torch.nn.init.xavier_normal_).
        GlorotNormal = "glorot-normal",
        /// Normal, variance 2 / fan in (torch.nn.init.kaiming_normal_).
        HeNormal = "he-normal",
        /// Normal with standard deviation `init_sd`, redrawn beyond two of them
        /// (tf.random.truncated_normal).
        TruncatedNormal = "truncated-normal",
        /// 1 everywhere.
        Ones = "ones",
        /// 0 everywhere: only for models without hidden layers, since equal units stay equal.
        Zeros = "zeros",
    }
}

choice! {
    /// The distribution of initial biases.
    #[derive(Default)]
    BiasInit {
        /// PyTorch's layers: uniform within 1 / sqrt(fan in). For `gpt` 0.
        #[default]
        Default = "default",
        /// The distribution of the weights of the same layer.
        AsWeights = "as-weights",
        /// `init_bias_value` everywhere.
        Constant = "constant",
    }
}

params! {
    /// Keys that every network takes in `[model]` besides those of its kind.
    InitSpec {
        /// Distribution of the initial weights of linear layers and convolutions; embeddings, and a
        /// head tied to one, keep their default.
        init: Init = value(Init::Default), Any;
        /// Standard deviation of `truncated-normal` before its truncation; required for that
        /// distribution.
        init_sd: f64 = value(0.0), Within(0.0, 1e3);
        /// Distribution of the initial biases.
        init_bias: BiasInit = value(BiasInit::Default), Any;
        /// Initial value of the biases if `init_bias` is `constant`.
        init_bias_value: f64 = value(0.0), Within(-1e3, 1e3);
    }
}

impl Default for InitSpec {
    fn default() -> Self {
        InitSpec {
            init: Init::Default,
            init_sd: 0.0,
            init_bias: BiasInit::Default,
            init_bias_value: 0.0,
        }
    }
}

impl InitSpec {
    /// Returns whether it changes nothing; identity and stored forms then omit it.
    pub fn is_neutral(&self) -> bool {
        *self == InitSpec::default()
    }

    /// Returns the names of the keys.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::PARAMS.iter().map(|p| p.name)
    }

    /// Checks that the keys are consistent.
    ///
    /// # Errors
    /// Returns the key at fault and the reason as text.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let truncated = self.init == Init::TruncatedNormal;
        if truncated && self.init_sd == 0.0 {
            return Err(("init", "a `truncated-normal` needs `init_sd`, its deviation".to_owned()));
        }
        if !truncated && self.init_sd != 0.0 {
            let reason =
                format!("it is the deviation of `truncated-normal`, not of `{}`", self.init);
            return Err(("init_sd", reason));
        }
        if self.init_bias != BiasInit::Constant && self.init_bias_value != 0.0 {
            let reason = "it is the value of `init_bias = \"constant\"`".to_owned();
            return Err(("init_bias_value", reason));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_do_not_go_together_are_named() {
        let spec = |change: fn(&mut InitSpec)| {
            let mut spec = InitSpec::default();
            change(&mut spec);
            spec.check().map_err(|(key, _)| key)
        };
        assert_eq!(spec(|_| ()), Ok(()));
        assert_eq!(spec(|s| s.init = Init::TruncatedNormal), Err("init"));
        assert_eq!(spec(|s| s.init_sd = 0.1), Err("init_sd"));
        assert_eq!(spec(|s| s.init_bias_value = 0.1), Err("init_bias_value"));
        assert_eq!(spec(|s| (s.init, s.init_sd) = (Init::TruncatedNormal, 0.1)), Ok(()));
        assert_eq!(spec(|s| (s.init_bias, s.init_bias_value) = (BiasInit::Constant, 0.05)), Ok(()));
    }
}
