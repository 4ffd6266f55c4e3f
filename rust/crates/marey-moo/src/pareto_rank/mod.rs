//! Non-dominated sorting: the index of the front that each point belongs to.
//!
//! A point's dominators precede it in lexicographic order, so one sweep in that order ranks every point for good:
//! rank = 1 + the largest rank among earlier points that are no worse in the objectives after the first. The objectives
//! decide how the sweep answers that question: tails of fronts (d = 2), staircases (d = 3), a tree of boxes (d >= 4).
//!
//! Sources: Jensen 2003 (sweeps for d = 2); Buzdalov & Shalyto 2014 (staircases); Zhang et al. 2015 (efficient
//! non-dominated sort: one sweep, fronts searched per point).
//! Cost: O(n log n) for d <= 2, O(n log^2 n) for d = 3, data-dependent above (at worst O(d n^2), 16 lanes at a time).

mod bi;
mod boxes;
mod limit;
mod tri;

use crate::argsort::{argsort, dense_rank, for_each_run, key};
use crate::error::{Error, Result};
use crate::points::Points;
use limit::Limit;

/// What the sweep asks of a set of ranked points. Points are named by their place in the sweep.
trait Ranked {
    /// One more than the largest rank among the points that dominate point `i`; at most `cap`.
    fn rank_of(&self, i: usize, cap: u32) -> u32;
    /// Adds point `i`, which no later insertion can change.
    fn insert(&mut self, i: usize, rank: u32);
}

/// The non-dominated rank of each point: 0 for the first front. Equal points share a rank.
///
/// With `k`, ranks are exact for the first fronts that together hold at least `k` points; every point beyond them gets
/// the number of these fronts.
pub fn pareto_rank(points: Points, k: Option<usize>) -> Result<Vec<i64>> {
    points.reject_nan("F")?;
    if points.dim() == 0 {
        return Err(Error::invalid(
            "F",
            format!("has shape ({}, 0); expected at least one objective", points.len()),
        ));
    }
    if k == Some(0) {
        return Err(Error::invalid("k", "is 0; expected at least 1"));
    }
    let order = lexicographic_order(points);
    let limit = Limit::new(k);
    Ok(match points.dim() {
        1 => sweep(points, &order, bi::Tails::new(vec![0; points.len()]), limit),
        2 => sweep(
            points,
            &order,
            bi::Tails::new(order.iter().map(|&i| key(points.row(i as usize)[1])).collect()),
            limit,
        ),
        3 => sweep(points, &order, tri::Staircases::new(dense_columns(points, &order)), limit),
        _ => sweep(points, &order, boxes::Boxes::new(dense_columns(points, &order), points.dim() - 1), limit),
    })
}

/// Ranks the points in `order`. Values are only compared for equality here.
fn sweep(points: Points, order: &[u32], mut ranked: impl Ranked, mut limit: Limit) -> Vec<i64> {
    let mut ranks = vec![0i64; points.len()];
    let mut previous: Option<&[f64]> = None;
    let mut rank = 0;
    for (i, &id) in order.iter().enumerate() {
        let row = points.row(id as usize);
        if previous != Some(row) {
            rank = ranked.rank_of(i, limit.cap());
            if rank < limit.cap() {
                ranked.insert(i, rank);
            }
        }
        limit.count(rank);
        ranks[id as usize] = i64::from(rank);
        previous = Some(row);
    }
    limit.clamp(&mut ranks);
    ranks
}

/// Indices that sort the points by their first objective, ties by the second, and so on.
fn lexicographic_order(points: Points) -> Vec<u32> {
    let keys: Vec<u64> = points.column(0).map(key).collect();
    let mut order = argsort(&keys);
    if points.dim() > 1 {
        let rest = |i: u32| points.row(i as usize)[1..].iter().map(|&v| key(v));
        let mut runs = Vec::new();
        for_each_run(&order, |&a, &b| keys[a as usize] == keys[b as usize], |from, to| runs.push(from..to));
        for run in runs {
            order[run].sort_unstable_by(|&a, &b| rest(a).cmp(rest(b)).then(a.cmp(&b)));
        }
    }
    order
}

/// Dense ranks of the objectives after the first, one row per point in the order of the sweep.
fn dense_columns(points: Points, order: &[u32]) -> Vec<u32> {
    let width = points.dim() - 1;
    let mut rows = vec![0; points.len() * width];
    let mut keys = Vec::with_capacity(points.len());
    let mut ranks = Vec::new();
    for j in 0..width {
        keys.clear();
        keys.extend(points.column(j + 1).map(key));
        dense_rank(&keys, &mut ranks);
        for (row, &id) in rows.chunks_exact_mut(width).zip(order) {
            row[j] = ranks[id as usize];
        }
    }
    rows
}
