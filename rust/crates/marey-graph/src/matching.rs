//! Matching of greatest weight in a general graph: Edmonds' blossoms with dual prices, O(n^3) (Galil, ACM Computing Surveys
//! 18(1), 1986, whose names are used: S and T vertices, duals u and z, the four kinds of dual change).
//!
//! Whole weights are doubled, so that all duals stay whole and the answer is exact. Duals: u(i) + u(j) + the z of the blossoms
//! that hold both >= 2 w(i, j), with equality on matched edges; u >= 0, 0 where nothing is matched; z > 0 only on blossoms
//! that are matched but for one vertex.

use crate::error::{Error, Result};

/// A matching and the duals that prove it.
pub struct Matching {
    /// The partner of each vertex, or -1.
    pub mate: Vec<i64>,
    /// u, in halves of a unit of weight.
    pub dual: Vec<i64>,
    /// Vertices and z, in halves, of each blossom with z > 0.
    pub blossoms: Vec<(Vec<i64>, i64)>,
}

const NONE: usize = usize::MAX;

/// The matching of greatest weight of edges (i, j, w); self-loops and negative weights never match.
pub fn max_weight_matching(edges: &[(i64, i64, i64)], n: usize, most_first: bool) -> Result<Matching> {
    for (e, &(i, j, w)) in edges.iter().enumerate() {
        if i < 0 || j < 0 || i >= n as i64 || j >= n as i64 {
            let rule = format!("expected 0 <= node < n = {n}");
            return Err(Error::new("src", format!("has edge {i}, {j} at index {e}; {rule}")));
        }
        if w.unsigned_abs() > 1 << 58 {
            return Err(Error::new("weight", format!("is {w} at index {e}; expected at most 2^58 in size")));
        }
    }
    let mut solver = Solver::new(edges, n, most_first);
    for _ in 0..n {
        if !solver.stage() {
            break;
        }
    }
    Ok(solver.answer())
}

#[derive(Clone, Copy, PartialEq)]
enum Label {
    Free,
    S,
    T,
}

/// Vertices are 0..n, blossoms n..2n; a side p of edge e is 2 e or 2 e + 1, and its vertex `end[p]`.
struct Solver {
    n: usize,
    most_first: bool,
    end: Vec<usize>,
    weight: Vec<i64>,
    /// Far sides of the edges of each vertex.
    sides: Vec<Vec<usize>>,
    /// The far side of the matched edge.
    mate: Vec<usize>,
    label: Vec<Label>,
    /// The side through which the label came: the far one, seen from the labelled.
    label_side: Vec<usize>,
    outer: Vec<usize>,
    parent: Vec<usize>,
    base: Vec<usize>,
    children: Vec<Vec<usize>>,
    /// Sides that join child i to child i + 1: of the edge, at child i.
    links: Vec<Vec<usize>>,
    /// Least slack edge from a free vertex or an S blossom to an S vertex outside.
    best: Vec<usize>,
    best_of: Vec<Option<Vec<usize>>>,
    unused: Vec<usize>,
    dual: Vec<i64>,
    tight: Vec<bool>,
    queue: Vec<usize>,
    mark: Vec<bool>,
}

impl Solver {
    fn new(edges: &[(i64, i64, i64)], n: usize, most_first: bool) -> Self {
        let edges: Vec<_> = edges.iter().filter(|(i, j, w)| i != j && (*w > 0 || most_first)).collect();
        let largest = edges.iter().map(|edge| edge.2).max().unwrap_or(0).max(0);
        let mut sides = vec![Vec::new(); n];
        let mut end = Vec::with_capacity(2 * edges.len());
        for (e, &&(i, j, _)) in edges.iter().enumerate() {
            end.extend([i as usize, j as usize]);
            sides[i as usize].push(2 * e + 1);
            sides[j as usize].push(2 * e);
        }
        let mut dual = vec![largest; n];
        dual.resize(2 * n, 0);
        Self {
            n,
            most_first,
            tight: vec![false; edges.len()],
            weight: edges.iter().map(|edge| edge.2).collect(),
            end,
            sides,
            mate: vec![NONE; n],
            label: vec![Label::Free; 2 * n],
            label_side: vec![NONE; 2 * n],
            outer: (0..n).collect(),
            parent: vec![NONE; 2 * n],
            base: (0..n).chain(std::iter::repeat_n(NONE, n)).collect(),
            children: vec![Vec::new(); 2 * n],
            links: vec![Vec::new(); 2 * n],
            best: vec![NONE; 2 * n],
            best_of: vec![None; 2 * n],
            unused: (n..2 * n).collect(),
            dual,
            queue: Vec::new(),
            mark: vec![false; 2 * n],
        }
    }

