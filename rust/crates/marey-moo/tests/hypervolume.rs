//! Volumes against cells counted one by one, contributions against differences, one thread against many.

use marey_moo::{Points, hv_contributions, hv_gradient, hv_least, hypervolume};
use proptest::prelude::*;

type Table = Vec<Vec<f64>>;

/// Cuts space along the last objective and adds slab after slab.
fn reference_volume(rows: &[Vec<f64>], reference: &[f64]) -> f64 {
    let (last, rest) = reference.split_last().unwrap();
    let mut cuts: Vec<f64> = rows.iter().map(|row| row[rest.len()]).filter(|z| z < last).collect();
    cuts.push(*last);
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let slab = |cut: &[f64]| {
        let below: Table = rows
            .iter()
            .filter(|row| row[rest.len()] <= cut[0])
            .map(|row| row[..rest.len()].to_vec())
            .collect();
        let area = if rest.is_empty() {
            f64::from(u8::from(!below.is_empty()))
        } else {
            reference_volume(&below, rest)
        };
        area * (cut[1] - cut[0])
    };
    cuts.windows(2).map(slab).sum()
}

fn flat(rows: &[Vec<f64>]) -> Vec<f64> {
    rows.iter().flatten().copied().collect()
}

fn volume(rows: &[Vec<f64>], reference: &[f64]) -> f64 {
    hypervolume(Points::new(&flat(rows), rows.len(), reference.len()).unwrap(), reference, None).unwrap()
}

fn contributions(rows: &[Vec<f64>], reference: &[f64]) -> Vec<f64> {
    hv_contributions(Points::new(&flat(rows), rows.len(), reference.len()).unwrap(), reference, None).unwrap()
}

/// d and rows of d values of which some lie beyond the reference 1.
fn table(value: impl Strategy<Value = f64> + Clone, most: usize) -> impl Strategy<Value = (usize, Table)> {
    (1..7usize).prop_flat_map(move |d| {
        let rows = prop::collection::vec(prop::collection::vec(value.clone(), d), 0..most);
        rows.prop_map(move |rows| (d, rows))
    })
}

fn numbers() -> impl Strategy<Value = f64> + Clone {
    -1.0..1.1f64
}

fn grid() -> impl Strategy<Value = f64> + Clone {
    (0..5i32).prop_map(|i| f64::from(i) / 4.0)
}

fn close(a: f64, b: f64, scale: f64) -> bool {
    // Cancellation leaves a few roundings of the boxes that the recursion subtracts.
    (a - b).abs() <= 1e-12 * scale.max(1.0)
}

proptest! {
    #[test]
    fn equals_the_reference((d, rows) in table(numbers(), 8)) {
        let reference = vec![1.0; d];
        let expected = reference_volume(&rows, &reference);
        prop_assert!(close(volume(&rows, &reference), expected, expected));
    }

    #[test]
    fn equals_the_reference_with_ties((d, rows) in table(grid(), 30)) {
        let reference = vec![1.0; d];
        // Quarters have exact sums: no tolerance.
        prop_assert_eq!(volume(&rows, &reference), reference_volume(&rows, &reference));
    }

    #[test]
    fn contributions_are_differences((d, rows) in table(numbers(), 7)) {
        let reference = vec![1.0; d];
        let whole = reference_volume(&rows, &reference);
        for (i, value) in contributions(&rows, &reference).into_iter().enumerate() {
            let mut others = rows.clone();
            others.remove(i);
            prop_assert!(close(value, whole - reference_volume(&others, &reference), whole));
        }
    }

    #[test]
    fn contributions_are_differences_with_ties((d, rows) in table(grid(), 20)) {
        let reference = vec![1.0; d];
        let whole = volume(&rows, &reference);
        for (i, value) in contributions(&rows, &reference).into_iter().enumerate() {
            let mut others = rows.clone();
            others.remove(i);
            prop_assert_eq!(value, whole - volume(&others, &reference));
        }
    }

    #[test]
    fn many_points_in_space_and_plane(
        d in 2..4usize,
        rows in prop::collection::vec(prop::collection::vec(0..40u8, 3), 1..200),
    ) {
        let rows: Table = rows.iter().map(|row| row[..d].iter().copied().map(f64::from).collect()).collect();
        let reference = vec![38.0; d];
        let whole = volume(&rows, &reference);
        prop_assert_eq!(whole, reference_volume(&rows, &reference));
        for (i, value) in contributions(&rows, &reference).into_iter().enumerate() {
            let mut others = rows.clone();
            others.remove(i);
            prop_assert_eq!(value, whole - volume(&others, &reference));
        }
    }
}

