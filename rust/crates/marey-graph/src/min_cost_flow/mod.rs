//! Minimum cost flow, in whole numbers: cost scaling for many arcs, else, and where costs may fall without end, the primal
//! network simplex method with a strongly feasible spanning tree (Cunningham, Mathematical Programming 11, 1976) and block
//! search for the entering arc.
//!
//! Simplex: an artificial root is joined to every node at a cost that no real path reaches: the first tree. A pivot costs
//! the cycle and the subtree that moves; the strongly feasible tree keeps degenerate pivots from cycling.

mod scaling;
#[cfg(test)]
mod tests;
mod tree;

use crate::error::{Error, Kind, Result};
use crate::max_flow::max_flow;
use tree::Tree;

/// Arcs `src[e] -> dst[e]`, at most `capacity[e]` units at `cost[e]` each.
pub struct Network<'a> {
    /// Where each arc begins.
    pub src: &'a [i64],
    /// Where each arc ends.
    pub dst: &'a [i64],
    /// Most units on each arc; `i64::MAX` is no limit.
    pub capacity: &'a [i64],
    /// Price of a unit on each arc.
    pub cost: &'a [i64],
    /// What each node adds (> 0) or takes (< 0); sums to 0.
    pub supply: &'a [i64],
}

/// A flow of least cost and the prices that prove it.
pub struct Flow {
    /// Sum of cost times flow.
    pub cost: i128,
    /// Units on each arc.
    pub flow: Vec<i64>,
    /// For each arc cost + potential[src] - potential[dst] is >= 0 unless it is full, and <= 0 unless it is empty.
    pub potential: Vec<i64>,
}

/// Arcs from which on scaling is faster.
const SCALED: usize = 80_000;
const LOWER: i8 = 1;
const IN_TREE: i8 = 0;
const UPPER: i8 = -1;
const LARGEST: i64 = i64::MAX / 4;

/// The flow of least cost that meets every supply. Where none does, the error holds nodes whose supplies are in all more
/// than their arcs out can carry.
pub fn min_cost_flow(network: &Network) -> Result<Flow> {
    check(network)?;
    match limits(network) {
        Some(capacity) if network.src.len() >= SCALED && scaling::fits(network, &capacity) => {
            by_scaling(network, &capacity)
        }
        _ => by_simplex(network),
    }
}

/// Capacities that change no optimum and no price of it: more than the supplies and than what arcs of negative cost carry
/// round flows only in cycles that cost nothing. None where a cycle may carry more without end, or the sum is no number.
fn limits(network: &Network) -> Option<Vec<i64>> {
    let mut most: i128 = 1 + network.supply.iter().map(|&s| i128::from(s.max(0))).sum::<i128>();
    for (&capacity, &cost) in network.capacity.iter().zip(network.cost) {
        if cost < 0 {
            if capacity > LARGEST {
                return None;
            }
            most += i128::from(capacity);
        }
    }
    let most = i64::try_from(most).ok().filter(|&most| most < LARGEST / (network.src.len() as i64 + 1))?;
    Some(network.capacity.iter().map(|&capacity| capacity.min(most)).collect())
}

fn by_scaling(network: &Network, capacity: &[i64]) -> Result<Flow> {
    feasible(network, capacity)?;
    let Some((flow, potential)) = scaling::solve(network, capacity) else {
        return by_simplex(network);
    };
    Ok(Flow { cost: cost_of(network, &flow), flow, potential })
}

/// A flow from all that add to all that take shows whether the supplies have a way; else a least cut shows why not.
fn feasible(network: &Network, capacity: &[i64]) -> Result<()> {
    let n = network.supply.len() as i64;
    let (mut src, mut dst, mut limit) = (network.src.to_vec(), network.dst.to_vec(), capacity.to_vec());
    let mut wanted = 0;
    for (v, &supply) in network.supply.iter().enumerate() {
        if supply != 0 {
            src.push(if supply > 0 { n } else { v as i64 });
            dst.push(if supply > 0 { v as i64 } else { n + 1 });
            limit.push(supply.abs());
            wanted += supply.max(0);
        }
    }
    let found = max_flow(&src, &dst, &limit, n as usize + 2, (n as usize, n as usize + 1), false)?;
    if found.value == wanted {
        return Ok(());
    }
    Err(no_way(network, (0..n).filter(|&v| found.source_side[v as usize]).collect()))
}

