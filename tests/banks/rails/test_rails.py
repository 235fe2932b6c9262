"""Rails are found and counted, and none of them can hurt the one who calls."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from argosy.banks.rails import Guarded, load
from argosy.base.manifest import ManifestError
from argosy.base.money import Money
from argosy.base.parties.keys import Keys
from argosy.base.ports import Direction, Instruction, RailReply, RailState
from argosy.base.refusals import Unavailable

KEYS = Keys(b"1" * 32, b"2" * 32)
_RAIL = """
from argosy.base.ports import RailReply, RailState

class Paper:
    name = "{name}"

    async def send(self, instruction):
        return RailReply(RailState.DONE, "by post")

    async def inquire(self, instruction):
        return RailReply(RailState.UNKNOWN)

def make(db, clock, ids, keys):
    return Paper()
"""


def write_rail(folder: Path, name: str, says: str) -> None:
    home = folder / name
    home.mkdir()
    (home / "__init__.py").write_text("")
    (home / "rail.py").write_text(_RAIL.format(name=says))
    (home / "manifest.toml").write_text(
        f'kind = "rail"\nname = "{name}"\nsummary = "Letters."\nload = "rail:make"\n'
    )


@pytest.fixture
def outside(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("paper_rail"):
            del sys.modules[name]


@pytest.fixture
def instruction(ids, clock) -> Instruction:
    deadline = clock.now() + timedelta(minutes=10)
    return Instruction(ids.new(), Direction.COLLECT, Money(100, "INR"), "50100", deadline)


async def test_every_folder_with_a_manifest_is_a_rail(db, clock, ids):
    folders = Path(sys.modules["argosy.banks"].__path__[0])
    manifests = {path.parent.name for path in folders.glob("*/manifest.toml")}
    assert set(load(db, clock, ids, KEYS)) == manifests == {"simulator"}


async def test_a_rail_may_lie_anywhere_on_disk(db, clock, ids, outside, instruction):
    write_rail(outside, "paper_rail_one", "paper_rail_one")
    rails = load(db, clock, ids, KEYS, [outside])
    assert set(rails) == {"simulator", "paper_rail_one"}
    assert (await rails["paper_rail_one"].send(instruction)).reference == "by post"


async def test_a_rail_with_another_name_than_its_folder_is_refused(db, clock, ids, outside):
    write_rail(outside, "paper_rail_two", "somebody_else")
    with pytest.raises(ManifestError, match="paper_rail_two"):
        load(db, clock, ids, KEYS, [outside])


class Line:
    """A rail that does as the test says."""

    name = "line"

    def __init__(self, answer) -> None:
        self._answer = answer

    async def send(self, instruction):
        if isinstance(self._answer, Exception):
            raise self._answer
        if self._answer == "never":
            await asyncio.sleep(3600)
        return self._answer

    inquire = send


@pytest.mark.parametrize(
    "answer",
    [
        ConnectionResetError("broken"),
        Unavailable("gone"),
        ValueError("a mistake in the adapter"),
        TimeoutError("its own limit"),
        "never",
        None,
        {"state": "done"},
        RailReply("done"),
    ],
    ids=repr,
)
async def test_whatever_is_no_clear_answer_is_unknown(answer, instruction):
    rail = Guarded(Line(answer), send_seconds_max=0.05, inquire_seconds_max=0.05)
    assert await rail.send(instruction) == RailReply(RailState.UNKNOWN)
    assert await rail.inquire(instruction) == RailReply(RailState.UNKNOWN)
    assert rail.calls == 0


@pytest.mark.parametrize("state", list(RailState))
async def test_twin_a_clear_answer_is_passed_on(state, instruction):
    reply = RailReply(state, "B-1", "because")
    assert await Guarded(Line(reply)).send(instruction) is reply


async def test_a_bank_that_hangs_does_not_collect_everybodys_requests(instruction):
    rail = Guarded(Line("never"), send_seconds_max=0.2, calls_max=3)
    started = [asyncio.create_task(rail.send(instruction)) for _ in range(3)]
    await asyncio.sleep(0)
    async with asyncio.timeout(0.1):  # well before the others give up
        assert await rail.send(instruction) == RailReply(RailState.UNKNOWN)
    assert rail.calls == 3
    await asyncio.gather(*started)
    assert rail.calls == 0


async def test_who_stops_waiting_is_let_go(instruction):
    rail = Guarded(Line("never"))
    task = asyncio.create_task(rail.send(instruction))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert rail.calls == 0
