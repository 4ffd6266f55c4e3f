//! The spanning tree of the simplex method: parents, and children in linked lists.

const NONE: u32 = u32::MAX;

pub(super) struct Tree {
    pub(super) parent: Vec<u32>,
    /// The arc between a node and its parent.
    pub(super) arc: Vec<u32>,
    /// Whether that arc leads to the parent.
    pub(super) upward: Vec<bool>,
    pub(super) potential: Vec<i64>,
    depth: Vec<u32>,
    child: Vec<u32>,
    after: Vec<u32>,
    before: Vec<u32>,
    stack: Vec<u32>,
}

impl Tree {
    /// Nodes 0..n below a root n, joined by arcs `first_arc`...
    pub(super) fn star(n: usize, first_arc: usize) -> Self {
        let mut tree = Self {
            parent: vec![n as u32; n + 1],
            arc: (0..=n).map(|v| (first_arc + v) as u32).collect(),
            upward: vec![true; n + 1],
            potential: vec![0; n + 1],
            depth: vec![1; n + 1],
            child: vec![NONE; n + 1],
            after: vec![NONE; n + 1],
            before: vec![NONE; n + 1],
            stack: Vec::new(),
        };
        tree.parent[n] = NONE;
        tree.depth[n] = 0;
        (0..n).for_each(|v| tree.adopt(v, n));
        tree
    }

    /// The lowest node above both, or one of them.
    pub(super) fn join(&self, mut u: usize, mut v: usize) -> usize {
        while u != v {
            if self.depth[u] >= self.depth[v] {
                u = self.parent[u] as usize;
            } else {
                v = self.parent[v] as usize;
            }
        }
        u
    }

    /// Cuts the subtree of `out`, makes `inner` its root and hangs it below `outer` by `arc`.
    pub(super) fn hang(&mut self, out: usize, inner: usize, outer: usize, arc: u32, upward: bool) {
        let (mut node, mut parent, mut arc, mut upward) = (inner, outer, arc, upward);
        loop {
            let (old_parent, old_arc) = (self.parent[node], self.arc[node]);
            let old_upward = self.upward[node];
            self.release(node);
            self.adopt(node, parent);
            self.arc[node] = arc;
            self.upward[node] = upward;
            if node == out {
                return;
            }
            // The way up from `inner` turns round, arc by arc.
            (parent, node, arc, upward) = (node, old_parent as usize, old_arc, !old_upward);
        }
    }

    /// Adds `change` to the potentials of the subtree of `root` and renews its depths.
    pub(super) fn shift(&mut self, root: usize, change: i64) {
        self.stack.push(root as u32);
        while let Some(v) = self.stack.pop() {
            let v = v as usize;
            self.potential[v] += change;
            self.depth[v] = self.depth[self.parent[v] as usize] + 1;
            let mut child = self.child[v];
            while child != NONE {
                self.stack.push(child);
                child = self.after[child as usize];
            }
        }
    }

    fn adopt(&mut self, v: usize, parent: usize) {
        let next = self.child[parent];
        self.parent[v] = parent as u32;
        self.after[v] = next;
        self.before[v] = NONE;
        if next != NONE {
            self.before[next as usize] = v as u32;
        }
        self.child[parent] = v as u32;
    }

    fn release(&mut self, v: usize) {
        let (before, after) = (self.before[v], self.after[v]);
        if before == NONE {
            self.child[self.parent[v] as usize] = after;
        } else {
            self.after[before as usize] = after;
        }
        if after != NONE {
            self.before[after as usize] = before;
        }
    }
}
