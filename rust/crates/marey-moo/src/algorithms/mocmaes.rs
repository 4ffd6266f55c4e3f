//! MO-CMA-ES: every individual is a parent of its own with its own step size and covariance; survival by fronts and
//! hypervolume (Igel, Hansen, Roth 2007; success of the population: Voss, Hansen, Igel 2010; Cholesky factors: Suttorp,
//! Hansen, Igel 2009).

use super::fronts::fill;
use super::smsemoa::cut_by_volume;
use super::unit_box;
use crate::error::Result;
use crate::evolve::{Algorithm, At, Fields, Population, Settings};
use crate::random::Purpose;
use crate::space::Space;

/// What an individual passes on.
#[derive(Clone, Default)]
struct Strategy {
    sigma: f64,
    /// Smoothed share of successful children.
    success: f64,
    path: Vec<f64>,
    /// Lower Cholesky factor of the covariance, row after row.
    factor: Vec<f64>,
}

pub(crate) struct MoCmaEs {
    width: usize,
    n: usize,
    sigma: f64,
    strategies: Vec<Strategy>,
}

const TARGET: f64 = 1.0 / 5.5;

impl MoCmaEs {
    pub(crate) fn new(settings: &mut Settings, space: &Space) -> Result<Self> {
        unit_box::check(space, 1000)?;
        let n = settings.count("pop", 100, 2)?;
        let sigma = settings.number("sigma", 0.2, 1e-12, 10.0)?;
        Ok(Self { width: space.width(), n, sigma, strategies: Vec::new() })
    }

    fn fresh(&self) -> Strategy {
        let n = self.width;
        let mut factor = vec![0.0; n * n];
        (0..n).for_each(|i| factor[i * n + i] = 1.0);
        Strategy { sigma: self.sigma, success: TARGET, path: vec![0.0; n], factor }
    }

    fn adapt_size(&self, strategy: &mut Strategy, succeeded: bool) {
        let c_p = TARGET / (2.0 + TARGET);
        let damping = 1.0 + 0.5 * self.width as f64;
        strategy.success = (1.0 - c_p) * strategy.success + if succeeded { c_p } else { 0.0 };
        strategy.sigma *= libm::exp((strategy.success - TARGET) / (damping * (1.0 - TARGET)));
        strategy.sigma = strategy.sigma.clamp(1e-14, 1.0);
    }

    fn adapt_shape(&self, strategy: &mut Strategy, step: &[f64]) {
        let n = self.width as f64;
        let (c_c, c_cov) = (2.0 / (n + 2.0), 2.0 / (n * n + 6.0));
        let slow = strategy.success < 0.44;
        let push = if slow { (c_c * (2.0 - c_c)).sqrt() } else { 0.0 };
        strategy.path.iter_mut().zip(step).for_each(|(p, y)| *p = (1.0 - c_c) * *p + push * y);
        let keep = if slow { 1.0 - c_cov } else { 1.0 - c_cov + c_cov * c_c * (2.0 - c_c) };
        strategy.factor.iter_mut().for_each(|a| *a *= keep.sqrt());
        let rank_one = strategy.path.iter().map(|p| p * c_cov.sqrt()).collect();
        add_rank_one(&mut strategy.factor, self.width, rank_one);
    }
}

/// The Cholesky factor of A A' + v v' from that of A A'.
fn add_rank_one(a: &mut [f64], n: usize, mut v: Vec<f64>) {
    for k in 0..n {
        let old = a[k * n + k];
        let new = (old * old + v[k] * v[k]).sqrt();
        let (c, s) = (new / old, v[k] / old);
        a[k * n + k] = new;
        for i in k + 1..n {
            a[i * n + k] = (a[i * n + k] + s * v[i]) / c;
            v[i] = c * v[i] - s * a[i * n + k];
        }
    }
}

impl Algorithm for MoCmaEs {
    fn first(&self) -> usize {
        self.n
    }

    fn batch(&self) -> usize {
        self.n
    }

