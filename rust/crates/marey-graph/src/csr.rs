//! A graph as compressed rows: the arcs of node v are `offsets[v]..offsets[v + 1]`, sorted by target.
//!
//! An undirected edge is two arcs, a self-loop of an undirected graph one. Parallel edges are kept. Building is two
//! counting sorts, O(n + m).

use crate::error::{Error, Result};

/// A borrowed graph.
#[derive(Clone, Copy, Debug)]
pub struct Csr<'a> {
    offsets: &'a [i64],
    targets: &'a [i32],
    weights: Option<&'a [f64]>,
}

/// The rows of a graph that was built here.
#[derive(Clone, Debug, PartialEq)]
pub struct Owned {
    /// First arc of each node, and the number of arcs.
    pub offsets: Vec<i64>,
    /// Where each arc leads.
    pub targets: Vec<i32>,
    /// Weight of each arc; without weights each counts 1.
    pub weights: Option<Vec<f64>>,
}

impl Owned {
    /// The graph of `n` nodes with an edge from `src[e]` to `dst[e]` for each e.
    pub fn from_edges(
        src: &[i64],
        dst: &[i64],
        weight: Option<&[f64]>,
        n: usize,
        directed: bool,
    ) -> Result<Self> {
        if n > i32::MAX as usize {
            return Err(Error::new("n", format!("is {n}; expected fewer than 2^31 nodes")));
        }
        if src.len() != dst.len() {
            return Err(Error::new(
                "dst",
                format!("has length {}; expected {}, that of `src`", dst.len(), src.len()),
            ));
        }
        for (argument, ends) in [("src", src), ("dst", dst)] {
            if let Some(e) = ends.iter().position(|&v| v < 0 || v >= n as i64) {
                let rule = format!("expected 0 <= node < n = {n}");
                return Err(Error::new(argument, format!("has node {} at index {e}; {rule}", ends[e])));
            }
        }
        if let Some(weight) = weight {
            if weight.len() != src.len() {
                let rule = format!("expected {}, one weight an edge", src.len());
                return Err(Error::new("weight", format!("has length {}; {rule}", weight.len())));
            }
            if let Some(e) = weight.iter().position(|w| !w.is_finite()) {
                return Err(Error::new(
                    "weight",
                    format!("is {} at index {e}; expected finite numbers", weight[e]),
                ));
            }
        }
        // Rows by target first: the transpose of these rows has each row sorted.
        let arcs = || {
            let both = src.iter().zip(dst).enumerate();
            both.flat_map(move |(e, (&s, &t))| {
                let back = (!directed && s != t).then_some((t, s, e));
                std::iter::once((s, t, e)).chain(back)
            })
        };
        let mut offsets = vec![0i64; n + 1];
        arcs().for_each(|(_, t, _)| offsets[t as usize + 1] += 1);
        prefix_sum(&mut offsets);
        let arc_count = offsets[n] as usize;
        let (mut sources, mut weights) = (vec![0i32; arc_count], weight.map(|_| vec![0.0; arc_count]));
        let mut next = offsets.clone();
        for (s, t, e) in arcs() {
            let at = next[t as usize] as usize;
            next[t as usize] += 1;
            sources[at] = s as i32;
            if let (Some(to), Some(from)) = (&mut weights, weight) {
                to[at] = from[e];
            }
        }
        let by_target = Csr { offsets: &offsets, targets: &sources, weights: weights.as_deref() };
        Ok(by_target.transposed())
    }

    /// The rows, borrowed.
    pub fn view(&self) -> Csr<'_> {
        Csr { offsets: &self.offsets, targets: &self.targets, weights: self.weights.as_deref() }
    }
}

impl<'a> Csr<'a> {
    /// Views arrays that `Owned` made, or others of the same layout.
    pub fn new(offsets: &'a [i64], targets: &'a [i32], weights: Option<&'a [f64]>) -> Result<Self> {
        let arcs = targets.len() as i64;
        if offsets.first() != Some(&0) || offsets.last() != Some(&arcs) {
            return Err(Error::new("offsets", format!("is not from 0 to the number of arcs = {arcs}")));
        }
        if weights.is_some_and(|weights| weights.len() != targets.len()) {
            return Err(Error::new("weights", format!("has another length than the {arcs} arcs")));
        }
        Ok(Self { offsets, targets, weights })
    }

    /// An error unless every row is in order and every target a node; O(n + m).
    pub fn validate(&self) -> Result<()> {
        if let Some(v) = self.offsets.windows(2).position(|pair| pair[0] > pair[1]) {
            return Err(Error::new(
                "offsets",
                format!("falls after row {v}; expected non-decreasing offsets"),
            ));
        }
        let n = self.len();
        if let Some(e) = self.targets.iter().position(|&v| v < 0 || v as usize >= n) {
            let rule = format!("expected 0 <= node < n = {n}");
            return Err(Error::new("targets", format!("has node {} at index {e}; {rule}", self.targets[e])));
        }
        Ok(())
    }

