//! Sampled neighbourhoods and random walks. Every random number depends on the seed and on where it is used alone, so
//! the same seed gives the same sample on any number of threads.
//!
//! Neighbours: hop by hop, Hamilton, Ying and Leskovec, NeurIPS 2017; picks without replacement by Floyd's algorithm
//! (Bentley and Floyd, Comm. ACM 30, 1987). Walks: node2vec, Grover and Leskovec, KDD 2016, by rejection.

use crate::csr::Csr;
use crate::error::{Error, Result};
use crate::parallel;
use crate::random::mix;
use rayon::ThreadPool;
use std::collections::HashMap;

/// When an arc may be taken: its time lies in the window that ends at its seed's time.
pub struct Times<'a> {
    /// Time of each arc.
    pub of_arc: &'a [f64],
    /// Time of each seed.
    pub of_seed: &'a [f64],
    /// How far back a seed looks; infinite for no limit.
    pub window: f64,
}

/// What to sample.
pub struct Plan<'a> {
    /// Where to begin.
    pub seeds: &'a [i64],
    /// Arcs of each type (of one type where `types` is None) to take from each node, hop by hop; negative for all.
    pub fanouts: &'a [Vec<i64>],
    /// Type of each arc.
    pub types: Option<&'a [i64]>,
    /// Arcs are drawn with replacement.
    pub replace: bool,
    /// Each seed has nodes of its own.
    pub disjoint: bool,
    /// Which arcs a seed may see; needs `disjoint`.
    pub times: Option<Times<'a>>,
    /// The random numbers.
    pub seed: u64,
}

/// Nodes in the order in which they were found, the seeds first, and the arcs between them.
#[derive(Debug, Default, PartialEq)]
pub struct Sample {
    /// The nodes.
    pub node: Vec<i64>,
    /// Place of each sampled arc's neighbour in `node`.
    pub neighbour: Vec<i64>,
    /// Place of the node that the arc was sampled for.
    pub centre: Vec<i64>,
    /// Which arcs of the graph they are.
    pub arc: Vec<i64>,
    /// Seed that each node belongs to, with `disjoint`.
    pub batch: Vec<i64>,
    /// Nodes new in each hop, the seeds' first.
    pub nodes_of_hop: Vec<i64>,
    /// Arcs of each hop.
    pub arcs_of_hop: Vec<i64>,
}

/// The sampled neighbourhoods of the seeds.
pub fn neighbor_sample(graph: Csr, plan: &Plan, pool: Option<&ThreadPool>) -> Result<Sample> {
    graph.require_nodes("seeds", plan.seeds)?;
    check(graph, plan)?;
    let mut found = Found::new(plan.disjoint);
    for (batch, &node) in plan.seeds.iter().enumerate() {
        // A seed given twice is one node, unless each has nodes of its own.
        found.place(batch as i64, node);
    }
    let mut sample = Sample { nodes_of_hop: vec![found.node.len() as i64], ..Sample::default() };
    let mut first = 0;
    for (hop, fanouts) in plan.fanouts.iter().enumerate() {
        let last = found.node.len();
        let hop_seed = mix(plan.seed, hop as u64);
        let (nodes, batches) = (&found.node, &found.batch);
        let picked = parallel::map(pool, last - first, Vec::new, |allowed, i| {
            let at = first + i;
            pick(graph, plan, fanouts, nodes[at], batches[at], mix(hop_seed, at as u64), allowed)
        });
        for (i, arcs) in picked.into_iter().enumerate() {
            let batch = found.batch[first + i];
            for arc in arcs {
                let place = found.place(batch, i64::from(graph.target(arc as usize)));
                sample.neighbour.push(place);
                sample.centre.push((first + i) as i64);
                sample.arc.push(arc);
            }
        }
        first = last;
        sample.nodes_of_hop.push((found.node.len() - last) as i64);
        sample.arcs_of_hop.push(sample.arc.len() as i64 - sample.arcs_of_hop.iter().sum::<i64>());
    }
    sample.node = found.node;
    sample.batch = if plan.disjoint { found.batch } else { Vec::new() };
    Ok(sample)
}

fn check(graph: Csr, plan: &Plan) -> Result<()> {
    let arcs = graph.arcs();
    let types = plan.fanouts.first().map_or(1, Vec::len);
    if plan.fanouts.iter().any(|fanouts| fanouts.len() != types) {
        return Err(Error::new("fanouts", "has hops of different lengths".to_string()));
    }
    if let Some(of_arc) = plan.types {
        if of_arc.len() != arcs {
            let message = format!("has length {}; expected {arcs}, one type an arc", of_arc.len());
            return Err(Error::new("edge_type", message));
        }
        if let Some(e) = of_arc.iter().position(|&k| k < 0 || k as usize >= types) {
            let message = format!("is {} at arc {e}; expected 0 <= type < {types}", of_arc[e]);
            return Err(Error::new("edge_type", message));
        }
    } else if types > 1 {
        return Err(Error::new(
            "fanouts",
            format!("has {types} types a hop; expected `edge_type` with them"),
        ));
    }
    if let Some(times) = &plan.times {
        if times.of_arc.len() != arcs || times.of_seed.len() != plan.seeds.len() {
            let message = format!("has length {}; expected {arcs}, one time an arc", times.of_arc.len());
            return Err(Error::new("time", message));
        }
        if !plan.disjoint {
            let rule = "expected True: seeds of different times may share no node";
            return Err(Error::new("disjoint", format!("is False with `time`; {rule}")));
        }
    }
    Ok(())
}

struct Found {
    node: Vec<i64>,
    batch: Vec<i64>,
    places: HashMap<(i64, i64), i64>,
    disjoint: bool,
}

