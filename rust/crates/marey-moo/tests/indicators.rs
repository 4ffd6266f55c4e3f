//! Boxes, attainment surfaces, distances and archives against what their definitions say.

use marey_moo::*;
use proptest::prelude::*;

type Table = Vec<Vec<f64>>;

fn flat(rows: &[Vec<f64>]) -> Vec<f64> {
    rows.iter().flatten().copied().collect()
}

fn table(d: usize, most: u8, rows: usize) -> impl Strategy<Value = Table> {
    let row = prop::collection::vec((0..most).prop_map(f64::from), d);
    prop::collection::vec(row, 0..rows)
}

fn volume(boxes: &Boxes, d: usize) -> f64 {
    let extent = |(low, high): (&[f64], &[f64])| low.iter().zip(high).map(|(l, h)| h - l).product::<f64>();
    boxes.lower.chunks(d).zip(boxes.upper.chunks(d)).map(extent).sum()
}

fn boxes_around(boxes: &Boxes, x: &[f64]) -> usize {
    let around =
        |(low, high): (&[f64], &[f64])| x.iter().zip(low.iter().zip(high)).all(|(x, (l, h))| l < x && x < h);
    boxes.lower.chunks(x.len()).zip(boxes.upper.chunks(x.len())).filter(|&corners| around(corners)).count()
}

fn no_worse(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a <= b)
}

