//! Communities by the Leiden algorithm (Traag, Waltman and van Eck, Scientific Reports 9, 5233, 2019), by the Louvain method
//! (Blondel et al., J. Stat. Mech. P10008, 2008) and by label propagation (Raghavan et al., Phys. Rev. E 76, 036106, 2007).
//!
//! The objectives are one: the sum over communities C of w(C, C) - resolution * mass(C)^2 up to a constant. Refinement is
//! greedy: a node joins the neighbouring part that gains most. At the end communities that are not connected are split,
//! which only raises the objective, so all are connected. Runs and the steps of a run are parallel, with the same result
//! on any number of threads.

mod level;
mod moves;
mod refine;

use crate::components::renumbered;
use crate::csr::Csr;
use crate::error::{Error, Result};
use crate::parallel;
use crate::random;
use level::{Level, grouped};
use moves::Moves;
use rayon::ThreadPool;

/// What is maximised: what a node's mass is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Objective {
    /// Newman's modularity with a resolution: strength over the root of the total strength.
    Modularity,
    /// The constant Potts model: 1.
    Cpm,
    /// Reichardt and Bornholdt with the mean weight of a pair as what is expected: the root of it.
    Density,
}

/// How communities are looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// Moving, refining, merging the parts.
    Leiden,
    /// Moving, merging the communities.
    Louvain,
}

/// One run of `communities`.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Larger finds more and smaller communities.
    pub resolution: f64,
    /// Orders the nodes.
    pub seed: u64,
}

/// A row of n community labels for each run, numbered by their first node. Without `iterations` until nothing moves.
pub fn communities(
    graph: Csr,
    runs: &[Run],
    objective: Objective,
    method: Method,
    iterations: Option<usize>,
    pool: Option<&ThreadPool>,
) -> Result<Vec<i64>> {
    graph.require("weights >= 0 for communities", |w| w >= 0.0)?;
    if let Some(run) = runs.iter().find(|run| !(run.resolution.is_finite() && run.resolution > 0.0)) {
        return Err(Error::new("resolution", format!("is {}; expected a finite number > 0", run.resolution)));
    }
    let search = Search { base: Level::of(graph, objective), method, iterations, pool };
    Ok(parallel::map(pool, runs.len(), || (), |(), i| search.run(&runs[i])).concat())
}

/// A row of n labels for each seed: each node has the label of the most weight around it, and communities are connected.
pub fn label_propagation(graph: Csr, seeds: &[u64], pool: Option<&ThreadPool>) -> Result<Vec<i64>> {
    graph.require("weights >= 0 for communities", |w| w >= 0.0)?;
    let base = Level::of(graph, Objective::Cpm);
    let run = |(): &mut (), i: usize| {
        let order = random::order(base.len(), seeds[i]);
        let level = base.reordered(&order, pool);
        let in_order: Vec<u32> = (0..base.len() as u32).collect();
        let mut labels = in_order.clone();
        // Without a price of mass, moving is label propagation.
        Moves { level: &level, resolution: 0.0, seed: seeds[i], pool }.run(&in_order, &mut labels);
        by_first_node(&connected_parts(&level, &labels, pool), &order)
    };
    Ok(parallel::map(pool, seeds.len(), || (), run).concat())
}

struct Search<'a> {
    base: Level<'a>,
    method: Method,
    iterations: Option<usize>,
    pool: Option<&'a ThreadPool>,
}

impl Search<'_> {
    fn run(&self, run: &Run) -> Vec<i64> {
        // Nodes are visited in random order. Laid out in it, the graph is read from front to back.
        let order = random::order(self.base.len(), run.seed);
        let base = self.base.reordered(&order, self.pool);
        let mut labels: Vec<u32> = (0..base.len() as u32).collect();
        let mut round = 0;
        while self.iterations.is_none_or(|most| round < most) {
            round += 1;
            if !self.improve(&base, run.resolution, random::mix(run.seed, round as u64), &mut labels) {
                break;
            }
        }
        by_first_node(&connected_parts(&base, &labels, self.pool), &order)
    }

    /// One pass over all levels. True when a node moved.
    fn improve(&self, base: &Level, resolution: f64, seed: u64, labels: &mut [u32]) -> bool {
        let pool = self.pool;
        let mut moved = false;
        let mut coarse: Option<Level> = None;
        let mut part_of: Vec<u32> = (0..base.len() as u32).collect();
        let mut community = labels.to_vec();
        for depth in 0.. {
            let level = coarse.as_ref().unwrap_or(base);
            let seed = random::mix(seed, depth);
            let mut order: Vec<u32> =
                if depth == 0 { part_of.clone() } else { random::order(level.len(), seed) };
            if depth == 0 && !order.is_empty() {
                order.rotate_left(seed as usize % base.len());
            }
            moved |= Moves { level, resolution, seed, pool }.run(&order, &mut community);
            for (label, &part) in labels.iter_mut().zip(&part_of) {
                *label = community[part as usize];
            }
            let (parts, count) = match self.method {
                Method::Leiden => refine::run(level, resolution, &order, &community, pool),
                Method::Louvain => {
                    compact(&mut community);
                    (community.clone(), community.iter().max().map_or(0, |&c| c as usize + 1))
                }
            };
            if count == level.len() {
                break;
            }
            let mut next = vec![0; count];
            parts.iter().zip(&community).for_each(|(&part, &c)| next[part as usize] = c);
            part_of.iter_mut().for_each(|part| *part = parts[*part as usize]);
            compact(&mut next);
            community = next;
            coarse = Some(level.aggregated(&parts, count, pool));
        }
        compact(labels);
        moved
    }
}

/// Labels of the nodes in their own order, numbered by their first node.
fn by_first_node(parts: &[u32], order: &[u32]) -> Vec<i64> {
    let mut labels = vec![0i64; order.len()];
    order.iter().zip(parts).for_each(|(&v, &part)| labels[v as usize] = i64::from(part));
    renumbered(&labels, order.len())
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

/// The connected parts of the communities, each community by itself, in parallel.
fn connected_parts(level: &Level, labels: &[u32], pool: Option<&ThreadPool>) -> Vec<u32> {
    let n = level.len();
    let (first, members) = grouped(labels, n, None);
    let mut place = vec![0u32; n];
    members.iter().enumerate().for_each(|(i, &v)| place[v as usize] = i as u32);
    let tasks = refine::batches(&first, 1024);
    let parts = parallel::map(
        pool,
        tasks.len(),
        || (),
        |(), task| {
            let begin = first[tasks[task].start];
            let (mut part, mut stack) = (vec![u32::MAX; first[tasks[task].end] - begin], Vec::new());
            for c in tasks[task].clone() {
                let (low, size) = (first[c], first[c + 1] - first[c]);
                for root in low..low + size {
                    level.prefetch(&members, root);
                    if part[root - begin] != u32::MAX {
                        continue;
                    }
                    part[root - begin] = root as u32;
                    stack.push(root);
                    while let Some(i) = stack.pop() {
                        for &t in level.row(members[i] as usize) {
                            let at = place[t as usize] as usize;
                            if at.wrapping_sub(low) < size && part[at - begin] == u32::MAX {
                                part[at - begin] = root as u32;
                                stack.push(at);
                            }
                        }
                    }
                }
            }
            part
        },
    )
    .concat();
    place.iter().map(|&at| parts[at as usize]).collect()
}
