//! Small inputs through the unsafe code on memory, checked against the definition: `make miri` runs this file under Miri,
//! once for the portable code and once for AVX2.

use marey_graph::nearest;

#[test]
fn nearest_neighbours() {
    for (n, d, k) in [(2, 1, 1), (17, 3, 2), (37, 5, 4)] {
        let points: Vec<f64> = (0..n * d).map(|i| ((i * 7919 + i * i) % 101) as f64 / 8.0).collect();
        let found = nearest(&points, d, k, None).unwrap();
        for i in 0..n {
            let square =
                |j: usize| (0..d).map(|c| (points[i * d + c] - points[j * d + c]).powi(2)).sum::<f64>();
            let mut others: Vec<usize> = (0..n).filter(|&j| j != i).collect();
            others.sort_by(|&a, &b| square(a).total_cmp(&square(b)).then(a.cmp(&b)));
            let expected: Vec<i64> = others[..k].iter().map(|&j| j as i64).collect();
            assert_eq!(found.index[i * k..][..k], expected, "{n} x {d}, {i}");
        }
    }
}
