//! Bindings of the optimisation on graphs: flows, assignment, matching, Steiner trees.

use crate::error::Failure;
use crate::graph::{Floats, Ints, NewFloats, NewInts, Nodes, Rows, contiguous};
use crate::threads;
use marey_graph::{Kind, Network, SparseCosts};
use numpy::IntoPyArray;
use pyo3::prelude::*;
use rayon::prelude::*;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(graph_assignment, module)?)?;
    module.add_function(wrap_pyfunction!(graph_sparse_assignment, module)?)?;
    module.add_function(wrap_pyfunction!(graph_max_flow, module)?)?;
    module.add_function(wrap_pyfunction!(graph_max_weight_matching, module)?)?;
    module.add_function(wrap_pyfunction!(graph_min_cost_flow, module)?)?;
    module.add_function(wrap_pyfunction!(graph_steiner_tree, module)?)
}

/// Of a batch of `n * m` matrices; a matrix of several without an assignment has columns -1.
#[pyfunction]
fn graph_assignment<'py>(
    py: Python<'py>,
    cost: Floats<'py>,
    batch: usize,
    n: usize,
    m: usize,
) -> Result<NewInts<'py>, Failure> {
    let (cost, pool) = (contiguous("cost", &cost)?, threads::pool()?);
    if batch == 1 {
        return Ok(py.detach(|| marey_graph::assignment(cost, n, m))?.into_pyarray(py));
    }
    let one = |cost: &[f64]| match marey_graph::assignment(cost, n, m) {
        Err(error) if error.kind == Kind::Infeasible => Ok(vec![-1; n]),
        found => found,
    };
    let size = (n * m).max(1);
    let found: marey_graph::Result<Vec<_>> = py.detach(|| match pool {
        Some(pool) => pool.install(|| cost.par_chunks(size).map(one).collect()),
        None => cost.chunks(size).map(one).collect(),
    });
    Ok(found?.concat().into_pyarray(py))
}

#[pyfunction]
fn graph_sparse_assignment<'py>(
    py: Python<'py>,
    offsets: Ints<'py>,
    columns: Nodes<'py>,
    costs: Floats<'py>,
    m: usize,
) -> Result<NewInts<'py>, Failure> {
    let matrix = SparseCosts {
        offsets: contiguous("cost", &offsets)?,
        columns: contiguous("cost", &columns)?,
        costs: contiguous("cost", &costs)?,
        m,
    };
    Ok(py.detach(|| marey_graph::sparse_assignment(matrix))?.into_pyarray(py))
}

/// (value, flow, whether each node is on the source's side).
#[pyfunction]
#[pyo3(signature = (src, dst, capacity, n, ends, both_ways))]
fn graph_max_flow<'py>(
    py: Python<'py>,
    src: Ints<'py>,
    dst: Ints<'py>,
    capacity: Ints<'py>,
    n: usize,
    ends: (usize, usize),
    both_ways: bool,
) -> Result<(i64, NewInts<'py>, Bound<'py, numpy::PyArray1<bool>>), Failure> {
    let (src, dst) = (contiguous("src", &src)?, contiguous("dst", &dst)?);
    let capacity = contiguous("capacity", &capacity)?;
    let found = py.detach(|| marey_graph::max_flow(src, dst, capacity, n, ends, both_ways))?;
    Ok((found.value, found.flow.into_pyarray(py), found.source_side.into_pyarray(py)))
}

/// (mate, duals, (vertices, dual) of each blossom), duals in halves.
type Matched<'py> = (NewInts<'py>, NewInts<'py>, Vec<(NewInts<'py>, i64)>);

#[pyfunction]
fn graph_max_weight_matching<'py>(
    py: Python<'py>,
    src: Ints<'py>,
    dst: Ints<'py>,
    weight: Ints<'py>,
    n: usize,
    most_first: bool,
) -> Result<Matched<'py>, Failure> {
    let (src, dst) = (contiguous("src", &src)?, contiguous("dst", &dst)?);
    let weight = contiguous("weight", &weight)?;
    let edges: Vec<(i64, i64, i64)> =
        src.iter().zip(dst).zip(weight).map(|((&i, &j), &weight)| (i, j, weight)).collect();
    let found = py.detach(|| marey_graph::max_weight_matching(&edges, n, most_first))?;
    let blossoms = found.blossoms.into_iter().map(|(nodes, dual)| (nodes.into_pyarray(py), dual)).collect();
    Ok((found.mate.into_pyarray(py), found.dual.into_pyarray(py), blossoms))
}

/// (from, to, weight, bound).
#[pyfunction]
fn graph_steiner_tree<'py>(
    py: Python<'py>,
    graph: Rows<'py>,
    terminals: Ints<'py>,
) -> Result<(NewInts<'py>, NewInts<'py>, NewFloats<'py>, f64), Failure> {
    let view = graph.view()?;
    let terminals = contiguous("terminals", &terminals)?;
    let tree = py.detach(|| marey_graph::steiner_tree(view, terminals))?;
    let (from, to): (Vec<i64>, Vec<i64>) = tree.edges.iter().map(|edge| (edge.0, edge.1)).unzip();
    let weight: Vec<f64> = tree.edges.iter().map(|edge| edge.2).collect();
    Ok((from.into_pyarray(py), to.into_pyarray(py), weight.into_pyarray(py), tree.bound))
}

#[pyfunction]
fn graph_min_cost_flow<'py>(
    py: Python<'py>,
    src: Ints<'py>,
    dst: Ints<'py>,
    capacity: Ints<'py>,
    cost: Ints<'py>,
    supply: Ints<'py>,
) -> Result<(i128, NewInts<'py>, NewInts<'py>), Failure> {
    let network = Network {
        src: contiguous("src", &src)?,
        dst: contiguous("dst", &dst)?,
        capacity: contiguous("capacity", &capacity)?,
        cost: contiguous("cost", &cost)?,
        supply: contiguous("supply", &supply)?,
    };
    let found = py.detach(|| marey_graph::min_cost_flow(&network))?;
    Ok((found.cost, found.flow.into_pyarray(py), found.potential.into_pyarray(py)))
}
