//! SPEA2: strength of the dominators, density by the k-th nearest neighbour, truncation of the nearest (Zitzler, Laumanns,
//! Thiele 2001).

use super::fronts::{constrained_dominates, range, rows, scaled};
use super::genetic::Survival;
use crate::error::Result;
use crate::evolve::{At, Fields, Population};
use std::cmp::Ordering;

/// Fitness of each survivor; below 1 where nothing dominates it.
#[derive(Default)]
pub(crate) struct Spea2 {
    fitness: Vec<f64>,
}

impl Survival for Spea2 {
    fn survive(&mut self, _at: At, pool: &Population, n: usize, keep: &mut Vec<u32>) {
        let size = pool.len();
        let beats =
            |i: usize, j: usize| constrained_dominates((pool.f(i), pool.cv[i]), (pool.f(j), pool.cv[j]));
        let mut strength = vec![0.0; size];
        let mut above: Vec<Vec<u32>> = vec![Vec::new(); size];
        for (i, strength) in strength.iter_mut().enumerate() {
            for (j, above) in above.iter_mut().enumerate() {
                if beats(i, j) {
                    *strength += 1.0;
                    above.push(i as u32);
                }
            }
        }
        let apart = distances(pool);
        let k = (size as f64).sqrt() as usize;
        let fitness: Vec<f64> = (0..size)
            .map(|i| {
                let raw: f64 = above[i].iter().map(|&j| strength[j as usize]).sum();
                let mut row: Vec<f64> = (0..size).filter(|&j| j != i).map(|j| apart[i * size + j]).collect();
                let density = match row.len() {
                    0 => 0.0,
                    n => 1.0 / (*row.select_nth_unstable_by(k.min(n) - 1, f64::total_cmp).1 + 2.0),
                };
                raw + density
            })
            .collect();
        let mut best: Vec<u32> = (0..size as u32).filter(|&i| above[i as usize].is_empty()).collect();
        if best.len() > n {
            truncate(&mut best, &apart, size, n);
        } else {
            let mut rest: Vec<u32> = (0..size as u32).filter(|&i| !above[i as usize].is_empty()).collect();
            rest.sort_by(|&a, &b| {
                let (a, b) = (a as usize, b as usize);
                // Equal violations leave the order to the fitness.
                pool.cv[a].total_cmp(&pool.cv[b]).then(fitness[a].total_cmp(&fitness[b]))
            });
            rest.truncate(n - best.len());
            best.extend(rest);
        }
        self.fitness = best.iter().map(|&i| fitness[i as usize]).collect();
        keep.extend(best);
    }

    fn prefer(&self, population: &Population, a: usize, b: usize) -> Ordering {
        population.cv[a].total_cmp(&population.cv[b]).then(self.fitness[a].total_cmp(&self.fitness[b]))
    }

    fn fields(&mut self, population: &Population, io: &mut Fields) -> Result<()> {
        io.f64s(&mut self.fitness)?;
        io.expect(self.fitness.len() == population.len(), "its fitness does not fit its population")
    }
}

/// Distances between all points, each objective scaled to its range among the feasible; infinite to a failed point.
fn distances(pool: &Population) -> Vec<f64> {
    let (n, m) = (pool.len(), pool.n_obj);
    let (low, high) = range(pool, (0..n as u32).filter(|&i| pool.is_feasible(i as usize)));
    let all: Vec<u32> = (0..n as u32).collect();
    let values = scaled(&rows(pool, &all), &low, &high);
    let mut apart = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..i {
            let square: f64 = (0..m).map(|k| (values[i * m + k] - values[j * m + k]).powi(2)).sum();
            let distance = if square.is_nan() { f64::INFINITY } else { square.sqrt() };
            apart[i * n + j] = distance;
            apart[j * n + i] = distance;
        }
    }
    apart
}

/// Drops, until `n` are left, the member whose distances to the others, nearest first, are the least.
fn truncate(members: &mut Vec<u32>, apart: &[f64], size: usize, n: usize) {
    let mut near: Vec<Vec<(f64, u32)>> = members
        .iter()
        .map(|&i| {
            let mut row: Vec<(f64, u32)> = members
                .iter()
                .filter(|&&j| j != i)
                .map(|&j| (apart[i as usize * size + j as usize], j))
                .collect();
            row.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            row
        })
        .collect();
    while members.len() > n {
        let first_different = |a: usize, b: usize| {
            let pairs = near[a].iter().zip(&near[b]);
            pairs.map(|(x, y)| x.0.total_cmp(&y.0)).find(|o| *o != Ordering::Equal).unwrap_or(b.cmp(&a))
        };
        let goes = (0..members.len()).min_by(|&a, &b| first_different(a, b)).expect("more than n members");
        let gone = members.remove(goes);
        near.remove(goes);
        near.iter_mut().for_each(|row| row.retain(|&(_, j)| j != gone));
    }
}
