//! Boxes that together make up what a set of points dominates below a reference point, or what it does not dominate.
//!
//! The region that no point dominates is {x : x < u for a local upper bound u}. Each bound u has a defining point for
//! each objective, the one that bounds u there; a new point z splits every bound above it into at most one bound per
//! objective. From a bound and its defining points comes one box of the dominated region, and these boxes do not overlap.
//! The other region is the one that the bounds themselves dominate, read backwards: the same step, once more.
//!
//! Ties would spoil the split; so points are compared by their ranks, ties broken by their number, and boxes that have no
//! extent are dropped.
//!
//! Sources: Klamroth, Lacour, Vanderpooten 2015 (local upper bounds); Lacour, Klamroth, Fonseca 2017 (boxes); Yang,
//! Emmerich, Deutz, Bäck 2019 (the non-dominated region). Cost O(n |bounds|); |bounds| = n + 1 for d = 2, 2n + 1 for d = 3,
//! O(n^(d/2)) at worst.

use crate::argsort::{argsort, key};
use crate::error::Result;
use crate::hypervolume::check;
use crate::pareto_rank::pareto_rank;
use crate::points::Points;

/// Boxes `lower <= x <= upper`, row after row of `d`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Boxes {
    /// Lower corners.
    pub lower: Vec<f64>,
    /// Upper corners.
    pub upper: Vec<f64>,
}

/// The boxes of what `points` dominate below `reference`.
pub fn dominated_boxes(points: Points, reference: &[f64]) -> Result<Boxes> {
    let rows = front(points, reference)?;
    Ok(Bounds::of(&rows, reference).boxes())
}

/// The boxes of what `points` do not dominate below `reference`; they reach down to -inf.
pub fn nondominated_boxes(points: Points, reference: &[f64]) -> Result<Boxes> {
    let rows = front(points, reference)?;
    let bounds = Bounds::of(&rows, reference).corners();
    let backwards: Vec<Vec<f64>> = bounds.iter().map(|u| u.iter().map(|x| -x).collect()).collect();
    let backwards: Vec<&[f64]> = backwards.iter().map(Vec::as_slice).collect();
    let boxes = Bounds::of(&backwards, &vec![f64::INFINITY; reference.len()]).boxes();
    let negate = |corners: Vec<f64>| corners.into_iter().map(|x| -x).collect();
    Ok(Boxes { lower: negate(boxes.upper), upper: negate(boxes.lower) })
}

/// The points below the reference that no other dominates, each once.
fn front<'a>(points: Points<'a>, reference: &[f64]) -> Result<Vec<&'a [f64]>> {
    check(points, reference)?;
    let ranks = pareto_rank(points, Some(1))?;
    let below = |row: &[f64]| row.iter().zip(reference).all(|(x, r)| x < r);
    let mut rows: Vec<&[f64]> =
        points.rows().zip(ranks).filter(|(row, rank)| *rank == 0 && below(row)).map(|(row, _)| row).collect();
    rows.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    rows.dedup();
    Ok(rows)
}

/// The local upper bounds of points that do not dominate each other.
struct Bounds {
    d: usize,
    /// The values of the ranks: -inf, the points' in ascending order, the reference's.
    values: Vec<Vec<f64>>,
    /// Bound b has objective j at `b * d + j`.
    corners: Vec<u32>,
    /// Objective j of the point that defines objective k of bound b, at `(b * d + k) * d + j`.
    defining: Vec<u32>,
}

impl Bounds {
    fn of(points: &[&[f64]], reference: &[f64]) -> Self {
        let (n, d) = (points.len(), reference.len());
        let mut ranks = vec![0u32; n * d];
        let mut values = Vec::new();
        for j in 0..d {
            let order = argsort(&points.iter().map(|point| key(point[j])).collect::<Vec<u64>>());
            (1..).zip(&order).for_each(|(rank, &i)| ranks[i as usize * d + j] = rank);
            let sorted = order.iter().map(|&i| points[i as usize][j]);
            values.push([f64::NEG_INFINITY].into_iter().chain(sorted).chain([reference[j]]).collect());
        }
        let top = n as u32 + 1;
        let defining = (0..d * d).map(|at| if at / d == at % d { top } else { 0 }).collect();
        let mut bounds = Self { d, values, corners: vec![top; d], defining };
        ranks.chunks_exact(d).for_each(|point| bounds.insert(point));
        bounds
    }

    fn insert(&mut self, point: &[u32]) {
        let d = self.d;
        let (mut corner, mut defining) = (vec![0; d], vec![0; d * d]);
        let mut b = 0;
        let mut old = self.corners.len() / d;
        while b < old {
            if !point.iter().zip(&self.corners[b * d..]).all(|(z, u)| z < u) {
                b += 1;
                continue;
            }
            corner.copy_from_slice(&self.corners[b * d..][..d]);
            defining.copy_from_slice(&self.defining[b * d * d..][..d * d]);
            // The last of the old bounds takes the place, the last of the new ones its place.
            old -= 1;
            self.take_place(b, old);
            self.take_place(old, self.corners.len() / d - 1);
            self.corners.truncate(self.corners.len() - d);
            self.defining.truncate(self.defining.len() - d * d);
            for j in 0..d {
                let others = (0..d).filter(|&k| k != j).map(|k| defining[k * d + j]).max();
                if others.is_none_or(|others| point[j] > others) {
                    let at = self.corners.len();
                    self.corners.extend_from_slice(&corner);
                    self.corners[at + j] = point[j];
                    let at = self.defining.len();
                    self.defining.extend_from_slice(&defining);
                    self.defining[at + j * d..][..d].copy_from_slice(point);
                }
            }
        }
    }

    fn take_place(&mut self, to: usize, from: usize) {
        let d = self.d;
        self.corners.copy_within(from * d..(from + 1) * d, to * d);
        self.defining.copy_within(from * d * d..(from + 1) * d * d, to * d * d);
    }

    fn corners(&self) -> Vec<Vec<f64>> {
        let value = |(j, &rank): (usize, &u32)| self.values[j][rank as usize];
        self.corners.chunks_exact(self.d).map(|u| u.iter().enumerate().map(value).collect()).collect()
    }

    /// From the bound's first objective up to the reference; in every other objective j from the highest of the points
    /// that define the objectives before j, up to the bound.
    fn boxes(&self) -> Boxes {
        let d = self.d;
        let mut boxes = Boxes::default();
        for (u, defining) in self.corners.chunks_exact(d).zip(self.defining.chunks_exact(d * d)) {
            let low =
                |j: usize| if j == 0 { u[0] } else { (0..j).map(|k| defining[k * d + j]).max().unwrap_or(0) };
            let high = |j: usize| if j == 0 { self.values[0].len() as u32 - 1 } else { u[j] };
            let extent = |j: usize| self.values[j][low(j) as usize] < self.values[j][high(j) as usize];
            if (0..d).all(extent) {
                boxes.lower.extend((0..d).map(|j| self.values[j][low(j) as usize]));
                boxes.upper.extend((0..d).map(|j| self.values[j][high(j) as usize]));
            }
        }
        boxes
    }
}
