"""States in the memory of one process, over rows of PostgreSQL.

What a process knows of an entity is always: its row, as of the cursor at which it was read; and every
entry of the log after that cursor, once. An entity that is in memory, or on the shelf (packed), has all
entries that this process has read; for any other the entries since the cursor are kept until it is loaded.

Any process may write the rows (`snapshot`): all that changed since the cursor, as of the place to which it
has read the log, in the transaction that moves the cursor there.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from argosy.base.outbox import Position
from argosy.base.refusals import Unavailable, must
from argosy.base.store import Connection, Database, Together
from argosy.ctu.facts.following import Entry, Page, cursor_of, look
from argosy.ctu.facts.kernel import Kernel, Keys
from argosy.ctu.facts.packing import pack, unpack
from argosy.ctu.facts.windows import State

ENTITIES_MAX: Final = 60_000
LOAD_TRIES_MAX: Final = 4
ROWS_MAX: Final = 2_000
PACK_AT_ONCE: Final = 100
"""Between so many states packed, whoever waits gets a turn."""

SNAPSHOT_SECONDS: Final = 20.0
SNAPSHOT_ENTRIES: Final = 20_000

Key = tuple[int, str]
"""Which entity, by its number, and who."""

# One statement, and so one snapshot: rows and cursor belong together.
_LOAD = """
    SELECT NULL AS entity, NULL AS key, NULL::bytea AS state, xact, place
      FROM outbox.cursors WHERE consumer = $1
    UNION ALL
    SELECT s.entity, s.key, s.state, NULL, NULL
      FROM unnest($2::text[], $3::text[]) AS k (entity, key)
      JOIN ctu.states s ON s.key = k.key AND s.entity = k.entity AND s.version = $4
"""
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 1))"
_CURSOR = "SELECT xact, place FROM outbox.cursors WHERE consumer = $1 FOR UPDATE"
_AGE = """
    SELECT xact, place, extract(epoch FROM clock_timestamp() - moved_at)::float8 AS seconds
      FROM outbox.cursors WHERE consumer = $1
"""
_MOVE = """
    UPDATE outbox.cursors SET xact = $2, place = $3, moved_at = clock_timestamp()
     WHERE consumer = $1
"""
PUT: Final = """
    INSERT INTO ctu.states (key, entity, version, state)
    SELECT key, entity, $4, state FROM unnest($1::text[], $2::text[], $3::bytea[]) t (key, entity, state)
    ON CONFLICT (key, entity, version) DO UPDATE SET state = excluded.state
