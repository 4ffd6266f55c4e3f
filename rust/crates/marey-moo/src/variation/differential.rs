//! Differential variation: base + F (a - b), crossed with a target (Storn, Price 1997).
//!
//! Integers follow rounded; a choice takes that of a or of b where these differ; a permutation is crossed with a.

use super::permutation::{PermutationCross, PermutationMutation};
use crate::error::Result;
use crate::evolve::Settings;
use crate::random::Draw;
use crate::space::{Kind, Space};

pub(crate) struct Differential {
    f: f64,
    cr: f64,
    /// F is drawn from [f, f + dither] for each trial.
    dither: f64,
}

impl Differential {
    pub(crate) fn new(settings: &mut Settings, f: f64, cr: f64, dither: f64) -> Result<Self> {
        Ok(Self {
            f: settings.number("F", f, 0.0, 2.0)?,
            cr: settings.number("CR", cr, 0.0, 1.0)?,
            dither: settings.number("dither", dither, 0.0, 2.0)?,
        })
    }

    /// Writes the trial of `target` from three other rows into `trial`.
    pub(crate) fn apply(
        &self,
        space: &Space,
        draw: &mut Draw,
        target: &[f64],
        [base, a, b]: [&[f64]; 3],
        trial: &mut [f64],
    ) {
        let fields = space.fields();
        trial.copy_from_slice(target);
        // One variable always comes from the mutant.
        let sure = draw.below(fields.len());
        let f = self.f + self.dither * draw.uniform();
        for (i, field) in fields.iter().enumerate() {
            let at = field.from;
            if i != sure && !draw.chance(self.cr) {
                continue;
            }
            match field.kind {
                Kind::Real { .. } | Kind::Int { .. } => {
                    let moved = base[at] + f * (a[at] - b[at]);
                    trial[at] = back_within(moved, base[at], space.low[at], space.high[at], draw);
                }
                Kind::Choice => {
                    let from = if a[at] != b[at] && draw.chance(f) { a } else { base };
                    trial[at] = from[at];
                }
                Kind::Permutation => {
                    let items = at..field.to;
                    let mut other = a[items.clone()].to_vec();
                    trial[items.clone()].copy_from_slice(&base[items.clone()]);
                    PermutationCross::Order.apply(&mut trial[items.clone()], &mut other, draw);
                    if draw.chance(f) {
                        PermutationMutation::Inversion.apply(&mut trial[items], draw);
                    }
                }
            }
        }
        if !space.is_plain() {
            space.repair(trial);
        }
    }
}

/// A value outside the bounds falls at random between its base and the bound that it passed.
fn back_within(x: f64, base: f64, low: f64, high: f64, draw: &mut Draw) -> f64 {
    if x < low {
        low + draw.uniform() * (base - low)
    } else if x > high {
        high - draw.uniform() * (high - base)
    } else {
        x
    }
}
