//! Bindings of marey-moo. The Python functions of `marey.moo` document and check the arguments.

use crate::array::Rows;
use crate::error::Failure;
use crate::threads;
use marey_moo::Points;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(pareto_rank, module)?)?;
    module.add_function(wrap_pyfunction!(hypervolume, module)?)?;
    module.add_function(wrap_pyfunction!(hv_contributions, module)?)?;
    module.add_function(wrap_pyfunction!(hv_least, module)?)
}

#[pyfunction]
#[pyo3(signature = (points, k=None))]
fn pareto_rank<'py>(
    py: Python<'py>,
    points: PyReadonlyArray2<'py, f64>,
    k: Option<usize>,
) -> Result<Bound<'py, PyArray1<i64>>, Failure> {
    let rows = Rows::of(&points);
    let ranks = py.detach(|| marey_moo::pareto_rank(Points::new(&rows.values, rows.n, rows.d)?, k))?;
    Ok(ranks.into_pyarray(py))
}

#[pyfunction]
fn hypervolume(
    py: Python<'_>,
    points: PyReadonlyArray2<'_, f64>,
    reference: Vec<f64>,
) -> Result<f64, Failure> {
    let rows = Rows::of(&points);
    let pool = threads::pool()?;
    Ok(py.detach(|| {
        marey_moo::hypervolume(Points::new(&rows.values, rows.n, rows.d)?, &reference, pool.as_deref())
    })?)
}

#[pyfunction]
fn hv_contributions<'py>(
    py: Python<'py>,
    points: PyReadonlyArray2<'py, f64>,
    reference: Vec<f64>,
) -> Result<Bound<'py, PyArray1<f64>>, Failure> {
    let rows = Rows::of(&points);
    let pool = threads::pool()?;
    let contributions = py.detach(|| {
        marey_moo::hv_contributions(Points::new(&rows.values, rows.n, rows.d)?, &reference, pool.as_deref())
    })?;
    Ok(contributions.into_pyarray(py))
}

#[pyfunction]
fn hv_least(
    py: Python<'_>,
    points: PyReadonlyArray2<'_, f64>,
    reference: Vec<f64>,
) -> Result<Option<(usize, f64)>, Failure> {
    let rows = Rows::of(&points);
    let pool = threads::pool()?;
    Ok(py.detach(|| {
        marey_moo::hv_least(Points::new(&rows.values, rows.n, rows.d)?, &reference, pool.as_deref())
    })?)
}
