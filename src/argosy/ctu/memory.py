"""What one process remembers, loaded on first sight and kept up with the log.

An entity in memory is always: its row, as of the durable cursor at which it was read; and every
operation of the log after that cursor; and what this process was told of and has not met in the log
yet. All three are sets of operations and no operation is in two of them, so nothing is missed and
nothing is counted twice, whichever process made it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from argosy.base.outbox import OBSERVED, Position
from argosy.base.refusals import Unavailable, must
from argosy.base.store import Database, Together
from argosy.ctu.observing import from_event
from argosy.ctu.old_history import Account, Crowd, Key, Observation, mark

CONSUMER = "ctu"
BATCH_EVENTS_MAX = 2_000
POLL_SECONDS = 0.25
PAUSE_SECONDS = 0.1
RECALL_MAX = 50_000

_READ = """
    SELECT s.finished, s.next, e.id, e.body, e.xact, e.place
      FROM (SELECT pg_snapshot_xmin(v) AS finished, pg_snapshot_xmax(v) AS next
              FROM pg_current_snapshot() v) s
      LEFT JOIN LATERAL (
        SELECT id, body, xact, place FROM outbox.events e
         WHERE (e.xact, e.place) > ($1, $2) AND e.xact < s.finished AND e.kind = $4
         ORDER BY e.xact, e.place LIMIT $3
      ) e ON TRUE
"""
_CURSOR = "SELECT xact, place FROM outbox.cursors WHERE consumer = $1"

# One statement, and so one snapshot: rows and cursor belong together.
_LOAD = """
    SELECT 'cursor' AS what, NULL::uuid AS a, NULL::uuid AS b, NULL::text AS name,
           NULL::bytea AS state, place AS number, xact
      FROM outbox.cursors WHERE consumer = $1
    UNION ALL
    SELECT 'account', party, NULL, NULL, state, NULL, NULL FROM ctu.accounts WHERE party = ANY ($2)
    UNION ALL
    SELECT 'pair', p.payer, p.payee, NULL, NULL, p.first_ms, NULL
      FROM unnest($3::uuid[], $4::uuid[]) AS k (payer, payee)
      JOIN ctu.pairs p ON p.payer = k.payer AND p.payee = k.payee
    UNION ALL
    SELECT 'device', device, party, NULL, NULL, first_ms, NULL
      FROM ctu.devices WHERE device = ANY ($5)
    UNION ALL
    SELECT 'crowd', NULL, NULL, name, state, NULL, NULL FROM ctu.crowds WHERE name = ANY ($6)
