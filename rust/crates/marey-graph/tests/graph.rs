//! Paths, cores and triangles against their definitions, on small graphs with loops, parallel edges and isolated nodes.

use marey_graph::{
    Kind, Method, Objective, Owned, Run, betweenness, bfs, communities, core_number, label_propagation,
    max_flow, max_weight_matching, minimum_spanning_tree, nearest, shortest_paths, steiner_tree,
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
        let found = shortest_paths(graph.view(), &sources, f64::INFINITY, false, directed, None).unwrap();
        prop_assert_eq!(&found.distance, &expected.concat());
        let hops = all_pairs(n, &edges.iter().map(|e| (e.0, e.1, 1.0)).collect(), directed).concat();
        let hops: Vec<i64> = hops.iter().map(|&h| if h.is_finite() { h as i64 } else { -1 }).collect();
        prop_assert_eq!(&bfs(graph.view(), None, &sources, None).unwrap(), &hops);
        let incoming = graph.view().transposed();
        prop_assert_eq!(bfs(graph.view(), Some(incoming.view()), &sources, None).unwrap(), hops);
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
    fn communities_are_connected((n, edges) in edges(), seed: u64, which in 0..3usize, louvain: bool) {
        let graph = built(n, &edges, false);
        let objective = [Objective::Modularity, Objective::Cpm, Objective::Density][which];
        let method = if louvain { Method::Louvain } else { Method::Leiden };
        let runs = [0.3, 1.0].map(|resolution| Run { resolution, seed });
        let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let both = [None, Some(&pool)].map(|pool| {
            let mut labels = communities(graph.view(), &runs, objective, method, Some(2), pool).unwrap();
            labels.extend(label_propagation(graph.view(), &[seed], pool).unwrap());
            labels
        });
        prop_assert_eq!(&both[0], &both[1]);
        for labels in both[0].chunks(n) {
            let inside = edges.iter().copied().filter(|e| labels[e.0 as usize] == labels[e.1 as usize]).collect();
            prop_assert_eq!(weak_components(built(n, &inside, false).view()), labels);
        }
    }

    #[test]
    fn a_flow_equals_its_cut((n, edges) in edges(), both_ways: bool) {
        prop_assume!(n > 1);
        let (src, dst): (Vec<i64>, Vec<i64>) = edges.iter().map(|e| (e.0, e.1)).unzip();
        let capacity: Vec<i64> = edges.iter().map(|e| e.2 as i64).collect();
        let found = max_flow(&src, &dst, &capacity, n, (0, n - 1), both_ways).unwrap();
        let (mut kept, mut cut) = (vec![0; n], 0);
        for e in 0..src.len() {
            let (u, v) = (src[e] as usize, dst[e] as usize);
            let least = if both_ways { -capacity[e] } else { 0 };
            prop_assert!(found.flow[e] <= capacity[e] && found.flow[e] >= least);
            kept[u] -= found.flow[e];
            kept[v] += found.flow[e];
            let (near, far) = (found.source_side[u], found.source_side[v]);
            cut += if near && !far || both_ways && near != far { capacity[e] } else { 0 };
        }
        prop_assert!(kept[1..n - 1].iter().all(|&units| units == 0));
        prop_assert_eq!((kept[n - 1], -kept[0], cut), (found.value, found.value, found.value));
    }

    #[test]
    fn a_matching_equals_its_duals((n, edges) in edges()) {
        let edges: Vec<(i64, i64, i64)> = edges.iter().map(|e| (e.0, e.1, e.2 as i64)).collect();
        let found = max_weight_matching(&edges, n, false).unwrap();
        let heaviest = |u: i64, v: i64| {
            edges.iter().filter(|e| (e.0, e.1) == (u, v) || (e.1, e.0) == (u, v)).map(|e| e.2).max()
        };
        let pairs = (0..n).filter(|&v| found.mate[v] > v as i64);
        let weight: i64 = pairs.map(|v| heaviest(v as i64, found.mate[v]).unwrap()).sum();
        let dual: i64 = found.dual.iter().sum::<i64>()
            + found.blossoms.iter().map(|(nodes, z)| nodes.len() as i64 / 2 * z).sum::<i64>();
        prop_assert_eq!(2 * weight, dual);
        for &(i, j, w) in edges.iter().filter(|e| e.0 != e.1) {
            let around = found.blossoms.iter().filter(|(nodes, _)| nodes.contains(&i) && nodes.contains(&j));
            let price = found.dual[i as usize] + found.dual[j as usize] + around.map(|blossom| blossom.1).sum::<i64>();
            prop_assert!(price >= 2 * w);
        }
    }

    #[test]
    fn a_tree_joins_the_terminals((n, edges) in edges(), pick: u64) {
        let graph = built(n, &edges, false);
        let terminals: Vec<i64> = (0..n as i64).filter(|v| pick >> v & 1 == 1).collect();
        let whole = weak_components(graph.view());
        let joined = terminals.iter().all(|&t| whole[t as usize] == whole[terminals[0] as usize]);
        match steiner_tree(graph.view(), &terminals) {
            Err(_) => prop_assert!(!joined),
            Ok(found) => {
                let parts = weak_components(built(n, &found.edges, false).view());
                prop_assert!(terminals.iter().all(|&t| parts[t as usize] == parts[terminals[0] as usize]));
                let weight: f64 = found.edges.iter().map(|e| e.2).sum();
                prop_assert!(found.bound <= weight + 1e-9 && weight <= 2.0 * found.bound + 1e-9);
            }
        }
    }

    #[test]
    fn lanes_do_as_single_sources((n, edges) in edges(), directed: bool) {
        let unit: Edges = edges.iter().map(|e| (e.0, e.1, 1.0)).collect();
        let weighted = built(n, &unit, directed);
        let plain = Owned { weights: None, ..weighted.clone() };
        let sources: Vec<i64> = (0..n as i64).chain(0..n as i64).collect();
        let together = betweenness(plain.view(), &sources, None).unwrap();
        let single = betweenness(weighted.view(), &sources, None).unwrap();
        // The sums are taken in another order.
        prop_assert!(together.iter().zip(&single).all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + b)));
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
    assert!(shortest_paths(graph.view(), &[0], f64::INFINITY, false, false, None).is_err());
    let runs = [Run { resolution: 1.0, seed: 0 }];
    assert!(communities(graph.view(), &runs, Objective::Cpm, Method::Leiden, None, None).is_err());
    let cycle = Owned::from_edges(&[0, 1, 2], &[1, 2, 1], Some(&[1.0, -2.0, 1.0]), 3, true).unwrap();
    let error = shortest_paths(cycle.view(), &[0], f64::INFINITY, false, true, None).err().unwrap();
    assert_eq!(error.kind, Kind::NegativeCycle);
    assert_eq!(error.witness.len(), 2);
    assert!(nearest(&[0.0, f64::NAN, 1.0], 1, 1, None).is_err());
    assert!(nearest(&[0.0, 1.0], 1, 2, None).is_err());
}
