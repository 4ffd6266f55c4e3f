//! Hypervolumes.

use crate::array::Rows;
use crate::error::Failure;
use crate::threads;
use marey_moo::Points;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use rayon::ThreadPool;
use rayon::prelude::*;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(hypervolume, module)?)?;
    module.add_function(wrap_pyfunction!(hv_gradient, module)?)?;
    module.add_function(wrap_pyfunction!(hv_contributions, module)?)?;
    module.add_function(wrap_pyfunction!(hv_least, module)?)?;
    module.add_function(wrap_pyfunction!(hv_approx, module)?)?;
    module.add_function(wrap_pyfunction!(boxes, module)?)?;
    module.add_function(wrap_pyfunction!(ehvi, module)?)
}

type Reference = Vec<f64>;

/// `points` holds `sets` sets of as many rows each; gives one volume a set.
#[pyfunction]
fn hypervolume<'py>(
    py: Python<'py>,
    points: PyReadonlyArray2<'py, f64>,
    reference: Reference,
    sets: usize,
) -> Result<Bound<'py, PyArray1<f64>>, Failure> {
    let rows = Rows::of(&points);
    let pool = threads::pool()?;
    let volumes = py.detach(|| {
        each_set(&rows, sets, pool.as_deref(), |points, pool| {
            marey_moo::hypervolume(points, &reference, pool)
        })
    })?;
    Ok(volumes.into_pyarray(py))
}

/// As `hypervolume`; gives the derivatives of every row, flat.
#[pyfunction]
fn hv_gradient<'py>(
    py: Python<'py>,
    points: PyReadonlyArray2<'py, f64>,
    reference: Reference,
    sets: usize,
) -> Result<Bound<'py, PyArray1<f64>>, Failure> {
    let rows = Rows::of(&points);
    let pool = threads::pool()?;
    let gradients = py.detach(|| {
        each_set(&rows, sets, pool.as_deref(), |points, _| marey_moo::hv_gradient(points, &reference))
    })?;
    Ok(gradients.concat().into_pyarray(py))
}

#[pyfunction]
fn hv_contributions<'py>(
    py: Python<'py>,
    points: PyReadonlyArray2<'py, f64>,
    reference: Reference,
) -> Result<Bound<'py, PyArray1<f64>>, Failure> {
    let rows = Rows::of(&points);
    let pool = threads::pool()?;
    let contributions =
        py.detach(|| marey_moo::hv_contributions(rows.points()?, &reference, pool.as_deref()))?;
    Ok(contributions.into_pyarray(py))
}

#[pyfunction]
fn hv_least(
    py: Python<'_>,
    points: PyReadonlyArray2<'_, f64>,
    reference: Reference,
) -> Result<Option<(usize, f64)>, Failure> {
    let rows = Rows::of(&points);
    let pool = threads::pool()?;
    Ok(py.detach(|| marey_moo::hv_least(rows.points()?, &reference, pool.as_deref()))?)
}

#[pyfunction]
fn hv_approx(
    py: Python<'_>,
    points: PyReadonlyArray2<'_, f64>,
    reference: Reference,
    samples: usize,
    seed: u64,
) -> Result<(f64, (f64, f64)), Failure> {
    let rows = Rows::of(&points);
    let pool = threads::pool()?;
    Ok(py.detach(|| marey_moo::hv_approx(rows.points()?, &reference, samples, seed, pool.as_deref()))?)
}

type Corners<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>);

/// Lower and upper corners, flat.
#[pyfunction]
fn boxes<'py>(
    py: Python<'py>,
    points: PyReadonlyArray2<'py, f64>,
    reference: Reference,
    dominated: bool,
) -> Result<Corners<'py>, Failure> {
    let rows = Rows::of(&points);
    let boxes = py.detach(|| match dominated {
        true => marey_moo::dominated_boxes(rows.points()?, &reference),
        false => marey_moo::nondominated_boxes(rows.points()?, &reference),
    })?;
    Ok((boxes.lower.into_pyarray(py), boxes.upper.into_pyarray(py)))
}

#[pyfunction]
fn ehvi<'py>(
    py: Python<'py>,
    mean: PyReadonlyArray2<'py, f64>,
    std: PyReadonlyArray2<'py, f64>,
    points: PyReadonlyArray2<'py, f64>,
    reference: Reference,
) -> Result<Bound<'py, PyArray1<f64>>, Failure> {
    let (mean, std, rows) = (Rows::of(&mean), Rows::of(&std), Rows::of(&points));
    let pool = threads::pool()?;
    let expected = py.detach(|| {
        marey_moo::ehvi(mean.points()?, std.points()?, rows.points()?, &reference, pool.as_deref())
    })?;
    Ok(expected.into_pyarray(py))
}

/// The results of all sets, in parallel over the sets where there are several, within the set where there is one.
fn each_set<T: Send>(
    rows: &Rows,
    sets: usize,
    pool: Option<&ThreadPool>,
    of: impl Fn(Points, Option<&ThreadPool>) -> marey_moo::Result<T> + Sync,
) -> marey_moo::Result<Vec<T>> {
    let n = rows.n.checked_div(sets).unwrap_or(0);
    let one =
        |i: usize, pool| of(Points::new(&rows.values[i * n * rows.d..][..n * rows.d], n, rows.d)?, pool);
    match pool.filter(|_| sets > 1) {
        Some(pool) => pool.install(|| (0..sets).into_par_iter().map(|i| one(i, None)).collect()),
        None => (0..sets).map(|i| one(i, pool)).collect(),
    }
}
