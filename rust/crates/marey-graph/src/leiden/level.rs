//! One level: a graph whose nodes have a mass, without self-loops and without arcs of weight 0.
//!
//! A self-loop changes no gain beyond the mass, and sums of positive weights tell by themselves whether a label was seen.

use super::Objective;
use crate::csr::Csr;
use crate::parallel;
use rayon::ThreadPool;
use std::borrow::Cow;

pub(super) struct Level<'a> {
    offsets: Cow<'a, [i64]>,
    targets: Cow<'a, [i32]>,
    /// None: every arc weighs 1.
    weights: Option<Cow<'a, [f64]>>,
    pub(super) mass: Vec<f64>,
}

impl<'a> Level<'a> {
    pub(super) fn of(graph: Csr<'a>, objective: Objective) -> Self {
        let n = graph.len();
        let mut strength = vec![0.0; n];
        let mut plain = true;
        for v in 0..n {
            let row = graph.row(v);
            strength[v] = match graph.row_weights(v) {
                None => row.len() as f64,
                Some(weights) => weights.iter().sum(),
            };
            for (i, &t) in row.iter().enumerate() {
                let weight = graph.row_weights(v).map_or(1.0, |weights| weights[i]);
                if t as usize == v || weight == 0.0 {
                    plain = false;
                    // An undirected self-loop has two ends at its node.
                    strength[v] += if t as usize == v { weight } else { 0.0 };
                }
            }
        }
        let mass = masses(&strength, objective);
        if plain {
            let (offsets, targets, weights) = graph.arrays();
            return Self {
                offsets: offsets.into(),
                targets: targets.into(),
                weights: weights.map(Cow::from),
                mass,
            };
        }
        let (mut offsets, mut targets, mut weights) = (vec![0], Vec::new(), Vec::new());
        for v in 0..n {
            for (t, weight) in graph.arcs_of(v).filter(|&(t, weight)| t != v && weight > 0.0) {
                targets.push(t as i32);
                weights.push(weight);
            }
            offsets.push(targets.len() as i64);
        }
        let weights = graph.is_weighted().then_some(weights.into());
        Self { offsets: offsets.into(), targets: targets.into(), weights, mass }
    }

    pub(super) fn len(&self) -> usize {
        self.mass.len()
    }

    pub(super) fn arcs(&self) -> usize {
        self.targets.len()
    }

    pub(super) fn row(&self, v: usize) -> &[i32] {
        &self.targets[self.range(v)]
    }

    fn range(&self, v: usize) -> std::ops::Range<usize> {
        self.offsets[v] as usize..self.offsets[v + 1] as usize
    }

    /// `f` of each arc's end and weight.
    #[inline(always)]
    pub(super) fn for_arcs(&self, v: usize, mut f: impl FnMut(usize, f64)) {
        let row = self.range(v);
        match &self.weights {
            None => self.targets[row].iter().for_each(|&t| f(t as usize, 1.0)),
            Some(weights) => {
                let arcs = self.targets[row.clone()].iter().zip(&weights[row]);
                arcs.for_each(|(&t, &weight)| f(t as usize, weight));
            }
        }
    }

    /// Brings rows nearer that are asked for soon, when node i of the list is read.
    #[inline(always)]
    pub(super) fn prefetch(&self, nodes: &[u32], i: usize) {
        if let Some(&v) = nodes.get(i + 16) {
            fetch(&self.offsets, v as usize);
        }
        if let Some(&v) = nodes.get(i + 6) {
            let at = self.offsets[v as usize] as usize;
            fetch(&self.targets, at);
            fetch(&self.targets, at + 16);
            if let Some(weights) = &self.weights {
                fetch(weights, at);
                fetch(weights, at + 8);
            }
        }
    }

