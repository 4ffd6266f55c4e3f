//! The archive.

use crate::array::Rows;
use crate::error::Failure;
use marey_moo::Drop;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Archive>()
}

/// Without `reference` the most crowded member is dropped, with it the one of least hypervolume.
#[pyclass(module = "marey._rust")]
struct Archive(marey_moo::Archive);

#[pymethods]
impl Archive {
    #[new]
    #[pyo3(signature = (n_obj, capacity=None, eps=None, reference=None))]
    fn new(
        n_obj: usize,
        capacity: Option<usize>,
        eps: Option<Vec<f64>>,
        reference: Option<Vec<f64>>,
    ) -> Result<Self, Failure> {
        let drop = reference.map_or(Drop::Crowded, Drop::LeastVolume);
        Ok(Self(marey_moo::Archive::new(n_obj, capacity, eps, drop)?))
    }

    /// True for the points that are members after the last.
    fn add<'py>(
        &mut self,
        py: Python<'py>,
        points: PyReadonlyArray2<'py, f64>,
    ) -> Result<Bound<'py, PyArray1<bool>>, Failure> {
        let rows = Rows::of(&points);
        let kept = py.detach(|| self.0.add(rows.points()?))?;
        Ok(kept.into_pyarray(py))
    }

    /// The members' numbers and points, flat, in the order in which they were offered.
    fn members<'py>(&self, py: Python<'py>) -> (Bound<'py, PyArray1<u64>>, Bound<'py, PyArray1<f64>>) {
        let (ids, points) = self.0.members();
        (ids.into_pyarray(py), points.into_pyarray(py))
    }
}