fn no_way(network: &Network, nodes: Vec<i64>) -> Error {
    let v = *nodes.iter().find(|&&v| network.supply[v as usize] > 0).expect("more supply than room");
    let rule = "expected supplies that the capacities can carry";
    let message = format!("of node {v}, {}, has no way; {rule}", network.supply[v as usize]);
    Error::new("supply", message).proved(Kind::Infeasible, nodes)
}

fn cost_of(network: &Network, flow: &[i64]) -> i128 {
    flow.iter().zip(network.cost).map(|(&f, &c)| i128::from(f) * i128::from(c)).sum()
}

fn by_simplex(network: &Network) -> Result<Flow> {
    let (n, m) = (network.supply.len(), network.src.len());
    let mut simplex = Simplex::new(network);
    while let Some(entering) = simplex.entering() {
        simplex.pivot(entering)?;
    }
    if simplex.flow[m..].iter().any(|&units| units > 0) {
        return Err(no_way(network, stuck(network, &simplex.flow)));
    }
    simplex.flow.truncate(m);
    simplex.tree.potential.truncate(n);
    Ok(Flow { cost: cost_of(network, &simplex.flow), flow: simplex.flow, potential: simplex.tree.potential })
}

/// What is reached over arcs with room from the nodes that flow leaves for the artificial root.
fn stuck(network: &Network, flow: &[i64]) -> Vec<i64> {
    let (n, m) = (network.supply.len(), network.src.len());
    let mut around: Vec<Vec<u32>> = vec![Vec::new(); n];
    for e in 0..m {
        if flow[e] < network.capacity[e] {
            around[network.src[e] as usize].push(network.dst[e] as u32);
        }
        if flow[e] > 0 {
            around[network.dst[e] as usize].push(network.src[e] as u32);
        }
    }
    let mut inside: Vec<bool> = (0..n).map(|v| network.supply[v] >= 0 && flow[m + v] > 0).collect();
    let mut stack: Vec<usize> = (0..n).filter(|&v| inside[v]).collect();
    while let Some(v) = stack.pop() {
        for &t in &around[v] {
            if !std::mem::replace(&mut inside[t as usize], true) {
                stack.push(t as usize);
            }
        }
    }
    (0..n).filter(|&v| inside[v]).map(|v| v as i64).collect()
}

fn check(network: &Network) -> Result<()> {
    let (n, m) = (network.supply.len() as i64, network.src.len());
    let arrays = [("dst", network.dst), ("capacity", network.capacity), ("cost", network.cost)];
    for (argument, array) in arrays {
        if array.len() != m {
            return Err(Error::new(
                argument,
                format!("has length {}; expected {m}, that of `src`", array.len()),
            ));
        }
    }
    for (argument, ends) in [("src", network.src), ("dst", network.dst)] {
        if let Some(e) = ends.iter().position(|&v| v < 0 || v >= n) {
            let rule = format!("expected 0 <= node < n = {n}");
            return Err(Error::new(argument, format!("has node {} at index {e}; {rule}", ends[e])));
        }
    }
    if let Some(e) = network.capacity.iter().position(|&c| c < 0) {
        let message = format!("is {} at index {e}; expected at least 0", network.capacity[e]);
        return Err(Error::new("capacity", message));
    }
    let most = LARGEST / (n + 2);
    if let Some(e) = network.cost.iter().position(|&c| c.unsigned_abs() >= most as u64) {
        let rule = format!("expected less than 2^61 / (n + 2) = {most} in size");
        return Err(Error::new("cost", format!("is {} at index {e}; {rule}", network.cost[e])));
    }
    let sum: i128 = network.supply.iter().map(|&s| i128::from(s)).sum();
    let size: i128 = network.supply.iter().map(|&s| i128::from(s).abs()).sum();
    if sum != 0 || size > i128::from(LARGEST) {
        return Err(Error::new(
            "supply",
            format!("sums to {sum}; expected 0, and sizes of at most 2^61 in all"),
        ));
    }
    Ok(())
}

struct Simplex {
    src: Vec<u32>,
    dst: Vec<u32>,
    cost: Vec<i64>,
    capacity: Vec<i64>,
    flow: Vec<i64>,
    state: Vec<i8>,
    tree: Tree,
    /// Arcs that may enter come before the artificial ones.
    real: usize,
    next: usize,
    block: usize,
}

