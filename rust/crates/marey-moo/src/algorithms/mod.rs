//! The algorithms by name. A genetic algorithm is a survival in one common loop; the others have their own.

mod agemoea2;
mod cmaes;
mod de;
mod directions;
mod eigen;
mod fronts;
mod gde3;
mod genetic;
mod mocmaes;
mod moead;
mod motpe;
mod normalize;
mod nsga2;
mod nsga3;
mod rvea;
mod smsemoa;
mod spea2;
mod unit_box;
mod volume;

use crate::error::{Error, Result};
use crate::evolve::{Algorithm, Settings};
use crate::space::Space;
use crate::variation::Variation;
pub use directions::{das_dennis, riesz};
use genetic::Genetic;

/// The names that `build` knows.
pub const ALGORITHMS: [&str; 13] = [
    "AGEMOEA2", "CMAES", "DE", "GDE3", "MOCMAES", "MOEAD", "MOTPE", "NSGA2", "NSGA3", "RVEA", "SMSEMOA",
    "SPEA2", "UNSGA3",
];

/// Makes the algorithm `name`, which takes its settings.
pub(crate) fn build(
    name: &str,
    settings: &mut Settings,
    space: &Space,
    m: usize,
) -> Result<Box<dyn Algorithm>> {
    Ok(match name {
        "AGEMOEA2" => Box::new(Genetic::new(settings, space, 100, agemoea2::AgeMoea2::new(m))?),
        "CMAES" => Box::new(cmaes::CmaEs::new(settings, space, m)?),
        "DE" => Box::new(de::De::new(settings, m)?),
        "GDE3" => Box::new(gde3::Gde3::new(settings, space)?),
        "MOCMAES" => Box::new(mocmaes::MoCmaEs::new(settings, space)?),
        "MOEAD" => Box::new(moead::Moead::new(settings, space, m)?),
        "MOTPE" => Box::new(motpe::Motpe::new(settings, space)?),
        "NSGA2" => {
            let survival = nsga2::Nsga2::new(settings)?;
            Box::new(Genetic::new(settings, space, 100, survival)?)
        }
        "NSGA3" | "UNSGA3" => {
            let survival = nsga3::Nsga3::new(settings, m, name == "UNSGA3")?;
            let variation = Variation::with(settings, space, 30.0, 1.0)?;
            let pop = if m == 1 { 100 } else { survival.count() };
            Box::new(Genetic::with(settings, variation, pop, survival)?)
        }
        "RVEA" => {
            let survival = rvea::Rvea::new(settings, m)?;
            let variation = Variation::with(settings, space, 30.0, 1.0)?;
            let pop = survival.count();
            Box::new(Genetic::with(settings, variation, pop, survival)?)
        }
        "SMSEMOA" => Box::new(Genetic::new(settings, space, 100, smsemoa::SmsEmoa::default())?),
        "SPEA2" => Box::new(Genetic::new(settings, space, 100, spea2::Spea2::default())?),
        _ => {
            let known = ALGORITHMS.join(", ");
            return Err(Error::invalid("algorithm", format!("is '{name}'; expected one of {known}")));
        }
    })
}
