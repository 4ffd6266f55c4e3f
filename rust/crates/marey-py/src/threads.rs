//! The one thread pool of the Rust wing, made at its first use.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

struct Threads {
    count: usize,
    pool: Option<Arc<ThreadPool>>,
}

static THREADS: Mutex<Threads> = Mutex::new(Threads { count: 0, pool: None });

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(set_num_threads, module)?)?;
    module.add_function(wrap_pyfunction!(get_num_threads, module)?)
}

/// At least 1, or 0 for the default: MAREY_NUM_THREADS, else the machine's cores.
#[pyfunction]
fn set_num_threads(n: usize) {
    let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    // A call under way keeps its pool alive until it returns.
    *threads = Threads { count: n, pool: None };
}

#[pyfunction]
fn get_num_threads() -> usize {
    resolved(THREADS.lock().unwrap_or_else(PoisonError::into_inner).count)
}

/// The pool, or None when everything runs on the caller's thread.
pub fn pool() -> PyResult<Option<Arc<ThreadPool>>> {
    let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    let count = resolved(threads.count);
    if count == 1 {
        return Ok(None);
    }
    if threads.pool.is_none() {
        let pool = ThreadPoolBuilder::new().num_threads(count).thread_name(|i| format!("marey-{i}")).build();
        let pool = pool.map_err(|e| PyRuntimeError::new_err(format!("cannot start {count} threads: {e}")))?;
        threads.pool = Some(Arc::new(pool));
    }
    Ok(threads.pool.clone())
}

fn resolved(count: usize) -> usize {
    // Asking the system costs more than a small problem, so it is asked once.
    static DEFAULT: OnceLock<usize> = OnceLock::new();
    let from_environment = || std::env::var("MAREY_NUM_THREADS").ok()?.trim().parse().ok().filter(|&n| n > 0);
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    if count > 0 { count } else { *DEFAULT.get_or_init(|| from_environment().unwrap_or_else(cores)) }
}
