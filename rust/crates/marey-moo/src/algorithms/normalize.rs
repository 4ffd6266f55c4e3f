//! The scale of the objectives from the hyperplane through the extreme points (Deb, Jain 2014; Blank, Deb, Roy 2019).

use crate::error::Result;
use crate::evolve::{Fields, Population};

pub(super) struct Hyperplane {
    m: usize,
    /// Least value of each objective in any generation.
    ideal: Vec<f64>,
    /// The point that reaches farthest along each axis, row after row.
    extreme: Vec<f64>,
    nadir: Vec<f64>,
    /// Greatest value of each objective in any generation.
    worst: Vec<f64>,
}

impl Hyperplane {
    pub(super) fn new(m: usize) -> Self {
        Self {
            m,
            ideal: vec![f64::INFINITY; m],
            extreme: Vec::new(),
            nadir: vec![f64::INFINITY; m],
            worst: vec![f64::NEG_INFINITY; m],
        }
    }

    /// Takes in a generation: its first front and the range of all points considered.
    pub(super) fn update(&mut self, pool: &Population, first: &[u32], (low, high): (Vec<f64>, Vec<f64>)) {
        let m = self.m;
        for (ideal, low) in self.ideal.iter_mut().zip(&low) {
            *ideal = ideal.min(*low);
        }
        for (worst, high) in self.worst.iter_mut().zip(&high) {
            *worst = worst.max(*high);
        }
        let before = std::mem::take(&mut self.extreme);
        let candidates: Vec<&[f64]> =
            before.chunks_exact(m).chain(first.iter().map(|&i| pool.f(i as usize))).collect();
        let mut extreme = Vec::with_capacity(m * m);
        for axis in 0..m {
            let reach = |f: &&[f64]| {
                (0..m).fold(f64::NEG_INFINITY, |worst, j| {
                    let away = f[j] - self.ideal[j];
                    let away = if away < 1e-3 { 0.0 } else { away };
                    worst.max(if j == axis { away } else { away * 1e6 })
                })
            };
            let best = candidates.iter().min_by(|a, b| reach(a).total_cmp(&reach(b)));
            extreme.extend_from_slice(best.expect("the first front has members"));
        }
        self.extreme = extreme;
        self.nadir = match self.intercepts() {
            Some(nadir) => nadir.iter().zip(&self.worst).map(|(nadir, worst)| nadir.min(*worst)).collect(),
            None => {
                let mut worst = vec![f64::NEG_INFINITY; m];
                for &i in first {
                    worst.iter_mut().zip(pool.f(i as usize)).for_each(|(w, f)| *w = w.max(*f));
                }
                worst
            }
        };
        for ((nadir, ideal), high) in self.nadir.iter_mut().zip(&self.ideal).zip(&high) {
            if *nadir - ideal < 1e-6 {
                *nadir = *high;
            }
        }
    }

    /// Where the plane through the extreme points meets the axes, if it does so beyond the ideal point.
    fn intercepts(&self) -> Option<Vec<f64>> {
        let m = self.m;
        let mut rows: Vec<f64> = Vec::with_capacity(m * m);
        rows.extend((0..m * m).map(|k| self.extreme[k] - self.ideal[k % m]));
        let plane = solve(&mut rows, vec![1.0; m])?;
        let reach: Vec<f64> = plane.iter().map(|x| 1.0 / x).collect();
        let valid = reach.iter().all(|r| r.is_finite() && *r > 1e-6);
        valid.then(|| reach.iter().zip(&self.ideal).map(|(r, ideal)| ideal + r).collect())
    }

    /// Moves and scales a point: the ideal point becomes 0, the nadir 1.
    pub(super) fn scale(&self, f: &[f64], to: &mut [f64]) {
        for j in 0..self.m {
            let span = self.nadir[j] - self.ideal[j];
            to[j] = (f[j] - self.ideal[j]) / if span > 1e-300 { span } else { 1.0 };
        }
    }

    pub(super) fn fields(&mut self, io: &mut Fields) -> Result<()> {
        io.f64s(&mut self.ideal)?;
        io.f64s(&mut self.extreme)?;
        io.f64s(&mut self.nadir)?;
        io.f64s(&mut self.worst)?;
        let m = self.m;
        let fits = self.ideal.len() == m
            && self.nadir.len() == m
            && self.worst.len() == m
            && [0, m * m].contains(&self.extreme.len());
        io.expect(fits, "its normalisation does not fit its objectives")
    }
}

/// Gaussian elimination with partial pivots; None where the matrix is singular.
fn solve(a: &mut [f64], mut b: Vec<f64>) -> Option<Vec<f64>> {
    let m = b.len();
    for k in 0..m {
        let pivot = (k..m).max_by(|&i, &j| a[i * m + k].abs().total_cmp(&a[j * m + k].abs()))?;
        if a[pivot * m + k].abs() < 1e-12 {
            return None;
        }
        (0..m).for_each(|j| a.swap(k * m + j, pivot * m + j));
        b.swap(k, pivot);
        for i in k + 1..m {
            let factor = a[i * m + k] / a[k * m + k];
            (k..m).for_each(|j| a[i * m + j] -= factor * a[k * m + j]);
            b[i] -= factor * b[k];
        }
    }
    for k in (0..m).rev() {
        let rest: f64 = (k + 1..m).map(|j| a[k * m + j] * b[j]).sum();
        b[k] = (b[k] - rest) / a[k * m + k];
    }
    Some(b)
}
