"""What is carried out when a second person has agreed: rules and models, through the brain's own publishing.

A handler may be called again with the same proposal after a crash; what is in force already is then the
answer, and nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from argosy.base.refusals import Refused
from argosy.ctu.models.facts import State as ModelState
from argosy.ctu.rules.versions import State
from argosy.management.approvals.facts import Handler, Proposal
from argosy.management.risk.reasons import RiskReason
from argosy.management.staff.facts import Member

if TYPE_CHECKING:
    from argosy.management.risk.risk import Risk

RULE_PUBLISH: Final = "rule.publish"
MODEL_PUBLISH: Final = "model.publish"
MODEL_BACK: Final = "model.roll_back"


def risk_handlers(risk: Risk) -> Mapping[str, Handler]:
    """The handlers of the risk desks, by kind."""
    doing = _Doing(risk)
    return {
        RULE_PUBLISH: doing.rule_publish,
        MODEL_PUBLISH: doing.model_publish,
        MODEL_BACK: doing.model_back,
    }


def rule_body(name: str, number: int, state: State, percent: float) -> dict[str, Any]:
    """What is proposed: this version of this rule, so far."""
    return {"name": name, "number": number, "state": state.value, "percent": percent}


def model_body(name: str, version: str, live: str | None) -> dict[str, Any]:
    """What is proposed: this version, where `live` is live when it is proposed."""
    return {"name": name, "version": version, "live": live or ""}


class _Doing:
    def __init__(self, risk: Risk) -> None:
        self._risk = risk

    async def rule_publish(self, proposal: Proposal, member: Member) -> Any | Refused:
        """Whoever wrote a rule may not publish it: where the second person did, the first one publishes."""
        body = proposal.body
        try:
            name, number = str(body["name"]), int(body["number"])
            state, percent = State(body["state"]), float(body["percent"])
        except (KeyError, TypeError, ValueError):
            return Refused(RiskReason.STEP_UNREADABLE)
        if state not in (State.PERCENT, State.LIVE):
            return Refused(RiskReason.STEP_UNREADABLE)
        opened = await self._risk.rules.opened(name)
        if isinstance(opened, Refused):
            return opened
        there = opened.member
        if there is not None and _stands(there.number, there.state, there.percent) == _stands(
            number, state, percent
        ):
            return {"set": opened.set, "name": name, "number": number}
        author = await self._risk.rules.author(name, number)
        by, beside = member.name, proposal.by
        if by == author:
            by, beside = beside, by
        why = _why(proposal, beside)
        done = await self._risk.rules.publish(name, number, state, by, why, percent)
        if isinstance(done, Refused):
            return done
        return {"set": done.number, "name": name, "number": number}

    async def model_publish(self, proposal: Proposal, member: Member) -> Any | Refused:
        """The version is live; what was live is retired."""
        try:
            name, version = str(proposal.body["name"]), str(proposal.body["version"])
        except KeyError:
            return Refused(RiskReason.STEP_UNREADABLE)
        why = _why(proposal, proposal.by)
        done = await self._risk.models.publish(name, version, member.name, why)
        return done if isinstance(done, Refused) else {"name": name, "version": done.version}

    async def model_back(self, proposal: Proposal, member: Member) -> Any | Refused:
        """The live version is taken back, as long as it is the one that was meant."""
        try:
            name, version = str(proposal.body["name"]), str(proposal.body["version"])
        except KeyError:
            return Refused(RiskReason.STEP_UNREADABLE)
        opened = await self._risk.models.opened(name, version)
        if isinstance(opened, Refused):
            return opened
        if opened.version.state is not ModelState.LIVE:
            live = next((o.version for o in opened.others if o.state is ModelState.LIVE), "")
            return {"name": name, "version": live}
        why = _why(proposal, proposal.by)
        done = await self._risk.models.roll_back(name, member.name, why)
        return done if isinstance(done, Refused) else {"name": name, "version": done.version}


def _stands(number: int, state: State, percent: float) -> tuple[int, State, float]:
    return number, state, 100.0 if state is State.LIVE else percent


def _why(proposal: Proposal, beside: str) -> str:
    return f"{proposal.reason} (with {beside})"
