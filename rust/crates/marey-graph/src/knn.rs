//! Nearest neighbours of every point among the others: exact, brute force in blocks, or by descent.
//!
//! Exact: a float32 pass over tiles of 2 to 16 queries x 16 points, |y|^2 - 2 xy, only throws out points that are certainly too far: its
//! bound carries the rounding error. What is left is measured again in float64, so the answer is that of float64 on every
//! processor; ties go to the smaller index. O(n^2 d), queries in parallel. Points lie in panels of 16, column by column.

mod descent;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::error::{Error, Result};
use crate::parallel;
use rayon::ThreadPool;

const LANES: usize = 16;
/// Panels of one block: with 32 columns 64 KiB, which stays in the second cache while the queries pass over it.
const BLOCK: usize = 32;
/// Queries of one task.
const QUERIES: usize = 64;

/// Neighbours of each point, nearest first: rows of k.
pub struct Neighbours {
    /// Which points.
    pub index: Vec<i64>,
    /// How far.
    pub distance: Vec<f64>,
}

/// The k nearest of `n` points of `d` columns, row-major, by Euclidean distance.
pub fn nearest(points: &[f64], d: usize, k: usize, pool: Option<&ThreadPool>) -> Result<Neighbours> {
    let n = finite_rows_of(points, d, k)?;
    let (scaled, scale) = scaled(points);
    let panels = Panels::new(&scaled, n, d);
    let tasks = n.div_ceil(QUERIES);
    let scan = scan_for_this_processor();
    let parts = parallel::map(
        pool,
        tasks,
        || (),
        |(), task| {
            let first = task * QUERIES;
            let mut best: Vec<Best> = (first..n.min(first + QUERIES)).map(|_| Best::new(k)).collect();
            scan(&panels, first, &mut best);
            best
        },
    );
    let mut found = gather(parts, n, k);
    found.distance.iter_mut().for_each(|square| *square = square.sqrt() / scale);
    Ok(found)
}

/// The k nearest by Euclidean distance, most of them right, in about n log n distances; another seed may find others.
pub fn nearest_by_descent(
    points: &[f64],
    d: usize,
    k: usize,
    seed: u64,
    pool: Option<&ThreadPool>,
) -> Result<Neighbours> {
    finite_rows_of(points, d, k)?;
    let (scaled, scale) = scaled(points);
    let mut found = descent::descend(&scaled, d, k, seed, pool, square_distance);
    found.distance.iter_mut().for_each(|square| *square = square.sqrt() / scale);
    Ok(found)
}

/// The k nearest of `n` rows by Gower's distance: the mean over the columns that both have, of |x - y| / range for
/// numbers and of x != y for categories. NaN is missing; rows that share no column are infinitely far.
pub fn nearest_gower(
    points: &[f64],
    d: usize,
    categorical: &[bool],
    k: usize,
    pool: Option<&ThreadPool>,
) -> Result<Neighbours> {
    let columns = ranged_columns(points, d, categorical, k)?;
    let n = columns.len() / d;
    let parts = parallel::map(
        pool,
        n,
        || (vec![0.0; n], vec![0.0; n]),
        |(sum, count), i| {
            sum.fill(0.0);
            count.fill(0.0);
            for (column, &category) in columns.chunks(n).zip(categorical) {
                let x = column[i];
                if x.is_nan() {
                    continue;
                }
                for ((sum, count), &y) in sum.iter_mut().zip(count.iter_mut()).zip(column) {
                    let apart = if category { f64::from(u8::from(x != y)) } else { (x - y).abs() };
                    *sum += if y.is_nan() { 0.0 } else { apart };
                    *count += if y.is_nan() { 0.0 } else { 1.0 };
                }
            }
            let mut best = Best::new(k);
            for j in (0..n).filter(|&j| j != i) {
                best.offer(if count[j] > 0.0 { sum[j] / count[j] } else { f64::INFINITY }, j as u32);
            }
            vec![best]
        },
    );
    Ok(gather(parts, n, k))
}

/// The k nearest by Gower's distance, most of them right.
pub fn nearest_gower_by_descent(
    points: &[f64],
    d: usize,
    categorical: &[bool],
    k: usize,
    seed: u64,
    pool: Option<&ThreadPool>,
) -> Result<Neighbours> {
    let columns = ranged_columns(points, d, categorical, k)?;
    let n = columns.len() / d;
    let rows: Vec<f64> = (0..n * d).map(|at| columns[(at % d) * n + at / d]).collect();
    let gower = |x: &[f64], y: &[f64]| {
        let (mut sum, mut count) = (0.0, 0.0);
        for ((&x, &y), &category) in x.iter().zip(y).zip(categorical) {
            let apart = if category { f64::from(u8::from(x != y)) } else { (x - y).abs() };
            let both = !x.is_nan() && !y.is_nan();
            sum += if both { apart } else { 0.0 };
            count += if both { 1.0 } else { 0.0 };
        }
        if count > 0.0 { sum / count } else { f64::INFINITY }
    };
    Ok(descent::descend(&rows, d, k, seed, pool, gower))
}

