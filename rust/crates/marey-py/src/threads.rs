//! How many threads the Rust wing uses.

use pyo3::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

static THREADS: AtomicUsize = AtomicUsize::new(0);

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(set_num_threads, module)?)?;
    module.add_function(wrap_pyfunction!(get_num_threads, module)?)
}

/// At least 1, or 0 for the default: MAREY_NUM_THREADS, else the machine's cores.
#[pyfunction]
fn set_num_threads(n: usize) {
    THREADS.store(n, Ordering::Relaxed);
}

#[pyfunction]
fn get_num_threads() -> usize {
    let from_environment = || std::env::var("MAREY_NUM_THREADS").ok()?.trim().parse().ok().filter(|&n| n > 0);
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    match THREADS.load(Ordering::Relaxed) {
        0 => from_environment().unwrap_or_else(cores),
        n => n,
    }
}
