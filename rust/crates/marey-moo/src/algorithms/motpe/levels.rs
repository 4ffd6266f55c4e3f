//! Non-dominated levels of points that come one at a time, and the best few of them.
//!
//! Source: Li, Deb, Zhang, Zhang, IEEE Trans. Cybern. 47(7), 2017: a newcomer pushes down only what it dominates.

use crate::evolve::Population;
use crate::hypervolume::hypervolume;
use crate::points::Points;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Reference of the hypervolume, objectives scaled to [0, 1].
pub(super) const CORNER: f64 = 1.1;

/// Numbers of observations: feasible ones by level, the others by violation.
#[derive(Default)]
pub(super) struct Levels {
    feasible: Vec<Vec<u32>>,
    others: Vec<(f64, u32)>,
}

impl Levels {
    pub(super) fn insert(&mut self, population: &Population, id: u32) {
        let violation = population.cv[id as usize];
        if !population.is_feasible(id as usize) {
            let at = self.others.partition_point(|other| other.0 <= violation);
            self.others.insert(at, (violation, id));
            return;
        }
        let f = |id: u32| population.f(id as usize);
        // What is dominated by a level is dominated by all before it.
        let beaten = |level: &Vec<u32>| level.iter().any(|&other| dominates(f(other), f(id)));
        let mut at = self.feasible.partition_point(beaten);
        let mut coming = vec![id];
        while !coming.is_empty() {
            if at == self.feasible.len() {
                self.feasible.push(coming);
                return;
            }
            let below = |&id: &u32| coming.iter().any(|&new| dominates(f(new), f(id)));
            let (going, staying): (Vec<u32>, Vec<u32>) = self.feasible[at].iter().partition(|id| below(id));
            if staying.is_empty() {
                // All of this level go, and so would all behind it.
                self.feasible.insert(at, coming);
                return;
            }
            self.feasible[at] = staying;
            self.feasible[at].append(&mut coming);
            coming = going;
            at += 1;
        }
    }

    /// The best `room` observations, or all.
    pub(super) fn best(&self, population: &Population, room: usize) -> Vec<u32> {
        let mut best = Vec::with_capacity(room);
        for level in &self.feasible {
            if best.len() + level.len() > room {
                best.extend(spread(population, level, room - best.len()));
                return best;
            }
            best.extend(level);
        }
        let left = room - best.len();
        best.extend(self.others.iter().take(left).map(|&(_, id)| id));
        best
    }
}

fn dominates(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a <= b) && a.iter().zip(b).any(|(a, b)| a < b)
}

/// Brings each objective to [0, 1].
pub(super) fn scale(rows: &mut [f64], m: usize) {
    for j in 0..m {
        let column = rows.iter().skip(j).step_by(m).copied();
        let (low, high) =
            column.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        // Halves, so that the widest range does not overflow.
        let range = 0.5 * high - 0.5 * low;
        let unit = |x: f64| if range > 0.0 { (0.5 * x - 0.5 * low) / range } else { 0.0 };
        rows.iter_mut().skip(j).step_by(m).for_each(|x| *x = unit(*x));
    }
}

/// `room` members of a level, each the one that adds most hypervolume to those before it. What a member adds only
/// falls as others are taken, so that a value computed earlier bounds it, and few are computed anew.
fn spread(population: &Population, level: &[u32], room: usize) -> Vec<u32> {
    let m = population.n_obj;
    if m == 1 {
        return level[..room].to_vec();
    }
    let mut rows: Vec<f64> = level.iter().flat_map(|&id| population.f(id as usize)).copied().collect();
    scale(&mut rows, m);
    let row = |i: u32| &rows[i as usize * m..(i as usize + 1) * m];
    let own = |i: u32| row(i).iter().map(|x| CORNER - x).product::<f64>();
    // Non-negative numbers are in the order of their bits.
    let key = |gain: f64| gain.max(0.0).to_bits();
    let mut heap: BinaryHeap<(u64, Reverse<u32>, usize)> =
        (0..level.len() as u32).map(|i| (key(own(i)), Reverse(i), 0)).collect();
    let mut taken: Vec<u32> = Vec::with_capacity(room);
    let mut clipped = Vec::new();
    while taken.len() < room {
        let (_, Reverse(i), age) = heap.pop().expect("more members than room");
        if age == taken.len() {
            taken.push(i);
            continue;
        }
        clipped.clear();
        for &other in &taken {
            clipped.extend(row(other).iter().zip(row(i)).map(|(a, b)| if a > b { *a } else { *b }));
        }
        let points = Points::new(&clipped, taken.len(), m).expect("whole rows");
        let shared = hypervolume(points, &vec![CORNER; m], None).expect("finite rows");
        heap.push((key(own(i) - shared), Reverse(i), taken.len()));
    }
    taken.into_iter().map(|i| level[i as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pareto_rank::pareto_rank;
    use proptest::prelude::*;

    fn population(m: usize, rows: &[Vec<u8>]) -> Population {
        let mut population = Population::new(1, m, 0);
        population.resize(rows.len());
        for (i, row) in rows.iter().enumerate() {
            row[..m].iter().enumerate().for_each(|(j, &v)| population.f[i * m + j] = f64::from(v));
            population.judge(i);
        }
        population
    }

    proptest! {
        #[test]
        fn levels_are_the_ranks(
            m in 1usize..5, rows in prop::collection::vec(prop::collection::vec(0..6u8, 4), 1..60)
        ) {
            let population = population(m, &rows);
            let mut levels = Levels::default();
            (0..rows.len() as u32).for_each(|id| levels.insert(&population, id));
            let ranks = pareto_rank(population.points(), None).unwrap();
            for (rank, level) in levels.feasible.iter().enumerate() {
                prop_assert!(level.iter().all(|&id| ranks[id as usize] as usize == rank));
            }
            prop_assert_eq!(levels.feasible.iter().map(Vec::len).sum::<usize>(), rows.len());
            let best = levels.best(&population, rows.len() / 2);
            let mut unique = best.clone();
            unique.sort_unstable();
            unique.dedup();
            prop_assert_eq!(unique.len(), rows.len() / 2);
        }

        #[test]
        fn the_lazy_choice_is_the_greedy_one(rows in prop::collection::vec(prop::collection::vec(0..40u8, 4), 8..30)) {
            let m = 3;
            let population = population(m, &rows);
            let level: Vec<u32> = (0..rows.len() as u32).collect();
            let mut scaled = population.f.clone();
            scale(&mut scaled, m);
            let volume = |ids: &[u32]| {
                let rows: Vec<f64> = ids.iter().flat_map(|&i| scaled[i as usize * m..][..m].to_vec()).collect();
                hypervolume(Points::new(&rows, ids.len(), m).unwrap(), &[CORNER; 3], None).unwrap()
            };
            let mut greedy: Vec<u32> = Vec::new();
            while greedy.len() < 5 {
                let with = |i: u32| volume(&[&greedy[..], &[i]].concat());
                let left = level.iter().filter(|i| !greedy.contains(i));
                greedy.push(*left.max_by(|&&a, &&b| with(a).total_cmp(&with(b))).unwrap());
            }
            let lazy = spread(&population, &level, 5);
            // Equal gains may be taken in another order; the volume is the greedy one.
            prop_assert!((volume(&lazy) - volume(&greedy)).abs() < 1e-9);
        }
    }
}
