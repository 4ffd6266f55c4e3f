//! Filling the next population front by front, and the measures of a front that several algorithms share.

use crate::evolve::{Population, rank};

/// Whole fronts that fit, and the first that does not.
pub(super) struct Filled {
    /// Members of the fronts that fit, best front first.
    pub(super) whole: Vec<Vec<u32>>,
    /// Members of the front to cut; empty if nothing is to be cut.
    pub(super) cut: Vec<u32>,
    /// How many of `cut` there is room for.
    pub(super) room: usize,
}

/// Fronts for `n` places. A front of infeasible points, which violate alike, is cut here already, by their order.
pub(super) fn fill(pool: &Population, n: usize) -> Filled {
    let mut fronts = rank(pool, n).fronts;
    let held: usize = fronts.iter().map(Vec::len).sum();
    let excess = held.saturating_sub(n);
    let Some(last) = fronts.last_mut().filter(|_| excess > 0) else {
        return Filled { whole: fronts, cut: Vec::new(), room: 0 };
    };
    let room = last.len() - excess;
    if !pool.is_feasible(last[0] as usize) {
        last.truncate(room);
        return Filled { whole: fronts, cut: Vec::new(), room: 0 };
    }
    let cut = fronts.pop().unwrap_or_default();
    Filled { whole: fronts, cut, room }
}

/// The objectives of some members, row after row.
pub(super) fn rows(pool: &Population, members: &[u32]) -> Vec<f64> {
    members.iter().flat_map(|&i| pool.f(i as usize)).copied().collect()
}

/// Least and greatest value of each objective over some members.
pub(super) fn range(pool: &Population, members: impl Iterator<Item = u32>) -> (Vec<f64>, Vec<f64>) {
    let mut low = vec![f64::INFINITY; pool.n_obj];
    let mut high = vec![f64::NEG_INFINITY; pool.n_obj];
    for i in members {
        for (j, &f) in pool.f(i as usize).iter().enumerate() {
            low[j] = low[j].min(f);
            high[j] = high[j].max(f);
        }
    }
    (low, high)
}

/// Rows moved to `low` and divided by the distance to `high`, by 1 where there is none.
pub(super) fn scaled(rows: &[f64], low: &[f64], high: &[f64]) -> Vec<f64> {
    let m = low.len();
    let span: Vec<f64> =
        (0..m).map(|j| if high[j] - low[j] > 1e-300 { high[j] - low[j] } else { 1.0 }).collect();
    rows.iter().enumerate().map(|(k, f)| (f - low[k % m]) / span[k % m]).collect()
}

/// Whether row `a` is better than `b` by the feasibility rule: less violation, then dominance.
pub(super) fn constrained_dominates(a: (&[f64], f64), b: (&[f64], f64)) -> bool {
    if a.1 != b.1 {
        return a.1 < b.1;
    }
    a.1 <= 0.0 && a.0.iter().zip(b.0).all(|(x, y)| x <= y) && a.0.iter().zip(b.0).any(|(x, y)| x < y)
}
