"""The same request twice is one request: the first answer is kept and given again, byte for byte.

The id of the command is written down before anything is done. Who dies between doing and answering
leaves it there: the next one with the same key carries out the same command, which the ledger knows.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.parties.keys import Keys
from argosy.base.parties.resealing import Sealing, column
from argosy.base.refusals import Refused, must
from argosy.base.store import Database, Record, Together
from argosy.partners.api.answers import Answer
from argosy.partners.api.facts import ApiReason, Terms

HEADER = "idempotency-key"
KEY = r"^[A-Za-z0-9_][A-Za-z0-9_:=+.-]{0,127}$"
"""What an idempotency key looks like."""

_KEY = re.compile(KEY, re.ASCII)
_Place = tuple[UUID, str]
_COLUMNS = """i.party_id, i.key, i.operation, i.target, i.fingerprint, i.command_id, i.tries,
    i.leased_until, i.status, i.headers, i.body_sealed, i.code, i.resource, i.first_at, i.keep_until"""


SEALED = (
    Sealing(
        "api.idempotency",
        ("party_id", "key"),
        (column("body_sealed", lambda row: _bound(row["party_id"], row["key"])),),
    ),
)
"""The answers that are given again."""


@dataclass(frozen=True, slots=True)
class Work:
    """The right to carry out a request: with this command id, until the lease is over."""

    party: UUID
    key: str
    command_id: UUID
    tries: int


def checked_key(key: str | None) -> str | Refused:
    """The header's value, or why it cannot be taken."""
    if not key:
        return Refused(ApiReason.IDEMPOTENCY_KEY_MISSING)
    return key if _KEY.fullmatch(key) else Refused(ApiReason.IDEMPOTENCY_KEY_UNREADABLE)


