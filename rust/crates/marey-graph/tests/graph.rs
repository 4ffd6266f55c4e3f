//! Paths, cores and triangles against their definitions, on small graphs with loops, parallel edges and isolated nodes.

use marey_graph::{
    Objective, Owned, bfs, core_number, leiden, minimum_spanning_tree, nearest, shortest_paths,
    strong_components, triangles, weak_components,
};
use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

type Edges = Vec<(i64, i64, f64)>;

fn edges() -> impl Strategy<Value = (usize, Edges)> {
    (1..14usize).prop_flat_map(|n| {
        let node = 0..n as i64;
        let weight = (1..6i32).prop_map(f64::from);
        prop::collection::vec((node.clone(), node, weight), 0..40).prop_map(move |edges| (n, edges))
    })
}

fn built(n: usize, edges: &Edges, directed: bool) -> Owned {
    let src: Vec<i64> = edges.iter().map(|e| e.0).collect();
    let dst: Vec<i64> = edges.iter().map(|e| e.1).collect();
    let weight: Vec<f64> = edges.iter().map(|e| e.2).collect();
    Owned::from_edges(&src, &dst, Some(&weight), n, directed).unwrap()
}

/// Shortest lengths between all pairs, by Floyd and Warshall.
fn all_pairs(n: usize, edges: &Edges, directed: bool) -> Vec<Vec<f64>> {
    let mut length = vec![vec![f64::INFINITY; n]; n];
    for &(u, v, w) in edges {
        let (u, v) = (u as usize, v as usize);
        length[u][v] = length[u][v].min(w);
        if !directed {
            length[v][u] = length[v][u].min(w);
        }
    }
    (0..n).for_each(|v| length[v][v] = 0.0);
    for k in 0..n {
        for i in 0..n {
            for j in 0..n {
                length[i][j] = length[i][j].min(length[i][k] + length[k][j]);
            }
        }
    }
    length
}

fn adjacent(n: usize, edges: &Edges) -> Vec<Vec<bool>> {
    let mut adjacent = vec![vec![false; n]; n];
    for &(u, v, _) in edges.iter().filter(|e| e.0 != e.1) {
        adjacent[u as usize][v as usize] = true;
        adjacent[v as usize][u as usize] = true;
    }
    adjacent
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn distances((n, edges) in edges(), directed: bool) {
        let graph = built(n, &edges, directed);
        let sources: Vec<i64> = (0..n as i64).collect();
        let expected = all_pairs(n, &edges, directed);
        // Whole weights: sums are exact.
        let found = shortest_paths(graph.view(), &sources, f64::INFINITY, false, None).unwrap();
        prop_assert_eq!(&found.distance, &expected.concat());
        let hops = all_pairs(n, &edges.iter().map(|e| (e.0, e.1, 1.0)).collect(), directed).concat();
        let hops: Vec<i64> = hops.iter().map(|&h| if h.is_finite() { h as i64 } else { -1 }).collect();
        prop_assert_eq!(bfs(graph.view(), &sources, None).unwrap(), hops);
        let strong = strong_components(graph.view());
        for u in 0..n {
            for v in 0..n {
                let both = expected[u][v].is_finite() && expected[v][u].is_finite();
                prop_assert_eq!(strong[u] == strong[v], both);
            }
        }
    }

    #[test]
    fn cores_triangles_and_trees((n, edges) in edges()) {
        let graph = built(n, &edges, false);
        let near = adjacent(n, &edges);
        let mut cores = vec![0i64; n];
        for k in 1..n as i64 {
            let mut inside = vec![true; n];
            while let Some(out) = (0..n).find(|&v| inside[v] && ((0..n).filter(|&u| inside[u] && near[v][u]).count() as i64) < k) {
                inside[out] = false;
            }
            (0..n).filter(|&v| inside[v]).for_each(|v| cores[v] = k);
        }
        prop_assert_eq!(core_number(graph.view()), cores);
        let counts: Vec<i64> = (0..n).map(|v| {
            (0..n).map(|a| (0..a).filter(|&b| near[v][a] && near[v][b] && near[a][b]).count() as i64).sum()
        }).collect();
        prop_assert_eq!(triangles(graph.view(), None), counts);

        // Kruskal: the lightest edges that join two components.
        let mut sorted = edges.clone();
        sorted.sort_by(|a, b| a.2.total_cmp(&b.2));
        let (mut taken, mut weight) = (Edges::new(), 0.0);
        for edge in sorted {
            let labels = weak_components(built(n, &taken, false).view());
            if labels[edge.0 as usize] != labels[edge.1 as usize] {
                taken.push(edge);
                weight += edge.2;
            }
        }
        let tree = minimum_spanning_tree(graph.view());
        prop_assert_eq!(tree.iter().map(|e| e.2).sum::<f64>(), weight);
        prop_assert_eq!(weak_components(built(n, &tree, false).view()), weak_components(graph.view()));
    }

    #[test]
    fn communities_are_connected((n, edges) in edges(), seed: u64, cpm: bool) {
        let graph = built(n, &edges, false);
        let objective = if cpm { Objective::Cpm } else { Objective::Modularity };
        let labels = leiden(graph.view(), &[0.3, 1.0], objective, Some(2), seed, None).unwrap();
        let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        prop_assert_eq!(&leiden(graph.view(), &[0.3, 1.0], objective, Some(2), seed, Some(&pool)).unwrap(), &labels);
        for labels in labels.chunks(n) {
            let inside = edges.iter().copied().filter(|e| labels[e.0 as usize] == labels[e.1 as usize]).collect();
            prop_assert_eq!(weak_components(built(n, &inside, false).view()), labels);
        }
    }

    #[test]
    fn neighbours((d, rows) in (1..9usize).prop_flat_map(|d| (Just(d), prop::collection::vec(prop::collection::vec(-2..3i32, d), 2..90))), share in 0.0..1.0f64, shift in prop::sample::select(vec![0.0, 100_000.5, 67_108_865.0])) {
        let points: Vec<f64> = rows.iter().flatten().map(|&x| f64::from(x) + shift).collect();
        let (n, k) = (rows.len(), ((rows.len() - 1) as f64 * share) as usize);
        // Squares are exact, the largest shift is not in float32: all differences are left to float64.
        let found = nearest(&points, d, k, None).unwrap();
        for i in 0..n {
            let length = |j: usize| (0..d).map(|c| (points[i * d + c] - points[j * d + c]).powi(2)).sum::<f64>().sqrt();
            let mut all: Vec<(f64, i64)> = (0..n).filter(|&j| j != i).map(|j| (length(j), j as i64)).collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let row = i * k..(i + 1) * k;
            let ours: Vec<(f64, i64)> = found.distance[row.clone()].iter().copied().zip(found.index[row].iter().copied()).collect();
            prop_assert_eq!(ours, &all[..k]);
        }
    }
}

#[test]
fn errors_name_what_is_wrong() {
    let error = Owned::from_edges(&[0, 7], &[1, 1], None, 3, true).unwrap_err();
    assert_eq!(error.to_string(), "`src` has node 7 at index 1; expected 0 <= node < n = 3");
    let graph = Owned::from_edges(&[0], &[1], Some(&[-1.0]), 2, true).unwrap();
    assert!(shortest_paths(graph.view(), &[0], f64::INFINITY, false, None).is_err());
    assert!(leiden(graph.view(), &[1.0], Objective::Cpm, None, 0, None).is_err());
    assert!(nearest(&[0.0, f64::NAN, 1.0], 1, 1, None).is_err());
    assert!(nearest(&[0.0, 1.0], 1, 2, None).is_err());
}
