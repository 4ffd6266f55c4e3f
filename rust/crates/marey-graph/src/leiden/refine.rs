//! Refinement: within each community, nodes that are well connected to it merge into parts, each connected by its merges.
//!
//! Communities do not see each other, so they are refined in parallel, each by itself in order. Nodes are named by their place
//! in a list that holds each community in one piece.

use super::level::{Level, Sums, grouped};
use crate::parallel;
use rayon::ThreadPool;

/// The part of each node, and the number of parts. Parts of one community are numbered in a row.
pub(super) fn run(
    level: &Level,
    resolution: f64,
    order: &[u32],
    community: &[u32],
    pool: Option<&ThreadPool>,
) -> (Vec<u32>, usize) {
    let n = level.len();
    let (first, members) = grouped(community, n, Some(order));
    let mut place = vec![0u32; n];
    members.iter().enumerate().for_each(|(i, &v)| place[v as usize] = i as u32);
    let most = first.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    let tasks = batches(&first, 1024);
    // A part is named by the place of its first node.
    let parts = parallel::map(
        pool,
        tasks.len(),
        || Sums::new(most),
        |links, task| {
            let mut part = Vec::new();
            for c in tasks[task].clone() {
                let range = first[c]..first[c + 1];
                let group = Group { level, resolution, place: &place, first: range.start };
                group.refine(&members[range], links, &mut part);
            }
            part
        },
    )
    .concat();
    let (mut number, mut count) = (vec![0u32; n], 0);
    for i in 0..n {
        if parts[i] as usize == i {
            number[i] = count;
            count += 1;
        }
    }
    let mut part_of = vec![0; n];
    members.iter().zip(&parts).for_each(|(&v, &part)| part_of[v as usize] = number[part as usize]);
    (part_of, count as usize)
}

/// Runs of groups that hold `least` nodes or more together.
pub(super) fn batches(first: &[usize], least: usize) -> Vec<std::ops::Range<usize>> {
    let (mut found, mut begin) = (Vec::new(), 0);
    for end in 1..first.len() {
        if first[end] - first[begin] >= least || end + 1 == first.len() {
            found.push(begin..end);
            begin = end;
        }
    }
    found
}

struct Group<'a> {
    level: &'a Level<'a>,
    resolution: f64,
    place: &'a [u32],
    first: usize,
}

impl Group<'_> {
    fn refine(&self, members: &[u32], links: &mut Sums, parts: &mut Vec<u32>) {
        let k = members.len();
        let name = |i: u32| self.first as u32 + i;
        if k == 1 {
            parts.push(name(0));
            return;
        }
        let inside = |t: usize| {
            let i = (self.place[t] as usize).wrapping_sub(self.first);
            (i < k).then_some(i)
        };
        let mut mass: Vec<f64> = members.iter().map(|&v| self.level.mass[v as usize]).collect();
        let whole: f64 = mass.iter().sum();
        // Weight from a part to the rest of its community.
        let mut outward = vec![0.0; k];
        for (i, (outward, &v)) in outward.iter_mut().zip(members).enumerate() {
            self.level.prefetch(members, i);
            self.level
                .for_arcs(v as usize, |t, weight| *outward += if inside(t).is_some() { weight } else { 0.0 });
        }
        let well_connected = |outward: f64, mass: f64| outward >= self.resolution * mass * (whole - mass);
        let mut part: Vec<u32> = (0..k as u32).collect();
        let mut alone = vec![true; k];
        for i in 0..k {
            let own = mass[i];
            // A part that others joined stays: so every part is connected.
            if !alone[i] || outward[i] <= 0.0 || !well_connected(outward[i], own) {
                continue;
            }
            self.level.for_arcs(members[i] as usize, |t, weight| {
                if let Some(j) = inside(t) {
                    links.add(part[j], weight);
                }
            });
            let (mut to, mut best, mut joined) = (i, 0.0, 0.0);
            links.drain(|p, link| {
                let (p, heavy) = (p as usize, mass[p as usize]);
                let gain = link - self.resolution * own * heavy;
                if gain > best && well_connected(outward[p], heavy) {
                    (to, best, joined) = (p, gain, link);
                }
            });
            if to != i {
                outward[to] += outward[i] - 2.0 * joined;
                mass[to] += own;
                part[i] = to as u32;
                alone[to] = false;
            }
        }
        parts.extend(part.into_iter().map(name));
    }
}
