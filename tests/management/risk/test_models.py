"""The registry for a person: cards, drift, reasons, comparisons; published and taken back by two."""

from __future__ import annotations

import msgspec
import pytest

from argosy.base.refusals import Refused
from argosy.ctu.history import history_relay, settle
from argosy.ctu.models import Candidate, Card, ModelReason, Registry, State
from argosy.ctu.models.facts import Spread
from argosy.ctu.models.scorecard import Bins, Sheet
from argosy.management.risk.handlers import MODEL_BACK, MODEL_PUBLISH, model_body
from argosy.management.risk.reasons import RiskReason
from tests.ctu.gatekeeper import Gatekeeper

COLUMNS = ("event.amount", "account.count_1h")


def candidate(version: str, *, points: float = 2.0) -> Candidate:
    """A scorecard: large amounts and many payments."""
    sheet = Sheet(
        -3.0,
        (
            Bins("event.amount", (5_000.0, 50_000.0), (0.0, 1.0, points, 0.0)),
            Bins("account.count_1h", (2.0,), (0.0, 1.5, 0.0)),
        ),
    )
    card = Card(
        purpose="is it a takeover?",
        data="two months",
        words={"account.count_1h": "payments by this account in the last hour"},
        reference={
            "event.amount": Spread((5_000.0, 50_000.0), (0.1, 0.1, 0.8, 0.0)),
            "account.count_1h": Spread((2.0,), (0.9, 0.1, 0.0)),
            "score": Spread((0.1, 0.5), (0.3, 0.3, 0.4, 0.0)),
        },
    )
    return Candidate(
        name="takeover",
        version=version,
        kind="scorecard",
        text=msgspec.json.encode(sheet),
        columns=COLUMNS,
        card=card,
        metrics={"average_precision": 0.5 + int(version) / 10},
        fingerprint=f"data {version}",
    )


@pytest.fixture
async def registry(db, clock) -> Registry:
    made = Registry(db, clock)
    for version in "12":
        put = await made.put(candidate(version, points=float(version) * 2), "learning")
        assert not isinstance(put, Refused), put
    return made


async def served(db, brain, clock, ids, count: int = 12) -> None:
    gate = Gatekeeper(db, brain, clock, ids)
    for n in range(count):
        await gate.pay(f"p{n % 4}", 20 + 60 * n, otp=True)
        clock.advance(minutes=3)
    await brain.verdicts.flush()
    await settle(db, history_relay(db))


async def test_the_registry_by_name(registry, risk, clock):
    await registry.publish("takeover", "1", "ravi", "x")
    (named,) = await risk.models.listed()
    assert (named.name, named.live.version, named.shadow) == ("takeover", "1", None)
    opened = await risk.models.opened("takeover", "1")
    assert [step["state"] for step in opened.steps][:1] == ["live"]
    assert opened.days == ()
    assert isinstance(await risk.models.opened("takeover", "9"), Refused)


async def test_published_by_two_and_taken_back_by_two(registry, risk, agreed):
    for version, live in (("1", None), ("2", "1")):
        body = model_body("takeover", version, live)
        done = await agreed.on(agreed.proposal("anita", MODEL_PUBLISH, body), "boris")
        assert done == {"name": "takeover", "version": version}
    live = await registry.live("takeover")
    assert (live.version, live.moved_by) == ("2", "boris")
    assert "with anita" in live.moved_why
    back = agreed.proposal("boris", MODEL_BACK, model_body("takeover", "2", "2"))
    assert await agreed.on(back, "anita") == {"name": "takeover", "version": "1"}
    assert (await registry.version("takeover", "2")).state is State.ROLLED_BACK
    # carried out again: the one that came back stays
    assert await agreed.on(back, "anita") == {"name": "takeover", "version": "1"}
    assert (await registry.live("takeover")).version == "1"
    first = agreed.proposal("boris", MODEL_BACK, model_body("takeover", "1", "1"))
    assert (await agreed.on(first, "anita")).reason is ModelReason.NOTHING_TO_RETURN_TO
    for kind in (MODEL_PUBLISH, MODEL_BACK):
        said = await agreed.on(agreed.proposal("boris", kind, {}), "anita")
        assert said.reason is RiskReason.STEP_UNREADABLE


async def test_drift_over_what_was_read_in_line(db, brain, clock, ids, registry, risk):
    empty = await risk.models.drift("takeover", "1")
    assert (empty.rows, empty.columns) == (0, ())
    await served(db, brain, clock, ids)
    found = await risk.models.drift("takeover", "1")
    assert found.rows >= 12
    assert found.since < found.until
    by_name = {column.name: column for column in found.columns}
    assert by_name["event.amount"].standing == "far"  # it learned from large amounts
    assert by_name["account.count_1h"].says
    assert [c.psi for c in found.columns] == sorted((c.psi for c in found.columns), reverse=True)
    assert isinstance(await risk.models.drift("takeover", "9"), Refused)


async def test_the_strongest_with_reasons_and_two_beside_each_other(
    db, brain, clock, ids, registry, risk
):
    await served(db, brain, clock, ids)
    strongest = await risk.models.strongest("takeover", "1")
    scores = [one.score for one in strongest]
    assert scores == sorted(scores, reverse=True)
    assert strongest[0].why[0].words.startswith("the amount")
    compared = await risk.models.compared("takeover", "1", "2")
    assert compared.metrics["average_precision"] == (0.6, 0.7)
    assert compared.rows >= 12
    assert sum(compared.scores[0]) == pytest.approx(1)
    assert compared.agreement > 0.9
    assert compared.differ
    assert compared.differ[0][1] != compared.differ[0][2]
    assert isinstance(await risk.models.compared("takeover", "1", "9"), Refused)