    fn slack(&self, e: usize) -> i64 {
        self.dual[self.end[2 * e]] + self.dual[self.end[2 * e + 1]] - 2 * self.weight[e]
    }

    fn leaves(&self, b: usize) -> Vec<usize> {
        let (mut found, mut stack) = (Vec::new(), vec![b]);
        while let Some(b) = stack.pop() {
            if b < self.n {
                found.push(b);
            } else {
                stack.extend(self.children[b].iter().rev());
            }
        }
        found
    }

    fn assign(&mut self, v: usize, label: Label, side: usize) {
        let b = self.outer[v];
        (self.label[v], self.label[b]) = (label, label);
        (self.label_side[v], self.label_side[b]) = (side, side);
        (self.best[v], self.best[b]) = (NONE, NONE);
        if label == Label::S {
            let leaves = self.leaves(b);
            self.queue.extend(leaves);
        } else {
            let base = self.base[b];
            let mate = self.mate[base];
            self.assign(self.end[mate], Label::S, mate ^ 1);
        }
    }

    /// The base of a new blossom through the S vertices v and w, or NONE where they lie in different trees.
    fn scan(&mut self, v: usize, w: usize) -> usize {
        let (mut v, mut w) = (v, w);
        let (mut path, mut base) = (Vec::new(), NONE);
        while v != NONE {
            let b = self.outer[v];
            if self.mark[b] {
                base = self.base[b];
                break;
            }
            path.push(b);
            self.mark[b] = true;
            v = match self.label_side[b] {
                NONE => NONE,
                side => {
                    // Up through a T blossom to the next S.
                    let t = self.outer[self.end[side]];
                    self.end[self.label_side[t]]
                }
            };
            if w != NONE {
                std::mem::swap(&mut v, &mut w);
            }
        }
        path.iter().for_each(|&b| self.mark[b] = false);
        base
    }

    fn add_blossom(&mut self, base: usize, e: usize) {
        let (mut v, mut w) = (self.end[2 * e], self.end[2 * e + 1]);
        let (bb, mut bv, mut bw) = (self.outer[base], self.outer[v], self.outer[w]);
        let b = self.unused.pop().expect("fewer blossoms than vertices");
        self.base[b] = base;
        self.parent[b] = NONE;
        self.parent[bb] = b;
        let (mut children, mut links) = (Vec::new(), Vec::new());
        while bv != bb {
            self.parent[bv] = b;
            children.push(bv);
            links.push(self.label_side[bv]);
            v = self.end[self.label_side[bv]];
            bv = self.outer[v];
        }
        children.push(bb);
        children.reverse();
        links.reverse();
        links.push(2 * e);
        while bw != bb {
            self.parent[bw] = b;
            children.push(bw);
            links.push(self.label_side[bw] ^ 1);
            w = self.end[self.label_side[bw]];
            bw = self.outer[w];
        }
        self.label[b] = Label::S;
        self.label_side[b] = self.label_side[bb];
        self.dual[b] = 0;
        self.children[b] = children;
        self.links[b] = links;
        for v in self.leaves(b) {
            if self.label[self.outer[v]] == Label::T {
                // A T vertex becomes S with the blossom.
                self.queue.push(v);
            }
            self.outer[v] = b;
        }
        // The best edge to each S blossom around.
        let mut best_to = vec![NONE; 2 * self.n];
        for child in self.children[b].clone() {
            let edges = match self.best_of[child].take() {
                Some(edges) => edges,
                None => {
                    self.leaves(child).iter().flat_map(|&v| self.sides[v].iter().map(|p| p / 2)).collect()
                }
            };
            for e in edges {
                let (i, j) = (self.end[2 * e], self.end[2 * e + 1]);
                let other = if self.outer[j] == b { self.outer[i] } else { self.outer[j] };
                if other != b && self.label[other] == Label::S {
                    let old = best_to[other];
                    if old == NONE || self.slack(e) < self.slack(old) {
                        best_to[other] = e;
                    }
                }
            }
            self.best[child] = NONE;
        }
        let edges: Vec<usize> = best_to.into_iter().filter(|&e| e != NONE).collect();
        self.best[b] = edges.iter().copied().min_by_key(|&e| self.slack(e)).unwrap_or(NONE);
        self.best_of[b] = Some(edges);
    }

