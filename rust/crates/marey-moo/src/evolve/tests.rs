//! Every algorithm: the same bits on any number of threads, cut and resumed anywhere, and no file that causes a panic.

use super::optimizer::checksum;
use super::{Optimizer, Plan, Setting, Settings};
use crate::algorithms::ALGORITHMS;
use crate::space::{Condition, Kind, Sampling, Space, Variable};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn variable(kind: Kind, low: f64, high: f64) -> Variable {
    Variable { kind, low, high, conditions: Vec::new() }
}

fn is_single(algorithm: &str) -> bool {
    ["CMAES", "DE"].contains(&algorithm)
}

fn space(algorithm: &str) -> Space {
    let mut variables = vec![
        variable(Kind::Real { log: false }, 0.0, 1.0),
        variable(Kind::Real { log: true }, 1e-3, 1.0),
        variable(Kind::Int { log: false }, -3.0, 4.0),
    ];
    if !algorithm.contains("CMAES") {
        variables.push(variable(Kind::Choice, 0.0, 2.0));
        let mut late = variable(Kind::Int { log: true }, 1.0, 64.0);
        late.conditions = vec![Condition { parent: 3, values: vec![0.0, 2.0] }];
        variables.push(late);
        variables.push(variable(Kind::Permutation, 0.0, 4.0));
    }
    Space::new(variables).unwrap()
}

fn optimizer(algorithm: &str) -> Optimizer {
    let m = if is_single(algorithm) { 1 } else { 2 };
    let mut values = BTreeMap::new();
    if ["MOEAD", "NSGA3", "UNSGA3", "RVEA"].contains(&algorithm) {
        let values_ = (0..8).flat_map(|i| [f64::from(i) / 7.0, 1.0 - f64::from(i) / 7.0]).collect();
        values.insert("ref_dirs".into(), Setting::Table { values: values_, width: 2 });
    } else if algorithm == "MOTPE" {
        values.insert("batch".into(), Setting::Number(8.0));
        values.insert("startup".into(), Setting::Number(16.0));
    } else {
        values.insert("pop".into(), Setting::Number(8.0));
    }
    let plan = Plan {
        algorithm: algorithm.into(),
        n_obj: m,
        n_con: 1,
        seed: 11,
        sampling: Sampling::LatinHypercube,
        settings: Settings::new(values),
    };
    Optimizer::new(space(algorithm), plan).unwrap()
}

/// Two objectives or the first of them, a constraint, now and then a failure.
fn objective(x: &[f64], f: &mut [f64], g: &mut [f64]) {
    let rest: f64 =
        x[1..].iter().enumerate().map(|(i, v)| if v.is_nan() { 0.1 } else { v * (i + 1) as f64 }).sum();
    f[0] = x[0] + 0.01 * rest;
    if f.len() > 1 {
        f[1] = 1.0 - x[0] * x[0] + 0.02 * rest.abs();
    }
    g[0] = 0.1 - x[0];
    if x[1] > 0.9 {
        f[0] = f64::NAN;
    }
}

fn run(optimizer: &mut Optimizer, evals: u64, threads: usize) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    optimizer.advance(evals, &objective, (threads > 1).then_some(&pool), &mut || false);
}

#[test]
fn every_number_of_threads_gives_the_same_bits() {
    for algorithm in ALGORITHMS {
        let saved = [1, 2, 4].map(|threads| {
            let mut optimizer = optimizer(algorithm);
            run(&mut optimizer, 203, threads);
            optimizer.saved(b"")
        });
        assert!(saved.windows(2).all(|pair| pair[0] == pair[1]), "{algorithm}");
    }
}

#[test]
fn a_run_cut_anywhere_and_resumed_is_the_run_that_was_not() {
    for algorithm in ALGORITHMS {
        let mut whole = optimizer(algorithm);
        run(&mut whole, 203, 1);
        for cut in [0, 1, 7, 8, 9, 64, 101, 200] {
            let mut first = optimizer(algorithm);
            run(&mut first, cut, 1);
            let file = first.saved(b"more");
            drop(first);
            let (mut second, extra) = Optimizer::from_bytes(&file).unwrap();
            assert_eq!(extra, b"more");
            run(&mut second, 203, 2);
            assert!(second.saved(b"") == whole.saved(b""), "{algorithm} cut at {cut}");
        }
    }
}

