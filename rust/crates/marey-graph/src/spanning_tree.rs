//! Minimum spanning forest by Prim's algorithm with a 4-ary heap, O(m log n). Weights may be negative.

use crate::csr::Csr;
use crate::heap::Heap;

/// The edges (from, to, weight) of the forest of an undirected graph, in the order in which they were taken.
pub fn minimum_spanning_tree(graph: Csr) -> Vec<(i64, i64, f64)> {
    let n = graph.len();
    let (mut taken, mut nearest) = (vec![false; n], vec![(f64::INFINITY, 0u32); n]);
    let mut edges = Vec::with_capacity(n.saturating_sub(1));
    let mut heap = Heap::default();
    for root in 0..n {
        if taken[root] {
            continue;
        }
        let mut joined = Some(root);
        while let Some(v) = joined {
            taken[v] = true;
            for (t, weight) in graph.arcs_of(v) {
                if !taken[t] && weight < nearest[t].0 {
                    nearest[t] = (weight, v as u32);
                    heap.push(weight, t as u32);
                }
            }
            joined = std::iter::from_fn(|| heap.pop()).map(|item| item.1 as usize).find(|&t| !taken[t]);
            if let Some(t) = joined {
                edges.push((i64::from(nearest[t].1), t as i64, nearest[t].0));
            }
        }
    }
    edges
}
