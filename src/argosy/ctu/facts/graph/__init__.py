"""Facts that no single account shows: who shares devices, whose money comes from accounts opened
together, how far the next confirmed thief is, which crowd somebody belongs to.

They are computed from history by the learning job (`Graph`), and near a newly confirmed account at
once (`Refreshing.confirmed`). Each value is dated: it is in force from its `since_ms` until the next
one of the same account, on line and off line alike. They are columns `graph.*` of the vector that rules
and models read (`GraphFacts` in line, `past` for training); nothing in-line imports more than numpy.
"""

from argosy.ctu.facts.graph.columns import COLUMNS, GRAPH_COLUMNS, GraphColumn
from argosy.ctu.facts.graph.reading import GraphFacts

__all__ = ["COLUMNS", "GRAPH_COLUMNS", "GraphColumn", "GraphFacts"]
