//! Breadth-first search: hops from a source, O(n + m) a source, sources in parallel.

use crate::csr::Csr;
use crate::error::Result;
use crate::parallel;
use rayon::ThreadPool;

/// For each source a row of n hops, -1 where it does not lead.
pub fn bfs(graph: Csr, sources: &[i64], pool: Option<&ThreadPool>) -> Result<Vec<i64>> {
    graph.require_nodes("sources", sources)?;
    let n = graph.len();
    let mut hops = vec![-1i64; sources.len() * n];
    parallel::each_row(pool, &mut hops, n, Vec::new, |queue: &mut Vec<u32>, i, hops| {
        from(graph, sources[i] as usize, hops, queue);
    });
    Ok(hops)
}

/// Fills `hops` (all -1 before) and leaves the nodes in `queue`, nearest first.
pub(crate) fn from(graph: Csr, source: usize, hops: &mut [i64], queue: &mut Vec<u32>) {
    queue.clear();
    queue.push(source as u32);
    hops[source] = 0;
    let mut head = 0;
    while let Some(&v) = queue.get(head) {
        head += 1;
        let next = hops[v as usize] + 1;
        for &t in graph.row(v as usize) {
            let hop = &mut hops[t as usize];
            if *hop < 0 {
                *hop = next;
                queue.push(t as u32);
            }
        }
    }
}
