//! Expected hypervolume improvement of independent Gaussian predictions.
//!
//! The volume that a point y adds is the sum over the boxes [l, u] of what is not dominated of prod_j (u_j - max(l_j,
//! y_j))+. Each factor is (u_j - y_j)+ - (l_j - y_j)+, whose expectation is known; objectives are independent, so the
//! expectation of a product is the product. A box corner takes its values from few points: the expectations are computed
//! once for each value, and boxes only multiply.
//!
//! Source: Yang, Emmerich, Deutz, Bäck 2019. Cost O(d n + d boxes) for each prediction.

use crate::argsort::{dense_rank, key};
use crate::boxes::nondominated_boxes;
use crate::error::{Error, Result};
use crate::points::Points;
use rayon::ThreadPool;
use rayon::prelude::*;

/// The expected improvement of each row of `mean`, with standard deviations `std`, over `points`.
pub fn ehvi(
    mean: Points,
    std: Points,
    points: Points,
    reference: &[f64],
    pool: Option<&ThreadPool>,
) -> Result<Vec<f64>> {
    mean.reject_nonfinite("mean")?;
    std.reject_nonfinite("std")?;
    if let Some((i, row)) = std.rows().enumerate().find(|(_, row)| row.iter().any(|&s| s < 0.0)) {
        return Err(Error::invalid("std", format!("has {row:?} in row {i}; expected numbers >= 0")));
    }
    let boxes = Factors::new(points, reference)?;
    let one = |i: usize| boxes.expected(mean.row(i), std.row(i));
    Ok(match pool.filter(|_| mean.len() > 1) {
        Some(pool) => pool.install(|| (0..mean.len()).into_par_iter().map(one).collect()),
        None => (0..mean.len()).map(one).collect(),
    })
}

/// The boxes of what is not dominated, by the numbers of their values.
struct Factors {
    d: usize,
    /// The distinct values of each objective, ascending.
    values: Vec<Vec<f64>>,
    /// (lower, upper) of objective j of box b, at `b * d + j`.
    corners: Vec<(u32, u32)>,
}

impl Factors {
    fn new(points: Points, reference: &[f64]) -> Result<Self> {
        let boxes = nondominated_boxes(points, reference)?;
        let d = reference.len();
        let count = boxes.lower.len() / d;
        let mut values = Vec::new();
        let mut corners = vec![(0, 0); count * d];
        let mut ranks = Vec::new();
        for j in 0..d {
            let of = |corners: &[f64]| -> Vec<f64> { corners.iter().skip(j).step_by(d).copied().collect() };
            let all = [of(&boxes.lower), of(&boxes.upper)].concat();
            let order = dense_rank(&all.iter().copied().map(key).collect::<Vec<u64>>(), &mut ranks);
            let mut distinct: Vec<f64> = order.iter().map(|&i| all[i as usize]).collect();
            distinct.dedup();
            values.push(distinct);
            for b in 0..count {
                corners[b * d + j] = (ranks[b], ranks[count + b]);
            }
        }
        Ok(Self { d, values, corners })
    }

    fn expected(&self, mean: &[f64], std: &[f64]) -> f64 {
        let below = |j: usize| self.values[j].iter().map(|&a| expected_below(a, mean[j], std[j])).collect();
        let below: Vec<Vec<f64>> = (0..self.d).map(below).collect();
        let factor =
            |(j, &(low, high)): (usize, &(u32, u32))| below[j][high as usize] - below[j][low as usize];
        self.corners
            .chunks_exact(self.d)
            .map(|corner| corner.iter().enumerate().map(factor).product::<f64>())
            .sum()
    }
}

/// E[max(a - Y, 0)] of a Gaussian Y.
fn expected_below(a: f64, mean: f64, std: f64) -> f64 {
    if a == f64::NEG_INFINITY {
        return 0.0;
    }
    if std == 0.0 {
        return (a - mean).max(0.0);
    }
    let z = (a - mean) / std;
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let probability = 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
    std * (z * probability + density).max(0.0)
}