fn gradient(rows: &[Vec<f64>], reference: &[f64]) -> Vec<f64> {
    hv_gradient(Points::new(&flat(rows), rows.len(), reference.len()).unwrap(), reference).unwrap()
}

proptest! {
    #[test]
    fn the_gradient_is_the_slope_towards_worse((d, rows) in table(grid(), 20)) {
        let reference = vec![1.0; d];
        let slopes = gradient(&rows, &reference);
        let whole = volume(&rows, &reference);
        for (i, j) in (0..rows.len()).flat_map(|i| (0..d).map(move |j| (i, j))) {
            // The volume is linear in one coordinate between two values of the grid, and every product is exact.
            let step = 1.0 / 64.0;
            let mut moved = rows.clone();
            moved[i][j] += step;
            prop_assert_eq!(slopes[i * d + j] * step, volume(&moved, &reference) - whole);
        }
    }
}

/// Points of a simplex: none dominates another.
fn front(n: usize, d: usize) -> Vec<f64> {
    let mut state = 1u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    let rows = (0..n).map(|_| (0..d).map(|_| -uniform().ln()).collect::<Vec<f64>>());
    rows.flat_map(|row| row.iter().map(|x| x / row.iter().sum::<f64>()).collect::<Vec<f64>>()).collect()
}

#[test]
fn every_number_of_threads_gives_the_same_bits() {
    for (n, d) in [(200, 4), (150, 5), (90, 6), (70, 8)] {
        let values = front(n, d);
        let points = Points::new(&values, n, d).unwrap();
        let reference = vec![1.1; d];
        let volume = hypervolume(points, &reference, None).unwrap();
        let contributions = hv_contributions(points, &reference, None).unwrap();
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(hypervolume(points, &reference, Some(&pool)).unwrap().to_bits(), volume.to_bits());
            assert_eq!(hv_contributions(points, &reference, Some(&pool)).unwrap(), contributions);
        }
    }
}

#[test]
fn order_of_points_and_objectives_does_not_matter() {
    for d in 2..9 {
        let values = front(40, d);
        let rows: Table = values.chunks(d).map(<[f64]>::to_vec).collect();
        let reference = vec![1.2; d];
        let expected = volume(&rows, &reference);
        let turned: Table = rows.iter().rev().map(|row| row.iter().rev().copied().collect()).collect();
        assert!((volume(&turned, &reference) - expected).abs() <= 1e-13 * expected);
    }
}

#[test]
fn a_long_front_in_space() {
    // The staircase of a line of points outgrows its array.
    let n = 10_000;
    let rows: Table =
        (0..n).map(|i| (i * 7919) % n).map(|i| vec![f64::from(i), -f64::from(i), 0.0]).collect();
    let expected: f64 = (1..=n).map(f64::from).sum();
    assert_eq!(volume(&rows, &[f64::from(n), 1.0, 1.0]), expected);
}

#[test]
fn infinities() {
    let values = [0.0, f64::NEG_INFINITY, 0.5, 0.5];
    let points = Points::new(&values, 2, 2).unwrap();
    assert_eq!(hypervolume(points, &[1.0, 1.0], None).unwrap(), f64::INFINITY);
    assert_eq!(hypervolume(points, &[0.0, 1.0], None).unwrap(), 0.0);
    assert!(hv_contributions(points, &[1.0, 1.0], None).unwrap_err().to_string().contains("-inf in row 0"));
    assert_eq!(volume(&[vec![f64::INFINITY, 0.0], vec![0.0, 0.5]], &[1.0, 1.0]), 0.5);
}

#[test]
fn errors_name_what_is_wrong() {
    let points = Points::new(&[0.0, 1.0], 1, 2).unwrap();
    let message = |reference: &[f64]| hypervolume(points, reference, None).unwrap_err().to_string();
    assert_eq!(message(&[1.0]), "`ref` has shape (1,); expected (d,) = (2,)");
    assert_eq!(message(&[1.0, f64::NAN]), "`ref` is NaN in objective 1; expected finite numbers");
    assert!(hypervolume(Points::new(&[f64::NAN], 1, 1).unwrap(), &[1.0], None).is_err());
}

#[test]
fn the_least_contributor_is_the_first_of_the_smallest() {
    let values = [0.0, 3.0, 1.0, 2.0, 2.0, 1.0, 3.0, 0.0];
    let points = Points::new(&values, 4, 2).unwrap();
    assert_eq!(hv_least(points, &[9.0, 9.0], None).unwrap(), Some((1, 1.0)));
    assert_eq!(hv_least(Points::new(&[], 0, 2).unwrap(), &[9.0, 9.0], None).unwrap(), None);
}
