//! The one place where an error of the Rust crates becomes a Python exception.

use pyo3::PyErr;
use pyo3::exceptions::PyValueError;

/// `?` on a result of marey-moo goes through here; the orphan rule wants a type of this crate in between.
pub struct Failure(PyErr);

impl From<marey_moo::Error> for Failure {
    fn from(error: marey_moo::Error) -> Self {
        Self(PyValueError::new_err(error.to_string()))
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}
