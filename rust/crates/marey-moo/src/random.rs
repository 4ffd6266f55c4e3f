//! Counter-based random numbers: a hash of (seed, item), the same on any number of threads.

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The `item`-th number of the stream `seed`, uniform over all 64-bit integers (SplitMix64: Steele, Lea, Flood 2014).
pub(crate) fn bits(seed: u64, item: u64) -> u64 {
    mix(seed.wrapping_add(item.wrapping_add(1).wrapping_mul(STEP)))
}

/// The same in [0, 1).
pub(crate) fn uniform(seed: u64, item: u64) -> f64 {
    unit(bits(seed, item))
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// What numbers are drawn for: two purposes never share a stream.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Sample,
    Select,
    Cross,
    Mutate,
    Survive,
}

/// The numbers of one individual of one generation for one purpose: a stream that is a function of these alone.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    state: u64,
}

impl Draw {
    pub(crate) fn new(seed: u64, generation: u64, individual: u64, purpose: Purpose) -> Self {
        Self { state: bits(bits(bits(seed, generation), individual), purpose as u64) }
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// Uniform in [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        unit(self.bits())
    }

    /// Uniform in 0..n (Lemire 2019, without the rejection step: the bias is below n / 2^64).
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Standard normal (Box, Muller 1958). The functions are those of this crate's library, the same on every machine.
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
        radius * libm::cos(2.0 * std::f64::consts::PI * self.uniform())
    }

    /// Puts the items in a random order (Fisher, Yates; Durstenfeld 1964).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// A number below `n` that is none of `taken`, of which there are fewer than `n`.
    pub(crate) fn other_than(&mut self, n: usize, taken: &[usize]) -> usize {
        loop {
            let i = self.below(n);
            if !taken.contains(&i) {
                return i;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_every_part_of_their_key() {
        let first = |s, g, i, p| Draw::new(s, g, i, p).bits();
        let keys = [
            first(1, 2, 3, Purpose::Cross),
            first(2, 2, 3, Purpose::Cross),
            first(1, 3, 3, Purpose::Cross),
            first(1, 2, 4, Purpose::Cross),
            first(1, 2, 3, Purpose::Mutate),
        ];
        for (i, a) in keys.iter().enumerate() {
            assert!(keys[..i].iter().all(|b| a != b));
        }
    }

    #[test]
    fn normals_have_the_moments_of_the_normal() {
        let mut draw = Draw::new(7, 0, 0, Purpose::Sample);
        let n = 200_000;
        let (mut sum, mut squares, mut fourth) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let z = draw.normal();
            sum += z;
            squares += z * z;
            fourth += z * z * z * z;
        }
        // Five standard errors: 1, sqrt(2) and sqrt(96) over sqrt(n).
        let error = 5.0 / f64::from(n).sqrt();
        assert!((sum / f64::from(n)).abs() < error);
        assert!((squares / f64::from(n) - 1.0).abs() < 1.42 * error);
        assert!((fourth / f64::from(n) - 3.0).abs() < 9.8 * error);
    }
}
