"""What is carried out when two persons have agreed on a change of set-up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from argosy.base.refusals import Refused
from argosy.management.approvals.facts import Handler, Proposal
from argosy.management.setup.facts import Term
from argosy.management.setup.switches import Switches
from argosy.management.setup.terms import Terms
from argosy.management.staff.facts import Member

TERM: Final = "setup.term"
TAKE_BACK: Final = "setup.take_back"
SWITCH: Final = "setup.switch"


def setup_handlers(terms: Terms, switches: Switches) -> Mapping[str, Handler]:
    """The handlers by kind of proposal."""

    async def stage(proposal: Proposal, member: Member) -> Any | Refused:
        return _told(
            await terms.stage(proposal.id, proposal.body, proposal.reason, proposal.by, member.name)
        )

    async def take_back(proposal: Proposal, member: Member) -> Any | Refused:
        body, by = proposal.body, f"{proposal.by}, {member.name}"
        return _told(await terms.take_back(body["market"], UUID(body["term"]), proposal.reason, by))

    async def turn(proposal: Proposal, member: Member) -> Any | Refused:
        body = proposal.body
        done = await switches.turn(
            proposal.id,
            body["market"],
            body["switch"],
            body["after"]["on"],
            proposal.reason,
            proposal.by,
            member.name,
        )
        return done if isinstance(done, Refused) else {"on": done.is_on}

    return {TERM: stage, TAKE_BACK: take_back, SWITCH: turn}


def _told(said: Term | Refused) -> Any | Refused:
    if isinstance(said, Refused):
        return said
    return {"term": str(said.id), "since": said.since.isoformat()}
