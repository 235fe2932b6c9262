"""Screen, post, announce: one decision path for every channel, product and market."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from argosy.base.clock import Clock
from argosy.base.gate.commit import Committed, GroupCommit
from argosy.base.ids import derive
from argosy.base.ledger.facts import Action, Posted
from argosy.base.orders.facts import Order, OrderReason, State
from argosy.base.orders.reading import Orders
from argosy.base.orders.review import REVIEW_WAIT
from argosy.base.outbox.observed import observation
from argosy.base.patience import Patience
from argosy.base.ports import Decision, Operation, Screening, Verdict
from argosy.base.postings import Challenged, Done, Event, GateReason, Posting
from argosy.base.refusals import Refused, must

SCREEN_SECONDS_MAX = 2.0

_ENDINGS = frozenset({Action.POST, Action.VOID, Action.EXPIRE})
_log = logging.getLogger(__name__)


class ScreenedGate:
    """The only road to the ledger.

    `announce` is called after each commit, so that whoever reads the outbox in this process need
    not wait for its next look. `stopped` says no to what the operator has switched off; what was made
    before that is still answered.
    """

    def __init__(
        self,
        commit: GroupCommit,
        screening: Screening,
        orders: Orders,
        clock: Clock,
        announce: Callable[[], None] = lambda: None,
        stopped: Callable[[Operation], Refused | None] = lambda _operation: None,
    ) -> None:
        self._commit = commit
        self._screening = screening
        self._orders = orders
        self._clock = clock
        self._announce = announce
        self._switched = stopped
        self._patience = Patience(SCREEN_SECONDS_MAX)
        self.unscreened = 0  # operations that were stopped because the brain did not answer

    async def carry_out(
        self, operation: Operation, posting: Posting
    ) -> Done | Refused | Challenged:
        """Ask the brain, then make `posting` durable. The same posting again is the first answer.

        On review the money is reserved instead of moved, and the order waits for a human.
        Raises `Unavailable` when the database does not answer; the same posting may come again.
        """
        off = self._switched(operation)
        if off is not None:
            return await self._made_before(posting) or off
        verdict = await self._judge(operation)
        if isinstance(verdict, Refused):
            return await self._made_before(posting) or verdict
        reviewed = verdict.decision is Decision.REVIEW
        if verdict.decision in (Decision.DENY, Decision.CHALLENGE) or (
            reviewed and not _can_wait(posting)
        ):
            before = await self._made_before(posting)
            denied = verdict.decision is not Decision.CHALLENGE
            await self._tell(operation, verdict, _stopped(before, denied))
            if before is not None:
                return before
            if denied:
                return Refused(GateReason.DENIED_BY_RISK, {"reference": str(verdict.id)})
            return Challenged(operation, verdict, verdict.challenge or "otp")
        if reviewed:
            posting = _reserved(posting, self._clock.now())
        answer = await self._post(self._told(posting, operation, verdict), verdict)
        await self._tell(operation, verdict, _outcome(answer, verdict))
        return answer

    async def settle(self, posting: Posting, ours: frozenset[UUID] = frozenset()) -> Done | Refused:
        """Make a step durable that moves no new money: an order asked for or closed, holds that end. New
        is only what comes out of the operator's own accounts `ours`, because it is owed."""
        must(
            all(t.action in _ENDINGS or t.debit in ours for t in posting.transfers),
            "new money must be screened",
            posting=posting.id,
        )
        return await self._post(posting, None)

    async def try_out(self, operation: Operation, posting: Posting) -> Done | Refused | Challenged:
        """What `carry_out` would answer now, by the same road, with nothing left behind."""
        off = self._switched(operation)
        if off is not None:
            return off
        verdict = await self._judge(operation)
        if isinstance(verdict, Refused):
            return verdict
        await self._tell(operation, verdict, "refused")
        if verdict.decision is Decision.CHALLENGE:
            return Challenged(operation, verdict, verdict.challenge or "otp")
        reviewed = verdict.decision is Decision.REVIEW
        if verdict.decision is Decision.DENY or (reviewed and not _can_wait(posting)):
            return Refused(GateReason.DENIED_BY_RISK, {"reference": str(verdict.id)})
        if reviewed:
            posting = _reserved(posting, self._clock.now())
        said = await self._commit.rehearse(posting)
        return _answer(posting, said, verdict, self._clock.now())

    async def _judge(self, operation: Operation) -> Verdict | Refused:
        """The brain's verdict. No answer is not a yes: it is a refusal, and it is loud."""
        try:
            return await self._patience.wait(self._screening.judge(operation))
        except Exception:  # noqa: BLE001 - whatever it is, no answer is not a yes
            self.unscreened += 1
            _log.exception("operation %s was not screened, so it is stopped", operation.id)
            return Refused(GateReason.RISK_UNAVAILABLE)

    def _told(self, posting: Posting, operation: Operation, verdict: Verdict) -> Posting:
        """The same posting with what the brain learns by, in the same commit."""
        order = posting.order.id if posting.order is not None else None
        outcome = "held" if verdict.decision is Decision.REVIEW else "posted"
        record = self._screening.record(operation, verdict, outcome, order)
        return replace(posting, events=(*posting.events, observation(operation, record)))

    async def _tell(self, operation: Operation, verdict: Verdict, outcome: str) -> None:
        try:
            await self._screening.observe(operation, verdict, outcome)
        except Exception:  # noqa: BLE001 - the money is durable, and the event log tells it again
            _log.exception("the brain was not told of %s", operation.id)

    async def _post(self, posting: Posting, verdict: Verdict | None) -> Done | Refused:
        said = await self._commit.submit(posting)
        answer = _answer(posting, said, verdict, self._clock.now())
        if isinstance(answer, Done):
            self._announce()
        return answer

    async def _made_before(self, posting: Posting) -> Done | None:
        """The first answer, where this very order was made by an earlier call."""
        if not isinstance(posting.order, Order):
            return None
        order = await self._orders.get(posting.order.id)
        if order is None:
            return None
        return Done(posting.id, order.updated_at or order.created_at, order.state, existed=True)


