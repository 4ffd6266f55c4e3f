//! For each of many queries the nearest of many points, in any measure that folds over the objectives.
//!
//! Points lie eight to a block, objectives apart, and four queries share each load. The loops are plain: compiled for
//! AVX-512, AVX2 and the baseline they become vector code that rounds alike.

use rayon::ThreadPool;
use rayon::prelude::*;

const LANES: usize = 8;
/// Queries at a time.
const QUERIES: usize = 4;
/// Queries to a task, and the fewest comparisons worth a task.
const QUERIES_PER_TASK: usize = 64;
const PARALLEL_FROM: usize = 1 << 20;

/// How far a point `a` is from a query `q`: a fold over the objectives from `START`.
pub(crate) trait Measure: Sync {
    const START: f64;
    fn add(distance: f64, a: f64, q: f64) -> f64;
}

/// Points in blocks of eight. Layout: block b, objective j, lane l at `(b * d + j) * 8 + l`.
#[derive(Clone)]
pub(crate) struct Blocks {
    d: usize,
    n: usize,
    rows: Vec<[f64; LANES]>,
}

impl Blocks {
    /// Blocks of `rows`, filled up with points that `filler` keeps away from every query.
    pub(crate) fn new<'a>(rows: impl ExactSizeIterator<Item = &'a [f64]>, d: usize, filler: f64) -> Self {
        let n = rows.len();
        let mut blocks = Self { d, n, rows: vec![[filler; LANES]; n.div_ceil(LANES) * d] };
        for (i, row) in rows.enumerate() {
            blocks.set(i, row);
        }
        blocks
    }

    pub(crate) fn set(&mut self, i: usize, point: &[f64]) {
        for (j, &x) in point.iter().enumerate() {
            self.rows[i / LANES * self.d + j][i % LANES] = x;
        }
    }

    /// The least distance of each query, which lie row after row. A search may end early with a distance of at most
    /// `enough`.
    pub(crate) fn nearest<M: Measure>(&self, queries: &[f64], enough: f64) -> Vec<f64> {
        let nearest = search::<M>();
        let mut least = Vec::with_capacity(queries.len() / self.d);
        for four in queries.chunks(QUERIES * self.d) {
            // The last few are filled up with the first of them.
            let at = |q: usize| four.get(q * self.d..(q + 1) * self.d).unwrap_or(&four[..self.d]);
            let found = nearest(self, [at(0), at(1), at(2), at(3)], enough);
            least.extend_from_slice(&found[..four.len() / self.d]);
        }
        least
    }

    /// As `nearest` without an early end, on all threads of the pool.
    pub(crate) fn nearest_of_all<M: Measure>(&self, queries: &[f64], pool: Option<&ThreadPool>) -> Vec<f64> {
        let worth = self.n.saturating_mul(queries.len()) >= PARALLEL_FROM;
        match pool.filter(|_| worth) {
            None => self.nearest::<M>(queries, f64::NEG_INFINITY),
            Some(pool) => pool.install(|| {
                let tasks = queries.par_chunks(QUERIES_PER_TASK * self.d);
                tasks.flat_map_iter(|task| self.nearest::<M>(task, f64::NEG_INFINITY)).collect()
            }),
        }
    }
}

type Search = fn(&Blocks, [&[f64]; QUERIES], f64) -> [f64; QUERIES];

#[inline(always)]
fn nearest<M: Measure>(points: &Blocks, queries: [&[f64]; QUERIES], enough: f64) -> [f64; QUERIES] {
    let mut least = [[f64::INFINITY; LANES]; QUERIES];
    for (b, block) in points.rows.chunks_exact(points.d).enumerate() {
        let mut distance = [[M::START; LANES]; QUERIES];
        for (j, row) in block.iter().enumerate() {
            for q in 0..QUERIES {
                let x = queries[q][j];
                for lane in 0..LANES {
                    distance[q][lane] = M::add(distance[q][lane], row[lane], x);
                }
            }
        }
        for q in 0..QUERIES {
            for lane in 0..LANES {
                least[q][lane] = min(least[q][lane], distance[q][lane]);
            }
        }
        // Looked at now and then: the look costs more than a block.
        if b % 8 == 7 && least.iter().all(|lanes| lanes.iter().any(|&x| x <= enough)) {
            break;
        }
    }
    least.map(|lanes| lanes.into_iter().fold(f64::INFINITY, min))
}

fn search<M: Measure>() -> Search {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return |points, queries, enough| {
                #[target_feature(enable = "avx512f")]
                fn wide<M: Measure>(
                    points: &Blocks,
                    queries: [&[f64]; QUERIES],
                    enough: f64,
                ) -> [f64; QUERIES] {
                    nearest::<M>(points, queries, enough)
                }
                // SAFETY: the processor has AVX-512F.
                unsafe { wide::<M>(points, queries, enough) }
            };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            return |points, queries, enough| {
                #[target_feature(enable = "avx2")]
                fn wide<M: Measure>(
                    points: &Blocks,
                    queries: [&[f64]; QUERIES],
                    enough: f64,
                ) -> [f64; QUERIES] {
                    nearest::<M>(points, queries, enough)
                }
                // SAFETY: the processor has AVX2.
                unsafe { wide::<M>(points, queries, enough) }
            };
        }
    }
    nearest::<M>
}

#[inline(always)]
pub(crate) fn min(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

#[inline(always)]
pub(crate) fn max(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}
