//! NSGA-II: fronts, then crowding (Deb, Pratap, Agarwal, Meyarivan 2002).
//!
//! With two objectives the front that is cut loses its most crowded member again and again, the others' distances brought
//! up to date each time (Kukkonen, Deb 2006), which spreads the rest more evenly; `truncation = "at once"` is the original.

use super::fronts::{fill, rows};
use super::genetic::Survival;
use crate::error::Result;
use crate::evolve::{At, Fields, Population, Settings};
use crate::points::Points;
use crate::spread::crowding_distance;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Front and crowding distance of each survivor.
#[derive(Default)]
pub(crate) struct Nsga2 {
    at_once: bool,
    rank: Vec<u64>,
    crowding: Vec<f64>,
}

impl Nsga2 {
    pub(crate) fn new(settings: &mut Settings) -> Result<Self> {
        Ok(Self { at_once: settings.word("truncation", &["one by one", "at once"])? == 1, ..Self::default() })
    }
}

impl Survival for Nsga2 {
    fn survive(&mut self, _at: At, pool: &Population, n: usize, keep: &mut Vec<u32>) {
        let filled = fill(pool, n);
        self.rank.clear();
        self.crowding.clear();
        for (r, front) in filled.whole.iter().enumerate() {
            self.crowding.extend(crowding(pool, front));
            keep.extend(front);
            self.rank.resize(keep.len(), r as u64);
        }
        if filled.room > 0 {
            let (stays, distances) = if pool.n_obj == 2 && !self.at_once {
                thinned(&rows(pool, &filled.cut), filled.room)
            } else {
                let distances = crowding(pool, &filled.cut);
                let mut places: Vec<usize> = (0..filled.cut.len()).collect();
                places.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]));
                places.truncate(filled.room);
                let left = places.iter().map(|&k| distances[k]).collect();
                (places, left)
            };
            keep.extend(stays.iter().map(|&k| filled.cut[k]));
            self.crowding.extend(distances);
            self.rank.resize(keep.len(), filled.whole.len() as u64);
        }
    }

    fn prefer(&self, _population: &Population, a: usize, b: usize) -> Ordering {
        self.rank[a].cmp(&self.rank[b]).then(self.crowding[b].total_cmp(&self.crowding[a]))
    }

    fn fields(&mut self, population: &Population, io: &mut Fields) -> Result<()> {
        io.u64s(&mut self.rank)?;
        io.f64s(&mut self.crowding)?;
        let n = population.len();
        io.expect(
            self.rank.len() == n && self.crowding.len() == n,
            "its crowding does not fit its population",
        )
    }
}

/// Crowding distances of a front; none of infeasible points, which may have no objectives.
fn crowding(pool: &Population, front: &[u32]) -> Vec<f64> {
    if !pool.is_feasible(front[0] as usize) {
        return vec![0.0; front.len()];
    }
    let values = rows(pool, front);
    if pool.n_obj == 2 {
        return thinned(&values, front.len()).1;
    }
    let points = Points::new(&values, front.len(), pool.n_obj).expect("whole rows");
    crowding_distance(points, &vec![0; front.len()]).expect("finite objectives")
}

