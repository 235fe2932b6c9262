"""History as one table of events and one of labels, wherever it lies.

Events have the columns of `ctu.events`: `id`, `kind`, `at_ms`, `account` must be there, every other one
may be missing. `log_no` is the place in the log; without it the place is by time and then by id.
`attributes` may be one JSON column; any further column of another name is an attribute too, by its
name. Labels have `event`, `at_ms`, `bad`,
`scheme` where it has one and, where the log knows it, `known_no`.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import ibis
from ibis import _

from argosy.base.refusals import must
from argosy.ctu.events import ENTITIES, FOLDED_AS

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend
    from ibis.expr.types import Column, Table

    from argosy.base.store import Database

TEXTS: Final = (
    "id",
    "kind",
    "account",
    "market",
    "currency",
    "channel",
    "device",
    "session",
    "payee",
    "merchant",
    "network",
    "phone",
    "instrument",
    "outcome",
    "decision",
)
_KNOWN: Final = frozenset(
    {*TEXTS, *ENTITIES}
    | {
        "at",
        "at_ms",
        "amount",
        "proofs",
        "attributes",
        "score",
        "log_no",
        "verdict",
        "version",
        "order_id",
    }
    | {"released"}
)
_NEVER_NONE: Final = frozenset({"market", "currency", "channel"})
_MUST: Final = ("id", "kind", "at_ms", "account")

AttributeType = Literal["number", "text", "truth"]

_EXPORT = """
    SELECT id, kind, at_ms, market, account, amount, currency, channel, device, session, payee,
           merchant, network, phone, instrument, to_json(proofs) AS proofs, attributes, outcome, log_no
      FROM ctu.events WHERE at_ms >= $1 AND at_ms < $2
"""
_EXPORT_LABELS = (
    "SELECT event, at_ms, bad, source, scheme, known_no FROM ctu.labels WHERE at_ms < $1"
)
_EVER_MS: Final = (-(2**62), 2**62)


class History:
    """Events and labels, ready to be computed over.

    `events` has `place` (0, 1, ... in the order of the log), `seen` (what `known` of a label is
    compared with), `at_ms`, the texts of `TEXTS` (missing, never empty), `pair`, `amount` and
    `proofs`. `labels` has `event`, `known`, `at_ms`, `source`, `scheme`, `bad`: a label is known to an
    event with `seen >= known`.
    """

    def __init__(self, con: Backend, events: Table, labels: Table | None = None) -> None:
        self.con = con
        self.events = self.keep("events", _events(events))
        self.by_log = "log_no" in events.columns
        self.labels = None if labels is None else _labels(labels, by_log=self.by_log)
        self.count = int(self.events.count().to_pyarrow().as_py())

    @classmethod
    def parquet(cls, events: str | Path, labels: str | Path | None = None) -> History:
        """From Parquet files."""
        con = connect()
        found = None if labels is None else con.read_parquet(str(labels))
        return cls(con, con.read_parquet(str(events)), found)

    @classmethod
    def csv(cls, events: str | Path, labels: str | Path | None = None) -> History:
        """From CSV files with a line of names."""
        con = connect()
        found = None if labels is None else con.read_csv(str(labels))
        return cls(con, con.read_csv(str(events)), found)

    @classmethod
    def relation(
        cls, con: Backend, events: Table | str, labels: Table | str | None = None
    ) -> History:
        """From tables or expressions of an Ibis connection (`ibis.duckdb.from_connection(c)`)."""
        events = con.table(events) if isinstance(events, str) else events
        labels = con.table(labels) if isinstance(labels, str) else labels
        return cls(con, events, labels)

    @classmethod
    async def postgres(
        cls,
        db: Database,
        since_ms: int = _EVER_MS[0],
        until_ms: int = _EVER_MS[1],
    ) -> History:
        """From `ctu.events` with `since_ms <= at_ms < until_ms` and what was said of them till then."""
        con = connect()
        with tempfile.TemporaryDirectory(prefix="argosy-history-") as folder:
            events, labels = Path(folder, "events.csv"), Path(folder, "labels.csv")
            async with db.connection() as conn:
                await conn.copy_from_query(
                    _EXPORT, since_ms, until_ms, output=events, format="csv", header=True
                )
                await conn.copy_from_query(
                    _EXPORT_LABELS, until_ms, output=labels, format="csv", header=True
                )
            read = con.read_csv(str(events), columns=_EXPORT_TYPES)
            said = con.read_csv(str(labels), columns=_EXPORT_LABEL_TYPES)
            made = cls(con, read, said)
            if made.labels is not None:  # the files go away
                made.labels = made.keep("labels", made.labels)
        return made

    def keep(self, what: str, table: Table) -> Table:
        """`table`, computed now, as a table of the connection; `drop` it by its name."""
        name = fresh_name(what)
        self.con.raw_sql(f"CREATE TEMP TABLE {name} AS {ibis.to_sql(table, dialect=self.con.name)}")
        return self.con.table(name)

    def drop(self, table: Table) -> None:
        """Let go of what `keep` gave."""
        self.con.raw_sql(f"DROP TABLE {table.get_name()}")

    def attribute(self, name: str, kind: AttributeType) -> Column:
        """The sender's own value `name` of each event, of that type; missing where it is of another."""
        column = f"attribute.{name}"
        if column in self.events.columns:
            return _as(self.events[column], kind)
        if "attributes" in self.events.columns:
            value = self.events.attributes[name]
            return {"number": value.float, "text": value.str, "truth": value.bool}[kind]
        return ibis.null({"number": "float64", "text": "string", "truth": "boolean"}[kind])

    def proof(self, name: str) -> Column:
        """Whether `name` was shown for each event."""
        if "proofs" not in self.events.columns:
            return ibis.literal(value=False)
        shown = self.events.proofs
        return shown.contains(name if shown.type().is_array() else f'"{name}"').fill_null(False)


