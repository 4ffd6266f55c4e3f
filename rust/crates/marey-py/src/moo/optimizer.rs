//! Optimizers: asked and told from Python, or run on a compiled objective without the interpreter.

use crate::array::Rows;
use crate::error::Failure;
use crate::moo::space::Space;
use crate::threads;
use marey_moo::{Plan, Sampling, Setting, Settings};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray2};
use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Optimizer>()?;
    module.add_function(wrap_pyfunction!(das_dennis, module)?)?;
    module.add_function(wrap_pyfunction!(riesz, module)?)
}

/// Reference directions, flat.
#[pyfunction]
fn das_dennis(py: Python<'_>, n_obj: usize, partitions: usize) -> Result<Flat<'_>, Failure> {
    Ok(marey_moo::das_dennis(n_obj, partitions)?.into_pyarray(py))
}

/// Reference directions, flat.
#[pyfunction]
fn riesz(py: Python<'_>, n_obj: usize, n: usize, seed: u64, iterations: usize) -> Result<Flat<'_>, Failure> {
    Ok(py.detach(|| marey_moo::riesz(n_obj, n, seed, iterations))?.into_pyarray(py))
}

/// What numba.cfunc and a C compiler make: x, n, f, m, g, k, user.
type Objective = unsafe extern "C" fn(*const f64, i64, *mut f64, i64, *mut f64, i64, *const std::ffi::c_void);

#[derive(FromPyObject)]
enum Value<'py> {
    Number(f64),
    Word(String),
    Table(PyReadonlyArray2<'py, f64>),
}

type Flat<'py> = Bound<'py, PyArray1<f64>>;

#[pyclass(module = "marey._rust")]
struct Optimizer(marey_moo::Optimizer);

#[pymethods]
impl Optimizer {
    #[new]
    #[pyo3(signature = (algorithm, space, n_obj, n_con, seed, hypercube, settings))]
    fn new(
        algorithm: String,
        space: &Space,
        n_obj: usize,
        n_con: usize,
        seed: u64,
        hypercube: bool,
        settings: BTreeMap<String, Value<'_>>,
    ) -> Result<Self, Failure> {
        let settings = settings.into_iter().map(|(name, value)| (name, setting(&value))).collect();
        let sampling = if hypercube { Sampling::LatinHypercube } else { Sampling::Random };
        let plan = Plan { algorithm, n_obj, n_con, seed, sampling, settings: Settings::new(settings) };
        Ok(Self(marey_moo::Optimizer::new(space.0.clone(), plan)?))
    }

    #[getter]
    fn algorithm(&self) -> &str {
        &self.0.plan().algorithm
    }

    #[getter]
    fn n_obj(&self) -> usize {
        self.0.plan().n_obj
    }

    #[getter]
    fn n_con(&self) -> usize {
        self.0.plan().n_con
    }

    #[getter]
    fn seed(&self) -> u64 {
        self.0.plan().seed
    }

    #[getter]
    fn generation(&self) -> u64 {
        self.0.generation()
    }

    #[getter]
    fn evals(&self) -> u64 {
        self.0.evals()
    }

    #[getter]
    fn failed(&self) -> u64 {
        self.0.failed()
    }

    #[getter]
    fn target(&self) -> usize {
        self.0.target()
    }

    /// Whether the space has the variables of this run.
    fn fits(&self, space: &Space) -> bool {
        self.0.space().variables() == space.0.variables()
    }

    /// Natural rows, flat.
    #[pyo3(signature = (n=None))]
    fn ask<'py>(&mut self, py: Python<'py>, n: Option<usize>) -> Flat<'py> {
        let rows = py.detach(|| {
            let places = self.0.ask(n);
            self.0.rows(&places)
        });
        rows.into_pyarray(py)
    }

    fn tell(
        &mut self,
        py: Python<'_>,
        x: PyReadonlyArray2<'_, f64>,
        f: PyReadonlyArray2<'_, f64>,
        g: PyReadonlyArray2<'_, f64>,
    ) -> Result<(), Failure> {
        let (x, f, g) = (Rows::of(&x), Rows::of(&f), Rows::of(&g));
        Ok(py.detach(|| self.0.tell(&x.values, &f.values, &g.values))?)
    }

    fn begin_with(&mut self, x: PyReadonlyArray2<'_, f64>) -> Result<(), Failure> {
        Ok(self.0.begin_with(&Rows::of(&x).values)?)
    }

    fn recall(&mut self) {
        self.0.recall();
    }

    /// Natural rows, objectives, constraints, violations; flat.
    fn evaluated<'py>(&self, py: Python<'py>) -> (Flat<'py>, Flat<'py>, Flat<'py>, Flat<'py>) {
        let (x, f, g, cv) = self.0.evaluated();
        (x.into_pyarray(py), f.into_pyarray(py), g.into_pyarray(py), cv.into_pyarray(py))
    }

    /// Runs until so many points were told, generations have passed or seconds are over. The address is that of a C
    /// function which may be called from any thread; it lives as long as the call.
    fn advance(
        &mut self,
        py: Python<'_>,
        address: usize,
        user: usize,
        until: (u64, u64, f64),
        n_threads: usize,
    ) -> PyResult<()> {
        let (evals, generations, seconds) = until;
        let pool = match n_threads {
            0 => threads::pool()?,
            1 => None,
            n => Some(own_pool(n)?),
        };
        // SAFETY: the caller vouches that the address is that of such a function; marey.moo makes it so or documents it.
        let objective: Objective = unsafe { std::mem::transmute::<usize, Objective>(address) };
        let evaluate = |x: &[f64], f: &mut [f64], g: &mut [f64]| {
            // SAFETY: the slices live during the call and their lengths go with them.
            unsafe {
                objective(
                    x.as_ptr(),
                    x.len() as i64,
                    f.as_mut_ptr(),
                    f.len() as i64,
                    g.as_mut_ptr(),
                    g.len() as i64,
                    user as *const std::ffi::c_void,
                );
            }
        };
        py.detach(|| {
            let (start, first) = (Instant::now(), self.0.generation());
            let limit = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
            let mut passed = first;
            self.0.advance(evals, &evaluate, pool.as_deref(), &mut || {
                passed += 1;
                passed - first >= generations || start.elapsed() >= limit
            });
        });
        Ok(())
    }

    fn saved(&mut self, extra: &[u8]) -> Vec<u8> {
        self.0.saved(extra)
    }

    fn save(&mut self, py: Python<'_>, path: PathBuf, extra: &[u8]) -> PyResult<()> {
        py.detach(|| self.0.save(&path, extra))
            .map_err(|e| PyOSError::new_err(format!("cannot write the checkpoint {}: {e}", path.display())))
    }

    /// The optimizer and the extra bytes saved with it.
    #[staticmethod]
    fn from_bytes(file: &[u8]) -> Result<(Self, Vec<u8>), Failure> {
        let (optimizer, extra) = marey_moo::Optimizer::from_bytes(file)?;
        Ok((Self(optimizer), extra))
    }
}

fn setting(value: &Value) -> Setting {
    match value {
        Value::Number(value) => Setting::Number(*value),
        Value::Word(word) => Setting::Word(word.clone()),
        Value::Table(table) => {
            let rows = Rows::of(table);
            Setting::Table { width: rows.d, values: rows.values.into_owned() }
        }
    }
}

/// A pool of `n` threads beside the common one; the last is kept.
fn own_pool(n: usize) -> PyResult<Arc<rayon::ThreadPool>> {
    use std::sync::{Mutex, PoisonError};
    static LAST: Mutex<Option<Arc<rayon::ThreadPool>>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pool) = last.as_ref().filter(|pool| pool.current_num_threads() == n) {
        return Ok(pool.clone());
    }
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(n).thread_name(|i| format!("marey-moo-{i}")).build();
    let pool = Arc::new(pool.map_err(|e| PyRuntimeError::new_err(format!("cannot start {n} threads: {e}")))?);
    *last = Some(pool.clone());
    Ok(pool)
}
