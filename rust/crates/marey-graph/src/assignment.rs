//! The assignment of least cost in a dense n x m matrix, n <= m: every row gets a column of its own.
//!
//! Augmenting row reduction gives most rows a column at once (Jonker and Volgenant, Computing 38, 1987), shortest
//! augmenting paths the rest (Crouse, IEEE Trans. Aerospace 52(4), 2016). O(n^2 m) at worst. Column prices v are 0 where
//! a column is free and never positive, which is what makes a rectangular answer optimal.

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
        distance: vec![0.0; m],
        before: vec![0; m],
        columns: (0..m as u32).collect(),
    };
    let free = solver.reduce_rows((0..n).collect());
    let free = solver.reduce_rows(free);
    for row in free {
        solver.augment(row)?;
    }
    Ok(solver.column_of.into_iter().map(i64::from).collect())
}

/// `rows`, `start` among them, reach one column fewer than they are.
pub(crate) fn no_assignment(start: usize, rows: Vec<i64>) -> Error {
    let rule = "expected a matrix in which each row can have an allowed column of its own";
    let seen =
        format!("has no assignment for row {start}: {} rows share {} columns", rows.len(), rows.len() - 1);
    Error::new("cost", format!("{seen}; {rule}")).proved(Kind::Infeasible, rows)
}

struct Solver<'a> {
    cost: &'a [f64],
    m: usize,
    price: Vec<f64>,
    row_of: Vec<u32>,
    column_of: Vec<u32>,
    distance: Vec<f64>,
    before: Vec<u32>,
    columns: Vec<u32>,
}

impl Solver<'_> {
    fn reduce_rows(&mut self, free: Vec<usize>) -> Vec<usize> {
        let (cost, m) = (self.cost, self.m);
        reduce_rows(free, &mut self.price, &mut self.row_of, &mut self.column_of, |i, price| {
            two_least(&cost[i * m..(i + 1) * m], price)
        })
    }

    /// The shortest path in reduced costs from a free row to a free column; rows along it change columns.
    fn augment(&mut self, start: usize) -> Result<()> {
        let m = self.m;
        let row = &self.cost[start * m..(start + 1) * m];
        for j in 0..m {
            self.distance[j] = row[j] - self.price[j];
        }
        self.before.fill(start as u32);
        self.columns.iter_mut().enumerate().for_each(|(j, column)| *column = j as u32);
        // Columns are split: ..done have their final distance, done.. not yet.
        let mut done = 0;
        let end = loop {
            let (mut least, mut at) = (f64::INFINITY, done);
            for i in done..m {
                let column = self.columns[i] as usize;
                let distance = self.distance[column];
                // Of equally near columns a free one ends the search.
                let free = || self.row_of[column] == FREE;
                if distance < least || (distance == least && least < f64::INFINITY && free()) {
                    (least, at) = (distance, i);
                }
            }
            if least == f64::INFINITY {
                // The rows seen reach these columns only, one fewer than the rows.
                let holders = self.columns[..done].iter().map(|&j| i64::from(self.row_of[j as usize]));
                return Err(no_assignment(start, std::iter::once(start as i64).chain(holders).collect()));
            }
            let column = self.columns[at] as usize;
            self.columns.swap(done, at);
            if self.row_of[column] == FREE {
                break column;
            }
            done += 1;
            let holder = self.row_of[column] as usize;
            let row = &self.cost[holder * m..(holder + 1) * m];
            let base = least - (row[column] - self.price[column]);
            for &j in &self.columns[done..] {
                let j = j as usize;
                let through = base + row[j] - self.price[j];
                if through < self.distance[j] {
                    self.distance[j] = through;
                    self.before[j] = holder as u32;
                }
            }
        };
        let length = self.distance[end];
        for &j in &self.columns[..done] {
            self.price[j as usize] += self.distance[j as usize] - length;
        }
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

/// The least and the second least of row - price, with their columns; equal ones by index.
fn two_least(row: &[f64], price: &[f64]) -> TwoLeast {
    let (mut least, mut at, mut second, mut other) = (f64::INFINITY, 0, f64::INFINITY, 0);
    for (j, (cost, price)) in row.iter().zip(price).enumerate() {
        let reduced = cost - price;
        if reduced < second {
            if reduced < least {
                (second, other) = (least, at);
                (least, at) = (reduced, j);
            } else {
                (second, other) = (reduced, j);
            }
        }
    }
    (least, at, second, other)
}
