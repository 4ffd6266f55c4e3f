//! Bindings of marey-graph. The Python functions of `marey.graph` document and check the arguments.

use crate::error::Failure;
use crate::threads;
use marey_graph::{Csr, Kind, Method, Objective, Owned, Run};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

pub type Ints<'py> = PyReadonlyArray1<'py, i64>;
pub type Nodes<'py> = PyReadonlyArray1<'py, i32>;
pub type Floats<'py> = PyReadonlyArray1<'py, f64>;
pub type NewInts<'py> = Bound<'py, PyArray1<i64>>;
pub type NewFloats<'py> = Bound<'py, PyArray1<f64>>;
type NewRows<'py> = (NewInts<'py>, Bound<'py, PyArray1<i32>>, Option<NewFloats<'py>>);

impl From<marey_graph::Error> for Failure {
    fn from(error: marey_graph::Error) -> Self {
        let class = match error.kind {
            Kind::Input => return PyValueError::new_err(error.to_string()).into(),
            Kind::Infeasible => "InfeasibleError",
            Kind::NegativeCycle => "NegativeCycleError",
        };
        let raised = Python::attach(|py| {
            let class = py.import("marey.errors")?.getattr(class)?;
            Ok(PyErr::from_value(class.call1((error.to_string(), error.witness.into_pyarray(py)))?))
        });
        raised.unwrap_or_else(|failed: PyErr| failed).into()
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(graph_from_edges, module)?)?;
    module.add_function(wrap_pyfunction!(graph_transposed, module)?)?;
    module.add_function(wrap_pyfunction!(graph_validate, module)?)?;
    module.add_function(wrap_pyfunction!(graph_bfs, module)?)?;
    module.add_function(wrap_pyfunction!(graph_components, module)?)?;
    module.add_function(wrap_pyfunction!(graph_shortest_paths, module)?)?;
    module.add_function(wrap_pyfunction!(graph_pagerank, module)?)?;
    module.add_function(wrap_pyfunction!(graph_core_number, module)?)?;
    module.add_function(wrap_pyfunction!(graph_triangles, module)?)?;
    module.add_function(wrap_pyfunction!(graph_spanning_tree, module)?)?;
    module.add_function(wrap_pyfunction!(graph_betweenness, module)?)?;
    module.add_function(wrap_pyfunction!(graph_closeness, module)?)?;
    module.add_function(wrap_pyfunction!(graph_communities, module)?)?;
    module.add_function(wrap_pyfunction!(graph_label_propagation, module)?)?;
    module.add_function(wrap_pyfunction!(graph_nearest, module)?)
}

/// The arrays of a Python `Graph`, taken as they are: (offsets, targets, weights).
#[derive(FromPyObject)]
pub struct Rows<'py>(Ints<'py>, Nodes<'py>, Option<Floats<'py>>);

impl Rows<'_> {
    pub fn view(&self) -> Result<Csr<'_>, Failure> {
        let weights = self.2.as_ref().map(PyReadonlyArray1::as_slice).transpose();
        let (Ok(offsets), Ok(targets), Ok(weights)) = (self.0.as_slice(), self.1.as_slice(), weights) else {
            return Err(PyValueError::new_err("the arrays of the graph are not contiguous").into());
        };
        Ok(Csr::new(offsets, targets, weights)?)
    }
}

pub fn contiguous<'a, T: numpy::Element>(
    name: &str,
    array: &'a PyReadonlyArray1<'_, T>,
) -> Result<&'a [T], Failure> {
    array.as_slice().map_err(|_| PyValueError::new_err(format!("`{name}` is not contiguous")).into())
}