    /// Offsets, targets and weights.
    pub(crate) fn arrays(&self) -> (&'a [i64], &'a [i32], Option<&'a [f64]>) {
        (self.offsets, self.targets, self.weights)
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// True when there is no node.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of arcs.
    pub fn arcs(&self) -> usize {
        self.targets.len()
    }

    /// Which arcs leave `v`.
    pub(crate) fn arcs_range(&self, v: usize) -> std::ops::Range<usize> {
        self.offsets[v] as usize..self.offsets[v + 1] as usize
    }

    /// Where arc `e` leads.
    pub(crate) fn target(&self, e: usize) -> i32 {
        self.targets[e]
    }

    /// Where the arcs of `v` lead.
    pub fn row(&self, v: usize) -> &'a [i32] {
        &self.targets[self.offsets[v] as usize..self.offsets[v + 1] as usize]
    }

    /// The weights of the arcs of `v`, where the graph has weights.
    pub fn row_weights(&self, v: usize) -> Option<&'a [f64]> {
        self.weights.map(|weights| &weights[self.offsets[v] as usize..self.offsets[v + 1] as usize])
    }

    /// Where the arcs of `v` lead, and their weights.
    pub fn arcs_of(&self, v: usize) -> impl Iterator<Item = (usize, f64)> + use<'a> {
        let weights = self.row_weights(v);
        let targets = self.row(v).iter().enumerate();
        targets.map(move |(i, &t)| (t as usize, weights.map_or(1.0, |weights| weights[i])))
    }

    /// True when the arcs have weights.
    pub fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    /// The graph with every arc turned round, rows sorted by target.
    pub fn transposed(&self) -> Owned {
        let n = self.len();
        let mut offsets = vec![0i64; n + 1];
        self.targets.iter().for_each(|&t| offsets[t as usize + 1] += 1);
        prefix_sum(&mut offsets);
        let mut next = offsets.clone();
        let mut targets = vec![0i32; self.arcs()];
        let mut weights = self.weights.map(|_| vec![0.0; self.arcs()]);
        for v in 0..n {
            for e in self.offsets[v] as usize..self.offsets[v + 1] as usize {
                let at = next[self.targets[e] as usize] as usize;
                next[self.targets[e] as usize] += 1;
                targets[at] = v as i32;
                if let (Some(to), Some(from)) = (&mut weights, self.weights) {
                    to[at] = from[e];
                }
            }
        }
        Owned { offsets, targets, weights }
    }

    /// The neighbours of each node, each once, without the node itself, without weights. Needs sorted rows.
    pub(crate) fn simple(&self) -> Owned {
        let mut targets = Vec::with_capacity(self.arcs());
        let mut offsets = Vec::with_capacity(self.len() + 1);
        offsets.push(0);
        for v in 0..self.len() {
            let mut last = v as i32;
            for &t in self.row(v) {
                if t != last && t as usize != v {
                    targets.push(t);
                    last = t;
                }
            }
            offsets.push(targets.len() as i64);
        }
        Owned { offsets, targets, weights: None }
    }

    /// An error that names the first arc whose weight fails the rule.
    pub(crate) fn require(&self, rule: &str, holds: impl Fn(f64) -> bool) -> Result<()> {
        let Some(weights) = self.weights else { return Ok(()) };
        // One pass without branches; only a bad input pays for the search.
        if weights.iter().fold(true, |good, &w| good & holds(w)) {
            return Ok(());
        }
        let e = weights.iter().position(|&w| !holds(w)).expect("a weight failed");
        let v = self.offsets.partition_point(|&o| o <= e as i64) - 1;
        let message = format!("is {} from node {v} to node {}; expected {rule}", weights[e], self.targets[e]);
        Err(Error::new("weight", message))
    }

    /// An error unless every one of `nodes` is a node.
    pub(crate) fn require_nodes(&self, argument: &'static str, nodes: &[i64]) -> Result<()> {
        match nodes.iter().position(|&v| v < 0 || v as usize >= self.len()) {
            None => Ok(()),
            Some(i) => {
                let rule = format!("expected 0 <= node < n = {}", self.len());
                Err(Error::new(argument, format!("has node {} at index {i}; {rule}", nodes[i])))
            }
        }
    }
}

fn prefix_sum(counts: &mut [i64]) {
    let mut sum = 0;
    for count in counts {
        sum += *count;
        *count = sum;
    }
}
