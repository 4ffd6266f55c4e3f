//! First rows: independent uniform ones, or a Latin hypercube (McKay, Beckman, Conover 1979).

use super::{Kind, Space};
use crate::random::{Draw, Purpose};

/// How first rows are spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampling {
    /// Each row by itself.
    Random,
    /// Each variable's range in as many equal parts as rows, each part once.
    LatinHypercube,
}

impl Space {
    /// Writes `rows.len() / width` genomes. Rows from the `from`-th on; a Latin hypercube is one design of all its rows.
    pub(crate) fn sample(&self, sampling: Sampling, seed: u64, from: u64, rows: &mut [f64]) {
        let width = self.width();
        let n = rows.len() / width;
        for (column, field) in self.fields.iter().enumerate() {
            let mut strata: Vec<usize> = (0..n).collect();
            if sampling == Sampling::LatinHypercube {
                Draw::new(seed, from, column as u64, Purpose::Select).shuffle(&mut strata);
            }
            for (i, row) in rows.chunks_exact_mut(width).enumerate() {
                let mut draw = Draw::new(
                    seed,
                    0,
                    (from + i as u64).wrapping_mul(1 << 24) + column as u64,
                    Purpose::Sample,
                );
                if field.kind == Kind::Permutation {
                    let items = &mut row[field.from..field.to];
                    items.iter_mut().enumerate().for_each(|(i, item)| *item = i as f64);
                    draw.shuffle(items);
                    continue;
                }
                let part = match sampling {
                    Sampling::Random => draw.uniform(),
                    Sampling::LatinHypercube => (strata[i] as f64 + draw.uniform()) / n as f64,
                };
                let (low, high) = (self.low[field.from], self.high[field.from]);
                row[field.from] = low + part * (high - low);
            }
        }
        rows.chunks_exact_mut(width).for_each(|row| self.repair(row));
    }

    /// `n` natural rows.
    pub fn sampled(&self, sampling: Sampling, n: usize, seed: u64) -> Vec<f64> {
        let mut genomes = vec![0.0; n * self.width()];
        self.sample(sampling, seed, 0, &mut genomes);
        let mut natural = genomes.clone();
        for (genome, row) in genomes.chunks_exact(self.width()).zip(natural.chunks_exact_mut(self.width())) {
            self.decode(genome, row);
        }
        natural
    }
}
