//! Stub.
/// Kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Jump.
    Jump,
    /// Drift.
    Drift,
}
/// Step.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// At.
    pub at: usize,
    /// Until.
    pub until: usize,
    /// Before.
    pub before: f64,
    /// After.
    pub after: f64,
    /// Kind.
    pub kind: Kind,
}
/// Steps.
pub fn steps(_: &[f64], _: f64) -> Vec<Step> {
    Vec::new()
}
