//! Numbers and foreign text as terminals, pages and figures show them: one place for
//! digits and units, and one for making text harmless.

pub mod escape;
pub mod number;
