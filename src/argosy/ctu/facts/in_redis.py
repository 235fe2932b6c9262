"""States in Redis or Redis Cluster, shared by every process.

One process at a time folds the log (who holds a lock in PostgreSQL); all others read. Each entity is one
key, and its value begins with the place in the log to which it was folded: state and place change in one
step, on a cluster too, and an entry that a value has is not counted into it again. A value is only ever
replaced by one that is further, so that whoever believes to be still folding can do no harm. The cursor
follows behind; on a single server it moves in the same transaction as the values.

What Redis loses is filled again from history.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisError

from argosy.base.outbox import Position, forget
from argosy.base.refusals import Unavailable
from argosy.base.store import Connection, Database, Together
from argosy.ctu.facts.filling import fold_history, place_of_history
from argosy.ctu.facts.following import Entry, Page, cursor_of, look
from argosy.ctu.facts.kernel import Kernel, Keys
from argosy.ctu.facts.packing import pack, unpack
from argosy.ctu.facts.process import Key, fold_entry
from argosy.ctu.facts.windows import State

CLUSTER: Final = "redis-cluster"
PREFIX: Final = "argosy:facts"
PLACE_CHARS: Final = 40
CURSOR_SECONDS: Final = 20.0
SCAN_KEYS: Final = 1_000
REDIS_SECONDS_MAX: Final = 5.0

_PUT = """
local before = redis.call('GETRANGE', KEYS[1], 0, 39)
if before == '' or before < string.sub(ARGV[1], 1, 40) then
    redis.call('SET', KEYS[1], ARGV[1])
    return 1
end
return 0
"""
# Who folds moves the cursor and never makes it: where it is gone, Redis has lost more than that.
_ON = """
local before = redis.call('GET', KEYS[1])
if before and before < ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[1])
end
return 0
"""
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 3))"
_FILL = "SELECT pg_advisory_lock(hashtextextended($1, 4))"
_MOVE = """
    INSERT INTO outbox.cursors (consumer, xact, place) VALUES ($1, $2, $3)
    ON CONFLICT (consumer) DO UPDATE
       SET xact = excluded.xact, place = excluded.place, moved_at = clock_timestamp()
"""
_OLD = """
    SELECT version FROM ctu.fact_sets f
     WHERE replaced_at < clock_timestamp() - interval '10 minutes'
       AND EXISTS (SELECT FROM outbox.cursors WHERE consumer = 'ctu.facts ' || f.version || ' redis')
