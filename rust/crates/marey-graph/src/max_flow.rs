//! Maximum flow by push-relabel (Goldberg and Tarjan, J. ACM 35(4), 1988): highest label first, global relabelling, gaps
//! (Cherkassky and Goldberg, Algorithmica 19, 1997). O(n^2 sqrt(m)).
//!
//! First a preflow that is maximal at the sink: nodes that cannot reach it are left alone, which gives the minimum cut. Then
//! what is stuck goes back: excess is cancelled along the cycles and paths of the flow that brought it, O(n m) at worst and
//! a single pass in practice, so no second search by pushes is needed.

use crate::error::{Error, Result};
use std::collections::VecDeque;

/// A flow of greatest value and the cut that proves it.
pub struct MaxFlow {
    /// Units from the source to the sink.
    pub value: i64,
    /// Units on each arc.
    pub flow: Vec<i64>,
    /// Whether a node is on the source's side of a cut whose arcs carry `value` in all.
    pub source_side: Vec<bool>,
}

/// Arcs `src[e] -> dst[e]` that carry at most `capacity[e]`; with `both_ways` in either direction.
pub fn max_flow(
    src: &[i64],
    dst: &[i64],
    capacity: &[i64],
    n: usize,
    (source, sink): (usize, usize),
    both_ways: bool,
) -> Result<MaxFlow> {
    check(src, dst, capacity, n, source, sink)?;
    let mut net = Residual::new(src, dst, capacity, n, both_ways);
    let early = wide_paths(&mut net, source, sink);
    let mut push = Push::new(&mut net, source, sink);
    push.run();
    let label = push.label;
    let value = early + push.excess[sink];
    let mut excess = push.excess;
    excess[source] = 0;
    excess[sink] = 0;
    let mut flow: Vec<i64> =
        (0..src.len()).map(|e| capacity[e] - net.arcs[net.at[e] as usize].room).collect();
    return_excess(src, dst, &mut flow, &mut excess, source);
    Ok(MaxFlow { value, flow, source_side: label.iter().map(|&l| l >= n as u32).collect() })
}

fn check(src: &[i64], dst: &[i64], capacity: &[i64], n: usize, source: usize, sink: usize) -> Result<()> {
    for (argument, array) in [("dst", dst), ("capacity", capacity)] {
        if array.len() != src.len() {
            let rule = format!("expected {}, that of `src`", src.len());
            return Err(Error::new(argument, format!("has length {}; {rule}", array.len())));
        }
    }
    if src.len() >= i32::MAX as usize / 2 || n >= i32::MAX as usize / 2 {
        return Err(Error::new("src", "has too many arcs or nodes; expected fewer than 2^30"));
    }
    for (argument, ends) in [("src", src), ("dst", dst)] {
        if let Some(e) = ends.iter().position(|&v| v < 0 || v >= n as i64) {
            let rule = format!("expected 0 <= node < n = {n}");
            return Err(Error::new(argument, format!("has node {} at index {e}; {rule}", ends[e])));
        }
    }
    if let Some(e) = capacity.iter().position(|&c| c < 0) {
        return Err(Error::new("capacity", format!("is {} at index {e}; expected at least 0", capacity[e])));
    }
    for (argument, v) in [("source", source), ("sink", sink)] {
        if v >= n {
            return Err(Error::new(argument, format!("is {v}; expected 0 <= node < n = {n}")));
        }
    }
    if source == sink {
        return Err(Error::new("sink", format!("is {sink}, the source; expected another node")));
    }
    let total: i128 = capacity.iter().map(|&c| i128::from(c)).sum();
    if total > i128::from(i64::MAX / 4) {
        return Err(Error::new("capacity", format!("sums to {total}; expected at most 2^61")));
    }
    Ok(())
}

#[derive(Clone, Copy, Default)]
struct Arc {
    room: i64,
    head: u32,
    /// The arc back.
    twin: u32,
}

/// The residual network as compressed rows.
struct Residual {
    offsets: Vec<u32>,
    arcs: Vec<Arc>,
    /// Where each arc of the input went.
    at: Vec<u32>,
}

