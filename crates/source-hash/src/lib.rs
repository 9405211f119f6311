//! Hash of the meaning of Rust sources, for build scripts: of their tokens without comments,
//! documentation and tests. Rewording a comment or changing the layout keeps the hash; changing
//! a constant, name or message does not.

#[cfg(feature = "folders")]
mod folders;
mod tokens;

#[cfg(feature = "folders")]
pub use folders::{hash, set_variable};
pub use tokens::{Meaning, meaning};
