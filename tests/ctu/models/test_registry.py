"""Versions: put, shadowed, published, taken back; and every process follows."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import msgspec
import numpy as np
import pytest

from argosy.base.refusals import Refused
from argosy.ctu.models import Features, ModelReason, Models, Registry, State, Version, fingerprint
from tests.ctu.models.forests import COLUMNS, candidate

FEATURES = Features(COLUMNS[:-1])


@pytest.fixture
def registry(db, clock) -> Registry:
    return Registry(db, clock)


async def states(registry: Registry) -> dict[str, str]:
    return {v.version: v.state.value for v in await registry.versions("takeover")}


async def test_a_version_is_put_once_and_never_changes(registry, clock):
    one = candidate("takeover", "1")
    put = await registry.put(one, "learner")
    assert isinstance(put, Version)
    assert (put.state, put.put_by, put.put_at, put.columns) == (
        State.CANDIDATE, "learner", clock.now(), COLUMNS,
    )  # fmt: skip
    assert put.card == one.card
    assert put.metrics == one.metrics
    clock.advance(minutes=1)
    assert await registry.put(one, "learner") == put
    for change in (
        {"text": candidate("takeover", "1", 2).text},
        {"metrics": {"ece": 0.5}},
        {"fingerprint": "other data"},
    ):
        other = msgspec.structs.replace(one, **change)
        assert await registry.put(other, "learner") == Refused(ModelReason.MODEL_EXISTS)
    broken = msgspec.structs.replace(one, version="2", text=b"tree")
    refused = await registry.put(broken, "learner")
    assert isinstance(refused, Refused)
    assert refused.reason is ModelReason.MODEL_UNREADABLE
    assert await states(registry) == {"1": "candidate"}


async def test_the_way_of_versions(registry):
    for version in "123":
        await registry.put(candidate("takeover", version, int(version)), "learner")
    assert await registry.live("takeover") is None
    steps = [
        (registry.shadow, "1", {"1": "shadow", "2": "candidate", "3": "candidate"}),
        (registry.publish, "1", {"1": "live", "2": "candidate", "3": "candidate"}),
        (registry.shadow, "2", {"1": "live", "2": "shadow", "3": "candidate"}),
        (registry.shadow, "3", {"1": "live", "2": "candidate", "3": "shadow"}),
        (registry.publish, "2", {"1": "retired", "2": "live", "3": "shadow"}),
        (registry.publish, "3", {"1": "retired", "2": "retired", "3": "live"}),
    ]
    for act, version, after in steps:
        done = await act("takeover", version, "ravi", "better")
        assert isinstance(done, Version)
        assert await states(registry) == after
    back = await registry.roll_back("takeover", "ravi", "too many challenges")
    assert (back.version, back.state, back.moved_why) == ("2", State.LIVE, "too many challenges")
    assert await states(registry) == {"1": "retired", "2": "live", "3": "rolled_back"}
    back = await registry.roll_back("takeover", "ravi")
    assert back.version == "1"
    assert await states(registry) == {"1": "live", "2": "rolled_back", "3": "rolled_back"}
    assert await registry.roll_back("takeover", "ravi") == Refused(ModelReason.NOTHING_TO_RETURN_TO)
    assert (await registry.publish("takeover", "3", "ravi")).state is State.LIVE
    assert (await registry.retire("takeover", "ravi")).state is State.RETIRED
    assert await registry.roll_back("takeover", "ravi") == Refused(ModelReason.MODEL_NOT_LIVE)
    told = await registry.steps("takeover")
    assert [step["step"] for step in told] == list(range(1, len(told) + 1))
    assert {step["by"] for step in told} == {"learner", "ravi"}


async def test_what_cannot_be_done_is_said(registry):
    assert await registry.publish("takeover", "9", "ravi") == Refused(ModelReason.NO_SUCH_MODEL)
    assert await registry.version("takeover", "9") == Refused(ModelReason.NO_SUCH_MODEL)
    assert await registry.model("takeover", "9") == Refused(ModelReason.NO_SUCH_MODEL)
    assert await registry.retire("takeover", "ravi") == Refused(ModelReason.MODEL_NOT_LIVE)
    await registry.put(candidate("takeover", "1"), "learner")
    await registry.publish("takeover", "1", "ravi")
    assert await registry.shadow("takeover", "1", "ravi") == Refused(
        ModelReason.MODEL_STATE_WRONG, {"state": "live"}
    )


async def test_of_many_who_publish_at_once_one_version_is_live(registry):
    for version in "12345":
        await registry.put(candidate("takeover", version, 1), "learner")
    await asyncio.gather(*(registry.publish("takeover", v, "ravi") for v in "12345"))
    assert sorted((await states(registry)).values()) == ["live"] + ["retired"] * 4


async def test_every_process_follows_within_a_second_and_its_loop_goes_on(registry, db, clock):
    models = [Models(registry, FEATURES), Models(Registry(db, clock), FEATURES)]
    await asyncio.gather(*(m.start() for m in models))
    tasks = [asyncio.create_task(m.run()) for m in models]
    old = models[0].live
    assert old.names == ()
    for version, seed in (("1", 1), ("2", 2)):
        for name in ("takeover", "mule"):
            await registry.put(candidate(name, version, seed), "learner")
    pauses: list[float] = []
    beat = asyncio.create_task(_beat(pauses))

    async def seen(wanted: dict[str, str]) -> None:
        began = time.monotonic()
        while any({n: m.live.models[n].version for n in m.live.names} != wanted for m in models):
            await asyncio.sleep(0.01)
            assert time.monotonic() - began < 5  # a second, and four for a machine that is busy

    await registry.publish("takeover", "1", "ravi")
    await registry.publish("mule", "1", "ravi")
    await seen({"takeover": "1", "mule": "1"})
    first = models[0].live
    kept = first.models["mule"]
    await registry.publish("takeover", "2", "ravi")
    await seen({"takeover": "2", "mule": "1"})
    assert models[0].live.models["mule"] is kept  # only what is new is read again
    assert first.models["takeover"].version == "1"  # who holds the old panel keeps it whole
    assert first.version != models[0].live.version
    await registry.roll_back("takeover", "ravi")
    await seen({"takeover": "1", "mule": "1"})
    assert models[0].live.version == models[1].live.version == first.version
    await registry.shadow("takeover", "2", "ravi")
    async with asyncio.timeout(5):
        while models[1].shadow.names != ("takeover",):  # noqa: ASYNC110 — a task of its own swaps it
            await asyncio.sleep(0.01)
    for task in (*tasks, beat):
        task.cancel()
    assert max(pauses) < 0.5


async def _beat(pauses: list[float]) -> None:
    while True:
        began = time.monotonic()
        await asyncio.sleep(0.001)
        pauses.append(time.monotonic() - began)


async def test_a_stored_model_scores_as_it_did(registry):
    for kind in ("lightgbm", "scorecard"):
        one = candidate("takeover", kind, 4, kind)
        await registry.put(one, "learner")
        await registry.publish("takeover", kind, "ravi")
        (loaded,) = await registry.load(State.LIVE)
        fresh = await registry.model("takeover", kind)
        matrix = np.random.default_rng(1).normal(size=(50, len(COLUMNS)))
        np.testing.assert_array_equal(loaded.score(matrix), fresh.score(matrix))
        assert loaded.card == one.card


def test_fingerprints_tell_data_apart():
    assert fingerprint(b"a", b"b") == fingerprint(b"a", b"b") != fingerprint(b"ab", b"")


def test_in_line_nothing_heavy_is_imported():
    heavy = ["lightgbm", "scipy", "pandas", "sklearn", "pyarrow", "duckdb", "ibis"]
    program = f"""
import sys
import argosy.ctu.models, argosy.ctu.owner
from argosy.ctu.models.native import library
library()
print([name for name in {heavy} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