impl Residual {
    fn new(src: &[i64], dst: &[i64], capacity: &[i64], n: usize, both_ways: bool) -> Self {
        let mut offsets = vec![0u32; n + 1];
        for (&u, &v) in src.iter().zip(dst) {
            offsets[u as usize + 1] += 1;
            offsets[v as usize + 1] += 1;
        }
        for v in 0..n {
            offsets[v + 1] += offsets[v];
        }
        let arcs = 2 * src.len();
        let mut next = offsets.clone();
        let mut arcs = vec![Arc::default(); arcs];
        let mut at = vec![0; src.len()];
        for e in 0..src.len() {
            let (u, v) = (src[e] as usize, dst[e] as usize);
            let out = next[u];
            next[u] += 1;
            let back = next[v];
            next[v] += 1;
            arcs[out as usize] = Arc { room: capacity[e], head: v as u32, twin: back };
            let room = if both_ways { capacity[e] } else { 0 };
            arcs[back as usize] = Arc { room, head: u as u32, twin: out };
            at[e] = out;
        }
        Self { offsets, arcs, at }
    }

    fn row(&self, v: usize) -> std::ops::Range<usize> {
        self.offsets[v] as usize..self.offsets[v + 1] as usize
    }

    fn send(&mut self, arc: usize, units: i64) {
        self.arcs[arc].room -= units;
        let twin = self.arcs[arc].twin as usize;
        self.arcs[twin].room += units;
    }
}

/// Sends along paths that carry a large share of what can still leave the source; the units sent.
///
/// A push-relabel run takes a long wide path node by node and strews its excess over every narrow arc on the way.
fn wide_paths(net: &mut Residual, source: usize, sink: usize) -> i64 {
    const SHARE: i64 = 16;
    let n = net.offsets.len() - 1;
    let (mut sent, mut scanned) = (0, 0);
    let (mut from, mut queue) = (vec![NONE; n], Vec::with_capacity(n));
    // Searches look at every arc about once in all, beside those that end at the sink with much.
    while scanned <= net.arcs.len() / 2 {
        let left: i64 = net
            .row(source)
            .filter(|&arc| net.arcs[arc].head as usize != source)
            .map(|arc| net.arcs[arc].room)
            .sum();
        let least = (left / SHARE).max(1);
        from.fill(NONE);
        queue.clear();
        queue.push(source as u32);
        let mut at = 0;
        'search: while let Some(&v) = queue.get(at) {
            at += 1;
            for arc in net.row(v as usize) {
                let head = net.arcs[arc].head as usize;
                scanned += 1;
                if net.arcs[arc].room >= least && from[head] == NONE && head != source {
                    from[head] = arc as u32;
                    if head == sink {
                        break 'search;
                    }
                    queue.push(head as u32);
                }
            }
        }
        if from[sink] == NONE || left == 0 {
            break;
        }
        let path: Vec<usize> = std::iter::successors(Some(from[sink] as usize), |&arc| {
            let tail = net.arcs[net.arcs[arc].twin as usize].head as usize;
            (tail != source).then(|| from[tail] as usize)
        })
        .collect();
        let units = path.iter().map(|&arc| net.arcs[arc].room).min().expect("a path has arcs");
        for arc in path {
            net.send(arc, units);
        }
        sent += units;
    }
    sent
}

const NONE: u32 = u32::MAX;

struct Push<'a> {
    net: &'a mut Residual,
    n: usize,
    source: usize,
    sink: usize,
    label: Vec<u32>,
    excess: Vec<i64>,
    /// The arc of each node that is tried next.
    current: Vec<u32>,
    /// Nodes with excess by label, as stacks in linked lists.
    active: Vec<u32>,
    next_active: Vec<u32>,
    highest: usize,
    /// All nodes by label below n, in doubly linked lists: for gaps.
    bucket: Vec<u32>,
    after: Vec<u32>,
    before: Vec<u32>,
    /// Arcs looked at since the last global relabelling.
    work: usize,
    queue: VecDeque<u32>,
}

impl<'a> Push<'a> {
    fn new(net: &'a mut Residual, source: usize, sink: usize) -> Self {
        let n = net.offsets.len() - 1;
        Self {
            current: net.offsets[..n].to_vec(),
            net,
            n,
            source,
            sink,
            label: vec![0; n],
            excess: vec![0; n],
            active: vec![NONE; n],
            next_active: vec![NONE; n],
            highest: 0,
            bucket: vec![NONE; n],
            after: vec![NONE; n],
            before: vec![NONE; n],
            work: 0,
            queue: VecDeque::new(),
        }
    }

