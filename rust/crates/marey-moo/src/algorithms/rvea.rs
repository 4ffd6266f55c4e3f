//! RVEA: one survivor for each reference vector, by an angle-penalised distance that turns from convergence to spread as
//! the run goes on (Cheng, Jin, Olhofer, Sendhoff 2016).

use super::directions;
use super::fronts::range;
use super::genetic::Survival;
use crate::error::Result;
use crate::evolve::{At, Fields, Population, Settings};
use std::cmp::Ordering;

pub(crate) struct Rvea {
    m: usize,
    start: Vec<f64>,
    /// The vectors in use, of length 1, stretched to the objectives' ranges now and then.
    vectors: Vec<f64>,
    alpha: f64,
    every: f64,
    horizon: f64,
}

impl Rvea {
    pub(crate) fn new(settings: &mut Settings, m: usize) -> Result<Self> {
        let start = directions::unit(&directions::of(settings, m)?, m);
        Ok(Self {
            m,
            vectors: start.clone(),
            start,
            alpha: settings.number("alpha", 2.0, 0.0, 100.0)?,
            every: settings.number("adapt_share", 0.1, 1e-6, 1.0)?,
            horizon: settings.count("generations", 250, 1)? as f64,
        })
    }

    pub(crate) fn count(&self) -> usize {
        self.start.len() / self.m
    }

    fn adapt(&mut self, low: &[f64], high: &[f64]) {
        let m = self.m;
        let span: Vec<f64> =
            low.iter().zip(high).map(|(l, h)| if h - l > 1e-300 { h - l } else { 1.0 }).collect();
        let stretched: Vec<f64> = self.start.iter().enumerate().map(|(k, v)| v * span[k % m]).collect();
        self.vectors = directions::unit(&stretched, m);
    }
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Survival for Rvea {
    fn survive(&mut self, at: At, pool: &Population, _n: usize, keep: &mut Vec<u32>) {
        let m = self.m;
        let feasible: Vec<u32> = (0..pool.len() as u32).filter(|&i| pool.is_feasible(i as usize)).collect();
        if feasible.is_empty() {
            // Nothing to spread yet: those that violate least.
            let mut order: Vec<u32> = (0..pool.len() as u32).collect();
            order.sort_by(|&a, &b| pool.cv[a as usize].total_cmp(&pool.cv[b as usize]));
            order.truncate(self.count());
            keep.extend(order);
            return;
        }
        let (low, _) = range(pool, feasible.iter().copied());
        let gamma: Vec<f64> = (0..self.count())
            .map(|a| {
                let row = |k: usize| &self.vectors[k * m..(k + 1) * m];
                let nearest = (0..self.count()).filter(|&b| b != a).map(|b| cosine(row(a), row(b)));
                libm::acos(nearest.fold(-1.0, f64::max).min(1.0)).max(1e-64)
            })
            .collect();
        let share = (at.generation as f64 / self.horizon).min(1.0);
        let penalty = m as f64 * libm::pow(share, self.alpha);
        let mut best: Vec<Option<(f64, u32)>> = vec![None; self.count()];
        let mut moved = vec![0.0; m];
        for &i in &feasible {
            (0..m).for_each(|j| moved[j] = pool.f(i as usize)[j] - low[j]);
            let length = cosine(&moved, &moved).sqrt();
            let along = |k: usize| cosine(&moved, &self.vectors[k * m..(k + 1) * m]);
            let k = (0..self.count())
                .max_by(|&a, &b| along(a).total_cmp(&along(b)).then(b.cmp(&a)))
                .expect("vectors");
            let angle = libm::acos((along(k) / length.max(1e-300)).clamp(-1.0, 1.0));
            let value = (1.0 + penalty * angle / gamma[k]) * length;
            if best[k].is_none_or(|(least, _)| value < least) {
                best[k] = Some((value, i));
            }
        }
        keep.extend(best.iter().flatten().map(|&(_, i)| i));
        let period = (self.every * self.horizon).ceil().max(1.0);
        if (at.generation as f64 + 1.0) % period == 0.0 {
            let (low, high) = range(pool, keep.iter().copied());
            self.adapt(&low, &high);
        }
    }

    fn prefer(&self, population: &Population, a: usize, b: usize) -> Ordering {
        population.cv[a].total_cmp(&population.cv[b])
    }

    fn fields(&mut self, _population: &Population, io: &mut Fields) -> Result<()> {
        let n = self.vectors.len();
        io.f64s(&mut self.vectors)?;
        io.expect(self.vectors.len() == n, "its vectors do not fit its directions")
    }
}
