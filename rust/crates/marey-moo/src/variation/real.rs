//! Operators on real variables within bounds.
//!
//! Sources: simulated binary crossover and polynomial mutation in their bounded form (Deb, Agrawal 1995; Deb, Goyal 1996;
//! Deb et al. 2002); blend crossover (Eshelman, Schaffer 1993).

use crate::random::Draw;

pub(super) enum RealCross {
    Sbx { eta: f64 },
    Blend { alpha: f64 },
}

impl RealCross {
    /// Two children of two different values. `bits` are random but for the lowest bit.
    #[inline]
    pub(super) fn apply(
        &self,
        a: f64,
        b: f64,
        low: f64,
        high: f64,
        bits: u64,
        draw: &mut Draw,
    ) -> (f64, f64) {
        let (x, y) = if a < b { (a, b) } else { (b, a) };
        let (c, d) = match *self {
            Self::Sbx { eta } => sbx(x, y, low, high, eta, (bits >> 11) as f64 / (1u64 << 53) as f64),
            Self::Blend { alpha } => {
                let reach = alpha * (y - x);
                let mut child = || x - reach + draw.uniform() * (y - x + 2.0 * reach);
                (child(), child())
            }
        };
        let (c, d) = (c.clamp(low, high), d.clamp(low, high));
        if bits & 2 == 0 { (c, d) } else { (d, c) }
    }
}

/// The spread factors of both children come from one uniform number, each limited by the nearer bound on its side.
#[inline]
fn sbx(x: f64, y: f64, low: f64, high: f64, eta: f64, u: f64) -> (f64, f64) {
    let gap = y - x;
    if gap < 1e-14 {
        return (x, y);
    }
    let spread = |room: f64| {
        let beta = 1.0 + 2.0 * room / gap;
        let alpha = 2.0 - 1.0 / power(beta, eta + 1.0);
        if u * alpha <= 1.0 { root(u * alpha, eta + 1.0) } else { root(1.0 / (2.0 - u * alpha), eta + 1.0) }
    };
    let middle = 0.5 * (x + y);
    (middle - 0.5 * spread(x - low) * gap, middle + 0.5 * spread(high - y) * gap)
}

pub(super) enum RealMutation {
    Polynomial { eta: f64 },
    Gaussian { sigma: f64 },
}

impl RealMutation {
    /// Another value within the bounds. A Gaussian step is a share of the range, clipped to it.
    pub(super) fn apply(&self, x: f64, low: f64, high: f64, draw: &mut Draw) -> f64 {
        match *self {
            Self::Polynomial { eta } => polynomial(x, low, high, eta, draw),
            Self::Gaussian { sigma } => (x + sigma * (high - low) * draw.normal()).clamp(low, high),
        }
    }
}

/// Polynomial mutation of one value.
fn polynomial(x: f64, low: f64, high: f64, eta: f64, draw: &mut Draw) -> f64 {
    let range = high - low;
    if range <= 0.0 {
        return x;
    }
    let u = draw.uniform();
    let step = if u < 0.5 {
        let away = 1.0 - (x - low) / range;
        root(2.0 * u + (1.0 - 2.0 * u) * power(away, eta + 1.0), eta + 1.0) - 1.0
    } else {
        let away = 1.0 - (high - x) / range;
        1.0 - root(2.0 * (1.0 - u) + (2.0 * u - 1.0) * power(away, eta + 1.0), eta + 1.0)
    };
    (x + step * range).clamp(low, high)
}

/// x^p for x >= 0, by multiplications where p is a small integer.
#[inline]
fn power(x: f64, p: f64) -> f64 {
    let mut n = p as u32;
    if f64::from(n) != p || n > 64 {
        return libm::pow(x, p);
    }
    let (mut result, mut square) = (1.0, x);
    while n > 0 {
        if n & 1 == 1 {
            result *= square;
        }
        square *= square;
        n >>= 1;
    }
    result
}

/// x^(1/p) for x >= 0, by square roots where p is a small power of two.
#[inline]
fn root(x: f64, p: f64) -> f64 {
    if p == 16.0 { x.sqrt().sqrt().sqrt().sqrt() } else { libm::pow(x, 1.0 / p) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn power_and_root_are_those_of_the_library(x in 1e-6..1e6f64, p in 1..40u32) {
            let p = f64::from(p);
            prop_assert!((power(x, p) / libm::pow(x, p) - 1.0).abs() < 1e-14);
            prop_assert!((root(x, p) / libm::pow(x, 1.0 / p) - 1.0).abs() < 1e-14);
        }

        #[test]
        fn children_stay_within_the_bounds(a in -1.0..3.0f64, b in -1.0..3.0f64, seed: u64) {
            let mut draw = Draw::new(seed, 0, 0, crate::random::Purpose::Cross);
            for cross in [RealCross::Sbx { eta: 15.0 }, RealCross::Sbx { eta: 2.5 }, RealCross::Blend { alpha: 0.5 }] {
                let (c, d) = cross.apply(a, b, -1.0, 3.0, draw.bits(), &mut draw);
                prop_assert!((-1.0..=3.0).contains(&c) && (-1.0..=3.0).contains(&d));
            }
            for mutation in [RealMutation::Polynomial { eta: 20.0 }, RealMutation::Gaussian { sigma: 0.5 }] {
                prop_assert!((-1.0..=3.0).contains(&mutation.apply(a, -1.0, 3.0, &mut draw)));
            }
        }
    }

    #[test]
    fn sbx_far_from_the_bounds_keeps_the_mean_of_the_parents() {
        for i in 0..100 {
            let (c, d) = sbx(0.4, 0.6, -1e9, 1e9, 15.0, f64::from(i) / 100.0);
            assert!((c + d - 1.0).abs() < 1e-12);
        }
    }
}
