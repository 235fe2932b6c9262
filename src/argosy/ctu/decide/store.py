"""What was said is kept, with all that it takes to come to it again.

A verdict that stops a payment, or reserves its money, is durable before the customer hears of it: who
tells the brain of the outcome waits for a shared insert, which also tells the log of what was stopped.
A plain yes is packed with some hundred others and written behind: a killed process loses those of its
last second, while the history knows of each event that it let through, and by which verdict.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec

from argosy.base.ids import Ids
from argosy.base.outbox import OBSERVED
from argosy.base.ports import Decision, Hit
from argosy.base.refusals import Unavailable
from argosy.base.store import Database, Record, Together
from argosy.ctu.decide.decider import Judged
from argosy.ctu.decide.made import Made, keep_made
from argosy.ctu.decide.packing import Evidence, pack, search, unpack
from argosy.ctu.from_operation import Logged, read
from argosy.ctu.history import event_of_row
from argosy.ctu.history.writing import append_entries

BLOCK_VERDICTS_MAX = 128
BLOCK_SECONDS = 1.0
WAITING_MAX = 50_000
"""So many plain yeses wait at most for a database that does not answer; the oldest go, loudly."""
PAGE_MAX = 200
RECOVER_ENTRIES = 20_000
SLACK = timedelta(seconds=30)
"""A verdict is told within so long after it was made."""

_INSERT = """
    INSERT INTO ctu.verdict_rows (id, event, account, payee, market, kind, channel, amount_minor,
                                  currency, at, outcome, decision, challenge, score, hits,
                                  unevaluated, answered, version, evidence)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
    ON CONFLICT DO NOTHING
"""
_BLOCK = """
    INSERT INTO ctu.verdict_blocks (id, from_at, to_at, version, count, packed)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
"""
_CUT_OFF = """
    SELECT e.body FROM (
        SELECT kind, body FROM outbox.events ORDER BY xact DESC, place DESC LIMIT $2
    ) e
     WHERE e.kind = $1 AND e.body ->> 'outcome' = 'held' AND e.body ->> 'evidence' IS NOT NULL
       AND NOT EXISTS (SELECT FROM ctu.verdict_rows v WHERE v.id = (e.body ->> 'verdict')::uuid)
"""
_BLOCKS = """
    SELECT version, packed FROM ctu.verdict_blocks
     WHERE to_at >= $1::timestamptz - $2::interval AND from_at <= $1 + $2::interval
       AND to_at < $1 + interval '1 hour' ORDER BY to_at
