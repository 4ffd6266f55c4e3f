//! The hypervolume by sampling directions: along a direction v from the reference the dominated region reaches
//! l(v) = max_p min_j u_j(p) / v_j, with u = (r - p) / (r - ideal). Over the faces v_k = 1 of the unit cube
//! H = prod(r - ideal) E[l^d], an expectation of numbers between 0 and 1.
//!
//! Each replicate takes the same number of points on every face from a randomly shifted additive-recurrence lattice, so
//! that replicates are independent, without bias, and far closer than random points. Their spread gives the interval.
//!
//! Sources: Deng & Zhang 2019 (polar form), Roberts 2018 (additive recurrence). Cost O(d n samples), eight points at a
//! time.

use crate::error::{Error, Result};
use crate::hypervolume::finite_rows;
use crate::nearest::Blocks;
use crate::points::Points;
use crate::r2::Tchebycheff;
use crate::random::uniform;
use rayon::ThreadPool;

const REPLICATES: usize = 8;
/// The 97.5 % point of Student's t distribution with REPLICATES - 1 degrees of freedom.
const T_QUANTILE: f64 = 2.364_624_251_592_785;

/// The estimate, and the ends of its 95 % confidence interval. Takes `samples` directions, or a few more.
pub fn hv_approx(
    points: Points,
    reference: &[f64],
    samples: usize,
    seed: u64,
    pool: Option<&ThreadPool>,
) -> Result<(f64, (f64, f64))> {
    let (_, rows) = finite_rows(points, reference)?;
    if samples == 0 {
        return Err(Error::invalid("n", "is 0; expected at least 1"));
    }
    if rows.is_empty() {
        return Ok((0.0, (0.0, 0.0)));
    }
    let d = reference.len();
    let extent: Vec<f64> =
        (0..d).map(|j| rows.iter().map(|row| reference[j] - row[j]).fold(0.0, f64::max)).collect();
    // Negated, so that the farthest reach is the least distance.
    let scaled: Vec<f64> =
        rows.iter().flat_map(|row| (0..d).map(|j| -(reference[j] - row[j]) / extent[j])).collect();
    let blocks = Blocks::new(scaled.chunks_exact(d), d, 0.0);
    let per_face = samples.div_ceil(REPLICATES * d);
    let box_volume: f64 = extent.iter().product();
    let means: Vec<f64> = (0..REPLICATES)
        .map(|replicate| {
            let directions = directions(d, per_face, seed, replicate);
            let reach = blocks.nearest_of_all::<Tchebycheff>(&directions, pool);
            box_volume * reach.iter().map(|l| (-l).powi(d as i32)).sum::<f64>() / reach.len() as f64
        })
        .collect();
    let mean = means.iter().sum::<f64>() / REPLICATES as f64;
    let squares: f64 = means.iter().map(|x| (x - mean) * (x - mean)).sum();
    let half = T_QUANTILE * (squares / ((REPLICATES - 1) * REPLICATES) as f64).sqrt();
    Ok((mean, ((mean - half).max(0.0), (mean + half).min(box_volume))))
}

/// 1 / v for directions v on every face.
fn directions(d: usize, per_face: usize, seed: u64, replicate: usize) -> Vec<f64> {
    // Powers of the root of x^d = x + 1 spread best over d - 1 dimensions.
    let mut root = 2.0f64;
    for _ in 0..64 {
        root = (1.0 + root).powf(1.0 / d as f64);
    }
    let mut inverse = Vec::with_capacity(d * d * per_face);
    for face in 0..d {
        let shift = |j: usize| uniform(seed, ((replicate * d + face) * d + j) as u64);
        let shifts: Vec<f64> = (0..d).map(shift).collect();
        for i in 1..=per_face {
            let mut step = 1.0;
            for (j, shift) in shifts.iter().enumerate() {
                if j == face {
                    inverse.push(1.0);
                } else {
                    step /= root;
                    inverse.push(1.0 / (shift + i as f64 * step).fract().max(f64::MIN_POSITIVE));
                }
            }
        }
    }
    inverse
}
