"""Sums, largest values and numbers of different ones over the past of each event, without self joins.

What came before an event e is what has an earlier place in the log and a bucket in its window. Where an
entity's events come in the order of their time, that is every earlier bucket of the window (a frame over
the range of bucket numbers) and what stands before e in its own bucket (a frame over rows). An event for
which this does not hold, because a neighbour in the log is late, is `disturbed`: those few are computed
by joining them with their past, so that the answer is the same whatever the order.

Different ones are counted by runs: an occurrence begins a run unless the same value was there less than a
window before, and ends one unless it comes again within a window. Runs begun so far less runs that are
over is the number of different values in the window.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import ibis

from argosy.base.refusals import must

if TYPE_CHECKING:
    from ibis.expr.types import Table

SUM: Final = "sum"
MAX: Final = "max"
MIN: Final = "min"
DISTINCT: Final = "distinct"

HALF_LIVES: Final = 256
"""Decayed sums start afresh after so many half-lives: what is older weighs less than 2**-256."""


@dataclass(frozen=True, slots=True)
class Term:
    """One number about the past: `how` of `column`, over `count` buckets that end `back` buckets ago.

    `count` None is ever. `column` names a column of the rows; missing values are left out.
    """

    how: str
    column: str
    count: int | None = None
    back: int = 0

    @property
    def buckets(self) -> int:
        """How many buckets a term with a window has."""
        must(self.count is not None, "a term without a window", term=self.name)
        return self.count or 0

    @property
    def name(self) -> str:
        return f"{self.how}_{self.column}_{self.count}_{self.back}"


# --- windows ---------------------------------------------------------------------------------------


def ever(rows: Table, terms: Iterable[Term]) -> Table:
    """`place` and a column for each term, over everything with an earlier place."""
    terms = list(terms)
    firsts = {}
    for column in dict.fromkeys(term.column for term in terms if term.how == DISTINCT):
        same = ibis.window(group_by=[rows.k, rows[column]], order_by=rows.place)
        first = rows[column].notnull() & (ibis.row_number().over(same) == 0)
        firsts[f"first_{column}"] = first.cast("int64")
    rows = rows.mutate(**firsts)
    before = ibis.rows_window(group_by=rows.k, order_by=rows.place, preceding=(None, 1))
    made = {}
    for term in terms:
        column = rows[f"first_{term.column}" if term.how == DISTINCT else term.column]
        made[term.name] = _aggregate(term.how, column).over(before)
    return rows.mutate(**made)


def windowed(rows: Table, terms: Iterable[Term], *, late: bool = True) -> Table:
    """The rows with a column for each term, by frames: right where a row is not disturbed. Where
    nothing is `late` in the log, a step is saved."""
    terms = list(terms)
    kinds = dict.fromkeys((t.column, t.buckets) for t in terms if t.how == DISTINCT)
    latest = {column: _latest(rows, column) if late else rows.b for column, _ in kinds}
    rows = rows.mutate(**{f"latest_{column}": bucket for column, bucket in latest.items()})
    runs: dict[str, Any] = {}
    for column, count in kinds:
        begins, ends = _runs(rows, column, count)
        runs |= {f"begins_{column}_{count}": begins, f"ends_{column}_{count}": ends}
    rows = rows.mutate(**runs)
    return rows.mutate(**{term.name: _framed(rows, term, late=late) for term in terms})


def _framed(rows: Table, term: Term, *, late: bool) -> Any:
    if term.how != DISTINCT:
        return _window(rows, term.how, term.column, term.back, term.back + term.buckets - 1)
    begun = _window(rows, SUM, f"begins_{term.column}_{term.count}", term.back, None)
    # A late occurrence ends its run in the latest bucket of the run, not in its own.
    by = f"latest_{term.column}" if late else "b"
    ends = f"ends_{term.column}_{term.count}"
    over = _window(rows, SUM, ends, term.back + term.buckets, None, by)
    return begun.fill_null(0) - over.fill_null(0)


def _window(rows: Table, how: str, column: str, near: int, far: int | None, by: str = "b") -> Any:
    """`how` of `column` from `far` buckets ago (None: ever) to `near`; 0 is the event's own bucket, of
    which only what stands before it counts."""
    values = rows[column]
    own = _aggregate(how, values).over(
        ibis.rows_window(group_by=[rows.k, rows.b], order_by=rows.place, preceding=(None, 1))
    )
    if far is not None and far < 1:
        return own
    past = _aggregate(how, values).over(
        ibis.range_window(group_by=rows.k, order_by=rows[by], preceding=(far, max(near, 1)))
    )
    if near > 0:
        return past
    if how == SUM:
        return past.fill_null(0) + own.fill_null(0)
    return (ibis.greatest if how == MAX else ibis.least)(past, own)


def _aggregate(how: str, values: Any) -> Any:
    return {SUM: values.sum, DISTINCT: values.sum, MAX: values.max, MIN: values.min}[how]()


def _latest(rows: Table, column: str) -> Any:
    """The latest bucket in which the value was seen so far: a late one counts as seen then."""
    seen = ibis.rows_window(
        group_by=[rows.k, rows[column]], order_by=rows.place, preceding=(None, 0)
    )
    return rows.b.max().over(seen)


def _runs(rows: Table, column: str, count: int) -> tuple[Any, Any]:
    values, latest = rows[column], rows[f"latest_{column}"]
    beside = ibis.window(group_by=[rows.k, values], order_by=rows.place)
    before, after = latest.lag().over(beside), latest.lead().over(beside)
    begins = values.notnull() & (before.isnull() | (latest - before >= count))
    ends = values.notnull() & (after.isnull() | (after - latest >= count))
    return begins.cast("int64"), ends.cast("int64")


# --- what is late ------------------------------------------------------------------------------------


def beside(rows: Table) -> Table:
    """The rows with `t_before`, the latest time at an earlier place, and `t_after`, the earliest at a
    later one, of the same entity."""
    before = ibis.rows_window(group_by=rows.k, order_by=rows.place, preceding=(None, 1))
    after = ibis.rows_window(group_by=rows.k, order_by=rows.place, following=(1, None))
    return rows.mutate(t_before=rows.t.max().over(before), t_after=rows.t.min().over(after))


def disturbed(rows: Table, bucket_ms: int) -> Any:
    """Whether an earlier place has a later bucket, or a later place an earlier one: boolean."""
    ahead = (rows.t_before // bucket_ms > rows.b).fill_null(False)
    return ahead | (rows.t_after // bucket_ms < rows.b).fill_null(False)


def joined(rows: Table, few: Table, terms: Sequence[Term]) -> Table:
    """The rows of `few` with a column for each term, by joining each with its past in `rows`.

    Both are cut into blocks as wide as the widest window, so that a row meets two blocks of its
    entity's past and not all of it; a window that reaches back for ever meets everything.
    """
    width = max((t.back + t.count for t in terms if t.count is not None), default=1)
    columns = dict.fromkeys(term.column for term in terms)
    past = rows.select(
        k_=rows.k,
        place_=rows.place,
        b_=rows.b,
        block_=(rows.b // width),
        **{f"{column}_": rows[column] for column in columns},
    )
    nearby = few.mutate(block=few.b // width)
    asked = nearby.select("k", "place", "b", block=nearby.block).union(
        nearby.select("k", "place", "b", block=nearby.block - 1)
    )
    met = asked.join(
        past,
        [
            asked.k == past.k_,
            asked.block == past.block_,
            past.place_ < asked.place,
            past.b_ <= asked.b,
            past.b_ > asked.b - width,
        ],
    )
    made = {}
    for term in terms:
        inside = (met.b_ <= met.b - term.back) & (met.b_ > met.b - term.back - term.count)
        values = ibis.ifelse(inside, met[f"{term.column}_"], ibis.null())
        made[term.name] = values.nunique() if term.how == DISTINCT else _aggregate(term.how, values)
    found = met.group_by("place").aggregate(**made)
    kept = few.left_join(found, few.place == found.place)
    return kept.select(*[few[name] for name in few.columns], *[found[t.name] for t in terms])


# --- decay -------------------------------------------------------------------------------------------


def decayed(rows: Table, columns: Sequence[str]) -> Table:
    """The rows with `decayed_<column>`: each value weighs half for every half-life ago.

    Weights are told from the beginning of a block of `HALF_LIVES`; what lies two blocks ago weighs
    nothing that a float could tell. `b` must be the block, `phase` the half-lives since it began.
    """
    weight = ibis.literal(2.0).pow(rows.phase)
    rows = rows.mutate(**{f"weighed_{c}": rows[c].cast("float64") * weight for c in columns})
    own = ibis.rows_window(group_by=[rows.k, rows.b], order_by=rows.place, preceding=(None, 1))
    last = ibis.range_window(group_by=rows.k, order_by=rows.b, preceding=(1, 1))
    made = {}
    for column in columns:
        values = rows[f"weighed_{column}"]
        kept = values.sum().over(own).fill_null(0.0)
        kept = kept + values.sum().over(last).fill_null(0.0) * 2.0**-HALF_LIVES
        made[f"decayed_{column}"] = kept * ibis.literal(2.0).pow(-rows.phase)
    return rows.mutate(**made)


def decayed_joined(rows: Table, few: Table, columns: Sequence[str], half_life: int) -> Table:
    """As `decayed`, for the few that are disturbed, by joining each with its past."""
    past = rows.select(
        k_=rows.k,
        place_=rows.place,
        t_=rows.t,
        **{f"{column}_": rows[column] for column in columns},
    )
    far_ms = 2 * HALF_LIVES * half_life * 1_000
    met = few.select("k", "place", "t").join(
        past,
        [few.k == past.k_, past.place_ < few.place, past.t_ > few.t - far_ms],
    )
    weight = ibis.literal(2.0).pow((met.t_ - met.t) / (half_life * 1_000.0))
    made = {f"decayed_{c}": (met[f"{c}_"].cast("float64") * weight).sum() for c in columns}
    found = met.group_by("place").aggregate(**made)
    kept = few.left_join(found, few.place == found.place)
    return kept.select(
        *[few[name] for name in few.columns],
        *[found[name].fill_null(0.0).name(name) for name in made],
    )


# --- labels ------------------------------------------------------------------------------------------


_NONE = ibis.literal(0, type="int64")


def told(rows: Table, news: Table, terms: Sequence[Term], seen: str = "seen") -> Table:
    """`place` and, for each term, the sum of `news` in the window that was known to the row's event.

    `news` has `k`, `b`, `known` and the columns of the terms: 1 for an event found bad, -1 for one
    taken back. They are few, so they are joined, in blocks as wide as the window.
    """
    parts = []
    for count in dict.fromkeys(term.count for term in terms):
        mine = [term for term in terms if term.count == count]
        part = _told(rows, news, mine, count, seen)
        told_here = {term.name for term in mine}
        every = {t.name: part[t.name] if t.name in told_here else _NONE for t in terms}
        parts.append(part.select("place", **every))
    if len(parts) == 1:
        return parts[0]
    both = ibis.union(*parts)
    return both.group_by("place").aggregate(**{t.name: both[t.name].sum() for t in terms})


def _told(rows: Table, news: Table, terms: list[Term], count: int | None, seen: str) -> Table:
    names = {term.column: f"{term.column}_" for term in terms}
    points = news.select(
        k_=news.k,
        b_=news.b,
        known_=news.known,
        place_=news.place,
        **{names[c]: news[c] for c in names},
    )
    made = {}
    if count is None:
        met = rows.select("k", "place", at=rows[seen]).join(
            points,
            [rows.k == points.k_, points.known_ <= rows[seen], points.place_ < rows.place],
        )
        for term in terms:
            made[term.name] = met[names[term.column]].sum()
    else:
        width = count + max(term.back for term in terms)
        points = points.mutate(block_=points.b_ // width)
        points = points.union(points.mutate(block_=points.block_ + 1))
        asked = rows.select("k", "place", "b", at=rows[seen], block=rows.b // width)
        met = asked.join(
            points,
            [
                asked.k == points.k_,
                asked.block == points.block_,
                points.known_ <= asked.at,
                points.place_ < asked.place,
            ],
        )
        for term in terms:
            inside = (met.b_ <= met.b - term.back) & (met.b_ > met.b - term.back - count)
            made[term.name] = ibis.ifelse(inside, met[names[term.column]], 0).sum()
    return met.group_by("place").aggregate(**made)
