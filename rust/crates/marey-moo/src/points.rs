//! A set of points: a borrowed, row-major n x d matrix.

use crate::error::{Error, Result};

/// `n` points of `d` objectives, one row each, contiguous.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a> {
    values: &'a [f64],
    n: usize,
    d: usize,
}

impl<'a> Points<'a> {
    /// Views `values` as `n` rows of `d` columns.
    pub fn new(values: &'a [f64], n: usize, d: usize) -> Result<Self> {
        if n.checked_mul(d) != Some(values.len()) {
            return Err(Error::invalid(
                "values",
                format!("has {} elements; expected n * d = {n} * {d}", values.len()),
            ));
        }
        // Ids are u32 and coordinate ranks i32 inside the algorithms.
        if n > i32::MAX as usize - 1 {
            return Err(Error::invalid("values", format!("has {n} rows; expected fewer than 2^31 - 1")));
        }
        Ok(Self { values, n, d })
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.n
    }

    /// True when there is no point.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Number of objectives.
    pub fn dim(&self) -> usize {
        self.d
    }

    /// Point `i`.
    pub fn row(&self, i: usize) -> &'a [f64] {
        &self.values[i * self.d..(i + 1) * self.d]
    }

    /// All values, row after row.
    pub fn values(&self) -> &'a [f64] {
        self.values
    }

    /// The points, one after the other.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [f64]> {
        let (values, d) = (self.values, self.d);
        (0..self.n).map(move |i| &values[i * d..(i + 1) * d])
    }

    /// Objective `j` of every point.
    pub fn column(&self, j: usize) -> impl Iterator<Item = f64> {
        let (values, d) = (self.values, self.d);
        (0..self.n).map(move |i| values[i * d + j])
    }

    /// An error that names the first row with a NaN, if there is one.
    pub fn reject_nan(&self, argument: &'static str) -> Result<()> {
        // One pass without branches; only a bad input pays for the search.
        if !self.values.iter().fold(false, |bad, v| bad | v.is_nan()) {
            return Ok(());
        }
        let at = self.values.iter().position(|v| v.is_nan()).expect("a NaN was seen");
        Err(Error::NotANumber { argument, row: at / self.d, column: at % self.d })
    }

    /// An error that names the first row with a NaN or an infinity, if there is one.
    pub fn reject_nonfinite(&self, argument: &'static str) -> Result<()> {
        self.reject_nan(argument)?;
        if self.values.iter().fold(true, |good, v| good & v.is_finite()) {
            return Ok(());
        }
        let row = self.values.iter().position(|v| v.is_infinite()).expect("an infinity was seen") / self.d;
        Err(Error::invalid(
            argument,
            format!("has {:?} in row {row}; expected finite numbers", self.row(row)),
        ))
    }
}
