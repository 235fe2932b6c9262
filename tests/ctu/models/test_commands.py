"""`argosy risk models` at the terminal, and the words that people read."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import pytest
import typer
import uvloop
from typer.testing import CliRunner

from argosy.base.store import Database
from argosy.ctu import terminal
from argosy.ctu.models import Registry
from argosy.ctu.models.commands import EMPTY, add
from argosy.ctu.models.why import CUSTOMER_WORDS
from argosy.public_services.words.catalogue import read
from tests.ctu.models.forests import candidate


@pytest.fixture
def run(db, clock, ids, monkeypatch, tmp_path):
    """Runs `argosy risk <words>` on the test's database; gives what was said."""

    @asynccontextmanager
    async def opened(demo: bool):
        own = await Database.open(db.url, size=2)
        try:
            yield terminal.Place(own, db.url, clock, ids, tmp_path, lambda purpose: b"", demo=True)
        finally:
            await own.close()

    monkeypatch.setattr(terminal, "_openers", [opened])
    risk = typer.Typer()
    add(risk)

    @risk.command()
    def other() -> None:
        """Two commands make a group."""

    def said(*words: str, status: int = 0) -> str:
        done = CliRunner().invoke(risk, ["models", *words])
        assert done.exit_code == status, done.output
        return done.output

    return said


def put(db, clock, *versions: str) -> None:
    async def work() -> None:
        own = await Database.open(db.url, size=2)
        for version in versions:
            await Registry(own, clock).put(candidate("takeover", version, int(version)), "learner")
        await own.close()

    uvloop.run(work())


def test_a_fresh_installation_says_who_carries_the_first_days(run):
    assert run("list") == EMPTY + "\n"


def test_a_version_is_shown_published_and_taken_back(run, db, clock, tmp_path):
    put(db, clock, "1", "2")
    assert run("publish", "takeover", "1", "--by", "ravi", "--why", "the first") == (
        "takeover 1 is live.\n"
    )
    run("publish", "takeover", "2", "--by", "ravi", "--why", "better")
    assert "takeover 2  LIVE  lightgbm  brier" in run("list")
    shown = run("show", "takeover", "2", "--json", str(tmp_path / "card.json"))
    assert "finds what the test wants found" in shown
    assert "account.count_1h  payments by this account in the last hour" in shown
    assert "live  by ravi: better" in shown
    assert json.loads((tmp_path / "card.json").read_text())["state"] == "live"
    assert run("roll-back", "takeover", "--by", "anita", "--why", "worse") == (
        "takeover 1 is live again.\n"
    )
    assert "rolled_back  by anita: worse" in run("show", "takeover", "2")


def test_a_refusal_is_said_and_the_status_tells(run):
    assert "no_such_model" in run(
        "publish", "takeover", "9", "--by", "ravi", "--why", "x", status=2
    )
    assert "model_not_live" in run("roll-back", "takeover", "--by", "x", "--why", "x", status=2)


@pytest.mark.parametrize("language", ["en", "hi"])
def test_every_reason_has_words_for_the_customer(language):
    said = read(())["", language]
    keys = {key for _, key in CUSTOMER_WORDS} | {"risk_why.other"}
    assert keys <= said.keys()
