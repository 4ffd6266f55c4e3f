//! The volume of a set of points by a sweep along the last objective, in any number of dimensions.
//!
//! Points enter in ascending order of their last objective, and each adds what its projection dominates alone times the
//! height that is left. What point p dominates alone, beside a set of points one dimension lower, is the box from p to
//! `tops` less the volume of the others clipped to that box: `tops[j]` is the nearest point that blocks p along axis j,
//! and only the few points inside the box matter. In three dimensions a staircase is swept.
//!
//! Two things keep the recursion small. Clipped points tie in the last objective wherever they were better than p: they
//! enter together, as a volume one dimension lower. And from five dimensions on the sweep runs along the objective with
//! the fewest such ties, which leaves the smallest boxes.
//!
//! Sources: While, Bradstreet, Barone 2012 (exclusive volumes of limited sets, slicing); Guerreiro & Fonseca 2018
//! (dimension sweeps for three and four objectives).

use super::columns::Columns;
use super::stairs::Stairs;

/// From this dimension on, the objective to sweep along is chosen anew.
const CHOICE_FROM: usize = 5;

/// Work space for volumes of up to `d` dimensions.
#[derive(Clone)]
pub(crate) struct Sweep {
    stairs: Stairs,
    levels: Vec<Level>,
}

/// Work space of one dimension.
#[derive(Clone)]
struct Level {
    /// The points, in the order of the sweep.
    points: Columns,
    /// The projections of those swept that no other dominates, one dimension lower.
    front: Columns,
    projection: Vec<f64>,
    tops: Vec<f64>,
    dominated: Vec<u32>,
    order: Vec<(f64, u32)>,
    spare: Vec<f64>,
}

impl Sweep {
    pub(crate) fn new(d: usize) -> Self {
        let level = |d: usize| {
            let lower = d.saturating_sub(1);
            Level {
                points: Columns::new(d),
                front: Columns::new(lower),
                projection: vec![0.0; lower],
                tops: vec![0.0; lower],
                dominated: Vec::new(),
                order: Vec::new(),
                spare: Vec::new(),
            }
        };
        Self { stairs: Stairs::new(), levels: (0..=d).map(level).collect() }
    }

    /// What the projection of each point of `points[from..to]` dominates alone when it enters after all points before it,
    /// of which `front` holds the projections that no other dominates. At least four-dimensional.
    pub(crate) fn alone(
        &mut self,
        points: &Columns,
        from: usize,
        to: usize,
        front: &Columns,
        reference: &[f64],
    ) -> Vec<f64> {
        let d = reference.len();
        let (level, below) = self.levels[..=d].split_last_mut().expect("a level per dimension");
        level.front.copy_with_room(front, front.len() + to - from);
        let mut enter = |i| {
            points.read(i, &mut level.projection);
            level.enter(below, &mut self.stairs, &reference[..d - 1])
        };
        (from..to).map(&mut enter).collect()
    }

    /// What `point` alone dominates beside `others`, at least three-dimensional, up to `reference`.
    pub(crate) fn exclusive(&mut self, others: &Columns, point: &[f64], reference: &[f64]) -> f64 {
        let d = reference.len();
        let mut tops = reference.to_vec();
        if others.dominates(point, &mut tops) {
            return 0.0;
        }
        let levels = &mut self.levels[..=d];
        let mut dominated = Vec::new();
        others.clip(point, &tops, &mut levels[d].points, &mut dominated);
        box_volume(point, &tops) - volume(levels, &mut self.stairs, &tops)
    }
}

