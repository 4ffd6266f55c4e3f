//! AGE-MOEA-II: the curvature of the first front is estimated, and distances between its members follow it (Panichella
//! 2019, 2022).

use super::fronts::{fill, rows};
use super::genetic::Survival;
use super::normalize::Hyperplane;
use crate::error::Result;
use crate::evolve::{At, Fields, Population};
use std::cmp::Ordering;

pub(crate) struct AgeMoea2 {
    m: usize,
    plane: Hyperplane,
    /// Front and score of each survivor.
    rank: Vec<u64>,
    score: Vec<f64>,
}

impl AgeMoea2 {
    pub(crate) fn new(m: usize) -> Self {
        Self { m, plane: Hyperplane::new(m), rank: Vec::new(), score: Vec::new() }
    }

    fn normalised(&self, pool: &Population, members: &[u32]) -> Vec<f64> {
        let mut values = rows(pool, members);
        for row in values.chunks_exact_mut(self.m) {
            let from = row.to_vec();
            self.plane.scale(&from, row);
        }
        values
    }
}

impl Survival for AgeMoea2 {
    fn survive(&mut self, _at: At, pool: &Population, n: usize, keep: &mut Vec<u32>) {
        let filled = fill(pool, n);
        self.rank.clear();
        self.score.clear();
        let first = filled.whole.first().unwrap_or(&filled.cut);
        let mut p = 1.0;
        if !first.is_empty() && pool.is_feasible(first[0] as usize) {
            // Each generation has its own scale: that of its first front.
            self.plane = Hyperplane::new(self.m);
            self.plane.update(pool, first, super::fronts::range(pool, first.iter().copied()));
            p = curvature(&self.normalised(pool, first), self.m);
        }
        for (r, (front, room)) in
            filled.whole.iter().map(|f| (f, f.len())).chain([(&filled.cut, filled.room)]).enumerate()
        {
            if room == 0 {
                continue;
            }
            let scores = if !pool.is_feasible(front[0] as usize) {
                vec![0.0; front.len()]
            } else if r == 0 {
                diversity(&self.normalised(pool, front), self.m, p)
            } else {
                let values = self.normalised(pool, front);
                values.chunks_exact(self.m).map(|row| 1.0 / norm(row, p).max(1e-300)).collect()
            };
            let mut order: Vec<usize> = (0..front.len()).collect();
            order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            order.truncate(room);
            for k in order {
                keep.push(front[k]);
                self.rank.push(r as u64);
                self.score.push(scores[k]);
            }
        }
    }

    fn prefer(&self, _population: &Population, a: usize, b: usize) -> Ordering {
        self.rank[a].cmp(&self.rank[b]).then(self.score[b].total_cmp(&self.score[a]))
    }

    fn fields(&mut self, population: &Population, io: &mut Fields) -> Result<()> {
        io.u64s(&mut self.rank)?;
        io.f64s(&mut self.score)?;
        let n = population.len();
        io.expect(self.rank.len() == n && self.score.len() == n, "its scores do not fit its population")
    }
}

fn norm(row: &[f64], p: f64) -> f64 {
    libm::pow(row.iter().map(|&f| libm::pow(f.max(0.0), p)).sum::<f64>(), 1.0 / p)
}

/// The members nearest to the axes, one for each.
fn corners(values: &[f64], m: usize) -> Vec<usize> {
    let n = values.len() / m;
    let mut found: Vec<usize> = Vec::with_capacity(m);
    for axis in 0..m {
        let off = |i: usize| (0..m).filter(|&j| j != axis).map(|j| values[i * m + j].powi(2)).sum::<f64>();
        let nearest = (0..n).filter(|i| !found.contains(i)).min_by(|&a, &b| off(a).total_cmp(&off(b)));
        found.extend(nearest);
    }
    found
}

/// The p for which the most central member lies on the unit sphere of the p-norm.
fn curvature(values: &[f64], m: usize) -> f64 {
    let corners = corners(values, m);
    let n = values.len() / m;
    let off_diagonal = |i: usize| {
        let row = &values[i * m..(i + 1) * m];
        let mean = row.iter().sum::<f64>() / m as f64;
        row.iter().map(|f| (f - mean) * (f - mean)).sum::<f64>()
    };
    let central =
        (0..n).filter(|i| !corners.contains(i)).min_by(|&a, &b| off_diagonal(a).total_cmp(&off_diagonal(b)));
    let Some(central) = central else { return 1.0 };
    let row = &values[central * m..(central + 1) * m];
    let mut p = 1.0;
    for _ in 0..100 {
        let (mut sum, mut slope) = (0.0, 0.0);
        for &f in row.iter().filter(|&&f| f > 1e-12) {
            let power = libm::pow(f, p);
            sum += power;
            slope += power * libm::log(f);
        }
        let step = libm::log(sum) * sum / slope;
        if !step.is_finite() {
            return 1.0;
        }
        p -= step;
        if step.abs() < 1e-3 {
            break;
        }
    }
    if p.is_finite() && p > 0.1 { p.min(20.0) } else { 1.0 }
}

/// How far each member is from its two nearest neighbours among those more lonely than it, divided by its distance from
/// the ideal point. Corners have infinity.
fn diversity(values: &[f64], m: usize, p: f64) -> Vec<f64> {
    let n = values.len() / m;
    if n <= m {
        return vec![f64::INFINITY; n];
    }
    let lengths: Vec<f64> = values.chunks_exact(m).map(|row| norm(row, p).max(1e-300)).collect();
    let on_front: Vec<f64> = values.iter().enumerate().map(|(k, f)| f.max(0.0) / lengths[k / m]).collect();
    let mut middle = vec![0.0; m];
    // The length of the way along the front, by the point of the front between the two.
    let mut apart = |a: usize, b: usize| {
        let (a, b) = (&on_front[a * m..(a + 1) * m], &on_front[b * m..(b + 1) * m]);
        let straight =
            |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        if (0.95..1.05).contains(&p) {
            return straight(a, b);
        }
        for j in 0..m {
            middle[j] = 0.5 * (a[j] + b[j]);
        }
        let length = norm(&middle, p).max(1e-300);
        middle.iter_mut().for_each(|f| *f /= length);
        straight(a, &middle) + straight(&middle, b)
    };
    let mut scores = vec![f64::NAN; n];
    let mut nearest = vec![[f64::INFINITY; 2]; n];
    let mut queue = corners(values, m);
    queue.iter().for_each(|&i| scores[i] = f64::INFINITY);
    let mut waiting: Vec<usize> = (0..n).filter(|i| scores[*i].is_nan()).collect();
    loop {
        for chosen in queue.drain(..) {
            for &i in &waiting {
                let d = apart(i, chosen) / lengths[i];
                if d < nearest[i][0] {
                    nearest[i] = [d, nearest[i][0]];
                } else if d < nearest[i][1] {
                    nearest[i][1] = d;
                }
            }
        }
        let sum = |i: usize| nearest[i][0] + if nearest[i][1].is_finite() { nearest[i][1] } else { 0.0 };
        let best =
            (0..waiting.len()).max_by(|&a, &b| sum(waiting[a]).total_cmp(&sum(waiting[b])).then(b.cmp(&a)));
        let Some(best) = best else { return scores };
        let i = waiting.remove(best);
        scores[i] = sum(i);
        queue.push(i);
    }
}
