//! What surrounds an optimizer's own rule: clipping, accumulation, decoupled
//! decay, groups of parameters. Keys of `[[optimizer]]` that every kind has.

use serde::{Deserialize, Serialize};

use crate::parameters::{Parameter, Role};
use crate::params::{Params, params};

params! {
    /// Keys that every `[[optimizer]]` takes beside those of its kind. In the
    /// order in which they act: accumulate, clip by value, clip by norm, decay.
    UpdateSpec {
        /// Batches whose gradients are averaged for one optimizer step.
        accumulate: u64 = value(1), Within(1.0, 1e6);
        /// Every gradient element is cut to [-clip_value, clip_value]; 0 = off (torch.nn.utils.clip_grad_value_).
        clip_value: f64 = value(0.0), Within(0.0, 1e30);
        /// The gradient of all parameters together is shortened to this norm; 0 = off (torch.nn.utils.clip_grad_norm_).
        clip_norm: f64 = value(0.0), Within(0.0, 1e30);
        /// Before each step weights shrink by lr * decoupled_decay; not with lbfgs and schedule-free.
        decoupled_decay: f64 = value(0.0), NonNegative;
    }
}

impl Default for UpdateSpec {
    fn default() -> Self {
        UpdateSpec { accumulate: 1, clip_value: 0.0, clip_norm: 0.0, decoupled_decay: 0.0 }
    }
}

impl UpdateSpec {
    /// Whether it changes nothing: it is then left out of identity and stored forms.
    pub fn is_neutral(&self) -> bool {
        *self == UpdateSpec::default()
    }

    /// The names of its keys.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::PARAMS.iter().map(|p| p.name)
    }
}

/// Parameters that an optimizer treats in their own way: those that pattern, role and number
/// of dimensions all match, as far as they are given. Of several groups that match a parameter
/// the first counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParamGroup {
    /// Pattern over parameter paths such as `layers.0.bias`; `*` stands for any characters, and
    /// alone for a pattern that is not given.
    pub params: String,
    /// What a parameter must be; `None` = anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Dimensions that a parameter has at least; `None` = any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ndim: Option<u64>,
    /// Factor of the learning rate; 0 freezes.
    pub lr_scale: f64,
    /// In place of the optimizer's own `weight_decay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// In place of `decoupled_decay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoupled_decay: Option<f64>,
}

impl ParamGroup {
    /// Whether a parameter belongs to it.
    pub fn matches(&self, parameter: &Parameter) -> bool {
        let dimensions = parameter.shape.len() as u64;
        glob(self.params.as_bytes(), parameter.path.as_bytes())
            && self.role.is_none_or(|role| parameter.is(role))
            && self.ndim.is_none_or(|least| dimensions >= least)
    }
}

/// Whether `text` is of the form `pattern`, in which `*` stands for any bytes.
/// One star is remembered at a time, so that no pattern takes exponential time.
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
