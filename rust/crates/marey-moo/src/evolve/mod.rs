//! The loop that every algorithm shares: breed, evaluate, update; asked and told, saved and resumed.

mod ask;
mod fields;
mod optimizer;
mod population;
mod ranking;
mod settings;
#[cfg(test)]
mod tests;

pub use ask::Evaluate;
pub(crate) use fields::Fields;
pub use optimizer::{Optimizer, Plan};
pub(crate) use population::Population;
pub(crate) use ranking::rank;
pub use settings::{Setting, Settings};

use crate::error::Result;
use crate::space::Space;

/// Where a run stands: what random numbers are keyed on.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) space: &'a Space,
    pub(crate) seed: u64,
    pub(crate) generation: u64,
}

impl At<'_> {
    pub(crate) fn draw(&self, individual: usize, purpose: crate::random::Purpose) -> crate::random::Draw {
        crate::random::Draw::new(self.seed, self.generation, individual as u64, purpose)
    }
}

/// What tells one algorithm from another.
pub(crate) trait Algorithm: Send + Sync {
    /// Points in the first generation.
    fn first(&self) -> usize;

    /// Points in every later generation.
    fn batch(&self) -> usize;

    /// Writes the first generation's genomes where the algorithm makes them itself; false leaves it to sampling.
    fn start(&mut self, _at: At, _from: usize, _rows: &mut [f64]) -> bool {
        false
    }

    /// Writes genomes of a generation after the first, from its `from`-th child on.
    fn breed(&mut self, at: At, population: &Population, from: usize, rows: &mut [f64]);

    /// Takes in evaluated children, ordered by their `numbers` in the generation. The first time the population is empty.
    fn update(&mut self, at: At, population: &mut Population, children: &Population, numbers: &[u64]);

    /// The state beside the population, for saving and loading.
    fn fields(&mut self, _population: &Population, _io: &mut Fields) -> Result<()> {
        Ok(())
    }
}
