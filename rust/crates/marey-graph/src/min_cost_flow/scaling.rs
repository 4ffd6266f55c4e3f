//! Minimum cost flow by cost scaling: push-relabel with look-ahead, global price updates and price refinement (Goldberg,
//! J. Algorithms 22, 1997).
//!
//! Costs are multiplied by n + 1. A flow is eps-optimal where no arc with room costs less than -eps under the prices; at
//! eps = 1 it is optimal. New prices first, so that few arcs cost less than the next eps allows; flow then leaves for
//! those that do, and what a node has too much of is pushed on. At the end prices alone reach eps = 0.

use super::Network;

#[derive(Clone, Copy)]
struct Arc {
    head: u32,
    twin: u32,
    room: i32,
    cost: i32,
}

/// Each step divides eps by this.
const FACTOR: i64 = 64;
/// Passes of repricing before a step.
const PASSES: usize = 3;

/// Whether an arc's numbers are narrow, and prices cannot overflow: a step lowers them by a few n eps of the last step.
pub(super) fn fits(network: &Network, capacity: &[i64]) -> bool {
    let n = network.supply.len() as i128 + 2;
    let most = network.cost.iter().map(|c| i128::from(c.abs())).max().unwrap_or(0);
    let narrow = i128::from(i32::MAX);
    let widest = capacity.iter().max().map_or(0, |&c| i128::from(c));
    most < narrow && widest < narrow && most * n * n * 64 < 1 << 62
}

struct Scaling {
    /// Of all costs: n + 1.
    times: i64,
    first: Vec<u32>,
    current: Vec<u32>,
    arcs: Vec<Arc>,
    excess: Vec<i64>,
    price: Vec<i64>,
    eps: i64,
    relabels: usize,
}

/// Prices below this may overflow: the bound on them holds but for updates, whose number has none that is small.
const LOWEST: i64 = -(1 << 61);

/// Flow and potentials, or none where prices fall too far. A flow that meets the supplies exists, and `capacity` has limits.
pub(super) fn solve(network: &Network, capacity: &[i64]) -> Option<(Vec<i64>, Vec<i64>)> {
    let (n, m) = (network.supply.len(), network.src.len());
    let times = n as i64 + 1;
    let mut first = vec![0u32; n + 1];
    for e in 0..m {
        first[network.src[e] as usize] += 1;
        first[network.dst[e] as usize] += 1;
    }
    let mut sum = 0;
    for count in &mut first {
        sum += std::mem::replace(count, sum);
    }
    let mut next = first.clone();
    let mut arcs = vec![Arc { head: 0, twin: 0, room: 0, cost: 0 }; 2 * m];
    let mut place = vec![0u32; m];
    let mut most = 1;
    for e in 0..m {
        let (u, v, cost) = (network.src[e] as usize, network.dst[e] as usize, network.cost[e] as i32);
        let out = next[u];
        next[u] += 1;
        let back = next[v];
        next[v] += 1;
        arcs[out as usize] = Arc { head: v as u32, twin: back, room: capacity[e] as i32, cost };
        arcs[back as usize] = Arc { head: u as u32, twin: out, room: 0, cost: -cost };
        place[e] = out;
        // A loop costs what it costs: it is no arc of the search.
        if u != v {
            most = most.max(i64::from(cost.abs()) * times);
        } else {
            let full = if cost < 0 { capacity[e] } else { 0 };
            (arcs[out as usize].room, arcs[back as usize].room) = (0, 0);
            place[e] = u32::MAX - u32::from(full > 0);
        }
    }
    let mut scaling = Scaling {
        times,
        current: first[..n].to_vec(),
        first,
        arcs,
        excess: network.supply.to_vec(),
        price: vec![0; n],
        eps: most,
        relabels: 0,
    };
    if !scaling.run() {
        return None;
    }
    let flow = (0..m)
        .map(|e| match place[e] {
            u32::MAX => 0,
            at if at == u32::MAX - 1 => capacity[e],
            at => capacity[e] - i64::from(scaling.arcs[at as usize].room),
        })
        .collect();
    Some((flow, scaling.price.iter().map(|p| p.div_euclid(times)).collect()))
}

