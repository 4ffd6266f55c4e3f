//! Fronts under constraints, by the feasibility rule: a feasible point is better than one that is not, and of two that
//! are not the one that violates less (Deb 2000). Feasible points are ranked by dominance.

use super::Population;
use crate::pareto_rank::pareto_rank;
use crate::points::Points;

pub(crate) struct Ranking {
    /// The first fronts that together hold the points asked for. Members ascend.
    pub(crate) fronts: Vec<Vec<u32>>,
}

/// Ranks a population as far as the fronts that hold its best `k`.
pub(crate) fn rank(population: &Population, k: usize) -> Ranking {
    let n = population.len();
    let feasible: Vec<u32> = (0..n as u32).filter(|&i| population.is_feasible(i as usize)).collect();
    let k = k.clamp(1, n.max(1));
    let mut fronts: Vec<Vec<u32>> = Vec::new();
    if !feasible.is_empty() {
        let some;
        let points = if feasible.len() == n {
            population.points()
        } else {
            some = feasible.iter().flat_map(|&i| population.f(i as usize)).copied().collect::<Vec<f64>>();
            Points::new(&some, feasible.len(), population.n_obj).expect("whole rows")
        };
        let ranks = pareto_rank(points, Some(k)).expect("finite objectives");
        for (&i, &r) in feasible.iter().zip(&ranks) {
            let r = r as usize;
            if r >= fronts.len() {
                fronts.resize_with(r + 1, Vec::new);
            }
            fronts[r].push(i);
        }
    }
    if feasible.len() < n {
        let mut others: Vec<u32> = (0..n as u32).filter(|&i| !population.is_feasible(i as usize)).collect();
        others.sort_by(|&a, &b| population.cv[a as usize].total_cmp(&population.cv[b as usize]));
        for front in others.chunk_by(|&a, &b| population.cv[a as usize] == population.cv[b as usize]) {
            fronts.push(front.to_vec());
        }
    }
    let mut held = 0;
    let needed = fronts
        .iter()
        .take_while(|front| {
            let before = held;
            held += front.len();
            before < k
        })
        .count();
    fronts.truncate(needed);
    Ranking { fronts }
}
