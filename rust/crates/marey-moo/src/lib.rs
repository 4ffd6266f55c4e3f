//! Multi-objective optimisation in plain Rust: no Python, no global state. All objectives are minimised.

mod argsort;
mod contributions;
mod error;
mod gradient;
mod hypervolume;
mod pareto_rank;
mod points;

pub use contributions::{hv_contributions, hv_least};
pub use error::{Error, Result};
pub use gradient::hv_gradient;
pub use hypervolume::hypervolume;
pub use pareto_rank::pareto_rank;
pub use points::Points;
