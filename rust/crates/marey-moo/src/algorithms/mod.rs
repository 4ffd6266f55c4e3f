//! The algorithms by name.

mod genetic;
mod nsga2;

use crate::error::{Error, Result};
use crate::evolve::{Algorithm, Settings};
use crate::space::Space;

/// Makes the algorithm `name`, which takes its settings.
pub(crate) fn build(
    name: &str,
    settings: &mut Settings,
    space: &Space,
    _n_obj: usize,
    _n_con: usize,
) -> Result<Box<dyn Algorithm>> {
    Ok(match name {
        "NSGA2" => Box::new(genetic::Genetic::new(settings, space, 100, nsga2::Nsga2::default())?),
        _ => {
            return Err(Error::invalid(
                "algorithm",
                format!("is '{name}', which is not one of this library"),
            ));
        }
    })
}
