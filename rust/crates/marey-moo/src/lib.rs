//! Multi-objective optimisation in plain Rust: no Python, no global state. All objectives are minimised.

mod argsort;
mod error;
mod pareto_rank;
mod points;

pub use error::{Error, Result};
pub use pareto_rank::pareto_rank;
pub use points::Points;
