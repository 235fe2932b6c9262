"""`argosy cases`, as somebody types it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from argosy.base.store import Database
from argosy.ctu import terminal
from argosy.ctu.cases import cli


@pytest.fixture
def typed(db, clock, ids, tmp_path):
    """Types words and gives what is said, with its status; in a loop of the command's own."""

    @asynccontextmanager
    async def opened(_demo: bool) -> AsyncIterator[terminal.Place]:
        own = await Database.open(db.url, 2)
        yield terminal.Place(
            db=own, url=db.url, clock=clock, ids=ids, data=tmp_path, subkey=str.encode, demo=True
        )
        await own.close()

    before = list(terminal._openers)
    terminal.opened_by(opened)

    async def run(*words: str) -> tuple[str, int]:
        done = await asyncio.to_thread(CliRunner().invoke, cli.app, list(words))
        return done.output, done.exit_code

    yield run
    terminal._openers[:] = before


async def test_a_case_from_the_queue_to_its_decision(office, typed, tmp_path):
    await office.happens("anita", 20, "tea shop")
    case = await office.suspicious("anita", 900, rules=("payee.new",), score=0.7)
    said, _ = await typed("list")
    assert str(case.id) in said
    assert "900.00 INR" in said
    assert "1 open." in said
    said, _ = await typed("claim", "--by", "anna")
    assert "claimed by anna" in said
    said, _ = await typed("show", str(case.id))
    assert "payee.new: event.amount = 90000" in said
    assert "Timeline:" in said
    said, _ = await typed("links", str(case.id), "--json", str(tmp_path / "graph.json"))
    assert "account mule" in said
    assert json.loads((tmp_path / "graph.json").read_text())["gang"] == [str(case.id)]
    by = ("--by", "anna", "--why", "stolen phone", "--scheme", "takeover")
    said, status = await typed("decide", str(case.id), "--decision", "returned", *by)
    assert (f"Case {case.id} is returned." in said, status) == (True, 0)
    said, status = await typed("release", str(case.id), *by)
    assert ("case_already_decided" in said, status) == (True, 2)
    said, _ = await typed("list", "--state", "returned")
    assert "anna: stolen phone" in said


async def test_a_gang_is_decided_by_two(office, typed):
    gang = [await office.suspicious(f"victim {n}", 20_000, "mule") for n in range(3)]
    by = ("--why", "one mule", "--gang")
    said, _ = await typed("return", str(gang[0].id), "--by", "anna", *by)
    assert said.count("waits for a second person") == 3
    said, _ = await typed("list", "--second")
    assert "3 open." in said
    said, _ = await typed("return", str(gang[0].id), "--by", "ben", *by)
    assert said.count("is returned.") == 3


async def test_a_report_and_the_terms(office, typed):
    event = await office.happens("anita", 500)
    await office.read_log()
    said, _ = await typed("report", str(event.id), "--source", "customer", "--why", "not me")
    assert f"Event {event.id} is bad, says customer." in said
    said, _ = await typed("list")
    assert "1 open." in said
    words = ("--set", "four_eyes_minor=100", "--currency", "INR", "--by", "lead")
    said, _ = await typed("terms", *words)
    assert "four_eyes_minor INR = 100, set by lead" in said
    said, status = await typed("terms", "--set", "mood=1", "--by", "lead")
    assert ("policy_unknown" in said, status) == (True, 2)


@pytest.mark.parametrize(
    "words, says",
    [
        (("show", "x"), "x is no case's id"),
        (("show", str(uuid4())), "case_not_found"),
        (("links", str(uuid4())), "case_not_found"),
        (("report", "x", "--source", "customer", "--why", "y"), "x is no event's id"),
        (("claim", "--by", "anna", "--let-go"), "Say which case"),
    ],
)
async def test_what_cannot_be_done_is_said(typed, words, says):
    said, status = await typed(*words)
    assert (says in said, status) == (True, 2)


async def test_an_empty_queue(typed):
    assert await typed("claim", "--by", "anna") == ("Nothing waits.\n", 0)
