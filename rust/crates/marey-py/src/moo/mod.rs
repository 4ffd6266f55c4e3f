//! Bindings of marey-moo. The Python functions of `marey.moo` document and check the arguments.

mod archive;
mod indicator;
mod optimizer;
mod rank;
mod space;
mod volume;

use pyo3::prelude::*;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    rank::register(module)?;
    indicator::register(module)?;
    archive::register(module)?;
    space::register(module)?;
    optimizer::register(module)?;
    volume::register(module)
}
