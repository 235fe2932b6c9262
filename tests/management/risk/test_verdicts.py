"""A verdict as an analyst reads it, and the journal of learning."""

from __future__ import annotations

from uuid import UUID

from argosy.base.ports import Decision
from argosy.base.refusals import Refused
from argosy.ctu.learn.record import Candidate, Ending, Gate, Journal, Standing
from tests.ctu.gatekeeper import Gatekeeper


async def test_a_verdict_is_told_with_rules_scores_and_costs(db, brain, clock, ids, risk):
    gate = Gatekeeper(db, brain, clock, ids)
    opened = clock.now()
    verdict = await gate.pay("anita", 49_000, "a stranger", opened=opened, payee_opened=opened)
    assert verdict.decision is not Decision.ALLOW
    told = await risk.verdicts.told(verdict.id)
    assert told.decision == verdict.decision.name.lower()
    assert {hit.rule for hit in told.hits} == {hit.rule for hit in verdict.hits}
    assert any(hit.says for hit in told.hits)
    assert told.scores[0].name == "owner.score"
    assert told.same
    assert told.currency == "INR"
    assert told.missing
    assert told.costs == dict(sorted(told.costs.items(), key=lambda item: item[1]))
    assert str(verdict.id) in told.text
    assert isinstance(await risk.verdicts.told(UUID(int=1)), Refused)


async def test_runs_of_the_loop_page_by_cursor_and_tell_their_steps(db, clock, ids, risk):
    journal = Journal(db, clock, ids)
    runs = []
    for n in range(4):
        run = await journal.open("hand")
        await journal.step(run.id, "labels", f"{n} new ones", {"bad": n}, clock.now())
        await journal.close(run.id, Ending.DONE, "done", {})
        runs.append(run)
        clock.advance(minutes=5)
    kept = Candidate(
        id=ids.new(), run=runs[-1].id, kind="rule", name="velocity.learned", version="1",
        body=b"", gates=(Gate("later data", passed=False, says="too few"),),
        standing=Standing.REFUSED,
    )  # fmt: skip
    await journal.keep(kept, "<html><script>alert(1)</script>")
    first = await risk.learning.runs(limit=3)
    assert [run.id for run in first.runs] == [run.id for run in reversed(runs)][:3]
    last = await risk.learning.runs(after=first.after, limit=3)
    assert [run.id for run in last.runs] == [runs[0].id]
    assert last.after is None
    opened = await risk.learning.run(runs[-1].id)
    assert [step.says for step in opened.steps] == ["3 new ones"]
    assert not opened.candidates[0].accepted
    assert "<script>" in await risk.learning.report(kept.id)
    assert (await risk.learning.candidate(kept.id)).gates[0].name == "later data"
    assert isinstance(await risk.learning.report(ids.new()), Refused)
    assert await risk.learning.interceptions() == []
