//! Multi-objective optimisation in plain Rust: no Python, no global state. All objectives are minimised.

#[allow(dead_code, unused_imports)]
mod algorithms;
mod approximation;
mod archive;
mod argsort;
mod attainment;
mod boxes;
mod contributions;
mod distance;
mod error;
#[allow(dead_code, unused_imports)]
mod evolve;
mod gradient;
mod hypervolume;
mod improvement;
mod nearest;
mod pareto_rank;
mod points;
mod r2;
#[allow(dead_code, unused_imports)]
mod random;
#[allow(dead_code, unused_imports)]
mod space;
mod spread;
#[allow(dead_code, unused_imports)]
mod variation;

pub use approximation::hv_approx;
pub use archive::{Archive, Drop};
pub use attainment::eaf;
pub use boxes::{Boxes, dominated_boxes, nondominated_boxes};
pub use contributions::{hv_contributions, hv_least};
pub use distance::{epsilon, gd, gd_plus, igd, igd_plus};
pub use error::{Error, Result};
pub use evolve::{Optimizer, Plan, Setting, Settings};
pub use gradient::hv_gradient;
pub use hypervolume::hypervolume;
pub use improvement::ehvi;
pub use pareto_rank::pareto_rank;
pub use points::Points;
pub use r2::{r2, r2_exact};
pub use space::{Condition, Kind, Sampling, Space, Variable};
pub use spread::{crowding_distance, spacing};
