"""Evidence in, level up: the party's level and the ledger's ceiling agree, also after a crash.

Evidence, decision and level are one transaction, which also notes that the ceiling is to follow;
the note goes when the ledger has it. What a crash leaves is finished by `resume`.

Evidence ends, by its own date or because staff take it back, and then the level is what the rest
covers. No money is caught by that: the ledger's ceiling refuses only what comes in.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock, local_day
from argosy.base.ids import derive
from argosy.base.markets import Level, Market
from argosy.base.money import Money
from argosy.base.parties.facts import Party, PartyReason, PartyState
from argosy.base.parties.keys import Keys
from argosy.base.parties.names import read_email
from argosy.base.parties.parties import Parties
from argosy.base.parties.resealing import Sealing, column
from argosy.base.ports import Message, Notifier
from argosy.base.refusals import Refused, Unavailable, must
from argosy.base.store import Connection, Database
from argosy.public_services.identity.caps import Bounds, follow_caps
from argosy.public_services.identity.facts import (
    Evidence,
    EvidenceLine,
    EvidenceState,
    IdentityReason,
    Raised,
)

PHONE, EMAIL, CONTACT = "phone", "email", "contact"
PROVEN = frozenset({PHONE, CONTACT})  # proven at sign-up, so they are never asked for again
REMINDED_DAYS = 30
RESUMED_MAX = 100
_ROUNDS_MAX = 8
_DOCUMENT = re.compile(r"[A-Z0-9]{6,24}")
_NOT_IN_FORM = re.compile(r"[\s\-./]")
_VALUE_CHARS_MAX = 200
_ONE_WALLET = frozenset({"id_document"})
_log = logging.getLogger(__name__)


SEALED = (
    Sealing(
        "identity.evidence",
        ("party_id", "id"),
        (column("value_sealed", lambda row: (str(row["party_id"]), str(row["id"]))),),
    ),
)
"""What people have shown of themselves."""


class Identity:
    """Takes evidence, decides on it, and raises levels.

    Evidence of a valid form is accepted as it comes where the pack wants no person to look at it for
    the level that it leads to, and with `at_once` (for demos) always; otherwise it waits for `decide`.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        keys: Keys,
        parties: Parties,
        markets: Mapping[str, Market],
        bounds: Bounds,
        *,
        notifier: Notifier | None = None,
        at_once: bool = True,
    ) -> None:
        self._db = db
        self._clock = clock
        self._keys = keys
        self._parties = parties
        self._markets = markets
        self._bounds = bounds
        self._notifier = notifier
        self._at_once = at_once

    async def raise_level(self, party_id: UUID, evidence: Evidence) -> Raised | Refused:
        """Take evidence and raise the party to the highest level that all its evidence covers.

        The same evidence id with the same content is the same request. Refusals: EVIDENCE_...,
        LEVEL_HIGHEST, LEVEL_NEEDS_MORE and LEVEL_NEEDS_REVIEW (the evidence is kept in both), and
        the party's PARTY_NOT_FOUND and PARTY_CLOSED.
        """
        party = await self._parties.get(party_id)
        if party is None:
            return Refused(PartyReason.PARTY_NOT_FOUND)
        if party.state is PartyState.CLOSED:
            return Refused(PartyReason.PARTY_CLOSED)
        market = self._markets[party.market]
        value = self._read(market, party, evidence)
        if isinstance(value, Refused):
            return value
        day = local_day(self._clock.now(), market.zone)
        if evidence.valid_until is not None and evidence.valid_until < day:
            return Refused(IdentityReason.EVIDENCE_OVER, field="valid_until")
        waits = not self._at_once and _is_reviewed(market, party, evidence.kind, day)
        state = EvidenceState.GIVEN if waits else EvidenceState.ACCEPTED
        async with self._db.work() as conn:
            kept = await self._keep(party, evidence, value, state, conn)
            if isinstance(kept, Refused):
                return kept
            decided = await self._decide_level(party, market, conn)
        if isinstance(decided, Refused):
            again = kept and decided.reason is IdentityReason.LEVEL_HIGHEST
            return await self._as_before(party.id) if again else decided
        return await self._finish(party.id)

    async def decide(
        self, party_id: UUID, evidence_id: UUID, state: EvidenceState, by: str
    ) -> Raised | Refused | None:
        """Accept or reject evidence that waits. Accepted, it raises the level where it covers one;
        None where nothing is to raise."""
        must(state is not EvidenceState.GIVEN, "a decision is yes or no")
        party = await self._parties.get(party_id)
        if party is None:
            return Refused(PartyReason.PARTY_NOT_FOUND)
        async with self._db.work() as conn:
            changed = await conn.fetchval(
                """
                UPDATE identity.evidence SET state = $3, decided_at = $4, decided_by = $5
                WHERE party_id = $1 AND id = $2 AND state = 'given' RETURNING true
                """,
                party_id,
                evidence_id,
                state.value,
                self._clock.now(),
                by,
            )
            if not changed:
                return Refused(IdentityReason.EVIDENCE_NOT_WAITING)
            if state is EvidenceState.REJECTED:
                return None
            decided = await self._decide_level(party, self._markets[party.market], conn)
        return None if isinstance(decided, Refused) else await self._finish(party.id)

    async def evidence(self, party_id: UUID) -> list[EvidenceLine]:
        """What a party has shown, without its content, latest first."""
        rows = await self._db.all(
            """
            SELECT id, kind, state, given_at, decided_at, decided_by, valid_until
            FROM identity.evidence
            WHERE party_id = $1 ORDER BY given_at DESC, id DESC
            """,
            party_id,
        )
        return [EvidenceLine(**{**row, "state": EvidenceState(row["state"])}) for row in rows]

    async def reveal(
        self, party_id: UUID, evidence_id: UUID, reader: str, purpose: str
    ) -> str | None:
        """The content of one piece of evidence, for who must look at it; the access is logged."""
        async with self._db.work() as conn:
            row = await conn.fetchrow(
                "SELECT kind, value_sealed FROM identity.evidence WHERE party_id = $1 AND id = $2",
                party_id,
                evidence_id,
            )
            if row is None:
                return None
            fields = (f"evidence.{row['kind']}",)
            await self._parties.note_access(party_id, reader, purpose, fields, conn)
        return self._keys.open(row["value_sealed"], str(party_id), str(evidence_id))

    async def revoke(
        self, party_id: UUID, evidence_id: UUID, by: str, because: str
    ) -> Raised | Refused | None:
        """Take accepted evidence back: staff say by whom and why. The level falls to what the rest
        covers; None where it stays."""
        return await self._end(party_id, evidence_id, EvidenceState.REJECTED, by, because)

    async def expire(self, now: datetime, limit: int) -> int:
        """End the evidence whose last day is over in its market's zone, and remind of what ends within a
        month; a job calls this every hour. Says how many ended."""
        await self._remind(now, limit)
        rows = await self._db.all(
            """
            SELECT e.party_id, e.id, e.valid_until, p.market FROM identity.evidence e
            JOIN parties.party p ON p.id = e.party_id
            WHERE e.state = 'accepted' AND e.valid_until < $1 ORDER BY e.valid_until LIMIT $2
            """,
            now.date() + timedelta(days=1),
            limit,
        )
        ended = 0
        for row in rows:
            if row["valid_until"] >= local_day(now, self._markets[row["market"]].zone):
                continue
            await self._end(row["party_id"], row["id"], EvidenceState.EXPIRED, "clock", "its date")
            ended += 1
        return ended

    async def follow_caps(self, now: datetime, limit: int) -> int:
        """Where the law's or the house's balance cap of a level has changed, give every wallet of that
        level its new ceiling, so many at a time; a job calls this every minute. Says how many."""
        return await follow_caps(self._db, self._markets, self._bounds, now, limit)

    async def resume(self) -> int:
        """Finish raises that a crash cut short; a job calls this at start and every minute. Says
        how many there were."""
        rows = await self._db.all(
            "SELECT party_id FROM identity.raise ORDER BY begun_at LIMIT $1", RESUMED_MAX
        )
        for row in rows:
            await self._finish(row["party_id"])
        return len(rows)

    # within

    async def _end(
        self, party_id: UUID, evidence_id: UUID, state: EvidenceState, by: str, because: str
    ) -> Raised | Refused | None:
        party = await self._parties.get(party_id)
        if party is None:
            return Refused(PartyReason.PARTY_NOT_FOUND)
        async with self._db.work() as conn:
            changed = await conn.fetchval(
                """
                UPDATE identity.evidence
                SET state = $3, decided_at = $4, decided_by = $5, because = $6
                WHERE party_id = $1 AND id = $2 AND state = 'accepted' RETURNING true
                """,
                party_id,
                evidence_id,
                state.value,
                self._clock.now(),
                by,
                because,
            )
            if not changed:
                return Refused(IdentityReason.EVIDENCE_NOT_ACCEPTED)
            closed = party.state is PartyState.CLOSED
            level = None if closed else await self._lower(party, self._markets[party.market], conn)
        if level is None:
            return None
        return await self._finish(party_id, "identity.level_lowered")

    async def _remind(self, now: datetime, limit: int) -> None:
        rows = await self._db.all(
            """
            UPDATE identity.evidence e SET reminded = true
            FROM (
                SELECT party_id, id FROM identity.evidence
                WHERE state = 'accepted' AND valid_until < $1 AND NOT reminded
                ORDER BY valid_until LIMIT $2
            ) w
            WHERE e.party_id = w.party_id AND e.id = w.id AND NOT e.reminded
            RETURNING e.party_id, e.id, e.valid_until
            """,
            now.date() + timedelta(days=REMINDED_DAYS),
            limit,
        )
        for row in rows:
            party = await self._parties.get(row["party_id"])
            if party is None or self._notifier is None or party.state is PartyState.CLOSED:
                continue
            await self._notifier.notify(
                Message(
                    id=derive(row["id"], "ends"),
                    template="identity.evidence_ends",
                    facts={"until": row["valid_until"]},
                    market=party.market,
                    language=party.language,
                    to=party.id,
                )
            )

    async def _endings(self, party_id: UUID) -> int:
        """How much evidence of a party has ended: with it, being told of the same level a second time is
        another message."""
        ended = await self._db.value(
            "SELECT count(*) FROM identity.evidence WHERE party_id = $1"
            " AND (state = 'expired' OR because IS NOT NULL)",
            party_id,
        )
        return int(ended)

    def _read(self, market: Market, party: Party, evidence: Evidence) -> str | Refused:
        known = {need for level in market.ladder(party.kind) for need in level.needs} - PROVEN
        if evidence.kind not in known:
            return Refused(IdentityReason.EVIDENCE_KIND_UNKNOWN, field="kind")
        reader = market.evidence.get(evidence.kind)
        if reader is not None:
            return reader(evidence.value)
        if evidence.kind == "email":
            return read_email(evidence.value)
        text = " ".join(evidence.value.split())
        if evidence.kind == "id_document":
            text = _NOT_IN_FORM.sub("", text).upper()
            if not _DOCUMENT.fullmatch(text) or not any(char.isdigit() for char in text):
                return Refused(IdentityReason.EVIDENCE_UNREADABLE, field="value")
        if not 0 < len(text) <= _VALUE_CHARS_MAX or not text.isprintable():
            return Refused(IdentityReason.EVIDENCE_UNREADABLE, field="value")
        return text

    async def _keep(
        self,
        party: Party,
        evidence: Evidence,
        value: str,
        state: EvidenceState,
        conn: Connection,
    ) -> bool | Refused:
        """Write the evidence; True where it was there before."""
        fingerprint = self._keys.digest("evidence", party.id.bytes, evidence.kind, value)
        before = await conn.fetchrow(
            "SELECT fingerprint FROM identity.evidence WHERE party_id = $1 AND id = $2",
            party.id,
            evidence.id,
        )
        if before is not None:
            same = before["fingerprint"] == fingerprint
            return same or Refused(IdentityReason.EVIDENCE_EXISTS_DIFFERENTLY)
        if evidence.kind in _ONE_WALLET and not await self._take(party, evidence, value, conn):
            return Refused(IdentityReason.EVIDENCE_TAKEN, field="value")
        decided = state is not EvidenceState.GIVEN
        await conn.execute(
            """
            INSERT INTO identity.evidence (party_id, id, kind, value_sealed, fingerprint, state,
                given_at, decided_at, decided_by, valid_until)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
            """,
            party.id,
            evidence.id,
            evidence.kind,
            self._keys.seal(value, str(party.id), str(evidence.id)),
            fingerprint,
            state.value,
            self._clock.now(),
            self._clock.now() if decided else None,
            "form" if decided else None,
            evidence.valid_until,
        )
        return False

    async def _take(self, party: Party, evidence: Evidence, value: str, conn: Connection) -> bool:
        owner = await conn.fetchval(
            """
            INSERT INTO identity.document AS d (digest, market, party_kind, party_id)
            VALUES ($1, $2, $3, $4)
            ON CONFLICT (digest, market, party_kind) DO UPDATE SET party_id = d.party_id
            RETURNING d.party_id
            """,
            self._keys.digest("document", party.market, evidence.kind, value),
            party.market,
            party.kind.value,
            party.id,
        )
        return bool(owner == party.id)

    async def _decide_level(
        self, party: Party, market: Market, conn: Connection
    ) -> Level | Refused:
        """Write the highest level that is covered, and that the ceiling is to follow."""
        # Locked first: of two pieces of evidence at once the second sees the first.
        current, accepted, shown = await self._covered(party.id, conn)
        rank = market.level(current).rank
        above = [level for level in market.ladder(party.kind) if level.rank > rank]
        if not above:
            return Refused(IdentityReason.LEVEL_HIGHEST)
        covered = [level for level in above if accepted.issuperset(level.needs)]
        if not covered:
            missing = [need for need in above[0].needs if need not in shown]
            if not missing:
                return Refused(IdentityReason.LEVEL_NEEDS_REVIEW)
            return Refused(IdentityReason.LEVEL_NEEDS_MORE, {"missing": ", ".join(missing)})
        return await self._write(party.id, covered[-1], conn)

    async def _covered(
        self, party_id: UUID, conn: Connection
    ) -> tuple[str, frozenset[str], frozenset[str]]:
        """The level as it stands, the kinds of evidence that are accepted, and all that were shown.

        Locks the party first: of two pieces of evidence at once the second sees the first."""
        row = await conn.fetchrow(
            """
            SELECT level, phone_sealed IS NOT NULL AS phone, email_sealed IS NOT NULL AS email
            FROM parties.party WHERE id = $1 FOR UPDATE
            """,
            party_id,
        )
        must(row is not None, "a party vanished", party=party_id)
        proven = {CONTACT} | {name for name in (PHONE, EMAIL) if row[name]}
        rows = await conn.fetch(
            "SELECT kind, state FROM identity.evidence WHERE party_id = $1"
            " AND state IN ('given', 'accepted')",
            party_id,
        )
        accepted = proven | {one["kind"] for one in rows if one["state"] == "accepted"}
        return row["level"], frozenset(accepted), frozenset(accepted | {r["kind"] for r in rows})

    async def _lower(self, party: Party, market: Market, conn: Connection) -> Level | None:
        """Write the highest level that is still covered, where that is lower than the present one."""
        current, accepted, _ = await self._covered(party.id, conn)
        ladder = market.ladder(party.kind)
        rank = market.level(current).rank
        still = [v for v in ladder if v.rank <= rank and accepted.issuperset(v.needs)]
        level = still[-1] if still else ladder[0]
        if level.rank >= rank:
            return None
        written = await self._write(party.id, level, conn)
        return None if isinstance(written, Refused) else written

    async def _write(self, party_id: UUID, level: Level, conn: Connection) -> Level | Refused:
        changed = await self._parties.set_level(party_id, level.name, conn)
        if isinstance(changed, Refused):
            return changed
        await conn.execute(
            """
            INSERT INTO identity.raise (party_id, level, begun_at) VALUES ($1, $2, $3)
            ON CONFLICT (party_id) DO UPDATE SET level = excluded.level,
                begun_at = excluded.begun_at
            """,
            party_id,
            level.name,
            self._clock.now(),
        )
        return level

    async def _finish(
        self, party_id: UUID, template: str = "identity.level_raised"
    ) -> Raised | Refused:
        """Give the ledger the ceiling of the level that the party has now, and take the note
        away."""
        for _ in range(_ROUNDS_MAX):
            party = await self._parties.get(party_id)
            if party is None:
                return Refused(PartyReason.PARTY_NOT_FOUND)
            ceiling = self._ceiling(party)
            refused = await self._bounds.set_bounds(
                party.account, 0, ceiling, f"identity level {party.level}"
            )
            if refused is not None:
                return refused
            await self._db.run(
                "DELETE FROM identity.raise WHERE party_id = $1 AND level = $2",
                party_id,
                party.level,
            )
            # Another raise may have passed by with a higher ceiling while ours was on its way.
            after = await self._parties.get(party_id)
            if after is not None and after.level == party.level:
                await self._tell(party, ceiling, template)
                return Raised(party_id, party.level, ceiling)
        raise Unavailable("the level keeps changing; ask again")

    async def _as_before(self, party_id: UUID) -> Raised | Refused:
        """The first answer again, for evidence that was sent twice."""
        raised = await self._finish(party_id)
        return raised if isinstance(raised, Refused) else replace(raised, existed=True)

    def _ceiling(self, party: Party) -> int | None:
        market = self._markets[party.market]
        day = local_day(self._clock.now(), market.zone)
        return market.balance_minor_max(party.level, day)

    async def _tell(self, party: Party, ceiling: int | None, template: str) -> None:
        if self._notifier is None:
            return
        market = self._markets[party.market]
        facts: dict[str, Any] = {"level": party.level}
        if ceiling is not None:
            facts["most"] = Money(ceiling, market.currency)
        message = Message(
            id=derive(party.id, f"level.{party.level}.{await self._endings(party.id)}"),
            template=template,
            facts=facts,
            market=party.market,
            language=party.language,
            to=party.id,
        )
        try:
            await self._notifier.notify(message)
        except Unavailable:
            # The level is raised and durable; to say "try again" now would be wrong.
            _log.exception("message %s could not be stored", message.id)


def _is_reviewed(market: Market, party: Party, kind: str, day: date) -> bool:
    """Whether a person must look at evidence of this kind: the lowest level above the present one that
    wants it decides."""
    rank = market.level(party.level).rank
    for level in market.ladder(party.kind):
        if level.rank > rank and kind in level.needs:
            return level.is_reviewed(day)
    return True
