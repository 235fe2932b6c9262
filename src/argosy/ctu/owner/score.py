"""The owner score: how likely it is that somebody else than the owner acts.

Freeman et al. 2016 ("Who are you?"): how many times likelier is what is seen for anybody than for this
account's owner, over device, network, place, user agent, hour of the week and habit, each smoothed
along a hierarchy from the rough to the fine. The families are weighed, because they speak partly of the
same thing, and the sum of their logarithms becomes a probability.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from math import exp, log
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from argosy.base.outbox import Position
from argosy.base.refusals import Unavailable
from argosy.base.store import Database, Record, Together
from argosy.ctu.events import Event
from argosy.ctu.facts.following import cursor_of, look
from argosy.ctu.history import CONSUMER as HISTORY
from argosy.ctu.models.facts import Why
from argosy.ctu.owner.habits import Crowd, Habits, doubts, mark
from argosy.ctu.owner.traits import FAMILIES, FAMILY_OF, LEVELS, ROOTS, steps

TEACHES: Final = "posted"
ACCOUNTS_MAX: Final = 20_000
AT_HAND_MAX: Final = 2_000
"""So many accounts are kept unpacked, which takes ten times the room."""
HEARD_MAX: Final = 20_000
EVENTS_MAX: Final = 200
WRITE_EVENTS_MIN: Final = 16
CROWD_SAVE_EVENTS: Final = 5_000
TELLING: Final = 1.2
"""What is likelier for anybody by less than this is no reason."""
POLL_SECONDS: Final = 0.25
PAUSE_SECONDS: Final = 0.05
BEGINNING: Final = Position(0, 0)

WEIGHTS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "device": 1.0,
        "network": 0.8,
        "place": 0.5,
        "agent": 0.7,
        "time": 0.4,
        "habit": 0.4,
        "payee": 0.5,
    }
)
SLOPE: Final = 0.9
BASE: Final = -5.6
UNKNOWN: Final = -7.6
"""The probability is 1 / (1 + exp(-(base + SLOPE * sum))), fitted to one half of the accounts of `argosy risk
benchmark owner` where one log-in in two thousand is a stranger's. `base` is UNKNOWN (that share) for an
account without history, and nears BASE as it grows: who is known and shows nothing of it is odd."""

_EVENTS = ROOTS[FAMILIES.index("time")]  # every event has a time
_WEIGHT_OF = tuple(WEIGHTS[FAMILIES[family]] for family in FAMILY_OF)

SAYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "device": "this device",
        "country": "the network's country",
        "provider": "the network's provider",
        "prefix": "the part of the network",
        "address": "the network address",
        "place": "the place",
        "agent_family": "the kind of browser or app",
        "agent": "the version of the browser or app",
        "week_part": "this part of the day",
        "week_block": "this time of the week",
        "kind": "this kind of operation",
        "amount": "an amount of this size",
        "payee": "this payee",
    }
)
_CUSTOMER = MappingProxyType(
    {
        "device": "risk_why.device",
        "network": "risk_why.network",
        "place": "risk_why.place",
        "agent": "risk_why.device",
        "time": "risk_why.time",
        "habit": "risk_why.habit",
        "payee": "risk_why.payee",
    }
)

# The account's state and its newest events after it; what was found to be bad never teaches.
_LOAD = """
    SELECT w.account AS whose, s.log_no AS done, s.state, e.*
      FROM unnest($1::text[]) AS w (account)
      LEFT JOIN ctu.owner_states s ON s.account = w.account
      LEFT JOIN LATERAL (
        SELECT id, log_no, kind, at_ms, market, account, amount, currency, channel, device, payee,
               merchant, network, instrument, attributes
          FROM ctu.events e
         WHERE e.account = w.account AND e.log_no > coalesce(s.log_no, 0)
           AND e.at >= coalesce(s.at - interval '1 hour', '-infinity') AND e.outcome = 'posted'
           AND NOT coalesce((SELECT l.bad FROM ctu.labels l WHERE l.event = e.id
                              ORDER BY l.added_at DESC, l.id DESC LIMIT 1), FALSE)
         ORDER BY e.at DESC LIMIT $2
      ) e ON TRUE
     ORDER BY e.log_no