    fn run(&mut self) {
        for arc in self.net.row(self.source) {
            let room = self.net.arcs[arc].room;
            let head = self.net.arcs[arc].head as usize;
            if room > 0 && head != self.source {
                self.net.send(arc, room);
                self.excess[head] += room;
            }
        }
        self.relabel_all();
        let budget = 6 * self.n + self.net.arcs.len() / 2;
        while let Some(v) = self.next() {
            self.discharge(v);
            if self.work > budget {
                self.relabel_all();
            }
        }
        // Labels may lag behind: the cut wants to know who reaches the sink now.
        self.relabel_all();
    }

    /// The active node of highest label.
    fn next(&mut self) -> Option<usize> {
        loop {
            let v = self.active[self.highest];
            if v != NONE {
                self.active[self.highest] = self.next_active[v as usize];
                return Some(v as usize);
            }
            self.highest = self.highest.checked_sub(1)?;
        }
    }

    fn activate(&mut self, v: usize) {
        let label = self.label[v] as usize;
        self.next_active[v] = self.active[label];
        self.active[label] = v as u32;
        self.highest = self.highest.max(label);
    }

    /// Exact distances to the sink over arcs with room; n where there is no way.
    fn relabel_all(&mut self) {
        let n = self.n;
        self.work = 0;
        self.label.fill(n as u32);
        self.bucket.fill(NONE);
        self.active.fill(NONE);
        self.highest = 0;
        self.current.copy_from_slice(&self.net.offsets[..n]);
        self.label[self.sink] = 0;
        self.queue.clear();
        self.queue.push_back(self.sink as u32);
        while let Some(v) = self.queue.pop_front() {
            let next = self.label[v as usize] + 1;
            for arc in self.net.row(v as usize) {
                let u = self.net.arcs[arc].head as usize;
                if self.label[u] == n as u32
                    && u != self.source
                    && self.net.arcs[self.net.arcs[arc].twin as usize].room > 0
                {
                    self.label[u] = next;
                    self.link(u);
                    if self.excess[u] > 0 {
                        self.activate(u);
                    }
                    self.queue.push_back(u as u32);
                }
            }
        }
    }

    fn link(&mut self, v: usize) {
        let label = self.label[v] as usize;
        let first = self.bucket[label];
        self.after[v] = first;
        self.before[v] = NONE;
        if first != NONE {
            self.before[first as usize] = v as u32;
        }
        self.bucket[label] = v as u32;
    }

    fn unlink(&mut self, v: usize) {
        let (before, after) = (self.before[v], self.after[v]);
        if before == NONE {
            self.bucket[self.label[v] as usize] = after;
        } else {
            self.after[before as usize] = after;
        }
        if after != NONE {
            self.before[after as usize] = before;
        }
    }

    /// Pushes until the node has no excess or no way to the sink.
    fn discharge(&mut self, v: usize) {
        loop {
            let end = self.net.offsets[v + 1] as usize;
            let begin = self.current[v] as usize;
            let label = self.label[v];
            for arc in begin..end {
                let head = self.net.arcs[arc].head as usize;
                if self.net.arcs[arc].room == 0 || self.label[head] + 1 != label {
                    continue;
                }
                let units = self.excess[v].min(self.net.arcs[arc].room);
                self.net.send(arc, units);
                if self.excess[head] == 0 && head != self.sink {
                    self.activate(head);
                }
                self.excess[head] += units;
                self.excess[v] -= units;
                if self.excess[v] == 0 {
                    self.current[v] = arc as u32;
                    self.work += arc - begin + 1;
                    return;
                }
            }
            self.work += end - begin;
            if !self.relabel(v) {
                return;
            }
        }
    }

    /// Lifts the node above its lowest neighbour. False when no way to the sink is left.
    fn relabel(&mut self, v: usize) -> bool {
        let n = self.n as u32;
        let row = self.net.row(v);
        self.work += row.len() + 12;
        let (mut least, mut at) = (n, row.start);
        for arc in row {
            let label = self.label[self.net.arcs[arc].head as usize];
            if self.net.arcs[arc].room > 0 && label < least {
                (least, at) = (label, arc);
            }
        }
        let old = self.label[v];
        self.unlink(v);
        if self.bucket[old as usize] == NONE {
            // A gap: nobody above it reaches the sink any more.
            self.label[v] = n;
            for label in old as usize + 1..self.n {
                let mut u = std::mem::replace(&mut self.bucket[label], NONE);
                self.active[label] = NONE;
                if u == NONE {
                    break;
                }
                while u != NONE {
                    self.label[u as usize] = n;
                    u = self.after[u as usize];
                }
            }
            self.highest = old.saturating_sub(1) as usize;
            return false;
        }
        self.label[v] = (least + 1).min(n);
        self.current[v] = at as u32;
        if self.label[v] < n {
            self.link(v);
        }
        self.label[v] < n
    }
}

