//! Shortest paths from many sources in parallel: Dijkstra's algorithm with a 4-ary heap on small graphs, buckets of a fixed width
//! on others (Meyer and Sanders, J. Algorithms 49, 2003, one thread a source), Bellman and Ford's where weights are negative.
//!
//! Addition of floats is monotone, so every order of relaxing ends at the same distances.

use crate::csr::Csr;
use crate::error::{Error, Kind, Result};
use crate::heap::Heap;
use crate::parallel;
use rayon::ThreadPool;
use std::collections::VecDeque;

/// A row of n for each source.
pub struct Paths {
    /// Distance from the source, infinite where it does not lead within the cutoff.
    pub distance: Vec<f64>,
    /// The node before, -1 for the source and for nodes that were not reached; empty unless asked for.
    pub predecessor: Vec<i64>,
}

/// Shortest paths from each source, no longer than `cutoff`. Weights may be negative where `directed`.
pub fn shortest_paths(
    graph: Csr,
    sources: &[i64],
    cutoff: f64,
    predecessors: bool,
    directed: bool,
    pool: Option<&ThreadPool>,
) -> Result<Paths> {
    graph.require_nodes("sources", sources)?;
    if cutoff.is_nan() || cutoff < 0.0 {
        return Err(Error::new("cutoff", format!("is {cutoff}; expected a number >= 0")));
    }
    let n = graph.len();
    if directed && graph.arrays().2.is_some_and(|weights| weights.iter().any(|&w| w < 0.0)) {
        return with_negative_weights(graph, sources, cutoff, pool);
    }
    graph.require("weights >= 0 for shortest paths without directions", |w| w >= 0.0)?;
    let search = Search::new(graph);
    let mut rows: Vec<(f64, i64)> = Vec::new();
    let mut distance = vec![f64::INFINITY; sources.len() * n];
    if predecessors {
        rows.resize(sources.len() * n, (f64::INFINITY, -1));
        parallel::each_row(
            pool,
            &mut rows,
            n,
            || search.scratch(),
            |scratch, i, row| {
                search.run(sources[i] as usize, cutoff, row, scratch);
            },
        );
        distance.iter_mut().zip(&rows).for_each(|(d, row)| *d = row.0);
    } else {
        parallel::each_row(
            pool,
            &mut distance,
            n,
            || search.scratch(),
            |scratch, i, row| {
                search.run(sources[i] as usize, cutoff, row, scratch);
            },
        );
    }
    Ok(Paths { distance, predecessor: rows.into_iter().map(|row| row.1).collect() })
}

fn with_negative_weights(
    graph: Csr,
    sources: &[i64],
    cutoff: f64,
    pool: Option<&ThreadPool>,
) -> Result<Paths> {
    let rows = parallel::map(pool, sources.len(), || (), |(), i| bellman_ford(graph, sources[i] as usize));
    let (mut distance, mut predecessor) = (Vec::new(), Vec::new());
    for row in rows {
        for (length, from) in row? {
            let near = length <= cutoff;
            distance.push(if near { length } else { f64::INFINITY });
            predecessor.push(if near { from } else { -1 });
        }
    }
    Ok(Paths { distance, predecessor })
}

/// Distances over weights of any sign, or the nodes of a cycle that is shorter than nothing. O(n m).
fn bellman_ford(graph: Csr, source: usize) -> Result<Vec<(f64, i64)>> {
    let n = graph.len();
    let mut row = vec![(f64::INFINITY, -1i64); n];
    let (mut waiting, mut arcs) = (vec![false; n], vec![0usize; n]);
    let mut queue = VecDeque::from([source]);
    row[source].0 = 0.0;
    while let Some(v) = queue.pop_front() {
        waiting[v] = false;
        let from = row[v].0;
        for (t, weight) in graph.arcs_of(v) {
            let through = from + weight;
            if through >= row[t].0 {
                continue;
            }
            row[t] = (through, v as i64);
            arcs[t] = arcs[v] + 1;
            if arcs[t] >= n
                && let Some(cycle) = cycle_before(&row, t)
            {
                let rule = "expected none";
                let message = format!("has a cycle of negative length through node {}; {rule}", cycle[0]);
                return Err(Error::new("weight", message).proved(Kind::NegativeCycle, cycle));
            }
            if !std::mem::replace(&mut waiting[t], true) {
                queue.push_back(t);
            }
        }
    }
    Ok(row)
}

