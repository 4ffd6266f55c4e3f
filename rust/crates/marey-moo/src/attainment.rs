//! The empirical attainment function: for each level k the minimal points that at least k of the runs attain (weakly
//! dominate), in two or three objectives.
//!
//! A sweep along the last objective keeps, for each run and for each level, the staircase of what is attained in the
//! others. A point of run i lifts by one level what lies above it and that run i did not attain: the staircase of level k
//! gains the steps of level k - 1, raised to the point.
//!
//! Source: Fonseca, Guerreiro, López-Ibáñez, Paquete 2011. Cost O(N sum of staircases), N points in all.

use crate::error::{Error, Result};
use crate::pareto_rank::pareto_rank;
use crate::points::Points;

/// The surface of each level of `levels` (numbers of runs), row after row. Run i has the rows `offsets[i]..offsets[i + 1]`.
pub fn eaf(points: Points, offsets: &[usize], levels: &[usize]) -> Result<Vec<Vec<f64>>> {
    points.reject_nan("runs")?;
    let d = points.dim();
    if d != 2 && d != 3 {
        return Err(Error::invalid("runs", format!("have {d} objectives; expected 2 or 3")));
    }
    let runs = offsets.len() - 1;
    if let Some(level) = levels.iter().find(|&&level| level == 0 || level > runs) {
        return Err(Error::invalid("levels", format!("ask for {level} runs; expected 1 to {runs}")));
    }
    let mut order: Vec<(usize, usize)> =
        (0..runs).flat_map(|run| (offsets[run]..offsets[run + 1]).map(move |i| (i, run))).collect();
    order.sort_by(|a, b| points.row(a.0)[d - 1].partial_cmp(&points.row(b.0)[d - 1]).expect("numbers"));

    let mut attained: Vec<Steps> = vec![Steps::default(); runs];
    let mut surface: Vec<Steps> = vec![Steps::default(); runs + 1];
    surface[0].add((f64::NEG_INFINITY, f64::NEG_INFINITY));
    let mut rows: Vec<Vec<f64>> = vec![Vec::new(); runs + 1];
    let mut raised = Vec::new();
    for (i, run) in order {
        let row = points.row(i);
        // Two objectives are three of which the first is the same for all.
        let point = if d == 3 { (row[0], row[1]) } else { (0.0, row[0]) };
        if attained[run].cover(point) {
            continue;
        }
        for level in (1..=runs).rev() {
            surface[level - 1].raise(point, &mut raised);
            for &step in &raised {
                if !attained[run].cover(step) && !surface[level].cover(step) {
                    surface[level].add(step);
                    if d == 3 {
                        rows[level].push(step.0);
                    }
                    rows[level].extend([step.1, row[d - 1]]);
                }
            }
        }
        attained[run].add(point);
    }
    levels.iter().map(|&level| minimal(&rows[level], d)).collect()
}

/// Steps (x, y), x ascending and y strictly descending.
#[derive(Clone, Default)]
struct Steps(Vec<(f64, f64)>);

impl Steps {
    fn cover(&self, point: (f64, f64)) -> bool {
        let after = self.0.partition_point(|step| step.0 <= point.0);
        after > 0 && self.0[after - 1].1 <= point.1
    }

    fn add(&mut self, point: (f64, f64)) {
        let from = self.0.partition_point(|step| step.0 < point.0);
        let worse = self.0[from..].iter().take_while(|step| step.1 >= point.1).count();
        self.0.splice(from..from + worse, [point]);
    }

    /// The staircase of what lies above both `point` and this one.
    fn raise(&self, point: (f64, f64), raised: &mut Vec<(f64, f64)>) {
        raised.clear();
        let from = self.0.partition_point(|step| step.0 <= point.0).saturating_sub(1);
        for step in &self.0[from..] {
            let step = (step.0.max(point.0), step.1.max(point.1));
            if raised.last().is_none_or(|last: &(f64, f64)| step.1 < last.1) {
                raised.push(step);
            }
            if step.1 <= point.1 {
                break;
            }
        }
    }
}

/// The points that no other dominates, sorted, each once.
fn minimal(rows: &[f64], d: usize) -> Result<Vec<f64>> {
    let points = Points::new(rows, rows.len() / d, d)?;
    let ranks = pareto_rank(points, Some(1))?;
    let mut kept: Vec<&[f64]> =
        points.rows().zip(ranks).filter(|(_, rank)| *rank == 0).map(|(row, _)| row).collect();
    kept.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    kept.dedup();
    Ok(kept.concat())
}
