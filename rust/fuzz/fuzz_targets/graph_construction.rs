//! Any bytes as the arrays of a graph.

#![no_main]

#[path = "../../crates/marey-graph/tests/construction/mod.rs"]
mod construction;

libfuzzer_sys::fuzz_target!(|data: &[u8]| construction::check(data));
