//! Stub.
use super::Regression;
use crate::error::ReportError;
use spec::layout::ReportDir;
/// Title.
pub enum Title {
    /// Night.
    Nightly,
    /// Two.
    Comparison {
        /// A.
        a: String,
        /// B.
        b: String,
    },
}
/// Render.
pub fn render(r: &Regression, dir: &ReportDir, _: &Title) -> Result<(), ReportError> {
    crate::write_atomic(&dir.regression_json(), &serde_json::to_vec_pretty(r).expect("plain"))
}
