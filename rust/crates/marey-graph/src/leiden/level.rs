//! One level: a graph without self-loops whose nodes have a mass. A self-loop changes no gain beyond the mass.

use super::Objective;
use crate::csr::Csr;

pub(super) struct Level {
    offsets: Vec<usize>,
    targets: Vec<u32>,
    weights: Vec<f64>,
    pub(super) mass: Vec<f64>,
}

impl Level {
    pub(super) fn of(graph: Csr, objective: Objective) -> Self {
        let n = graph.len();
        let mut level =
            Self { offsets: vec![0], targets: Vec::new(), weights: Vec::new(), mass: vec![1.0; n] };
        level.targets.reserve(graph.arcs());
        level.weights.reserve(graph.arcs());
        let mut strength = vec![0.0; n];
        for v in 0..n {
            for (t, weight) in graph.arcs_of(v) {
                // An undirected self-loop has two ends at its node.
                strength[v] += if t == v { 2.0 * weight } else { weight };
                if t != v {
                    level.targets.push(t as u32);
                    level.weights.push(weight);
                }
            }
            level.offsets.push(level.targets.len());
        }
        if objective == Objective::Modularity {
            let total: f64 = strength.iter().sum();
            let scale = if total > 0.0 { total.sqrt().recip() } else { 0.0 };
            level.mass = strength.iter().map(|s| s * scale).collect();
        }
        level
    }

    pub(super) fn len(&self) -> usize {
        self.mass.len()
    }

    pub(super) fn arcs(&self, v: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let row = self.offsets[v]..self.offsets[v + 1];
        self.targets[row.clone()].iter().zip(&self.weights[row]).map(|(&t, &w)| (t as usize, w))
    }

    /// The graph of the `count` parts: arcs between them with summed weights.
    pub(super) fn aggregated(&self, parts: &[u32], count: usize) -> Self {
        let mut first = vec![0usize; count + 1];
        parts.iter().for_each(|&p| first[p as usize + 1] += 1);
        for p in 0..count {
            first[p + 1] += first[p];
        }
        let mut members = vec![0u32; parts.len()];
        let mut next = first.clone();
        for (v, &p) in parts.iter().enumerate() {
            members[next[p as usize]] = v as u32;
            next[p as usize] += 1;
        }
        let mut level =
            Self { offsets: vec![0], targets: Vec::new(), weights: Vec::new(), mass: vec![0.0; count] };
        let mut sums = Sums::new(count);
        for p in 0..count {
            for &v in &members[first[p]..first[p + 1]] {
                level.mass[p] += self.mass[v as usize];
                for (t, weight) in self.arcs(v as usize) {
                    if parts[t] as usize != p {
                        sums.add(parts[t], weight);
                    }
                }
            }
            for &q in &sums.seen {
                level.targets.push(q);
                level.weights.push(sums.sum[q as usize]);
            }
            sums.clear();
            level.offsets.push(level.targets.len());
        }
        level
    }
}

/// Sums by label, cleared in the time that it took to fill them.
pub(super) struct Sums {
    pub(super) sum: Vec<f64>,
    pub(super) seen: Vec<u32>,
    used: Vec<bool>,
}

impl Sums {
    pub(super) fn new(n: usize) -> Self {
        Self { sum: vec![0.0; n], seen: Vec::new(), used: vec![false; n] }
    }

    pub(super) fn add(&mut self, label: u32, weight: f64) {
        let at = label as usize;
        if !self.used[at] {
            self.used[at] = true;
            self.seen.push(label);
        }
        self.sum[at] += weight;
    }

    pub(super) fn clear(&mut self) {
        for label in self.seen.drain(..) {
            self.sum[label as usize] = 0.0;
            self.used[label as usize] = false;
        }
    }
}
