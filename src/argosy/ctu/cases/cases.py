"""The queue of cases: who looks at which, and what is decided."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.cases.closing import NOTE, NOTE_SECONDS, UNNOTE, Finding, close_case
from argosy.ctu.cases.facts import (
    BY_CHARS_MAX,
    GANG_MAX,
    PAGE_MAX,
    SCHEME_CHARS_MAX,
    WHY_CHARS_MAX,
    Case,
    CasePolicy,
    CaseReason,
    CaseState,
    Proposal,
)
from argosy.ctu.cases.policy import Terms
from argosy.ctu.cases.rows import case_of, note_step

Act = Callable[[UUID, str], Awaitable[Any]]
"""The base's release or return of reserved money: called with the order's id and who decided; a
`Refused` is its no."""

_SCHEME = re.compile(rf"[a-z0-9_]{{0,{SCHEME_CHARS_MAX}}}", re.ASCII)

_LIST_OPEN = """
    SELECT c.* FROM ctu.case_files c
      LEFT JOIN ctu.case_files last ON last.id = $5
     WHERE c.state = 'open' AND ($1::text IS NULL OR c.market = $1)
       AND ($2::text IS NULL OR (c.claimed_by = $2 AND c.claimed_until > $3))
       AND (NOT $4::bool OR c.proposal IS NOT NULL)
       AND ($5::uuid IS NULL OR c.rank < last.rank OR (c.rank = last.rank AND c.id > last.id))
     ORDER BY c.rank DESC, c.id LIMIT $6
"""
_LIST_DONE = """
    SELECT * FROM ctu.case_files
     WHERE state = $1 AND ($2::text IS NULL OR market = $2)
       AND ($3::uuid IS NULL OR (opened_at, id) < (SELECT opened_at, id FROM ctu.case_files WHERE id = $3))
     ORDER BY opened_at DESC, id DESC LIMIT $4
"""
_CLAIM = """
    UPDATE ctu.case_files SET claimed_by = $2, claimed_until = $3
     WHERE id = $1 AND state = 'open'
       AND (claimed_by IS NULL OR claimed_by = $2 OR claimed_until <= $4) RETURNING *