/// Column by column; a number is divided by its range once, a constant column is always at distance 0.
fn ranged_columns(points: &[f64], d: usize, categorical: &[bool], k: usize) -> Result<Vec<f64>> {
    let n = rows_of(points, d, k)?;
    if categorical.len() != d {
        let message = format!("has length {}; expected {d}, one flag a column", categorical.len());
        return Err(Error::new("categorical", message));
    }
    if let Some(at) = points.iter().position(|x| x.is_infinite()) {
        let message = format!("is {} in row {}, column {}; NaN means missing", points[at], at / d, at % d);
        return Err(Error::new("X", message));
    }
    let mut columns = vec![f64::NAN; n * d];
    for j in 0..d {
        let values = (0..n).map(|i| points[i * d + j]).filter(|x| !x.is_nan());
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        let scale = if high > low { 1.0 / (high - low) } else { 0.0 };
        for i in 0..n {
            let x = points[i * d + j];
            columns[j * n + i] = if categorical[j] { x } else { (x - low) * scale };
        }
    }
    Ok(columns)
}

/// Points far from 1 are scaled by a power of two, which rounds nothing: their squares must fit float32.
fn scaled(points: &[f64]) -> (Vec<f64>, f64) {
    let largest = points.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    let scale = if largest > 0.0 { f64::exp2(-largest.log2().floor().max(-1000.0)) } else { 1.0 };
    (points.iter().map(|x| x * scale).collect(), scale)
}

fn finite_rows_of(points: &[f64], d: usize, k: usize) -> Result<usize> {
    let n = rows_of(points, d, k)?;
    match points.iter().position(|x| !x.is_finite()) {
        Some(at) => {
            let place = format!("in row {}, column {}", at / d, at % d);
            Err(Error::new("X", format!("is {} {place}; expected finite numbers", points[at])))
        }
        None => Ok(n),
    }
}

fn rows_of(points: &[f64], d: usize, k: usize) -> Result<usize> {
    if d == 0 || !points.len().is_multiple_of(d) {
        return Err(Error::new("X", format!("has {} elements in rows of {d}", points.len())));
    }
    let n = points.len() / d;
    if n > i32::MAX as usize {
        return Err(Error::new("X", format!("has {n} rows; expected fewer than 2^31")));
    }
    if k >= n.max(1) {
        return Err(Error::new("k", format!("is {k}; expected fewer than the {n} points")));
    }
    Ok(n)
}

fn gather(parts: Vec<Vec<Best>>, n: usize, k: usize) -> Neighbours {
    let mut found = Neighbours { index: Vec::with_capacity(n * k), distance: Vec::with_capacity(n * k) };
    for item in parts.iter().flatten().flat_map(|best| &best.items) {
        found.distance.push(item.0);
        found.index.push(i64::from(item.1));
    }
    found
}

/// The k best so far, sorted by (distance, index).
struct Best {
    items: Vec<(f64, u32)>,
    k: usize,
}

impl Best {
    fn new(k: usize) -> Self {
        Self { items: Vec::with_capacity(k + 1), k }
    }

    /// Nothing beyond it can enter; infinite until k are there.
    fn worst(&self) -> f64 {
        if self.k == 0 {
            return f64::NEG_INFINITY;
        }
        if self.items.len() < self.k { f64::INFINITY } else { self.items[self.k - 1].0 }
    }

    /// As `offer`, unless it is `own` or there already.
    fn offer_once(&mut self, distance: f64, index: u32, own: usize) {
        if index as usize != own && distance <= self.worst() && self.items.iter().all(|item| item.1 != index)
        {
            self.offer(distance, index);
        }
    }

    fn offer(&mut self, distance: f64, index: u32) {
        if self.k == 0 || distance > self.worst() {
            return;
        }
        let at = self.items.partition_point(|&(d, i)| d < distance || (d == distance && i < index));
        self.items.insert(at, (distance, index));
        self.items.truncate(self.k);
    }
}

struct Panels<'a> {
    points: &'a [f64],
    n: usize,
    d: usize,
    /// float32 coordinates: 16 points a panel, column by column; points past the end are NaN-free and never offered.
    values: Vec<f32>,
    /// |y|^2 of each point in a panel.
    squares: Vec<f32>,
    /// Largest |y| of each block.
    radius: Vec<f64>,
}

impl<'a> Panels<'a> {
    fn new(points: &'a [f64], n: usize, d: usize) -> Self {
        let count = n.div_ceil(LANES);
        let mut values = vec![0f32; count * LANES * d];
        let (mut squares, mut radius) = (vec![0f32; count * LANES], vec![0.0; count.div_ceil(BLOCK)]);
        for i in 0..n {
            let (panel, lane) = (i / LANES, i % LANES);
            let row = &points[i * d..(i + 1) * d];
            for (j, &x) in row.iter().enumerate() {
                values[(panel * d + j) * LANES + lane] = x as f32;
            }
            let square: f64 = row.iter().map(|x| x * x).sum();
            squares[i] = square as f32;
            radius[panel / BLOCK] = f64::max(radius[panel / BLOCK], square.sqrt());
        }
        Self { points, n, d, values, squares, radius }
    }

