//! Dijkstra's shortest paths with a 4-ary heap, O((n + m) log n) a source, sources in parallel.

use crate::csr::Csr;
use crate::error::{Error, Result};
use crate::heap::Heap;
use crate::parallel;
use rayon::ThreadPool;

/// A row of n for each source.
pub struct Paths {
    /// Distance from the source, infinite where it does not lead within the cutoff.
    pub distance: Vec<f64>,
    /// The node before, -1 for the source and for nodes that were not reached; empty unless asked for.
    pub predecessor: Vec<i64>,
}

/// Shortest paths from each source, no longer than `cutoff`. Weights must not be negative.
pub fn shortest_paths(
    graph: Csr,
    sources: &[i64],
    cutoff: f64,
    predecessors: bool,
    pool: Option<&ThreadPool>,
) -> Result<Paths> {
    graph.require_nodes("sources", sources)?;
    graph.require("weights >= 0 for shortest paths", |w| w >= 0.0)?;
    if cutoff.is_nan() || cutoff < 0.0 {
        return Err(Error::new("cutoff", format!("is {cutoff}; expected a number >= 0")));
    }
    let n = graph.len();
    let mut rows: Vec<(f64, i64)> = Vec::new();
    let mut distance = vec![f64::INFINITY; sources.len() * n];
    if predecessors {
        rows.resize(sources.len() * n, (f64::INFINITY, -1));
        parallel::each_row(pool, &mut rows, n, Heap::default, |heap, i, row| {
            run(graph, sources[i] as usize, cutoff, row, heap);
        });
        distance.iter_mut().zip(&rows).for_each(|(d, row)| *d = row.0);
    } else {
        parallel::each_row(pool, &mut distance, n, Heap::default, |heap, i, row| {
            run(graph, sources[i] as usize, cutoff, row, heap);
        });
    }
    Ok(Paths { distance, predecessor: rows.into_iter().map(|row| row.1).collect() })
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

/// Fills `row`, whose distances are infinite before.
pub(crate) fn run<R: Reached>(graph: Csr, source: usize, cutoff: f64, row: &mut [R], heap: &mut Heap) {
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