"""

log = logging.getLogger(__name__)


def place_text(at: Position) -> bytes:
    """A place in the log as text that sorts as the log does."""
    return b"%020d%020d" % at


def place_of(value: bytes) -> Position:
    """The place with which a value begins."""
    return Position(int(value[:20]), int(value[20:PLACE_CHARS]))


class RedisStates:
    """The states of one fact set in Redis, as one process sees them."""

    def __init__(
        self, db: Database, kernel: Kernel, consumer: str, heard: Callable[[Entry], None], url: str
    ) -> None:
        self._db = db
        self._kernel = kernel
        self._consumer = f"{consumer} redis"
        self._heard = heard
        self._cluster = url.startswith(CLUSTER)
        self._redis: Any = _client(url)
        self._prefix = f"{PREFIX}:{kernel.fact_set.version}"
        self._reads: Together[tuple[Key, ...], dict[Key, State]] = Together(self._read)
        self._leading: Connection | None = None
        self._stack = AsyncExitStack()
        self.at: Position | None = None

    # --- reading -------------------------------------------------------------------------------------

    def at_hand(self, keys: Keys) -> list[State | None] | None:
        """Nothing is at hand but an event that names nobody."""
        return None if any(keys) else [None] * len(keys)

    async def fetch(self, all_keys: Sequence[Keys]) -> list[list[State | None]]:
        """The states of `all_keys`; all who ask at the same time share the round trip."""
        wanted = tuple(
            dict.fromkeys((n, key) for keys in all_keys for n, key in enumerate(keys) if key)
        )
        found: dict[Key, State] = await self._reads.get(wanted) or {}
        return [
            [None if key is None else found[n, key] for n, key in enumerate(keys)]
            for keys in all_keys
        ]

    async def _read(self, asked: list[tuple[Key, ...]]) -> dict[tuple[Key, ...], dict[Key, State]]:
        wanted = list(dict.fromkeys(key for keys in asked for key in keys))
        values = await self._values(wanted)
        newest = max((place for _, place in values.values()), default=None)
        while newest is not None and self.at is not None and self.at < newest:
            await self._follow(newest)  # so that what the values have is in the air no more
        states = {key: state for key, (state, _) in values.items()}
        empty = self._kernel.empty
        return {
            keys: {key: states[key] if key in states else empty[key[0]] for key in keys}
            for keys in asked
        }

    async def _values(self, wanted: Iterable[Key]) -> dict[Key, tuple[State, Position]]:
        keys = list(wanted)
        names = [self._name(key) for key in keys]
        if not names:
            return {}
        async with _outages():
            if self._cluster:
                values = await self._redis.mget_nonatomic(names)
            else:
                values = await self._redis.mget(names)
        plans = self._kernel.plans
        return {
            key: (unpack(plans[key[0]], value[PLACE_CHARS:]), place_of(value))
            for key, value in zip(keys, values, strict=True)
            if value is not None
        }

    def _name(self, key: Key) -> str:
        return f"{self._prefix}:{{{self._kernel.entities[key[0]]}:{key[1]}}}"

    @property
    def _cursor_name(self) -> str:
        return f"{self._prefix}:cursor"

    # --- the log -------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Fill Redis where it is empty or has lost something; then begin where its cursor stands."""
        async with _outages():
            await self._warn_of_eviction()
        if not await self._filled():
            await self.fill()
        self.at = await self._cursor()
        while (await self.step()).more:
            pass

    async def step(self) -> Page:
        """Fold what is new, where this process is the one that does; then hear what was folded."""
        if await self._lead():
            await self._fold()
        cursor = await self._cursor()
        if cursor is None or self.at is None:
            raise Unavailable("Redis has lost the facts: they are filled again")
        return await self._follow(cursor)

    async def _follow(self, until: Position) -> Page:
        """Read the log up to `until` and tell what it says; the states have it already."""
        at = self.at
        if at is None:
            raise Unavailable("facts have not started")
        page = await look(self._db, at)
        if self.at != at:  # somebody else has just read this
            return Page([], self.at or at, True, page.finished, page.next)
        heard = [entry for entry in page.entries if entry.position <= until]
        for entry in heard:
            self._heard(entry)
        behind = len(heard) < len(page.entries)
        self.at = heard[-1].position if behind and heard else at if behind else page.end
        finished = page.finished if not behind else 0
        return Page(heard, self.at, page.more and not behind, finished, page.next)

    async def tend(self) -> None:
        """Keep the outbox from losing what Redis does not have yet, and nothing longer."""
        if not await self._filled():
            await self.fill()
        if self._leading is None:
            return
        cursor = await self._cursor()
        if cursor is not None:
            await self._db.run(_MOVE, self._consumer, *cursor)
        for row in await self._db.all(_OLD):
            await self._clear(f"{PREFIX}:{row['version']}")
            await forget(self._db, f"ctu.facts {row['version']} redis")

    async def snapshot(self) -> int:
        """Nothing: what is folded is in Redis."""
        return 0

    async def close(self) -> None:
        """Let go of the lock and of Redis."""
        self._leading = None
        await self._stack.aclose()
        await self._redis.aclose()

    async def _lead(self) -> bool:
        if self._leading is not None:
            if not self._leading.is_closed():
                return True
            self._leading = None
            await self._stack.aclose()
        conn = await self._stack.enter_async_context(self._db.connection())
        if await conn.fetchval(_LOCK, self._consumer):
            self._leading = conn
            return True
        await self._stack.aclose()
        return False

    async def _fold(self) -> None:
        """Fold the next page of the log into Redis."""
        cursor = await self._cursor()
        if cursor is None:
            return
        page = await look(self._db, cursor)
        kernel = self._kernel
        keys = dict.fromkeys(
            (n, key)
            for entry in page.entries
            for n, key in enumerate(kernel.fold_keys(entry.event))
            if key
        )
        values = await self._values(keys)
        places: dict[Key, Position] = {}
        states: dict[Key, State] = {}
        for entry in page.entries:
            found: list[State | None] = [None] * kernel.size
            for n, key in enumerate(kernel.fold_keys(entry.event)):
                if key is None:
                    continue
                before = values.get((n, key))
                if before is not None and before[1] >= entry.position:
                    continue  # whoever folded before got so far with this one
                if (n, key) not in states:
                    states[n, key] = before[0] if before is not None else kernel.empty[n].copy()
                found[n] = states[n, key]
                places[n, key] = entry.position
            fold_entry(kernel, entry, found)
        rows = {key: pack(kernel.plans[key[0]], state) for key, state in states.items()}
        await self._put(rows, places, page.end)

    async def _put(
        self, rows: dict[Key, bytes], places: dict[Key, Position], cursor: Position | None
    ) -> None:
        async with _outages():
            pipe = self._redis.pipeline(transaction=not self._cluster)
            for key, packed in rows.items():
                pipe.eval(_PUT, 1, self._name(key), place_text(places[key]) + packed)
            if cursor is not None and not self._cluster:
                pipe.eval(_ON, 1, self._cursor_name, place_text(cursor))
            if len(pipe):
                await pipe.execute()
            if cursor is not None and self._cluster:
                await self._redis.eval(_ON, 1, self._cursor_name, place_text(cursor))

    async def _cursor(self) -> Position | None:
        async with _outages():
            value = await self._redis.get(self._cursor_name)
        return None if value is None else place_of(value)

    # --- filling ---------------------------------------------------------------------------------------

    async def _filled(self) -> bool:
        """Whether Redis has the set, and nothing behind what the outbox may have let go of."""
        cursor = await self._cursor()
        kept = await cursor_of(self._db, self._consumer)
        return cursor is not None and kept is not None and cursor >= kept

    async def fill(self) -> bool:
        """Fill Redis from history, unless that was done; whether it was done now. One process does it
        and the others wait."""
        if await self._filled():
            return False
        async with self._db.connection() as conn:
            await conn.execute(_FILL, self._consumer, timeout=None)
            if await self._filled():
                return False
            log.warning("Redis does not have the facts %s: filling it", self._prefix)
            await self._clear(self._prefix)
            last, at = await place_of_history(self._db)
            await self._db.run(_MOVE, self._consumer, *at)

            async def put(rows: dict[Key, bytes], as_of: Position) -> None:
                await self._put(rows, dict.fromkeys(rows, as_of), None)

            await fold_history(self._db, self._kernel, last, at, put)
            async with _outages():
                await self._redis.set(self._cursor_name, place_text(at))
        return True

    async def _clear(self, prefix: str) -> None:
        async with _outages():
            names: list[bytes] = []
            async for name in self._redis.scan_iter(match=f"{prefix}:*", count=SCAN_KEYS):
                names.append(name)
                if len(names) >= SCAN_KEYS:
                    await self._delete(names)
                    names = []
            await self._delete(names)

    async def _delete(self, names: list[bytes]) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for name in names:
            pipe.execute_command("UNLINK", name)
        if names:
            await pipe.execute()

    async def _warn_of_eviction(self) -> None:
        try:
            told: dict[Any, Any] = await self._redis.config_get("maxmemory-policy")
        except RedisError:  # some hosts do not let us ask
            return
        policy = told.get("maxmemory-policy", told.get(b"maxmemory-policy", b""))
        policy = policy.decode() if isinstance(policy, bytes) else str(policy)
        if policy not in ("", "noeviction"):
            log.error("Redis may throw facts away: maxmemory-policy is %s, not noeviction", policy)


def _client(url: str) -> Any:
    # A read that takes long is an outage: who waits for a verdict is not kept waiting.
    if url.startswith(CLUSTER):
        plain = "redis" + url.removeprefix(CLUSTER)
        return RedisCluster.from_url(plain, socket_timeout=REDIS_SECONDS_MAX)
    return Redis.from_url(url, socket_timeout=REDIS_SECONDS_MAX)


@asynccontextmanager
async def _outages() -> AsyncIterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise Unavailable(f"Redis did not answer: {error}") from error
