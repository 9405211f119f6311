//! Numbers, plural forms, lines and foreign text as terminals, pages and figures show them:
//! one place for digits and units, one for singular and plural, one for breaking lines, and
//! one for making text harmless.

pub mod escape;
pub mod number;
pub mod plural;
pub mod wrap;
