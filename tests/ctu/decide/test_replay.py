"""A verdict is made again from what was kept, and a difference is found."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from msgspec.structs import replace

from argosy.base.ports import Decision
from argosy.ctu.decide.explain import explained
from argosy.ctu.decide.packing import Answer
from argosy.ctu.decide.replay import Replaying
from argosy.ctu.models import Registry
from argosy.ctu.rules.publishing import Publishing, rules_of
from argosy.ctu.rules.vocabulary import Vocabulary
from tests.ctu.gatekeeper import who
from tests.ctu.models.forests import candidate

ALLOW, CHALLENGE, REVIEW, DENY = Decision


@pytest.fixture
def replaying(db, brain, clock) -> Replaying:
    return Replaying(db, brain.verdicts, Registry(db, clock), rules_of(db))


async def a_day(gate):
    """A plain yes, a challenge, a proof, a review and a flood."""
    await gate.pay("anita", 10)
    await gate.pay("anita", 5_100, "stranger", otp=True)
    await gate.pay("ravi", 25_000, "stranger", proofs=("pin", "otp"))
    await gate.pay("meena", 10, device=None)
    for _ in range(62):
        await gate.pay("mallory", 1, proofs=("otp",))
    await gate.brain.settle()


async def test_every_verdict_comes_out_the_same(gate, replaying):
    await a_day(gate)
    since, until = gate.clock.now() - timedelta(days=1), gate.clock.now() + timedelta(days=1)
    again = [one async for one in replaying.many(since, until)]
    assert {one.kept.decision for one in again} == {ALLOW, CHALLENGE, REVIEW, DENY}
    assert len(again) == 67
    assert all(one.same for one in again), [one.differences or one.impossible for one in again]


async def test_models_score_again_what_they_scored(gate, brain, replaying, db, clock):
    registry = Registry(db, clock)
    made = candidate("takeover", "1")
    columns = dict(zip(made.columns, brain.facts.columns, strict=False))
    known = replace(
        made,
        columns=tuple(columns.values()),
        text=text_over(made.text, columns),
        card=replace(made.card, reference={}, words={}),
    )
    assert not hasattr(await registry.put(known, "mia"), "reason")
    await registry.publish("takeover", "1", "noa", "it is good")
    await brain.chamber.look()
    verdict = await gate.pay("anita", 10)
    assert verdict.scores.shape == (2,)
    await gate.brain.settle()
    again = await replaying.replay(await brain.verdicts.get(verdict.id))
    assert again.same, again.differences or again.impossible
    assert "takeover" in explained(again)


def text_over(text: bytes, columns: dict[str, str]) -> bytes:
    """The forest's text with other names of its columns."""
    said = text.decode()
    for old, new in columns.items():
        said = said.replace(old, new)
    return said.encode()


async def test_an_older_set_of_rules_judges_what_it_judged(gate, brain, replaying, db, clock):
    asked = await gate.pay("anita", 5_100, "stranger")
    publishing = Publishing(db, clock, Vocabulary(brain.facts.columns), single=True)
    await publishing.withdraw("payee.new_payee_large", "mia", "too many")
    await brain.chamber.look()
    milder = await gate.pay("anita", 5_100, "stranger")
    assert asked.version != milder.version
    await brain.settle()
    for said in (asked, milder):
        kept = await brain.verdicts.get(said.id)
        assert (await replaying.replay(kept)).same, said.version


@pytest.mark.parametrize(
    "change, told",
    [
        (lambda e: {"score": 0.9}, "the probability"),
        (lambda e: {"answer": replace(e.answer, hits=())}, "hits now"),
        (lambda e: {"answer": replace(e.answer, decision=ALLOW)}, "the decision is challenge"),
        (lambda _: {"scores": np.array([0.0, 0.0])}, "1 scores instead of 2"),
        (lambda _: {"scores": np.array([0.9999])}, "hits now"),
    ],
)
async def test_twin_what_was_tampered_with_comes_out_different(
    gate, brain, replaying, change, told
):
    said = await gate.pay("anita", 5_100, "stranger")
    kept = await brain.verdicts.get(said.id)
    before = replace(kept.evidence, **change(kept.evidence))
    again = await replaying.replay(replace(kept, evidence=before))
    assert any(told in one for one in again.differences), again.differences


async def test_what_nobody_can_make_again_says_why(gate, brain, replaying, db):
    said = await gate.pay("anita", 5_100, "stranger")
    kept = await brain.verdicts.get(said.id)
    await db.run("DELETE FROM ctu.verdict_versions")
    again = await replaying.replay(kept)
    assert not again.same
    assert "nobody knows the version" in again.impossible
    assert "not possible" in explained(again)


async def test_an_explanation_says_what_a_person_wants_to_know(gate, brain, replaying):
    said = await gate.pay("anita", 5_100, "stranger")
    (kept,) = await brain.verdicts.find(said.event.id)
    text = explained(await replaying.replay(kept))
    for words in (
        str(said.id),
        "CHALLENGE (otp): the person must first show more",
        "send of 5100.00 INR in india by lite",
        f"account    {who('anita')}",
        "challenge  payee.new_payee_large: A large amount to somebody",
        "read pair.count = 0",
        "not judged   nothing",
        "owner.score",
        "expected cost of each way",
        "rules-",
        "policy-",
        "same answer",
    ):
        assert words in text, words


def test_whatever_is_in_an_answer_is_compared():
    fields = ("decision", "challenge", "hits", "unevaluated", "answered")
    assert Answer.__struct_fields__ == fields, "compare the new field in replay.py"
