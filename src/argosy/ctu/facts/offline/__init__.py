"""Facts over history: the same declarations as on line, computed for every event as of its own time.

    from argosy.ctu.facts.offline import OffLine, History

    history = History.parquet("events.parquet", labels="labels.parquet")   # or .relation, .postgres
    facts = OffLine(fact_set).matrix(history)        # float64 (events, columns), NaN is missing

Written once with Ibis: DuckDB runs it in the small size. Nothing in-line imports this package.
"""

from argosy.ctu.facts.offline.engine import FactMatrix, OffLine
from argosy.ctu.facts.offline.history import History, connect

__all__ = ["FactMatrix", "History", "OffLine", "connect"]
