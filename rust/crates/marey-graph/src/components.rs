//! Connected components, numbered by their smallest node. Weak: union-find. Strong: Tarjan (1972) with its own stack.

use crate::csr::Csr;

/// The component of each node where the direction of arcs does not matter; near O(n + m).
pub fn weak_components(graph: Csr) -> Vec<i64> {
    let n = graph.len();
    let mut parent: Vec<u32> = (0..n as u32).collect();
    for v in 0..n {
        for &t in graph.row(v) {
            let (a, b) = (find(&mut parent, v as u32), find(&mut parent, t as u32));
            // The smaller node is the root: the roots then come in the order of the labels.
            let (low, high) = (a.min(b), a.max(b));
            parent[high as usize] = low;
        }
    }
    let mut labels = vec![0i64; n];
    let mut count = 0;
    for v in 0..n {
        let root = find(&mut parent, v as u32) as usize;
        labels[v] = if root == v { count } else { labels[root] };
        count += i64::from(root == v);
    }
    labels
}

fn find(parent: &mut [u32], mut v: u32) -> u32 {
    while parent[v as usize] != v {
        let up = parent[parent[v as usize] as usize];
        parent[v as usize] = up;
        v = up;
    }
    v
}

/// The strongly connected component of each node, O(n + m).
pub fn strong_components(graph: Csr) -> Vec<i64> {
    const NEW: u32 = u32::MAX;
    let n = graph.len();
    let (mut index, mut low) = (vec![NEW; n], vec![0u32; n]);
    let mut component = vec![-1i64; n];
    let (mut stack, mut calls): (Vec<u32>, Vec<(u32, usize)>) = (Vec::new(), Vec::new());
    let (mut clock, mut count) = (0u32, 0i64);
    for root in 0..n {
        if index[root] != NEW {
            continue;
        }
        calls.push((root as u32, 0));
        while let Some(&mut (v, ref mut arc)) = calls.last_mut() {
            let v = v as usize;
            if *arc == 0 && index[v] == NEW {
                index[v] = clock;
                low[v] = clock;
                clock += 1;
                stack.push(v as u32);
            }
            if let Some(&t) = graph.row(v).get(*arc) {
                *arc += 1;
                let t = t as usize;
                if index[t] == NEW {
                    calls.push((t as u32, 0));
                } else if component[t] < 0 {
                    low[v] = low[v].min(index[t]);
                }
                continue;
            }
            calls.pop();
            if let Some(&(up, _)) = calls.last() {
                low[up as usize] = low[up as usize].min(low[v]);
            }
            if low[v] == index[v] {
                while let Some(t) = stack.pop() {
                    component[t as usize] = count;
                    if t as usize == v {
                        break;
                    }
                }
                count += 1;
            }
        }
    }
    renumbered(&component, count as usize)
}

/// Labels numbered by their first use.
pub(crate) fn renumbered(labels: &[i64], count: usize) -> Vec<i64> {
    let mut names = vec![-1i64; count];
    let mut next = 0;
    let mut renumber = |&label: &i64| {
        let name = &mut names[label as usize];
        if *name < 0 {
            *name = next;
            next += 1;
        }
        *name
    };
    labels.iter().map(&mut renumber).collect()
}
