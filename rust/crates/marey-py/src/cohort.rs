//! Bindings of matched cohorts. `marey.graph.match_cohort` documents and checks the arguments.

use crate::error::Failure;
use crate::threads;
use marey_graph::{Matched, Metric, NearFine, Ratio, Subjects, Window};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rayon::ThreadPool;

type Ints<'py> = PyReadonlyArray1<'py, i64>;
type Floats<'py> = PyReadonlyArray1<'py, f64>;
type Pairs<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<f64>>);

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(cohort_optimal, module)?)?;
    module.add_function(wrap_pyfunction!(cohort_greedy, module)?)?;
    module.add_function(wrap_pyfunction!(cohort_cover, module)?)?;
    module.add_function(wrap_pyfunction!(cohort_pairs, module)?)
}

/// (treated, control, d, categorical, caliper, group of treated, group of control, windows): rows flattened, windows
/// each (values of treated, values of controls, width).
#[derive(FromPyObject)]
struct Given<'py>(
    Floats<'py>,
    Floats<'py>,
    usize,
    Option<Vec<bool>>,
    f64,
    Ints<'py>,
    Ints<'py>,
    Vec<(Floats<'py>, Floats<'py>, f64)>,
);

impl Given<'_> {
    fn run(
        &self,
        py: Python<'_>,
        f: impl FnOnce(&Subjects, Option<&ThreadPool>) -> marey_graph::Result<Matched> + Send,
    ) -> Result<Matched, Failure> {
        let Self(treated, control, d, categorical, caliper, of_treated, of_control, windows) = self;
        let windows = windows.iter().map(|(treated, control, width)| {
            Ok(Window { treated: slice(treated)?, control: slice(control)?, width: *width })
        });
        let windows = windows.collect::<Result<Vec<_>, Failure>>()?;
        let subjects = Subjects {
            treated: slice(treated)?,
            control: slice(control)?,
            d: *d,
            metric: categorical.as_ref().map_or(Metric::Euclidean, |flags| Metric::Gower(flags)),
            caliper: *caliper,
            treated_group: slice(of_treated)?,
            control_group: slice(of_control)?,
            windows: &windows,
        };
        let pool = threads::pool()?;
        Ok(py.detach(|| f(&subjects, pool.as_deref()))?)
    }
}

fn slice<'a, T: numpy::Element>(array: &'a PyReadonlyArray1<'_, T>) -> Result<&'a [T], Failure> {
    array.as_slice().map_err(|_| PyValueError::new_err("an array of the cohort is not contiguous").into())
}

fn pairs_to_python(py: Python<'_>, pairs: Matched) -> Pairs<'_> {
    (pairs.treated.into_pyarray(py), pairs.control.into_pyarray(py), pairs.distance.into_pyarray(py))
}

#[pyfunction]
#[pyo3(signature = (subjects, least, most, total, category, wanted))]
fn cohort_optimal<'py>(
    py: Python<'py>,
    subjects: Given<'py>,
    least: u32,
    most: u32,
    total: Option<u64>,
    category: Option<Ints<'py>>,
    wanted: Option<Ints<'py>>,
) -> Result<Pairs<'py>, Failure> {
    let ratio = Ratio { least, most, total };
    let near_fine = match (&category, &wanted) {
        (Some(category), Some(wanted)) => {
            Some(NearFine { category: slice(category)?, wanted: slice(wanted)? })
        }
        _ => None,
    };
    let pairs = subjects
        .run(py, |given, pool| marey_graph::match_optimal(given, &ratio, near_fine.as_ref(), pool))?;
    Ok(pairs_to_python(py, pairs))
}

#[pyfunction]
fn cohort_greedy<'py>(
    py: Python<'py>,
    subjects: Given<'py>,
    ratio: u32,
    order: Ints<'py>,
) -> Result<Pairs<'py>, Failure> {
    let order = slice(&order)?;
    let pairs = subjects.run(py, |given, pool| marey_graph::match_greedy(given, ratio, order, pool))?;
    Ok(pairs_to_python(py, pairs))
}

#[pyfunction]
fn cohort_cover<'py>(py: Python<'py>, subjects: Given<'py>) -> Result<Pairs<'py>, Failure> {
    let pairs = subjects.run(py, marey_graph::edge_cover)?;
    Ok(pairs_to_python(py, pairs))
}

#[pyfunction]
fn cohort_pairs<'py>(py: Python<'py>, subjects: Given<'py>) -> Result<Pairs<'py>, Failure> {
    let pairs = subjects.run(py, marey_graph::allowed_pairs)?;
    Ok(pairs_to_python(py, pairs))
}