proptest! {
    #[test]
    fn every_place_lies_in_one_box((d, rows) in (1..5usize).prop_flat_map(|d| (Just(d), table(d, 6, 25)))) {
        let values = flat(&rows);
        let points = Points::new(&values, rows.len(), d).unwrap();
        let reference = vec![5.0; d];
        let dominated = dominated_boxes(points, &reference).unwrap();
        let rest = nondominated_boxes(points, &reference).unwrap();
        prop_assert_eq!(volume(&dominated, d), hypervolume(points, &reference, None).unwrap());
        for cell in 0..6usize.pow(d as u32) {
            let x: Vec<f64> = (0..d).map(|j| (cell / 6usize.pow(j as u32) % 6) as f64 - 0.5).collect();
            let is_dominated = rows.iter().any(|row| no_worse(row, &x));
            prop_assert_eq!(boxes_around(&dominated, &x), usize::from(is_dominated));
            prop_assert_eq!(boxes_around(&rest, &x), usize::from(!is_dominated));
        }
    }

    #[test]
    fn attainment_counts_runs(d in 2..4usize, runs in prop::collection::vec(table(3, 6, 12), 1..6)) {
        let rows: Table = runs.iter().flatten().map(|row| row[..d].to_vec()).collect();
        let values = flat(&rows);
        let mut offsets = vec![0];
        runs.iter().for_each(|run| offsets.push(offsets[offsets.len() - 1] + run.len()));
        let levels: Vec<usize> = (1..=runs.len()).collect();
        let surfaces = eaf(Points::new(&values, rows.len(), d).unwrap(), &offsets, &levels).unwrap();
        for (level, surface) in levels.iter().zip(&surfaces) {
            let surface: Vec<&[f64]> = surface.chunks(d).collect();
            for (a, b) in surface.iter().flat_map(|a| surface.iter().map(move |b| (a, b))) {
                prop_assert!(a == b || !no_worse(a, b), "the surface has a point that is not minimal");
            }
            for cell in 0..6usize.pow(d as u32) {
                let x: Vec<f64> = (0..d).map(|j| (cell / 6usize.pow(j as u32) % 6) as f64).collect();
                let attained = runs.iter().filter(|run| run.iter().any(|row| no_worse(&row[..d], &x))).count();
                prop_assert_eq!(attained >= *level, surface.iter().any(|point| no_worse(point, &x)));
            }
        }
    }

    #[test]
    fn an_archive_is_the_front_of_all_it_was_offered(rows in table(3, 8, 150)) {
        let values = flat(&rows);
        let mut archive = Archive::new(3, None, None, Drop::Crowded).unwrap();
        let half = rows.len() / 2;
        archive.add(Points::new(&values[..half * 3], half, 3).unwrap()).unwrap();
        archive.add(Points::new(&values[half * 3..], rows.len() - half, 3).unwrap()).unwrap();
        let ranks = pareto_rank(Points::new(&values, rows.len(), 3).unwrap(), Some(1)).unwrap();
        let mut expected: Table = rows.iter().zip(ranks).filter(|(_, rank)| *rank == 0).map(|(row, _)| row.clone()).collect();
        let (ids, members) = archive.members();
        for (id, member) in ids.iter().zip(members.chunks(3)) {
            prop_assert_eq!(&rows[*id as usize], member);
        }
        let mut members: Table = members.chunks(3).map(<[f64]>::to_vec).collect();
        expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
        expected.dedup();
        members.sort_by(|a, b| a.partial_cmp(b).unwrap());
        prop_assert_eq!(members, expected);
    }

    #[test]
    fn an_archive_with_boxes_covers_all_it_was_offered(rows in table(2, 40, 150), eps in 1..6u8) {
        let eps = f64::from(eps);
        let values = flat(&rows);
        let mut archive = Archive::new(2, None, Some(vec![eps; 2]), Drop::Crowded).unwrap();
        archive.add(Points::new(&values, rows.len(), 2).unwrap()).unwrap();
        let (_, members) = archive.members();
        let cell = |row: &[f64]| -> Vec<f64> { row.iter().map(|x| (x / eps).floor()).collect() };
        let members: Vec<&[f64]> = members.chunks(2).collect();
        for row in &rows {
            prop_assert!(members.iter().any(|member| no_worse(&cell(member), &cell(row))));
        }
        for (i, a) in members.iter().enumerate() {
            for b in &members[i + 1..] {
                prop_assert!(!no_worse(&cell(a), &cell(b)) && !no_worse(&cell(b), &cell(a)));
            }
        }
    }

    #[test]
    fn a_full_archive_keeps_what_adds_most(rows in table(2, 30, 60)) {
        let values = flat(&rows);
        let reference = vec![31.0, 31.0];
        let mut archive = Archive::new(2, Some(5), None, Drop::LeastVolume(reference.clone())).unwrap();
        let mut kept: Table = Vec::new();
        for row in &rows {
            archive.add(Points::new(row, 1, 2).unwrap()).unwrap();
            kept.push(row.clone());
            let all = flat(&kept);
            let ranks = pareto_rank(Points::new(&all, kept.len(), 2).unwrap(), Some(1)).unwrap();
            kept = kept.iter().zip(ranks).filter(|(_, rank)| *rank == 0).map(|(row, _)| row.clone()).collect();
            if kept.iter().filter(|other| *other == row).count() > 1 {
                kept.pop();
            }
            if kept.len() > 5 {
                let all = flat(&kept);
                let given = hv_contributions(Points::new(&all, kept.len(), 2).unwrap(), &reference, None).unwrap();
                let least = given.iter().copied().fold(f64::INFINITY, f64::min);
                kept.remove(given.iter().rposition(|&x| x == least).unwrap());
            }
            prop_assert_eq!(archive.members().1, flat(&kept));
        }
        let _ = values;
    }

    #[test]
    fn distances_are_those_of_the_definition(f in table(3, 9, 40), r in table(3, 9, 40)) {
        prop_assume!(!f.is_empty() && !r.is_empty());
        let (fv, rv) = (flat(&f), flat(&r));
        let (fp, rp) = (Points::new(&fv, f.len(), 3).unwrap(), Points::new(&rv, r.len(), 3).unwrap());
        let mean = |from: &Table, to: &Table, distance: &dyn Fn(&[f64], &[f64]) -> f64| {
            let nearest = |x: &Vec<f64>| to.iter().map(|y| distance(x, y)).fold(f64::INFINITY, f64::min);
            from.iter().map(nearest).sum::<f64>() / from.len() as f64
        };
        let euclid = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt();
        let worse = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - y).max(0.0).powi(2)).sum::<f64>().sqrt();
        prop_assert_eq!(gd(fp, rp, None).unwrap(), mean(&f, &r, &euclid));
        prop_assert_eq!(igd(fp, rp, None).unwrap(), mean(&r, &f, &euclid));
        prop_assert_eq!(gd_plus(fp, rp, None).unwrap(), mean(&f, &r, &worse));
        prop_assert_eq!(igd_plus(fp, rp, None).unwrap(), mean(&r, &f, &|x, y| worse(y, x)));
        let most = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x - y).fold(f64::NEG_INFINITY, f64::max);
        let needed = |y: &Vec<f64>| f.iter().map(|x| most(x, y)).fold(f64::INFINITY, f64::min);
        prop_assert_eq!(epsilon(fp, rp, false).unwrap(), r.iter().map(needed).fold(f64::NEG_INFINITY, f64::max));
    }
}

#[test]
fn every_number_of_threads_gives_the_same_bits() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let values: Vec<f64> =
        (0..9000u64).map(|i| (i.wrapping_mul(2_654_435_761) % 10_007) as f64 / 10_007.0).collect();
    let (f, r) =
        (Points::new(&values[..3000], 1000, 3).unwrap(), Points::new(&values[3000..], 2000, 3).unwrap());
    for indicator in [gd, gd_plus, igd, igd_plus] {
        assert_eq!(indicator(f, r, None).unwrap().to_bits(), indicator(f, r, Some(&pool)).unwrap().to_bits());
    }
    let reference = [1.0, 1.0, 1.0];
    assert_eq!(
        hv_approx(f, &reference, 20_000, 7, None).unwrap(),
        hv_approx(f, &reference, 20_000, 7, Some(&pool)).unwrap()
    );
    let std = vec![0.1; 6000];
    let std = Points::new(&std, 2000, 3).unwrap();
    assert_eq!(ehvi(r, std, f, &reference, None).unwrap(), ehvi(r, std, f, &reference, Some(&pool)).unwrap());
}