    fn row(&self, i: usize) -> &'a [f64] {
        &self.points[i * self.d..(i + 1) * self.d]
    }
}

type Scan = fn(&Panels, usize, &mut [Best]);
type Lanes = [f32; LANES];

fn scan_for_this_processor() -> Scan {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        return |panels, first, best| {
            // SAFETY: the feature was just found.
            scan(panels, first, best, |x, y, from, limits, sums| unsafe {
                x86::tile_avx512(x, y, from, limits, sums)
            });
        };
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        return |panels, first, best| {
            // SAFETY: the features were just found.
            scan(panels, first, best, |x, y, from, limits, sums| unsafe {
                x86::tile_avx2(x, y, from, limits, sums)
            });
        };
    }
    |panels, first, best| scan(panels, first, best, tile)
}

/// `from` + the products of two queries with a panel, column by column; which queries have a sum within their limit. The
/// sums of the others may not be written.
fn tile(x: &[f32], y: &[f32], from: &Lanes, limits: &[f32; 2], sums: &mut [Lanes; 2]) -> u32 {
    *sums = [*from; 2];
    for (x, y) in x.chunks_exact(2).zip(y.chunks_exact(LANES)) {
        for q in 0..2 {
            for lane in 0..LANES {
                sums[q][lane] += x[q] * y[lane];
            }
        }
    }
    let near = |q: usize| sums[q].iter().any(|&sum| sum <= limits[q]);
    u32::from(near(0)) | u32::from(near(1)) << 1
}

fn scan<const TILE: usize>(
    panels: &Panels,
    first: usize,
    best: &mut [Best],
    tile_of: impl Fn(&[f32], &[f32], &Lanes, &[f32; TILE], &mut [Lanes; TILE]) -> u32,
) {
    let d = panels.d;
    let count = panels.squares.len() / LANES;
    let norm: Vec<f64> = (first..first + best.len())
        .map(|i| panels.row(i).iter().map(|x| x * x).sum::<f64>().sqrt())
        .collect();
    // Each of d products and sums, and each coordinate's own rounding, is off by at most half an ulp of (|x| + |y|)^2.
    let rounding = (4 * d + 16) as f64 * f64::from(f32::EPSILON);
    let mut queries = vec![0f32; TILE * d];
    let mut sums = [[0f32; LANES]; TILE];
    for block in (0..count).step_by(BLOCK) {
        for tile in (0..best.len()).step_by(TILE) {
            let width = TILE.min(best.len() - tile);
            for q in 0..TILE {
                let row = panels.row(first + tile + q.min(width - 1));
                for j in 0..d {
                    queries[j * TILE + q] = (-2.0 * row[j]) as f32;
                }
            }
            let limit_of = |q: usize, best: &Best| {
                let (x, reach) = (norm[tile + q], norm[tile + q] + panels.radius[block / BLOCK]);
                let limit = best.worst() - x * x + rounding * reach * reach;
                // Rounded to float32 the limit must not fall.
                (limit + limit.abs() * f64::from(f32::EPSILON)) as f32
            };
            let mut limits = [f32::NEG_INFINITY; TILE];
            (0..width).for_each(|q| limits[q] = limit_of(q, &best[tile + q]));
            for panel in block..count.min(block + BLOCK) {
                let squares: &Lanes =
                    panels.squares[panel * LANES..(panel + 1) * LANES].try_into().expect("a panel");
                let values = &panels.values[panel * LANES * d..(panel + 1) * LANES * d];
                let mut near = tile_of(&queries, values, squares, &limits, &mut sums);
                while near != 0 {
                    let q = near.trailing_zeros() as usize;
                    near &= near - 1;
                    let best = &mut best[tile + q];
                    offer(panels, first + tile + q, panel, &sums[q], limits[q], best);
                    limits[q] = limit_of(q, best);
                }
            }
        }
    }
}

#[cold]
fn offer(panels: &Panels, query: usize, panel: usize, sums: &[f32; LANES], limit: f32, best: &mut Best) {
    for lane in 0..LANES {
        let i = panel * LANES + lane;
        if i >= panels.n || i == query || sums[lane] > limit {
            continue;
        }
        best.offer(square_distance(panels.row(query), panels.row(i)), i as u32);
    }
}

/// Four sums at once, always in this order: they do not wait for each other.
fn square_distance(x: &[f64], y: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (x, y) = (x.chunks_exact(4), y.chunks_exact(4));
    let rest: f64 = x.remainder().iter().zip(y.remainder()).map(|(x, y)| (x - y) * (x - y)).sum();
    for (x, y) in x.zip(y) {
        for i in 0..4 {
            sums[i] += (x[i] - y[i]) * (x[i] - y[i]);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}