    fn breed(&mut self, at: At, population: &Population, from: usize, rows: &mut [f64]) {
        let n = self.width;
        let mut z = vec![0.0; n];
        for (k, row) in rows.chunks_exact_mut(n).enumerate() {
            let parent = (from + k) % population.len();
            let strategy = &self.strategies[parent];
            let mut draw = at.draw(from + k, Purpose::Mutate);
            z.iter_mut().for_each(|z| *z = draw.normal());
            let mut place = unit_box::place(at.space, population.x(parent));
            for (place, row) in place.iter_mut().zip(strategy.factor.chunks_exact(n)) {
                // Above the diagonal are zeros.
                let step: f64 = row.iter().zip(&z).map(|(a, z)| a * z).sum();
                *place = (*place + strategy.sigma * step).clamp(0.0, 1.0);
            }
            unit_box::genome(at.space, &place, row);
        }
    }

    fn update(&mut self, at: At, population: &mut Population, children: &Population, numbers: &[u64]) {
        let parents = population.len();
        let mut pool = population.clone();
        pool.append(children);
        let filled = fill(&pool, self.n);
        let mut keep: Vec<u32> = filled.whole.concat();
        keep.extend(cut_by_volume(&pool, &filled.cut, filled.room));
        keep.sort_unstable();
        let mut all = std::mem::take(&mut self.strategies);
        if parents == 0 {
            all = vec![self.fresh(); children.len()];
        } else {
            let mut lives = vec![false; pool.len()];
            keep.iter().for_each(|&i| lives[i as usize] = true);
            for (k, &number) in numbers.iter().enumerate() {
                let (parent, child) = (number as usize % parents, parents + k);
                let mut strategy = Strategy::default();
                if lives[child] {
                    strategy = all[parent].clone();
                    let (from, to) =
                        (unit_box::place(at.space, pool.x(parent)), unit_box::place(at.space, pool.x(child)));
                    let step: Vec<f64> =
                        to.iter().zip(&from).map(|(b, a)| (b - a) / strategy.sigma).collect();
                    self.adapt_size(&mut strategy, true);
                    self.adapt_shape(&mut strategy, &step);
                }
                let mut own = std::mem::take(&mut all[parent]);
                self.adapt_size(&mut own, lives[child]);
                all[parent] = own;
                all.push(strategy);
            }
        }
        self.strategies = keep.iter().map(|&i| std::mem::take(&mut all[i as usize])).collect();
        population.gather(&pool, &keep);
    }

    fn fields(&mut self, population: &Population, io: &mut Fields) -> Result<()> {
        let n = self.width;
        let mut old = std::mem::take(&mut self.strategies).into_iter();
        for _ in 0..population.len() {
            let mut strategy = old.next().unwrap_or_default();
            io.f64(&mut strategy.sigma)?;
            io.f64(&mut strategy.success)?;
            io.f64s(&mut strategy.path)?;
            io.f64s(&mut strategy.factor)?;
            let fits = strategy.path.len() == n && strategy.factor.len() == n * n && strategy.sigma > 0.0;
            let finite = strategy.path.iter().chain(&strategy.factor).all(|v| v.is_finite());
            io.expect(fits && finite && strategy.success.is_finite(), "a step size or covariance is broken")?;
            self.strategies.push(strategy);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_one_update_is_that_of_the_product() {
        let mut a = [2.0, 0.0, 0.0, 0.5, 1.5, 0.0, -0.25, 0.75, 1.0];
        let v = [0.3, -1.0, 0.7];
        let product =
            |a: &[f64], i: usize, j: usize| (0..3).map(|k| a[i * 3 + k] * a[j * 3 + k]).sum::<f64>();
        let wanted: Vec<f64> = (0..9).map(|k| product(&a, k / 3, k % 3) + v[k / 3] * v[k % 3]).collect();
        add_rank_one(&mut a, 3, v.to_vec());
        for (k, wanted) in wanted.iter().enumerate() {
            assert!((product(&a, k / 3, k % 3) - wanted).abs() < 1e-14);
        }
    }
}
