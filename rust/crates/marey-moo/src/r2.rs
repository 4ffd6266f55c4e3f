//! The R2 indicator: the mean over weights of the best weighted Tchebycheff value, exact in two objectives.

use crate::distance::check;
use crate::error::{Error, Result};
use crate::nearest::{Blocks, Measure, max};
use crate::points::Points;
use rayon::ThreadPool;

pub(crate) struct Tchebycheff;

impl Measure for Tchebycheff {
    const START: f64 = f64::NEG_INFINITY;
    #[inline(always)]
    fn add(distance: f64, a: f64, q: f64) -> f64 {
        max(distance, a * q)
    }
}

/// The mean over the rows w of `weights` of the least max_j w_j (p_j - ideal_j).
///
/// Source: Brockhoff, Wagner, Trautmann 2012. Cost O(d n |weights|), eight points at a time.
pub fn r2(points: Points, ideal: &[f64], weights: Points, pool: Option<&ThreadPool>) -> Result<f64> {
    check(points, points)?;
    let shifted = above_ideal(points, ideal)?;
    let shifted = Points::new(&shifted, points.len(), points.dim())?;
    let blocks = Blocks::new(shifted.rows(), points.dim(), f64::INFINITY);
    let utilities = blocks.nearest_of_all::<Tchebycheff>(weights.values(), pool);
    Ok(utilities.iter().sum::<f64>() / weights.len() as f64)
}

/// The integral over w in (0, 1) of the least max(w a, (1 - w) b), (a, b) a point less the ideal.
///
/// Source: Schäpermeier & Kerschke 2024. Cost O(n log n).
pub fn r2_exact(points: Points, ideal: &[f64]) -> Result<f64> {
    check(points, points)?;
    let shifted = above_ideal(points, ideal)?;
    let mut pairs: Vec<(f64, f64)> = shifted.chunks_exact(2).map(|p| (p[0], p[1])).collect();
    pairs.sort_by(|p, q| p.partial_cmp(q).expect("numbers"));
    let mut lowest = f64::INFINITY;
    pairs.retain(|p| {
        let better = p.1 < lowest;
        lowest = lowest.min(p.1);
        better
    });
    // Ascending in the first objective the best point of a weight moves from w = 1 to w = 0. Between two neighbours the
    // lower envelope changes where w a of the later meets (1 - w) b of the earlier; at its own corner w a = (1 - w) b.
    let meet = |a: f64, b: f64| if a + b > 0.0 { b / (a + b) } else { 0.5 };
    let mut upper = 1.0;
    let mut total = 0.0;
    for (k, &(a, b)) in pairs.iter().enumerate() {
        let lower = pairs.get(k + 1).map_or(0.0, |next| meet(next.0, b));
        let corner = meet(a, b);
        total += a * (upper - corner) * (upper + corner) / 2.0;
        total += b * (corner - lower) * (2.0 - corner - lower) / 2.0;
        upper = lower;
    }
    Ok(total)
}

fn above_ideal(points: Points, ideal: &[f64]) -> Result<Vec<f64>> {
    let mut shifted = Vec::with_capacity(points.len() * points.dim());
    for (i, row) in points.rows().enumerate() {
        if row.iter().zip(ideal).any(|(x, ideal)| x < ideal) {
            return Err(Error::invalid(
                "ideal",
                format!("is {ideal:?}; expected no point below it, row {i} is {row:?}"),
            ));
        }
        shifted.extend(row.iter().zip(ideal).map(|(x, ideal)| x - ideal));
    }
    Ok(shifted)
}
