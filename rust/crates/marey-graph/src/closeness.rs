//! Closeness: how near a node is to those that it reaches, scaled by their share (Wasserman and Faust, 1994, p. 201).

use crate::bfs;
use crate::csr::Csr;
use crate::error::Result;
use crate::parallel;
use crate::shortest_paths::Search;
use rayon::ThreadPool;

/// For each of `nodes` (r - 1)^2 / ((n - 1) sum of distances) over the r nodes that `graph` leads to from there.
pub fn closeness(graph: Csr, nodes: &[i64], pool: Option<&ThreadPool>) -> Result<Vec<f64>> {
    graph.require_nodes("nodes", nodes)?;
    graph.require("weights >= 0 for closeness", |w| w >= 0.0)?;
    let n = graph.len();
    let search = Search::new(graph);
    let scratch = || (vec![-1i64; n], vec![f64::INFINITY; n], bfs::Scratch::new(n), search.scratch());
    Ok(parallel::map(pool, nodes.len(), scratch, |(hops, distance, breadth, scratch), i| {
        let (reached, sum) = if graph.is_weighted() {
            distance.fill(f64::INFINITY);
            search.run(nodes[i] as usize, f64::INFINITY, distance, scratch);
            let finite = distance.iter().filter(|d| d.is_finite());
            (finite.clone().count(), finite.sum::<f64>())
        } else {
            hops.fill(-1);
            bfs::from(graph, None, nodes[i] as usize, hops, breadth);
            let queue = &breadth.queue;
            (queue.len(), queue.iter().map(|&v| hops[v as usize]).sum::<i64>() as f64)
        };
        let others = (reached - 1) as f64;
        if sum > 0.0 { others / sum * (others / (n - 1) as f64) } else { 0.0 }
    }))
}
