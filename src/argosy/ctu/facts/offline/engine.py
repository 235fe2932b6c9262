"""The off-line engine: every fact of a set for every event of history, as of that event's time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from argosy.ctu.facts.declared import DISTINCT_MAX, SCALE, Fact, FactSet
from argosy.ctu.facts.offline import windows
from argosy.ctu.facts.offline.history import History
from argosy.ctu.facts.offline.rows import LIMB, NEEDS, Rows, needs
from argosy.ctu.facts.offline.windows import DISTINCT, MAX, MIN, SUM, Term

if TYPE_CHECKING:
    from ibis.expr.types import Table


@dataclass(frozen=True)
class FactMatrix:
    """Facts over history. `values` is float64 (events, columns) in the order of the log, NaN is
    missing; `ids` and `at_ms` name its rows, `columns` its columns."""

    ids: np.ndarray
    at_ms: np.ndarray
    columns: tuple[str, ...]
    values: np.ndarray
    version: str


@dataclass
class _Group:
    """Facts of one entity that share buckets. `grain` None is ever, `half_life` is of decayed ones."""

    entity: str
    grain: int | None
    half_life: int | None
    facts: list[Fact] = field(default_factory=list)


class OffLine:
    """Computes the facts of one set over history. Nothing is remembered between calls."""

    def __init__(self, facts: FactSet) -> None:
        self.facts = facts
        self.columns = facts.columns

    def matrix(self, history: History) -> FactMatrix:
        """All facts of all events of `history`."""
        values = np.full((history.count, len(self.columns)), np.nan)
        at = {name: n for n, name in enumerate(self.columns)}
        for names, table in self._tables(history):
            found = table.to_pyarrow()
            places = found["place"].to_numpy()
            for name in names:
                values[places, at[name]] = found[name].to_numpy()
        told = history.events.select("place", "id", "at_ms").order_by("place").to_pyarrow()
        return FactMatrix(
            ids=told["id"].to_numpy(),
            at_ms=told["at_ms"].to_numpy(),
            columns=self.columns,
            values=values,
            version=self.facts.version,
        )

    def table(self, history: History) -> Table:
        """The same as a table of `history.con`: `place`, `id`, `at_ms` and a column for each fact."""
        found = history.events.select("place", "id", "at_ms")
        for _, part in self._tables(history):
            kept = history.keep("facts", part)
            found = found.left_join(kept, "place", rname="_{name}").drop("_place")
        return found.select("place", "id", "at_ms", *self.columns)

    def _tables(self, history: History) -> Iterable[tuple[list[str], Table]]:
        """A table for each group of facts: `place` and the group's columns; events that do not name the
        entity are not in it."""
        late = _out_of_order(history)
        for entity in dict.fromkeys(fact.entity for fact in self.facts.facts):
            mine = [fact for fact in self.facts.facts if fact.entity == entity]
            rows = Rows(history, entity, mine, self.facts.offsets, late=late)
            for group in _groups(mine):
                yield [f.name for f in group.facts], _compute(rows, group, late=late)
            rows.drop()


def _groups(facts: Sequence[Fact]) -> list[_Group]:
    found: dict[tuple[int | None, int | None], _Group] = {}
    for fact in facts:
        key = (fact.grain, fact.half_life)
        found.setdefault(key, _Group(fact.entity, *key)).facts.append(fact)
    return list(found.values())


def _out_of_order(history: History) -> bool:
    """Whether any event of the log is earlier than one before it."""
    before = history.events.at_ms.lag().over(ibis.window(order_by=history.events.place))
    marked = history.events.select(late=history.events.at_ms < before)
    return bool(marked.late.any().to_pyarrow().as_py())


def _compute(rows: Rows, group: _Group, *, late: bool) -> Table:
    """`place` and the facts of `group`."""
    if group.half_life is not None:
        return _decayed(rows, group, group.half_life, late=late)
    table = rows.table
    terms = [term for fact in group.facts for term in _terms(rows, fact)]
    terms = list(dict.fromkeys(terms))
    if group.grain is None:
        wide = windows.ever(table, terms)
    else:
        grain_ms = group.grain * 1_000
        wide = _windowed(table.mutate(b=table.t // grain_ms), grain_ms, terms, late=late)
    bad = [fact for fact in group.facts if fact.aggregate.startswith("bad_")]
    if bad:
        wide = _with_labels(rows, group, wide, bad)
    return rows.answers(wide, {f.name: _value(rows, wide, f) for f in group.facts})


def _windowed(table: Table, grain_ms: int, terms: list[Term], *, late: bool) -> Table:
    names = [*table.columns, *(term.name for term in terms)]
    if not late:
        return windows.windowed(table, terms, late=False).select(names)
    marked = table.mutate(disturbed=windows.disturbed(table, grain_ms))
    calm = windows.windowed(marked, terms)
    calm = calm.filter(~calm.disturbed).select(names)
    few = windows.joined(marked, marked.filter(marked.disturbed).drop("disturbed"), terms)
    return calm.union(few.select(names).cast(calm.schema()))


def _decayed(rows: Rows, group: _Group, half_life: int, *, late: bool) -> Table:
    block_ms = windows.HALF_LIVES * half_life * 1_000
    table = rows.table.mutate(b=rows.table.t // block_ms)
    table = table.mutate(phase=(table.t - table.b * block_ms) / (half_life * 1_000.0))
    columns = {f.name: rows.column(f, needs(f)[0]) for f in group.facts}
    names = list(dict.fromkeys(columns.values()))
    kept = ["place", *(f"decayed_{name}" for name in names)]
    if late:
        table = table.mutate(disturbed=windows.disturbed(table, block_ms))
        wide = windows.decayed(table, names)
        few = windows.decayed_joined(table, table.filter(table.disturbed), names, half_life)
        wide = wide.filter(~wide.disturbed).select(kept).union(few.select(kept))
    else:
        wide = windows.decayed(table, names).select(kept)
    made = {}
    for fact in group.facts:
        value = wide[f"decayed_{columns[fact.name]}"]
        made[fact.name] = value if fact.of == "amount" else value / SCALE
    return rows.answers(wide, made)


# --- terms and what is made of them ------------------------------------------------------------------


def _backs(fact: Fact) -> list[int]:
    """How many buckets ago the window ends: two answers where the delay is no whole number of them."""
    if fact.grain is None:
        return [0]
    back, rest = divmod(fact.delay, fact.grain)
    return [back, back + 1] if rest else [back]


def _terms(rows: Rows, fact: Fact) -> list[Term]:
    count = None if fact.window is None or fact.grain is None else fact.window // fact.grain
    return [
        Term(how, rows.column(fact, what), count, back)
        for how, what in NEEDS[fact.aggregate]
        for back in _backs(fact)
    ]


def _number(rows: Rows, table: Table, fact: Fact, how: str, what: str) -> Any:
    """The column of `table` that holds that number about the past of each event."""
    count = None if fact.window is None or fact.grain is None else fact.window // fact.grain
    column = rows.column(fact, what)
    found = [table[Term(how, column, count, back).name] for back in _backs(fact)]
    if len(found) == 1:
        return found[0]
    grain_ms = (fact.grain or 1) * 1_000
    return ibis.ifelse(table.t % grain_ms < fact.delay * 1_000 % grain_ms, found[1], found[0])


def _value(rows: Rows, table: Table, fact: Fact) -> Any:
    """The fact itself, from the numbers about the past, as a float."""

    def past(how: str, what: str) -> Any:
        return _number(rows, table, fact, how, what)

    scale = 1 if fact.of == "amount" else SCALE
    kind = fact.aggregate
    if kind == "count":
        made = past(SUM, "hit").fill_null(0)
    elif kind == "sum":
        made = past(SUM, "value").fill_null(0).cast("float64") / scale
    elif kind == "max":
        made = past(MAX, "value").cast("float64") / scale
    elif kind == "distinct":
        made = ibis.least(past(DISTINCT, "name").fill_null(0), DISTINCT_MAX)
    elif kind in ("age", "since"):
        apart = table.t - past(MIN if kind == "age" else MAX, "time")
        made = apart.clip(lower=0) / 1_000.0
    elif kind == "bad_count":
        made = past("bad", "hit").fill_null(0)
    elif kind == "bad_share":
        made = _share(past("bad", "hit").fill_null(0), past(SUM, "hit"))
    elif kind == "night_share":
        made = _share(past(SUM, "night"), past(SUM, "hit"))
    else:
        made = _of_mean(rows, table, fact, past(SUM, "value"), past(SUM, "there"), scale)
    return made.cast("float64")


def _share(part: Any, whole: Any) -> Any:
    return part.cast("float64") / whole.nullif(0).cast("float64")


def _of_mean(rows: Rows, table: Table, fact: Fact, total: Any, count: Any, scale: int) -> Any:
    count = count.nullif(0)
    if fact.aggregate == "mean":
        return total.cast("float64") / count.cast("float64") / scale
    if fact.aggregate == "ratio":
        own = table[rows.column(fact, "own")].cast("float64")
        return own * count.cast("float64") / total.nullif(0).cast("float64")
    squares = (
        _number(rows, table, fact, SUM, "high2") * (LIMB * LIMB)
        + _number(rows, table, fact, SUM, "mixed") * (2 * LIMB)
        + _number(rows, table, fact, SUM, "low2")
    )
    apart = (count * squares - total * total).cast("float64")
    return apart.sqrt() / count.cast("float64") / scale


# --- labels --------------------------------------------------------------------------------------------


def _with_labels(rows: Rows, group: _Group, wide: Table, facts: Sequence[Fact]) -> Table:
    """`wide` with, for each fact, how many events in its window were known to be bad."""
    terms = list(
        dict.fromkeys(
            Term(
                "bad",
                rows.column(fact, "hit"),
                None if fact.window is None or fact.grain is None else fact.window // fact.grain,
                back,
            )
            for fact in facts
            for back in _backs(fact)
        )
    )
    if rows.history.labels is None:
        return wide.mutate(**{t.name: ibis.literal(0, type="int64") for t in terms})
    table = rows.table.mutate(b=rows.table.t // ((group.grain or 1) * 1_000))
    news = _news(rows.history, table, dict.fromkeys(t.column for t in terms))
    found = windows.told(table, news, terms)
    both = wide.left_join(found, wide.place == found.place)
    return both.select(
        *[wide[name] for name in wide.columns],
        *[found[t.name].fill_null(0).name(t.name) for t in terms],
    )


def _news(history: History, table: Table, columns: Iterable[str]) -> Table:
    """What labels change: +1 where an event is found bad, -1 where that is taken back."""
    labels: Any = history.labels
    said = labels.bad.cast("int64")
    before = said.lag().over(
        ibis.window(group_by=labels.event, order_by=[labels.known, labels.at_ms])
    )
    news = labels.mutate(change=said - before.fill_null(0))
    news = news.filter(news.change != 0)
    same = [table.id == news.event]
    if history.by_log:  # it speaks of what the log held by then
        same.append(table.seen < news.known)
    both = table.inner_join(news, same)
    return both.select(
        k=table.k,
        b=table.b,
        place=table.place,
        known=news.known,
        **{name: table[name] * news.change for name in columns},
    )