impl Scaling {
    /// Whether it ended at prices that prove the flow.
    fn run(&mut self) -> bool {
        while self.eps > 1 {
            self.eps = (self.eps / FACTOR).max(1);
            self.reprice(self.eps, PASSES);
            if !self.refine() {
                return false;
            }
        }
        // Shortest paths have fewer arcs than there are nodes, so the last of these passes changes nothing.
        self.reprice(0, self.price.len() + 1)
    }

    fn reduced(&self, v: usize, arc: &Arc) -> i64 {
        i64::from(arc.cost) * self.times + self.price[v] - self.price[arc.head as usize]
    }

    fn row(&self, v: usize) -> std::ops::Range<usize> {
        self.first[v] as usize..self.first[v + 1] as usize
    }

    /// From any flow and prices to an eps-optimal flow that meets the supplies; false where prices fall too far.
    fn refine(&mut self) -> bool {
        let n = self.price.len();
        for v in 0..n {
            for at in self.row(v) {
                let arc = self.arcs[at];
                if arc.room > 0 && self.reduced(v, &arc) < 0 {
                    self.arcs[at].room = 0;
                    self.arcs[arc.twin as usize].room += arc.room;
                    self.excess[v] -= i64::from(arc.room);
                    self.excess[arc.head as usize] += i64::from(arc.room);
                }
            }
        }
        let mut queue: Vec<u32> = Vec::new();
        self.update();
        self.current.copy_from_slice(&self.first[..n]);
        queue.extend((0..n as u32).filter(|&v| self.excess[v as usize] > 0));
        let mut begin = 0;
        let mut sources = queue.len();
        while begin < queue.len() {
            let v = queue[begin] as usize;
            begin += 1;
            self.discharge(v, &mut queue);
            if begin > n {
                queue.drain(..begin);
                begin = 0;
                sources = queue.len();
            }
            if self.relabels > n + 60 * sources.min(n / 8) {
                self.update();
                if self.price.iter().any(|&price| price < LOWEST) {
                    return false;
                }
            }
        }
        true
    }

    fn discharge(&mut self, v: usize, queue: &mut Vec<u32>) {
        let end = self.first[v + 1];
        loop {
            while self.current[v] < end {
                let at = self.current[v] as usize;
                let arc = self.arcs[at];
                let w = arc.head as usize;
                if arc.room > 0 && self.reduced(v, &arc) < 0 {
                    // What cannot go on from w would come back.
                    if self.excess[w] >= 0 && !self.leads_on(w) {
                        self.relabel(w);
                        continue;
                    }
                    let units = i64::from(arc.room).min(self.excess[v]);
                    self.arcs[at].room -= units as i32;
                    self.arcs[arc.twin as usize].room += units as i32;
                    self.excess[v] -= units;
                    let before = self.excess[w];
                    self.excess[w] += units;
                    if before <= 0 && before + units > 0 {
                        queue.push(w as u32);
                    }
                    if self.excess[v] == 0 {
                        return;
                    }
                }
                self.current[v] += 1;
            }
            self.relabel(v);
        }
    }

    /// Moves to an arc that flow can take, if there is one.
    fn leads_on(&mut self, v: usize) -> bool {
        while self.current[v] < self.first[v + 1] {
            let arc = &self.arcs[self.current[v] as usize];
            if arc.room > 0 && self.reduced(v, arc) < 0 {
                return true;
            }
            self.current[v] += 1;
        }
        false
    }

    fn relabel(&mut self, v: usize) {
        let through = |arc: &Arc| self.price[arc.head as usize] - i64::from(arc.cost) * self.times;
        let open = self.arcs[self.row(v)].iter().filter(|arc| arc.room > 0);
        let price = match open.map(through).max() {
            Some(best) => best - self.eps,
            // Nothing leads on, so any price will do: one at which nothing leads here.
            None => {
                let into = self.arcs[self.row(v)].iter().filter(|arc| self.arcs[arc.twin as usize].room > 0);
                into.map(through).min().unwrap_or(self.price[v])
            }
        };
        self.price[v] = price;
        self.current[v] = self.first[v];
        self.relabels += 1;
    }

