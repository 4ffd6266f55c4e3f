//! Any bytes as the arrays of a graph: building it gives an error or a graph whose rows are what the arrays say.

use marey_graph::{Csr, Owned, bfs, shortest_paths, weak_components};

/// Reads numbers off the bytes, zeros past the end.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        let first = *first;
        self.0 = rest;
        first
    }

    fn word(&mut self) -> u64 {
        (0..8).fold(0, |word, _| word << 8 | u64::from(self.byte()))
    }

    /// Mostly a small number, now and then any.
    fn node(&mut self) -> i64 {
        match self.byte() {
            255 => self.word() as i64,
            byte => i64::from(byte % 16) - i64::from(byte == 254),
        }
    }

    fn weight(&mut self) -> f64 {
        match self.byte() {
            255 => f64::from_bits(self.word()),
            byte => f64::from(byte) / 8.0,
        }
    }
}

/// Panics where a promise is broken.
pub fn check(data: &[u8]) {
    let mut bytes = Bytes(data);
    let n = match bytes.byte() {
        255 => bytes.word() as usize,
        byte => usize::from(byte % 20),
    };
    let (directed, weighted, count) =
        (bytes.byte() & 1 == 1, bytes.byte() & 1 == 1, usize::from(bytes.byte() % 40));
    let src: Vec<i64> = (0..count).map(|_| bytes.node()).collect();
    let dst: Vec<i64> =
        (0..count - usize::from(bytes.byte() == 255 && count > 0)).map(|_| bytes.node()).collect();
    let weight: Option<Vec<f64>> = weighted.then(|| (0..count).map(|_| bytes.weight()).collect());
    // A graph of many nodes without edges is right, and too large to build here.
    if n <= 1 << 16 || n > i32::MAX as usize {
        from_edges(&src, &dst, weight.as_deref(), n, directed);
    }
    let offsets: Vec<i64> = (0..bytes.byte() % 12).map(|_| bytes.node()).collect();
    let targets: Vec<i32> = (0..bytes.byte() % 24).map(|_| bytes.node() as i32).collect();
    if let Ok(view) = Csr::new(&offsets, &targets, None)
        && view.validate().is_ok()
    {
        let back = view.transposed();
        assert_eq!(back.view().arcs(), view.arcs());
        assert_eq!(weak_components(back.view()), weak_components(view));
    }
}

fn from_edges(src: &[i64], dst: &[i64], weight: Option<&[f64]>, n: usize, directed: bool) {
    let good = n <= i32::MAX as usize
        && src.len() == dst.len()
        && src.iter().chain(dst).all(|&v| v >= 0 && v < n as i64)
        && weight.is_none_or(|weight| weight.iter().all(|w| w.is_finite()));
    let built = Owned::from_edges(src, dst, weight, n, directed);
    assert_eq!(built.is_ok(), good);
    let Ok(graph) = built else { return };
    let mut arcs: Vec<(usize, usize, u64)> = Vec::new();
    for e in 0..src.len() {
        let (u, v, w) = (src[e] as usize, dst[e] as usize, weight.map_or(1.0, |weight| weight[e]).to_bits());
        arcs.push((u, v, w));
        if !directed && u != v {
            arcs.push((v, u, w));
        }
    }
    let view = graph.view();
    view.validate().expect("a built graph is valid");
    let mut found: Vec<(usize, usize, u64)> = Vec::new();
    for v in 0..n {
        assert!(view.row(v).is_sorted());
        found.extend(view.arcs_of(v).map(|(t, w)| (v, t, w.to_bits())));
    }
    arcs.sort_unstable();
    found.sort_unstable();
    assert_eq!(arcs, found);
    if n > 0 && n < 100 {
        assert_eq!(bfs(view, None, &[0], None).expect("a node")[0], 0);
        let _ = shortest_paths(view, &[0], f64::INFINITY, true, directed, None);
    }
}
