//! Counter-based random numbers: a hash of (seed, item), the same on any number of threads.

/// The `item`-th number of the stream `seed`, uniform over all 64-bit integers (SplitMix64: Steele, Lea, Flood 2014).
pub(crate) fn bits(seed: u64, item: u64) -> u64 {
    let mut z = seed.wrapping_add(item.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ z >> 31
}

/// The same in [0, 1).
pub(crate) fn uniform(seed: u64, item: u64) -> f64 {
    (bits(seed, item) >> 11) as f64 / (1u64 << 53) as f64
}
