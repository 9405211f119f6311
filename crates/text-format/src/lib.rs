//! Formatting of numbers, plural forms, lines and untrusted text for terminals, pages and figures:
//! one place each for digits and units, singular and plural, line breaking, and escaping.

pub mod escape;
pub mod number;
pub mod plural;
pub mod wrap;