fn rows_to_python(py: Python<'_>, rows: Owned) -> NewRows<'_> {
    let weights = rows.weights.map(|weights| weights.into_pyarray(py));
    (rows.offsets.into_pyarray(py), rows.targets.into_pyarray(py), weights)
}

#[pyfunction]
#[pyo3(signature = (src, dst, weight, n, directed))]
fn graph_from_edges<'py>(
    py: Python<'py>,
    src: Ints<'py>,
    dst: Ints<'py>,
    weight: Option<Floats<'py>>,
    n: usize,
    directed: bool,
) -> Result<NewRows<'py>, Failure> {
    let (src, dst) = (contiguous("src", &src)?, contiguous("dst", &dst)?);
    let weight = weight.as_ref().map(|w| contiguous("weight", w)).transpose()?;
    let rows = py.detach(|| Owned::from_edges(src, dst, weight, n, directed))?;
    Ok(rows_to_python(py, rows))
}

#[pyfunction]
fn graph_transposed<'py>(py: Python<'py>, graph: Rows<'py>) -> Result<NewRows<'py>, Failure> {
    let view = graph.view()?;
    let rows = py.detach(|| view.transposed());
    Ok(rows_to_python(py, rows))
}

#[pyfunction]
fn graph_validate(py: Python<'_>, graph: Rows<'_>) -> Result<(), Failure> {
    let view = graph.view()?;
    Ok(py.detach(|| view.validate())?)
}

#[pyfunction]
#[pyo3(signature = (graph, incoming, sources))]
fn graph_bfs<'py>(
    py: Python<'py>,
    graph: Rows<'py>,
    incoming: Option<Rows<'py>>,
    sources: Ints<'py>,
) -> Result<NewInts<'py>, Failure> {
    let (view, pool) = (graph.view()?, threads::pool()?);
    let incoming = incoming.as_ref().map(Rows::view).transpose()?;
    let sources = contiguous("sources", &sources)?;
    Ok(py.detach(|| marey_graph::bfs(view, incoming, sources, pool.as_deref()))?.into_pyarray(py))
}

#[pyfunction]
fn graph_components<'py>(py: Python<'py>, graph: Rows<'py>, strong: bool) -> Result<NewInts<'py>, Failure> {
    let view = graph.view()?;
    let components = if strong { marey_graph::strong_components } else { marey_graph::weak_components };
    Ok(py.detach(|| components(view)).into_pyarray(py))
}

#[pyfunction]
fn graph_shortest_paths<'py>(
    py: Python<'py>,
    graph: Rows<'py>,
    sources: Ints<'py>,
    cutoff: f64,
    predecessors: bool,
    directed: bool,
) -> Result<(NewFloats<'py>, NewInts<'py>), Failure> {
    let (view, pool) = (graph.view()?, threads::pool()?);
    let sources = contiguous("sources", &sources)?;
    let paths = py.detach(|| {
        marey_graph::shortest_paths(view, sources, cutoff, predecessors, directed, pool.as_deref())
    })?;
    Ok((paths.distance.into_pyarray(py), paths.predecessor.into_pyarray(py)))
}

#[pyfunction]
fn graph_pagerank<'py>(
    py: Python<'py>,
    incoming: Rows<'py>,
    restart: Floats<'py>,
    damping: f64,
    tolerance: f64,
    sweeps: usize,
) -> Result<(NewFloats<'py>, NewFloats<'py>), Failure> {
    let (view, pool) = (incoming.view()?, threads::pool()?);
    let restart = contiguous("personalization", &restart)?;
    let found =
        py.detach(|| marey_graph::pagerank(view, restart, damping, tolerance, sweeps, pool.as_deref()))?;
    Ok((found.rank.into_pyarray(py), found.change.into_pyarray(py)))
}

#[pyfunction]
fn graph_core_number<'py>(py: Python<'py>, graph: Rows<'py>) -> Result<NewInts<'py>, Failure> {
    let view = graph.view()?;
    Ok(py.detach(|| marey_graph::core_number(view)).into_pyarray(py))
}

#[pyfunction]
fn graph_triangles<'py>(py: Python<'py>, graph: Rows<'py>) -> Result<NewInts<'py>, Failure> {
    let (view, pool) = (graph.view()?, threads::pool()?);
    Ok(py.detach(|| marey_graph::triangles(view, pool.as_deref())).into_pyarray(py))
}