#[test]
fn points_asked_for_beyond_a_generation_wait_for_the_next() {
    for algorithm in ALGORITHMS {
        let mut optimizer = optimizer(algorithm);
        let out = 3 * optimizer.target() + 1;
        optimizer.ask(Some(out));
        optimizer.recall();
        run(&mut optimizer, 203, 1);
        assert_eq!(optimizer.evals(), 203, "{algorithm}");
    }
}

#[test]
fn rows_told_before_any_was_asked_for_count() {
    for algorithm in ALGORITHMS {
        let (mut optimizer, mut other) = (optimizer(algorithm), optimizer(algorithm));
        let places = other.ask(Some(1));
        let x = other.rows(&places);
        let (n_obj, n_con) = (optimizer.plan().n_obj, optimizer.plan().n_con);
        optimizer.tell(&x, &vec![1.0; n_obj], &vec![0.0; n_con]).unwrap();
        run(&mut optimizer, 203, 1);
        assert_eq!(optimizer.evals(), 203, "{algorithm}");
    }
}

#[test]
fn points_stay_in_the_space() {
    for algorithm in ALGORITHMS {
        let mut optimizer = optimizer(algorithm);
        run(&mut optimizer, 203, 1);
        let (x, f, _, cv) = optimizer.evaluated();
        let (width, m) = (optimizer.space().width(), optimizer.plan().n_obj);
        let mut genome = vec![0.0; width];
        for (row, (f, cv)) in x.chunks_exact(width).zip(f.chunks_exact(m).zip(&cv)) {
            optimizer.space().encode(row, &mut genome).unwrap();
            assert!(f.iter().all(|f| f.is_finite()) || cv.is_infinite());
        }
        assert!(cv.iter().any(|&cv| cv <= 0.0), "{algorithm} finds feasible points");
    }
}

/// Whatever the bytes, loading gives an error or a run that can go on.
fn load(file: &[u8]) {
    if let Ok((mut optimizer, _)) = Optimizer::from_bytes(file)
        && optimizer.target() * optimizer.space().width() < 100_000
    {
        let evals = optimizer.evals().saturating_add(2 * optimizer.target() as u64);
        optimizer.advance(evals, &|_, f, g| (f.fill(1.0), g.fill(0.0)).0, None, &mut || false);
    }
}

/// The file with a checksum that fits its payload, so that what lies behind it is read.
fn sealed(mut file: Vec<u8>) -> Vec<u8> {
    if file.len() >= 24 {
        let sum = checksum(&file[24..]);
        file[16..24].copy_from_slice(&sum.to_le_bytes());
    }
    file
}

/// `make fuzz` asks for many more.
fn cases() -> u32 {
    std::env::var("MAREY_FUZZ_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn a_damaged_file_is_an_error(algorithm in prop::sample::select(&ALGORITHMS[..]), at: prop::sample::Index, bit in 0..8u8) {
        let mut optimizer = optimizer(algorithm);
        run(&mut optimizer, 20, 1);
        let mut file = optimizer.saved(b"{}");
        let at = at.index(file.len());
        file[at] ^= 1 << bit;
        prop_assert!(Optimizer::from_bytes(&file).is_err());
        file.truncate(at);
        prop_assert!(Optimizer::from_bytes(&file).is_err());
    }

    #[test]
    fn a_file_forged_with_a_right_checksum_causes_no_panic(
        algorithm in prop::sample::select(&ALGORITHMS[..]),
        evals in 0..40u64,
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![0u64, 1, 2, 7, 255, 1 << 32, 1 << 52, u64::MAX, 0x7FF0 << 48, 0x7FF8 << 48, 0xBFF0 << 48])), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut optimizer = optimizer(algorithm);
        run(&mut optimizer, evals, 1);
        let mut file = optimizer.saved(b"{}");
        for (at, word) in edits {
            // Words lie anywhere, for texts have any length.
            let at = 24 + at.index(file.len() - 32);
            file[at..at + 8].copy_from_slice(&word.to_le_bytes());
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        load(&sealed(file));
    }

    #[test]
    fn any_bytes_cause_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut file = b"MAREYMOO\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
        file.extend(bytes);
        load(&file);
        load(&sealed(file));
    }
}

#[test]
fn a_setting_that_nobody_knows_is_an_error() {
    let mut plan = optimizer("NSGA2").plan().clone();
    plan.settings = Settings::new(BTreeMap::from([("popp".into(), Setting::Number(8.0))]));
    let error = Optimizer::new(space("NSGA2"), plan).err().unwrap();
    assert!(error.to_string().contains("no 'popp' here; known are blend_alpha"), "{error}");
}
