"""Versions of models, kept in PostgreSQL; one is live for each name."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

from argosy.base.clock import Clock
from argosy.base.refusals import Bug, Refused
from argosy.base.store import Connection, Database, Record
from argosy.ctu.models.facts import Candidate, Card, Model, ModelReason, State, Version
from argosy.ctu.models.kinds import Known, make

_COLUMNS = (
    "name, version, kind, state, columns, card, metrics, fingerprint,"
    " put_at, put_by, moved_at, moved_by, moved_why"
)
_ONE = f"SELECT {_COLUMNS} FROM ctu.models WHERE name = $1 AND version = $2"
_PUT = """
    INSERT INTO ctu.models (name, version, kind, text, columns, card, metrics, fingerprint,
                            state, put_at, put_by, moved_at, moved_by, moved_why)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'candidate', $9, $10, $9, $10, 'put')
    ON CONFLICT DO NOTHING RETURNING name
"""
_MOVE = """
    UPDATE ctu.models SET state = $3, moved_at = $4, moved_by = $5, moved_why = $6
     WHERE name = $1 AND version = $2
"""
_STEP = """
    INSERT INTO ctu.model_steps (name, step, version, was, state, at, by, why)
    SELECT $1, coalesce(max(step), 0) + 1, $2, $3, $4, $5, $6, $7
      FROM ctu.model_steps WHERE name = $1
"""
_BEFORE = """
    SELECT s.version FROM ctu.model_steps s
      JOIN ctu.models m ON m.name = s.name AND m.version = s.version
     WHERE s.name = $1 AND s.state = 'live' AND s.version <> $2 AND m.state = 'retired'
     ORDER BY s.step DESC LIMIT 1
