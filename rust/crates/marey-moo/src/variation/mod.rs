//! Variation: new genomes from old, by the operator that fits each variable's type.
//!
//! | variable | crossover | mutation |
//! | --- | --- | --- |
//! | real | simulated binary, or blend | polynomial, or Gaussian |
//! | integer | the same, rounded | the same, at least one step |
//! | choice | uniform | another choice |
//! | permutation | order, or edge recombination | inversion, or swap |

mod differential;
mod permutation;
mod real;

use crate::error::Result;
use crate::evolve::Settings;
use crate::random::Draw;
use crate::space::{Field, Kind, Space};
pub(crate) use differential::Differential;
use permutation::{PermutationCross, PermutationMutation};
use real::{RealCross, RealMutation};

/// The operators of a genetic algorithm and their parameters.
pub(crate) struct Variation {
    cross: RealCross,
    cross_probability: f64,
    mutation: RealMutation,
    mutation_probability: f64,
    permutation_cross: PermutationCross,
    permutation_mutation: PermutationMutation,
}

impl Variation {
    /// Defaults: SBX with eta 15 at 0.9, polynomial mutation with eta 20 at one variable in a row, order crossover,
    /// inversion.
    pub(crate) fn new(settings: &mut Settings, space: &Space) -> Result<Self> {
        Self::with(settings, space, 15.0, 0.9)
    }

    pub(crate) fn with(settings: &mut Settings, space: &Space, eta: f64, probability: f64) -> Result<Self> {
        let eta = settings.number("crossover_eta", eta, 0.0, 1e3)?;
        let alpha = settings.number("blend_alpha", 0.5, 0.0, 10.0)?;
        let gaussian = settings.word("mutation", &["polynomial", "gaussian"])? == 1;
        let index = settings.number("mutation_eta", 20.0, 0.0, 1e3)?;
        let sigma = settings.number("mutation_sigma", 0.1, 0.0, 10.0)?;
        let one = 1.0 / space.fields().len() as f64;
        Ok(Self {
            cross: match settings.word("crossover", &["sbx", "blx"])? {
                0 => RealCross::Sbx { eta },
                _ => RealCross::Blend { alpha },
            },
            cross_probability: settings.number("crossover_prob", probability, 0.0, 1.0)?,
            mutation: if gaussian {
                RealMutation::Gaussian { sigma }
            } else {
                RealMutation::Polynomial { eta: index }
            },
            mutation_probability: settings.number("mutation_prob", one, 0.0, 1.0)?,
            permutation_cross: match settings.word("permutation_crossover", &["order", "edge"])? {
                0 => PermutationCross::Order,
                _ => PermutationCross::Edge,
            },
            permutation_mutation: match settings.word("permutation_mutation", &["inversion", "swap"])? {
                0 => PermutationMutation::Inversion,
                _ => PermutationMutation::Swap,
            },
        })
    }

    /// Turns two copies of parents into two children.
    pub(crate) fn cross(&self, space: &Space, draw: &mut Draw, a: &mut [f64], b: &mut [f64]) {
        if !draw.chance(self.cross_probability) {
            return;
        }
        for field in space.fields() {
            let at = field.from;
            match field.kind {
                Kind::Real { .. } | Kind::Int { .. } => {
                    let bits = draw.bits();
                    if bits & 1 == 0 && a[at] != b[at] {
                        (a[at], b[at]) =
                            self.cross.apply(a[at], b[at], space.low[at], space.high[at], bits, draw);
                    }
                }
                Kind::Choice => {
                    if draw.bits() & 1 == 0 {
                        std::mem::swap(&mut a[at], &mut b[at]);
                    }
                }
                Kind::Permutation => {
                    self.permutation_cross.apply(&mut a[at..field.to], &mut b[at..field.to], draw);
                }
            }
        }
    }

    /// Mutates each variable with the same probability and makes the row a valid genome.
    pub(crate) fn mutate(&self, space: &Space, draw: &mut Draw, row: &mut [f64]) {
        let fields = space.fields();
        let mut next = Gaps::new(self.mutation_probability);
        let mut i = next.gap(draw);
        while i < fields.len() {
            self.mutate_field(space, draw, row, &fields[i]);
            i = i.saturating_add(1).saturating_add(next.gap(draw));
        }
        if !space.is_plain() {
            space.repair(row);
        }
    }

    /// Mutates one variable.
    pub(crate) fn mutate_one(&self, space: &Space, draw: &mut Draw, row: &mut [f64]) {
        let field = &space.fields()[draw.below(space.fields().len())];
        self.mutate_field(space, draw, row, field);
        if !space.is_plain() {
            space.repair(row);
        }
    }

    fn mutate_field(&self, space: &Space, draw: &mut Draw, row: &mut [f64], field: &Field) {
        let (at, low, high) = (field.from, space.low[field.from], space.high[field.from]);
        match field.kind {
            Kind::Real { .. } => row[at] = self.mutation.apply(row[at], low, high, draw),
            Kind::Int { log } => {
                let moved = self.mutation.apply(row[at], low, high, draw);
                row[at] = if log { moved } else { at_least_one_step(row[at], moved, low, high) };
            }
            Kind::Choice => row[at] = another_choice(row[at], high, draw),
            Kind::Permutation => self.permutation_mutation.apply(&mut row[at..field.to], draw),
        }
    }
}

/// How many variables lie between one that mutates and the next: geometric, one logarithm a mutation.
struct Gaps {
    probability: f64,
    log_rest: f64,
}

impl Gaps {
    fn new(probability: f64) -> Self {
        Self { probability, log_rest: libm::log1p(-probability) }
    }

    fn gap(&mut self, draw: &mut Draw) -> usize {
        if self.probability >= 1.0 {
            return 0;
        }
        if self.probability <= 0.0 {
            return usize::MAX;
        }
        // A float beyond the range of usize becomes its greatest value.
        (libm::log(1.0 - draw.uniform()) / self.log_rest) as usize
    }
}

/// A mutated integer moves: a step too short to reach the next integer becomes one step in its direction.
fn at_least_one_step(from: f64, to: f64, low: f64, high: f64) -> f64 {
    let rounded = to.round_ties_even();
    if rounded != from || high - low < 1.5 {
        return rounded;
    }
    let step = if to < from { -1.0 } else { 1.0 };
    let moved = from + step;
    if moved < low || moved > high { from - step } else { moved }
}

fn another_choice(from: f64, high: f64, draw: &mut Draw) -> f64 {
    let choices = (high + 0.5) as usize;
    if choices < 2 {
        return from;
    }
    ((from as usize + 1 + draw.below(choices - 1)) % choices) as f64
}
