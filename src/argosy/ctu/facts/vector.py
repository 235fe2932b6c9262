"""The whole vector of an event: the declared facts, and after them what the graph says.

Rules, models and the training set take their columns from here, so that they see the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping

from argosy.ctu.facts.declared import FactSet
from argosy.ctu.facts.graph.columns import COLUMNS, GRAPH_COLUMNS


def vector_of(fact_set: FactSet) -> tuple[str, ...]:
    """The names of all columns, in the order in which `KnownFacts` reads them."""
    return (*fact_set.columns, *COLUMNS)


def words_of(fact_set: FactSet) -> Mapping[str, str]:
    """What an analyst reads of each column that says what it is."""
    found = {fact.name: fact.says for fact in fact_set.facts if fact.says}
    return {**found, **{column.name: column.says for column in GRAPH_COLUMNS}}
