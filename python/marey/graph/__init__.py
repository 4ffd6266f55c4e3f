"""Graphs in compressed rows: paths, components, centrality, cores, communities, nearest neighbours,
assignment, flow and matched cohorts."""

from marey.graph.assignment import assignment as assignment
from marey.graph.balance import Balance as Balance
from marey.graph.centrality import betweenness as betweenness
from marey.graph.centrality import closeness as closeness
from marey.graph.centrality import pagerank as pagerank
from marey.graph.cohort import CohortMatch as CohortMatch
from marey.graph.cohort import match_cohort as match_cohort
from marey.graph.community import adjusted_rand as adjusted_rand
from marey.graph.community import consensus as consensus
from marey.graph.community import label_propagation as label_propagation
from marey.graph.community import leiden as leiden
from marey.graph.community import louvain as louvain
from marey.graph.community import modularity as modularity
from marey.graph.community import normalized_mutual_information as normalized_mutual_information
from marey.graph.edge_softmax import edge_softmax as edge_softmax
from marey.graph.flow import Flow as Flow
from marey.graph.flow import MaxFlow as MaxFlow
from marey.graph.flow import max_flow as max_flow
from marey.graph.flow import min_cost_flow as min_cost_flow
from marey.graph.graph import Graph as Graph
from marey.graph.knn import nearest_neighbors as nearest_neighbors
from marey.graph.layout import layout as layout
from marey.graph.matching import Matching as Matching
from marey.graph.matching import max_weight_matching as max_weight_matching
from marey.graph.paths import bfs as bfs
from marey.graph.paths import components as components
from marey.graph.paths import shortest_paths as shortest_paths
from marey.graph.spmm import spmm as spmm
from marey.graph.structure import SteinerTree as SteinerTree
from marey.graph.structure import core_number as core_number
from marey.graph.structure import minimum_spanning_tree as minimum_spanning_tree
from marey.graph.structure import steiner_tree as steiner_tree
from marey.graph.structure import triangles as triangles
