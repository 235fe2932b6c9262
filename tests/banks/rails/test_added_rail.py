"""The rail that the guide builds is found and works as the guide says."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from argosy.banks.rails import load
from argosy.banks.simulator.behaviour import BY_ENDING
from argosy.base.money import Money
from argosy.base.parties.keys import Keys
from argosy.base.ports import Direction, Instruction, RailReply, RailState

GUIDE = Path(__file__).parents[3] / "docs" / "how-to-add-a-rail.md"


@pytest.fixture
async def rail(db, clock, ids, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    folder = tmp_path / "postbank"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for name, text in re.findall(
        r"```\w+ file=(\S+)\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL
    ):
        (folder / name).write_text(text)
    found = load(db, clock, ids, Keys(b"1" * 32, b"2" * 32), [tmp_path])["postbank"]
    await found.rail._http.aclose()
    yield found
    await found.rail._http.aclose()
    for name in [name for name in sys.modules if name.startswith("postbank")]:
        del sys.modules[name]


@pytest.fixture
def instruction(ids, clock) -> Instruction:
    deadline = clock.now() + timedelta(minutes=10)
    return Instruction(ids.new(), Direction.PAY_OUT, Money(100, "INR"), "50100", deadline)


@pytest.mark.parametrize(
    "status, body, sent, asked",
    [
        (200, {"state": "booked", "reference": "P1"}, "done", "done"),
        (200, {"state": "refused", "reason": "closed"}, "rejected", "rejected"),
        (200, {"state": "pondering"}, "unknown", "unknown"),
        (200, ["nonsense"], "unknown", "unknown"),
        (404, {}, "unknown", "rejected"),
        (500, {}, "unknown", "unknown"),
    ],
)
async def test_the_rail_of_the_guide(rail, instruction, status, body, sent, asked):
    heard = []

    def bank(request: httpx.Request) -> httpx.Response:
        heard.append((request.method, request.url.path))
        return httpx.Response(status, json=body)

    rail.rail._http = httpx.AsyncClient(
        base_url="http://127.0.0.1:9", transport=httpx.MockTransport(bank)
    )
    assert (await rail.send(instruction)).state.value == sent
    reply = await rail.inquire(instruction)
    assert reply.state.value == asked
    assert (reply.reason == "never_seen") is (status == 404)
    path = f"/orders/{instruction.id}"
    assert heard == [("PUT", path), ("GET", path)]


async def test_where_nobody_listens_it_is_unknown(rail, instruction):
    rail.rail._http = httpx.AsyncClient(base_url="http://127.0.0.1:9")
    assert await rail.send(instruction) == RailReply(RailState.UNKNOWN)


def test_the_guide_names_every_number_of_the_simulated_bank():
    table = GUIDE.read_text("utf-8").partition("## 4.")[2]
    assert set(re.findall(r"`(\d\d)`", table)) == set(BY_ENDING) | {"00"}
