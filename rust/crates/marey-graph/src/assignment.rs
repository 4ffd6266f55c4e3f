//! The assignment of least cost in a dense n x m matrix, n <= m: every row gets a column of its own.
//!
//! Augmenting row reduction gives most rows a column at once (Jonker and Volgenant, Computing 38, 1987), shortest
//! augmenting paths the rest (Crouse, IEEE Trans. Aerospace 52(4), 2016). O(n^2 m) at worst. Column prices v are 0 where
//! a column is free and never positive, which is what makes a rectangular answer optimal.
//!
//! A path visits a few hundred rows and looks at all columns from each: that pass is in vectors, without a list of the
//! columns that are left.

use crate::error::{Error, Kind, Result};
use crate::row_reduction::{FREE, TwoLeast, reduce_rows};

/// The column of each row; an error names rows that have too few columns among them. `cost` is row-major; an infinite cost forbids its
/// pair.
pub fn assignment(cost: &[f64], n: usize, m: usize) -> Result<Vec<i64>> {
    if n.checked_mul(m) != Some(cost.len()) || n > m {
        let message = format!("has {} elements; expected n * m = {n} * {m}, n <= m", cost.len());
        return Err(Error::new("cost", message));
    }
    if let Some(at) = cost.iter().position(|c| c.is_nan() || *c == f64::NEG_INFINITY) {
        let message = format!("is {} in row {}, column {}; expected numbers", cost[at], at / m, at % m);
        return Err(Error::new("cost", message));
    }
    let mut solver = Solver {
        cost,
        m,
        price: vec![0.0; m],
        row_of: vec![FREE; m],
        column_of: vec![FREE; n],
        open: vec![0.0; m],
        distance: vec![0.0; m],
        before: vec![0; m],
        least: vec![0.0; m.div_ceil(BLOCK)],
        done: vec![],
    };
    solver.run()?;
    Ok(solver.column_of.into_iter().map(i64::from).collect())
}

/// `rows`, `start` among them, reach one column fewer than they are.
pub(crate) fn no_assignment(start: usize, rows: Vec<i64>) -> Error {
    let rule = "expected a matrix in which each row can have an allowed column of its own";
    let seen =
        format!("has no assignment for row {start}: {} rows share {} columns", rows.len(), rows.len() - 1);
    Error::new("cost", format!("{seen}; {rule}")).proved(Kind::Infeasible, rows)
}

/// Columns that share a least distance.
const BLOCK: usize = 64;
const LANES: usize = 8;

struct Solver<'a> {
    cost: &'a [f64],
    m: usize,
    price: Vec<f64>,
    row_of: Vec<u32>,
    column_of: Vec<u32>,
    /// Prices of columns in a search; -inf of those with their final distance, to which any other way is infinite.
    open: Vec<f64>,
    /// Of open columns, infinite of the others.
    distance: Vec<f64>,
    before: Vec<u32>,
    /// Of each block of `distance`.
    least: Vec<f64>,
    /// Columns with their final distance.
    done: Vec<(u32, f64)>,
}

