//! Triangles of the simple undirected graph: arcs go from low to high degree, then each triangle is seen once (Schank and
//! Wagner, 2005), O(m^1.5).

use crate::csr::Csr;
use crate::parallel;
use rayon::ThreadPool;

/// How many triangles each node is part of. Self-loops and parallel edges do not count.
pub fn triangles(graph: Csr, pool: Option<&ThreadPool>) -> Vec<i64> {
    let simple = graph.simple();
    let graph = simple.view();
    let n = graph.len();
    let before = |a: usize, b: usize| (graph.row(a).len(), a) < (graph.row(b).len(), b);
    let mut offsets = vec![0usize];
    let mut ahead: Vec<u32> = Vec::with_capacity(graph.arcs() / 2);
    for v in 0..n {
        ahead.extend(graph.row(v).iter().filter(|&&t| before(v, t as usize)).map(|&t| t as u32));
        offsets.push(ahead.len());
    }
    let row = |v: usize| &ahead[offsets[v]..offsets[v + 1]];
    let parts = pool.map_or(1, ThreadPool::current_num_threads);
    // Counts are integers: the order of the sum over the parts does not matter.
    let counts = parallel::map(
        pool,
        parts,
        || vec![false; n],
        |marked, part| {
            let mut count = vec![0i64; n];
            for v in (part..n).step_by(parts) {
                row(v).iter().for_each(|&t| marked[t as usize] = true);
                for &t in row(v) {
                    let mut closed = 0;
                    for &u in row(t as usize) {
                        if marked[u as usize] {
                            count[u as usize] += 1;
                            closed += 1;
                        }
                    }
                    count[t as usize] += closed;
                    count[v] += closed;
                }
                row(v).iter().for_each(|&t| marked[t as usize] = false);
            }
            count
        },
    );
    counts.into_iter().reduce(|a, b| a.iter().zip(&b).map(|(x, y)| x + y).collect()).unwrap_or_default()
}
