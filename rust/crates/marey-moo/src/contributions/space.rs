//! Three objectives: one sweep along the third, with the area that each point of the staircase dominates alone at the
//! current height. A new point takes area from its two neighbours, ends the points it dominates in the plane, and if it is
//! dominated by one point alone, takes area from that one.
//!
//! Source: Emmerich & Fonseca 2011. Cost O(n log n) but for moving the steps of arrays.

use super::lexicographic;
use crate::hypervolume::add_to_array;

/// A point of the staircase.
struct Step {
    id: usize,
    x: f64,
    y: f64,
    /// What others dominate too, inside the box from the point to its neighbours: a staircase of its own.
    shared: Vec<(f64, f64)>,
    /// What the point alone dominates at the current height, and the height since which.
    area: f64,
    since: f64,
}

pub(super) fn contributions(points: &[&[f64]], reference: &[f64]) -> Vec<f64> {
    let mut volumes = vec![0.0; points.len()];
    let mut steps: Vec<Step> = Vec::new();
    for id in lexicographic(points, &[2, 0, 1]) {
        let (x, y, z) = (points[id][0], points[id][1], points[id][2]);
        let from = steps.partition_point(|step| step.x < x);
        let covers = |at: usize| steps.get(at).is_some_and(|step| step.x <= x && step.y <= y);
        let at = if covers(from) { from } else { from.wrapping_sub(1) };
        if covers(at) {
            let (right, top) = corner(&steps, at, reference);
            if y < top {
                let step = &mut steps[at];
                step.rise(z, &mut volumes);
                step.area -= add_to_array(&mut step.shared, x, y, right, top);
            }
            continue;
        }
        let to = from + steps[from..].iter().take_while(|step| step.y >= y).count();
        if from > 0 {
            let (right, top) = corner(&steps, from - 1, reference);
            steps[from - 1].rise(z, &mut volumes);
            steps[from - 1].cut_right(x, right, top);
        }
        if to < steps.len() {
            let (right, top) = corner(&steps, to, reference);
            steps[to].rise(z, &mut volumes);
            steps[to].cut_top(y, right, top);
        }
        let right = steps.get(to).map_or(reference[0], |step| step.x);
        let top = if from > 0 { steps[from - 1].y } else { reference[1] };
        let mut new =
            Step { id, x, y, shared: Vec::with_capacity(to - from), area: (right - x) * (top - y), since: z };
        for mut ended in steps.drain(from..to) {
            ended.rise(z, &mut volumes);
            new.area -= add_to_array(&mut new.shared, ended.x, ended.y, right, top);
        }
        steps.insert(from, new);
    }
    for step in &mut steps {
        step.rise(reference[2], &mut volumes);
    }
    volumes
}

/// The corner of the box from a step to its neighbours.
fn corner(steps: &[Step], at: usize, reference: &[f64]) -> (f64, f64) {
    let right = steps.get(at + 1).map_or(reference[0], |next| next.x);
    let top = if at > 0 { steps[at - 1].y } else { reference[1] };
    (right, top)
}

impl Step {
    fn rise(&mut self, z: f64, volumes: &mut [f64]) {
        volumes[self.id] += self.area * (z - self.since);
        self.since = z;
    }

    /// Gives up what lies right of `x`.
    fn cut_right(&mut self, x: f64, mut right: f64, top: f64) {
        while let Some(&(left, above)) = self.shared.last().filter(|shared| shared.0 >= x) {
            self.area -= (right - left) * (above - self.y);
            right = left;
            self.shared.pop();
        }
        let above = self.shared.last().map_or(top, |shared| shared.1);
        self.area -= (right - x) * (above - self.y);
    }

    /// Gives up what lies above `y`.
    fn cut_top(&mut self, y: f64, right: f64, mut top: f64) {
        let gone = self.shared.iter().take_while(|shared| shared.1 >= y).count();
        for (left, above) in self.shared.drain(..gone) {
            self.area -= (left - self.x) * (top - above);
            top = above;
        }
        let right = self.shared.first().map_or(right, |shared| shared.0);
        self.area -= (right - self.x) * (top - y);
    }
}
