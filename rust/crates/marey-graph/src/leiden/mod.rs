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
        let (n, seed) = (base.len(), seeds[i]);
        let mut labels: Vec<u32> = (0..n as u32).collect();
        // Without a price of mass, moving is label propagation.
        let moves = Moves { level: &base, resolution: 0.0, seed, pool };
        moves.run(&random::order(n, seed), &mut labels);
        connected_parts(&base, &labels, pool)
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
        let seed = random::mix(run.seed, 0);
        let mut labels: Vec<u32> = (0..self.base.len() as u32).collect();
        let mut round = 0;
        while self.iterations.is_none_or(|most| round < most) {
            round += 1;
            if !self.improve(run.resolution, random::mix(seed, round as u64), &mut labels) {
                break;
            }
        }
        connected_parts(&self.base, &labels, self.pool)
    }

    /// One pass over all levels. True when a node moved.
    fn improve(&self, resolution: f64, seed: u64, labels: &mut [u32]) -> bool {
        let (base, pool) = (&self.base, self.pool);
        let mut moved = false;
        let mut coarse: Option<Level> = None;
        let mut part_of: Vec<u32> = (0..base.len() as u32).collect();
        let mut community = labels.to_vec();
        for depth in 0.. {
            let level = coarse.as_ref().unwrap_or(base);
            let seed = random::mix(seed, depth);
            let order = random::order(level.len(), seed);
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
fn connected_parts(level: &Level, labels: &[u32], pool: Option<&ThreadPool>) -> Vec<i64> {
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
            let (begin, end) = (first[tasks[task].start], first[tasks[task].end]);
            let (mut part, mut stack) = (vec![u32::MAX; end - begin], Vec::new());
            for root in begin..end {
                if part[root - begin] != u32::MAX {
                    continue;
                }
                part[root - begin] = root as u32;
                stack.push(root);
                while let Some(i) = stack.pop() {
                    let v = members[i] as usize;
                    for &t in level.row(v) {
                        let (t, at) = (t as usize, place[t as usize] as usize);
                        if labels[t] == labels[v] && part[at - begin] == u32::MAX {
                            part[at - begin] = root as u32;
                            stack.push(at);
                        }
                    }
                }
            }
            part
        },
    )
    .concat();
    let by_node: Vec<i64> = place.iter().map(|&at| i64::from(parts[at as usize])).collect();
    renumbered(&by_node, n)
}
