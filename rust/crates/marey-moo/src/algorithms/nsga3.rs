//! NSGA-III: fronts, then niches around reference directions (Deb, Jain 2014; constraints: Jain, Deb 2014), and U-NSGA-III,
//! whose parents fight within their niche (Seada, Deb 2016).

use super::directions;
use super::fronts::{fill, range};
use super::genetic::Survival;
use super::normalize::Hyperplane;
use crate::error::Result;
use crate::evolve::{At, Fields, Population, Settings};
use crate::random::Purpose;
use std::cmp::Ordering;

pub(crate) struct Nsga3 {
    /// Directions of length 1, row after row.
    directions: Vec<f64>,
    m: usize,
    unified: bool,
    plane: Hyperplane,
    /// Front, niche and distance to the niche's direction of each survivor.
    rank: Vec<u64>,
    niche: Vec<u64>,
    distance: Vec<f64>,
}

impl Nsga3 {
    pub(crate) fn new(settings: &mut Settings, m: usize, unified: bool) -> Result<Self> {
        let directions = directions::unit(&directions::of(settings, m)?, m);
        let (rank, niche, distance) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { directions, m, unified, plane: Hyperplane::new(m), rank, niche, distance })
    }

    pub(crate) fn count(&self) -> usize {
        self.directions.len() / self.m
    }

    /// The nearest direction of a normalised point, and the distance to it.
    fn associate(&self, f: &[f64]) -> (usize, f64) {
        let mut best = (0, f64::NEG_INFINITY);
        for (k, w) in self.directions.chunks_exact(self.m).enumerate() {
            let along: f64 = f.iter().zip(w).map(|(f, w)| f * w).sum();
            if along > best.1 {
                best = (k, along);
            }
        }
        let square: f64 = f.iter().map(|f| f * f).sum();
        (best.0, (square - best.1 * best.1).max(0.0).sqrt())
    }
}

impl Survival for Nsga3 {
    fn survive(&mut self, at: At, pool: &Population, n: usize, keep: &mut Vec<u32>) {
        let filled = fill(pool, n);
        let feasible = |front: &&Vec<u32>| !front.is_empty() && pool.is_feasible(front[0] as usize);
        let fronts: Vec<&Vec<u32>> = filled.whole.iter().chain([&filled.cut]).filter(feasible).collect();
        if let Some(first) = fronts.first() {
            let all = fronts.iter().flat_map(|front| front.iter().copied());
            self.plane.update(pool, first, range(pool, all));
        }
        let mut scaled = vec![0.0; self.m];
        let mut place = |i: u32| {
            if !pool.is_feasible(i as usize) {
                return (0, 0.0);
            }
            self.plane.scale(pool.f(i as usize), &mut scaled);
            self.associate(&scaled)
        };
        let (mut rank, mut niche, mut distance) = (Vec::new(), Vec::new(), Vec::new());
        let mut counts = vec![0usize; self.count()];
        for (r, front) in filled.whole.iter().enumerate() {
            for &i in front {
                let (k, d) = place(i);
                counts[k] += 1;
                keep.push(i);
                rank.push(r as u64);
                niche.push(k as u64);
                distance.push(d);
            }
        }
        // Members of the front to cut by niche, nearest last.
        let mut waiting: Vec<Vec<(f64, u32)>> = vec![Vec::new(); counts.len()];
        for &i in &filled.cut {
            let (k, d) = place(i);
            waiting[k].push((d, i));
        }
        waiting.iter_mut().for_each(|w| w.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1))));
        let mut draw = at.draw(0, Purpose::Survive);
        let mut ties: Vec<usize> = Vec::with_capacity(counts.len());
        for _ in 0..filled.room {
            let open = |k: &usize| !waiting[*k].is_empty();
            let least = (0..counts.len()).filter(open).map(|k| counts[k]).min().unwrap_or(0);
            ties.clear();
            ties.extend((0..counts.len()).filter(open).filter(|&k| counts[k] == least));
            let k = ties[draw.below(ties.len())];
            // An empty niche takes its nearest point, any other one at random.
            let from = if counts[k] == 0 { waiting[k].len() - 1 } else { draw.below(waiting[k].len()) };
            let (d, i) = waiting[k].remove(from);
            counts[k] += 1;
            keep.push(i);
            rank.push(filled.whole.len() as u64);
            niche.push(k as u64);
            distance.push(d);
        }
        (self.rank, self.niche, self.distance) = (rank, niche, distance);
    }

    fn prefer(&self, population: &Population, a: usize, b: usize) -> Ordering {
        let by_violation = population.cv[a].total_cmp(&population.cv[b]);
        if !self.unified || by_violation != Ordering::Equal || self.niche[a] != self.niche[b] {
            return by_violation;
        }
        self.rank[a].cmp(&self.rank[b]).then(self.distance[a].total_cmp(&self.distance[b]))
    }

    fn fields(&mut self, population: &Population, io: &mut Fields) -> Result<()> {
        self.plane.fields(io)?;
        io.u64s(&mut self.rank)?;
        io.u64s(&mut self.niche)?;
        io.f64s(&mut self.distance)?;
        let n = population.len();
        let fits = self.rank.len() == n && self.niche.len() == n && self.distance.len() == n;
        io.expect(fits, "its niches do not fit its population")
    }
}
