//! NSGA-II: fronts, then crowding (Deb, Pratap, Agarwal, Meyarivan 2002).

use super::genetic::Survival;
use crate::error::Result;
use crate::evolve::{At, Fields, Population, rank};
use crate::points::Points;
use crate::spread::crowding_distance;
use std::cmp::Ordering;

/// Front and crowding distance of each survivor.
#[derive(Default)]
pub(crate) struct Nsga2 {
    rank: Vec<u64>,
    crowding: Vec<f64>,
}

impl Survival for Nsga2 {
    fn survive(&mut self, _at: At, pool: &Population, n: usize, keep: &mut Vec<u32>) {
        let ranking = rank(pool, n);
        self.rank.clear();
        self.crowding.clear();
        for (r, front) in ranking.fronts.iter().enumerate() {
            let mut order: Vec<u32> = front.clone();
            let mut distances = vec![0.0; front.len()];
            if pool.is_feasible(front[0] as usize) {
                let f: Vec<f64> = front.iter().flat_map(|&i| pool.f(i as usize)).copied().collect();
                let points = Points::new(&f, front.len(), pool.n_obj).expect("whole rows");
                distances = crowding_distance(points, &vec![0; front.len()]).expect("finite objectives");
            }
            let room = n - keep.len();
            let mut places: Vec<usize> = (0..order.len()).collect();
            if order.len() > room {
                places.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]));
                places.truncate(room);
            }
            order = places.iter().map(|&p| front[p]).collect();
            self.crowding.extend(places.iter().map(|&p| distances[p]));
            self.rank.resize(self.crowding.len(), r as u64);
            keep.extend(order);
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