/// Of rows of two objectives, none of which dominates another, the `room` that stay, ascending, and their distances.
fn thinned(values: &[f64], room: usize) -> (Vec<usize>, Vec<f64>) {
    let n = values.len() / 2;
    let f = |i: usize| (values[2 * i], values[2 * i + 1]);
    // Along the front; equal points by their number.
    let mut order: Vec<usize> = (0..n).collect();
    order
        .sort_unstable_by(|&a, &b| f(a).0.total_cmp(&f(b).0).then(f(b).1.total_cmp(&f(a).1)).then(a.cmp(&b)));
    let (first, last) = (f(order[0]), f(order[n - 1]));
    let span = |a: f64, b: f64| if b > a { b - a } else { 1.0 };
    let (wide, high) = (span(first.0, last.0), span(last.1, first.1));
    // Neighbours by place in the order; n stands for none.
    let (mut before, mut after) = (vec![n; n], vec![n; n]);
    for k in 1..n {
        before[k] = k - 1;
        after[k - 1] = k;
    }
    let gap = |a: usize, b: usize| {
        let ((x, y), (v, w)) = (f(order[a]), f(order[b]));
        (v - x) / wide + (y - w) / high
    };
    let distance = |k: usize, before: &[usize], after: &[usize]| match (before[k], after[k]) {
        (a, b) if a == n || b == n => f64::INFINITY,
        (a, b) => gap(a, b),
    };
    let mut distances: Vec<f64> = (0..n).map(|k| distance(k, &before, &after)).collect();
    let mut gone = vec![false; n];
    if room < n {
        // Distances are not negative, so that their bits are in their order.
        let mut heap: BinaryHeap<Reverse<(u64, usize)>> =
            distances.iter().enumerate().map(|(k, d)| Reverse((d.abs().to_bits(), k))).collect();
        let mut left = n;
        while left > room {
            let Reverse((bits, k)) = heap.pop().expect("more members than room");
            if gone[k] || bits != distances[k].abs().to_bits() {
                continue;
            }
            gone[k] = true;
            left -= 1;
            let (a, b) = (before[k], after[k]);
            if a < n {
                after[a] = b;
            }
            if b < n {
                before[b] = a;
            }
            for side in [a, b].into_iter().filter(|&side| side < n) {
                distances[side] = distance(side, &before, &after);
                heap.push(Reverse((distances[side].abs().to_bits(), side)));
            }
        }
    }
    let mut by_place = vec![f64::NAN; n];
    (0..n).filter(|&k| !gone[k]).for_each(|k| by_place[order[k]] = distances[k]);
    let stays: Vec<usize> = (0..n).filter(|&i| !by_place[i].is_nan()).collect();
    let distances = stays.iter().map(|&i| by_place[i]).collect();
    (stays, distances)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn front(steps: &[(u32, u32)]) -> Vec<f64> {
        let (mut x, mut y) = (0.0, 0.0);
        let walk = steps.iter().flat_map(|&(right, down)| {
            x += f64::from(right);
            y -= f64::from(down);
            [x, y]
        });
        walk.collect()
    }

    proptest! {
        #[test]
        fn distances_of_a_front_are_those_of_the_definition(steps in prop::collection::vec((1..9u32, 1..9u32), 2..40)) {
            let values = front(&steps);
            let (stays, distances) = thinned(&values, steps.len());
            prop_assert_eq!(stays, (0..steps.len()).collect::<Vec<_>>());
            let points = Points::new(&values, steps.len(), 2).unwrap();
            let expected = crowding_distance(points, &vec![0; steps.len()]).unwrap();
            for (a, b) in distances.iter().zip(&expected) {
                prop_assert!(a == b || (a - b).abs() < 1e-12);
            }
        }

        #[test]
        fn thinning_drops_the_most_crowded_one_by_one(
            steps in prop::collection::vec((1..9u32, 1..9u32), 3..30),
            share in 0.1..1.0f64,
        ) {
            let values = front(&steps);
            let n = steps.len();
            let room = ((n as f64 * share) as usize).max(2);
            let (wide, high) = (values[2 * n - 2] - values[0], values[1] - values[2 * n - 1]);
            let mut left: Vec<usize> = (0..n).collect();
            while left.len() > room {
                let gap = |k: usize| {
                    let (a, b) = (left[k - 1], left[k + 1]);
                    (values[2 * b] - values[2 * a]) / wide + (values[2 * a + 1] - values[2 * b + 1]) / high
                };
                let least = (1..left.len() - 1).min_by(|&a, &b| gap(a).total_cmp(&gap(b))).unwrap();
                left.remove(least);
            }
            prop_assert_eq!(thinned(&values, room).0, left);
        }
    }
}