/// The volume of the points of the last level, which come in the order of their last objective.
fn volume(levels: &mut [Level], stairs: &mut Stairs, reference: &[f64]) -> f64 {
    let (level, below) = levels.split_last_mut().expect("a level per dimension");
    let d = reference.len();
    let points = &level.points;
    match points.len() {
        0 => return 0.0,
        1 => return (0..d).map(|j| reference[j] - points.get(0, j)).product(),
        2 => return volume_of_two(points, reference),
        _ => {}
    }
    if d == 3 {
        stairs.clear();
        let plane = points.column(0).iter().zip(points.column(1));
        let add = |((&x, &y), &z)| stairs.add(x, y, reference[0], reference[1]) * (reference[2] - z);
        return plane.zip(points.column(2)).map(add).sum();
    }
    level.front.reset(points.len());
    let (lower, last) = (&reference[..d - 1], reference[d - 1]);
    let tied = level.ties();
    let mut total = 0.0;
    if tied > 1 {
        total += level.enter_together(tied, below, stairs, lower) * (last - level.points.get(0, d - 1));
    }
    for i in if tied > 1 { tied } else { 0 }..level.points.len() {
        let height = last - level.points.get(i, d - 1);
        level.points.read(i, &mut level.projection);
        total += height * level.enter(below, stairs, lower);
    }
    total
}

impl Level {
    /// How many of the first points share their last objective.
    fn ties(&self) -> usize {
        let heights = self.points.column(self.projection.len());
        heights.iter().take_while(|&&z| z == heights[0]).count()
    }

    /// Moves the first `n` points to the empty front, sweeping along its own last objective; returns their volume there.
    fn enter_together(
        &mut self,
        n: usize,
        below: &mut [Level],
        stairs: &mut Stairs,
        reference: &[f64],
    ) -> f64 {
        let m = reference.len();
        let (points, order) = (&self.points, &mut self.order);
        order.clear();
        order.extend(points.column(m - 1)[..n].iter().copied().zip(0..));
        // In lexicographic order no point dominates an earlier one, and the front needs no removals.
        let rest = |i: u32| (0..m - 1).map(move |j| points.get(i as usize, j));
        let compare = |a: u32, b: u32| rest(a).partial_cmp(rest(b)).expect("numbers");
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then_with(|| compare(a.1, b.1)));
        for &(_, i) in &self.order {
            self.points.read(i as usize, &mut self.projection);
            if !self.front.dominates(&self.projection, &mut self.tops) {
                self.front.insert(&self.projection);
            }
        }
        below[m].points.copy_from(&self.front);
        volume(&mut below[..=m], stairs, reference)
    }

    /// Adds `self.projection` to the front; returns the volume that it dominates alone.
    fn enter(&mut self, below: &mut [Level], stairs: &mut Stairs, reference: &[f64]) -> f64 {
        let m = reference.len();
        let point = &self.projection[..];
        self.tops.copy_from_slice(reference);
        if self.front.dominates(point, &mut self.tops) {
            return 0.0;
        }
        let inside = &mut below[m];
        self.front.clip(point, &self.tops, &mut inside.points, &mut self.dominated);
        for &i in self.dominated.iter().rev() {
            self.front.remove(i as usize);
        }
        self.front.insert(point);
        let own = box_volume(point, &self.tops);
        if m >= CHOICE_FROM && inside.points.len() > 2 {
            let ties = |j: usize| inside.points.column(j).iter().filter(|&&x| x == point[j]).count();
            let axis = (0..m).rev().min_by_key(|&j| ties(j)).expect("an objective");
            if axis != m - 1 {
                self.tops.swap(axis, m - 1);
                inside.points.sort_by(axis, &mut inside.order, &mut inside.spare);
            }
        }
        own - volume(&mut below[..=m], stairs, &self.tops)
    }
}

fn volume_of_two(points: &Columns, reference: &[f64]) -> f64 {
    let (mut a, mut b, mut both) = (1.0, 1.0, 1.0);
    for (j, &r) in reference.iter().enumerate() {
        let (x, y) = (points.get(0, j), points.get(1, j));
        a *= r - x;
        b *= r - y;
        both *= r - if x > y { x } else { y };
    }
    a + b - both
}

fn box_volume(low: &[f64], high: &[f64]) -> f64 {
    low.iter().zip(high).map(|(low, high)| high - low).product()
}
