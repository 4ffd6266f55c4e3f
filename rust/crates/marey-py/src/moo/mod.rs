//! Bindings of marey-moo. The Python functions of `marey.moo` document and check the arguments.

mod rank;
mod volume;

use pyo3::prelude::*;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    rank::register(module)?;
    volume::register(module)
}