impl Simplex {
    fn new(network: &Network) -> Self {
        let (n, m) = (network.supply.len(), network.src.len());
        let narrow = |ends: &[i64]| ends.iter().map(|&v| v as u32).collect::<Vec<u32>>();
        let (mut src, mut dst) = (narrow(network.src), narrow(network.dst));
        let (mut cost, mut capacity) = (network.cost.to_vec(), network.capacity.to_vec());
        let (mut flow, mut state) = (vec![0; m], vec![LOWER; m]);
        let most = cost.iter().map(|c| c.abs()).max().unwrap_or(0);
        let artificial = (most + 1) * (n as i64 + 1);
        let mut tree = Tree::star(n, m);
        for (v, &supply) in network.supply.iter().enumerate() {
            let outward = supply >= 0;
            src.push(if outward { v } else { n } as u32);
            dst.push(if outward { n } else { v } as u32);
            cost.push(artificial);
            capacity.push(i64::MAX);
            flow.push(supply.abs());
            state.push(IN_TREE);
            tree.upward[v] = outward;
            tree.potential[v] = if outward { -artificial } else { artificial };
        }
        let block = (m as f64).sqrt().ceil() as usize;
        Self { src, dst, cost, capacity, flow, state, tree, real: m, next: 0, block: block.max(16) }
    }

    /// The arc that gains most of the first block with one that gains, going round the arcs.
    fn entering(&mut self) -> Option<usize> {
        let (mut best, mut least, mut left) = (None, 0, self.block);
        for _ in 0..self.real {
            let e = self.next;
            self.next = if e + 1 == self.real { 0 } else { e + 1 };
            let (u, v) = (self.src[e] as usize, self.dst[e] as usize);
            let reduced = self.cost[e] + self.tree.potential[u] - self.tree.potential[v];
            let gain = i64::from(self.state[e]) * reduced;
            if gain < least {
                (best, least) = (Some(e), gain);
            }
            left -= 1;
            if left == 0 {
                if best.is_some() {
                    break;
                }
                left = self.block;
            }
        }
        best
    }

    fn pivot(&mut self, entering: usize) -> Result<()> {
        let tree = &mut self.tree;
        let (mut first, mut second) = (self.src[entering] as usize, self.dst[entering] as usize);
        if self.state[entering] == UPPER {
            std::mem::swap(&mut first, &mut second);
        }
        let join = tree.join(first, second);
        // Flow runs from the join down to `first`, over the entering arc, and from `second` up to the join. Of equally
        // tight arcs the last on this way leaves: that keeps the tree strongly feasible.
        let (mut delta, mut leaving) = (self.capacity[entering], None);
        let mut u = first;
        while u != join {
            let e = tree.arc[u] as usize;
            let room = if tree.upward[u] { self.flow[e] } else { self.capacity[e] - self.flow[e] };
            if room < delta {
                (delta, leaving) = (room, Some((u, first, second)));
            }
            u = tree.parent[u] as usize;
        }
        u = second;
        while u != join {
            let e = tree.arc[u] as usize;
            let room = if tree.upward[u] { self.capacity[e] - self.flow[e] } else { self.flow[e] };
            if room <= delta {
                (delta, leaving) = (room, Some((u, second, first)));
            }
            u = tree.parent[u] as usize;
        }
        if delta > LARGEST {
            let e = entering;
            let way = format!("through arc {e} ({} to {})", self.src[e], self.dst[e]);
            let rule = "expected a capacity on every cycle of negative cost";
            let mut cycle = Vec::new();
            for (end, last) in [(first, true), (second, false)] {
                let mut u = end;
                while u != join {
                    cycle.push(u as i64);
                    u = tree.parent[u] as usize;
                }
                if last {
                    cycle.push(join as i64);
                    cycle.reverse();
                }
            }
            let message = format!("lets cost fall without end {way}; {rule}");
            return Err(Error::new("capacity", message).proved(Kind::NegativeCycle, cycle));
        }
        if delta > 0 {
            self.flow[entering] += i64::from(self.state[entering]) * delta;
            for (end, sign) in [(first, -1), (second, 1)] {
                let mut u = end;
                while u != join {
                    self.flow[tree.arc[u] as usize] +=
                        if tree.upward[u] { sign * delta } else { -sign * delta };
                    u = tree.parent[u] as usize;
                }
            }
        }
        let Some((out, inner, outer)) = leaving else {
            self.state[entering] = -self.state[entering];
            return Ok(());
        };
        let left = tree.arc[out] as usize;
        self.state[left] = if self.flow[left] == 0 { LOWER } else { UPPER };
        self.state[entering] = IN_TREE;
        let upward = self.src[entering] as usize == inner;
        let reduced = self.cost[entering] + tree.potential[self.src[entering] as usize]
            - tree.potential[self.dst[entering] as usize];
        tree.hang(out, inner, outer, entering as u32, upward);
        tree.shift(inner, if upward { -reduced } else { reduced });
        Ok(())
    }
}
