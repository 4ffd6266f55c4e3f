//! The densities of one variable: a mixture of the few observations below, cells with counts of the many above.
//!
//! Both have a kernel of the whole range beside those of the observations, the prior. Kernels are cut at the bounds.

use crate::random::Draw;
use crate::space::Kind;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Cells over the range of a number.
const CELLS: usize = 512;
/// Where a kernel ends, in standard deviations.
const REACH: f64 = 6.0;
/// The narrowest kernel is this part of the range.
const NARROWEST: f64 = 0.01;

/// What a variable's genome can be.
#[derive(Clone, Copy)]
pub(super) struct Range {
    kind: Kind,
    low: f64,
    high: f64,
}

impl Range {
    pub(super) fn new(kind: Kind, low: f64, high: f64) -> Self {
        Self { kind, low, high }
    }

    fn width(&self) -> f64 {
        self.high - self.low
    }

    /// Number of choices, 0 for a number.
    fn choices(&self) -> usize {
        if self.kind == Kind::Choice { self.width().round() as usize } else { 0 }
    }

    fn choice(&self, x: f64) -> usize {
        ((x - self.low) as usize).min(self.choices() - 1)
    }

    /// The narrowest kernel among `n` observations.
    fn narrowest(&self, n: usize) -> f64 {
        let width = self.width() * (1.0 / (1.0 + n as f64)).max(NARROWEST);
        if self.kind == (Kind::Int { log: false }) { width.max(0.5) } else { width }
    }

    /// The value that the variable takes at `x`.
    fn rounded(&self, x: f64) -> f64 {
        match self.kind {
            Kind::Int { log: false } => x.round_ties_even(),
            Kind::Int { log: true } => libm::log(libm::exp(x).round_ties_even().max(1.0)),
            _ => x,
        }
    }
}

/// The index that `u` in [0, 1) falls on; none for the `rest` behind all weights.
pub(super) fn pick(u: f64, weights: &[f64], rest: f64) -> Option<usize> {
    let mut left = u * (weights.iter().sum::<f64>() + rest);
    weights.iter().position(|w| {
        left -= w;
        left < 0.0
    })
}

fn normal(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / (2.0 * PI).sqrt()
}

/// The part of a normal kernel that lies within the range.
fn mass(range: &Range, mean: f64, sigma: f64) -> f64 {
    let below = |x: f64| 0.5 * libm::erfc((mean - x) / sigma * FRAC_1_SQRT_2);
    below(range.high) - below(range.low)
}

/// Few observations with weights.
pub(super) struct Mixture {
    range: Range,
    /// Means, deviations, and shares over the part within the range; the prior is the last. For choices only shares.
    means: Vec<f64>,
    sigmas: Vec<f64>,
    shares: Vec<f64>,
    heights: Vec<f64>,
}

impl Mixture {
    pub(super) fn new(range: Range, mut members: Vec<(f64, f64)>) -> Self {
        let total: f64 = members.iter().map(|member| member.1).sum::<f64>() + 1.0;
        let choices = range.choices();
        if choices > 0 {
            let mut shares = vec![1.0 / choices as f64 / total; choices];
            members.iter().for_each(|&(x, w)| shares[range.choice(x)] += w / total);
            return Self { range, means: Vec::new(), sigmas: Vec::new(), heights: shares.clone(), shares };
        }
        members.sort_by(|a, b| a.0.total_cmp(&b.0));
        let n = members.len();
        let narrowest = range.narrowest(n);
        let (mut means, mut sigmas, mut shares) = (Vec::new(), Vec::new(), Vec::new());
        for (i, &(x, w)) in members.iter().enumerate() {
            let left = if i > 0 { x - members[i - 1].0 } else { x - range.low };
            let right = if i + 1 < n { members[i + 1].0 - x } else { range.high - x };
            means.push(x);
            // As wide as the wider gap to a neighbour.
            sigmas.push(left.max(right).clamp(narrowest, range.width().max(narrowest)));
            shares.push(w / total);
        }
        means.push(0.5 * (range.low + range.high));
        sigmas.push(range.width());
        shares.push(1.0 / total);
        let heights = (0..=n).map(|i| shares[i] / sigmas[i] / mass(&range, means[i], sigmas[i])).collect();
        Self { range, means, sigmas, shares, heights }
    }

    pub(super) fn draw(&self, draw: &mut Draw) -> f64 {
        let last = self.shares.len() - 1;
        let i = pick(draw.uniform(), &self.shares, 0.0).unwrap_or(last);
        if self.means.is_empty() {
            return i as f64;
        }
        // At least a third of a kernel lies inside: its mean does, and the prior is as wide as the range.
        for _ in 0..100 {
            let x = self.means[i] + self.sigmas[i] * draw.normal();
            if x >= self.range.low && x <= self.range.high {
                return self.range.rounded(x);
            }
        }
        self.range.rounded(self.means[i])
    }

    pub(super) fn density(&self, x: f64) -> f64 {
        if self.means.is_empty() {
            return self.heights[x as usize];
        }
        let kernels = self.means.iter().zip(&self.sigmas).zip(&self.heights);
        kernels.map(|((mean, sigma), height)| height * normal((x - mean) / sigma)).sum()
    }
}

/// Many observations, counted in cells.
pub(super) struct Cells {
    range: Range,
    counts: Vec<u32>,
    n: usize,
    /// The kernel by the distance in cells, and the part of it within the range by cell; of the width `sigma`.
    sigma: f64,
    kernel: Vec<f64>,
    inverse: Vec<f64>,
}