impl Solver<'_> {
    fn run(&mut self) -> Result<()> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: the features were just found.
            return unsafe { self.run_avx512() };
        }
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the feature was just found.
            return unsafe { self.run_avx2() };
        }
        self.run_all()
    }

    /// # Safety
    /// The processor has AVX-512F and AVX-512VL.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512vl")]
    unsafe fn run_avx512(&mut self) -> Result<()> {
        self.run_all()
    }

    /// # Safety
    /// The processor has AVX2.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    unsafe fn run_avx2(&mut self) -> Result<()> {
        self.run_all()
    }

    #[inline(always)]
    fn run_all(&mut self) -> Result<()> {
        let free = self.reduce_rows((0..self.column_of.len()).collect());
        for row in self.reduce_rows(free) {
            self.augment(row)?;
        }
        Ok(())
    }

    #[inline(always)]
    fn reduce_rows(&mut self, free: Vec<usize>) -> Vec<usize> {
        let (cost, m) = (self.cost, self.m);
        reduce_rows(free, &mut self.price, &mut self.row_of, &mut self.column_of, |i, price| {
            two_least(&cost[i * m..(i + 1) * m], price)
        })
    }

    /// The shortest path in reduced costs from a free row to a free column; rows along it change columns.
    #[inline(always)]
    fn augment(&mut self, start: usize) -> Result<()> {
        self.open.copy_from_slice(&self.price);
        self.distance.fill(f64::INFINITY);
        self.done.clear();
        let (mut holder, mut base) = (start, 0.0);
        let end = loop {
            self.relax(holder, base);
            let least = least_of(&self.least);
            if least == f64::INFINITY {
                // The rows seen reach these columns only, one fewer than the rows.
                let holders = self.done.iter().map(|&(j, _)| i64::from(self.row_of[j as usize]));
                return Err(no_assignment(start, std::iter::once(start as i64).chain(holders).collect()));
            }
            let column = self.nearest(least);
            if self.row_of[column] == FREE {
                for &(j, distance) in &self.done {
                    self.price[j as usize] += distance - least;
                }
                break column;
            }
            self.done.push((column as u32, least));
            self.distance[column] = f64::INFINITY;
            self.open[column] = f64::NEG_INFINITY;
            holder = self.row_of[column] as usize;
            base = least - (self.cost[holder * self.m + column] - self.price[column]);
        };
        let mut column = end as u32;
        loop {
            let row = self.before[column as usize];
            self.row_of[column as usize] = row;
            std::mem::swap(&mut self.column_of[row as usize], &mut column);
            if row as usize == start {
                return Ok(());
            }
        }
    }

    /// Columns that are nearer by way of a row at the distance `base`.
    #[inline(always)]
    fn relax(&mut self, row: usize, base: f64) {
        let costs = self.cost[row * self.m..(row + 1) * self.m].chunks(BLOCK);
        let found = self.distance.chunks_mut(BLOCK).zip(self.before.chunks_mut(BLOCK)).zip(&mut self.least);
        for ((costs, prices), ((distance, before), least)) in costs.zip(self.open.chunks(BLOCK)).zip(found) {
            let columns = costs.iter().zip(prices).zip(&mut *distance).zip(before);
            for (((cost, price), distance), before) in columns {
                let through = base + cost - price;
                let nearer = through < *distance;
                *before = if nearer { row as u32 } else { *before };
                *distance = if nearer { through } else { *distance };
            }
            *least = least_of(distance);
        }
    }

    /// A column at the distance `least`: of several a free one, which ends the search, or the first.
    fn nearest(&self, least: f64) -> usize {
        let blocks = self.least.iter().enumerate().filter(|block| *block.1 == least);
        let mut at = blocks.flat_map(|(block, _)| {
            let begin = block * BLOCK;
            (begin..self.m.min(begin + BLOCK)).filter(|&j| self.distance[j] == least)
        });
        let first = at.next().unwrap_or(0);
        std::iter::once(first).chain(at).find(|&j| self.row_of[j] == FREE).unwrap_or(first)
    }
}

#[inline(always)]
fn least_of(values: &[f64]) -> f64 {
    let (eights, rest) = values.as_chunks::<LANES>();
    let mut lanes = [f64::INFINITY; LANES];
    for eight in eights {
        for l in 0..LANES {
            lanes[l] = if eight[l] < lanes[l] { eight[l] } else { lanes[l] };
        }
    }
    lanes.iter().chain(rest).copied().fold(f64::INFINITY, f64::min)
}

/// The least and the second least of row - price, with their columns; equal ones by index.
#[inline(always)]
fn two_least(row: &[f64], price: &[f64]) -> TwoLeast {
    let (mut least, mut at, mut second, mut other) = (f64::INFINITY, 0, f64::INFINITY, 0);
    let mut reduced = [f64::INFINITY; BLOCK];
    for (block, (costs, prices)) in row.chunks(BLOCK).zip(price.chunks(BLOCK)).enumerate() {
        let reduced = &mut reduced[..costs.len()];
        for ((reduced, cost), price) in reduced.iter_mut().zip(costs).zip(prices) {
            *reduced = cost - price;
        }
        // Few blocks have one of the two.
        if least_of(reduced) >= second {
            continue;
        }
        for (j, &reduced) in reduced.iter().enumerate() {
            if reduced < second {
                if reduced < least {
                    (second, other) = (least, at);
                    (least, at) = (reduced, block * BLOCK + j);
                } else {
                    (second, other) = (reduced, block * BLOCK + j);
                }
            }
        }
    }
    (least, at, second, other)
}
