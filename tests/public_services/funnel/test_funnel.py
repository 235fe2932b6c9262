"""Funnels: flows are declared as steps, each exchange is counted, and nothing of a person is kept."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import pytest

from argosy.base.clock import SetClock
from argosy.base.store import Database
from argosy.public_services.funnel.declared import FlowError, own, read
from argosy.public_services.funnel.facts import Flow, Outcome, Step
from argosy.public_services.funnel.funnel import Funnels

TODAY = date(2026, 11, 22)
FLOW = Flow(
    "buy",
    "till",
    2,
    (
        Step("form", asks=("amount", "pin")),
        Step("code", asks=("code",), optional=True),
        Step("paid"),
    ),
)


@pytest.fixture
def funnels(db: Database, clock: SetClock) -> Funnels:
    return Funnels(db, clock, {("till", "buy"): FLOW})


async def test_steps_are_counted_and_the_funnel_shows_who_dropped_out(funnels: Funnels) -> None:
    for _ in range(10):
        funnels.note("till", "buy", "form", "india", bytes_in=500, bytes_out=2_000, seconds=0.004)
    funnels.note("till", "buy", "code", "india")
    for _ in range(7):
        funnels.note("till", "buy", "paid", "india", bytes_in=900, bytes_out=400, seconds=0.02)
    funnels.note("till", "buy", "paid", "india", outcome=Outcome.REFUSED)
    funnels.note("till", "buy", "paid", "india", outcome=Outcome.BROKEN)
    assert await funnels.flush() == 3
    (drawn,) = await funnels.draw(TODAY, TODAY)
    assert (drawn.flow, drawn.channel, drawn.version, drawn.market) == ("buy", "till", 2, "india")
    form, code, paid = drawn.steps
    assert (form.reached, form.left, form.bytes_in, form.bytes_out) == (10, None, 500, 2_000)
    assert form.millis == pytest.approx(4, abs=0.1)
    assert (code.reached, code.left) == (1, 0.1)
    assert (paid.reached, paid.refused, paid.broken) == (7, 1, 1)
    assert paid.left == 0.7  # of those at the form: the code between is not for everybody


async def test_two_processes_and_two_flushes_add_up(
    db: Database, clock: SetClock, funnels: Funnels
) -> None:
    other = Funnels(db, clock, funnels.flows)
    for each in (funnels, other, funnels):
        each.note("till", "buy", "paid", "india")
        await each.flush()
    assert await funnels.flush() == 0
    assert await db.value("SELECT reached FROM funnel.count") == 3


async def test_days_markets_and_versions_are_apart(
    db: Database, clock: SetClock, funnels: Funnels
) -> None:
    funnels.note("till", "buy", "paid", "india")
    funnels.note("till", "buy", "paid", "thailand")
    clock.advance(days=1)
    funnels.note("till", "buy", "paid", "india")
    await funnels.flush()
    newer = Flow("buy", "till", 3, (Step("done"),))
    later = Funnels(db, clock, {("till", "buy"): newer})
    later.note("till", "buy", "done", "india")
    await later.flush()
    found = await later.draw(TODAY, clock.now().date(), market="india")
    assert [(f.version, f.steps[0].step.name, f.steps[0].reached) for f in found] == [
        (2, "paid", 2),
        (3, "done", 1),
    ]
    assert len(await later.draw(TODAY, TODAY)) == 2
    assert await later.draw(TODAY, TODAY, channel="ussd") == []
    clock.advance(days=500)
    assert await later.prune() == 4
    assert await later.draw(date(2000, 1, 1), date(2100, 1, 1)) == []


async def test_a_step_that_nobody_declared_is_said_once_and_stops_nothing(
    funnels: Funnels, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        funnels.note("till", "buy", "teleport", "india")
    assert await funnels.flush() == 0
    assert [r.levelno for r in caplog.records] == [logging.ERROR]


async def test_what_was_counted_waits_for_the_database(
    db: Database, clock: SetClock, funnels: Funnels
) -> None:
    funnels.note("till", "buy", "paid", "india")
    await db.run("ALTER TABLE funnel.count RENAME TO away")
    try:
        with pytest.raises(Exception, match="funnel"):
            await funnels.flush()
    finally:
        await db.run("ALTER TABLE funnel.away RENAME TO count")
    funnels.note("till", "buy", "paid", "india")
    await funnels.flush()
    assert await db.value("SELECT reached FROM funnel.count") == 2


async def test_the_table_has_no_place_for_a_person(db: Database) -> None:
    columns = await db.all(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'funnel' AND table_name = 'count'"
    )
    assert {row["column_name"] for row in columns} == {
        "day", "market", "channel", "flow", "version", "step",
        "reached", "refused", "broken", "bytes_in", "bytes_out", "micros",
    }  # fmt: skip


# --- declarations --------------------------------------------------------------------------------


def test_the_flows_of_the_package_are_found() -> None:
    assert {("lite", "pay"), ("lite", "send"), ("lite", "sign_up")} <= set(own())


def test_paying_takes_two() -> None:
    assert own()["lite", "pay"].actions == ("amount", "pin")


GOOD = '[buy]\nchannel = "till"\nversion = 1\nsteps = [{ name = "paid" }]\n'


@pytest.mark.parametrize(
    "text, said",
    [
        ("[buy", "flows.toml"),
        ('[buy]\nchannel = "till"\nversion = 1\n', "steps"),
        ('[buy]\nchannel = "till"\nversion = 1\nsteps = []\n', "needs steps"),
        (GOOD.replace("version = 1", "version = 0"), "version"),
        (GOOD.replace('{ name = "paid" }', '{ name = "paid" }, { name = "paid" }'), "twice"),
        (GOOD.replace("name =", "nam ="), "nam"),
    ],
)
def test_a_flow_that_cannot_be_used_is_refused_by_name(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "flows.toml"
    path.write_text(text)
    with pytest.raises(FlowError, match=said):
        read([path])


def test_two_flows_of_one_name_are_refused(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.toml", "b.toml")]
    for path in paths:
        path.write_text(GOOD)
    with pytest.raises(FlowError, match="two flows"):
        read(paths)
    assert len(read(paths[:1])) == 1
