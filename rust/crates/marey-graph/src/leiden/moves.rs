//! Fast local moving: nodes wait in a queue, and a node that moves wakes the neighbours outside its new community.

use super::level::{Level, Sums};
use std::collections::VecDeque;

/// Gains below this share of a node's weight are rounding.
const LEAST: f64 = 1e-12;

/// Moves nodes until no move gains. Labels are below `level.len()` before and after. True when a node moved.
pub(super) fn run(level: &Level, resolution: f64, order: &[u32], community: &mut [u32]) -> bool {
    let n = level.len();
    let (mut mass, mut size) = (vec![0.0; n], vec![0u32; n]);
    for v in 0..n {
        mass[community[v] as usize] += level.mass[v];
        size[community[v] as usize] += 1;
    }
    let mut empty: Vec<u32> = (0..n as u32).rev().filter(|&c| size[c as usize] == 0).collect();
    let mut queue: VecDeque<u32> = order.iter().copied().collect();
    let mut waiting = vec![true; n];
    let mut links = Sums::new(n);
    let mut moved = false;
    while let Some(v) = queue.pop_front() {
        let v = v as usize;
        waiting[v] = false;
        let from = community[v];
        let mut total = 0.0;
        for (t, weight) in level.arcs(v) {
            links.add(community[t], weight);
            total += weight;
        }
        let own = level.mass[v];
        mass[from as usize] -= own;
        size[from as usize] -= 1;
        let gain = |c: u32| links.sum[c as usize] - resolution * own * mass[c as usize];
        let (mut to, mut best) = (from, gain(from) + LEAST * total);
        for &c in &links.seen {
            let gain = gain(c);
            if gain > best {
                (to, best) = (c, gain);
            }
        }
        if best < -LEAST * total && size[from as usize] > 0 {
            // Alone is better than anywhere: an empty community is there, for its own still has others.
            to = empty.pop().expect("as many labels as nodes");
        }
        mass[to as usize] += own;
        size[to as usize] += 1;
        links.clear();
        if to == from {
            continue;
        }
        moved = true;
        community[v] = to;
        if size[from as usize] == 0 {
            mass[from as usize] = 0.0;
            empty.push(from);
        }
        for (t, _) in level.arcs(v) {
            if !waiting[t] && community[t] != to {
                waiting[t] = true;
                queue.push_back(t as u32);
            }
        }
    }
    moved
}