"""

log = logging.getLogger(__name__)


class Kept(msgspec.Struct, frozen=True):
    """A verdict as it was kept. `evidence` has the event, the facts, the scores and what was said."""

    evidence: Evidence
    outcome: str
    version: str

    @property
    def id(self) -> UUID:
        return self.evidence.id

    @property
    def event(self) -> UUID:
        return self.evidence.event_id

    @property
    def decision(self) -> Decision:
        return self.evidence.answer.decision

    @property
    def challenge(self) -> str | None:
        return self.evidence.answer.challenge

    @property
    def hits(self) -> tuple[Hit, ...]:
        return self.evidence.answer.hits

    @property
    def unevaluated(self) -> tuple[str, ...]:
        return self.evidence.answer.unevaluated


class Verdicts:
    """Keeps verdicts and finds them again."""

    def __init__(self, db: Database, ids: Ids) -> None:
        self._db = db
        self._ids = ids
        self._inserts: Together[_Waiting, bool] = Together(self._insert)
        self._plain: deque[Judged] = deque()
        self._flushing = asyncio.Lock()
        self._new_versions: dict[str, Made] = {}
        self._kept_versions: set[str] = set()
        self.dropped = (
            0  # plain yeses that were never written, because the database was away too long
        )

    # --- keeping -----------------------------------------------------------------------------------

    def by(self, made: Made) -> None:
        """From now on verdicts come that were made by this; it is kept before the first of them."""
        if made.version not in self._kept_versions:
            self._new_versions[made.version] = made

    async def keep(self, verdict: Judged, outcome: str, *, tell: bool = True) -> None:
        """Store one verdict that was not a plain yes; durable when this returns. With `tell` the log
        hears of an event that was stopped, in the same commit. All who wait share the inserts."""
        await self._inserts.get(_Waiting(verdict, outcome, tell))

    def note(self, verdict: Judged) -> None:
        """Store a plain yes soon."""
        self._plain.append(verdict)
        if len(self._plain) > WAITING_MAX:
            self._plain.popleft()
            self.dropped += 1
            if self.dropped & (self.dropped - 1) == 0:
                log.error("%s verdicts could not be kept: the database is away", self.dropped)

    async def flush(self) -> None:
        """Write the plain yeses that wait now. Raises `Unavailable`: then they wait on."""
        async with self._flushing:
            await self._keep_versions()
            left = len(self._plain)
            while left > 0:
                first = self._plain[0].version
                most = min(left, BLOCK_VERDICTS_MAX)
                block = []
                for one in islice(self._plain, most):
                    if one.version != first:
                        break
                    block.append(one)
                await self._db.run(_BLOCK, *self._block(block))
                for _ in block:
                    self._plain.popleft()
                left -= len(block)

    async def run(self) -> None:
        """Write plain yeses every second until cancelled."""
        while True:
            await asyncio.sleep(BLOCK_SECONDS)
            try:
                await self.flush()
            except Unavailable as outage:
                log.warning("verdicts wait for the database: %s", outage)

    def _block(self, verdicts: Sequence[Judged]) -> tuple[Any, ...]:
        times = [said_at(one.id) for one in verdicts]
        return (
            self._ids.new(),
            min(times),
            max(times),
            verdicts[0].version,
            len(verdicts),
            pack(verdicts, events=False),
        )

    async def _insert(self, waiting: list[_Waiting]) -> dict[_Waiting, bool]:
        await self._keep_versions()
        stopped = [one for one in waiting if one.tell and one.outcome in ("challenged", "denied")]
        async with self._db.work() as conn:
            await conn.executemany(_INSERT, [_row(one.verdict, one.outcome) for one in waiting])
            if stopped:
                entries = [entry_of(one.verdict, one.outcome) for one in stopped]
                await append_entries(conn, entries)
        return dict.fromkeys(waiting, True)

    async def _keep_versions(self) -> None:
        for version, made in list(self._new_versions.items()):
            await keep_made(self._db, made)
            self._kept_versions.add(version)
            self._new_versions.pop(version, None)

    async def recover(self) -> int:
        """Keep what was held with its money by a process that was cut off before it kept the verdict;
        how many there were. Looks at the last entries of the log, so call it at each start."""
        rows = await self._db.all(_CUT_OFF, OBSERVED, RECOVER_ENTRIES)
        entries = [read(row["body"]) for row in rows]
        async with self._db.work() as conn:
            await conn.executemany(_INSERT, [_row_of(one) for one in entries])
        return len(entries)

    # --- finding -----------------------------------------------------------------------------------

    async def of_event(self, event: UUID) -> list[Kept]:
        """Every verdict kept on one event (an operation of the wallet), oldest first."""
        rows = await self._db.all(
            "SELECT * FROM ctu.verdict_rows WHERE event = $1 ORDER BY id", event
        )
        found = {row["id"]: kept_of(row) for row in rows}
        named = await self._db.all(
            "SELECT verdict FROM ctu.events WHERE id = $1 AND verdict IS NOT NULL", event
        )
        for verdict in [row["verdict"] for row in named if row["verdict"] not in found]:
            plain = await self._plain_of(verdict)
            if plain is not None:
                found[verdict] = plain
        return [found[id_] for id_ in sorted(found)]

    async def of_account(self, account: str, limit: int = 50) -> list[Kept]:
        """The latest verdicts on one account that were not a plain yes, newest first."""
        rows = await self._db.all(
            "SELECT * FROM ctu.verdict_rows WHERE account = $1 ORDER BY id DESC LIMIT $2",
            account,
            min(limit, PAGE_MAX),
        )
        return [kept_of(row) for row in rows]

    async def get(self, verdict: UUID) -> Kept | None:
        """The verdict with this id; None where it was not kept, or not yet."""
        row = await self._db.one("SELECT * FROM ctu.verdict_rows WHERE id = $1", verdict)
        return kept_of(row) if row is not None else await self._plain_of(verdict)

    async def find(self, wanted: UUID) -> list[Kept]:
        """What was said by the verdict, or on the event, or on the first step of the order, with this
        id; oldest first."""
        by_id = await self.get(wanted)
        return [by_id] if by_id is not None else await self.of_event(wanted)

    async def _plain_of(self, verdict: UUID) -> Kept | None:
        if verdict.version != 7:
            return None
        for row in await self._db.all(_BLOCKS, said_at(verdict), SLACK):
            for one in search(row["packed"], verdict):
                if one.id == verdict:
                    return (await self.with_events([one], row["version"]))[0]
        return None

    async def with_events(self, found: Sequence[Evidence], version: str) -> list[Kept]:
        """The verdicts of a block with their events, as the history knows them, and what became of
        these; one whose event is not there (yet) has none."""
        rows = await self._db.all(
            "SELECT * FROM ctu.events WHERE id = ANY ($1)", [one.event_id for one in found]
        )
        by_verdict = {row["verdict"]: row for row in rows}
        kept = []
        for one in found:
            row = by_verdict.get(one.id)
            event = None if row is None else event_of_row(row)
            told = msgspec.structs.replace(one, event=event)
            kept.append(Kept(told, "posted" if row is None else row["outcome"], version))
        return kept


def said_at(verdict: UUID) -> datetime:
    """When the verdict with this id was made."""
    return datetime.fromtimestamp((verdict.int >> 80) / 1000, UTC)


def entry_of(verdict: Judged, outcome: str, order: UUID | None = None) -> Logged:
    """The entry of the log for what became of a verdict's event."""
    if verdict.decision is Decision.ALLOW:
        return Logged(
            event=verdict.event,
            outcome=outcome,
            score=verdict.score,
            verdict=verdict.id,
            version=verdict.version,
            order=order,
        )
    return Logged(
        event=verdict.event,
        outcome=outcome,
        decision=int(verdict.decision),
        score=verdict.score,
        verdict=verdict.id,
        hits=verdict.hits,
        unevaluated=verdict.unevaluated,
        challenge=verdict.challenge,
        version=verdict.version,
        evidence=_evidence(verdict) if outcome == "held" else b"",
        order=order,
    )


