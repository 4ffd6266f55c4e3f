//! The exact hypervolume: the volume that a set of points dominates, up to a reference point.

mod columns;
mod passes;
mod portable;
mod stairs;
mod sweep;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::argsort::{argsort, key};
use crate::error::{Error, Result};
use crate::points::Points;
pub(crate) use columns::Columns;
use rayon::ThreadPool;
use rayon::prelude::*;
pub(crate) use stairs::{Stairs, add_to_array};
pub(crate) use sweep::Sweep;

/// Smaller problems stay on one thread.
const PARALLEL_FROM: (usize, usize) = (5, 64);
/// Points to a task: few enough to share the work well, the same for every number of threads.
const POINTS_PER_TASK: usize = 16;

/// The volume of the region that `points` dominate (weakly) within the box below `reference`. Points that are not below
/// it in every objective add nothing; a point at -inf in one makes the volume infinite.
///
/// The result has the same bits for every pool.
pub fn hypervolume(points: Points, reference: &[f64], pool: Option<&ThreadPool>) -> Result<f64> {
    check(points, reference)?;
    let inside: Vec<&[f64]> =
        points.rows().filter(|row| row.iter().zip(reference).all(|(x, r)| x < r)).collect();
    if inside.iter().any(|row| row.contains(&f64::NEG_INFINITY)) {
        return Ok(f64::INFINITY);
    }
    Ok(match reference.len() {
        1 => inside.iter().map(|row| reference[0] - row[0]).fold(0.0, f64::max),
        2 => area(&inside, reference),
        3 => volume_in_space(&inside, reference),
        d => {
            let points = sorted(&inside, d);
            let pool = pool.filter(|_| d >= PARALLEL_FROM.0 && points.len() >= PARALLEL_FROM.1);
            let heights = points.column(d - 1).iter().map(|z| reference[d - 1] - z);
            heights.zip(alone(&points, reference, pool)).map(|(height, alone)| height * alone).sum()
        }
    })
}

pub(crate) fn check(points: Points, reference: &[f64]) -> Result<()> {
    points.reject_nan("F")?;
    let d = points.dim();
    if d == 0 {
        return Err(Error::invalid(
            "F",
            format!("has shape ({}, 0); expected at least one objective", points.len()),
        ));
    }
    if reference.len() != d {
        return Err(Error::invalid(
            "ref",
            format!("has shape ({},); expected (d,) = ({d},)", reference.len()),
        ));
    }
    match reference.iter().position(|r| !r.is_finite()) {
        Some(j) => Err(Error::invalid(
            "ref",
            format!("is {} in objective {j}; expected finite numbers", reference[j]),
        )),
        None => Ok(()),
    }
}

/// Number and value of the points below the reference, which must be finite there.
pub(crate) fn finite_rows<'a>(points: Points<'a>, reference: &[f64]) -> Result<(Vec<usize>, Vec<&'a [f64]>)> {
    check(points, reference)?;
    let below = |row: &[f64]| row.iter().zip(reference).all(|(x, r)| x < r);
    let (ids, rows): (Vec<usize>, Vec<&[f64]>) =
        points.rows().enumerate().filter(|(_, row)| below(row)).unzip();
    match rows.iter().position(|row| row.contains(&f64::NEG_INFINITY)) {
        Some(k) => {
            Err(Error::invalid("F", format!("has -inf in row {}; expected points of finite volume", ids[k])))
        }
        None => Ok((ids, rows)),
    }
}

fn area(points: &[&[f64]], reference: &[f64]) -> f64 {
    let mut lowest = reference[1];
    let mut area = 0.0;
    for i in order_by(points, 0) {
        let (x, y) = (points[i as usize][0], points[i as usize][1]);
        if y < lowest {
            area += (reference[0] - x) * (lowest - y);
            lowest = y;
        }
    }
    area
}

fn volume_in_space(points: &[&[f64]], reference: &[f64]) -> f64 {
    let mut stairs = Stairs::new();
    let order = order_by(points, 2).into_iter().map(|i| points[i as usize]);
    order.map(|p| stairs.add(p[0], p[1], reference[0], reference[1]) * (reference[2] - p[2])).sum()
}

fn order_by(points: &[&[f64]], j: usize) -> Vec<u32> {
    argsort(&points.iter().map(|point| key(point[j])).collect::<Vec<u64>>())
}

/// The points in the order of a sweep along the last objective.
fn sorted(points: &[&[f64]], d: usize) -> Columns {
    let mut columns = Columns::new(d);
    columns.reset(points.len());
    for i in order_by(points, d - 1) {
        columns.insert(points[i as usize]);
    }
    columns
}

/// What the projection of each point dominates alone beside those before it, at least four-dimensional.
fn alone(points: &Columns, reference: &[f64], pool: Option<&ThreadPool>) -> Vec<f64> {
    let (n, d) = (points.len(), reference.len());
    let Some(pool) = pool else {
        return Sweep::new(d).alone(points, 0, n, &Columns::new(d - 1), reference);
    };
    let until = lifetimes(points, d - 1);
    let starts: Vec<usize> = (0..n).step_by(POINTS_PER_TASK).collect();
    let task = |sweep: &mut Sweep, &from: &usize| {
        // The front that a sweep from the first point would have here.
        let mut front = Columns::new(d - 1);
        front.reset(from);
        let mut projection = vec![0.0; d - 1];
        for i in (0..from).filter(|&i| until[i] >= from) {
            points.read(i, &mut projection);
            front.insert(&projection);
        }
        sweep.alone(points, from, (from + POINTS_PER_TASK).min(n), &front, reference)
    };
    pool.install(|| starts.par_iter().map_init(|| Sweep::new(d), task).flatten_iter().collect())
}

/// For each point the one that removes its projection from the front, n if none does, 0 if it never enters.
fn lifetimes(points: &Columns, m: usize) -> Vec<usize> {
    let n = points.len();
    let mut until = vec![n; n];
    let (mut front, mut inside) = (Columns::new(m), Columns::new(m));
    front.reset(n);
    let (mut members, mut dominated) = (Vec::new(), Vec::new());
    let mut projection = vec![0.0; m];
    for i in 0..n {
        points.read(i, &mut projection);
        let mut tops = vec![f64::INFINITY; m];
        if front.dominates(&projection, &mut tops) {
            until[i] = 0;
            continue;
        }
        front.clip(&projection, &tops, &mut inside, &mut dominated);
        for &place in dominated.iter().rev() {
            front.remove(place as usize);
            until[members.remove(place as usize)] = i;
        }
        members.insert(front.insert(&projection), i);
    }
    until
}
