//! The potentials prove that the choice is the best: no arc that could carry more has negative reduced cost.

use super::*;

fn number(seed: u64, i: usize) -> f64 {
    crate::random::mix(seed, i as u64) as f64 / u64::MAX as f64
}

struct Case {
    treated: Vec<f64>,
    control: Vec<f64>,
    groups: (Vec<i64>, Vec<i64>),
    category: Vec<i64>,
    wanted: Vec<i64>,
}

fn case(seed: u64, t: usize, c: usize, d: usize) -> Case {
    let group = |from: usize, n: usize| (0..n).map(|i| (number(seed + 7, from + i) * 2.0) as i64).collect();
    let category: Vec<i64> = (0..c).map(|i| (number(seed + 9, i) * 3.0) as i64).collect();
    Case {
        // Halves of whole numbers: ties are common.
        treated: (0..t * d).map(|i| (number(seed, i) * 8.0).round() / 2.0).collect(),
        control: (0..c * d).map(|i| (number(seed + 1, i) * 8.0).round() / 2.0).collect(),
        groups: (group(0, t), group(t, c)),
        wanted: vec![t as i64 / 2, 1, t as i64 / 3],
        category,
    }
}

#[test]
fn prices_prove_the_optimum() {
    for seed in 0..60 {
        let (t, c, d) = (1 + seed as usize % 13, seed as usize % 40, 1 + seed as usize % 3);
        let made = case(seed, t, c, d);
        let extra: Vec<f64> = (0..t + c).map(|i| number(seed + 3, i)).collect();
        let windows = [Window { treated: &extra[..t], control: &extra[t..], width: 0.6 }];
        let subjects = Subjects {
            treated: &made.treated,
            control: &made.control,
            d,
            metric: Metric::Euclidean,
            caliper: if seed % 2 == 0 { 1.5 } else { f64::INFINITY },
            treated_group: &made.groups.0,
            control_group: &made.groups.1,
            windows: &windows[..seed as usize % 2],
        };
        let near = NearFine { category: &made.category, wanted: &made.wanted };
        for (least, most, total) in [(1, 1, None), (1, 3, None), (1, 3, Some(2 * t as u64))] {
            for near in [None, Some(&near)] {
                proves(&subjects, &Ratio { least, most, total }, near);
            }
        }
    }
}

fn proves(subjects: &Subjects, ratio: &Ratio, near: Option<&NearFine>) {
    let space = Space::new(subjects).unwrap();
    let (flow, prices) = optimal(&space, ratio, near, None).unwrap();
    let (t, c) = (space.treated(), space.controls());
    let steps = Steps::new(&space);
    let every: Vec<u32> = (0..t as u32).collect();
    let (of_row, rest) = flow.potential.split_at(t);
    let (of_column, of_category) = rest.split_at(c);
    for (i, row) in space.rows(&every, c, None).iter().enumerate() {
        for (&j, &distance) in row.partner.iter().zip(&row.distance) {
            let reduced = i128::from(steps.of(distance)) + of_row[i] - of_column[j as usize];
            let held = flow.holder[j as usize] == i as u32;
            assert!(if held { reduced <= 0 } else { reduced >= 0 }, "pair {i} {j}: {reduced}");
        }
        let last = |k: u32| if k == prices.supply[i] { prices.alone } else { prices.idle };
        if flow.idle[i] < prices.supply[i] {
            assert!(last(flow.idle[i] + 1) + of_row[i] >= 0, "row {i} would rather be alone");
        }
        if flow.idle[i] > 0 && flow.idle[i] <= prices.supply[i] {
            assert!(last(flow.idle[i]) + of_row[i] <= 0, "row {i} would rather not be alone");
        }
    }
    let mut used = vec![0; of_category.len()];
    for j in 0..c {
        let to = prices.categories.as_ref().map_or(0, |(category, _)| of_category[category[j] as usize]);
        let reduced = of_column[j] - to;
        if flow.holder[j] == NONE {
            assert!(reduced >= 0, "column {j}");
        } else {
            assert!(reduced <= 0, "column {j}");
            if let Some((category, _)) = &prices.categories {
                used[category[j] as usize] += 1;
            }
        }
    }
    for (k, &used) in used.iter().enumerate() {
        let wanted = prices.categories.as_ref().unwrap().1[k];
        let (next, last) =
            (if used >= wanted { prices.excess } else { 0 }, if used > wanted { prices.excess } else { 0 });
        assert!(next + of_category[k] >= 0, "category {k} would take more");
        assert!(used == 0 || last + of_category[k] <= 0, "category {k} would take less");
    }
}

#[test]
fn any_number_of_threads_and_any_length_of_rows() {
    let made = case(5, 300, 900, 3);
    let subjects = Subjects {
        treated: &made.treated,
        control: &made.control,
        d: 3,
        metric: Metric::Euclidean,
        caliper: 2.0,
        treated_group: &made.groups.0,
        control_group: &made.groups.1,
        windows: &[],
    };
    let ratio = Ratio { least: 2, most: 2, total: None };
    let one = match_optimal(&subjects, &ratio, None, None).unwrap();
    for threads in [2, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(match_optimal(&subjects, &ratio, None, Some(&pool)).unwrap(), one);
    }
    let space = Space::new(&subjects).unwrap();
    let (short, long) = (space.rows(&[7], 20, None), space.rows(&[7], 80, None));
    assert_eq!(short[0].partner[..], long[0].partner[..20]);
}
