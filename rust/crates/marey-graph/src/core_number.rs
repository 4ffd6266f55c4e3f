//! Core numbers of the simple undirected graph (Batagelj and Zaversnik, 2003): nodes leave by degree, O(n + m).

use crate::csr::Csr;

/// The largest k for each node such that it lies in a subgraph of least degree k. Self-loops and parallel edges count not.
pub fn core_number(graph: Csr) -> Vec<i64> {
    let simple = graph.simple();
    let graph = simple.view();
    let n = graph.len();
    let mut degree: Vec<usize> = (0..n).map(|v| graph.row(v).len()).collect();
    let mut first = vec![0usize; degree.iter().max().map_or(0, |&d| d + 2)];
    degree.iter().for_each(|&d| first[d + 1] += 1);
    for d in 1..first.len() {
        first[d] += first[d - 1];
    }
    let (mut order, mut position) = (vec![0u32; n], vec![0usize; n]);
    let mut next = first.clone();
    for v in 0..n {
        position[v] = next[degree[v]];
        order[position[v]] = v as u32;
        next[degree[v]] += 1;
    }
    for i in 0..n {
        let v = order[i] as usize;
        for &t in graph.row(v) {
            let t = t as usize;
            if degree[t] <= degree[v] {
                continue;
            }
            // t changes places with the first of its degree, whose bin then begins one later.
            let (at, front) = (position[t], first[degree[t]].max(i + 1));
            let other = order[front] as usize;
            order.swap(at, front);
            position[t] = front;
            position[other] = at;
            first[degree[t]] = front + 1;
            degree[t] -= 1;
        }
    }
    degree.into_iter().map(|d| d as i64).collect()
}