    /// Takes a blossom apart. In the middle of a stage its children on the way from the entry to the base are labelled.
    fn expand(&mut self, b: usize, ends_stage: bool) {
        let children = std::mem::take(&mut self.children[b]);
        let links = std::mem::take(&mut self.links[b]);
        for &child in &children {
            self.parent[child] = NONE;
            if child >= self.n && ends_stage && self.dual[child] == 0 {
                self.expand(child, true);
                continue;
            }
            for v in self.leaves(child) {
                self.outer[v] = child;
            }
        }
        if !ends_stage && self.label[b] == Label::T {
            let entry = self.outer[self.end[self.label_side[b] ^ 1]];
            let k = children.len() as isize;
            let at = |j: isize| j.rem_euclid(k) as usize;
            let mut j =
                children.iter().position(|&child| child == entry).expect("the entry is a child") as isize;
            // To the base by the way of an even number of edges: forward from an odd place, else backward.
            let (step, trick) = if j & 1 == 1 { (1, 0usize) } else { (-1, 1) };
            let mut side = self.label_side[b];
            while at(j) != 0 {
                let link = |j: isize| links[at(j - trick as isize)] ^ trick;
                self.label[self.end[side ^ 1]] = Label::Free;
                self.label[self.end[link(j) ^ 1]] = Label::Free;
                self.assign(self.end[side ^ 1], Label::T, side);
                self.tight[link(j) / 2] = true;
                j += step;
                side = link(j);
                self.tight[side / 2] = true;
                j += step;
            }
            let child = children[0];
            let v = self.end[side ^ 1];
            (self.label[v], self.label[child]) = (Label::T, Label::T);
            (self.label_side[v], self.label_side[child]) = (side, side);
            self.best[child] = NONE;
            j += step;
            while children[at(j)] != entry {
                let child = children[at(j)];
                if self.label[child] != Label::S {
                    // A vertex that was reached from outside keeps its T label, with its blossom.
                    let reached = self.leaves(child).into_iter().find(|&v| self.label[v] != Label::Free);
                    if let Some(v) = reached {
                        self.label[v] = Label::Free;
                        let mate = self.mate[self.base[child]];
                        self.label[self.end[mate]] = Label::Free;
                        self.assign(v, Label::T, self.label_side[v]);
                    }
                }
                j += step;
            }
        }
        (self.label[b], self.label_side[b]) = (Label::Free, NONE);
        self.base[b] = NONE;
        self.best_of[b] = None;
        self.best[b] = NONE;
        self.dual[b] = 0;
        self.unused.push(b);
    }

    /// Swaps matched and other edges within the blossom, so that v becomes its base.
    fn augment_blossom(&mut self, b: usize, v: usize) {
        let mut child = v;
        while self.parent[child] != b {
            child = self.parent[child];
        }
        if child >= self.n {
            self.augment_blossom(child, v);
        }
        let k = self.children[b].len() as isize;
        let at = |j: isize| j.rem_euclid(k) as usize;
        let i = self.children[b].iter().position(|&c| c == child).expect("a child");
        let (step, trick) = if i & 1 == 1 { (1isize, 0usize) } else { (-1, 1) };
        let mut j = i as isize;
        while at(j) != 0 {
            j += step;
            let side = self.links[b][at(j - trick as isize)] ^ trick;
            for (j, v) in [(j, self.end[side]), (j + step, self.end[side ^ 1])] {
                let child = self.children[b][at(j)];
                if child >= self.n {
                    self.augment_blossom(child, v);
                }
            }
            j += step;
            self.mate[self.end[side]] = side ^ 1;
            self.mate[self.end[side ^ 1]] = side;
        }
        self.children[b].rotate_left(i);
        self.links[b].rotate_left(i);
        self.base[b] = self.base[self.children[b][0]];
    }

    fn augment(&mut self, e: usize) {
        for (mut s, mut side) in [(self.end[2 * e], 2 * e + 1), (self.end[2 * e + 1], 2 * e)] {
            loop {
                let bs = self.outer[s];
                if bs >= self.n {
                    self.augment_blossom(bs, s);
                }
                self.mate[s] = side;
                if self.label_side[bs] == NONE {
                    break;
                }
                let bt = self.outer[self.end[self.label_side[bs]]];
                let label_side = self.label_side[bt];
                s = self.end[label_side];
                let j = self.end[label_side ^ 1];
                if bt >= self.n {
                    self.augment_blossom(bt, j);
                }
                self.mate[j] = label_side;
                side = label_side ^ 1;
            }
        }
    }

    /// Looks for an augmenting path; false when the matching is of greatest weight.
    fn stage(&mut self) -> bool {
        self.label.fill(Label::Free);
        self.label_side.fill(NONE);
        self.best.fill(NONE);
        self.best_of[self.n..].fill(None);
        self.tight.fill(false);
        self.queue.clear();
        for v in 0..self.n {
            if self.mate[v] == NONE && self.label[self.outer[v]] == Label::Free {
                self.assign(v, Label::S, NONE);
            }
        }
        loop {
            if self.grow() {
                break;
            }
            if !self.change_duals() {
                return false;
            }
        }
        for b in self.n..2 * self.n {
            if self.parent[b] == NONE
                && self.base[b] != NONE
                && self.label[b] == Label::S
                && self.dual[b] == 0
            {
                self.expand(b, true);
            }
        }
        true
    }

