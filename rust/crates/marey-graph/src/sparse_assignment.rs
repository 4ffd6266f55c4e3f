//! The assignment of least cost over the stored entries of an n x m matrix, n <= m: every row gets a column of its own.
//!
//! As the dense one: augmenting row reduction, then shortest augmenting paths, here by a heap over the stored entries only.
//! O(n (nnz + m) log m) at worst. Column prices are 0 where a column is free, and never positive.

use crate::assignment::no_assignment;
use crate::error::{Error, Result};
use crate::heap::Heap;
use crate::row_reduction::{FREE, TwoLeast, reduce_rows};

/// Rows and entries of a sparse matrix.
#[derive(Clone, Copy)]
pub struct SparseCosts<'a> {
    /// First entry of each row, and the number of entries.
    pub offsets: &'a [i64],
    /// Column of each entry.
    pub columns: &'a [i32],
    /// Cost of each entry; an infinite one forbids its pair.
    pub costs: &'a [f64],
    /// Number of columns.
    pub m: usize,
}

/// The column of each row; an error names rows that have too few columns among them.
pub fn sparse_assignment(matrix: SparseCosts) -> Result<Vec<i64>> {
    let n = matrix.offsets.len().saturating_sub(1);
    let entries = matrix.columns.len();
    if matrix.offsets.first() != Some(&0)
        || matrix.offsets.last() != Some(&(entries as i64))
        || matrix.offsets.windows(2).any(|pair| pair[0] > pair[1])
        || matrix.costs.len() != entries
        || n > matrix.m
    {
        return Err(Error::new("cost", "is no sparse matrix with at least as many columns as rows"));
    }
    if let Some(e) = matrix.columns.iter().position(|&j| j < 0 || j as usize >= matrix.m) {
        return Err(Error::new(
            "cost",
            format!("has column {} at entry {e}; expected 0 <= column < {}", matrix.columns[e], matrix.m),
        ));
    }
    if let Some(e) = matrix.costs.iter().position(|c| c.is_nan() || *c == f64::NEG_INFINITY) {
        let row = matrix.offsets.partition_point(|&o| o <= e as i64) - 1;
        let message =
            format!("is {} in row {row}, column {}; expected numbers", matrix.costs[e], matrix.columns[e]);
        return Err(Error::new("cost", message));
    }
    let mut solver = Solver {
        matrix,
        price: vec![0.0; matrix.m],
        row_of: vec![FREE; matrix.m],
        column_of: vec![FREE; n],
        distance: vec![f64::INFINITY; matrix.m],
        before: vec![0; matrix.m],
        done: vec![false; matrix.m],
        heap: Heap::default(),
    };
    let free = solver.reduce_rows((0..n).collect());
    let free = solver.reduce_rows(free);
    for row in free {
        solver.augment(row)?;
    }
    Ok(solver.column_of.into_iter().map(i64::from).collect())
}

struct Solver<'a> {
    matrix: SparseCosts<'a>,
    price: Vec<f64>,
    row_of: Vec<u32>,
    column_of: Vec<u32>,
    /// Infinite between searches.
    distance: Vec<f64>,
    before: Vec<u32>,
    done: Vec<bool>,
    heap: Heap,
}

impl Solver<'_> {
    fn reduce_rows(&mut self, free: Vec<usize>) -> Vec<usize> {
        let matrix = self.matrix;
        reduce_rows(free, &mut self.price, &mut self.row_of, &mut self.column_of, |i, price| {
            two_least(matrix, i, price)
        })
    }

    /// The shortest path in reduced costs to a free column; without one the rows seen have one column too few.
    fn augment(&mut self, start: usize) -> Result<()> {
        let (mut settled, mut touched): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        let (mut row, mut base) = (start, 0.0);
        self.heap.clear();
        let end = loop {
            let range = self.matrix.offsets[row] as usize..self.matrix.offsets[row + 1] as usize;
            for e in range {
                let (j, cost) = (self.matrix.columns[e] as usize, self.matrix.costs[e]);
                let through = base + cost - self.price[j];
                if !self.done[j] && through < self.distance[j] {
                    if self.distance[j] == f64::INFINITY {
                        touched.push(j as u32);
                    }
                    self.distance[j] = through;
                    self.before[j] = row as u32;
                    self.heap.push(through, j as u32);
                }
            }
            let next = std::iter::from_fn(|| self.heap.pop())
                .find(|&(distance, j)| !self.done[j as usize] && distance == self.distance[j as usize]);
            let Some((distance, j)) = next else { break None };
            let column = j as usize;
            if self.row_of[column] == FREE {
                break Some(column);
            }
            self.done[column] = true;
            settled.push(j);
            row = self.row_of[column] as usize;
            let range = self.matrix.offsets[row] as usize..self.matrix.offsets[row + 1] as usize;
            let own =
                range.filter(|&e| self.matrix.columns[e] as usize == column).map(|e| self.matrix.costs[e]);
            base = distance - (own.fold(f64::INFINITY, f64::min) - self.price[column]);
        };
        if let Some(end) = end {
            let length = self.distance[end];
            for &j in &settled {
                self.price[j as usize] += self.distance[j as usize] - length;
            }
        }
        for j in touched {
            self.distance[j as usize] = f64::INFINITY;
            self.done[j as usize] = false;
        }
        let Some(end) = end else {
            let holders = settled.iter().map(|&j| i64::from(self.row_of[j as usize]));
            return Err(no_assignment(start, std::iter::once(start as i64).chain(holders).collect()));
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
}

/// The least and the second least of row i - price, with their columns; equal ones in the order of the entries.
fn two_least(matrix: SparseCosts, i: usize, price: &[f64]) -> TwoLeast {
    let (mut least, mut column, mut second, mut other) = (f64::INFINITY, 0, f64::INFINITY, 0);
    for e in matrix.offsets[i] as usize..matrix.offsets[i + 1] as usize {
        let j = matrix.columns[e] as usize;
        let reduced = matrix.costs[e] - price[j];
        if reduced < least {
            (second, other) = (least, column);
            (least, column) = (reduced, j);
        } else if reduced < second {
            (second, other) = (reduced, j);
        }
    }
    (least, column, second, other)
}