"""
_NEXT = """
    UPDATE ctu.case_files SET claimed_by = $1, claimed_until = $2
     WHERE id = (SELECT id FROM ctu.case_files
                  WHERE state = 'open' AND ($4::text IS NULL OR market = $4)
                    AND (claimed_by IS NULL OR claimed_until <= $3)
                    AND (proposal IS NULL OR proposal ->> 'by' <> $1)
                  ORDER BY rank DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING *
"""
_PROPOSE = """
    UPDATE ctu.case_files SET proposal = $2, claimed_by = NULL, claimed_until = NULL
     WHERE id = $1 AND state = 'open' AND proposal IS NOT DISTINCT FROM $3::jsonb
       AND (noted IS NULL OR noted_at < $4) RETURNING id
"""


class Cases:
    """Cases and the decisions on them. `release` and `give_back` move the reserved money; a brain that
    stands alone has neither, and its cases have no orders."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        release: Act | None = None,
        give_back: Act | None = None,
        policy: CasePolicy | None = None,
    ) -> None:
        self.terms = Terms(db, clock, policy)
        self._db = db
        self._clock = clock
        self._ids = ids
        self._release = release
        self._give_back = give_back

    # --- reading -----------------------------------------------------------------------------------

    async def list(
        self,
        market: str | None = None,
        state: CaseState = CaseState.OPEN,
        limit: int = 50,
        after: UUID | None = None,
        *,
        claimed_by: str | None = None,
        waiting_for_second: bool = False,
    ) -> list[Case]:
        """Cases in `state`: open ones by money at risk and age, decided ones the latest first. `after`
        is the last one seen; `claimed_by` keeps to those somebody is at work on."""
        limit = min(limit, PAGE_MAX)
        if state is CaseState.OPEN:
            rows = await self._db.all(
                _LIST_OPEN,
                market,
                claimed_by,
                self._clock.now(),
                waiting_for_second,
                after,
                limit,
            )
        else:
            rows = await self._db.all(_LIST_DONE, state.value, market, after, limit)
        return [case_of(row) for row in rows]

    async def get(self, case_id: UUID) -> Case | None:
        """One case, or None."""
        row = await self._db.one("SELECT * FROM ctu.case_files WHERE id = $1", case_id)
        return None if row is None else case_of(row)

    async def of_event(self, event: UUID) -> Case | None:
        """The latest case about an event, or None."""
        row = await self._db.one(
            "SELECT * FROM ctu.case_files WHERE event = $1 ORDER BY opened_at DESC, id DESC LIMIT 1",
            event,
        )
        return None if row is None else case_of(row)

    # --- assignment --------------------------------------------------------------------------------

    async def claim(self, case_id: UUID, by: str) -> Case | Refused:
        """Take a case, so that nobody else works on it, until the lease is over; again to hold on."""
        if not _is_name(by):
            return Refused(CaseReason.CASE_BY_MISSING, field="by")
        now = self._clock.now()
        policy = await self.terms.read()
        async with self._db.work() as conn:
            row = await conn.fetchrow(_CLAIM, case_id, by, now + policy.lease, now)
            if row is not None:
                await note_step(conn, self._ids, self._clock, case_id, "claimed", by)
                return case_of(row)
        case = await self.get(case_id)
        return Refused(CaseReason.CASE_NOT_FOUND) if case is None else _why_not(case, by, now)

    async def claim_next(self, by: str, market: str | None = None) -> Case | None | Refused:
        """Take the first case of the queue that nobody is at work on; None where there is none."""
        if not _is_name(by):
            return Refused(CaseReason.CASE_BY_MISSING, field="by")
        now = self._clock.now()
        policy = await self.terms.read()
        async with self._db.work() as conn:
            row = await conn.fetchrow(_NEXT, by, now + policy.lease, now, market)
            if row is None:
                return None
            await note_step(conn, self._ids, self._clock, row["id"], "claimed", by)
            return case_of(row)

    async def let_go(self, case_id: UUID, by: str) -> Case | Refused:
        """Give a case back to the queue."""
        async with self._db.work() as conn:
            row = await conn.fetchrow(
                "UPDATE ctu.case_files SET claimed_by = NULL, claimed_until = NULL"
                " WHERE id = $1 AND claimed_by = $2 RETURNING *",
                case_id,
                by,
            )
            if row is not None:
                await note_step(conn, self._ids, self._clock, case_id, "let_go", by)
                return case_of(row)
        return await self.get(case_id) or Refused(CaseReason.CASE_NOT_FOUND)

    async def remark(self, case_id: UUID, by: str, why: str) -> Case | Refused:
        """Write something down about a case."""
        wrong = _wrong_words(by, why, "")
        if wrong is not None:
            return wrong
        case = await self.get(case_id)
        if case is None:
            return Refused(CaseReason.CASE_NOT_FOUND)
        async with self._db.work() as conn:
            await note_step(conn, self._ids, self._clock, case_id, "remark", by, why.strip())
        return case

    # --- deciding ----------------------------------------------------------------------------------

    async def decide(
        self,
        case_id: UUID,
        decision: CaseState,
        by: str,
        why: str,
        scheme: str = "",
        *,
        bad: bool | None = None,
    ) -> Case | Refused:
        """Release or return the money of an open case, close it and label its event; the case as it
        then stands. Where the amount asks for two people the first one's decision is a proposal, and
        the case stays open until another person decides the same.

        `scheme` names the kind of fraud. `bad` is what is learned; None: returned is bad. The order
        decides between two who decide at once. Where we are cut off after the money moved, the log
        closes the case, with the name and the reason that were noted before.
        """
        policy = await self.terms.read()
        return await self._decide(case_id, Finding(decision, by, why.strip(), scheme, bad), policy)

    async def decide_all(
        self,
        case_ids: Sequence[UUID],
        decision: CaseState,
        by: str,
        why: str,
        scheme: str = "",
    ) -> dict[UUID, Case | Refused] | Refused:
        """Decide many at once, as for a whole gang; what became of each. Where the sum of them in a
        currency asks for two people, each of them does."""
        found = list(dict.fromkeys(case_ids))
        if len(found) > GANG_MAX:
            return Refused(CaseReason.CASES_TOO_MANY, {"most": GANG_MAX}, "cases")
        policy = await self.terms.read()
        rows = await self._db.all(
            "SELECT currency, sum(amount_minor)::bigint AS minor FROM ctu.case_files"
            " WHERE id = ANY ($1) AND state = 'open' GROUP BY currency",
            found,
        )
        large = frozenset(
            row["currency"] for row in rows if row["minor"] >= policy.four_eyes(row["currency"])
        )
        finding = Finding(decision, by, why.strip(), scheme, None)
        return {one: await self._decide(one, finding, policy, large) for one in found}

    # within

    async def _decide(
        self,
        case_id: UUID,
        finding: Finding,
        policy: CasePolicy,
        large: frozenset[str] = frozenset(),
    ) -> Case | Refused:
        wrong = _wrong_words(finding.by, finding.why, finding.scheme)
        if wrong is not None or finding.decision is CaseState.OPEN:
            return wrong or Refused(CaseReason.CASE_REASON_MISSING, field="decision")
        case = await self.get(case_id)
        if case is None:
            return Refused(CaseReason.CASE_NOT_FOUND)
        now = self._clock.now()
        if case.state is not CaseState.OPEN or _is_claimed(case, finding.by, now):
            return _why_not(case, finding.by, now)
        if case.money.currency in large or case.money.minor >= policy.four_eyes(
            case.money.currency
        ):
            first = case.proposal
            if first is None or not _agree(_proposed(first), finding):
                return await self._propose(case, finding, now)
            if first.by == finding.by:
                return Refused(CaseReason.CASE_NEEDS_ANOTHER, {"by": first.by})
        return await self._carry_out(case, finding, now)

    async def _propose(self, case: Case, finding: Finding, now: datetime) -> Case | Refused:
        old = None
        if case.proposal is not None:
            first = case.proposal
            old = _proposed(first).told(first.at)
        stale = now - NOTE_SECONDS
        async with self._db.work() as conn:
            if await conn.fetchval(_PROPOSE, case.id, finding.told(now), old, stale) is None:
                return Refused(CaseReason.CASE_ALREADY_DECIDED)
            await note_step(
                conn,
                self._ids,
                self._clock,
                case.id,
                "proposed",
                finding.by,
                finding.why,
                decision=finding.decision.value,
                scheme=finding.scheme,
            )
        return await self.get(case.id) or Refused(CaseReason.CASE_NOT_FOUND)

    async def _carry_out(self, case: Case, finding: Finding, now: datetime) -> Case | Refused:
        proposal = None
        if case.proposal is not None:
            first = case.proposal
            proposal = _proposed(first).told(first.at)
        stale = now - NOTE_SECONDS
        noted = await self._db.run(
            NOTE, case.id, finding.told(now), now, stale, finding.by, proposal
        )
        if noted != "UPDATE 1":
            return Refused(CaseReason.CASE_ALREADY_DECIDED)
        if case.order is not None:
            released = finding.decision is CaseState.RELEASED
            act = self._release if released else self._give_back
            if act is not None:
                said = await act(case.order, finding.by)
                if isinstance(said, Refused):
                    await self._db.run(UNNOTE, case.id, finding.by)
                    return said
        async with self._db.work() as conn:
            await close_case(conn, self._ids, case.id, finding, self._clock.now())
        return await self.get(case.id) or Refused(CaseReason.CASE_NOT_FOUND)


