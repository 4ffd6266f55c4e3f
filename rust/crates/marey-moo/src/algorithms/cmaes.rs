//! CMA-ES for one objective: the covariance of good steps guides the next ones (Hansen, Ostermeier 2001; in the form of
//! Hansen 2016), restarted with twice the population where it stalls (Auger, Hansen 2005).
//!
//! Points outside the bounds are drawn again, at last clipped; constraints count by the feasibility rule. Integers are
//! searched as reals and rounded for the objective.

use super::de::order;
use super::eigen::eigen;
use super::unit_box;
use crate::error::{Error, Result};
use crate::evolve::{Algorithm, At, Fields, Population, Settings};
use crate::random::Purpose;
use crate::space::Space;

pub(crate) struct CmaEs {
    n: usize,
    sigma_first: f64,
    restarts: bool,
    lambda: usize,
    /// Generations since the last restart.
    age: u64,
    sigma: f64,
    mean: Vec<f64>,
    covariance: Vec<f64>,
    /// Eigenvectors as rows, and the square roots of the eigenvalues.
    axes: Vec<f64>,
    scales: Vec<f64>,
    path_c: Vec<f64>,
    path_s: Vec<f64>,
    /// The best objective of the last generations.
    recent: Vec<f64>,
}

impl CmaEs {
    pub(crate) fn new(settings: &mut Settings, space: &Space, m: usize) -> Result<Self> {
        if m != 1 {
            return Err(Error::invalid(
                "n_obj",
                format!("is {m}; expected 1: for several objectives there is MOCMAES"),
            ));
        }
        unit_box::check(space, 2000)?;
        let n = space.width();
        let lambda = settings.count("pop", 4 + (3.0 * (n as f64).ln()) as usize, 4)?;
        let mut run = Self {
            n,
            sigma_first: settings.number("sigma", 0.3, 1e-12, 10.0)?,
            restarts: settings.word("restarts", &["ipop", "none"])? == 0,
            lambda,
            age: 0,
            sigma: 0.0,
            mean: Vec::new(),
            covariance: Vec::new(),
            axes: Vec::new(),
            scales: Vec::new(),
            path_c: Vec::new(),
            path_s: Vec::new(),
            recent: Vec::new(),
        };
        run.restart(vec![0.5; n]);
        Ok(run)
    }

    fn restart(&mut self, mean: Vec<f64>) {
        let n = self.n;
        let mut unit = vec![0.0; n * n];
        (0..n).for_each(|i| unit[i * n + i] = 1.0);
        self.age = 0;
        self.sigma = self.sigma_first;
        self.mean = mean;
        self.axes.clone_from(&unit);
        self.covariance = unit;
        self.scales = vec![1.0; n];
        self.path_c = vec![0.0; n];
        self.path_s = vec![0.0; n];
        self.recent.clear();
    }

    fn sample(&self, at: At, number: usize, row: &mut [f64]) {
        let n = self.n;
        let mut draw = at.draw(number, Purpose::Mutate);
        let mut place = vec![0.0; n];
        for _ in 0..20 {
            place.copy_from_slice(&self.mean);
            for (axis, scale) in self.axes.chunks_exact(n).zip(&self.scales) {
                let z = self.sigma * scale * draw.normal();
                place.iter_mut().zip(axis).for_each(|(p, a)| *p += z * a);
            }
            if place.iter().all(|p| (0.0..=1.0).contains(p)) {
                break;
            }
        }
        place.iter_mut().for_each(|p| *p = p.clamp(0.0, 1.0));
        unit_box::genome(at.space, &place, row);
    }

    fn learn(&mut self, steps: &[Vec<f64>], weights: &[f64]) {
        let n = self.n as f64;
        let width = self.n;
        let effective = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
        let c_c = (4.0 + effective / n) / (n + 4.0 + 2.0 * effective / n);
        let c_s = (effective + 2.0) / (n + effective + 5.0);
        let c_1 = 2.0 / ((n + 1.3).powi(2) + effective);
        let c_mu =
            (1.0 - c_1).min(2.0 * (effective - 2.0 + 1.0 / effective) / ((n + 2.0).powi(2) + effective));
        let damping = 1.0 + 2.0 * (((effective - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0) + c_s;
        let expected = n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n));

        let mut step = vec![0.0; width];
        for (weight, one) in weights.iter().zip(steps) {
            step.iter_mut().zip(one).for_each(|(s, y)| *s += weight * y);
        }
        self.mean.iter_mut().zip(&step).for_each(|(m, y)| *m += self.sigma * y);
        let push = (c_s * (2.0 - c_s) * effective).sqrt();
        self.path_s.iter_mut().for_each(|p| *p *= 1.0 - c_s);
        for (axis, scale) in self.axes.chunks_exact(width).zip(&self.scales) {
            let along: f64 = axis.iter().zip(&step).map(|(a, y)| a * y).sum::<f64>() / scale;
            self.path_s.iter_mut().zip(axis).for_each(|(p, a)| *p += push * along * a);
        }
        let length = self.path_s.iter().map(|p| p * p).sum::<f64>().sqrt();
        let early = (1.0 - libm::pow(1.0 - c_s, 2.0 * (self.age as f64 + 1.0))).sqrt();
        let moving = if length / early / expected < 1.4 + 2.0 / (n + 1.0) { 1.0 } else { 0.0 };
        let push = moving * (c_c * (2.0 - c_c) * effective).sqrt();
        self.path_c.iter_mut().zip(&step).for_each(|(p, y)| *p = (1.0 - c_c) * *p + push * y);
        let old = 1.0 - c_1 - c_mu + (1.0 - moving) * c_1 * c_c * (2.0 - c_c);
        for i in 0..width {
            for j in 0..=i {
                let good: f64 = weights.iter().zip(steps).map(|(w, y)| w * y[i] * y[j]).sum();
                let value = old * self.covariance[i * width + j]
                    + c_1 * self.path_c[i] * self.path_c[j]
                    + c_mu * good;
                self.covariance[i * width + j] = value;
                self.covariance[j * width + i] = value;
            }
        }
        self.sigma *= libm::exp((c_s / damping * (length / expected - 1.0)).min(1.0));
        let every = (1.0 / (10.0 * n * (c_1 + c_mu))).floor().max(1.0) as u64;
        if self.age.is_multiple_of(every) {
            let (values, axes) = eigen(&self.covariance, width);
            self.axes = axes;
            self.scales = values.iter().map(|v| v.max(1e-300).sqrt()).collect();
        }
    }

