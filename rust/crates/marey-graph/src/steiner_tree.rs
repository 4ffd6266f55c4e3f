//! A tree that joins terminals, at most 2 (1 - 1/t) times as long as the shortest (Kou, Markowsky and Berman, Acta Informatica
//! 15, 1981, by way of Mehlhorn's graph, Information Processing Letters 27, 1988). O((n + m) log n).

use crate::csr::Csr;
use crate::error::{Error, Result};
use crate::heap::Heap;

/// A tree and a length that no tree undercuts.
pub struct SteinerTree {
    /// (from, to, weight).
    pub edges: Vec<(i64, i64, f64)>,
    /// No tree that joins the terminals is shorter.
    pub bound: f64,
}

/// Joins the `terminals` of an undirected graph with weights >= 0.
pub fn steiner_tree(graph: Csr, terminals: &[i64]) -> Result<SteinerTree> {
    graph.require_nodes("terminals", terminals)?;
    graph.require("weights >= 0 for a Steiner tree", |w| w >= 0.0)?;
    let near = Nearest::new(graph, terminals);
    // The lightest ways between the regions of the terminals.
    let mut ways = Vec::new();
    for u in 0..graph.len() {
        for (v, weight) in graph.arcs_of(u).filter(|&(v, _)| u < v) {
            let (a, b) = (near.owner[u], near.owner[v]);
            if a != NONE && b != NONE && a != b {
                ways.push((near.distance[u] + weight + near.distance[v], u as u32, v as u32, weight));
            }
        }
    }
    ways.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut joined = Union::new(graph.len());
    let (mut closure, mut edges) = (0.0, Vec::new());
    for (length, u, v, weight) in ways {
        if joined.join(near.owner[u as usize], near.owner[v as usize]) {
            closure += length;
            edges.push((u, v, weight));
            for mut node in [u, v] {
                while let Some((before, weight)) = near.before(node) {
                    edges.push((before, node, weight));
                    node = before;
                }
            }
        }
    }
    let mut names = terminals.iter().map(|&t| joined.find(t as u32));
    if let Some(first) = names.next()
        && let Some(i) = names.position(|name| name != first)
    {
        let message =
            format!("has no way from {} to {}; expected connected terminals", terminals[0], terminals[i + 1]);
        return Err(Error::new("terminals", message));
    }
    let mut kinds = terminals.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    let t = kinds.len() as f64;
    let bound = if t > 1.0 { closure / (2.0 * (1.0 - 1.0 / t)) } else { 0.0 };
    Ok(SteinerTree { edges: pruned(tree_of(edges, graph.len()), &kinds, graph.len()), bound })
}

const NONE: u32 = u32::MAX;

/// The nearest terminal of each node, and the way to it.
struct Nearest {
    distance: Vec<f64>,
    owner: Vec<u32>,
    from: Vec<(u32, f64)>,
}

impl Nearest {
    fn new(graph: Csr, terminals: &[i64]) -> Self {
        let n = graph.len();
        let mut near =
            Self { distance: vec![f64::INFINITY; n], owner: vec![NONE; n], from: vec![(NONE, 0.0); n] };
        let mut heap = Heap::default();
        for &t in terminals {
            near.distance[t as usize] = 0.0;
            near.owner[t as usize] = t as u32;
            heap.push(0.0, t as u32);
        }
        while let Some((distance, v)) = heap.pop() {
            if distance > near.distance[v as usize] {
                continue;
            }
            for (t, weight) in graph.arcs_of(v as usize) {
                let through = distance + weight;
                if through < near.distance[t] {
                    near.distance[t] = through;
                    near.owner[t] = near.owner[v as usize];
                    near.from[t] = (v, weight);
                    heap.push(through, t as u32);
                }
            }
        }
        near
    }

    fn before(&self, v: u32) -> Option<(u32, f64)> {
        let (from, weight) = self.from[v as usize];
        (from != NONE).then_some((from, weight))
    }
}

struct Union(Vec<u32>);

impl Union {
    fn new(n: usize) -> Self {
        Self((0..n as u32).collect())
    }

    fn find(&mut self, mut v: u32) -> u32 {
        while self.0[v as usize] != v {
            self.0[v as usize] = self.0[self.0[v as usize] as usize];
            v = self.0[v as usize];
        }
        v
    }

    /// False when they were joined before.
    fn join(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b) as usize] = a.min(b);
        a != b
    }
}

/// A spanning forest of least weight of a few edges.
fn tree_of(mut edges: Vec<(u32, u32, f64)>, n: usize) -> Vec<(u32, u32, f64)> {
    edges.sort_by(|a, b| a.2.total_cmp(&b.2).then((a.0, a.1).cmp(&(b.0, b.1))));
    let mut joined = Union::new(n);
    edges.retain(|edge| joined.join(edge.0, edge.1));
    edges
}

/// Without branches that end at no terminal.
fn pruned(edges: Vec<(u32, u32, f64)>, terminals: &[i64], n: usize) -> Vec<(i64, i64, f64)> {
    let mut around: Vec<Vec<usize>> = vec![Vec::new(); n];
    for (e, &(u, v, _)) in edges.iter().enumerate() {
        around[u as usize].push(e);
        around[v as usize].push(e);
    }
    let mut degree: Vec<usize> = around.iter().map(Vec::len).collect();
    let mut stays = vec![true; edges.len()];
    let is_terminal = |v: usize| terminals.binary_search(&(v as i64)).is_ok();
    let mut leaves: Vec<usize> = (0..n).filter(|&v| degree[v] == 1 && !is_terminal(v)).collect();
    while let Some(v) = leaves.pop() {
        let Some(&e) = around[v].iter().find(|&&e| stays[e]) else { continue };
        stays[e] = false;
        let other = (edges[e].0 + edges[e].1) as usize - v;
        degree[other] -= 1;
        if degree[other] == 1 && !is_terminal(other) {
            leaves.push(other);
        }
    }
    let kept = edges.into_iter().zip(stays).filter(|(_, stays)| *stays);
    kept.map(|((u, v, weight), _)| (i64::from(u), i64::from(v), weight)).collect()
}