/// Cancels flow that ends at nodes other than the sink: first the cycles of the flow, then backwards in topological order.
fn return_excess(src: &[i64], dst: &[i64], flow: &mut [i64], excess: &mut [i64], source: usize) {
    if excess.iter().all(|&x| x == 0) {
        return;
    }
    let n = excess.len();
    // Rows of the arcs that bring flow to each node, in the direction in which they carry it.
    let ends = |e: usize, units: i64| {
        let (u, v) = (src[e] as usize, dst[e] as usize);
        if units > 0 { (u, v) } else { (v, u) }
    };
    let mut first = vec![0usize; n + 1];
    let carries = |flow: &[i64], e: usize| flow[e] != 0 && src[e] != dst[e];
    for e in (0..src.len()).filter(|&e| carries(flow, e)) {
        first[ends(e, flow[e]).1 + 1] += 1;
    }
    for v in 0..n {
        first[v + 1] += first[v];
    }
    let mut incoming = vec![0u32; first[n]];
    let mut next = first.clone();
    for e in (0..src.len()).filter(|&e| carries(flow, e)) {
        let v = ends(e, flow[e]).1;
        incoming[next[v]] = e as u32;
        next[v] += 1;
    }
    let tail = |e: usize, v: usize| src[e] as usize + dst[e] as usize - v;
    // Depth first against the flow; an arc back to the path closes a cycle, which is cancelled. A node is done after all
    // nodes that feed it: from last to first, each returns its excess to them.
    const NEW: u8 = 0;
    const OPEN: u8 = 1;
    const DONE: u8 = 2;
    let (mut state, mut at, mut depth) = (vec![NEW; n], first.clone(), vec![0usize; n]);
    let mut order = Vec::new();
    let mut path: Vec<(u32, u32)> = Vec::new();
    for root in (0..n).filter(|&v| excess[v] > 0) {
        if state[root] != NEW {
            continue;
        }
        let mut v = root;
        (state[v], depth[v]) = (OPEN, 0);
        loop {
            if v != source && at[v] < first[v + 1] {
                let e = incoming[at[v]] as usize;
                let u = tail(e, v);
                if flow[e] == 0 || state[u] == DONE {
                    at[v] += 1;
                } else if state[u] == NEW {
                    path.push((e as u32, v as u32));
                    state[u] = OPEN;
                    depth[u] = path.len();
                    v = u;
                } else {
                    // u is on the path: the arcs after it and e form a cycle.
                    let from = depth[u];
                    let cycle = || path[from..].iter().map(|&(e, _)| e as usize).chain([e]);
                    let units = cycle().map(|e| flow[e].abs()).min().expect("a cycle has arcs");
                    cycle().for_each(|e| flow[e] -= units * flow[e].signum());
                    // Back to the first node of the cycle whose arc is empty now.
                    if let Some(cut) = (from..path.len()).find(|&i| flow[path[i].0 as usize] == 0) {
                        for &(_, w) in &path[cut + 1..] {
                            state[w as usize] = NEW;
                        }
                        state[v] = NEW;
                        v = path[cut].1 as usize;
                        path.truncate(cut);
                    }
                }
                continue;
            }
            state[v] = DONE;
            order.push(v as u32);
            match path.pop() {
                Some((_, up)) => v = up as usize,
                None => break,
            }
        }
    }
    for &v in order.iter().rev() {
        let v = v as usize;
        if v == source {
            continue;
        }
        for &e in &incoming[first[v]..first[v + 1]] {
            if excess[v] == 0 {
                break;
            }
            let e = e as usize;
            let units = excess[v].min(flow[e].abs());
            flow[e] -= units * flow[e].signum();
            excess[v] -= units;
            excess[tail(e, v)] += units;
        }
    }
}
