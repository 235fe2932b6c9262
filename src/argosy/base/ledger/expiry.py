"""What the clock does for the ledger: holds whose own deadline has passed are let go.

The holds of the wallet's orders have no deadline of their own and end with their order. This is for
whoever uses the ledger alone.
"""

from __future__ import annotations

import logging
from datetime import datetime

from argosy.base.ids import derive
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.facts import Action, DueHold, Outcome, Posted, Transfer
from argosy.base.refusals import Bug

SWEEP_SECONDS = 5.0

_log = logging.getLogger(__name__)


def ending(due: DueHold) -> Transfer:
    """The transfer that lets `due` go: always the same one, so that whoever comes second finds it made."""
    return Transfer(
        derive(due.id, "expire"),
        None,
        None,
        None,
        due.currency,
        due.kind,
        Action.EXPIRE,
        due.order,
        hold=due.id,
    )


async def expire_due(ledger: Ledger, now: datetime, limit: int) -> int:
    """Let go of at most `limit` holds whose time is over at `now`; of how many.

    Any number of processes may do so at once and be killed at any moment: each hold is let go once, by
    a commit of the ledger like any other, and what was not yet is due as before. Raises `Unavailable`
    when the database cannot be reached.
    """
    endings = [ending(due) for due in await ledger.due_holds(now, limit)]
    try:
        said = await ledger.post(endings)
    except Bug:  # one of them breaks the books, and must not keep the others reserved
        said = [outcome for one in endings for outcome in await _alone(ledger, one)]
    return sum(isinstance(one, Posted) and not one.existed for one in said)


async def _alone(ledger: Ledger, one: Transfer) -> list[Outcome]:
    try:
        return await ledger.post([one])
    except Bug:
        _log.exception("hold %s cannot expire", one.hold)
        return []