"""

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Recent:
    """An observation that the durable tables may not hold yet. `position` is its place in the log,
    None as long as this process has only been told of it."""

    seen: Observation
    keys: list[Key]
    position: Position | None


class Memory:
    """The entities of one process. `accounts`, `pairs`, `devices` and `crowds` hold what is loaded; a
    pair's value is when it was first paid (None: never), a device's are its parties likewise."""

    def __init__(self, db: Database, money_in: frozenset[str], entities_max: int) -> None:
        self.accounts: dict[UUID, Account] = {}
        self.pairs: dict[tuple[UUID, UUID], int | None] = {}
        self.devices: dict[UUID, dict[UUID, int]] = {}
        self.crowds: dict[str, Crowd] = {}
        self._by_kind: dict[str, dict[Any, Any]] = {
            "account": self.accounts,
            "pair": self.pairs,
            "device": self.devices,
            "crowd": self.crowds,
        }
        self._db = db
        self._money_in = money_in
        self._entities_max = entities_max
        self._loads: Together[tuple[Key, ...], bool] = Together(self._load)
        self._at: Position | None = None
        self._stepping = asyncio.Lock()
        self._loading = False
        self._told: dict[UUID, Recent] = {}  # of these the log has yet to tell
        self._journal: deque[tuple[UUID, Recent]] = deque()  # of these it has, in its order
        self._recent: dict[Key, list[Recent]] = {}  # both, by what they change
        self._heard: dict[UUID, Observation] = {}  # the journal by event
        self._suspects: tuple[int, list[UUID]] | None = None
        self._recall: dict[UUID, int] = {}
        self.lost = 0  # what this process was told of and the log does not know

    # --- for judging -------------------------------------------------------------------------------

    def missing(self, keys: Iterable[Key]) -> tuple[Key, ...]:
        """Those of `keys` that are not in memory."""
        return tuple(key for key in keys if key[1] not in self._by_kind[key[0]])

    async def load(self, keys: tuple[Key, ...]) -> None:
        """Bring `keys` into memory; everybody who asks at the same time shares the queries."""
        await self._loads.get(keys)

    def recall(self, event: UUID) -> int | None:
        """The decision on an operation that moved money, by the id of its event; None where this
        process does not know of it, or not any more."""
        return self._recall.get(event)

    def learn(self, event: UUID, seen: Observation, decision: int) -> None:
        """Take in at once what this process has just made; the log will tell of it again."""
        if event in self._recall:
            return
        self._remember(event, decision)
        self._told[event] = self._add(seen, None)
        self._apply(seen)

    def heard(self, event: UUID) -> Observation | None:
        """What this process has read of an event that the durable tables do not hold yet."""
        return self._heard.get(event)

    # --- keeping up with the log -------------------------------------------------------------------

    async def start(self) -> None:
        """Begin at the durable cursor, which must exist, and read up to now."""
        row = await self._db.one(_CURSOR, CONSUMER)
        must(row is not None, "the brain's cursor is missing", consumer=CONSUMER)
        if row is not None:
            self._at = Position(row["xact"], row["place"])
        await self.catch_up()

    async def catch_up(self) -> None:
        """Read the log up to now."""
        while await self.step() == BATCH_EVENTS_MAX:
            pass

    async def run(self, woken: asyncio.Event) -> None:
        """Follow the log until cancelled: at once when woken, and every `POLL_SECONDS`."""
        while True:
            woken.clear()
            count = 0
            try:
                count = await self.step()
                await self.trim()
            except Unavailable as outage:
                log.warning("the brain waits for the database: %s", outage)
            if count < BATCH_EVENTS_MAX:
                await asyncio.sleep(PAUSE_SECONDS)
                try:
                    async with asyncio.timeout(POLL_SECONDS):  # wait_for may lose a cancellation
                        await woken.wait()
                except TimeoutError:
                    continue

    async def step(self) -> int:
        """Read the next operations of the log once; how many there were."""
        async with self._stepping:
            at = self._at
            if at is None:
                raise Unavailable("the brain has not started")
            rows = await self._db.all(_READ, *at, BATCH_EVENTS_MAX, OBSERVED)
            heard = [row for row in rows if row["id"] is not None]
            for row in heard:
                self._hear(row["id"], row["body"], Position(row["xact"], row["place"]))
            if len(heard) < BATCH_EVENTS_MAX:
                self._at = max(at, Position(rows[0]["finished"], 0))
                self._check_suspects(rows[0]["finished"], rows[0]["next"])
            else:
                self._at = Position(heard[-1]["xact"], heard[-1]["place"])
            return len(heard)

    async def trim(self) -> None:
        """Let go of the part of the log that the durable tables have taken in."""
        row = await self._db.one(_CURSOR, CONSUMER)
        if row is None or self._loading:  # what is being loaded may need what would go
            return
        done = Position(row["xact"], row["place"])
        while self._journal:
            event, recent = self._journal[0]
            if recent.position is None or recent.position > done:
                return
            self._journal.popleft()
            self._heard.pop(event, None)
            self._remove(recent)

    def _hear(self, event: UUID, body: dict[str, Any], position: Position) -> None:
        recent = self._told.pop(event, None)
        if recent is None:
            seen = from_event(body, self._money_in)
            self._remember(event, body["decision"])
            recent = self._add(seen, position)
            self._apply(seen)
        else:
            recent.position = position
        self._journal.append((event, recent))
        self._heard[event] = recent.seen

    def _add(self, seen: Observation, position: Position | None) -> Recent:
        recent = Recent(seen, seen.changes(), position)
        for key in recent.keys:
            self._recent.setdefault(key, []).append(recent)
        return recent

    def _remove(self, recent: Recent) -> None:
        for key in recent.keys:
            waiting = self._recent[key]
            if len(waiting) == 1:
                del self._recent[key]
            else:
                waiting.remove(recent)

    def _apply(self, seen: Observation) -> None:
        for key in seen.changes():
            if key[1] in self._by_kind[key[0]]:
                self._apply_to(key, seen)

    def _apply_to(self, key: Key, seen: Observation) -> None:
        kind, name = key
        if kind == "account":
            self.accounts[name].add(seen)
        elif kind == "crowd":
            if seen.counts:
                self.crowds[name].add(mark(seen.member or seen.party), seen.at_ms)
        elif seen.trusted and seen.outgoing:
            if kind == "pair":
                first = self.pairs[name]
                self.pairs[name] = seen.at_ms if first is None else min(first, seen.at_ms)
            else:
                parties = self.devices[name]
                parties[seen.party] = min(parties.get(seen.party, seen.at_ms), seen.at_ms)

    def _check_suspects(self, finished: int, following: int) -> None:
        """What was told before a moment, and is not in the log once every transaction begun by then
        has ended, was never committed with an event: forget the entities and read them again."""
        if self._suspects is not None and finished >= self._suspects[0]:
            for event in self._suspects[1]:
                recent = self._told.pop(event, None)
                if recent is None:
                    continue
                self.lost += 1
                log.error("the log does not know the operation of event %s: forgotten", event)
                self._remove(recent)
                for kind, name in recent.keys:
                    self._by_kind[kind].pop(name, None)
            self._suspects = None
        if self._suspects is None and self._told:
            self._suspects = following, list(self._told)

    def _remember(self, event: UUID, decision: int) -> None:
        self._recall[event] = decision
        if len(self._recall) > RECALL_MAX:
            for old in list(self._recall)[: RECALL_MAX // 10]:
                del self._recall[old]

    # --- loading -------------------------------------------------------------------------------------

    async def _load(self, asked: list[tuple[Key, ...]]) -> dict[tuple[Key, ...], bool]:
        wanted = self.missing(dict.fromkeys(key for keys in asked for key in keys))
        self._loading = True
        try:
            rows = await self._rows(wanted)
            as_of = next(Position(r["xact"], r["number"]) for r in rows if r["what"] == "cursor")
            # The rows may hold operations that this process has not read yet: it reads them first,
            # so that each one it was told of itself is known to be in the rows.
            while self._at is None or self._at < as_of:
                await self.step()
            self._fill(wanted, rows)
            for key in wanted:
                for recent in self._recent.get(key, ()):
                    if recent.position is None or recent.position > as_of:
                        self._apply_to(key, recent.seen)
        finally:
            self._loading = False
        return dict.fromkeys(asked, True)

    async def _rows(self, wanted: tuple[Key, ...]) -> list[Any]:
        names: dict[str, list[Any]] = {kind: [] for kind in self._by_kind}
        for kind, name in wanted:
            names[kind].append(name)
        return await self._db.all(
            _LOAD,
            CONSUMER,
            names["account"],
            [payer for payer, _ in names["pair"]],
            [payee for _, payee in names["pair"]],
            names["device"],
            names["crowd"],
        )

    def _fill(self, wanted: tuple[Key, ...], rows: list[Any]) -> None:
        self._make_room(len(wanted))
        empty: dict[str, Any] = {"account": Account, "device": dict, "crowd": Crowd}
        for kind, name in wanted:
            self._by_kind[kind][name] = empty[kind]() if kind in empty else None
        for row in rows:
            if row["what"] == "account":
                self.accounts[row["a"]] = Account.unpack(row["state"])
            elif row["what"] == "pair":
                self.pairs[row["a"], row["b"]] = row["number"]
            elif row["what"] == "device":
                self.devices[row["a"]][row["b"]] = row["number"]
            elif row["what"] == "crowd":
                self.crowds[row["name"]] = Crowd.unpack(row["state"])

    def _make_room(self, count: int) -> None:
        """Forget what was loaded first; it is loaded again when it is wanted again."""
        for entities in self._by_kind.values():
            if len(entities) + count > self._entities_max:
                for name in list(entities)[: self._entities_max // 10 + count]:
                    del entities[name]
