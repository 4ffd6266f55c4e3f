//! Small inputs through every unsafe block, checked against definitions: `make miri` runs this file under Miri, once for
//! the portable code and once for AVX2.

use marey_moo::{Points, epsilon, gd, hv_contributions, hypervolume, igd_plus, pareto_rank};

/// n rows of d values: quarters, so that sums are exact and many tie.
fn rows(n: usize, d: usize) -> Vec<f64> {
    let mut state = 1 + (n * 31 + d) as u64;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 60) as f64 / 16.0
    };
    (0..n * d).map(|_| next()).collect()
}

/// Cuts space along the last objective and adds slab after slab.
fn slabs(rows: &[&[f64]], reference: &[f64]) -> f64 {
    let Some((last, rest)) = reference.split_last() else { return f64::from(u8::from(!rows.is_empty())) };
    let mut cuts: Vec<f64> = rows.iter().map(|row| row[rest.len()]).filter(|z| z < last).collect();
    cuts.push(*last);
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let slab = |cut: &[f64]| {
        let below: Vec<&[f64]> = rows.iter().copied().filter(|row| row[rest.len()] <= cut[0]).collect();
        slabs(&below, rest) * (cut[1] - cut[0])
    };
    cuts.windows(2).map(slab).sum()
}

#[test]
fn volumes_and_contributions() {
    // Miri cannot follow the pointers that rayon keeps as integers; marey's own threads are safe code.
    let pool = (!cfg!(miri)).then(|| rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap());
    // Both sides of a vector of eight, every number of objectives with passes of its own, and the one for all others.
    for (n, d) in [(1, 3), (8, 3), (19, 3), (9, 4), (17, 4), (9, 5), (8, 6), (7, 7), (6, 8), (5, 9)] {
        let values = rows(n, d);
        let reference = vec![1.0; d];
        let volume = |values: &[f64], pool| {
            hypervolume(Points::new(values, values.len() / d, d).unwrap(), &reference, pool).unwrap()
        };
        let table: Vec<&[f64]> = values.chunks(d).collect();
        let whole = volume(&values, None);
        assert!((whole - slabs(&table, &reference)).abs() < 1e-12, "{n} x {d}");
        assert_eq!(whole.to_bits(), volume(&values, pool.as_ref()).to_bits());
        let alone = hv_contributions(Points::new(&values, n, d).unwrap(), &reference, pool.as_ref()).unwrap();
        for (i, alone) in alone.iter().enumerate() {
            let others: Vec<f64> = [&values[..i * d], &values[(i + 1) * d..]].concat();
            let rest = if others.is_empty() { 0.0 } else { volume(&others, None) };
            assert!((whole - rest - alone).abs() < 1e-12, "{n} x {d}, {i}");
        }
    }
}

#[test]
fn ranks() {
    let dominates = |a: &[f64], b: &[f64]| a != b && a.iter().zip(b).all(|(x, y)| x <= y);
    for (n, d) in [(1, 4), (16, 4), (70, 4), (33, 6), (40, 3), (40, 2)] {
        let values = rows(n, d);
        let mut expected = vec![-1; n];
        for front in 0.. {
            let left: Vec<usize> = (0..n).filter(|&i| expected[i] < 0).collect();
            if left.is_empty() {
                break;
            }
            let row = |i: usize| &values[i * d..][..d];
            for &i in &left {
                if !left.iter().any(|&j| dominates(row(j), row(i))) {
                    expected[i] = front;
                }
            }
        }
        assert_eq!(pareto_rank(Points::new(&values, n, d).unwrap(), None).unwrap(), expected, "{n} x {d}");
    }
}

#[test]
fn distances() {
    for (n, m, d) in [(1, 1, 2), (9, 5, 3), (4, 17, 6)] {
        let (a, b) = (rows(n, d), rows(m, d));
        let (points, others) = (Points::new(&a, n, d).unwrap(), Points::new(&b, m, d).unwrap());
        let least = |of: &[f64], to: &[f64], far: &dyn Fn(&[f64], &[f64]) -> f64| -> Vec<f64> {
            of.chunks(d).map(|p| to.chunks(d).map(|q| far(p, q)).fold(f64::INFINITY, f64::min)).collect()
        };
        let euclid = |p: &[f64], q: &[f64]| p.iter().zip(q).map(|(p, q)| (p - q).powi(2)).sum::<f64>().sqrt();
        let worse =
            |q: &[f64], p: &[f64]| p.iter().zip(q).map(|(p, q)| (p - q).max(0.0).powi(2)).sum::<f64>().sqrt();
        let above =
            |q: &[f64], p: &[f64]| p.iter().zip(q).map(|(p, q)| p - q).fold(f64::NEG_INFINITY, f64::max);
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        let max = |values: Vec<f64>| values.into_iter().fold(f64::NEG_INFINITY, f64::max);
        assert!((gd(points, others, None).unwrap() - mean(least(&a, &b, &euclid))).abs() < 1e-14);
        assert!((igd_plus(points, others, None).unwrap() - mean(least(&b, &a, &worse))).abs() < 1e-14);
        assert_eq!(epsilon(points, others, false).unwrap(), max(least(&b, &a, &above)));
    }
}
