"""The one road to PostgreSQL: a pool of connections, short verbs, and one transaction as `work`.

Session settings must be `SET LOCAL`: a connection goes back to the pool without a round trip to
reset it, because that round trip would cost as much as the query before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias

import asyncpg
import msgspec

from argosy.base.refusals import Unavailable

Record: TypeAlias = asyncpg.Record
Connection: TypeAlias = asyncpg.Connection


SERVER_VERSION_MIN = 16
CONNECT_SECONDS_MAX = 10.0
ACQUIRE_SECONDS_MAX = 10.0
COMMAND_SECONDS_MAX = 60.0

# After any of these nothing was decided, or what was decided is found again by asking with the same id.
_OUTAGES = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # admin shutdown, crash shutdown, cannot connect now, cancelled
    asyncpg.InsufficientResourcesError,  # too many connections, disk full, out of memory
    asyncpg.PostgresSystemError,  # the disk does not read or write
    asyncpg.InternalServerError,  # the server's own trouble, such as a quota that is spent
    asyncpg.TransactionRollbackError,  # deadlock, serialisation
    asyncpg.LockNotAvailableError,
    asyncpg.InternalClientError,  # see `_borrow`
    asyncpg.ReadOnlySQLTransactionError,  # a standby, in the middle of a switch
    ConnectionError,
    TimeoutError,
)

_REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)


class StoreError(Exception):
    """The database is there but cannot be used: wrong version, wrong owner, refused migration."""


class Database:
    """A pool of connections to one PostgreSQL database.

    Values travel in PostgreSQL's binary form; jsonb columns take and give dicts and lists. An
    outage raises `Unavailable`; a broken constraint or a mistake in SQL raises asyncpg's own error.
    """

    def __init__(self, pool: asyncpg.Pool[Record], url: str) -> None:
        self._pool = pool
        self._idle: list[Any] = []  # borrowed from the pool and kept: to borrow them costs nothing
        self._waiting = 0  # who waits at the pool, because all are at work
        self._closing = False
        self.url = url

    @classmethod
    async def open(cls, url: str, size: int = 10) -> Database:
        """Connect to `url` with at most `size` connections.

        Raises `Unavailable` where nobody answers, and `StoreError` below PostgreSQL 16, where the
        address cannot be read, or where the server does not let us in.
        """
        with _outages():
            pool = await asyncpg.create_pool(
                url,
                min_size=0,
                max_size=size,
                timeout=CONNECT_SECONDS_MAX,
                command_timeout=COMMAND_SECONDS_MAX,
                max_inactive_connection_lifetime=0,
                max_queries=1_000_000,
                init=_prepare,
                reset=_keep,
                server_settings={"application_name": "argosy", "jit": "off"},
            )
        database = cls(pool, url)
        try:
            version = int(await database.value("SELECT current_setting('server_version_num')::int"))
            if version // 10_000 < SERVER_VERSION_MIN:
                raise StoreError(
                    f"PostgreSQL {version // 10_000} is too old: Argosy needs {SERVER_VERSION_MIN}"
                    " or newer."
                )
        except _REFUSED as error:
            await database.close()
            raise StoreError(f"The database does not let us in: {error}") from error
        except (
            ValueError,
            asyncpg.InterfaceError,
        ):  # it may repeat the password, so it is not shown
            await database.close()
            raise StoreError("The address of the database cannot be read.") from None
        except BaseException:
            await database.close()
            raise
        return database

    async def close(self) -> None:
        """Give back all connections; those still at work after five seconds are cut."""
        self._closing = True
        while self._idle:
            await self._pool.release(self._idle.pop())
        try:
            await asyncio.wait_for(self._pool.close(), 5)
        except TimeoutError:
            self._pool.terminate()

    async def all(self, sql: str, *args: Any) -> list[Record]:
        """Every row of the answer."""
        async with self._borrow() as conn:
            rows: list[Record] = await conn.fetch(sql, *args)
            return rows

    async def one(self, sql: str, *args: Any) -> Record | None:
        """The first row of the answer, or None."""
        async with self._borrow() as conn:
            return await conn.fetchrow(sql, *args)

    async def value(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        async with self._borrow() as conn:
            return await conn.fetchval(sql, *args)

    async def run(self, sql: str, *args: Any) -> str:
        """Do it, in a transaction of its own; the answer is PostgreSQL's tag such as `UPDATE 3`."""
        async with self._borrow() as conn:
            tag: str = await conn.execute(sql, *args)
            return tag

    async def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Do it once for each row, all or nothing."""
        async with self._borrow() as conn:
            await conn.executemany(sql, rows)

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Connection]:
        """One transaction: committed and durable when the block ends, undone when it raises.

        A lost connection raises `Unavailable`, also at the commit, where nobody can know whether it
        still happened: ask again with the same id.
        """
        async with self._borrow() as conn, conn.transaction():
            yield conn

    @asynccontextmanager
    async def _borrow(self) -> AsyncIterator[Connection]:
        conn = await self._take()
        try:
            yield conn
        except BaseException as error:
            with _outages():
                if isinstance(error, asyncpg.InternalClientError):
                    # The server's last word came between two queries, and asyncpg has lost count.
                    conn.terminate()
                await self._pool.release(conn)
                raise
        if self._waiting or self._closing or not _is_open(conn):
            await self._pool.release(conn)
        else:
            self._idle.append(conn)

    async def _take(self) -> Any:
        while self._idle:
            conn = self._idle.pop()
            if _is_open(conn):
                return conn
            await self._pool.release(conn)
        self._waiting += 1
        try:
            with _outages():
                return await self._pool.acquire(timeout=ACQUIRE_SECONDS_MAX)
        except OSError as error:  # no socket, no such host, refused, timed out
            raise Unavailable(f"the database cannot be reached: {error}") from error
        finally:
            self._waiting -= 1

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection outside the pool, for the one who listens or changes session settings."""
        with _outages():
            try:
                conn = await asyncpg.connect(self.url, timeout=CONNECT_SECONDS_MAX)
            except OSError as error:
                raise Unavailable(f"the database cannot be reached: {error}") from error
            try:
                await _prepare(conn)
                yield conn
            finally:
                await conn.close(timeout=CONNECT_SECONDS_MAX)


def _is_open(conn: Any) -> bool:
    """Whether a borrowed connection still is one: the pool takes a lost one back by itself."""
    try:
        return not conn.is_closed()
    except asyncpg.InterfaceError:
        return False


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except _OUTAGES as error:
        raise Unavailable(
            f"the database did not answer: {error or type(error).__name__}"
        ) from error
    except asyncpg.InterfaceError as error:
        # asyncpg says by one class that a connection is gone and that it was called wrongly.
        words = str(error)
        if any(sign in words for sign in ("is closed", "is closing", "was closed", "is not init")):
            raise Unavailable(f"the database is not connected: {words}") from error
        raise


async def _prepare(conn: Any) -> None:
    await conn.set_type_codec(
        "json",
        schema="pg_catalog",
        format="binary",
        encoder=msgspec.json.encode,
        decoder=msgspec.json.decode,
    )
    await conn.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),  # 1 is the format's version
        decoder=lambda data: msgspec.json.decode(data[1:]),
    )


async def _keep(_conn: Any) -> None:
    """Nothing to reset: see the top of the file."""
