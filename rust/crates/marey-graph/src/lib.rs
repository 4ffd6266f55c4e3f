//! Graph algorithms in plain Rust: no Python, no global state. Every result is the same for any number of threads.

// A node is an index into several arrays at once.
#![allow(clippy::needless_range_loop)]

mod assignment;
mod betweenness;
mod bfs;
mod closeness;
mod cohort;
mod components;
mod core_number;
mod csr;
mod error;
mod heap;
mod knn;
mod leiden;
mod matching;
mod max_flow;
mod min_cost_flow;
mod pagerank;
mod parallel;
mod random;
mod row_reduction;
mod sample;
mod shortest_paths;
mod spanning_tree;
mod sparse_assignment;
mod steiner_tree;
mod triangles;

pub use assignment::assignment;
pub use betweenness::betweenness;
pub use bfs::bfs;
pub use closeness::closeness;
pub use cohort::{
    Matched, Metric, NearFine, Ratio, Subjects, Window, allowed_pairs, edge_cover, match_greedy,
    match_optimal,
};
pub use components::{strong_components, weak_components};
pub use core_number::core_number;
pub use csr::{Csr, Owned};
pub use error::{Error, Kind, Result};
pub use knn::{Neighbours, nearest, nearest_by_descent, nearest_gower, nearest_gower_by_descent};
pub use leiden::{Method, Objective, Run, communities, label_propagation};
pub use matching::{Matching, max_weight_matching};
pub use max_flow::{MaxFlow, max_flow};
pub use min_cost_flow::{Flow, Network, min_cost_flow};
pub use pagerank::{PageRank, pagerank};
pub use sample::{Plan, Sample, Times, neighbor_sample, random_walk};
pub use shortest_paths::{Paths, shortest_paths};
pub use spanning_tree::minimum_spanning_tree;
pub use sparse_assignment::{SparseCosts, sparse_assignment};
pub use steiner_tree::{SteinerTree, steiner_tree};
pub use triangles::triangles;
