//! Ranks against a definition-by-definition reference, on the inputs that break sweeps: ties, duplicates, chains, planes.

use marey_moo::{Error, Points, pareto_rank};
use proptest::prelude::*;

fn dominates(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(x, y)| x <= y) && a.iter().zip(b).any(|(x, y)| x < y)
}

/// Peels one front after the other.
fn reference(rows: &[Vec<f64>]) -> Vec<i64> {
    let mut ranks = vec![-1; rows.len()];
    let mut left: Vec<usize> = (0..rows.len()).collect();
    let mut rank = 0;
    while !left.is_empty() {
        let (front, rest): (Vec<usize>, Vec<usize>) =
            left.iter().partition(|&&i| !left.iter().any(|&j| dominates(&rows[j], &rows[i])));
        front.iter().for_each(|&i| ranks[i] = rank);
        left = rest;
        rank += 1;
    }
    ranks
}

fn ranked(rows: &[Vec<f64>], d: usize, k: Option<usize>) -> Vec<i64> {
    let flat: Vec<f64> = rows.iter().flatten().copied().collect();
    pareto_rank(Points::new(&flat, rows.len(), d).unwrap(), k).unwrap()
}

fn table(
    value: impl Strategy<Value = f64> + Clone,
    sizes: std::ops::Range<usize>,
) -> impl Strategy<Value = (usize, Vec<Vec<f64>>)> {
    (1..8usize).prop_flat_map(move |d| {
        prop::collection::vec(prop::collection::vec(value.clone(), d), sizes.clone())
            .prop_map(move |rows| (d, rows))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn equals_the_reference((d, rows) in table(-1.0..1.0f64, 0..300)) {
        prop_assert_eq!(ranked(&rows, d, None), reference(&rows));
    }

    #[test]
    fn equals_the_reference_with_ties((d, rows) in table((0..4i32).prop_map(f64::from), 0..300)) {
        prop_assert_eq!(ranked(&rows, d, None), reference(&rows));
    }

    #[test]
    fn special_values((d, rows) in table(prop::sample::select(vec![-0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY, 1.0]), 0..120)) {
        prop_assert_eq!(ranked(&rows, d, None), reference(&rows));
    }

    #[test]
    fn early_stop_keeps_the_fronts_that_hold_the_best_k((d, rows) in table((0..6i32).prop_map(f64::from), 1..200), share in 0.0..1.2f64) {
        let k = ((rows.len() as f64 * share) as usize).max(1);
        let full = reference(&rows);
        let fronts = (0..).find(|&r| r > *full.iter().max().unwrap() || full.iter().filter(|&&f| f < r).count() >= k).unwrap();
        let expected: Vec<i64> = full.iter().map(|&r| r.min(fronts)).collect();
        prop_assert_eq!(ranked(&rows, d, Some(k)), expected);
    }

    #[test]
    fn order_of_the_rows_does_not_matter((d, rows) in table((0..5i32).prop_map(f64::from), 1..200)) {
        let backwards: Vec<Vec<f64>> = rows.iter().rev().cloned().collect();
        let mut ranks = ranked(&backwards, d, None);
        ranks.reverse();
        prop_assert_eq!(ranks, ranked(&rows, d, None));
    }
}

#[test]
fn chains_planes_and_lines() {
    for d in 1..7 {
        let chain: Vec<Vec<f64>> = (0..200).map(|i| vec![f64::from((i * 37) % 200); d]).collect();
        assert_eq!(ranked(&chain, d, None), (0..200).map(|i| (i * 37) % 200).collect::<Vec<i64>>());
        let equal = vec![vec![0.5; d]; 100];
        assert_eq!(ranked(&equal, d, None), vec![0; 100]);
    }
    for d in 2..7 {
        // The points of a line that falls in the first objective and rises in no other but the last are one front.
        let line: Vec<Vec<f64>> = (0..10_000)
            .map(|i| {
                (0..d)
                    .map(|j| {
                        if j == 0 {
                            f64::from(i)
                        } else if j == d - 1 {
                            -f64::from(i)
                        } else {
                            1.0
                        }
                    })
                    .collect()
            })
            .collect();
        assert_eq!(ranked(&line, d, None), vec![0; 10_000]);
    }
}

#[test]
fn long_staircases() {
    // One front whose staircase outgrows the sorted array, and a copy of it that it dominates.
    let mut rows = Vec::new();
    for i in 0..12_000u32 {
        let y = f64::from(i.wrapping_mul(7919) % 12_000);
        rows.push(vec![f64::from(i % 7), y, -y]);
        rows.push(vec![f64::from(i % 7) + 10.0, y + 0.5, -y + 0.5]);
    }
    let ranks = ranked(&rows, 3, None);
    assert!(ranks.chunks(2).all(|pair| pair == [0, 1]));
}

#[test]
fn errors_name_what_is_wrong() {
    let values = [0.0, 1.0, f64::NAN, 3.0];
    let error = pareto_rank(Points::new(&values, 2, 2).unwrap(), None).unwrap_err();
    assert_eq!(error, Error::NotANumber { argument: "F", row: 1, column: 0 });
    assert!(Points::new(&values, 3, 2).is_err());
    assert!(pareto_rank(Points::new(&[], 3, 0).unwrap(), None).is_err());
    assert!(pareto_rank(Points::new(&[1.0], 1, 1).unwrap(), Some(0)).is_err());
    assert!(pareto_rank(Points::new(&[], 0, 4).unwrap(), None).unwrap().is_empty());
}
