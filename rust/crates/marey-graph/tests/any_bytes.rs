//! The fuzz target of graph construction as a property test on stable Rust: 3,000 inputs in every test run, as many as
//! MAREY_FUZZ_CASES says in `make fuzz`. It draws bytes at random; the target in `rust/fuzz` is led by coverage.

mod construction;

use proptest::prelude::*;

fn cases() -> u32 {
    std::env::var("MAREY_FUZZ_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(3000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn any_bytes_are_an_error_or_a_graph(data in prop::collection::vec(any::<u8>(), 0..400)) {
        construction::check(&data);
    }
}
