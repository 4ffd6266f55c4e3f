//! Ask and tell: points go out in any number and come back in any order.
//!
//! A generation is complete when as many points were told as it needs; they are taken in by their numbers, so the order
//! of their coming does not matter. Points that are still out then belong to the next generation.

use super::optimizer::Slot;
use super::{At, Optimizer, Population};
use crate::error::{Error, Result};
use crate::random::bits;
use rayon::ThreadPool;
use rayon::prelude::*;

/// Writes the objectives and the constraints of one natural row.
pub type Evaluate<'a> = dyn Fn(&[f64], &mut [f64], &mut [f64]) + Sync + 'a;

impl Optimizer {
    /// Hands out `n` points, or without `n` what is left of this generation, and returns their places. More points than
    /// are left are bred from the present population.
    pub fn ask(&mut self, n: Option<usize>) -> Vec<usize> {
        if self.made == 0 {
            self.make(self.target());
        } else if self.slots.len() < self.target() {
            self.make(self.target() - self.slots.len()); // rows nobody asked for were told first
        }
        let mut free: Vec<usize> = (0..self.slots.len()).filter(|&i| !self.slots[i].handed).collect();
        if let Some(n) = n {
            if n > free.len() {
                let first = self.slots.len();
                self.make(n - free.len());
                free.extend(first..self.slots.len());
            }
            free.truncate(n);
        }
        free.iter().for_each(|&i| self.slots[i].handed = true);
        free
    }

    /// The natural rows of points that were handed out, so that `tell` knows them again.
    pub fn rows(&mut self, places: &[usize]) -> Vec<f64> {
        let width = self.space.width();
        let mut rows = vec![0.0; places.len() * width];
        for (row, &i) in rows.chunks_exact_mut(width).zip(places) {
            self.space.decode(self.children.x(i), row);
            self.slots[i].hash = hash(row);
        }
        rows
    }

    /// Takes in the objectives and constraints of natural rows. Rows that were never handed out are taken as they are, if
    /// they lie in the space.
    pub fn tell(&mut self, x: &[f64], f: &[f64], g: &[f64]) -> Result<()> {
        let (width, n_obj, n_con) = (self.space.width(), self.plan.n_obj, self.plan.n_con);
        let n = f.len() / n_obj;
        if x.len() != n * width || f.len() != n * n_obj || g.len() != n * n_con {
            return Err(Error::invalid("X", "does not have as many rows as `F` and `G`"));
        }
        let mut foreign = vec![0.0; width];
        // All rows are looked at before the first is taken in: an error changes nothing.
        let mut from = 0;
        for row in x.chunks_exact(width) {
            match self.find(row, from) {
                Some(place) => from = place + 1,
                None => self.space.encode(row, &mut foreign)?,
            }
        }
        let mut from = 0;
        for i in 0..n {
            let row = &x[i * width..(i + 1) * width];
            let place = match self.find(row, from) {
                Some(place) => place,
                None => {
                    self.space.encode(row, &mut foreign)?;
                    self.push_child(&foreign)
                }
            };
            from = place + 1;
            if self.tell_place(place, &f[i * n_obj..(i + 1) * n_obj], &g[i * n_con..(i + 1) * n_con]) {
                from = 0;
            }
        }
        Ok(())
    }

    /// Takes in one point that `ask` handed out; true if it completed the generation, after which places are others.
    pub fn tell_place(&mut self, place: usize, f: &[f64], g: &[f64]) -> bool {
        let (n_obj, n_con) = (self.plan.n_obj, self.plan.n_con);
        self.children.f[place * n_obj..(place + 1) * n_obj].copy_from_slice(f);
        self.children.g[place * n_con..(place + 1) * n_con].copy_from_slice(g);
        self.failed += u64::from(self.children.judge(place));
        self.evals += 1;
        self.told += 1;
        self.slots[place].handed = true;
        self.slots[place].told = true;
        if self.told < self.target() {
            return false;
        }
        self.close();
        true
    }

