//! Ranks.

use crate::array::Rows;
use crate::error::Failure;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(pareto_rank, module)?)
}

#[pyfunction]
#[pyo3(signature = (points, k=None))]
fn pareto_rank<'py>(
    py: Python<'py>,
    points: PyReadonlyArray2<'py, f64>,
    k: Option<usize>,
) -> Result<Bound<'py, PyArray1<i64>>, Failure> {
    let rows = Rows::of(&points);
    let ranks = py.detach(|| marey_moo::pareto_rank(rows.points()?, k))?;
    Ok(ranks.into_pyarray(py))
}
