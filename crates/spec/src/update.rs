//! Steps around an optimizer's own update rule: clipping, accumulation, decoupled decay and
//! parameter groups. Every kind of `[[optimizer]]` takes these keys.

use serde::{Deserialize, Serialize};

use crate::parameters::{Parameter, Role};
use crate::params::{Params, params};

params! {
    /// Keys that every `[[optimizer]]` takes besides those of its kind, in the
    /// order in which they act: accumulate, clip by value, clip by norm, decay.
    UpdateSpec {
        /// Number of batches whose gradients are averaged for one optimizer step.
        accumulate: u64 = value(1), Within(1.0, 1e6);
        /// Bound to which each gradient element is clipped, [-clip_value, clip_value]; 0 = off
        /// (torch.nn.utils.clip_grad_value_).
        clip_value: f64 = value(0.0), Within(0.0, 1e30);
        /// Largest norm of the gradient of all parameters together, which is scaled down to it; 0 =
        /// off (torch.nn.utils.clip_grad_norm_).
        clip_norm: f64 = value(0.0), Within(0.0, 1e30);
        /// Decoupled decay: each step first multiplies the weights by 1 - lr * decoupled_decay; 0 =
        /// off; not for lbfgs and schedule-free optimizers.
        decoupled_decay: f64 = value(0.0), NonNegative;
    }
}

impl Default for UpdateSpec {
    fn default() -> Self {
        UpdateSpec { accumulate: 1, clip_value: 0.0, clip_norm: 0.0, decoupled_decay: 0.0 }
    }
}

impl UpdateSpec {
    /// Returns whether it changes nothing; identity and stored forms then omit it.
    pub fn is_neutral(&self) -> bool {
        *self == UpdateSpec::default()
    }

    /// Returns the names of the keys.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::PARAMS.iter().map(|p| p.name)
    }
}

/// A parameter group with settings of its own: the parameters that match pattern, role and number
/// of dimensions, as far as these are given. The first group that matches a parameter applies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParamGroup {
    /// Pattern for parameter paths such as `layers.0.bias`; `*` matches any characters, and is
    /// stored if no pattern is given.
    pub params: String,
    /// Role that a parameter must have; `None` = any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Minimum number of dimensions of a parameter; `None` = any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ndim: Option<u64>,
    /// Factor of the learning rate; 0 freezes the parameters.
    pub lr_scale: f64,
    /// Replacement for the optimizer's own `weight_decay`; `None` keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// Replacement for [`UpdateSpec::decoupled_decay`]; `None` keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoupled_decay: Option<f64>,
}

impl ParamGroup {
    /// Returns whether a parameter matches the group.
    pub fn matches(&self, parameter: &Parameter) -> bool {
        let dimensions = parameter.shape.len() as u64;
        glob(self.params.as_bytes(), parameter.path.as_bytes())
            && self.role.is_none_or(|role| parameter.is(role))
            && self.ndim.is_none_or(|least| dimensions >= least)
    }
}

/// Returns whether `text` matches `pattern`, in which `*` stands for any bytes.
/// Only the last star is backtracked to, so that no pattern takes exponential time.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_a_shell_would() {
        let yes = [
            ("*bias", "layers.0.bias"),
            ("layers.*.bias", "layers.10.bias"),
            ("*", ""),
            ("a", "a"),
        ];
        let no = [("bias", "layers.0.bias"), ("*bias", "bias.x"), ("", "a"), ("a*b*c", "aXbX")];
        assert!(yes.iter().all(|(p, t)| glob(p.as_bytes(), t.as_bytes())));
        assert!(!no.iter().any(|(p, t)| glob(p.as_bytes(), t.as_bytes())));
        assert!(!glob("*a".repeat(40).as_bytes(), "a".repeat(39).as_bytes()));
    }

    fn read(json: &str) -> ParamGroup {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn all_that_is_given_must_match() {
        let parameter = |path: &str, shape: &[usize], roles| Parameter {
            path: path.to_owned(),
            shape: shape.to_vec(),
            roles,
        };
        let tied = parameter("token_embedding", &[11, 8], &[Role::Embedding, Role::Head]);
        let bias = parameter("blocks.0.mlp.up.bias", &[32], &[Role::Bias]);
        let found = |json: &str| [&tied, &bias].map(|parameter| read(json).matches(parameter));
        assert_eq!(found(r#"{"params":"*","lr_scale":1.0,"role":"embedding"}"#), [true, false]);
        assert_eq!(found(r#"{"params":"*","lr_scale":1.0,"role":"head"}"#), [true, false]);
        assert_eq!(found(r#"{"params":"*","lr_scale":1.0,"role":"bias"}"#), [false, true]);
        assert_eq!(found(r#"{"params":"*","lr_scale":1.0,"ndim":2}"#), [true, false]);
        assert_eq!(found(r#"{"params":"*","lr_scale":1.0,"ndim":1}"#), [true, true]);
        assert_eq!(found(r#"{"params":"blocks*","lr_scale":1.0,"ndim":2}"#), [false, false]);
        assert_eq!(
            found(r#"{"params":"*_embedding","lr_scale":1.0,"role":"head","ndim":2}"#),
            [true, false]
        );
    }

    #[test]
    fn groups_of_a_pattern_alone_are_stored_as_before_there_were_roles() {
        for text in [
            r#"{"params":"*bias","lr_scale":1.0,"weight_decay":0.0}"#,
            r#"{"params":"layers.0.*","lr_scale":0.5,"decoupled_decay":0.001}"#,
        ] {
            assert_eq!(serde_json::to_string(&read(text)).unwrap(), text);
        }
    }
}
