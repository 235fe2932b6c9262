"""Before personal data of a customer is shown, somebody says why, and it is written down."""

from __future__ import annotations

from uuid import UUID

from argosy.management.console.desk import Desk
from argosy.management.console.widgets import ask_reason
from argosy.management.customers.timeline import subject
from argosy.management.staff.facts import Right


async def reason_to_look(desk: Desk, party: UUID, act: str) -> str | None:
    """Ask why `party` is looked at; the reason where the look is allowed and logged, else None.

    `act` names the words: `customers.act.<act>` on the button, `customers.ask.<act>` as the question.
    """
    name = desk.say(f"customers.act.{act}")
    reason = await ask_reason(desk, name, text=desk.say(f"customers.ask.{act}"), button=name)
    if reason is None:
        return None
    no = await desk.look(Right.CUSTOMERS_REVEAL, subject(party), reason)
    if no is not None:
        desk.tell(no)
        return None
    return reason
