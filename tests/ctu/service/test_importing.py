"""Another wallet's past is brought in from files, and what the brain said leaves as one."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from argosy.ctu.service.exporting import export
from argosy.ctu.service.facts import ServiceReason
from argosy.ctu.service.files import opened
from argosy.ctu.service.importing import Imports, ImportTaken
from argosy.ctu.service.mapping import mapping_of

MAP = (
    "id=TX",
    "at=WHEN",
    "account=FROM",
    "payee=TO",
    "amount_major=SUM",
    "device=PHONE",
    "bad=FRAUD",
    "attributes.terminal=TERMINAL",
)
SAME = ("kind=pay", "currency=INR", "channel=app")
COLUMNS = ("TX", "WHEN", "FROM", "TO", "SUM", "PHONE", "FRAUD", "TERMINAL")


def rows(count: int) -> list[tuple[Any, ...]]:
    return [
        (
            f"t{n}",
            f"2026-10-{1 + n // 100:02} 10:{n % 60:02}:00",
            f"customer {n % 7}",
            f"shop {n % 3}",
            f"{n}.50",
            "" if n % 5 == 0 else f"phone {n % 7}",
            "1" if n % 50 == 0 else "0",
            n % 4,
        )
        for n in range(count)
    ]


def written(path: Path, found: list[tuple[Any, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows(found)
    return path


async def bring_in(imports: Imports, path: Path, name: str = "past", mapped=MAP, same=SAME):
    table = opened(path)
    columns = mapping_of(name, mapped, same, table.columns)
    return await imports.run(table, columns)


@pytest.fixture
def imports(db, clock) -> Imports:
    return Imports(db, clock)


async def test_a_file_is_brought_in_with_its_labels(hired, imports, tmp_path):
    stands = await bring_in(imports, written(tmp_path / "past.csv", rows(250)))
    assert (stands.rows, stands.taken, stands.rejected, stands.ended) == (250, 250, 0, True)
    await hired.read_log()
    assert await hired.db.value("SELECT count(*) FROM ctu.events") == 250
    row = await hired.db.one("SELECT * FROM ctu.events WHERE amount = 12350")
    assert (row["account"], row["kind"], row["currency"], row["device"], row["attributes"]) == (
        "customer 4",
        "pay",
        "INR",
        "phone 4",
        {"terminal": 3},
    )
    assert row["at"] == datetime(2026, 10, 2, 10, 3, tzinfo=UTC)
    assert await hired.db.value("SELECT count(*) FROM ctu.labels WHERE bad") == 5
    assert await hired.cases.list() == []


async def test_a_parquet_file_is_the_same(hired, imports, tmp_path):
    plain = written(tmp_path / "past.csv", rows(120))
    with duckdb.connect() as conn:
        conn.execute(
            f"COPY (SELECT * FROM read_csv('{plain}')) TO '{tmp_path}/past.parquet' (FORMAT parquet)"
        )
    stands = await bring_in(imports, tmp_path / "past.parquet")
    assert (stands.rows, stands.taken) == (120, 120)
    again = await bring_in(imports, plain, "the same as csv, with ids of its own")
    assert again.taken == 120
    await hired.read_log()
    found = await hired.db.all("SELECT at, account, amount, attributes FROM ctu.events")
    assert len({str(tuple(row)) for row in found}) == 120


async def test_the_same_file_again_changes_nothing(db, imports, tmp_path):
    path = written(tmp_path / "past.csv", rows(50))
    await bring_in(imports, path)
    again = await bring_in(imports, path)
    assert (again.rows, again.taken) == (50, 50)
    assert await db.value("SELECT count(*) FROM ctu.service_events") == 50
    assert await db.value("SELECT count(*) FROM outbox.events WHERE kind = 'risk.observed'") == 50


async def test_what_was_cut_off_goes_on_where_it_stopped(db, imports, tmp_path):
    path = written(tmp_path / "past.csv", rows(2_500))

    def cut(standing):
        if standing.rows == 2_000:
            raise KeyboardInterrupt

    table = opened(path)
    columns = mapping_of("past", MAP, SAME, table.columns)
    with pytest.raises(KeyboardInterrupt):
        await imports.run(table, columns, cut)
    seen = []
    stands = await imports.run(table, columns, lambda now: seen.append(now.rows))
    assert seen == [2_500]
    assert (stands.rows, stands.taken, stands.known) == (2_500, 2_500, 0)
    assert (
        await db.value("SELECT count(*) FROM outbox.events WHERE kind = 'risk.observed'") == 2_500
    )


async def test_two_at_the_same_file_do_not_both_write(imports, db, clock, tmp_path):
    path = written(tmp_path / "past.csv", rows(1_500))
    table = opened(path)
    columns = mapping_of("past", MAP, SAME, table.columns)
    other = Imports(db, clock)

    async def meanwhile() -> None:
        await other.run(table, columns)

    first = await imports._begin(table, columns)
    await meanwhile()
    with pytest.raises((ImportTaken, Exception)):
        await imports._chunk(first, columns, list(table.lines())[:10])
    assert await db.value("SELECT count(*) FROM ctu.service_events") == 1_500


async def test_wrong_lines_are_listed_with_line_and_reason(db, imports, tmp_path):
    good = rows(6)
    wrong = [
        ("t10", "yesterday", "a", "b", "1.00", "", "0", 1),
        ("t11", "2026-10-01 10:00:00", "", "b", "1.00", "", "0", 1),
        ("t12", "2026-10-01 10:00:00", "a", "b", "1.001", "", "0", 1),
        ("t13", "2026-10-01 10:00:00", "a", "b", "1.00", "", "maybe", 1),
        ("t1", "2026-10-01 10:00:00", "a", "b", "1.00", "", "0", 1),
    ]
    path = written(tmp_path / "past.csv", [*good[:3], *wrong, *good[3:]])
    path.write_text(path.read_text() + "too,few\n")
    stands = await bring_in(imports, path)
    assert (stands.rows, stands.taken, stands.rejected) == (12, 6, 6)
    assert [(r.line, r.field) for r in await imports.rejects("past")] == [
        (5, "at"),
        (6, "account"),
        (7, "amount_major"),
        (8, "bad"),
        (9, "at_ms"),
        (13, ""),
    ]
    reasons = [r.reason for r in await imports.rejects("past")]
    assert "yesterday" in reasons[0]
    assert "another `at_ms`" in reasons[4]


async def test_a_line_of_the_future_is_refused_with_its_reason(imports, tmp_path):
    found = rows(3)
    found[1] = (found[1][0], "2099-01-01 10:00:00", *found[1][2:])
    stands = await bring_in(imports, written(tmp_path / "past.csv", found))
    assert (stands.taken, stands.rejected) == (2, 1)
    (reject,) = await imports.rejects("past")
    assert (reject.line, reject.field) == (3, "at_ms")
    assert "ahead of the clock" in reject.reason


async def test_a_file_that_runs_backwards_is_told(imports, tmp_path):
    path = written(tmp_path / "past.csv", list(reversed(rows(150))))
    assert (await bring_in(imports, path)).turned > 50


async def test_another_mapping_for_a_file_that_was_begun_is_refused(imports, tmp_path):
    path = written(tmp_path / "past.csv", rows(5))
    await bring_in(imports, path)
    said = await bring_in(imports, path, mapped=MAP[:-1])
    assert said.reason is ServiceReason.IMPORT_DIFFERS
    longer = written(tmp_path / "past.csv", rows(9))
    assert (await bring_in(imports, longer)).reason is ServiceReason.IMPORT_DIFFERS


@pytest.mark.parametrize(
    "mapped, same, field",
    [
        (("id=TX", "at=WHEN", "account=FROM"), (), "kind"),
        (MAP[1:], SAME, "id"),
        (("id=TX", "account=FROM"), SAME, "at_ms"),
        (("idd=TX",), SAME, "idd"),
        (("id=NOPE", *MAP[1:]), SAME, "NOPE"),
        (MAP, ("kind",), "kind"),
    ],
)
def test_what_is_no_mapping_is_refused(mapped, same, field):
    said = mapping_of("past", mapped, same, COLUMNS)
    assert (said.reason, said.field) == (ServiceReason.IMPORT_MAPPING, field)


@pytest.mark.parametrize(
    "name, content", [("a.txt", b"x"), ("a.csv", b""), ("a.csv", b"a,a\n"), ("a.parquet", b"no")]
)
def test_what_is_no_table_is_refused(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    assert opened(path).reason is ServiceReason.IMPORT_UNREADABLE
    assert opened(tmp_path / "not there.csv").reason is ServiceReason.IMPORT_UNREADABLE


async def test_it_can_be_judged_too(hired, tmp_path):
    judged = Imports(hired.db, hired.clock, hired.intake)
    path = written(tmp_path / "past.csv", rows(60))
    stands = await bring_in(judged, path)
    assert (stands.taken, hired.brain.judged) == (60, 60)
    assert (
        await hired.db.value("SELECT count(*) FROM ctu.service_events WHERE verdict IS NULL") == 0
    )


async def test_what_was_brought_in_can_not_be_judged_under_its_id(hired, wallet, imports, tmp_path):
    event = hired.event()
    line = ",".join(str(event[n]) for n in ("id", "kind", "at_ms", "account", "amount", "currency"))
    path = tmp_path / "one.csv"
    path.write_text(f"id,kind,at_ms,account,amount,currency\n{line}\n")
    await bring_in(imports, path, "one", (), ())
    plain = {n: event[n] for n in ("id", "kind", "at_ms", "account", "amount", "currency")}
    said = await wallet.post("/v1/events", json=plain)
    assert said.status_code == 409
    assert "brought in from a file" in said.json()["detail"]


# --- verdicts leave --------------------------------------------------------------------------------


@pytest.fixture
async def judged(hired, wallet, clock) -> None:
    events = [hired.event(f"p {n}", 10) for n in range(5)] + [hired.event("thief", 3)]
    await wallet.post("/v1/events:batch", json={"events": events})
    clock.advance(hours=1)
    await wallet.post("/v1/events", json=hired.event("late", 60_000))


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
async def test_verdicts_are_written_whole(hired, judged, tmp_path, clock, kind):
    path = tmp_path / f"verdicts.{kind}"
    far = datetime(2100, 1, 1, tzinfo=UTC)
    assert await export(hired.db, path, datetime(2000, 1, 1, tzinfo=UTC), far) == 7
    if kind == "csv":
        found = list(csv.DictReader(path.read_text().splitlines()))
    elif kind == "jsonl":
        found = [json.loads(line) for line in path.read_text().splitlines()]
    else:
        with duckdb.connect() as conn:
            table = conn.execute(
                "SELECT account, decision, rules FROM read_parquet(?)", [str(path)]
            )
            found = [
                dict(zip(("account", "decision", "rules"), row, strict=True))
                for row in table.fetchall()
            ]
    thief = next(row for row in found if row["account"] == "thief")
    assert (len(found), thief["decision"], thief["rules"]) == (7, "deny", "known.thief")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


async def test_a_part_of_the_time_is_written(hired, judged, tmp_path, clock):
    late = await export(
        hired.db, tmp_path / "late.csv", clock.now(), datetime(2100, 1, 1, tzinfo=UTC)
    )
    assert late == 1


async def test_an_unknown_kind_of_file_is_refused(hired, tmp_path, clock):
    said = await export(hired.db, tmp_path / "verdicts.xls", clock.now(), clock.now())
    assert said.reason is ServiceReason.IMPORT_UNREADABLE