    fn has_stalled(&self) -> bool {
        let widest = self.scales.iter().copied().fold(0.0, f64::max);
        let narrowest = self.scales.iter().copied().fold(f64::INFINITY, f64::min);
        let window = 10 + (30 * self.n).div_ceil(self.lambda);
        let flat = self.recent.len() >= window && {
            let last = &self.recent[self.recent.len() - window..];
            let (low, high) = last.iter().fold((f64::MAX, f64::MIN), |(l, h), &f| (l.min(f), h.max(f)));
            high - low <= 1e-12 * high.abs().max(1e-12)
        };
        let broken =
            !self.sigma.is_finite() || !widest.is_finite() || self.mean.iter().any(|m| !m.is_finite());
        broken || flat || self.sigma * widest < 1e-12 || widest > 1e7 * narrowest
    }
}

impl Algorithm for CmaEs {
    fn first(&self) -> usize {
        self.lambda
    }

    fn batch(&self) -> usize {
        self.lambda
    }

    fn start(&mut self, at: At, from: usize, rows: &mut [f64]) -> bool {
        let n = self.n;
        rows.chunks_exact_mut(n).enumerate().for_each(|(k, row)| self.sample(at, from + k, row));
        true
    }

    fn breed(&mut self, at: At, _population: &Population, from: usize, rows: &mut [f64]) {
        self.start(at, from, rows);
    }

    fn update(&mut self, at: At, population: &mut Population, children: &Population, _numbers: &[u64]) {
        let mut places: Vec<usize> = (0..children.len()).collect();
        places.sort_by(|&a, &b| order(children, a, children, b));
        // The best of all generations stands first; it takes no part in learning.
        let before = population.clone();
        population.clear();
        let best = places[0];
        if before.len() > 0 && order(&before, 0, children, best).is_lt() {
            population.push(&before, 0);
        }
        places.iter().for_each(|&k| population.push(children, k));
        let parents = (children.len() / 2).max(1);
        let mut weights: Vec<f64> =
            (0..parents).map(|i| libm::log(parents as f64 + 0.5) - libm::log(i as f64 + 1.0)).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum);
        let steps: Vec<Vec<f64>> = places[..parents]
            .iter()
            .map(|&k| {
                let place = unit_box::place(at.space, children.x(k));
                place.iter().zip(&self.mean).map(|(u, m)| (u - m) / self.sigma).collect()
            })
            .collect();
        self.learn(&steps, &weights);
        self.age += 1;
        self.recent.push(children.f(best)[0]);
        let window = 20 + 30 * self.n;
        if self.recent.len() > 2 * window {
            self.recent.drain(..window);
        }
        if self.has_stalled() {
            if self.restarts {
                self.lambda = (2 * self.lambda).min(1 << 16);
            }
            let mut draw = at.draw(0, Purpose::Sample);
            let mean = (0..self.n).map(|_| draw.uniform()).collect();
            self.restart(mean);
        }
    }

    fn fields(&mut self, population: &Population, io: &mut Fields) -> Result<()> {
        let n = self.n;
        io.usize(&mut self.lambda)?;
        io.u64(&mut self.age)?;
        io.f64(&mut self.sigma)?;
        for (values, length) in [
            (&mut self.mean, n),
            (&mut self.covariance, n * n),
            (&mut self.axes, n * n),
            (&mut self.scales, n),
            (&mut self.path_c, n),
            (&mut self.path_s, n),
        ] {
            io.f64s(values)?;
            io.expect(
                values.len() == length && values.iter().all(|v| v.is_finite()),
                "its covariance is broken",
            )?;
        }
        io.f64s(&mut self.recent)?;
        let fits = (4..=1 << 16).contains(&self.lambda) && self.sigma > 0.0 && self.age < 1 << 60;
        io.expect(fits && population.len() <= (1 << 17), "its step size is broken")
    }
}