    /// Follows tight edges from S vertices; true when an augmenting path was found and used.
    fn grow(&mut self) -> bool {
        while let Some(v) = self.queue.pop() {
            for i in 0..self.sides[v].len() {
                let p = self.sides[v][i];
                let (e, w) = (p / 2, self.end[p]);
                let (bv, bw) = (self.outer[v], self.outer[w]);
                if bv == bw {
                    continue;
                }
                let slack = if self.tight[e] { 0 } else { self.slack(e) };
                if slack <= 0 {
                    self.tight[e] = true;
                    match self.label[bw] {
                        Label::Free => self.assign(w, Label::T, p ^ 1),
                        Label::S => match self.scan(v, w) {
                            NONE => {
                                self.augment(e);
                                return true;
                            }
                            base => self.add_blossom(base, e),
                        },
                        Label::T if self.label[w] == Label::Free => {
                            // Inside a T blossom, reached from outside too: kept for when it is taken apart.
                            self.label[w] = Label::T;
                            self.label_side[w] = p ^ 1;
                        }
                        Label::T => {}
                    }
                } else {
                    let at = if self.label[bw] == Label::S { bv } else { w };
                    if (self.label[bw] == Label::S || self.label[w] == Label::Free)
                        && (self.best[at] == NONE || slack < self.slack(self.best[at]))
                    {
                        self.best[at] = e;
                    }
                }
            }
        }
        false
    }

    /// The largest change that keeps the duals right; false when none is left and the matching is the best.
    fn change_duals(&mut self) -> bool {
        enum Why {
            Done,
            ToFree(usize),
            ToS(usize),
            Expand(usize),
        }
        let n = self.n;
        let mut least = i64::MAX;
        let mut why = Why::Done;
        if !self.most_first {
            least = self.dual[..n].iter().copied().min().unwrap_or(0);
        }
        for v in 0..n {
            if self.label[self.outer[v]] == Label::Free && self.best[v] != NONE {
                let delta = self.slack(self.best[v]);
                if delta < least {
                    (least, why) = (delta, Why::ToFree(self.best[v]));
                }
            }
        }
        for b in 0..2 * n {
            if self.parent[b] == NONE && self.label[b] == Label::S && self.best[b] != NONE {
                let delta = self.slack(self.best[b]) / 2;
                if delta < least {
                    (least, why) = (delta, Why::ToS(self.best[b]));
                }
            }
        }
        for b in n..2 * n {
            let whole = self.base[b] != NONE && self.parent[b] == NONE;
            if whole && self.label[b] == Label::T && self.dual[b] < least {
                (least, why) = (self.dual[b], Why::Expand(b));
            }
        }
        if least == i64::MAX {
            // Nothing binds: the matching has the most edges. Free duals end at 0 or above.
            least = self.dual[..n].iter().copied().min().unwrap_or(0).max(0);
        }
        for v in 0..n {
            match self.label[self.outer[v]] {
                Label::S => self.dual[v] -= least,
                Label::T => self.dual[v] += least,
                Label::Free => {}
            }
        }
        for b in n..2 * n {
            if self.base[b] != NONE && self.parent[b] == NONE {
                match self.label[b] {
                    Label::S => self.dual[b] += least,
                    Label::T => self.dual[b] -= least,
                    Label::Free => {}
                }
            }
        }
        match why {
            Why::Done => return false,
            Why::ToFree(e) => {
                self.tight[e] = true;
                let (i, j) = (self.end[2 * e], self.end[2 * e + 1]);
                self.queue.push(if self.label[self.outer[i]] == Label::Free { j } else { i });
            }
            Why::ToS(e) => {
                self.tight[e] = true;
                self.queue.push(self.end[2 * e]);
            }
            Why::Expand(b) => self.expand(b, false),
        }
        true
    }

    fn answer(self) -> Matching {
        let mate = self.mate.iter().map(|&p| if p == NONE { -1 } else { self.end[p] as i64 }).collect();
        let whole = (self.n..2 * self.n).filter(|&b| self.base[b] != NONE && self.dual[b] > 0);
        let blossoms = whole
            .map(|b| (self.leaves(b).into_iter().map(|v| v as i64).collect(), 2 * self.dual[b]))
            .collect();
        Matching { mate, dual: self.dual[..self.n].to_vec(), blossoms }
    }
}
