//! Bindings of sampling. `marey.graph.neighbor_sample` and `random_walk` document and check the arguments.

use crate::error::Failure;
use crate::graph::{Floats, Ints, NewInts, Rows, contiguous};
use crate::threads;
use marey_graph::{Plan, Times};
use numpy::IntoPyArray;
use pyo3::prelude::*;

type Found<'py> =
    (NewInts<'py>, NewInts<'py>, NewInts<'py>, NewInts<'py>, NewInts<'py>, NewInts<'py>, NewInts<'py>);

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(graph_neighbor_sample, module)?)?;
    module.add_function(wrap_pyfunction!(graph_random_walk, module)?)
}

/// `times`: (of each arc, of each seed, window).
#[pyfunction]
#[pyo3(signature = (graph, seeds, fanouts, types, replace, disjoint, times, seed))]
#[allow(clippy::too_many_arguments)]
fn graph_neighbor_sample<'py>(
    py: Python<'py>,
    graph: Rows<'py>,
    seeds: Ints<'py>,
    fanouts: Vec<Vec<i64>>,
    types: Option<Ints<'py>>,
    replace: bool,
    disjoint: bool,
    times: Option<(Floats<'py>, Floats<'py>, f64)>,
    seed: u64,
) -> Result<Found<'py>, Failure> {
    let (view, pool) = (graph.view()?, threads::pool()?);
    let times = match &times {
        None => None,
        Some((of_arc, of_seed, window)) => Some(Times {
            of_arc: contiguous("time", of_arc)?,
            of_seed: contiguous("seed_time", of_seed)?,
            window: *window,
        }),
    };
    let plan = Plan {
        seeds: contiguous("seeds", &seeds)?,
        fanouts: &fanouts,
        types: types.as_ref().map(|t| contiguous("edge_type", t)).transpose()?,
        replace,
        disjoint,
        times,
        seed,
    };
    let found = py.detach(|| marey_graph::neighbor_sample(view, &plan, pool.as_deref()))?;
    Ok((
        found.node.into_pyarray(py),
        found.neighbour.into_pyarray(py),
        found.centre.into_pyarray(py),
        found.arc.into_pyarray(py),
        found.batch.into_pyarray(py),
        found.nodes_of_hop.into_pyarray(py),
        found.arcs_of_hop.into_pyarray(py),
    ))
}

#[pyfunction]
fn graph_random_walk<'py>(
    py: Python<'py>,
    graph: Rows<'py>,
    starts: Ints<'py>,
    length: usize,
    p: f64,
    q: f64,
    seed: u64,
) -> Result<NewInts<'py>, Failure> {
    let (view, pool) = (graph.view()?, threads::pool()?);
    let starts = contiguous("starts", &starts)?;
    let walks = py.detach(|| marey_graph::random_walk(view, starts, length, p, q, seed, pool.as_deref()))?;
    Ok(walks.into_pyarray(py))
}
