//! PageRank by Gauss-Seidel sweeps: x = (1 - d) p + d P' x, then scaled to sum 1.
//!
//! A node without outgoing weight sends its rank to p, as the personalised walk restarts: that only rescales x (Gleich,
//! SIAM Review 57(3), 2015, section 2.4), so the sweeps leave it out. A sweep is O(n + m); vectors run in parallel.

use crate::csr::Csr;
use crate::error::{Error, Result};
use crate::parallel;
use rayon::ThreadPool;

/// A row of n for each restart vector.
pub struct PageRank {
    /// Ranks; each row sums to 1.
    pub rank: Vec<f64>,
    /// For each row the change of the last sweep, in the 1-norm relative to the row's sum.
    pub change: Vec<f64>,
}

/// `incoming` is the transpose of the graph; `restart` has rows of n weights >= 0, each with a positive sum.
pub fn pagerank(
    incoming: Csr,
    restart: &[f64],
    damping: f64,
    tolerance: f64,
    sweeps: usize,
    pool: Option<&ThreadPool>,
) -> Result<PageRank> {
    incoming.require("weights >= 0 for PageRank", |w| w >= 0.0)?;
    if !(0.0..1.0).contains(&damping) {
        return Err(Error::new("damping", format!("is {damping}; expected 0 <= damping < 1")));
    }
    let n = incoming.len();
    if n == 0 {
        return Ok(PageRank { rank: Vec::new(), change: Vec::new() });
    }
    if let Some(i) = restart.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        let rule = "expected finite weights >= 0";
        let message = format!("is {} for node {} in row {}; {rule}", restart[i], i % n, i / n);
        return Err(Error::new("personalization", message));
    }
    if let Some(row) = restart.chunks(n).position(|row| row.iter().sum::<f64>() <= 0.0) {
        return Err(Error::new(
            "personalization",
            format!("sums to 0 in row {row}; expected a positive weight"),
        ));
    }
    let mut strength = vec![0.0; n];
    let mut loops = vec![0.0; n];
    for v in 0..n {
        for (u, weight) in incoming.arcs_of(v) {
            strength[u] += weight;
            loops[v] += if u == v { weight } else { 0.0 };
        }
    }
    // Ranks are kept divided by the strength, so that an arc costs one multiplication, or none.
    let inverse: Vec<f64> = strength.iter().map(|&s| if s > 0.0 { 1.0 / s } else { 0.0 }).collect();
    let mut rank = restart.to_vec();
    let problem = Problem { incoming, inverse: &inverse, loops: &loops, damping, tolerance, sweeps };
    let mut change = vec![0.0; restart.len() / n];
    let mut rows: Vec<(&mut [f64], &mut f64)> = rank.chunks_mut(n).zip(&mut change).collect();
    parallel::each_row(pool, &mut rows, 1, Vec::new, |share: &mut Vec<f64>, _, row| {
        *row[0].1 = problem.solve(row[0].0, share);
    });
    Ok(PageRank { rank, change })
}

struct Problem<'a> {
    incoming: Csr<'a>,
    inverse: &'a [f64],
    loops: &'a [f64],
    damping: f64,
    tolerance: f64,
    sweeps: usize,
}

impl Problem<'_> {
    fn solve(&self, rank: &mut [f64], share: &mut Vec<f64>) -> f64 {
        let sum: f64 = rank.iter().sum();
        rank.iter_mut().for_each(|r| *r /= sum);
        let restart = rank.to_vec();
        share.clear();
        share.extend(rank.iter().zip(self.inverse).map(|(r, i)| r * i));
        let mut change = f64::INFINITY;
        for _ in 0..self.sweeps {
            change = 0.0;
            let mut total = 0.0;
            for v in 0..rank.len() {
                let loop_weight = self.loops[v];
                let inflow = match self.incoming.row_weights(v) {
                    None => self.incoming.row(v).iter().map(|&u| share[u as usize]).sum::<f64>(),
                    Some(_) => self.incoming.arcs_of(v).map(|(u, w)| share[u] * w).sum::<f64>(),
                };
                let inflow = inflow - loop_weight * share[v];
                let own = 1.0 - self.damping * loop_weight * self.inverse[v];
                let new = ((1.0 - self.damping) * restart[v] + self.damping * inflow.max(0.0)) / own;
                change += (new - rank[v]).abs();
                total += new;
                rank[v] = new;
                share[v] = new * self.inverse[v];
            }
            change /= total;
            if change <= self.tolerance {
                break;
            }
        }
        let sum: f64 = rank.iter().sum();
        rank.iter_mut().for_each(|r| *r /= sum);
        change
    }
}
