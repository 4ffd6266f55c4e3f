//! Stable argsort of numbers and dense ranks, by radix passes over the leading bits that differ.
//!
//! The keys' range is shifted into 32 bits, which leaves few ties even for clustered values; three passes of 11 bits sort
//! these, and runs that still tie are sorted by the whole key. Cost O(n) plus O(r log r) for each run of r ties.

const DIGIT_BITS: u32 = 11;
const BUCKETS: usize = 1 << DIGIT_BITS;
const RADIX_FROM: usize = 1024;

/// The order-preserving integer of a number that is not NaN; -0.0 and 0.0 share one.
pub(crate) fn key(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// Indices that sort `keys` ascending; equal keys keep their order.
pub(crate) fn argsort(keys: &[u64]) -> Vec<u32> {
    if keys.len() < RADIX_FROM {
        let mut items: Vec<(u64, u32)> = keys.iter().copied().zip(0..).collect();
        items.sort_unstable();
        return items.into_iter().map(|(_, i)| i).collect();
    }
    let (low, high) = keys.iter().fold((u64::MAX, 0), |(low, high), &k| (low.min(k), high.max(k)));
    let shift = (64 - (high - low).leading_zeros()).saturating_sub(32);
    let mut items: Vec<u64> = (0u64..).zip(keys).map(|(i, &k)| ((k - low) >> shift) << 32 | i).collect();
    radix_by_high_half(&mut items);
    let mut order: Vec<u32> = items.iter().map(|&item| item as u32).collect();
    if shift > 0 {
        for_each_run(
            &items,
            |&a, &b| a >> 32 == b >> 32,
            |from, to| {
                order[from..to].sort_unstable_by_key(|&i| (keys[i as usize], i));
            },
        );
    }
    order
}

/// Writes the dense rank of each key (0 for the smallest, equal keys share one) and returns the argsort.
pub(crate) fn dense_rank(keys: &[u64], ranks: &mut Vec<u32>) -> Vec<u32> {
    let order = argsort(keys);
    ranks.clear();
    ranks.resize(keys.len(), 0);
    let mut rank = 0;
    for pair in order.windows(2) {
        let (before, after) = (pair[0] as usize, pair[1] as usize);
        rank += u32::from(keys[before] != keys[after]);
        ranks[after] = rank;
    }
    order
}

/// Calls `visit(from, to)` for each maximal run of at least two neighbours that are the `same`.
pub(crate) fn for_each_run<T>(
    items: &[T],
    same: impl Fn(&T, &T) -> bool,
    mut visit: impl FnMut(usize, usize),
) {
    let mut from = 0;
    for to in 1..=items.len() {
        if to == items.len() || !same(&items[to - 1], &items[to]) {
            if to - from > 1 {
                visit(from, to);
            }
            from = to;
        }
    }
}

fn radix_by_high_half(items: &mut Vec<u64>) {
    let mut spare = vec![0; items.len()];
    for shift in [32, 32 + DIGIT_BITS, 32 + 2 * DIGIT_BITS] {
        let digit = |item: u64| (item >> shift) as usize & (BUCKETS - 1);
        let mut ends = [0usize; BUCKETS];
        for &item in items.iter() {
            ends[digit(item)] += 1;
        }
        if ends.contains(&items.len()) {
            continue;
        }
        let mut total = 0;
        for end in &mut ends {
            total += std::mem::replace(end, total);
        }
        for &item in items.iter() {
            let end = &mut ends[digit(item)];
            spare[*end] = item;
            *end += 1;
        }
        std::mem::swap(items, &mut spare);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn expected(keys: &[u64]) -> Vec<u32> {
        let mut order: Vec<u32> = (0..keys.len() as u32).collect();
        order.sort_by_key(|&i| keys[i as usize]);
        order
    }

    proptest! {
        #[test]
        fn argsort_is_the_stable_order(values in prop::collection::vec(-3.0..3.0f64, 0..2000), step in 0..3) {
            let round = [1e-12, 0.25, 1.0][step as usize];
            let keys: Vec<u64> = values.iter().map(|v| key((v / round).round() * round)).collect();
            prop_assert_eq!(argsort(&keys), expected(&keys));
        }

        #[test]
        fn argsort_of_any_bits(keys in prop::collection::vec(any::<u64>(), 0..1500)) {
            prop_assert_eq!(argsort(&keys), expected(&keys));
        }

        #[test]
        fn key_keeps_the_order(a: f64, b: f64) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(a.partial_cmp(&b).unwrap(), key(a).cmp(&key(b)));
        }
    }

    #[test]
    fn keys_of_zeros_and_infinities() {
        assert_eq!(key(-0.0), key(0.0));
        assert!(key(f64::NEG_INFINITY) < key(f64::MIN) && key(f64::MAX) < key(f64::INFINITY));
    }

    #[test]
    fn dense_ranks_share_ties() {
        let mut ranks = Vec::new();
        dense_rank(&[7, 3, 7, 1, 3], &mut ranks);
        assert_eq!(ranks, [2, 1, 2, 0, 1]);
    }
}
