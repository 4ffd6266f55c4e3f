//! Search spaces.

use crate::error::Failure;
use marey_moo::{Condition, Kind, Sampling, Variable};
use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Space>()
}

#[pyclass(module = "marey._rust", frozen)]
pub struct Space(pub marey_moo::Space);

/// Type, low, high, by logarithm, conditions as (number of the parent, its values).
type Spec = (String, f64, f64, bool, Vec<(usize, Vec<f64>)>);

#[pymethods]
impl Space {
    #[new]
    fn new(variables: Vec<Spec>) -> Result<Self, Failure> {
        let variables = variables.into_iter().map(variable).collect::<PyResult<_>>()?;
        Ok(Self(marey_moo::Space::new(variables)?))
    }

    /// `n` natural rows, flat.
    fn sample<'py>(
        &self,
        py: Python<'py>,
        n: usize,
        seed: u64,
        hypercube: bool,
    ) -> Bound<'py, PyArray1<f64>> {
        let sampling = if hypercube { Sampling::LatinHypercube } else { Sampling::Random };
        self.0.sampled(sampling, n, seed).into_pyarray(py)
    }

    /// Natural rows brought into the space, flat; `rows` has whole rows.
    fn repair<'py>(&self, py: Python<'py>, mut rows: Vec<f64>) -> Bound<'py, PyArray1<f64>> {
        rows.chunks_exact_mut(self.0.width()).for_each(|row| self.0.repair_natural(row));
        rows.into_pyarray(py)
    }

    /// An error unless every natural row lies in the space.
    fn check(&self, rows: Vec<f64>) -> Result<(), Failure> {
        let mut genome = vec![0.0; self.0.width()];
        for row in rows.chunks_exact(self.0.width()) {
            self.0.encode(row, &mut genome)?;
        }
        Ok(())
    }
}

fn variable((kind, low, high, log, conditions): Spec) -> PyResult<Variable> {
    let kind = match kind.as_str() {
        "real" => Kind::Real { log },
        "int" => Kind::Int { log },
        "choice" => Kind::Choice,
        "permutation" => Kind::Permutation,
        _ => return Err(PyValueError::new_err(format!("no variable is of type {kind:?}"))),
    };
    let conditions = conditions.into_iter().map(|(parent, values)| Condition { parent, values }).collect();
    Ok(Variable { kind, low, high, conditions })
}