def connect() -> Backend:
    """DuckDB in memory, asking the network for nothing, on one thread: on several its windows race, and a
    sum comes out wrong now and then (seen here in one run of four; duckdb/duckdb#25713 is a relative)."""
    con = ibis.duckdb.connect(
        threads=1, autoinstall_known_extensions=False, autoload_known_extensions=False
    )
    con.raw_sql("SET enable_progress_bar = false")
    con.raw_sql("SET preserve_insertion_order = false")
    return con


_TEXT_COLUMNS: Final = dict.fromkeys(
    (
        "market account amount currency channel device session payee merchant network phone"
        " instrument"
    ).split(),
    "VARCHAR",
)
# In the order of the file's columns.
_EXPORT_TYPES: Final = {
    "id": "VARCHAR",
    "kind": "VARCHAR",
    "at_ms": "BIGINT",
    **_TEXT_COLUMNS,
    "amount": "BIGINT",
    "proofs": "JSON",
    "attributes": "JSON",
    "outcome": "VARCHAR",
    "log_no": "BIGINT",
}
_EXPORT_LABEL_TYPES: Final = {
    "event": "VARCHAR",
    "at_ms": "BIGINT",
    "bad": "BOOLEAN",
    "source": "VARCHAR",
    "scheme": "VARCHAR",
    "known_no": "BIGINT",
}


def _proofs(given: Any) -> Any:
    """What was shown, as an array of texts or, from JSON, as the text of one."""
    return given.cast("array<string>" if given.type().is_array() else "string")


def fresh_name(what: str) -> str:
    """A name for a table that no other one of this process has."""
    return f"argosy_{what}_{next(_NUMBERS)}"


_NUMBERS = itertools.count(1)


def _events(given: Table) -> Table:
    missing = [name for name in _MUST if name not in given.columns]
    must(not missing, "history lacks columns", missing=missing)
    here = given.columns
    columns: dict[str, Any] = {"at_ms": given.at_ms.cast("int64")}
    for name in TEXTS:
        if name in here:
            columns[name] = given[name].cast("string")
        else:
            columns[name] = ibis.null("string")
        if name in _NEVER_NONE:
            columns[name] = columns[name].fill_null("")
        else:
            columns[name] = columns[name].nullif("")
    if "outcome" not in here:
        columns["outcome"] = ibis.literal("posted")
    columns["amount"] = given.amount.cast("int64").coalesce(0) if "amount" in here else _zero()
    if "proofs" in here:
        columns["proofs"] = _proofs(given.proofs)
    if "attributes" in here:
        columns["attributes"] = given.attributes.cast("json")
    columns |= {f"attribute.{name}": given[name] for name in here if name not in _KNOWN}
    by = [given.log_no] if "log_no" in here else [columns["at_ms"], columns["id"]]
    columns["seen"] = given.log_no.cast("int64") if "log_no" in here else columns["at_ms"]
    columns["place"] = ibis.row_number().over(order_by=by)
    to = ibis.coalesce(columns["payee"], columns["merchant"], columns["instrument"])
    columns["pair"] = columns["account"] + ">" + to
    columns["account_device"] = columns["account"] + "@" + columns["device"]
    columns["account_network"] = columns["account"] + "@" + columns["network"]
    made = given.select(**columns)
    entities = {*(set(ENTITIES) - set(FOLDED_AS)), *FOLDED_AS.values()}
    must(entities <= set(made.columns), "an entity has no column")
    return made


def _none() -> Any:
    return ibis.literal("", type="string")


def _zero() -> Any:
    return ibis.literal(0, type="int64")


def _labels(given: Table, *, by_log: bool) -> Table:
    missing = [name for name in ("event", "at_ms", "bad") if name not in given.columns]
    must(not missing, "labels lack columns", missing=missing)
    known = given.known_no if by_log and "known_no" in given.columns else given.at_ms
    # A label that the log has not told of yet has no number: nobody knows of it.
    scheme = given.scheme.cast("string").fill_null("") if "scheme" in given.columns else _none()
    source = given.source.cast("string").fill_null("") if "source" in given.columns else _none()
    return given.select(
        event=given.event.cast("string"),
        known=known.cast("int64"),
        at_ms=given.at_ms.cast("int64"),
        source=source,
        scheme=scheme,
        bad=given.bad.cast("boolean"),
    ).filter(_.bad.notnull() & _.known.notnull())


def _as(column: Any, kind: AttributeType) -> Any:
    held = column.type()
    if kind == "number":
        return column.cast("float64") if held.is_numeric() else ibis.null("float64")
    if kind == "truth":
        return column if held.is_boolean() else ibis.null("boolean")
    return column if held.is_string() else ibis.null("string")