    /// Runs until `evals` points were told, or `pause` says so after a generation: asks, evaluates on the pool's threads,
    /// tells. The bits do not depend on the pool.
    pub fn advance(
        &mut self,
        evals: u64,
        evaluate: &Evaluate,
        pool: Option<&ThreadPool>,
        pause: &mut dyn FnMut() -> bool,
    ) {
        let (width, n_obj, n_con) = (self.space.width(), self.plan.n_obj, self.plan.n_con);
        let (mut f, mut g) = (Vec::new(), Vec::new());
        while self.evals < evals {
            let left = usize::try_from(evals - self.evals).unwrap_or(usize::MAX);
            let mut places = self.ask(None);
            // Points asked for beyond a generation wait for the next one.
            places.truncate(left.min(self.target() - self.told));
            let x = self.rows(&places);
            f.resize(places.len() * n_obj, 0.0);
            g.resize(places.len() * n_con, 0.0);
            f.fill(f64::NAN);
            g.fill(f64::NAN);
            let one = |i: usize, f: &mut [f64], g: &mut [f64]| evaluate(&x[i * width..(i + 1) * width], f, g);
            match pool {
                None => {
                    for i in 0..places.len() {
                        one(i, &mut f[i * n_obj..(i + 1) * n_obj], &mut g[i * n_con..(i + 1) * n_con]);
                    }
                }
                Some(pool) => pool.install(|| {
                    let f = f.par_chunks_exact_mut(n_obj).enumerate();
                    match n_con {
                        0 => f.for_each(|(i, f)| one(i, f, &mut [])),
                        _ => f.zip(g.par_chunks_exact_mut(n_con)).for_each(|((i, f), g)| one(i, f, g)),
                    }
                }),
            }
            for (i, &place) in places.iter().enumerate() {
                self.tell_place(place, &f[i * n_obj..(i + 1) * n_obj], &g[i * n_con..(i + 1) * n_con]);
            }
            self.recall();
            if pause() {
                return;
            }
        }
    }

    /// Points that are out come back unanswered: they will be handed out again.
    pub fn recall(&mut self) {
        self.slots.iter_mut().filter(|slot| !slot.told).for_each(|slot| slot.handed = false);
    }

    /// Puts natural rows at the head of the first generation.
    pub fn begin_with(&mut self, x: &[f64]) -> Result<()> {
        let mut genome = vec![0.0; self.space.width()];
        for row in x.chunks_exact(self.space.width()) {
            self.space.encode(row, &mut genome)?;
            let place = self.push_child(&genome);
            self.slots[place].handed = false;
        }
        let rest = self.target().saturating_sub(self.made);
        self.make(rest);
        Ok(())
    }

    /// The place of a point that is out, the search beginning at `from`.
    fn find(&self, row: &[f64], from: usize) -> Option<usize> {
        let wanted = hash(row);
        let n = self.slots.len();
        let mut decoded = Vec::new();
        (0..n).map(|k| (from + k) % n).find(|&i| {
            let slot = &self.slots[i];
            if slot.told || (slot.hash != 0 && slot.hash != wanted) {
                return false;
            }
            decoded.resize(row.len(), 0.0);
            self.space.decode(self.children.x(i), &mut decoded);
            decoded.iter().zip(row).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
        })
    }

    fn push_child(&mut self, genome: &[f64]) -> usize {
        let place = self.slots.len();
        self.children.resize(place + 1);
        let width = genome.len();
        self.children.x[place * width..].copy_from_slice(genome);
        self.slots.push(Slot { number: self.made as u64, hash: 0, handed: true, told: false });
        self.made += 1;
        place
    }

    fn make(&mut self, n: usize) {
        let (first, from) = (self.slots.len(), self.made);
        self.children.resize(first + n);
        let at = At { space: &self.space, seed: self.plan.seed, generation: self.generation };
        let rows = &mut self.children.x[first * self.space.width()..];
        if self.generation > 0 {
            self.algorithm.breed(at, &self.population, from, rows);
        } else if !self.algorithm.start(at, from, rows) {
            self.space.sample(self.plan.sampling, self.plan.seed, from as u64, rows);
        }
        for k in 0..n {
            self.slots.push(Slot { number: (from + k) as u64, hash: 0, handed: false, told: false });
        }
        self.made += n;
    }

    /// Takes the told children in, in the order of their numbers, and keeps those that are still out.
    fn close(&mut self) {
        let mut told: Vec<usize> = (0..self.slots.len()).filter(|&i| self.slots[i].told).collect();
        told.sort_by_key(|&i| self.slots[i].number);
        let numbers: Vec<u64> = told.iter().map(|&i| self.slots[i].number).collect();
        let mut out = Population::default();
        if told.len() == self.slots.len() && told.iter().enumerate().all(|(a, &b)| a == b) {
            std::mem::swap(&mut self.children, &mut self.complete);
        } else {
            let places: Vec<u32> = told.iter().map(|&i| i as u32).collect();
            let left: Vec<u32> =
                (0..self.slots.len() as u32).filter(|&i| !self.slots[i as usize].told).collect();
            self.complete.gather(&self.children, &places);
            out = self.children.clone();
            out.gather(&self.children, &left);
        }
        let at = At { space: &self.space, seed: self.plan.seed, generation: self.generation };
        self.algorithm.update(at, &mut self.population, &self.complete, &numbers);
        self.children.clear();
        self.children.append(&out);
        self.slots.retain(|slot| !slot.told);
        self.generation += 1;
        self.made = 0;
        self.told = 0;
    }
}

fn hash(row: &[f64]) -> u64 {
    // Every NaN is the same absent value; 0 stands for "not known".
    let word = |v: &f64| if v.is_nan() { u64::MAX } else { (v + 0.0).to_bits() };
    row.iter().fold(1, |h, v| bits(h, word(v))).max(1)
}