class Idempotency:
    """What was asked with which key. Keys belong to the merchant, whichever API key is shown."""

    def __init__(self, db: Database, clock: Clock, keys: Keys, terms: Terms) -> None:
        self._db = db
        self._clock = clock
        self._keys = keys
        self._terms = terms
        self._rows: Together[_Place, Record] = Together(self._load)

    async def begin(
        self, party: UUID, key: str, operation: str, target: str, body: bytes, new_id: UUID
    ) -> Work | Answer | Refused:
        """The right to do it now, the first answer where there is one, or why not.

        `new_id` becomes the command's id where the key is new. While somebody else is at it, this
        waits for the answer a little, and then says so.
        """
        fingerprint = self._keys.digest("idempotent", operation, target, body)
        if await self._claim(party, key, operation, target, fingerprint, new_id):
            return Work(party, key, new_id, 1)
        for pause in (*self._terms.looks_seconds, None):
            row = await self._rows.get((party, key))
            if row is None or row["keep_until"] <= self._clock.now():
                if await self._claim(party, key, operation, target, fingerprint, new_id):
                    return Work(party, key, new_id, 1)
                continue
            if row["fingerprint"] != fingerprint:
                return Refused(ApiReason.IDEMPOTENCY_KEY_REUSED)
            if row["status"] is not None:
                return self._kept(row)
            if await self._take_over(row):
                return Work(party, key, row["command_id"], row["tries"] + 1)
            if pause is not None:
                await asyncio.sleep(pause)
        return Refused(ApiReason.IDEMPOTENCY_STILL_RUNNING)

    async def finish(self, work: Work, answer: Answer) -> Answer:
        """Keep `answer` as the first one; where another was kept meanwhile, that one counts."""
        tag = await self._db.run(
            """
            UPDATE api.idempotency SET leased_until = NULL, status = $4, headers = $5,
                body_sealed = $6, code = $7, resource = $8
            WHERE party_id = $1 AND key = $2 AND tries = $3 AND status IS NULL
            """,
            work.party,
            work.key,
            work.tries,
            answer.status,
            {**answer.headers, "content-type": answer.media},
            self._keys.seal(answer.body.decode(), *_bound(work.party, work.key)),
            answer.code,
            answer.resource,
        )
        if tag == "UPDATE 1":
            return answer
        row = await self._rows.get((work.party, work.key))
        return answer if row is None or row["status"] is None else self._kept(row)

    async def give_up(self, work: Work) -> None:
        """Nothing was decided: the next one with the key may try at once."""
        await self._db.run(
            "UPDATE api.idempotency SET leased_until = NULL"
            " WHERE party_id = $1 AND key = $2 AND tries = $3 AND status IS NULL",
            work.party,
            work.key,
            work.tries,
        )

    async def row(self, party: UUID, key: str) -> Record | None:
        """What is remembered of a key; of what cannot be one, nothing."""
        if not _KEY.fullmatch(key):
            return None
        row = await self._rows.get((party, key))
        return None if row is None or row["keep_until"] <= self._clock.now() else row

    async def tidy(self, now: datetime, limit: int) -> int:
        """Forget what was kept long enough."""
        tag = await self._db.run(
            """
            DELETE FROM api.idempotency i
             USING (SELECT party_id, key FROM api.idempotency WHERE keep_until <= $1
                     ORDER BY keep_until LIMIT $2 FOR UPDATE SKIP LOCKED) old
             WHERE (i.party_id, i.key) = (old.party_id, old.key)
            """,
            now,
            limit,
        )
        return int(tag.split()[1])

    # within

    async def _claim(
        self,
        party: UUID,
        key: str,
        operation: str,
        target: str,
        fingerprint: bytes,
        command_id: UUID,
    ) -> bool:
        now = self._clock.now()
        return bool(
            await self._db.value(
                """
                INSERT INTO api.idempotency AS i (party_id, key, operation, target, fingerprint,
                    command_id, leased_until, first_at, keep_until)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (party_id, key) DO UPDATE SET operation = $3, target = $4,
                    fingerprint = $5, command_id = $6, leased_until = $7, first_at = $8,
                    keep_until = $9, tries = 1, status = NULL, headers = NULL,
                    body_sealed = NULL, code = NULL, resource = NULL
                WHERE i.keep_until <= $8
                RETURNING true
                """,
                party,
                key,
                operation,
                target,
                fingerprint,
                command_id,
                now + self._terms.lease,
                now,
                now + self._terms.answers_kept,
            )
        )

    async def _take_over(self, row: Record) -> bool:
        now = self._clock.now()
        if row["leased_until"] is not None and row["leased_until"] > now:
            return False
        return bool(
            await self._db.value(
                """
                UPDATE api.idempotency SET tries = tries + 1, leased_until = $4
                WHERE party_id = $1 AND key = $2 AND tries = $3 AND status IS NULL
                  AND (leased_until IS NULL OR leased_until <= $5)
                RETURNING true
                """,
                row["party_id"],
                row["key"],
                row["tries"],
                now + self._terms.lease,
                now,
            )
        )

    async def _load(self, wanted: list[_Place]) -> dict[_Place, Record]:
        rows = await self._db.all(
            f"""
            SELECT {_COLUMNS} FROM unnest($1::uuid[], $2::text[]) AS w (party_id, key)
              JOIN api.idempotency i USING (party_id, key)
            """,
            *map(list, zip(*wanted, strict=True)),
        )
        return {(row["party_id"], row["key"]): row for row in rows}

    def _kept(self, row: Record) -> Answer:
        headers: dict[str, Any] = dict(row["headers"])
        body = self._keys.open(row["body_sealed"], *_bound(row["party_id"], row["key"]))
        media = headers.pop("content-type", None)
        must(media is not None, "a kept answer without its type", key=row["key"])
        return Answer(
            row["status"],
            body.encode(),
            str(media),
            {**headers, "idempotency-replayed": "true"},
            row["code"],
            row["resource"],
        )


def _bound(party: UUID, key: str) -> tuple[str, ...]:
    return "idempotency", str(party), key