def _answer(
    posting: Posting, said: Committed | Refused, verdict: Verdict | None, now: datetime
) -> Done | Refused:
    if isinstance(said, Refused):
        return said
    if said.refused is not None:
        conflict = said.refused.code.startswith("exists_with_different")
        made = isinstance(posting.order, Order)
        return Refused(OrderReason.ORDER_EXISTS_DIFFERENTLY) if conflict and made else said.refused
    posted = tuple(o for o in said.outcomes if isinstance(o, Posted))
    at = posted[0].at if posted else now
    state = posting.order.state if posting.order is not None else None
    return Done(posting.id, at, state, posted, verdict, said.existed)


def _stopped(before: Done | None, denied: bool) -> str:
    if before is not None:
        return "refused"
    return "denied" if denied else "challenged"


def _outcome(answer: Done | Refused, verdict: Verdict) -> str:
    if isinstance(answer, Refused) or answer.existed:
        return "refused"
    return "held" if verdict.decision is Decision.REVIEW else "posted"


def _can_wait(posting: Posting) -> bool:
    """Whether the money can be reserved until a human decides. The payee of a paid order cannot be
    asked to wait for half of it to go back: a suspicious refund is denied instead; and so is cash at a
    counter, where nobody can wait."""
    refunded = (State.PARTLY_REFUNDED, State.REFUNDED)
    waits = posting.order is not None and posting.order.state not in refunded
    return waits and not posting.at_once


def _reserved(posting: Posting, now: datetime) -> Posting:
    """The same posting with its money reserved instead of moved, for a human to decide on."""
    order = posting.order
    must(order is not None, "only an order can be reviewed", posting=posting.id)
    deadline = now + REVIEW_WAIT
    if order is not None:
        order = replace(order, state=State.REVIEW, deadline_at=deadline)
    held = tuple(
        replace(t, action=Action.HOLD) if t.action is Action.MOVE else t for t in posting.transfers
    )
    return replace(posting, order=order, transfers=held, events=_in_review(posting.events))


def _in_review(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """What was to be announced as done is announced as waiting, once."""
    if not events:
        return ()
    first = events[0]
    return (
        replace(
            first,
            id=derive(first.id, "review"),
            kind=f"{first.kind.partition('.')[0]}.review",
            body={**first.body, "state": State.REVIEW.value},
        ),
    )