    /// The same graph with `order[i]` as its node i.
    pub(super) fn reordered(&self, order: &[u32], pool: Option<&ThreadPool>) -> Level<'static> {
        let mut name = vec![0i32; order.len()];
        order.iter().enumerate().for_each(|(i, &v)| name[v as usize] = i as i32);
        let tasks = parallel::ranges(order.len(), 1 << 13);
        let rows = parallel::map(
            pool,
            tasks.len(),
            || (),
            |(), task| {
                let (mut targets, mut weights) = (Vec::new(), Vec::new());
                let nodes = &order[tasks[task].clone()];
                for (i, &v) in nodes.iter().enumerate() {
                    self.prefetch(nodes, i);
                    targets.extend(self.row(v as usize).iter().map(|&t| name[t as usize]));
                    if let Some(all) = &self.weights {
                        weights.extend_from_slice(&all[self.range(v as usize)]);
                    }
                }
                (targets, weights)
            },
        );
        let mut offsets = Vec::with_capacity(order.len() + 1);
        offsets.push(0);
        let mut end = 0;
        offsets.extend(order.iter().map(|&v| {
            end += self.row(v as usize).len() as i64;
            end
        }));
        let (targets, weights): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let weights = self.weights.is_some().then(|| weights.concat().into());
        let mass = order.iter().map(|&v| self.mass[v as usize]).collect();
        Level { offsets: offsets.into(), targets: targets.concat().into(), weights, mass }
    }

    /// The graph of the `count` parts: arcs between them with summed weights, in the order of their first use.
    pub(super) fn aggregated(
        &self,
        parts: &[u32],
        count: usize,
        pool: Option<&ThreadPool>,
    ) -> Level<'static> {
        let (first, members) = grouped(parts, count, None);
        let tasks = parallel::ranges(count, 512);
        let rows = parallel::map(
            pool,
            tasks.len(),
            || Sums::new(count),
            |sums, task| {
                let (mut targets, mut weights, mut ends, mut masses) = (vec![], vec![], vec![], vec![]);
                for p in tasks[task].clone() {
                    let mut mass = 0.0;
                    for (i, &v) in (first[p]..first[p + 1]).zip(&members[first[p]..first[p + 1]]) {
                        self.prefetch(&members, i);
                        mass += self.mass[v as usize];
                        self.for_arcs(v as usize, |t, weight| sums.add(parts[t], weight));
                    }
                    sums.drain(|q, weight| {
                        if q as usize != p {
                            targets.push(q as i32);
                            weights.push(weight);
                        }
                    });
                    ends.push(targets.len());
                    masses.push(mass);
                }
                (targets, weights, ends, masses)
            },
        );
        let arcs = rows.iter().map(|row| row.0.len()).sum();
        let (mut targets, mut weights) = (Vec::with_capacity(arcs), Vec::with_capacity(arcs));
        let (mut offsets, mut mass) = (vec![0i64], Vec::with_capacity(count));
        for (row_targets, row_weights, ends, masses) in rows {
            offsets.extend(ends.iter().map(|end| (targets.len() + end) as i64));
            targets.extend(row_targets);
            weights.extend(row_weights);
            mass.extend(masses);
        }
        Level { offsets: offsets.into(), targets: targets.into(), weights: Some(weights.into()), mass }
    }
}

#[inline(always)]
fn fetch<T>(items: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if at < items.len() {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing, and the address is of an item.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(items.as_ptr().add(at).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, at);
}

fn masses(strength: &[f64], objective: Objective) -> Vec<f64> {
    let (n, total) = (strength.len(), strength.iter().sum::<f64>());
    match objective {
        Objective::Modularity => {
            let scale = if total > 0.0 { total.sqrt().recip() } else { 0.0 };
            strength.iter().map(|s| s * scale).collect()
        }
        Objective::Cpm => vec![1.0; n],
        Objective::Density => {
            // The mean weight of a pair of nodes is what the model expects of each.
            let pairs = n as f64 * (n as f64 - 1.0);
            vec![if pairs > 0.0 { (total / pairs).sqrt() } else { 0.0 }; n]
        }
    }
}

/// The nodes of each group in one list, in the order given or by index: those of group g are `first[g]..first[g + 1]`.
pub(super) fn grouped(group: &[u32], count: usize, order: Option<&[u32]>) -> (Vec<usize>, Vec<u32>) {
    let mut first = vec![0usize; count + 1];
    group.iter().for_each(|&g| first[g as usize + 1] += 1);
    for g in 0..count {
        first[g + 1] += first[g];
    }
    let (mut members, mut next) = (vec![0u32; group.len()], first.clone());
    for i in 0..group.len() {
        let v = order.map_or(i as u32, |order| order[i]);
        let at = &mut next[group[v as usize] as usize];
        members[*at] = v;
        *at += 1;
    }
    (first, members)
}

/// Sums of positive weights by label, cleared in the time that it took to fill them.
pub(super) struct Sums {
    sum: Vec<f64>,
    seen: Vec<u32>,
    len: usize,
}

impl Sums {
    pub(super) fn new(n: usize) -> Self {
        Self { sum: vec![0.0; n], seen: vec![0; n + 1], len: 0 }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, label: u32, weight: f64) {
        let sum = &mut self.sum[label as usize];
        // Written always, counted when new: no branch to guess.
        self.seen[self.len] = label;
        self.len += usize::from(*sum == 0.0);
        *sum += weight;
    }

    #[inline(always)]
    pub(super) fn of(&self, label: u32) -> f64 {
        self.sum[label as usize]
    }

    /// `f` of each label and its sum, in the order of first use; empty afterwards.
    #[inline(always)]
    pub(super) fn drain(&mut self, mut f: impl FnMut(u32, f64)) {
        for &label in &self.seen[..self.len] {
            f(label, self.sum[label as usize]);
            self.sum[label as usize] = 0.0;
        }
        self.len = 0;
    }
}
