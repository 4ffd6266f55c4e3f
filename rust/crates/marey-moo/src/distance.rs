//! Distances between a set of points F and a reference set R: (inverted) generational distance, with their dominance
//! versions, and the epsilon indicators.
//!
//! Sources: Van Veldhuizen & Lamont 1998 (GD), Coello Coello & Reyes Sierra 2004 (IGD), Ishibuchi et al. 2015 (GD+, IGD+),
//! Zitzler et al. 2003 (epsilon). Cost O(d |F| |R|), eight points at a time.

use crate::error::{Error, Result};
use crate::nearest::{Blocks, Measure, max};
use crate::points::Points;
use rayon::ThreadPool;

/// Euclidean distance, squared.
struct Euclid;
/// Only what the point is worse than the query counts, squared.
struct Worse;
/// Only what the query is worse than the point counts, squared.
struct Better;
/// The largest difference.
struct Added;
/// The largest ratio.
struct Scaled;

impl Measure for Euclid {
    const START: f64 = 0.0;
    #[inline(always)]
    fn add(distance: f64, a: f64, q: f64) -> f64 {
        distance + (a - q) * (a - q)
    }
}

impl Measure for Worse {
    const START: f64 = 0.0;
    #[inline(always)]
    fn add(distance: f64, a: f64, q: f64) -> f64 {
        let worse = max(0.0, a - q);
        distance + worse * worse
    }
}

impl Measure for Better {
    const START: f64 = 0.0;
    #[inline(always)]
    fn add(distance: f64, a: f64, q: f64) -> f64 {
        Worse::add(distance, q, a)
    }
}

impl Measure for Added {
    const START: f64 = f64::NEG_INFINITY;
    #[inline(always)]
    fn add(distance: f64, a: f64, q: f64) -> f64 {
        max(distance, a - q)
    }
}

impl Measure for Scaled {
    const START: f64 = 0.0;
    #[inline(always)]
    fn add(distance: f64, a: f64, q: f64) -> f64 {
        max(distance, a / q)
    }
}

/// The mean distance from a point of F to the nearest point of R.
pub fn gd(f: Points, r: Points, pool: Option<&ThreadPool>) -> Result<f64> {
    mean_distance::<Euclid>(r, f, f64::INFINITY, (f, r), pool)
}

/// As `gd`, of which only what F is worse counts.
pub fn gd_plus(f: Points, r: Points, pool: Option<&ThreadPool>) -> Result<f64> {
    mean_distance::<Better>(r, f, f64::NEG_INFINITY, (f, r), pool)
}

/// The mean distance from a point of R to the nearest point of F.
pub fn igd(f: Points, r: Points, pool: Option<&ThreadPool>) -> Result<f64> {
    mean_distance::<Euclid>(f, r, f64::INFINITY, (f, r), pool)
}

/// As `igd`, of which only what F is worse counts.
pub fn igd_plus(f: Points, r: Points, pool: Option<&ThreadPool>) -> Result<f64> {
    mean_distance::<Worse>(f, r, f64::INFINITY, (f, r), pool)
}

/// What must be subtracted from every objective of F so that F weakly dominates R; with `scaled`, divided by.
pub fn epsilon(f: Points, r: Points, scaled: bool) -> Result<f64> {
    check(f, r)?;
    if !scaled {
        return Ok(largest::<Added>(f, r));
    }
    for (name, points) in [("F", f), ("R", r)] {
        if let Some((i, row)) = points.rows().enumerate().find(|(_, row)| row.iter().any(|&x| x <= 0.0)) {
            return Err(Error::invalid(
                name,
                format!("has {row:?} in row {i}; expected positive values for a ratio"),
            ));
        }
    }
    Ok(largest::<Scaled>(f, r))
}

fn mean_distance<M: Measure>(
    to: Points,
    from: Points,
    filler: f64,
    (f, r): (Points, Points),
    pool: Option<&ThreadPool>,
) -> Result<f64> {
    check(f, r)?;
    let blocks = Blocks::new(to.rows(), to.dim(), filler);
    let squared = blocks.nearest_of_all::<M>(from.values(), pool);
    Ok(squared.iter().map(|x| x.sqrt()).sum::<f64>() / from.len() as f64)
}

/// The largest over R of the least distance to F.
fn largest<M: Measure>(f: Points, r: Points) -> f64 {
    let blocks = Blocks::new(f.rows(), f.dim(), f64::INFINITY);
    // A point of R that some point of F is near enough to cannot raise the maximum.
    r.values().chunks(4 * r.dim()).fold(f64::NEG_INFINITY, |largest, queries| {
        blocks.nearest::<M>(queries, largest).into_iter().fold(largest, f64::max)
    })
}

pub(crate) fn check(f: Points, r: Points) -> Result<()> {
    for (name, points) in [("F", f), ("R", r)] {
        points.reject_nonfinite(name)?;
        if points.is_empty() {
            return Err(Error::invalid(
                name,
                format!("has shape (0, {}); expected at least one point", points.dim()),
            ));
        }
    }
    if f.dim() != r.dim() {
        return Err(Error::invalid(
            "R",
            format!("has shape ({}, {}); expected (M, {})", r.len(), r.dim(), f.dim()),
        ));
    }
    Ok(())
}
