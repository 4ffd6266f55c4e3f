//! Breadth-first searches from several sources at once, a lane each, after Then et al., PVLDB 8(4), 2014.
//!
//! One bit a lane says whether a search has been at a node, so that most arcs are settled by a word that is in the cache;
//! numbers are touched only along shortest paths. The frontier holds the nodes that any lane reaches in this step, so a node
//! is in as many frontiers as there are different distances to it: at worst each lane costs what a search of its own does.

use crate::csr::Csr;

pub(super) const LANES: usize = 16;
type Lanes = u16;
type Values = [f64; LANES];

pub(super) struct Search {
    /// Lanes that have reached a node in an earlier step.
    seen: Vec<Lanes>,
    /// Lanes that reach a node in this step.
    now: Vec<Lanes>,
    /// Number of shortest paths on the way out; (1 + dependency) over it on the way back.
    paths: Vec<Values>,
    /// The frontiers, one after the other: nodes, and the lanes in which each is in it.
    order: Vec<(u32, Lanes)>,
    /// First place in the order of each step.
    steps: Vec<usize>,
}

/// `sum` += `values` in these lanes.
#[inline(always)]
fn add(sum: &mut Values, values: &Values, lanes: Lanes) {
    for lane in 0..LANES {
        sum[lane] += if lanes >> lane & 1 != 0 { values[lane] } else { 0.0 };
    }
}

impl Search {
    pub(super) fn new(n: usize) -> Self {
        Self { seen: vec![0; n], now: vec![0; n], paths: vec![[0.0; LANES]; n], order: vec![], steps: vec![] }
    }

    /// Adds the dependencies of up to sixteen sources to `sum`.
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
        self.seen.fill(0);
        self.order.clear();
        self.steps.clear();
        for (lane, &source) in sources.iter().enumerate() {
            let source = source as usize;
            if self.now[source] == 0 {
                self.order.push((source as u32, 0));
                self.paths[source] = [0.0; LANES];
            }
            self.now[source] |= 1 << lane;
            self.paths[source][lane] = 1.0;
        }
        self.outward(graph);
        self.back(graph, sum);
    }

    #[inline(always)]
    fn outward(&mut self, graph: Csr) {
        let mut begin = 0;
        while begin < self.order.len() {
            let end = self.order.len();
            self.steps.push(begin);
            for (v, lanes) in &mut self.order[begin..end] {
                *lanes = std::mem::take(&mut self.now[*v as usize]);
                self.seen[*v as usize] |= *lanes;
            }
            for i in begin..end {
                let (v, lanes) = self.order[i];
                let own = self.paths[v as usize];
                for &t in graph.row(v as usize) {
                    let t = t as usize;
                    let new = lanes & !self.seen[t];
                    if new == 0 {
                        continue;
                    }
                    if self.now[t] == 0 {
                        self.order.push((t as u32, 0));
                        if self.seen[t] == 0 {
                            self.paths[t] = [0.0; LANES];
                        }
                    }
                    self.now[t] |= new;
                    add(&mut self.paths[t], &own, new);
                }
            }
            begin = end;
        }
        self.steps.push(begin);
    }

    #[inline(always)]
    fn back(&mut self, graph: Csr, sum: &mut [f64]) {
        let mut later: &[(u32, Lanes)] = &[]; // whose lanes `now` holds
        for step in self.steps.windows(2).rev() {
            let frontier = &self.order[step[0]..step[1]];
            let is_source = step[0] == 0;
            for &(v, lanes) in frontier {
                let v = v as usize;
                let mut ahead: Values = [0.0; LANES];
                for &t in graph.row(v) {
                    let next = lanes & self.now[t as usize];
                    if next != 0 {
                        add(&mut ahead, &self.paths[t as usize], next);
                    }
                }
                let paths = &mut self.paths[v];
                for lane in 0..LANES {
                    if lanes >> lane & 1 != 0 {
                        let dependency = ahead[lane] * paths[lane];
                        paths[lane] = (1.0 + dependency) / paths[lane];
                        sum[v] += if is_source { 0.0 } else { dependency };
                    }
                }
            }
            later.iter().for_each(|&(t, _)| self.now[t as usize] = 0);
            frontier.iter().for_each(|&(v, lanes)| self.now[v as usize] = lanes);
            later = frontier;
        }
        later.iter().for_each(|&(v, _)| self.now[v as usize] = 0);
    }
}