    /// Lowers prices by eps times the distance to a node that lacks flow: Dial's buckets, backwards.
    fn update(&mut self) {
        self.relabels = 0;
        let n = self.price.len();
        let mut left = self.excess.iter().filter(|&&e| e > 0).count();
        if left == 0 {
            return;
        }
        let mut rank = vec![u32::MAX; n];
        let mut scanned = vec![false; n];
        let mut buckets: Vec<Vec<u32>> = vec![Vec::new()];
        for v in 0..n {
            if self.excess[v] < 0 {
                rank[v] = 0;
                buckets[0].push(v as u32);
            }
        }
        let most = 8 * n;
        let mut level = 0;
        while level < buckets.len() {
            while let Some(v) = buckets[level].pop() {
                let v = v as usize;
                if scanned[v] || rank[v] as usize != level {
                    continue;
                }
                scanned[v] = true;
                left -= usize::from(self.excess[v] > 0);
                for at in self.row(v) {
                    let arc = &self.arcs[at];
                    let u = arc.head as usize;
                    if scanned[u] || self.arcs[arc.twin as usize].room == 0 {
                        continue;
                    }
                    // The arc from u to v is its twin.
                    let reduced = -self.reduced(v, arc);
                    let length = if reduced < 0 { 0 } else { (reduced / self.eps) as usize + 1 };
                    let through = level + length;
                    if through < rank[u] as usize && through < most {
                        rank[u] = through as u32;
                        if buckets.len() <= through {
                            buckets.resize(through + 1, Vec::new());
                        }
                        buckets[through].push(u as u32);
                    }
                }
            }
            if left == 0 {
                break;
            }
            level += 1;
        }
        let far = level.min(most) as i64;
        for v in 0..n {
            let steps = if scanned[v] { i64::from(rank[v]) } else { far };
            if steps > 0 {
                self.price[v] -= steps * self.eps;
                self.current[v] = self.first[v];
            }
        }
    }

    /// Lowers prices until no arc with room costs less than -slack, or for so many passes: then few do. Whether none does.
    /// Goldberg and Radzik's search (Appl. Math. Lett. 6, 1993).
    fn reprice(&mut self, slack: i64, passes: usize) -> bool {
        let n = self.price.len();
        let mut starts: Vec<u32> = (0..n as u32).collect();
        let mut mark = vec![0u8; n];
        let mut order: Vec<u32> = Vec::new();
        let mut stack: Vec<(u32, u32)> = Vec::new();
        for _ in 0..passes {
            order.clear();
            mark.fill(0);
            for &start in &starts {
                if mark[start as usize] != 0 {
                    continue;
                }
                mark[start as usize] = 1;
                stack.push((start, self.first[start as usize]));
                while let Some((v, at)) = stack.last_mut() {
                    let v = *v as usize;
                    if *at == self.first[v + 1] {
                        order.push(v as u32);
                        stack.pop();
                        continue;
                    }
                    let arc = &self.arcs[*at as usize];
                    *at += 1;
                    let w = arc.head as usize;
                    if mark[w] == 0 && arc.room > 0 && self.reduced(v, arc) + slack < 0 {
                        mark[w] = 1;
                        stack.push((w as u32, self.first[w]));
                    }
                }
            }
            starts.clear();
            mark.fill(0);
            for &v in order.iter().rev() {
                let v = v as usize;
                mark[v] = 0;
                for at in self.row(v) {
                    let arc = &self.arcs[at];
                    let w = arc.head as usize;
                    let above = self.reduced(v, arc) + slack;
                    if arc.room > 0 && above < 0 {
                        self.price[w] += above;
                        mark[w] = 1;
                    }
                }
            }
            starts.extend((0..n as u32).filter(|&v| mark[v as usize] == 1));
            if starts.is_empty() {
                return true;
            }
        }
        false
    }
}
