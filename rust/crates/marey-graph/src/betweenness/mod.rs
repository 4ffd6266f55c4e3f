//! Betweenness: the share of shortest paths that lead through a node (Brandes, J. Math. Sociology 25(2), 2001).
//!
//! O(n + m) a source without weights, O((n + m) log n) with them. The way back looks at successors, which the rows hold,
//! so no list of predecessors is kept. Parallel edges are distinct paths. Without weights several sources go together.

mod lanes;

use crate::csr::Csr;
use crate::error::Result;
use crate::heap::Heap;
use crate::parallel;
use rayon::ThreadPool;

/// Sources are summed in this many parts, whatever the number of threads, so that the sum is always the same.
const PARTS: usize = 16;

/// The sum over `sources` of the dependency of each node; the ends of a path do not count.
pub fn betweenness(graph: Csr, sources: &[i64], pool: Option<&ThreadPool>) -> Result<Vec<f64>> {
    graph.require_nodes("sources", sources)?;
    graph.require("weights > 0 for betweenness", |w| w > 0.0)?;
    let n = graph.len();
    let groups: Vec<&[i64]> = sources.chunks(lanes::LANES).collect();
    let parts = parallel::map(
        pool,
        PARTS.min(groups.len()),
        || {
            (
                Search::new(if graph.is_weighted() { n } else { 0 }),
                lanes::Search::new(if graph.is_weighted() { 0 } else { n }),
            )
        },
        |(search, together), part| {
            let mut sum = vec![0.0; n];
            for group in groups.iter().skip(part).step_by(PARTS) {
                if !graph.is_weighted() {
                    together.run(graph, group, &mut sum);
                    continue;
                }
                for &source in *group {
                    search.by_weight(graph, source as usize);
                    search.collect(graph, &mut sum);
                }
            }
            sum
        },
    );
    let mut total = vec![0.0; n];
    for part in parts {
        total.iter_mut().zip(part).for_each(|(t, p)| *t += p);
    }
    Ok(total)
}

struct Search {
    distance: Vec<f64>,
    paths: Vec<f64>,
    dependency: Vec<f64>,
    order: Vec<u32>,
    heap: Heap,
}

impl Search {
    fn new(n: usize) -> Self {
        let zeros = vec![0.0; n];
        Self {
            distance: vec![f64::INFINITY; n],
            paths: zeros.clone(),
            dependency: zeros,
            order: Vec::new(),
            heap: Heap::default(),
        }
    }

    fn begin(&mut self, source: usize) {
        self.distance.fill(f64::INFINITY);
        self.paths.fill(0.0);
        self.order.clear();
        self.distance[source] = 0.0;
        self.paths[source] = 1.0;
    }

    fn by_weight(&mut self, graph: Csr, source: usize) {
        self.begin(source);
        self.heap.push(0.0, source as u32);
        while let Some((distance, v)) = self.heap.pop() {
            // Weights are positive: every path to v is counted before v is taken, and v is taken once.
            if distance > self.distance[v as usize] {
                continue;
            }
            self.order.push(v);
            for (t, weight) in graph.arcs_of(v as usize) {
                let through = distance + weight;
                if through < self.distance[t] {
                    self.distance[t] = through;
                    self.paths[t] = 0.0;
                    self.heap.push(through, t as u32);
                }
                if through == self.distance[t] {
                    self.paths[t] += self.paths[v as usize];
                }
            }
        }
    }

    fn collect(&mut self, graph: Csr, sum: &mut [f64]) {
        for (i, &v) in self.order.iter().enumerate().rev() {
            let v = v as usize;
            let mut dependency = 0.0;
            for (t, weight) in graph.arcs_of(v) {
                if self.distance[t] == self.distance[v] + weight {
                    dependency += (1.0 + self.dependency[t]) / self.paths[t];
                }
            }
            self.dependency[v] = dependency * self.paths[v];
            if i > 0 {
                sum[v] += self.dependency[v];
            }
        }
    }
}
