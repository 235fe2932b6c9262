"""Wherever history lies, the facts of it are the same."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from argosy.base.refusals import Bug
from argosy.ctu.events import Event, Label
from argosy.ctu.facts.declared import Fact, FactSet, starter
from argosy.ctu.facts.offline import History, OffLine
from argosy.ctu.facts.offline.history import connect
from tests.ctu.offline.compare import differences
from tests.ctu.offline.oracle import Entry, facts_of
from tests.ctu.offline.streams import FIELDS, OFFSETS, history_of, town

DAY_MS = 86_400_000
FEW = (
    Fact(name="account.count_1d", entity="account", aggregate="count", window=86_400),
    Fact(name="account.sum", entity="account", aggregate="sum", where="event.level == 'full'"),
    Fact(name="merchant.bad", entity="merchant", aggregate="bad_share", window=7 * 86_400),
    Fact(name="received.people", entity="received", aggregate="distinct", of="account"),
    Fact(name="device.proven", entity="device", aggregate="count", where="'pin' in event.proofs"),
)


@pytest.fixture(scope="module")
def log():
    return town(11, 250, 3 * 86_400, people=12)


@pytest.fixture(scope="module")
def words(log):
    return facts_of(FactSet(FEW, OFFSETS), log)


def wrong(history, words):
    facts = FactSet(FEW, OFFSETS)
    return differences(facts, OffLine(facts).matrix(history).values, words)


def flat(log):
    """The log as another wallet would export it: attributes as columns of their own."""
    events, labels = [], []
    for number, entry in enumerate(log):
        said = entry.said
        if isinstance(said, Label):
            told = {"event": str(said.event), "at_ms": said.at_ms, "bad": said.bad}
            labels.append({**told, "known_no": number})
        else:
            row = {name: getattr(said, name) for name in FIELDS}
            row |= {"id": str(said.id), "outcome": entry.outcome, "log_no": number}
            row |= {"level": said.attributes.get("level"), "proofs": sorted(said.proofs)}
            events.append(row)
    return pa.Table.from_pylist(events), pa.Table.from_pylist(labels)


def test_from_parquet(log, words, tmp_path):
    events, labels = flat(log)
    pa.parquet.write_table(events, tmp_path / "events.parquet")
    pa.parquet.write_table(labels, tmp_path / "labels.parquet")
    history = History.parquet(tmp_path / "events.parquet", tmp_path / "labels.parquet")
    assert wrong(history, words) == []


def test_from_csv(log, words, tmp_path):
    events, labels = flat(log)
    proofs = pa.array([str(p).replace("'", '"') for p in events["proofs"].to_pylist()])
    events = events.set_column(events.column_names.index("proofs"), "proofs", proofs)
    pa.csv.write_csv(events, tmp_path / "events.csv")
    pa.csv.write_csv(labels, tmp_path / "labels.csv")
    assert wrong(History.csv(tmp_path / "events.csv", tmp_path / "labels.csv"), words) == []


def test_from_a_relation_of_duckdb_and_as_a_table(log, words):
    events, labels = flat(log)
    con = connect()
    con.con.register("e", events)
    con.con.register("l", labels)
    history = History.relation(con, "e", con.table("l"))
    assert wrong(history, words) == []
    facts = FactSet(FEW, OFFSETS)
    table = OffLine(facts).table(history).order_by("place").to_pyarrow()
    assert table.column_names == ["place", "id", "at_ms", *facts.columns]
    found = np.column_stack([table[name].to_numpy(zero_copy_only=False) for name in facts.columns])
    assert differences(facts, found, words) == []


async def test_from_the_brains_own_tables(db, log, words):
    rows, labels = [], []
    for number, entry in enumerate(log):
        said = entry.said
        if isinstance(said, Label):
            labels.append((said.event, said.at_ms, said.bad, "case", number))
            continue
        fields = [getattr(said, name) for name in FIELDS]
        rows.append(
            (
                said.id, number, *fields, sorted(said.proofs), dict(said.attributes), entry.outcome,
                0, 0.0, "",
            )
        )  # fmt: skip
    columns = [
        "id",
        "log_no",
        *FIELDS,
        "proofs",
        "attributes",
        "outcome",
        "decision",
        "score",
        "version",
    ]
    async with db.work() as conn:
        await conn.execute("ALTER TABLE ctu.events ALTER at SET DEFAULT now()")
        await conn.copy_records_to_table("events", schema_name="ctu", columns=columns, records=rows)
        await conn.executemany(
            "INSERT INTO ctu.labels (event, id, at_ms, bad, source, scheme, by, loss, known_no)"
            " VALUES ($1, gen_random_uuid(), $2, $3, $4, '', '', 0, $5)",
            labels,
        )
        await conn.execute("ALTER TABLE ctu.events ALTER at DROP DEFAULT")
    assert wrong(await History.postgres(db), words) == []
    half = await History.postgres(db, until_ms=log[120].said.at_ms)
    assert 0 < half.count < len(words)


def test_without_a_log_the_order_is_by_time_and_labels_count_from_theirs():
    def pay(number, at_ms):
        return {"id": str(UUID(int=number)), "kind": "pay", "at_ms": at_ms, "account": "a"}

    con = connect()
    con.con.register("e", pa.Table.from_pylist([pay(n, n * 1_000) for n in (3, 1, 2, 4)]))
    told = [{"event": str(UUID(int=1)), "at_ms": 3_000, "bad": True}]
    con.con.register("l", pa.Table.from_pylist(told))
    facts = FactSet(
        [
            Fact(name="account.bad", entity="account", aggregate="bad_count", window=3_600),
            Fact(name="account.count", entity="account", aggregate="count"),
        ]
    )
    found = OffLine(facts).matrix(History.relation(con, "e", "l"))
    assert found.at_ms.tolist() == [1_000, 2_000, 3_000, 4_000]
    assert found.values.tolist() == [[0, 0], [0, 1], [1, 2], [1, 3]]


def test_a_label_of_the_same_moment_does_not_tell_an_event_of_itself():
    con = connect()
    row = {"id": str(UUID(int=1)), "kind": "pay", "at_ms": 1_000, "account": "a"}
    con.con.register("e", pa.Table.from_pylist([row]))
    told = [{"event": str(UUID(int=1)), "at_ms": 1_000, "bad": True}]
    con.con.register("l", pa.Table.from_pylist(told))
    fact = Fact(name="account.bad", entity="account", aggregate="bad_count", window=3_600)
    found = OffLine(FactSet([fact])).matrix(History.relation(con, "e", "l"))
    assert found.values.tolist() == [[0.0]]


def test_an_empty_history_has_no_rows():
    con = connect()
    row = {"id": "1", "kind": "pay", "at_ms": 1, "account": "a"}
    con.con.register("e", pa.Table.from_pylist([row]).slice(1))
    facts = FactSet(starter().facts[:5])
    assert OffLine(facts).matrix(History.relation(con, "e")).values.shape == (0, 5)


def test_history_without_what_an_event_must_have_is_refused_by_name():
    con = connect()
    con.con.register("e", pa.Table.from_pylist([{"id": "1", "at_ms": 1, "account": "a"}]))
    with pytest.raises(Bug, match="kind"):
        History.relation(con, "e")


def test_large_amounts_have_an_exact_spread():
    """Whole rupiah with two decimals: squares beyond 64 bits, spreads of one minor unit."""
    big = 2_500_000_000_000

    def pay(n):
        return Event(id=UUID(int=n), kind="pay", at_ms=n, account="a", amount=big + n % 2)

    log = [Entry(pay(n)) for n in range(1, 60)]
    facts = FactSet([Fact(name="account.spread", entity="account", aggregate="spread")])
    words = facts_of(facts, log)
    assert differences(facts, OffLine(facts).matrix(history_of(log)).values, words) == []
    assert words[-1, 0] == pytest.approx(0.5, rel=1e-3)


def test_values_below_nothing_are_values():
    """The square of a negative number is no less exact."""

    def fee(n):
        given = (-3.5, 1.25, 12_345.678901, -0.000001)[n % 4]
        return Event(id=UUID(int=n), kind="pay", at_ms=n, account="a", attributes={"fee": given})

    log = [Entry(fee(n)) for n in range(1, 40)]
    facts = FactSet(
        Fact(name=f"account.{kind}", entity="account", aggregate=kind, of="fee", window=600)
        for kind in ("sum", "mean", "spread", "max", "ratio")
    )
    words = facts_of(facts, log)
    assert differences(facts, OffLine(facts).matrix(history_of(log)).values, words) == []
