"""What two administrators do together: add somebody, change roles, let somebody choose a password anew."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from argosy.base.refusals import Refused
from argosy.management.approvals.facts import Handler, Proposal
from argosy.management.staff.facts import Member
from argosy.management.staff.people import People

ADD: Final = "staff.add"
ROLES_OF: Final = "staff.roles"
INVITE: Final = "staff.invite"


def staff_handlers(people: People) -> dict[str, Handler]:
    """The handlers of the staff's proposals.

    `staff.add` has a body of `name` and `roles`; `staff.roles` of `before` and `after`, each with `roles`;
    `staff.invite` of `name`. The subject of the last two is the person's id. What answers with an
    invitation shows it to whoever decided, once.
    """

    async def add(proposal: Proposal, member: Member) -> Any | Refused:
        body = proposal.body
        by = f"{proposal.by}, {member.name}"
        return await people.add(str(body["name"]), list(body["roles"]), by, proposal.id)

    async def change(proposal: Proposal, _member: Member) -> Any | Refused:
        return await people.set_roles(UUID(proposal.subject), list(proposal.body["after"]["roles"]))

    async def invite(proposal: Proposal, _member: Member) -> Any | Refused:
        person = await people.get(UUID(proposal.subject))
        if person is not None and person.disabled_at is not None:
            return await people.enable(person.id)
        return await people.invite_again(UUID(proposal.subject))

    return {ADD: add, ROLES_OF: change, INVITE: invite}