"""

log = logging.getLogger(__name__)


class ProcessStates:
    """States of one process; `start` first. `heard` is told of each entry once states have it."""

    def __init__(
        self,
        db: Database,
        kernel: Kernel,
        consumer: str,
        heard: Callable[[Entry], None],
        *,
        entities_max: int = ENTITIES_MAX,
    ) -> None:
        self._db = db
        self._kernel = kernel
        self._consumer = consumer
        self._heard = heard
        self._entities_max = entities_max
        self.states: list[dict[str, State]] = [{} for _ in range(kernel.size)]
        self._shelf: dict[Key, tuple[bytes, int]] = {}  # packed, and the number of the last change
        self._waiting: dict[Key, list[Entry]] = {}  # entries of entities that are not here
        self._loads: Together[tuple[Key, ...], bool] = Together(self._load)
        self._loading = 0
        self._stepping = asyncio.Lock()
        self.at: Position | None = None
        self._number = 0
        self._stored = 0  # changes up to this number are in the rows
        self._steps: deque[tuple[Position, int]] = (
            deque()
        )  # how far the log was read, and its number

    # --- reading -------------------------------------------------------------------------------------

    def at_hand(self, keys: Keys) -> list[State | None] | None:
        """The states of `keys`, None where there is no key; or None where not all are here."""
        found: list[State | None] = []
        for n, key in enumerate(keys):
            if key is None:
                found.append(None)
                continue
            state = self.states[n].get(key)
            if state is None:
                state = self._unshelve(n, key)
                if state is None:
                    return None
            found.append(state)
        return found

    async def bring(self, all_keys: Iterable[Keys]) -> None:
        """Bring whoever is not here; all who ask at the same time share the queries."""
        missing = self._missing((n, key) for keys in all_keys for n, key in enumerate(keys) if key)
        if missing:
            await self._loads.get(missing)

    async def fetch(self, all_keys: Iterable[Keys]) -> None:
        """Bring whoever is missing; `at_hand` then gives the states."""
        await self.bring(all_keys)

    def _missing(self, keys: Iterable[Key]) -> tuple[Key, ...]:
        return tuple(
            key
            for key in dict.fromkeys(keys)
            if key[1] not in self.states[key[0]] and key not in self._shelf
        )

    def _unshelve(self, n: int, key: str) -> State | None:
        shelved = self._shelf.pop((n, key), None)
        if shelved is None:
            return None
        state = unpack(self._kernel.plans[n], shelved[0])
        state[1] = shelved[1]
        self.states[n][key] = state
        return state

    # --- the log -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin at the cursor, which must exist, and read up to now."""
        self.at = await cursor_of(self._db, self._consumer)
        must(self.at is not None, "the facts' cursor is missing", consumer=self._consumer)
        await self.catch_up()

    async def catch_up(self) -> None:
        """Read the log up to now."""
        more = True
        while more:
            more = (await self.step()).more

    async def step(self) -> Page:
        """Read the next entries of the log once."""
        async with self._stepping:
            if self.at is None:
                raise Unavailable("facts have not started")
            page = await look(self._db, self.at)
            for entry in page.entries:
                self.apply(entry)
            self._make_room(0)
            self.at = page.end
            self._steps.append((page.end, self._number))
            return page

    def apply(self, entry: Entry) -> None:
        """Count one entry. To be called in the order of the log."""
        self._number += 1
        entry.number = self._number
        kernel, event = self._kernel, entry.event
        found: list[State | None] = [None] * kernel.size
        for n, key in enumerate(kernel.fold_keys(event)):
            if key is None:
                continue
            state = self.states[n].get(key)
            if state is None:
                state = self._unshelve(n, key)
                if state is None:
                    self._waiting.setdefault((n, key), []).append(entry)
                    continue
            elif state is kernel.empty[n]:
                state = self.states[n][key] = state.copy()
            found[n] = state
        fold_entry(kernel, entry, found)
        self._heard(entry)

    # --- loading -------------------------------------------------------------------------------------

    async def _load(self, asked: list[tuple[Key, ...]]) -> dict[tuple[Key, ...], bool]:
        wanted = self._missing(key for keys in asked for key in keys)
        self._loading += 1
        try:
            rows, as_of = await self._rows(wanted)
            # Rows may be newer than what this process has read of the log: then it reads on first, so
            # that the entries which the rows have are known to be old.
            while self.at is None or self.at < as_of:
                await self.step()
            self._make_room(len(wanted))
            for n, key in wanted:
                if key not in self.states[n] and (n, key) not in self._shelf:
                    self.states[n][key] = self._filled((n, key), rows.get((n, key)), as_of)
        finally:
            self._loading -= 1
        return dict.fromkeys(asked, True)

    async def _rows(self, wanted: Iterable[Key]) -> tuple[dict[Key, bytes], Position]:
        names = self._kernel.entities
        places = {name: n for n, name in enumerate(names)}
        keys = list(wanted)
        rows = await self._db.all(
            _LOAD,
            self._consumer,
            [names[n] for n, _ in keys],
            [key for _, key in keys],
            self._kernel.fact_set.version,
        )
        cursor = next((row for row in rows if row["entity"] is None), None)
        if cursor is None:
            raise Unavailable("the facts' set was withdrawn")
        found = {
            (places[row["entity"]], row["key"]): row["state"]
            for row in rows
            if row["entity"] is not None
        }
        return found, Position(cursor["xact"], cursor["place"])

    def _filled(self, key: Key, row: bytes | None, as_of: Position) -> State:
        """The state of an entity that comes in, with the entries that its row does not have."""
        n = key[0]
        entries = [e for e in self._waiting.pop(key, ()) if e.position > as_of]
        if row is None and not entries:
            return self._kernel.empty[n]
        state = self._kernel.empty[n].copy() if row is None else unpack(self._kernel.plans[n], row)
        states: list[State | None] = [None] * self._kernel.size
        states[n] = state
        for entry in entries:
            fold_entry(self._kernel, entry, states)
        return state

    def _make_room(self, count: int) -> None:
        """Put away what came in first: on the shelf what the rows do not have yet."""
        here = sum(len(states) for states in self.states)
        if here + count <= self._entities_max:
            return
        for n, states in enumerate(self.states):
            share = min(len(states), len(states) // 10 + count * len(states) // max(here, 1) + 1)
            for key in list(states)[:share]:
                state = states.pop(key)
                if state is not self._kernel.empty[n] and state[1] > self._stored:
                    self._shelf[n, key] = pack(self._kernel.plans[n], state), state[1]

    # --- rows ------------------------------------------------------------------------------------------

    async def tend(self) -> None:
        """Let go of what the rows have; and write them where nobody did for long enough."""
        row = await self._db.one(_AGE, self._consumer)
        if row is None:
            raise Unavailable("the facts' set was withdrawn")
        self._trim(Position(row["xact"], row["place"]))
        changed = self._number - self._stored
        if changed >= SNAPSHOT_ENTRIES or row["seconds"] >= SNAPSHOT_SECONDS:
            await self.snapshot()

    async def close(self) -> None:
        """Nothing is held outside of this process."""

    def _trim(self, done: Position) -> None:
        while self._steps and self._steps[0][0] <= done:
            self._stored = self._steps.popleft()[1]
        if self._loading:  # what is being loaded may need what would go
            return
        self._waiting = {k: w for k, w in self._waiting.items() if w[-1].position > done}
        self._shelf = {k: s for k, s in self._shelf.items() if s[1] > self._stored}

    async def snapshot(self) -> int:
        """Write what changed since the cursor; how many rows. 0 also where somebody else is further.

        Raises `Unavailable`: then nobody knows whether it was written, and nothing is wrong.
        """
        async with self._stepping:
            at = self.at
            if at is None:
                raise Unavailable("facts have not started")
            rows = await self._packed(at)
        if rows is None or not await self._write(rows, at):
            return 0
        self._trim(at)
        return len(rows)

    async def _packed(self, at: Position) -> dict[Key, bytes] | None:
        """Everything that changed since the rows were written, packed; None where they are newer."""
        plans = self._kernel.plans
        while self._waiting:
            wanted = list(self._waiting)[:ROWS_MAX]
            self._loading += 1
            try:
                old, as_of = await self._rows(wanted)
                if as_of > at:
                    return None
                for key in wanted:
                    if key in self._waiting:  # nobody has loaded it meanwhile
                        number = self._waiting[key][-1].number
                        state = self._filled(key, old.get(key), as_of)
                        if state is not self._kernel.empty[key[0]]:
                            self._shelf[key] = pack(plans[key[0]], state), number
            finally:
                self._loading -= 1
            await asyncio.sleep(0)
        stored = self._stored
        rows = {one: packed for one, (packed, number) in self._shelf.items() if number > stored}
        changed = [
            (n, key, state)
            for n, states in enumerate(self.states)
            for key, state in states.items()
            if state[1] > stored
        ]
        for count, (n, name, state) in enumerate(changed, 1):
            rows[n, name] = pack(plans[n], state)
            if count % PACK_AT_ONCE == 0:
                await asyncio.sleep(0)
        return rows

    async def _write(self, rows: dict[Key, bytes], at: Position) -> bool:
        async with self._db.work() as conn:
            if not await conn.fetchval(_LOCK, self._consumer):
                return False
            cursor = await conn.fetchrow(_CURSOR, self._consumer)
            if cursor is None or Position(cursor["xact"], cursor["place"]) > at:
                return False
            await put_rows(conn, self._kernel, rows)
            await conn.execute(_MOVE, self._consumer, *at)
        return True


def fold_entry(kernel: Kernel, entry: Entry, states: list[State | None]) -> None:
    """Count `entry` in `states`."""
    if entry.changes is None:
        kernel.fold(entry.event, entry.outcome, entry.number, *states)
        return
    for outcome, by in entry.changes:
        if by:
            kernel.mark(entry.event, outcome, by, entry.number, *states)


async def put_rows(conn: Connection, kernel: Kernel, rows: dict[Key, bytes]) -> None:
    """Write packed states, in the transaction of `conn`."""
    items: list[tuple[Key, Any]] = sorted(rows.items(), key=lambda item: (item[0][1], item[0][0]))
    for start in range(0, len(items), ROWS_MAX):
        part = items[start : start + ROWS_MAX]
        await conn.execute(
            PUT,
            [key for (_, key), _ in part],
            [kernel.entities[n] for (n, _), _ in part],
            [packed for _, packed in part],
            kernel.fact_set.version,
        )
