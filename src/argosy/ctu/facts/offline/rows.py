"""The rows that facts of one entity are computed from: who, when, and what each fact counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import ibis

from argosy.ctu.events import FOLDED_AS
from argosy.ctu.facts.declared import DISTINCT_OF, SCALE, Fact
from argosy.ctu.facts.offline import windows
from argosy.ctu.facts.offline.filters import filter_of
from argosy.ctu.facts.offline.history import History
from argosy.ctu.facts.offline.windows import DISTINCT, MAX, MIN, SUM

if TYPE_CHECKING:
    from ibis.expr.types import Table

LIMB: Final = 1 << 20
"""Squares of amounts are summed in two parts of so many, because one would not fit 64 bits."""

AMOUNT_SCALED_MAX: Final = 9.0e12
NIGHT_FROM, NIGHT_UNTIL = 23, 6
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000


NEEDS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "count": ((SUM, "hit"),),
    "sum": ((SUM, "value"),),
    "mean": ((SUM, "value"), (SUM, "there")),
    "ratio": ((SUM, "value"), (SUM, "there")),
    "spread": (
        (SUM, "value"),
        (SUM, "there"),
        (SUM, "high2"),
        (SUM, "mixed"),
        (SUM, "low2"),
    ),
    "max": ((MAX, "value"),),
    "distinct": ((DISTINCT, "name"),),
    "age": ((MIN, "time"),),
    "since": ((MAX, "time"),),
    "night_share": ((SUM, "hit"), (SUM, "night")),
    "bad_count": (),
    "bad_share": ((SUM, "hit"),),
    "decayed_count": (),
    "decayed_sum": (),
}
"""Of which numbers about the past an aggregate is made."""


def needs(fact: Fact) -> list[str]:
    """The columns of rows that `fact` is computed from."""
    found = [what for _, what in NEEDS[fact.aggregate]]
    if fact.aggregate in ("bad_count", "bad_share", "decayed_count"):
        found.append("hit")
    if fact.aggregate == "decayed_sum":
        found.append("value")
    if fact.aggregate == "ratio":
        found.append("own")
    return list(dict.fromkeys(found))


class Rows:
    """The events that name one entity, narrow: `place`, `k` (the key as a number), `t`, `seen`, and
    what the facts count as columns, each missing or 0 where the fact does not count the event."""

    def __init__(
        self,
        history: History,
        entity: str,
        facts: Sequence[Fact],
        offsets: Mapping[str, int],
        *,
        late: bool,
    ) -> None:
        self.history = history
        self._offsets = offsets
        self._made: dict[tuple[str, ...], str] = {}
        self._columns: dict[str, Any] = {}
        self._read_as_is: list[str] = []
        self._filters: dict[tuple[str, tuple[str, ...]], Any] = {}
        for fact in facts:
            for what in needs(fact):
                self.column(fact, what)
        self._folded_as = FOLDED_AS.get(entity)
        self._late = late
        self._tables: list[Table] = []
        self.table = self._lay_out("account" if self._folded_as else entity)

    def keep(self, what: str, table: Table) -> Table:
        """`table`, computed now and kept until `drop`."""
        self._tables.append(self.history.keep(what, table))
        return self._tables[-1]

    def _lay_out(self, entity: str) -> Table:
        events = self.history.events
        named = [events[entity], *([events[self._folded_as]] if self._folded_as else [])]
        keys = [events.filter(key.notnull()).select(key=key) for key in named]
        numbered = ibis.union(*keys) if len(keys) > 1 else keys[0]
        numbered = numbered.distinct().mutate(k=ibis.row_number())
        numbered = self.keep("keys", numbered)
        own = {"t": events.at_ms, "k": numbered.k, **self._columns}
        if self._folded_as is None:
            rows = events.inner_join(numbered, named[0] == numbered.key)
            rows = rows.select("place", "id", "seen", **own)
        else:
            # An event reads by one name and is folded by another: two rows, the reading one first.
            reading = events.inner_join(numbered, named[0] == numbered.key)
            idle = {name: ibis.null(c.type()) for name, c in self._columns.items()}
            idle |= {name: own[name] for name in self._read_as_is}
            reading = reading.select("id", "seen", **(own | idle), place=events.place * 2)
            folding = events.inner_join(numbered, named[1] == numbered.key)
            folding = folding.select("id", "seen", **own, place=events.place * 2 + 1)
            rows = reading.union(folding)
        return self.keep("rows", windows.beside(rows) if self._late else rows)

    def answers(self, wide: Table, columns: dict[str, Any]) -> Table:
        """`place` of the event, and `columns`, for the rows that read."""
        if self._folded_as is None:
            return wide.select("place", **columns)
        made = wide.select(twice=wide.place, **columns)
        made = made.filter(made.twice % 2 == 0)
        return made.select(place=(made.twice // 2).cast("int64"), **{c: made[c] for c in columns})

    def drop(self) -> None:
        """Let go of what this was laid out in."""
        for table in self._tables:
            self.history.drop(table)

    def column(self, fact: Fact, what: str) -> str:
        """The name of the column that holds `what` of `fact`: `hit` (1 where it counts), `night`, `time`,
        `name`, `value`, `there` (1 where it has a value), `high2`, `mixed` and `low2` (parts of the
        square of a value), `own` (the value of the event itself, counted or not)."""
        of = fact.of if what not in ("hit", "night", "time") else ""
        key = (what, of, fact.where, *fact.outcomes)
        if key not in self._made:
            self._made[key] = f"c{len(self._made)}"
            self._columns[self._made[key]] = self._expression(fact, what)
            if what == "own":
                self._read_as_is.append(self._made[key])
        return self._made[key]

    def _expression(self, fact: Fact, what: str) -> Any:
        counts = self._filter(fact)
        events = self.history.events
        if what == "hit":
            return counts.cast("int64")
        if what == "time":
            return ibis.ifelse(counts, events.at_ms, ibis.null())
        if what == "night":
            return (counts & self._night()).cast("int64")
        if what == "name":
            return ibis.ifelse(counts, self._name(fact.of), ibis.null())
        value = self.value(fact.of)
        if what == "own":
            return value
        value = ibis.ifelse(counts, value, ibis.null())
        high = value // LIMB
        low = value - high * LIMB  # never below 0, as `%` would be for a negative value
        made = {
            "value": value,
            "there": value.notnull().cast("int64"),
            "high2": high * high,
            "mixed": high * low,
            "low2": low * low,
        }
        return made[what]

    def value(self, of: str) -> Any:
        """The number `of` as a whole one: minor units, or millionths of an attribute."""
        if of == "amount":
            return self.history.events.amount
        number = self.history.attribute(of, "number")
        number = ibis.ifelse(number.abs() <= AMOUNT_SCALED_MAX, number, ibis.null())
        return (number * SCALE + 0.5).floor().cast("int64")

    def _name(self, of: str) -> Any:
        if of in DISTINCT_OF:
            return self.history.events[of].nullif("")
        return self.history.attribute(of, "text")

    def _night(self) -> Any:
        events = self.history.events
        offset = ibis.literal(0, type="int64")
        if self._offsets:
            offset = ibis.cases(
                *((events.market == m, s * 1_000) for m, s in self._offsets.items()), else_=0
            )
        hour = ((events.at_ms + offset) % _DAY_MS) // _HOUR_MS
        return (hour >= NIGHT_FROM) | (hour < NIGHT_UNTIL)

    def _filter(self, fact: Fact) -> Any:
        key = (fact.where, fact.outcomes)
        if key not in self._filters:
            counted = self.history.events.outcome.isin(fact.outcomes).fill_null(False)
            self._filters[key] = counted & filter_of(fact.where, self.history)
        return self._filters[key]
