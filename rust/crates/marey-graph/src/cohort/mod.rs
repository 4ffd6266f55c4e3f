//! Matched cohorts: for each treated subject the controls that are most alike, by the best choice overall, by the best
//! full matching, or one after the other.
//!
//! Optimal: Rosenbaum, J. American Statistical Association 84(408), 1989. Variable ratio: Ming and Rosenbaum, Biometrics
//! 56, 2000. Near-fine balance: Yang, Small, Silber and Rosenbaum, Biometrics 68, 2012. Full: Hansen and Klopfer, J.
//! Computational and Graphical Statistics 15(3), 2006. Distances are rounded to 2^-40 of the largest possible one.

mod full;
mod greedy;
mod solve;
mod space;

use crate::error::{Error, Result};
use rayon::ThreadPool;
use solve::{Arcs, Flow, More, NONE, Placed, Prices, Solver, price};
pub use space::{Metric, Subjects, Window};
use space::{Row, Space};

pub use full::edge_cover;
pub use greedy::match_greedy;

/// Pairs ordered by treated, then by control.
#[derive(Debug, Default, PartialEq)]
pub struct Matched {
    /// Row of each pair's treated.
    pub treated: Vec<i64>,
    /// Row of each pair's control.
    pub control: Vec<i64>,
    /// How far apart they are.
    pub distance: Vec<f64>,
}

/// How many controls a treated gets.
pub struct Ratio {
    /// Each gets so many before any gets more.
    pub least: u32,
    /// None gets more.
    pub most: u32,
    /// Controls in all; None: as many as there can be.
    pub total: Option<u64>,
}

/// Wanted numbers of matched controls in each category.
pub struct NearFine<'a> {
    /// Category of each control, from 0.
    pub category: &'a [i64],
    /// Wanted controls of each category.
    pub wanted: &'a [i64],
}

/// Gives as many treated as possible a control, makes as many pairs as possible, is as near to the wanted numbers of
/// each category as possible, and then has the least sum of distances.
pub fn match_optimal(
    subjects: &Subjects,
    ratio: &Ratio,
    near_fine: Option<&NearFine>,
    pool: Option<&ThreadPool>,
) -> Result<Matched> {
    let space = Space::new(subjects)?;
    let (flow, _) = optimal(&space, ratio, near_fine, pool)?;
    let holders = flow.holder.iter().enumerate().filter(|&(_, &t)| t != NONE);
    Ok(space.matched(holders.map(|(c, &t)| (t, c as u32)).collect()))
}

fn optimal(
    space: &Space,
    ratio: &Ratio,
    near_fine: Option<&NearFine>,
    pool: Option<&ThreadPool>,
) -> Result<(Flow, Prices)> {
    let rows = space.treated();
    if ratio.least == 0 || ratio.most < ratio.least {
        let message = format!("is from {} to {}; expected 1 <= least <= most", ratio.least, ratio.most);
        return Err(Error::new("ratio", message));
    }
    let categories = near_fine.map(|n| categories(space, n)).transpose()?;
    let steps = Steps::new(space);
    // A unit more on one side may change every pair's category and every pair's distance.
    let units = (rows as i64).saturating_mul(i64::from(ratio.most)).min(space.controls() as i64) + 1;
    let (first, all) =
        if ratio.total.is_some() { (ratio.least, ratio.least) } else { (ratio.most, ratio.most) };
    let prices = Prices {
        supply: vec![all; rows],
        idle: price(4 * units),
        alone: price(16 * units * units),
        categories,
        excess: price(1),
    };
    let every: Vec<u32> = (0..rows as u32).collect();
    let short = 16 + 4 * first as usize;
    let arcs = space.rows(&every, short, pool).into_iter().map(|row| steps.arcs(row)).collect();
    let mut solver = Solver::new(&prices, arcs, space.controls(), Longer { space, steps });
    for _ in 0..first {
        for row in 0..rows as u32 {
            solver.place(&[row]);
        }
    }
    if let Some(total) = ratio.total {
        // Who could not place the least has nowhere to place more.
        let more = ratio.most - ratio.least;
        let mut room: Vec<u32> = solver.idle().iter().map(|&idle| if idle == 0 { more } else { 0 }).collect();
        let idle: u64 = solver.idle().iter().map(|&idle| u64::from(idle)).sum();
        for _ in (rows as u64 * u64::from(ratio.least) - idle)..total {
            let open: Vec<u32> = (0..rows as u32).filter(|&row| room[row as usize] > 0).collect();
            match solver.place(&open) {
                Some(Placed { source, idle: false }) => room[source as usize] -= 1,
                _ => break,
            }
        }
    }
    Ok((solver.finish(), prices))
}

fn categories(space: &Space, near_fine: &NearFine) -> Result<(Vec<u32>, Vec<u32>)> {
    let (category, wanted) = (near_fine.category, near_fine.wanted);
    let count = wanted.len() as i64;
    if category.len() != space.controls() || category.iter().any(|&c| c < 0 || c >= count) {
        let rule = format!("expected one of {count} categories for each of {} controls", space.controls());
        return Err(Error::new("near_fine", format!("has other categories; {rule}")));
    }
    let narrow = |values: &[i64]| values.iter().map(|&v| v.clamp(0, i64::from(u32::MAX)) as u32).collect();
    Ok((narrow(category), narrow(wanted)))
}

/// Distances in whole steps.
#[derive(Clone, Copy)]
struct Steps(f64);

impl Steps {
    fn new(space: &Space) -> Self {
        let reach = space.reach();
        Self(if reach > 0.0 { f64::exp2((40.0 - reach.log2().ceil()).clamp(-1000.0, 1000.0)) } else { 1.0 })
    }

    fn of(self, distance: f64) -> i64 {
        (distance * self.0).round() as i64
    }

    fn arcs(self, row: Row) -> Arcs {
        let length = row.distance.iter().map(|&distance| self.of(distance)).collect();
        Arcs { column: row.partner, length, complete: row.complete }
    }
}

struct Longer<'a> {
    space: &'a Space<'a>,
    steps: Steps,
}

impl More for Longer<'_> {
    fn more(&mut self, row: usize, arcs: &mut Arcs) {
        let longer = self.space.rows(&[row as u32], 4 * arcs.column.len().max(16), None).pop();
        *arcs = self.steps.arcs(longer.expect("one row"));
    }
}

/// Every allowed pair, in the order of the treated, nearest first.
pub fn allowed_pairs(subjects: &Subjects, pool: Option<&ThreadPool>) -> Result<Matched> {
    let space = Space::new(subjects)?;
    let every: Vec<u32> = (0..space.treated() as u32).collect();
    let rows = space.rows(&every, space.controls(), pool);
    let mut pairs = Matched::default();
    for (t, row) in rows.iter().enumerate() {
        pairs.treated.extend(row.partner.iter().map(|_| t as i64));
        pairs.control.extend(row.partner.iter().map(|&c| i64::from(c)));
        pairs.distance.extend(&row.distance);
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests;
