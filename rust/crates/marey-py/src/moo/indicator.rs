//! Indicators of a set of points, mostly numbers.

use crate::array::Rows;
use crate::error::Failure;
use crate::threads;
use marey_moo::{Points, Result};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use rayon::ThreadPool;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(gd, module)?)?;
    module.add_function(wrap_pyfunction!(gd_plus, module)?)?;
    module.add_function(wrap_pyfunction!(igd, module)?)?;
    module.add_function(wrap_pyfunction!(igd_plus, module)?)?;
    module.add_function(wrap_pyfunction!(epsilon, module)?)?;
    module.add_function(wrap_pyfunction!(r2, module)?)?;
    module.add_function(wrap_pyfunction!(spacing, module)?)?;
    module.add_function(wrap_pyfunction!(crowding_distance, module)?)?;
    module.add_function(wrap_pyfunction!(eaf, module)?)
}

type Table<'py> = PyReadonlyArray2<'py, f64>;

#[pyfunction]
fn gd(py: Python<'_>, f: Table, r: Table) -> std::result::Result<f64, Failure> {
    distance(py, &f, &r, marey_moo::gd)
}

#[pyfunction]
fn gd_plus(py: Python<'_>, f: Table, r: Table) -> std::result::Result<f64, Failure> {
    distance(py, &f, &r, marey_moo::gd_plus)
}

#[pyfunction]
fn igd(py: Python<'_>, f: Table, r: Table) -> std::result::Result<f64, Failure> {
    distance(py, &f, &r, marey_moo::igd)
}

#[pyfunction]
fn igd_plus(py: Python<'_>, f: Table, r: Table) -> std::result::Result<f64, Failure> {
    distance(py, &f, &r, marey_moo::igd_plus)
}

#[pyfunction]
fn epsilon(py: Python<'_>, f: Table, r: Table, scaled: bool) -> std::result::Result<f64, Failure> {
    distance(py, &f, &r, |f, r, _| marey_moo::epsilon(f, r, scaled))
}

/// Without `weights` the integral over all weights of two objectives.
#[pyfunction]
#[pyo3(signature = (f, ideal, weights=None))]
fn r2(
    py: Python<'_>,
    f: Table,
    ideal: Vec<f64>,
    weights: Option<Table>,
) -> std::result::Result<f64, Failure> {
    match weights {
        Some(weights) => {
            distance(py, &f, &weights, |f, weights, pool| marey_moo::r2(f, &ideal, weights, pool))
        }
        None => {
            let rows = Rows::of(&f);
            Ok(py.detach(|| marey_moo::r2_exact(rows.points()?, &ideal))?)
        }
    }
}

#[pyfunction]
fn spacing(py: Python<'_>, f: Table) -> std::result::Result<f64, Failure> {
    let rows = Rows::of(&f);
    Ok(py.detach(|| marey_moo::spacing(rows.points()?))?)
}

/// `group` holds numbers from 0 below the number of points.
#[pyfunction]
fn crowding_distance<'py>(
    py: Python<'py>,
    f: Table,
    group: PyReadonlyArray1<'py, i64>,
) -> std::result::Result<Bound<'py, PyArray1<f64>>, Failure> {
    let rows = Rows::of(&f);
    let group: Vec<usize> = group.as_array().iter().map(|&g| g as usize).collect();
    let distances = py.detach(|| marey_moo::crowding_distance(rows.points()?, &group))?;
    Ok(distances.into_pyarray(py))
}

/// The surfaces of the levels, flat.
#[pyfunction]
fn eaf<'py>(
    py: Python<'py>,
    points: Table,
    offsets: Vec<usize>,
    levels: Vec<usize>,
) -> std::result::Result<Vec<Bound<'py, PyArray1<f64>>>, Failure> {
    let rows = Rows::of(&points);
    let surfaces = py.detach(|| marey_moo::eaf(rows.points()?, &offsets, &levels))?;
    Ok(surfaces.into_iter().map(|surface| surface.into_pyarray(py)).collect())
}

fn distance(
    py: Python<'_>,
    f: &Table,
    r: &Table,
    of: impl Fn(Points, Points, Option<&ThreadPool>) -> Result<f64> + Sync + Send,
) -> std::result::Result<f64, Failure> {
    let (f, r) = (Rows::of(f), Rows::of(r));
    let pool = threads::pool()?;
    Ok(py.detach(|| of(f.points()?, r.points()?, pool.as_deref()))?)
}
