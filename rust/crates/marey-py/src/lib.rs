//! The Python extension `marey._rust`: arrays in, arrays out, no algorithm.

#![allow(missing_docs)]

mod array;
mod cohort;
mod error;
mod flow;
mod graph;
mod moo;
mod sampling;
mod threads;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _rust {
    use super::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        threads::register(module)?;
        cohort::register(module)?;
        sampling::register(module)?;
        graph::register(module)?;
        flow::register(module)?;
        moo::register(module)
    }
}
