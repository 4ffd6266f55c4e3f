//! The loop of a genetic algorithm: tournaments, crossover, mutation, and a survival that tells the variants apart.

use crate::error::Result;
use crate::evolve::{Algorithm, At, Fields, Population, Settings};
use crate::random::Purpose;
use crate::space::Space;
use crate::variation::Variation;
use std::cmp::Ordering;

/// Which individuals live on, and which of two becomes a parent.
pub(crate) trait Survival: Send + Sync {
    /// Writes the `n` of the pool that live on into `keep`, and remembers of them, in that order, what `prefer` needs.
    fn survive(&mut self, at: At, pool: &Population, n: usize, keep: &mut Vec<u32>);

    /// Less where `a` is the better parent.
    fn prefer(&self, population: &Population, a: usize, b: usize) -> Ordering;

    /// What `survive` remembered.
    fn fields(&mut self, population: &Population, io: &mut Fields) -> Result<()>;
}

pub(crate) struct Genetic<S> {
    variation: Variation,
    n: usize,
    batch: usize,
    survival: S,
    pool: Population,
    keep: Vec<u32>,
}

impl<S: Survival> Genetic<S> {
    pub(crate) fn new(settings: &mut Settings, space: &Space, pop: usize, survival: S) -> Result<Self> {
        let variation = Variation::new(settings, space)?;
        Self::with(settings, variation, pop, survival)
    }

    pub(crate) fn with(
        settings: &mut Settings,
        variation: Variation,
        pop: usize,
        survival: S,
    ) -> Result<Self> {
        let n = settings.count("pop", pop, 2)?;
        let batch = settings.count("offspring", n, 1)?;
        Ok(Self { variation, n, batch, survival, pool: Population::default(), keep: Vec::new() })
    }

    fn tournament(&self, at: At, population: &Population, number: usize) -> usize {
        // Shuffled rounds, each individual once in every round: all have the same chances.
        let n = population.len();
        let (a, b) = (turn(at, n, 2 * number), turn(at, n, 2 * number + 1));
        if self.survival.prefer(population, a, b) == Ordering::Greater { b } else { a }
    }
}

/// The individual at a place of the endless row of shuffled rounds.
fn turn(at: At, n: usize, place: usize) -> usize {
    let (round, mut i) = (place / n, place % n);
    // A Feistel network over the next power of four is a permutation; cycle walking keeps it within n.
    let half = (usize::BITS - (n - 1).leading_zeros()).div_ceil(2).max(1);
    let mask = (1usize << half) - 1;
    let key = at.draw(round, Purpose::Select).bits();
    loop {
        let (mut left, mut right) = (i >> half, i & mask);
        for k in 0..4 {
            (left, right) =
                (right, left ^ (crate::random::bits(key, (right as u64) << 2 | k) as usize & mask));
        }
        i = left << half | right;
        if i < n {
            return i;
        }
    }
}

impl<S: Survival> Algorithm for Genetic<S> {
    fn first(&self) -> usize {
        self.n
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn breed(&mut self, at: At, population: &Population, from: usize, rows: &mut [f64]) {
        let width = population.width;
        let (mut a, mut b) = (vec![0.0; width], vec![0.0; width]);
        let (mut pair, mut parents) = (usize::MAX, [0; 2]);
        for (k, row) in rows.chunks_exact_mut(width).enumerate() {
            let child = from + k;
            if pair != child / 2 {
                pair = child / 2;
                parents = [2 * pair, 2 * pair + 1].map(|number| self.tournament(at, population, number));
                a.copy_from_slice(population.x(parents[0]));
                b.copy_from_slice(population.x(parents[1]));
                self.variation.cross(at.space, &mut at.draw(pair, Purpose::Cross), &mut a, &mut b);
            }
            row.copy_from_slice(if child.is_multiple_of(2) { &a } else { &b });
            let mut draw = at.draw(child, Purpose::Mutate);
            self.variation.mutate(at.space, &mut draw, row);
            if parents.iter().any(|&parent| population.x(parent) == row) {
                // A copy of a parent would be evaluated in vain.
                self.variation.mutate_one(at.space, &mut draw, row);
            }
        }
    }

    fn update(&mut self, at: At, population: &mut Population, children: &Population, _numbers: &[u64]) {
        if self.pool.width == 0 {
            self.pool = Population::new(children.width, children.n_obj, children.n_con);
        }
        self.pool.clear();
        self.pool.append(population);
        self.pool.append(children);
        self.keep.clear();
        self.survival.survive(at, &self.pool, self.n, &mut self.keep);
        population.gather(&self.pool, &self.keep);
    }

    fn fields(&mut self, population: &Population, io: &mut Fields) -> Result<()> {
        io.expect(population.len() <= self.n, "its population has another size")?;
        self.survival.fields(population, io)
    }
}
