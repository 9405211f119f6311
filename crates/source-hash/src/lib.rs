//! Hash of what Rust sources mean, for build scripts: of their tokens, without comments,
//! documentation and tests. A reworded comment or another layout leaves it as it is; a
//! changed constant, name or message does not.

#[cfg(feature = "folders")]
mod folders;
mod tokens;

#[cfg(feature = "folders")]
pub use folders::{hash, set_variable};
pub use tokens::{Meaning, meaning};
