"""What each operation of the API does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from argosy.base.ids import parse_id
from argosy.base.refusals import Reason, Refused
from argosy.ctu.cases import Case, CaseReason, CaseState
from argosy.ctu.cases.facts import Past
from argosy.ctu.decide.reasons import DecideReason
from argosy.ctu.service import shapes
from argosy.ctu.service.answers import Answer, answer, problem_of, told
from argosy.ctu.service.facts import Key
from argosy.ctu.service.services import RiskApi


@dataclass(frozen=True)
class Call:
    """A request, read: `body` and `query` have the operation's forms."""

    key: Key
    path: Mapping[str, str]
    query: Any
    body: Any

    def id(self, missing: Reason) -> UUID | Refused:
        """The id in the path; what is no id is not found."""
        return parse_id(self.path["id"]) or Refused(missing)


# --- events --------------------------------------------------------------------------------------


async def judge(api: RiskApi, call: Call) -> Answer | Refused:
    (said,) = await api.intake.judge(call.key.sender, [call.body.event()])
    if isinstance(said, Refused):
        return said
    verdict, existed = said
    if not existed:
        api.wake()
    made = answer(msgspec.convert(verdict, shapes.Verdict))
    return Answer(made.status, made.body, headers={"replayed": "true"}) if existed else made


async def judge_all(api: RiskApi, call: Call) -> Answer | Refused:
    events = [one.event() for one in call.body.events]
    said = await api.intake.judge(call.key.sender, events)
    api.wake()
    items = [
        shapes.Judged(event=event.id, problem=problem_of(one))
        if isinstance(one, Refused)
        else shapes.Judged(event=event.id, verdict=msgspec.convert(one[0], shapes.Verdict))
        for event, one in zip(events, said, strict=True)
    ]
    return answer(shapes.JudgedAll(items=items))


async def outcome(api: RiskApi, call: Call) -> Answer | Refused:
    said = await api.intake.outcome(call.body.event, call.body.outcome)
    if isinstance(said, Refused):
        return said
    api.wake()
    return answer(shapes.OutcomeTaken(event=call.body.event, outcome=said))


async def label(api: RiskApi, call: Call) -> Answer | Refused:
    new: shapes.NewLabel = call.body
    kept = await api.intake.of_event(new.event)
    found = await api.reports.tell(
        new.event,
        new.source,
        bad=new.bad,
        by=new.by or call.key.sender,
        why=new.why,
        scheme=new.scheme,
        loss=None if new.loss is UNSET else new.loss,
        at=None if new.at_ms is UNSET else _moment(new.at_ms),
        event=None if kept is None else kept.event,
    )
    if isinstance(found, Refused):
        return found
    api.wake()
    return answer(
        shapes.LabelTaken(
            event=found.event,
            bad=found.bad,
            source=found.source,
            scheme=found.scheme,
            loss=found.loss,
            at=shapes.instant(_moment(found.at_ms)),
        )
    )


async def verdict(api: RiskApi, call: Call) -> Answer | Refused:
    id_ = call.id(DecideReason.VERDICT_NOT_FOUND)
    if isinstance(id_, Refused):
        return id_
    kept = await api.intake.of_verdict(id_)
    if kept is None or kept.answer is None:
        return Refused(DecideReason.VERDICT_NOT_FOUND)
    text = await api.explain(id_)
    return answer(
        {
            **kept.answer,
            "content": kept.event,
            "outcome": kept.outcome,
            "attempt": kept.attempt,
            "text": text or _plain(kept.answer),
        }
    )


# --- cases ---------------------------------------------------------------------------------------


async def list_cases(api: RiskApi, call: Call) -> Answer | Refused:
    query: shapes.CasesPage = call.query
    found = await api.cases.list(
        state=CaseState(query.state),
        limit=query.limit,
        after=None if query.after is UNSET else query.after,
        claimed_by=None if query.claimed_by is UNSET else query.claimed_by,
    )
    last = found[-1].id if len(found) == query.limit else None
    return answer(shapes.CaseList(items=[case_out(case) for case in found], next=last))


async def show_case(api: RiskApi, call: Call) -> Answer | Refused:
    id_ = call.id(CaseReason.CASE_NOT_FOUND)
    if isinstance(id_, Refused):
        return id_
    seen = await api.desk.evidence(id_)
    steps = await api.desk.timeline(id_)
    alike = await api.desk.similar(id_)
    if isinstance(seen, Refused) or isinstance(steps, Refused) or isinstance(alike, Refused):
        return Refused(CaseReason.CASE_NOT_FOUND)
    return answer(
        shapes.CaseShown(
            case=case_out(seen.case),
            score=seen.score,
            version=seen.version,
            unevaluated=list(seen.unevaluated),
            content=dict(seen.event),
            account_history=[_past(one) for one in seen.account_history],
            device_history=[_past(one) for one in seen.device_history],
            payee_history=[_past(one) for one in seen.payee_history],
            earlier_cases=[case_out(one) for one in seen.earlier_cases],
            timeline=[
                shapes.Step(
                    at=shapes.instant(one.at),
                    what=one.what,
                    by=one.by,
                    why=one.why,
                    facts={name: told(value) for name, value in one.facts.items()},
                )
                for one in steps
            ],
            similar=[
                shapes.Similar(
                    case=case_out(one.case), likeness=one.likeness, shared=list(one.shared)
                )
                for one in alike
            ],
        )
    )