"""
_WRITE = """
    INSERT INTO ctu.owner_states AS s (account, log_no, at, state)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::bytea[])
    ON CONFLICT (account) DO UPDATE
       SET log_no = excluded.log_no, at = excluded.at, state = excluded.state
     WHERE s.log_no < excluded.log_no
"""
_FORGET = "DELETE FROM ctu.owner_states WHERE account = ANY ($1)"
_SAVE_CROWD = """
    INSERT INTO ctu.owner_crowd AS c (saved_at, state) VALUES (clock_timestamp(), $1)
    ON CONFLICT (one) DO UPDATE SET saved_at = excluded.saved_at, state = excluded.state
     WHERE c.saved_at < excluded.saved_at - interval '30 seconds'
"""
_FIELDS = (
    "id kind at_ms market account amount currency channel device payee merchant network instrument"
    " attributes"
).split()


logger = logging.getLogger(__name__)


class OwnerScore:
    """Scores by the history of each account against that of everybody.

        owner = OwnerScore(db)
        await owner.start()                    # what everybody does, and the log since
        said = owner.read_now(event)           # None: the account is not in memory
        if said is None:
            said = (await owner.read([event]))[0]

    Scoring leaves no trace. The log teaches: `run` follows it, or whoever follows it anyway calls `update`
    and `unlearn`, but not both. What an account is remembered by is small and bounded; it is loaded on
    first sight, shared by all who ask at once, and made from the history (`ctu.events`) where it was
    never kept.
    """

    def __init__(self, db: Database, *, utc_offset_minutes: int = 0) -> None:
        self._db = db
        self._offset_ms = utc_offset_minutes * 60_000
        self._crowd = Crowd()
        self._at_hand: dict[str, Habits] = {}
        self._packed: dict[str, bytes] = {}
        self._loads: Together[str, bytes] = Together(self._load)
        self._heard: deque[Event] = deque()
        self._heard_of: dict[str, list[Event]] = {}
        self._forgotten: set[str] = set()
        self._unsaved = 0
        self._at = BEGINNING
        self._woken = asyncio.Event()

    async def start(self) -> None:
        """Load what everybody does, and read what the history does not hold yet."""
        state = await self._db.value("SELECT state FROM ctu.owner_crowd")
        if state is not None:
            self._crowd = Crowd.unpack(state)
        self._at = await cursor_of(self._db, HISTORY) or BEGINNING
        await self.catch_up()

    async def catch_up(self) -> None:
        """Read the log up to now."""
        more = True
        while more:
            page = await look(self._db, self._at)
            for entry in page.entries:
                if entry.changes is None:
                    self.update(entry.event, entry.outcome)
                elif sum(more_bad for _, more_bad in entry.changes) > 0:
                    self.unlearn(entry.event)
            self._at, more = page.end, page.more

    @property
    def at(self) -> Position:
        """Up to where `catch_up` has read the log: whoever follows it tells what comes after."""
        return self._at

    def wake(self) -> None:
        """Something was committed: look at the log soon."""
        self._woken.set()

    async def run(self) -> None:
        """Follow the log until cancelled; an outage delays and loses nothing."""
        while True:
            self._woken.clear()
            try:
                await self.catch_up()
            except Unavailable as outage:
                logger.warning("the owner score waits for the database: %s", outage)
            await asyncio.sleep(PAUSE_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._woken.wait()

    # --- scoring -------------------------------------------------------------------------------------

    async def read(self, events: Sequence[Event]) -> NDArray[np.float64]:
        """The probability, for each event, that it is not the owner who acts (0..1)."""
        accounts = dict.fromkeys(event.account for event in events)
        loaded = await asyncio.gather(*(self._load_habits(account) for account in accounts))
        habits = dict(zip(accounts, loaded, strict=True))
        crowd, offset_ms = self._crowd, self._offset_ms
        return np.array([score(habits[e.account], crowd, e, offset_ms) for e in events])

    def read_now(self, event: Event) -> float | None:
        """As `read`, at once where the account is in memory; None where it must be loaded first."""
        habits = self._at_hand.get(event.account) or self._unpack(event.account)
        return None if habits is None else score(habits, self._crowd, event, self._offset_ms)

    async def reasons(self, event: Event, top: int = 5) -> list[Why]:
        """What speaks most against the owner, strongest first, in words; at most five."""
        habits = await self._load_habits(event.account)
        return reasons(habits, self._crowd, event, min(top, 5), self._offset_ms)

    # --- learning ------------------------------------------------------------------------------------

    def update(self, event: Event, outcome: str) -> None:
        """Take in one event of the log, in its order. Only what was posted teaches: what was held,
        challenged or denied may be a stranger's."""
        if outcome != TEACHES:
            return
        self._crowd.add(event, self._offset_ms)
        self._unsaved += 1
        self._heard.append(event)
        self._heard_of.setdefault(event.account, []).append(event)
        if len(self._heard) > HEARD_MAX:
            oldest = self._heard.popleft()
            of = self._heard_of[oldest.account]
            of.remove(oldest)
            if not of:
                del self._heard_of[oldest.account]
        habits = self._at_hand.get(event.account) or self._unpack(event.account)
        if habits is not None and mark(event.id) not in habits.recent:
            habits.add(event, self._offset_ms)

    def unlearn(self, event: Event) -> None:
        """Hear that an event was found to be bad: the account's habits are made again from the rest of
        its history, so that a stranger is not known as the owner."""
        self._at_hand.pop(event.account, None)
        self._packed.pop(event.account, None)
        self._forgotten.add(event.account)
        self._heard_of.pop(event.account, None)
        self._heard = deque(e for e in self._heard if e.account != event.account)

    async def save(self) -> None:
        """Keep what everybody does, and forget what was found to be a stranger's. Done by itself in
        passing while accounts are loaded."""
        if self._forgotten:
            forgotten, self._forgotten = list(self._forgotten), set()
            await self._db.run(_FORGET, forgotten)
        self._unsaved = 0
        await self._db.run(_SAVE_CROWD, self._crowd.pack())

    # --- loading -------------------------------------------------------------------------------------

    async def _load_habits(self, account: str) -> Habits:
        habits = self._at_hand.get(account) or self._unpack(account)
        while habits is None:  # others may need the room before it is our turn
            state = await self._loads.get(account)
            habits = self._unpack(account) or (Habits.unpack(state) if state else None)
        return habits

    def _unpack(self, account: str) -> Habits | None:
        """Bring habits that are in memory to hand."""
        state = self._packed.pop(account, None)
        if state is None:
            return self._at_hand.get(account)
        if len(self._at_hand) >= AT_HAND_MAX:
            for other in list(self._at_hand)[: AT_HAND_MAX // 10]:
                self._packed[other] = self._at_hand.pop(other).pack()
        habits = self._at_hand[account] = Habits.unpack(state)
        return habits

    async def _load(self, accounts: list[str]) -> dict[str, bytes]:
        if self._forgotten or self._unsaved >= CROWD_SAVE_EVENTS:
            await self.save()
        rows: dict[str, list[Record]] = {}
        for row in await self._db.all(_LOAD, accounts, EVENTS_MAX):
            rows.setdefault(row["whose"], []).append(row)
        self._make_room(len(accounts))
        changed: list[tuple[str, int, datetime, bytes]] = []
        found: dict[str, bytes] = {}
        for account in accounts:
            state, newer = self._fold(rows[account])
            if len(newer) >= WRITE_EVENTS_MIN:
                at = datetime.fromtimestamp(max(r["at_ms"] for r in newer) / 1000, UTC)
                changed.append((account, newer[-1]["log_no"], at, state))
            if account not in self._at_hand:
                self._packed[account] = self._catch_up(account, state, newer)
            found[account] = state
        if changed:
            await self._db.run(_WRITE, *(list(column) for column in zip(*changed, strict=True)))
        return found

    def _fold(self, rows: list[Record]) -> tuple[bytes, list[Record]]:
        kept = rows[0]["state"]
        newer = [row for row in rows if row["id"] is not None]
        habits = Habits() if kept is None else Habits.unpack(kept)
        for row in newer:
            habits.add(_event(row), self._offset_ms)
        return habits.pack(), newer

    def _catch_up(self, account: str, state: bytes, newer: list[Record]) -> bytes:
        """Add what was heard of and is not in the history yet."""
        heard = self._heard_of.get(account)
        if not heard:
            return state
        habits = Habits.unpack(state)
        known = {mark(row["id"]) for row in newer}.union(habits.recent)
        for event in heard[-EVENTS_MAX:]:
            if mark(event.id) not in known and event.at_ms // 86_400_000 >= habits.day - 1:
                habits.add(event, self._offset_ms)
        return habits.pack()

    def _make_room(self, count: int) -> None:
        """Forget what was loaded first; it is loaded again when it is wanted again."""
        if len(self._packed) + count > ACCOUNTS_MAX:
            for account in list(self._packed)[: ACCOUNTS_MAX // 10 + count]:
                del self._packed[account]


def score(habits: Habits, crowd: Crowd, event: Event, offset_ms: int = 0) -> float:
    """The probability that it is not the owner, by these habits and that crowd."""
    known = habits.counts.get(_EVENTS, 0.0)
    return probability(evidence(habits, crowd, event, offset_ms), known)


def evidence(habits: Habits, crowd: Crowd, event: Event, offset_ms: int = 0) -> float:
    """The weighed sum of the logarithms: above 0 anybody is likelier than the owner."""
    found = steps(event, offset_ms)
    return sum(
        _WEIGHT_OF[level] * log(doubt)
        for (level, _, _), doubt in zip(found, doubts(habits, crowd, found), strict=True)
    )


def probability(evidence_: float, known: float) -> float:
    """From evidence to a probability, for an account of which so many events are known."""
    base = UNKNOWN + (BASE - UNKNOWN) * known / (known + 1.0)
    return 1.0 / (1.0 + exp(-(base + SLOPE * evidence_)))


def reasons(habits: Habits, crowd: Crowd, event: Event, top: int, offset_ms: int = 0) -> list[Why]:
    """What speaks against the owner, strongest first, with the share of the account's own events in
    which the value was seen."""
    found = steps(event, offset_ms)
    rated = sorted(
        (
            (SLOPE * _WEIGHT_OF[level] * log(doubt), level, parent, value)
            for (level, parent, value), doubt in zip(
                found, doubts(habits, crowd, found), strict=True
            )
            if doubt > TELLING
        ),
        reverse=True,
    )
    return [_why(habits.counts, *one) for one in rated[:top]]


def _why(counts: Mapping[int, float], weight: float, level: int, parent: int, value: int) -> Why:
    total = counts.get(parent, 0.0)
    seen = counts.get(value, 0.0) / total if total else 0.0
    name, family = LEVELS[level], FAMILIES[FAMILY_OF[level]]
    said = "never seen" if seen == 0 else f"seen {seen:.0%} of the time"
    return Why(
        f"owner.{name}", weight, seen, f"{SAYS[name]}: {said} with this account", _CUSTOMER[family]
    )


def _event(row: Any) -> Event:
    return Event(**{name: row[name] for name in _FIELDS})
