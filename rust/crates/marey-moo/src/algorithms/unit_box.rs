//! Numeric spaces as the unit box, for the strategies that adapt a covariance.

use crate::error::{Error, Result};
use crate::space::Space;

/// An error unless every variable is a number, and the matrices stay small enough.
pub(super) fn check(space: &Space, most: usize) -> Result<()> {
    if !space.is_numeric() {
        return Err(Error::invalid(
            "space",
            "has a choice of more than two or a permutation; expected reals and integers",
        ));
    }
    if space.width() > most {
        return Err(Error::invalid(
            "space",
            format!("has {} variables; expected at most {most}", space.width()),
        ));
    }
    Ok(())
}

/// The place of a genome in the unit box.
pub(super) fn place(space: &Space, genome: &[f64]) -> Vec<f64> {
    let span = |j: usize| if space.high[j] > space.low[j] { space.high[j] - space.low[j] } else { 1.0 };
    genome.iter().enumerate().map(|(j, x)| (x - space.low[j]) / span(j)).collect()
}

/// The genome of a place.
pub(super) fn genome(space: &Space, place: &[f64], row: &mut [f64]) {
    for (j, (x, u)) in row.iter_mut().zip(place).enumerate() {
        let (low, high) = (space.low[j], space.high[j]);
        *x = (low + u * (high - low)).clamp(low, high);
    }
}
