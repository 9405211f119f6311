//! What surrounds an optimizer's own rule: clipping, accumulation, decoupled
//! decay, groups of parameters. Keys of `[[optimizer]]` that every kind has.

use serde::{Deserialize, Serialize};

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

/// Parameters that an optimizer treats in their own way; of several groups that
/// match a parameter the first counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParamGroup {
    /// Pattern over parameter paths such as `layers.0.bias`; `*` stands for any characters.
    pub params: String,
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
    /// Whether a parameter of this path belongs to it.
    pub fn matches(&self, path: &str) -> bool {
        glob(self.params.as_bytes(), path.as_bytes())
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
}