#[pyfunction]
fn graph_spanning_tree<'py>(
    py: Python<'py>,
    graph: Rows<'py>,
) -> Result<(NewInts<'py>, NewInts<'py>, NewFloats<'py>), Failure> {
    let view = graph.view()?;
    let edges = py.detach(|| marey_graph::minimum_spanning_tree(view));
    let (from, to): (Vec<i64>, Vec<i64>) = edges.iter().map(|edge| (edge.0, edge.1)).unzip();
    let weight: Vec<f64> = edges.iter().map(|edge| edge.2).collect();
    Ok((from.into_pyarray(py), to.into_pyarray(py), weight.into_pyarray(py)))
}

#[pyfunction]
fn graph_betweenness<'py>(
    py: Python<'py>,
    graph: Rows<'py>,
    sources: Ints<'py>,
) -> Result<NewFloats<'py>, Failure> {
    let (view, pool) = (graph.view()?, threads::pool()?);
    let sources = contiguous("sources", &sources)?;
    Ok(py.detach(|| marey_graph::betweenness(view, sources, pool.as_deref()))?.into_pyarray(py))
}

#[pyfunction]
fn graph_closeness<'py>(
    py: Python<'py>,
    graph: Rows<'py>,
    nodes: Ints<'py>,
) -> Result<NewFloats<'py>, Failure> {
    let (view, pool) = (graph.view()?, threads::pool()?);
    let nodes = contiguous("nodes", &nodes)?;
    Ok(py.detach(|| marey_graph::closeness(view, nodes, pool.as_deref()))?.into_pyarray(py))
}

/// A row of labels for each pair of a resolution and a seed.
#[pyfunction]
#[pyo3(signature = (graph, resolutions, seeds, objective, method, iterations))]
fn graph_communities<'py>(
    py: Python<'py>,
    graph: Rows<'py>,
    resolutions: Vec<f64>,
    seeds: Vec<u64>,
    objective: &str,
    method: &str,
    iterations: Option<usize>,
) -> Result<NewInts<'py>, Failure> {
    let (view, pool) = (graph.view()?, threads::pool()?);
    let objective = match objective {
        "cpm" => Objective::Cpm,
        "rber" => Objective::Density,
        _ => Objective::Modularity,
    };
    let method = if method == "louvain" { Method::Louvain } else { Method::Leiden };
    let runs: Vec<Run> =
        resolutions.into_iter().zip(seeds).map(|(resolution, seed)| Run { resolution, seed }).collect();
    let find = || marey_graph::communities(view, &runs, objective, method, iterations, pool.as_deref());
    Ok(py.detach(find)?.into_pyarray(py))
}

#[pyfunction]
fn graph_label_propagation<'py>(
    py: Python<'py>,
    graph: Rows<'py>,
    seeds: Vec<u64>,
) -> Result<NewInts<'py>, Failure> {
    let (view, pool) = (graph.view()?, threads::pool()?);
    let labels = py.detach(|| marey_graph::label_propagation(view, &seeds, pool.as_deref()))?;
    Ok(labels.into_pyarray(py))
}

/// Euclidean distances, or Gower's where the columns have flags; by descent from a seed, exact without one.
#[pyfunction]
#[pyo3(signature = (points, d, k, categorical, descent))]
fn graph_nearest<'py>(
    py: Python<'py>,
    points: Floats<'py>,
    d: usize,
    k: usize,
    categorical: Option<Vec<bool>>,
    descent: Option<u64>,
) -> Result<(NewInts<'py>, NewFloats<'py>), Failure> {
    let (points, threads) = (contiguous("X", &points)?, threads::pool()?);
    let pool = threads.as_deref();
    let found = py.detach(|| match (&categorical, descent) {
        (None, None) => marey_graph::nearest(points, d, k, pool),
        (None, Some(seed)) => marey_graph::nearest_by_descent(points, d, k, seed, pool),
        (Some(flags), None) => marey_graph::nearest_gower(points, d, flags, k, pool),
        (Some(flags), Some(seed)) => marey_graph::nearest_gower_by_descent(points, d, flags, k, seed, pool),
    })?;
    Ok((found.index.into_pyarray(py), found.distance.into_pyarray(py)))
}
