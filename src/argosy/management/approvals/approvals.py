"""One proposes, another decides, and it is carried out once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.refusals import Refused, Unavailable
from argosy.base.store import Database, Record
from argosy.management.approvals.facts import ApprovalReason, Handler, Proposal, State
from argosy.management.staff.audit import Audit
from argosy.management.staff.facts import Member, Right, StaffReason

PROPOSAL_LASTS: Final = timedelta(days=3)
STUCK_AFTER: Final = timedelta(minutes=2)
"""Whoever carried it out has died by then: it is carried out anew, with the same id."""

REASON_CHARS_MAX: Final = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Proposals:
    """One page of proposals, the newest first; `after` is the cursor of the next, None at the end."""

    proposals: list[Proposal]
    after: UUID | None


class Approvals:
    """Keeps proposals and carries out what a second person approves."""

    def __init__(
        self, db: Database, clock: Clock, ids: Ids, audit: Audit, handlers: Mapping[str, Handler]
    ) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._audit = audit
        self.handlers = handlers

    async def propose(
        self,
        member: Member,
        kind: str,
        subject: str,
        body: Mapping[str, Any],
        reason: str,
        *,
        right: Right,
        proposer: Right | None = None,
        id: UUID | None = None,
    ) -> Proposal | Refused:
        """Keep a proposal until somebody else with `right` decides it or it expires.

        Who proposes needs `right` too, or `proposer` where that is another: an analyst asks, a lead says
        yes. The same `id` again is the same proposal. Pages go through `Desk.propose`, which is guarded.
        """
        if kind not in self.handlers:
            return Refused(ApprovalReason.KIND_UNKNOWN)
        if not member.may(proposer or right):
            return Refused(StaffReason.NOT_ALLOWED)
        if not reason.strip():
            return Refused(StaffReason.REASON_MISSING, field="reason")
        now = self._clock.now()
        row = await self._db.one(
            "INSERT INTO approvals.proposals"
            " (id, kind, subject, body, reason, needs, by_id, by_name, at, expires_at, state)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'waiting')"
            " ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING *",
            id or self._ids.new(), kind, subject, dict(body), reason.strip()[:REASON_CHARS_MAX],
            right.value, member.id, member.name, now, now + PROPOSAL_LASTS,
        )  # fmt: skip
        return _proposal(row)

    async def decide(self, member: Member, id: UUID, yes: bool, why: str = "") -> Any | Refused:
        """Approve and carry out, or decline. Answers what the handler answered; the proposal where it
        was declined.

        However many decide at once, in however many windows, one decision counts, and never that of the
        one who proposed.
        """
        proposal = await self.get(id)
        if proposal is None:
            return Refused(ApprovalReason.PROPOSAL_UNKNOWN)
        if proposal.by_id == member.id:
            return Refused(ApprovalReason.SAME_PERSON)
        if not member.may(proposal.right):
            return Refused(StaffReason.NOT_ALLOWED)
        now = self._clock.now()
        if proposal.state is State.WAITING and proposal.expires_at <= now:
            await self.expire()
            return Refused(ApprovalReason.PROPOSAL_OVER)
        row = await self._db.one(
            "UPDATE approvals.proposals SET state = $2, decided_by_id = $3, decided_by = $4,"
            " decided_at = $5, taken_at = $5, why = $6"
            " WHERE id = $1 AND state = 'waiting' AND by_id <> $3 AND expires_at > $5 RETURNING *",
            id, State.APPROVED if yes else State.DECLINED, member.id, member.name, now,
            why.strip()[:REASON_CHARS_MAX],
        )  # fmt: skip
        if row is None:
            return Refused(ApprovalReason.PROPOSAL_OVER)
        return await self._carry_out(_proposal(row), member) if yes else _proposal(row)

    async def carry_on(self, member: Member, id: UUID) -> Any | Refused:
        """Carry out anew what was approved and then interrupted. `member` is a second person too."""
        now = self._clock.now()
        row = await self._db.one(
            "UPDATE approvals.proposals SET taken_at = $2"
            " WHERE id = $1 AND state = 'approved' AND taken_at < $3 AND by_id <> $4 RETURNING *",
            id, now, now - STUCK_AFTER, member.id,
        )  # fmt: skip
        if row is None:
            return Refused(ApprovalReason.PROPOSAL_OVER)
        proposal = _proposal(row)
        if not member.may(proposal.right):
            return Refused(StaffReason.NOT_ALLOWED)
        return await self._carry_out(proposal, member)

    async def withdraw(self, member: Member, id: UUID) -> Proposal | Refused:
        """The one who proposed it thinks better of it."""
        row = await self._db.one(
            "UPDATE approvals.proposals SET state = 'withdrawn', decided_by_id = $2, decided_by = $3,"
            " decided_at = $4 WHERE id = $1 AND state = 'waiting' AND by_id = $2 RETURNING *",
            id, member.id, member.name, self._clock.now(),
        )  # fmt: skip
        return Refused(ApprovalReason.PROPOSAL_OVER) if row is None else _proposal(row)

    async def get(self, id: UUID) -> Proposal | None:
        row = await self._db.one("SELECT * FROM approvals.proposals WHERE id = $1", id)
        return None if row is None else _proposal(row)

    async def listed(
        self,
        state: State | None = None,
        after: UUID | None = None,
        limit: int = 50,
        *,
        subject: str = "",
        reader: Member | None = None,
    ) -> Proposals:
        """The newest proposals, or those in `state`, or about `subject`; of those, where a `reader` is
        given, the ones that `may_read` lets them see."""
        await self.expire()
        values: list[Any] = []
        terms = []
        for sql, value in (("state =", state), ("id <", after), ("subject =", subject or None)):
            if value is not None:
                values.append(value)
                terms.append(f"{sql} ${len(values)}")
        if reader is not None and not reader.may(Right.AUDIT_SEE):
            values += [reader.id, [right.value for right in reader.rights]]
            terms.append(f"(by_id = ${len(values) - 1} OR needs = ANY(${len(values)}))")
        values.append(limit + 1)
        rows = await self._db.all(
            f"SELECT * FROM approvals.proposals WHERE {' AND '.join(terms) or 'true'}"
            f" ORDER BY id DESC LIMIT ${len(values)}",
            *values,
        )
        found = [_proposal(row) for row in rows[:limit]]
        return Proposals(found, found[-1].id if len(rows) > limit else None)

    async def waiting_for(self, member: Member, limit: int = 100) -> int:
        """How many proposals `member` could decide now, counted up to `limit`."""
        return int(
            await self._db.value(
                "SELECT count(*) FROM (SELECT FROM approvals.proposals WHERE state = 'waiting'"
                " AND by_id <> $1 AND needs = ANY($2) AND expires_at > $3 LIMIT $4) AS found",
                member.id, [right.value for right in member.rights], self._clock.now(), limit,
            )
        )  # fmt: skip

    async def expire(self) -> int:
        """Close what nobody decided in time."""
        tag = await self._db.run(
            "UPDATE approvals.proposals SET state = 'expired'"
            " WHERE state = 'waiting' AND expires_at <= $1",
            self._clock.now(),
        )
        return int(tag.split()[-1])

    async def _carry_out(self, proposal: Proposal, member: Member) -> Any | Refused:
        """An outage leaves it approved, to be carried on; whatever else breaks ends it as failed."""
        handler = self.handlers.get(proposal.kind)
        if handler is None:
            return await self._close(proposal, Refused(ApprovalReason.KIND_UNKNOWN))
        try:
            return await self._close(proposal, await handler(proposal, member))
        except Unavailable:
            raise
        except Exception:
            _log.exception("%s %s failed", proposal.kind, proposal.id)
            await self._end(proposal, State.FAILED, {"refused": "internal"})
            raise

    async def _close(self, proposal: Proposal, said: Any | Refused) -> Any | Refused:
        if isinstance(said, Refused):
            await self._end(proposal, State.FAILED, {"refused": said.code})
        else:
            await self._end(proposal, State.DONE, said if isinstance(said, dict) else {})
        return said

    async def _end(self, proposal: Proposal, state: State, outcome: Mapping[str, Any]) -> None:
        await self._db.run(
            "UPDATE approvals.proposals SET state = $2, outcome = $3"
            " WHERE id = $1 AND state = 'approved'",
            proposal.id, state, dict(outcome),
        )  # fmt: skip


def may_read(member: Member, proposal: Proposal) -> bool:
    """Whether `member` may see it: the own one, one that needs a right they have, and auditors all."""
    return proposal.by_id == member.id or member.may(proposal.right) or member.may(Right.AUDIT_SEE)


def _proposal(row: Record) -> Proposal:
    return Proposal(
        id=row["id"],
        kind=row["kind"],
        subject=row["subject"],
        body=row["body"],
        reason=row["reason"],
        right=Right(row["needs"]),
        by_id=row["by_id"],
        by=row["by_name"],
        at=row["at"],
        expires_at=row["expires_at"],
        state=State(row["state"]),
        decided_by_id=row["decided_by_id"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        why=row["why"],
        outcome=row["outcome"],
    )
