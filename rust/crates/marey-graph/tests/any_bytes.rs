//! The fuzz target of graph construction as a property test, for machines without libFuzzer.

mod construction;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_bytes_are_an_error_or_a_graph(data in prop::collection::vec(any::<u8>(), 0..400)) {
        construction::check(&data);
    }
}