def _evidence(verdict: Judged) -> bytes:
    return verdict.packed if verdict.facts is None else pack([verdict])


class _Waiting:
    """Two equal verdicts are still two."""

    __slots__ = ("outcome", "tell", "verdict")

    def __init__(self, verdict: Judged, outcome: str, tell: bool) -> None:
        self.verdict = verdict
        self.outcome = outcome
        self.tell = tell


def _row(verdict: Judged, outcome: str) -> tuple[Any, ...]:
    return _row_of(entry_of(verdict, outcome), pack([verdict]), verdict.answered)


def _row_of(entry: Logged, evidence: bytes = b"", answered: bool = False) -> tuple[Any, ...]:
    event = entry.event
    return (
        entry.verdict,
        event.id,
        event.account,
        event.payee or event.merchant or event.instrument,
        event.market,
        event.kind,
        event.channel,
        event.amount,
        event.currency,
        datetime.fromtimestamp(event.at_ms / 1000, UTC),
        entry.outcome,
        Decision(entry.decision).name.lower(),
        entry.challenge,
        entry.score,
        [msgspec.to_builtins(hit) for hit in entry.hits],
        list(entry.unevaluated),
        answered,
        entry.version,
        evidence or entry.evidence,
    )


def kept_of(row: Record) -> Kept:
    """The verdict of a row of `ctu.verdict_rows`."""
    (evidence,) = unpack(row["evidence"])
    return Kept(evidence, row["outcome"], row["version"])
