//! Breadth-first search: hops from a source, O(n + m) a source, sources in parallel.
//!
//! Where the frontier has many arcs, nodes that were not reached look for a neighbour in it instead (Beamer, Asanovic and
//! Patterson, SC 2012): the first one found ends the look.

use crate::csr::Csr;
use crate::error::Result;
use crate::parallel;
use rayon::ThreadPool;

/// For each source a row of n hops, -1 where it does not lead. `incoming` is the transpose, where it is at hand.
pub fn bfs(
    graph: Csr,
    incoming: Option<Csr>,
    sources: &[i64],
    pool: Option<&ThreadPool>,
) -> Result<Vec<i64>> {
    graph.require_nodes("sources", sources)?;
    let n = graph.len();
    let mut hops = vec![-1i64; sources.len() * n];
    parallel::each_row(
        pool,
        &mut hops,
        n,
        || Scratch::new(n),
        |scratch, i, hops| {
            from(graph, incoming, sources[i] as usize, hops, scratch);
        },
    );
    Ok(hops)
}

pub(crate) struct Scratch {
    /// The nodes reached, nearest first.
    pub(crate) queue: Vec<u32>,
    frontier: Vec<u64>,
    rest: Vec<u32>,
}

impl Scratch {
    pub(crate) fn new(n: usize) -> Self {
        Self { queue: Vec::with_capacity(n), frontier: vec![0; n.div_ceil(64)], rest: Vec::new() }
    }
}

/// Looking from below costs about this many times less an arc.
const SHORTCUT: usize = 14;

/// Fills `hops`, all -1 before.
pub(crate) fn from(
    graph: Csr,
    incoming: Option<Csr>,
    source: usize,
    hops: &mut [i64],
    scratch: &mut Scratch,
) {
    let Scratch { queue, frontier, rest } = scratch;
    queue.clear();
    queue.push(source as u32);
    hops[source] = 0;
    let (mut begin, mut next) = (0, 1);
    let mut arcs_left = graph.arcs();
    rest.clear();
    while begin < queue.len() {
        let end = queue.len();
        let arcs: usize = queue[begin..end].iter().map(|&v| graph.row(v as usize).len()).sum();
        arcs_left -= arcs;
        match incoming {
            Some(incoming) if arcs > arcs_left / SHORTCUT && end - begin > hops.len() / 64 => {
                if rest.is_empty() {
                    rest.extend((0..hops.len() as u32).filter(|&v| hops[v as usize] < 0));
                }
                frontier.fill(0);
                queue[begin..end].iter().for_each(|&v| frontier[v as usize / 64] |= 1 << (v % 64));
                rest.retain(|&v| {
                    let seen = |&t: &i32| frontier[t as usize / 64] >> (t % 64) & 1 == 1;
                    if hops[v as usize] < 0 && incoming.row(v as usize).iter().any(seen) {
                        hops[v as usize] = next;
                        queue.push(v);
                    }
                    hops[v as usize] < 0
                });
            }
            _ => {
                for i in begin..end {
                    for &t in graph.row(queue[i] as usize) {
                        let hop = &mut hops[t as usize];
                        if *hop < 0 {
                            *hop = next;
                            queue.push(t as u32);
                        }
                    }
                }
            }
        }
        (begin, next) = (end, next + 1);
    }
}