"""
_TEXTS = (
    "SELECT name, version, kind, text, columns, card FROM ctu.models WHERE state = $1 ORDER BY name"
)

_MAY_SHADOW = (State.CANDIDATE, State.RETIRED, State.ROLLED_BACK)
_MAY_PUBLISH = (State.CANDIDATE, State.SHADOW, State.RETIRED, State.ROLLED_BACK)


class Registry:
    """Puts, publishes and takes back. Every step is one transaction and is seen by every process."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    # --- steps -------------------------------------------------------------------------------------

    async def put(self, candidate: Candidate, by: str) -> Version | Refused:
        """Keep a version as candidate. The same content again is the same answer."""
        c = candidate
        made = make(c.kind, c.name, c.version, c.text, c.columns, c.card)
        if isinstance(made, Refused):
            return made
        async with self._db.work() as conn:
            put = await conn.fetchval(
                _PUT, c.name, c.version, c.kind, zlib.compress(c.text, 6), list(c.columns),
                msgspec.to_builtins(c.card), dict(c.metrics), c.fingerprint,
                self._clock.now(), by,
            )  # fmt: skip
            if put is None:
                text = await conn.fetchval(
                    "SELECT text FROM ctu.models WHERE name = $1 AND version = $2",
                    c.name,
                    c.version,
                )
                there = await self._read(conn, c.name, c.version)
                if there is None or zlib.decompress(text) != c.text or not _same(there, c):
                    return Refused(ModelReason.MODEL_EXISTS)
                return there
            await self._note(conn, c.name, c.version, None, State.CANDIDATE, by, "put")
            return await self._there(conn, c.name, c.version)

    async def shadow(self, name: str, version: str, by: str, why: str = "") -> Version | Refused:
        """Score the version beside the live one; the shadow before it goes back to candidate."""
        return await self._advance(name, version, State.SHADOW, by, why)

    async def publish(self, name: str, version: str, by: str, why: str = "") -> Version | Refused:
        """Make the version live; what was live is retired. One action."""
        return await self._advance(name, version, State.LIVE, by, why)

    async def roll_back(self, name: str, by: str, why: str = "") -> Version | Refused:
        """Take the live version back and bring the one that was live before it; the answer is that
        one. One action."""
        async with self._db.work() as conn:
            await _take_turn(conn, name)
            live = await self._in_state(conn, name, State.LIVE)
            if live is None:
                return Refused(ModelReason.MODEL_NOT_LIVE)
            before = await conn.fetchval(_BEFORE, name, live)
            if before is None:
                return Refused(ModelReason.NOTHING_TO_RETURN_TO)
            await self._move(conn, name, live, State.LIVE, State.ROLLED_BACK, by, why)
            await self._move(conn, name, before, State.RETIRED, State.LIVE, by, why)
            await _tell(conn)
            return await self._there(conn, name, before)

    async def retire(self, name: str, by: str, why: str = "") -> Version | Refused:
        """Take the live version away without another in its place."""
        async with self._db.work() as conn:
            await _take_turn(conn, name)
            live = await self._in_state(conn, name, State.LIVE)
            if live is None:
                return Refused(ModelReason.MODEL_NOT_LIVE)
            await self._move(conn, name, live, State.LIVE, State.RETIRED, by, why)
            await _tell(conn)
            return await self._there(conn, name, live)

    async def _advance(
        self, name: str, version: str, to: State, by: str, why: str
    ) -> Version | Refused:
        async with self._db.work() as conn:
            await _take_turn(conn, name)
            there = await self._read(conn, name, version)
            if there is None:
                return Refused(ModelReason.NO_SUCH_MODEL)
            if there.state is to:
                return there
            if there.state not in (_MAY_PUBLISH if to is State.LIVE else _MAY_SHADOW):
                return Refused(ModelReason.MODEL_STATE_WRONG, {"state": str(there.state)})
            before = await self._in_state(conn, name, to)
            if before is not None:
                after = State.RETIRED if to is State.LIVE else State.CANDIDATE
                await self._move(conn, name, before, to, after, by, f"{version} took its place")
            await self._move(conn, name, version, there.state, to, by, why)
            await _tell(conn)
            return await self._there(conn, name, version)

    # --- reading -----------------------------------------------------------------------------------

    async def versions(self, name: str | None = None) -> list[Version]:
        """All versions, of one name or of all, the newest first."""
        rows = await self._db.all(
            f"SELECT {_COLUMNS} FROM ctu.models WHERE $1::text IS NULL OR name = $1"
            " ORDER BY name, put_at DESC, version DESC",
            name,
        )
        return [_version(row) for row in rows]

    async def version(self, name: str, version: str) -> Version | Refused:
        """One version, or that there is none."""
        row = await self._db.one(_ONE, name, version)
        return Refused(ModelReason.NO_SUCH_MODEL) if row is None else _version(row)

    async def live(self, name: str) -> Version | None:
        """The live version of a name."""
        row = await self._db.one(
            f"SELECT {_COLUMNS} FROM ctu.models WHERE name = $1 AND state = 'live'", name
        )
        return None if row is None else _version(row)

    async def steps(self, name: str) -> list[dict[str, Any]]:
        """What became of the versions of a name, the oldest step first."""
        rows = await self._db.all(
            "SELECT * FROM ctu.model_steps WHERE name = $1 ORDER BY step", name
        )
        return [dict(row) for row in rows]

    async def model(self, name: str, version: str) -> Model | Refused:
        """The version, ready to score by itself (validation, comparison, reasons)."""
        row = await self._db.one(
            "SELECT name, version, kind, text, columns, card FROM ctu.models"
            " WHERE name = $1 AND version = $2",
            name,
            version,
        )
        return Refused(ModelReason.NO_SUCH_MODEL) if row is None else ready(row)

    async def texts(self, state: State) -> list[Record]:
        """The rows of all models in `state`, for `ready`."""
        return await self._db.all(_TEXTS, state.value)

    async def load(self, state: State) -> Sequence[Model]:
        """All models in `state`, by name."""
        return [ready(row) for row in await self.texts(state)]

    async def change(self) -> int:
        """A number that grows whenever what is live or in shadow changes."""
        return int(await self._db.value("SELECT change FROM ctu.model_changes"))

    # --- inside ------------------------------------------------------------------------------------

    async def _read(self, conn: Connection, name: str, version: str) -> Version | None:
        row = await conn.fetchrow(_ONE, name, version)
        return None if row is None else _version(row)

    async def _there(self, conn: Connection, name: str, version: str) -> Version:
        return _version(await conn.fetchrow(_ONE, name, version))

    async def _in_state(self, conn: Connection, name: str, state: State) -> str | None:
        found: str | None = await conn.fetchval(
            "SELECT version FROM ctu.models WHERE name = $1 AND state = $2", name, state.value
        )
        return found

    async def _move(
        self, conn: Connection, name: str, version: str, was: State, to: State, by: str, why: str
    ) -> None:
        await conn.execute(_MOVE, name, version, to.value, self._clock.now(), by, why)
        await self._note(conn, name, version, was, to, by, why)

    async def _note(
        self,
        conn: Connection,
        name: str,
        version: str,
        was: State | None,
        to: State,
        by: str,
        why: str,
    ) -> None:
        at = self._clock.now()
        await conn.execute(_STEP, name, version, was and was.value, to.value, at, by, why)


def ready(row: Record) -> Known:
    """A model from its row: what was put can be read."""
    made = make(
        row["kind"], row["name"], row["version"], zlib.decompress(row["text"]),
        tuple(row["columns"]), msgspec.convert(row["card"], Card),
    )  # fmt: skip
    if isinstance(made, Refused):
        raise Bug(f"model {row['name']} {row['version']} cannot be read: {dict(made.facts)}")
    return made


def fingerprint(*parts: bytes) -> str:
    """A name for training data or a text, by its content."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()[:32]


async def _take_turn(conn: Connection, name: str) -> None:
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('model ' || $1, 0))", name)


async def _tell(conn: Connection) -> None:
    await conn.execute("UPDATE ctu.model_changes SET change = change + 1")


def _same(there: Version, candidate: Candidate) -> bool:
    return (there.kind, there.columns, there.card, there.metrics, there.fingerprint) == (
        candidate.kind,
        candidate.columns,
        candidate.card,
        dict(candidate.metrics),
        candidate.fingerprint,
    )


def _version(row: Record) -> Version:
    facts = dict(row)
    facts["state"] = State(row["state"])
    facts["columns"] = tuple(row["columns"])
    facts["card"] = msgspec.convert(row["card"], Card)
    return Version(**facts)