/// The cycle that the predecessors of `v` run into, if they do, in the direction of its arcs.
fn cycle_before(row: &[(f64, i64)], v: usize) -> Option<Vec<i64>> {
    let mut at = v as i64;
    for _ in 0..row.len() {
        at = row[at as usize].1;
        if at < 0 {
            return None;
        }
    }
    let (first, mut cycle) = (at, vec![at]);
    at = row[at as usize].1;
    while at != first {
        cycle.push(at);
        at = row[at as usize].1;
    }
    cycle.reverse();
    Some(cycle)
}

/// What is kept of a node: its distance, or also the node before.
pub(crate) trait Reached {
    fn distance(&self) -> f64;
    fn reach(&mut self, distance: f64, from: usize);
}

impl Reached for f64 {
    fn distance(&self) -> f64 {
        *self
    }

    fn reach(&mut self, distance: f64, _: usize) {
        *self = distance;
    }
}

impl Reached for (f64, i64) {
    fn distance(&self) -> f64 {
        self.0
    }

    fn reach(&mut self, distance: f64, from: usize) {
        *self = (distance, from as i64);
    }
}

/// A graph and the width of its buckets, 0 for a heap.
pub(crate) struct Search<'a> {
    graph: Csr<'a>,
    /// Buckets a unit of length, and how many buckets an arc can reach over, a power of two.
    per_unit: f64,
    buckets: usize,
}

#[derive(Default)]
pub(crate) struct Scratch {
    heap: Heap,
    buckets: Vec<Vec<(f64, u32)>>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(graph: Csr<'a>) -> Self {
        const MOST: f64 = 8192.0;
        let mut search = Self { graph, per_unit: 0.0, buckets: 0 };
        let Some(weights) = graph.arrays().2 else {
            (search.per_unit, search.buckets) = (1.0, 4);
            return search;
        };
        if weights.len() < 1000 {
            return search;
        }
        let (mut sum, mut largest) = (0.0, 0.0);
        for &weight in weights {
            sum += weight;
            largest = f64::max(largest, weight);
        }
        // So wide that an arc in it is rare: the nodes of a bucket are then seldom improved by each other.
        let degree = (weights.len() / graph.len()).max(1) as f64;
        let width = 2.0 * sum / weights.len() as f64 / degree;
        let reach = largest / width + 2.0;
        if width > 1e-290 && width < 1e290 && reach < MOST {
            (search.per_unit, search.buckets) = (1.0 / width, (reach as usize + 1).next_power_of_two());
        }
        search
    }

    pub(crate) fn scratch(&self) -> Scratch {
        Scratch { heap: Heap::default(), buckets: vec![Vec::new(); self.buckets] }
    }

    /// Fills `row`, whose distances are infinite before.
    pub(crate) fn run<R: Reached>(&self, source: usize, cutoff: f64, row: &mut [R], scratch: &mut Scratch) {
        if self.buckets == 0 {
            run_heap(self.graph, source, cutoff, row, &mut scratch.heap);
        } else {
            self.run_buckets(source, cutoff, row, &mut scratch.buckets);
        }
    }

    fn run_buckets<R: Reached>(
        &self,
        source: usize,
        cutoff: f64,
        row: &mut [R],
        buckets: &mut [Vec<(f64, u32)>],
    ) {
        let mask = buckets.len() - 1;
        let bucket_of = |distance: f64| (distance * self.per_unit) as usize & mask;
        row[source].reach(0.0, usize::MAX);
        buckets[0].push((0.0, source as u32));
        let (mut left, mut at) = (1usize, 0);
        while left > 0 {
            let mut i = 0;
            while let Some(&(distance, v)) = buckets[at].get(i) {
                i += 1;
                if distance > row[v as usize].distance() {
                    continue;
                }
                for (t, weight) in self.graph.arcs_of(v as usize) {
                    let through = distance + weight;
                    if through < row[t].distance() && through <= cutoff {
                        row[t].reach(through, v as usize);
                        buckets[bucket_of(through)].push((through, t as u32));
                        left += 1;
                    }
                }
            }
            left -= i;
            buckets[at].clear();
            at = (at + 1) & mask;
        }
    }
}

fn run_heap<R: Reached>(graph: Csr, source: usize, cutoff: f64, row: &mut [R], heap: &mut Heap) {
    heap.clear();
    heap.push(0.0, source as u32);
    row[source].reach(0.0, usize::MAX);
    while let Some((distance, v)) = heap.pop() {
        if distance > row[v as usize].distance() {
            continue;
        }
        for (t, weight) in graph.arcs_of(v as usize) {
            let through = distance + weight;
            if through < row[t].distance() && through <= cutoff {
                row[t].reach(through, v as usize);
                heap.push(through, t as u32);
            }
        }
    }
}