def _proposed(first: Proposal) -> Finding:
    return Finding(first.decision, first.by, first.why, first.scheme, first.bad)


def _agree(one: Finding, other: Finding) -> bool:
    """Whether two people say the same: of the money, and of what is learned."""
    return (one.decision, one.is_bad) == (other.decision, other.is_bad)


def _is_claimed(case: Case, by: str, now: datetime) -> bool:
    return (
        case.claimed_by not in (None, by)
        and case.claimed_until is not None
        and case.claimed_until > now
    )


def _why_not(case: Case, by: str, now: datetime) -> Refused:
    if case.state is not CaseState.OPEN:
        return Refused(CaseReason.CASE_ALREADY_DECIDED, {"state": case.state.value})
    if _is_claimed(case, by, now):
        return Refused(
            CaseReason.CASE_CLAIMED, {"by": case.claimed_by, "until": case.claimed_until}
        )
    return Refused(CaseReason.CASE_ALREADY_DECIDED)


def _is_name(by: str) -> bool:
    return 0 < len(by.strip()) <= BY_CHARS_MAX


def _wrong_words(by: str, why: str, scheme: str) -> Refused | None:
    if not _is_name(by):
        return Refused(CaseReason.CASE_BY_MISSING, field="by")
    if not why.strip() or len(why.strip()) > WHY_CHARS_MAX:
        return Refused(CaseReason.CASE_REASON_MISSING, field="why")
    if not _SCHEME.fullmatch(scheme):
        return Refused(CaseReason.CASE_SCHEME_UNREADABLE, field="scheme")
    return None
