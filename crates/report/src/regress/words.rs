//! Stub.
use super::Regression;
/// Headline.
pub fn headline(r: &Regression) -> String {
    format!("{:?}: {} of {} identical; {} gaps", r.verdict, r.identical, r.pairs, r.gaps.len())
}
