//! What each point alone adds to the hypervolume: the volume of all points less the volume without it.

mod many;
mod plane;
mod space;

use crate::error::Result;
use crate::hypervolume::finite_rows;
use crate::points::Points;
use rayon::ThreadPool;

/// The contribution of each point. Dominated points, and points that are not below `reference`, contribute nothing;
/// a dominated point still lessens the contribution of the one point that dominates it.
///
/// The result has the same bits for every pool.
pub fn hv_contributions(points: Points, reference: &[f64], pool: Option<&ThreadPool>) -> Result<Vec<f64>> {
    let (ids, inside) = finite_rows(points, reference)?;
    let values = match reference.len() {
        1 => on_a_line(&inside, reference[0]),
        2 => plane::contributions(&inside, reference),
        3 => space::contributions(&inside, reference),
        _ => many::contributions(&inside, reference, pool),
    };
    let mut contributions = vec![0.0; points.len()];
    for (i, value) in ids.into_iter().zip(values) {
        contributions[i] = value;
    }
    Ok(contributions)
}

/// The point with the least contribution, the first of several, and that contribution. None without points.
pub fn hv_least(
    points: Points,
    reference: &[f64],
    pool: Option<&ThreadPool>,
) -> Result<Option<(usize, f64)>> {
    let contributions = hv_contributions(points, reference, pool)?;
    Ok(contributions.into_iter().enumerate().min_by(|a, b| a.1.total_cmp(&b.1)))
}

fn on_a_line(points: &[&[f64]], reference: f64) -> Vec<f64> {
    let mut sorted: Vec<f64> = points.iter().map(|p| p[0]).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let second = sorted.get(1).copied().unwrap_or(reference);
    points.iter().map(|p| (second - p[0]).max(0.0)).collect()
}

/// The places of the points in lexicographic order of the objectives named.
fn lexicographic(points: &[&[f64]], objectives: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_unstable_by(|&a, &b| {
        let of = |i: usize| objectives.iter().map(move |&j| points[i][j]);
        of(a).partial_cmp(of(b)).expect("numbers").then(a.cmp(&b))
    });
    order
}
