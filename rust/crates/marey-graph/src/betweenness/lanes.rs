//! Breadth-first searches from eight sources at once, a lane each: a neighbour's numbers come in one or two cache lines for all.
//!
//! The frontier holds the nodes that any lane reaches in this step, so a node is in as many frontiers as there are different
//! distances to it: at worst each lane costs what a search of its own does.

use crate::csr::Csr;

pub(super) const LANES: usize = 8;
type Hops = [u32; LANES];
type Values = [f64; LANES];

const FAR: u32 = u32::MAX;

pub(super) struct Search {
    hops: Vec<Hops>,
    /// Number of shortest paths on the way out; (1 + dependency) over it on the way back.
    paths: Vec<Values>,
    /// Last step in whose frontier a node was.
    seen: Vec<u32>,
    order: Vec<u32>,
    /// First place in the order of each step.
    steps: Vec<usize>,
}

impl Search {
    pub(super) fn new(n: usize) -> Self {
        Self {
            hops: vec![[FAR; LANES]; n],
            paths: vec![[0.0; LANES]; n],
            seen: vec![FAR; n],
            order: vec![],
            steps: vec![],
        }
    }

    /// Adds the dependencies of up to eight sources to `sum`.
    pub(super) fn run(&mut self, graph: Csr, sources: &[i64], sum: &mut [f64]) {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: the features were just found.
            return unsafe { self.run_avx512(graph, sources, sum) };
        }
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the feature was just found.
            return unsafe { self.run_avx2(graph, sources, sum) };
        }
        self.run_all(graph, sources, sum);
    }

    /// # Safety
    /// The processor has AVX-512F and AVX-512VL.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512vl")]
    unsafe fn run_avx512(&mut self, graph: Csr, sources: &[i64], sum: &mut [f64]) {
        self.run_all(graph, sources, sum);
    }

    /// # Safety
    /// The processor has AVX2.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    unsafe fn run_avx2(&mut self, graph: Csr, sources: &[i64], sum: &mut [f64]) {
        self.run_all(graph, sources, sum);
    }

    #[inline(always)]
    fn run_all(&mut self, graph: Csr, sources: &[i64], sum: &mut [f64]) {
        self.hops.fill([FAR; LANES]);
        self.paths.fill([0.0; LANES]);
        self.seen.fill(FAR);
        self.order.clear();
        self.steps.clear();
        for (lane, &source) in sources.iter().enumerate() {
            self.hops[source as usize][lane] = 0;
            self.paths[source as usize][lane] = 1.0;
            if self.seen[source as usize] == FAR {
                self.seen[source as usize] = 0;
                self.order.push(source as u32);
            }
        }
        self.steps.push(0);
        self.outward(graph);
        self.back(graph, sum);
    }

    #[inline(always)]
    fn outward(&mut self, graph: Csr) {
        let (mut begin, mut step) = (0, 0u32);
        while begin < self.order.len() {
            let end = self.order.len();
            self.steps.push(end);
            step += 1;
            for i in begin..end {
                let v = self.order[i] as usize;
                let mut own = self.paths[v];
                for lane in 0..LANES {
                    own[lane] = if self.hops[v][lane] == step - 1 { own[lane] } else { 0.0 };
                }
                // Lanes in which this node is not at this step reach nothing.
                let mut reach: Hops = [FAR; LANES];
                for lane in 0..LANES {
                    reach[lane] = if self.hops[v][lane] == step - 1 { step } else { FAR };
                }
                for &t in graph.row(v) {
                    let t = t as usize;
                    let (hops, paths) = (&mut self.hops[t], &mut self.paths[t]);
                    let mut any = false;
                    for lane in 0..LANES {
                        let new = hops[lane].min(reach[lane]);
                        any |= new == step;
                        hops[lane] = new;
                    }
                    for lane in 0..LANES {
                        paths[lane] += if hops[lane] == step { own[lane] } else { 0.0 };
                    }
                    if any && self.seen[t] != step {
                        self.seen[t] = step;
                        self.order.push(t as u32);
                    }
                }
            }
            begin = end;
        }
    }

    #[inline(always)]
    fn back(&mut self, graph: Csr, sum: &mut [f64]) {
        for step in (0..self.steps.len() - 1).rev() {
            let next = step as u32 + 1;
            for i in self.steps[step]..self.steps[step + 1] {
                let v = self.order[i] as usize;
                let mut ahead: Values = [0.0; LANES];
                for &t in graph.row(v) {
                    let (hops, shares) = (&self.hops[t as usize], &self.paths[t as usize]);
                    for lane in 0..LANES {
                        ahead[lane] += if hops[lane] == next { shares[lane] } else { 0.0 };
                    }
                }
                let (hops, paths) = (&self.hops[v], &mut self.paths[v]);
                let mut all = 0.0;
                for lane in 0..LANES {
                    if hops[lane] == step as u32 {
                        let dependency = ahead[lane] * paths[lane];
                        paths[lane] = (1.0 + dependency) / paths[lane];
                        all += if step > 0 { dependency } else { 0.0 };
                    }
                }
                sum[v] += all;
            }
        }
    }
}