impl Cells {
    pub(super) fn new(range: Range) -> Self {
        let cells = if range.choices() > 0 { range.choices() } else { CELLS };
        let counts = if range.kind == Kind::Permutation { Vec::new() } else { vec![0; cells] };
        Self { range, counts, n: 0, sigma: 0.0, kernel: Vec::new(), inverse: Vec::new() }
    }

    pub(super) fn count(&mut self, x: f64, comes: bool) {
        if self.counts.is_empty() {
            return;
        }
        let cell = if self.range.choices() > 0 {
            self.range.choice(x)
        } else {
            (((x - self.range.low) / self.range.width() * CELLS as f64) as usize).min(CELLS - 1)
        };
        if comes {
            self.counts[cell] += 1;
            self.n += 1;
        } else {
            self.counts[cell] -= 1;
            self.n -= 1;
        }
    }

    /// Makes the kernel fit the number of observations.
    pub(super) fn prepare(&mut self) {
        let sigma = self.range.narrowest(self.n);
        if self.counts.is_empty() || self.range.choices() > 0 || self.sigma == sigma {
            return;
        }
        self.sigma = sigma;
        let cell = self.range.width() / CELLS as f64;
        let reach = ((REACH * sigma / cell).ceil() as usize).min(CELLS);
        self.kernel = (0..=reach).map(|k| normal(k as f64 * cell / sigma) / sigma).collect();
        let middle = |i: usize| self.range.low + (i as f64 + 0.5) * cell;
        self.inverse = (0..CELLS).map(|i| 1.0 / mass(&self.range, middle(i), sigma)).collect();
    }

    /// The density, between cells by the straight line.
    pub(super) fn density(&self, x: f64) -> f64 {
        let total = self.n as f64 + 1.0;
        if self.range.choices() > 0 {
            let prior = 1.0 / self.range.choices() as f64;
            return (f64::from(self.counts[x as usize]) + prior) / total;
        }
        let width = self.range.width();
        let place = (x - self.range.low) / width * CELLS as f64 - 0.5;
        let cell = place.floor().clamp(0.0, (CELLS - 2) as f64);
        let part = (place - cell).clamp(0.0, 1.0);
        let near = (1.0 - part) * self.smooth(cell as usize) + part * self.smooth(cell as usize + 1);
        let middle = 0.5 * (self.range.low + self.range.high);
        let prior = normal((x - middle) / width) / width / mass(&self.range, middle, width);
        (near + prior) / total
    }

    fn smooth(&self, cell: usize) -> f64 {
        let reach = self.kernel.len() - 1;
        let (from, to) = (cell.saturating_sub(reach), (cell + reach + 1).min(CELLS));
        let mut sum = 0.0;
        for i in from..to {
            if self.counts[i] > 0 {
                sum += f64::from(self.counts[i]) * self.kernel[i.abs_diff(cell)] * self.inverse[i];
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    const REAL: Range = Range { kind: Kind::Real { log: false }, low: -1.0, high: 3.0 };

    /// Simpson's rule over the range.
    fn integral(f: impl Fn(f64) -> f64) -> f64 {
        let n = 20_000;
        let h = REAL.width() / f64::from(n);
        let weight = |i: i32| if i == 0 || i == n { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
        (0..=n).map(|i| weight(i) * f(REAL.low + f64::from(i) * h)).sum::<f64>() * h / 3.0
    }

    #[test]
    fn densities_integrate_to_one() {
        let mixture = Mixture::new(REAL, vec![(-1.0, 1.0), (0.2, 0.5), (0.21, 0.001), (2.9, 1.0)]);
        assert!((integral(|x| mixture.density(x)) - 1.0).abs() < 1e-9);
        for n in [0, 3, 500] {
            let mut cells = Cells::new(REAL);
            (0..n).for_each(|i| cells.count(REAL.low + 4.0 * (f64::from(i) / 500.0).powi(2), true));
            cells.prepare();
            // Cells of a five hundredth of the range beside kernels of at least a hundredth; the ends are flat.
            assert!((integral(|x| cells.density(x)) - 1.0).abs() < 3e-3);
        }
    }

    #[test]
    fn cells_follow_the_kernels_that_they_stand_for() {
        let at = |i: u32| REAL.low + 4.0 * (f64::from(i) / 300.0).powi(2);
        let mut cells = Cells::new(REAL);
        (0..300).for_each(|i| cells.count(at(i), true));
        cells.count(2.5, true);
        cells.count(2.5, false);
        cells.prepare();
        let sigma = REAL.narrowest(300);
        for x in [-0.97, -0.5, 0.3, 1.0, 2.2, 2.95] {
            let kernels = (0..300).map(|i| normal((x - at(i)) / sigma) / sigma / mass(&REAL, at(i), sigma));
            let prior = normal((x - 1.0) / 4.0) / 4.0 / mass(&REAL, 1.0, 4.0);
            let exact = (kernels.sum::<f64>() + prior) / 301.0;
            assert!((cells.density(x) / exact - 1.0).abs() < 0.05, "{x}: {} {exact}", cells.density(x));
        }
    }

    #[test]
    fn draws_have_the_density() {
        let mixture = Mixture::new(REAL, vec![(0.0, 1.0), (0.1, 1.0)]);
        let mut draw = Draw::new(1, 2, 3, Purpose::Cross);
        let n = 40_000;
        let below = (0..n).filter(|_| mixture.draw(&mut draw) < 0.5).count() as f64 / f64::from(n);
        let expected = integral(|x| if x < 0.5 { mixture.density(x) } else { 0.0 });
        // Five standard errors.
        assert!((below - expected).abs() < 0.0125, "{below} {expected}");
    }
}
