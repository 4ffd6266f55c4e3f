//! Communities by the Leiden algorithm (Traag, Waltman and van Eck, Scientific Reports 9, 5233, 2019).
//!
//! Both objectives are one: the sum over communities C of w(C, C) - resolution * mass(C)^2 up to a constant, where the mass
//! of a node is its strength over sqrt(2 m) for modularity and 1 for the constant Potts model. Refinement is greedy: a
//! node joins the neighbouring part that gains most. A run is sequential; runs of several resolutions are parallel. At
//! the end communities that are not connected are split, which only raises the objective, so all are connected.

mod level;
mod moves;
mod refine;

use crate::components::renumbered;
use crate::csr::Csr;
use crate::error::{Error, Result};
use crate::parallel;
use crate::random;
use level::Level;
use rayon::ThreadPool;

/// What is maximised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Objective {
    /// Newman's modularity with a resolution.
    Modularity,
    /// The constant Potts model.
    Cpm,
}

/// A row of n community labels for each resolution, numbered by their first node.
pub fn leiden(
    graph: Csr,
    resolutions: &[f64],
    objective: Objective,
    iterations: Option<usize>,
    seed: u64,
    pool: Option<&ThreadPool>,
) -> Result<Vec<i64>> {
    graph.require("weights >= 0 for communities", |w| w >= 0.0)?;
    if let Some(r) = resolutions.iter().find(|r| !(r.is_finite() && **r > 0.0)) {
        return Err(Error::new("resolution", format!("is {r}; expected a finite number > 0")));
    }
    let base = Level::of(graph, objective);
    let runs = parallel::map(
        pool,
        resolutions.len(),
        || (),
        |(), i| run(&base, resolutions[i], iterations, random::mix(seed, 0)),
    );
    Ok(runs.concat())
}

fn run(base: &Level, resolution: f64, iterations: Option<usize>, seed: u64) -> Vec<i64> {
    let mut labels: Vec<u32> = (0..base.len() as u32).collect();
    let mut round = 0;
    while iterations.is_none_or(|most| round < most) {
        round += 1;
        if !improve(base, resolution, random::mix(seed, round as u64), &mut labels) {
            break;
        }
    }
    connected_parts(base, &labels)
}

/// One pass over all levels. True when a node moved.
fn improve(base: &Level, resolution: f64, seed: u64, labels: &mut [u32]) -> bool {
    let mut moved = false;
    let mut coarse: Option<Level> = None;
    let mut part_of: Vec<u32> = (0..base.len() as u32).collect();
    let mut community = labels.to_vec();
    for depth in 0.. {
        let level = coarse.as_ref().unwrap_or(base);
        let order = random::order(level.len(), random::mix(seed, depth));
        moved |= moves::run(level, resolution, &order, &mut community);
        for (label, &part) in labels.iter_mut().zip(&part_of) {
            *label = community[part as usize];
        }
        let (parts, count) = refine::run(level, resolution, &order, &community);
        if count == level.len() {
            break;
        }
        let mut next = vec![0; count];
        parts.iter().zip(&community).for_each(|(&part, &c)| next[part as usize] = c);
        part_of.iter_mut().for_each(|part| *part = parts[*part as usize]);
        compact(&mut next);
        community = next;
        coarse = Some(level.aggregated(&parts, count));
    }
    compact(labels);
    moved
}

/// Renames labels to 0.. in the order of their first use.
fn compact(labels: &mut [u32]) {
    let mut names = vec![u32::MAX; labels.iter().max().map_or(0, |&label| label as usize + 1)];
    let mut next = 0;
    for label in labels {
        let name = &mut names[*label as usize];
        if *name == u32::MAX {
            *name = next;
            next += 1;
        }
        *label = *name;
    }
}

fn connected_parts(level: &Level, labels: &[u32]) -> Vec<i64> {
    let n = level.len();
    let mut part = vec![-1i64; n];
    let mut count = 0;
    let mut stack = Vec::new();
    for root in 0..n {
        if part[root] >= 0 {
            continue;
        }
        part[root] = count;
        stack.push(root);
        while let Some(v) = stack.pop() {
            for (t, weight) in level.arcs(v) {
                if weight > 0.0 && part[t] < 0 && labels[t] == labels[v] {
                    part[t] = count;
                    stack.push(t);
                }
            }
        }
        count += 1;
    }
    renumbered(&part, count as usize)
}