async def graph(api: RiskApi, call: Call) -> Answer | Refused:
    id_ = call.id(CaseReason.CASE_NOT_FOUND)
    if isinstance(id_, Refused):
        return id_
    found = await api.links.around(id_)
    gang = await api.links.gang(id_)
    if isinstance(found, Refused) or isinstance(gang, Refused):
        return Refused(CaseReason.CASE_NOT_FOUND)
    return answer(
        {
            "nodes": found.nodes,
            "links": found.links,
            "cut": found.cut,
            "gang": [case.id for case in gang],
        }
    )


async def claim(api: RiskApi, call: Call) -> Answer | Refused:
    id_ = call.id(CaseReason.CASE_NOT_FOUND)
    if isinstance(id_, Refused):
        return id_
    said = await api.cases.claim(id_, call.body.by)
    return said if isinstance(said, Refused) else answer(case_out(said))


async def let_go(api: RiskApi, call: Call) -> Answer | Refused:
    id_ = call.id(CaseReason.CASE_NOT_FOUND)
    if isinstance(id_, Refused):
        return id_
    said = await api.cases.let_go(id_, call.body.by)
    return said if isinstance(said, Refused) else answer(case_out(said))


async def decide(api: RiskApi, call: Call) -> Answer | Refused:
    id_ = call.id(CaseReason.CASE_NOT_FOUND)
    if isinstance(id_, Refused):
        return id_
    new: shapes.Decision = call.body
    said = await api.cases.decide(id_, CaseState(new.decision), new.by, new.why, new.scheme)
    if isinstance(said, Refused):
        return said
    api.wake()
    return answer(case_out(said))


async def decide_all(api: RiskApi, call: Call) -> Answer | Refused:
    new: shapes.GangDecision = call.body
    said = await api.cases.decide_all(
        new.cases, CaseState(new.decision), new.by, new.why, new.scheme
    )
    if isinstance(said, Refused):
        return said
    api.wake()
    items = [
        shapes.Decided(id=id_, problem=problem_of(one))
        if isinstance(one, Refused)
        else shapes.Decided(id=id_, case=case_out(one))
        for id_, one in said.items()
    ]
    return answer(shapes.DecidedAll(items=items))


# --- how the brain is set ------------------------------------------------------------------------


async def list_facts(api: RiskApi, _call: Call) -> Answer | Refused:
    version, items = await api.catalogue.facts()
    return answer(shapes.Listing(version=version, items=items))


async def list_rules(api: RiskApi, _call: Call) -> Answer | Refused:
    version, items = await api.catalogue.rules()
    return answer(shapes.Listing(version=version, items=items))


async def list_models(api: RiskApi, _call: Call) -> Answer | Refused:
    version, items = await api.catalogue.models()
    return answer(shapes.Listing(version=version, items=items))


# --- in the forms that go out --------------------------------------------------------------------


def case_out(case: Case) -> shapes.Case:
    """A case in its form."""
    first = case.proposal
    return shapes.Case(
        id=case.id,
        cause=case.cause.value,
        event=case.event,
        verdict=case.verdict,
        account=case.account,
        payee=case.payee,
        device=case.device,
        network=case.network,
        market=case.market,
        kind=case.kind,
        amount=case.money.minor,
        currency=case.money.currency,
        probability=case.probability,
        at_risk=case.at_risk_minor,
        reasons=case.reasons,
        opened_at=shapes.instant(case.opened_at),
        state=case.state.value,
        decided_by=case.decided_by,
        decided_why=case.decided_why,
        decided_at=_instant(case.decided_at),
        scheme=case.scheme,
        claimed_by=case.claimed_by,
        claimed_until=_instant(case.claimed_until),
        proposal=None
        if first is None
        else shapes.Proposal(
            decision=first.decision.value,
            by=first.by,
            why=first.why,
            scheme=first.scheme,
            at=shapes.instant(first.at),
        ),
    )


def _past(one: Past) -> shapes.Past:
    return shapes.Past(
        id=one.id,
        at=shapes.instant(one.at),
        kind=one.kind,
        amount=None if one.money is None else one.money.minor,
        currency=None if one.money is None else one.money.currency,
        account=one.account,
        payee=one.payee,
        device=one.device,
        network=one.network,
        outcome=one.outcome,
        decision=one.decision,
        bad=one.bad,
    )


def _plain(verdict: Mapping[str, Any]) -> str:
    """A verdict as text, where nothing more is kept of it than what was answered."""
    lines = [f"{verdict['decision']} with score {verdict['score']:.3f}, by {verdict['version']}"]
    for hit in verdict["hits"]:
        values = ", ".join(f"{name} = {value}" for name, value in hit["values"].items())
        lines.append(f"  {hit['rule']} asks for {hit['decision']}: {values}")
    lines += [f"  not evaluated: {name}" for name in verdict["unevaluated"]]
    return "\n".join(lines)


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _instant(at: datetime | None) -> str | None:
    return None if at is None else shapes.instant(at)
