//! The gradient of the hypervolume in the points: moving a point along objective j sweeps the facet that it alone
//! dominates among the points that are no worse in j, so one sweep along each objective gives every partial derivative.
//!
//! Where points tie in an objective the derivative is that of making the point worse: what a tie dominates too counts
//! for none. Dominated points, equal points and points not below the reference have a gradient of zero.
//!
//! Source: Emmerich & Deutz 2012. Cost: d hypervolumes, of four objectives where there are fewer.

use crate::argsort::{argsort, key};
use crate::error::Result;
use crate::hypervolume::{Columns, Sweep, finite_rows};
use crate::points::Points;

/// Objectives of a sweep at least; points with fewer get zeros below a reference of one.
const OBJECTIVES: usize = 4;

/// The derivatives, one row per point. The derivative in the reference is minus their sum over the points.
pub fn hv_gradient(points: Points, reference: &[f64]) -> Result<Vec<f64>> {
    let (ids, inside) = finite_rows(points, reference)?;
    let d = reference.len();
    let mut gradient = vec![0.0; points.len() * d];
    for axis in 0..d {
        for (&id, facet) in ids.iter().zip(facets(&inside, reference, axis)) {
            gradient[id * d + axis] = -facet;
        }
    }
    Ok(gradient)
}

/// The facet of each point across `axis`.
fn facets(points: &[&[f64]], reference: &[f64], axis: usize) -> Vec<f64> {
    let order = argsort(&points.iter().map(|point| key(point[axis])).collect::<Vec<u64>>());
    let reference = axis_last(reference, axis, 1.0);
    let (d, n) = (reference.len(), points.len());
    let mut sweep = Sweep::new(d);
    let mut swept = Columns::new(d);
    swept.reset(n);
    for &i in &order {
        swept.insert(&axis_last(points[i as usize], axis, 0.0));
    }
    let mut alone = sweep.alone(&swept, 0, n, &Columns::new(d - 1), &reference);
    let mut from = 0;
    for tied in swept.column(d - 1).chunk_by(|a, b| a == b) {
        let to = from + tied.len();
        if tied.len() > 1 {
            beside_ties(&mut sweep, &swept, from, to, &reference[..d - 1], &mut alone);
        }
        from = to;
    }
    let mut facets = vec![0.0; n];
    for (&i, facet) in order.iter().zip(alone) {
        facets[i as usize] = facet;
    }
    facets
}

/// What each of `swept[from..to]` dominates alone beside all others of `swept[..to]`.
fn beside_ties(
    sweep: &mut Sweep,
    swept: &Columns,
    from: usize,
    to: usize,
    reference: &[f64],
    alone: &mut [f64],
) {
    let mut point = vec![0.0; reference.len()];
    for (i, alone) in (from..to).zip(&mut alone[from..to]) {
        let mut others = Columns::new(reference.len());
        others.reset(to);
        for other in (0..to).filter(|&other| other != i) {
            swept.read(other, &mut point);
            others.insert(&point);
        }
        swept.read(i, &mut point);
        *alone = sweep.exclusive(&others, &point, reference);
    }
}

fn axis_last(values: &[f64], axis: usize, filler: f64) -> Vec<f64> {
    let mut turned: Vec<f64> = values.to_vec();
    let last = turned.remove(axis);
    turned.resize(values.len().max(OBJECTIVES) - 1, filler);
    turned.push(last);
    turned
}
