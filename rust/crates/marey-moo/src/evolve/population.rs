//! A population: the columns genome, objectives, constraints and violation, each one flat array of rows.

use super::Fields;
use crate::error::{Error, Result};
use crate::points::Points;

#[derive(Clone, Debug, Default)]
pub(crate) struct Population {
    pub(crate) width: usize,
    pub(crate) n_obj: usize,
    pub(crate) n_con: usize,
    pub(crate) x: Vec<f64>,
    pub(crate) f: Vec<f64>,
    pub(crate) g: Vec<f64>,
    /// Sum of the constraints' violations: 0 where feasible, infinite where the evaluation failed.
    pub(crate) cv: Vec<f64>,
}

impl Population {
    pub(crate) fn new(width: usize, n_obj: usize, n_con: usize) -> Self {
        Self { width, n_obj, n_con, ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.cv.len()
    }

    pub(crate) fn x(&self, i: usize) -> &[f64] {
        &self.x[i * self.width..(i + 1) * self.width]
    }

    pub(crate) fn f(&self, i: usize) -> &[f64] {
        &self.f[i * self.n_obj..(i + 1) * self.n_obj]
    }

    pub(crate) fn g(&self, i: usize) -> &[f64] {
        &self.g[i * self.n_con..(i + 1) * self.n_con]
    }

    pub(crate) fn points(&self) -> Points<'_> {
        Points::new(&self.f, self.len(), self.n_obj).expect("whole rows")
    }

    pub(crate) fn clear(&mut self) {
        self.x.clear();
        self.f.clear();
        self.g.clear();
        self.cv.clear();
    }

    /// `n` rows, new ones not evaluated.
    pub(crate) fn resize(&mut self, n: usize) {
        self.x.resize(n * self.width, 0.0);
        self.f.resize(n * self.n_obj, f64::NAN);
        self.g.resize(n * self.n_con, f64::NAN);
        self.cv.resize(n, f64::INFINITY);
    }

    pub(crate) fn push(&mut self, other: &Self, i: usize) {
        self.x.extend_from_slice(other.x(i));
        self.f.extend_from_slice(other.f(i));
        self.g.extend_from_slice(other.g(i));
        self.cv.push(other.cv[i]);
    }

    pub(crate) fn append(&mut self, other: &Self) {
        self.x.extend_from_slice(&other.x);
        self.f.extend_from_slice(&other.f);
        self.g.extend_from_slice(&other.g);
        self.cv.extend_from_slice(&other.cv);
    }

    /// Row `i` becomes row `j` of `other`.
    pub(crate) fn set(&mut self, i: usize, other: &Self, j: usize) {
        self.x[i * self.width..(i + 1) * self.width].copy_from_slice(other.x(j));
        self.f[i * self.n_obj..(i + 1) * self.n_obj].copy_from_slice(other.f(j));
        self.g[i * self.n_con..(i + 1) * self.n_con].copy_from_slice(other.g(j));
        self.cv[i] = other.cv[j];
    }

    /// Fills `self` with the rows of `other` that `keep` names, in that order.
    pub(crate) fn gather(&mut self, other: &Self, keep: &[u32]) {
        self.clear();
        for &i in keep {
            self.push(other, i as usize);
        }
    }

    /// The violation of row `i` from its objectives and constraints; true if the evaluation failed.
    pub(crate) fn judge(&mut self, i: usize) -> bool {
        let failed = self.f(i).iter().any(|v| !v.is_finite()) || self.g(i).iter().any(|v| v.is_nan());
        self.cv[i] = if failed {
            f64::INFINITY
        } else {
            self.g(i).iter().map(|g| g.max(0.0)).sum::<f64>().min(f64::MAX)
        };
        failed
    }

    pub(crate) fn is_feasible(&self, i: usize) -> bool {
        self.cv[i] <= 0.0
    }

    pub(crate) fn fields(&mut self, io: &mut Fields) -> Result<()> {
        io.f64s(&mut self.x)?;
        io.f64s(&mut self.f)?;
        io.f64s(&mut self.g)?;
        io.f64s(&mut self.cv)?;
        let n = self.cv.len();
        let whole = self.x.len() == n * self.width
            && self.f.len() == n * self.n_obj
            && self.g.len() == n * self.n_con;
        if !whole
            || self.cv.iter().any(|cv| cv.is_nan() || *cv < 0.0)
            || (0..n).any(|i| self.cv[i] < f64::INFINITY && self.f(i).iter().any(|f| !f.is_finite()))
        {
            return Err(Error::invalid("checkpoint", "holds a population whose columns do not fit together"));
        }
        if self.x.iter().any(|x| !x.is_finite()) {
            return Err(Error::invalid("checkpoint", "holds a genome that is not finite"));
        }
        Ok(())
    }
}
