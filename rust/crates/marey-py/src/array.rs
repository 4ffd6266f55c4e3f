//! NumPy arrays as the slices that the pure crates take.

use marey_moo::Points;
use numpy::{PyReadonlyArray2, PyUntypedArrayMethods};
use std::borrow::Cow;

/// An n x d array as contiguous rows: borrowed where it is C-contiguous, copied otherwise.
pub struct Rows<'a> {
    pub values: Cow<'a, [f64]>,
    pub n: usize,
    pub d: usize,
}

impl<'a> Rows<'a> {
    pub fn of(array: &'a PyReadonlyArray2<'_, f64>) -> Self {
        let [n, d] = [array.shape()[0], array.shape()[1]];
        let values = match array.as_slice() {
            // A transposed array is contiguous too, in the wrong order.
            Ok(values) if array.is_c_contiguous() => Cow::Borrowed(values),
            _ => Cow::Owned(array.as_array().iter().copied().collect()),
        };
        Self { values, n, d }
    }

    pub fn points(&self) -> marey_moo::Result<Points<'_>> {
        Points::new(&self.values, self.n, self.d)
    }
}