impl Found {
    fn new(disjoint: bool) -> Self {
        Self { node: Vec::new(), batch: Vec::new(), places: HashMap::new(), disjoint }
    }

    fn place(&mut self, batch: i64, node: i64) -> i64 {
        let next = self.node.len() as i64;
        let place = *self.places.entry((if self.disjoint { batch } else { 0 }, node)).or_insert(next);
        if place == next {
            self.node.push(node);
            self.batch.push(batch);
        }
        place
    }
}

/// Arcs picked for one node, type by type; each type's in the order in which they were drawn.
fn pick(
    graph: Csr,
    plan: &Plan,
    fanouts: &[i64],
    node: i64,
    batch: i64,
    key: u64,
    allowed: &mut Vec<i64>,
) -> Vec<i64> {
    let row = graph.arcs_range(node as usize);
    let mut picked = Vec::new();
    for (kind, &fanout) in fanouts.iter().enumerate() {
        let key = mix(key, kind as u64);
        if plan.types.is_none() && plan.times.is_none() {
            draw(row.len(), fanout, plan.replace, key, |i| picked.push((row.start + i) as i64));
            continue;
        }
        allowed.clear();
        allowed.extend(row.clone().filter(|&e| may(plan, kind, batch, e)).map(|e| e as i64));
        draw(allowed.len(), fanout, plan.replace, key, |i| picked.push(allowed[i]));
    }
    picked
}

fn may(plan: &Plan, kind: usize, batch: i64, arc: usize) -> bool {
    let of_type = plan.types.is_none_or(|types| types[arc] == kind as i64);
    let in_time = plan.times.as_ref().is_none_or(|times| {
        let (time, end) = (times.of_arc[arc], times.of_seed[batch as usize]);
        time <= end && time >= end - times.window
    });
    of_type && in_time
}

/// A uniform number below n, up to a bias of n / 2^64.
fn below(n: usize, random: u64) -> usize {
    ((u128::from(random) * n as u128) >> 64) as usize
}

/// `count` of 0..n, all of them if it is negative.
fn draw(n: usize, count: i64, replace: bool, key: u64, mut take: impl FnMut(usize)) {
    if n == 0 || count == 0 {
        return;
    }
    if count < 0 || (!replace && count as usize >= n) {
        return (0..n).for_each(take);
    }
    let count = count as usize;
    if replace {
        return (0..count).for_each(|i| take(below(n, mix(key, i as u64))));
    }
    let mut chosen: Vec<usize> = Vec::with_capacity(count);
    let mut many = std::collections::HashSet::new();
    for (i, last) in (n - count..n).enumerate() {
        let candidate = below(last + 1, mix(key, i as u64));
        // A set for many, a scan for few: neither order of looking changes what is chosen.
        let taken = if count > 64 { many.contains(&candidate) } else { chosen.contains(&candidate) };
        let choice = if taken { last } else { candidate };
        chosen.push(choice);
        if count > 64 {
            many.insert(choice);
        }
    }
    chosen.into_iter().for_each(take);
}

/// Walks of `length` steps from each of `starts`, rows of length + 1. A step goes along an arc by its weight, times
/// 1 / p back to where the walk came from, 1 / q to where no arc leads from there. A walk without a way stays.
pub fn random_walk(
    graph: Csr,
    starts: &[i64],
    length: usize,
    p: f64,
    q: f64,
    seed: u64,
    pool: Option<&ThreadPool>,
) -> Result<Vec<i64>> {
    graph.require_nodes("starts", starts)?;
    graph.require("weights >= 0", |w| w >= 0.0)?;
    for (name, value) in [("p", p), ("q", q)] {
        if !(value > 0.0 && value.is_finite()) {
            return Err(Error::new(name, format!("is {value}; expected a finite number > 0")));
        }
    }
    let mut walks = vec![0i64; starts.len() * (length + 1)];
    parallel::each_row(
        pool,
        &mut walks,
        length + 1,
        || (),
        |(), i, walk| {
            let mut draws = Draws { key: mix(seed, i as u64), next: 0 };
            walk[0] = starts[i];
            for step in 0..length {
                let before = (step > 0).then(|| walk[step - 1] as usize);
                walk[step + 1] = next(graph, walk[step] as usize, before, p, q, &mut draws) as i64;
            }
        },
    );
    Ok(walks)
}

struct Draws {
    key: u64,
    next: u64,
}

impl Draws {
    fn number(&mut self) -> u64 {
        self.next += 1;
        mix(self.key, self.next)
    }

    fn unit(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn next(graph: Csr, node: usize, before: Option<usize>, p: f64, q: f64, draws: &mut Draws) -> usize {
    let row = graph.row(node);
    let total = graph.row_weights(node).map(|weights| weights.iter().sum::<f64>());
    if row.is_empty() || total == Some(0.0) {
        return node;
    }
    let most = f64::max(1.0, f64::max(1.0 / p, 1.0 / q));
    loop {
        let target = match (graph.row_weights(node), total) {
            (Some(weights), Some(total)) => {
                let (mut left, mut at) = (draws.unit() * total, 0);
                // Rounding may leave a rest after the last arc with weight: that one is taken.
                let last = weights.iter().rposition(|&w| w > 0.0).unwrap_or(0);
                while at < last && left >= weights[at] {
                    left -= weights[at];
                    at += 1;
                }
                row[at] as usize
            }
            _ => row[below(row.len(), draws.number())] as usize,
        };
        let Some(before) = before else { return target };
        if p == 1.0 && q == 1.0 {
            return target;
        }
        let bias = if target == before {
            1.0 / p
        } else if graph.row(before).binary_search(&(target as i32)).is_ok() {
            1.0
        } else {
            1.0 / q
        };
        if draws.unit() * most < bias {
            return target;
        }
    }
}
