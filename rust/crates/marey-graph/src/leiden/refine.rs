//! Refinement: within each community, nodes that are well connected to it merge into parts, each connected by its merges.

use super::level::{Level, Sums};

/// The part of each node, and the number of parts.
pub(super) fn run(level: &Level, resolution: f64, order: &[u32], community: &[u32]) -> (Vec<u32>, usize) {
    let n = level.len();
    let mut whole = vec![0.0; n];
    for v in 0..n {
        whole[community[v] as usize] += level.mass[v];
    }
    let mut part: Vec<u32> = (0..n as u32).collect();
    let (mut mass, mut alone) = (level.mass.clone(), vec![true; n]);
    // Weight from a part to the rest of its community.
    let mut outward = vec![0.0; n];
    for v in 0..n {
        let inside = level.arcs(v).filter(|&(t, _)| community[t] == community[v]);
        outward[v] = inside.map(|(_, weight)| weight).sum();
    }
    let mut links = Sums::new(n);
    for &v in order {
        let v = v as usize;
        let whole = whole[community[v] as usize];
        let well_connected = |outward: f64, mass: f64| outward >= resolution * mass * (whole - mass);
        // A part that others joined stays: so every part is connected.
        if !alone[v] || outward[v] <= 0.0 || !well_connected(outward[v], level.mass[v]) {
            continue;
        }
        for (t, weight) in level.arcs(v) {
            if community[t] == community[v] && weight > 0.0 {
                links.add(part[t], weight);
            }
        }
        let (mut to, mut best) = (v as u32, 0.0);
        for &p in &links.seen {
            let (link, heavy) = (links.sum[p as usize], mass[p as usize]);
            let gain = link - resolution * level.mass[v] * heavy;
            if gain > best && well_connected(outward[p as usize], heavy) {
                (to, best) = (p, gain);
            }
        }
        if to as usize != v {
            let link = links.sum[to as usize];
            outward[to as usize] += outward[v] - 2.0 * link;
            mass[to as usize] += level.mass[v];
            part[v] = to;
            alone[to as usize] = false;
        }
        links.clear();
    }
    super::compact(&mut part);
    let count = part.iter().max().map_or(0, |&p| p as usize + 1);
    (part, count)
}
