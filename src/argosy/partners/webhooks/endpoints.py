"""The endpoints of merchants: made, changed, given a new secret, removed."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.parties.keys import Keys
from argosy.base.parties.resealing import Sealing, column
from argosy.base.refusals import Refused
from argosy.base.store import Connection, Database, Record
from argosy.partners.webhooks.facts import (
    ENDPOINTS_MAX,
    URL_CHARS_MAX,
    Endpoint,
    EndpointState,
    NewEndpoint,
    Terms,
    WebhookReason,
)

_PORT = "[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
URL = rf"^https?://[A-Za-z0-9.-]{{1,253}}(:({_PORT}))?(/[!-~]*)?$"
"""What an endpoint's address may look like: a host's name or address, no user name, ASCII only."""

_URL = re.compile(URL, re.ASCII)
_COLUMNS = """party_id, id, url, events, label, state, paused_why, failures, created_at"""


def _bound(row: Record) -> tuple[str, ...]:
    return "webhook", str(row["party_id"]), str(row["id"])


SEALED = (
    Sealing(
        "webhooks.endpoints",
        ("party_id", "id"),
        (column("secret", _bound), column("old_secret", _bound)),
    ),
)
"""The secrets that tellings are signed with."""


class Endpoints:
    """Reads and writes endpoints; each belongs to one party and nobody else finds it."""

    def __init__(
        self,
        db: Database,
        ids: Ids,
        clock: Clock,
        keys: Keys,
        terms: Terms,
    ) -> None:
        self._db = db
        self._ids = ids
        self._clock = clock
        self._keys = keys
        self._terms = terms

    async def create(
        self,
        party: UUID,
        url: str,
        events: Sequence[str],
        label: str = "",
        endpoint_id: UUID | None = None,
    ) -> NewEndpoint | Refused:
        """A new endpoint, which hears of what happens from now on. The same `endpoint_id` again gives
        the same endpoint with its secret."""
        wrong = self._wrong_url(url)
        if wrong is not None:
            return wrong
        new_id = endpoint_id or self._ids.new()
        secret = self._made_secret(party, new_id, new_id)
        async with self._db.work() as conn:
            # one at a time for a party, so that two at once cannot pass the bound together
            await conn.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"webhooks of {party}"
            )
            row = await conn.fetchrow(
                f"SELECT {_COLUMNS}, secret FROM webhooks.endpoints WHERE party_id = $1 AND id = $2",
                party,
                new_id,
            )
            if row is not None:
                return NewEndpoint(_endpoint(row), self._open(row["secret"], party, new_id))
            count = await conn.fetchval(
                "SELECT count(*) FROM webhooks.endpoints WHERE party_id = $1", party
            )
            if count >= ENDPOINTS_MAX:
                return Refused(WebhookReason.ENDPOINTS_TOO_MANY, {"most": ENDPOINTS_MAX})
            row = await conn.fetchrow(
                f"""
                INSERT INTO webhooks.endpoints
                    (party_id, id, url, events, label, state, secret, created_at)
                VALUES ($1, $2, $3, $4, $5, 'active', $6, $7) RETURNING {_COLUMNS}
                """,
                party,
                new_id,
                url,
                list(dict.fromkeys(events)),
                label,
                self._seal(secret, party, new_id),
                self._clock.now(),
            )
        return NewEndpoint(_endpoint(row), secret)

    async def list(self, party: UUID) -> list[Endpoint]:
        """All endpoints of a party, the oldest first."""
        rows = await self._db.all(
            f"SELECT {_COLUMNS} FROM webhooks.endpoints WHERE party_id = $1 ORDER BY id LIMIT $2",
            party,
            ENDPOINTS_MAX,
        )
        return [_endpoint(row) for row in rows]

    async def get(self, party: UUID, endpoint_id: UUID) -> Endpoint | Refused:
        """One endpoint."""
        row = await self._db.one(
            f"SELECT {_COLUMNS} FROM webhooks.endpoints WHERE party_id = $1 AND id = $2",
            party,
            endpoint_id,
        )
        return Refused(WebhookReason.ENDPOINT_NOT_FOUND) if row is None else _endpoint(row)

    async def change(
        self,
        party: UUID,
        endpoint_id: UUID,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        label: str | None = None,
        state: EndpointState | None = None,
    ) -> Endpoint | Refused:
        """Change what is given. Making it active forgets its failures."""
        wrong = self._wrong_url(url) if url is not None else None
        if wrong is not None:
            return wrong
        row = await self._db.one(
            f"""
            UPDATE webhooks.endpoints SET url = coalesce($3, url), events = coalesce($4, events),
                label = coalesce($5, label), state = coalesce($6, state),
                paused_why = CASE $6 WHEN 'active' THEN NULL WHEN 'paused' THEN 'asked'
                                     ELSE paused_why END,
                failures = CASE $6 WHEN 'active' THEN 0 ELSE failures END,
                failing_since = CASE $6 WHEN 'active' THEN NULL ELSE failing_since END
            WHERE party_id = $1 AND id = $2 RETURNING {_COLUMNS}
            """,
            party,
            endpoint_id,
            url,
            None if events is None else list(dict.fromkeys(events)),
            label,
            None if state is None else state.value,
        )
        return Refused(WebhookReason.ENDPOINT_NOT_FOUND) if row is None else _endpoint(row)

    async def remove(self, party: UUID, endpoint_id: UUID) -> Refused | None:
        """The endpoint is gone, with all that waited for it."""
        async with self._db.work() as conn:
            tag = await conn.execute(
                "DELETE FROM webhooks.endpoints WHERE party_id = $1 AND id = $2", party, endpoint_id
            )
            if tag != "DELETE 1":
                return Refused(WebhookReason.ENDPOINT_NOT_FOUND)
            await conn.execute(
                "DELETE FROM webhooks.deliveries WHERE party_id = $1 AND endpoint_id = $2",
                party,
                endpoint_id,
            )
        return None

    async def rotate(
        self, party: UUID, endpoint_id: UUID, command_id: UUID
    ) -> NewEndpoint | Refused:
        """A new secret. For a day the old one signs too, so that no receiver misses anything. The
        same `command_id` again gives the same secret and changes nothing."""
        secret = self._made_secret(party, endpoint_id, command_id)
        async with self._db.work() as conn:
            row = await conn.fetchrow(
                f"SELECT {_COLUMNS}, secret FROM webhooks.endpoints"
                " WHERE party_id = $1 AND id = $2 FOR UPDATE",
                party,
                endpoint_id,
            )
            if row is None:
                return Refused(WebhookReason.ENDPOINT_NOT_FOUND)
            if self._open(row["secret"], party, endpoint_id) != secret:
                await conn.execute(
                    "UPDATE webhooks.endpoints SET old_secret = secret, old_until = $4, secret = $3"
                    " WHERE party_id = $1 AND id = $2",
                    party,
                    endpoint_id,
                    self._seal(secret, party, endpoint_id),
                    self._clock.now() + self._terms.old_secret_life,
                )
        return NewEndpoint(_endpoint(row), secret)

    def secrets(self, row: Record, now: datetime) -> tuple[str, ...]:
        """The secrets that sign now, the current one first, of a row with the secrets' columns."""
        party, endpoint = row["party_id"], row["endpoint_id"]
        sealed = [row["secret"]]
        if row["old_secret"] is not None and now < row["old_until"]:
            sealed.append(row["old_secret"])
        return tuple(self._open(one, party, endpoint) for one in sealed)

    async def noted_failure(self, conn: Connection, party: UUID, endpoint_id: UUID) -> None:
        """One more call failed; after too many for too long the endpoint is paused."""
        await conn.execute(
            """
            UPDATE webhooks.endpoints SET failures = failures + 1,
                failing_since = coalesce(failing_since, $3),
                state = CASE WHEN failures + 1 >= $4 AND failing_since <= $5 THEN 'paused'
                             ELSE state END,
                paused_why = CASE WHEN failures + 1 >= $4 AND failing_since <= $5
                                  THEN coalesce(paused_why, 'failing') ELSE paused_why END
            WHERE party_id = $1 AND id = $2
            """,
            party,
            endpoint_id,
            self._clock.now(),
            self._terms.failures_max,
            self._clock.now() - self._terms.failing_max,
        )

    async def noted_gone(self, conn: Connection, party: UUID, endpoint_id: UUID) -> None:
        """The receiver said that the address is gone for good: it is paused at once."""
        await conn.execute(
            "UPDATE webhooks.endpoints SET state = 'paused', paused_why = 'gone', "
            "failures = failures + 1 WHERE party_id = $1 AND id = $2",
            party,
            endpoint_id,
        )

    async def noted_success(self, conn: Connection, party: UUID, endpoint_id: UUID) -> None:
        """A call came through: what failed before is forgotten."""
        await conn.execute(
            "UPDATE webhooks.endpoints SET failures = 0, failing_since = NULL"
            " WHERE party_id = $1 AND id = $2 AND failures > 0",
            party,
            endpoint_id,
        )

    # within

    def _wrong_url(self, url: str) -> Refused | None:
        unreadable = Refused(WebhookReason.ENDPOINT_URL_UNREADABLE, field="url")
        if len(url) > URL_CHARS_MAX or not _URL.fullmatch(url):
            return unreadable
        parts = urlsplit(url)
        if self._terms.private_allowed:
            return None
        not_public = Refused(WebhookReason.ENDPOINT_NOT_PUBLIC, field="url")
        if parts.scheme != "https" or _is_number(parts.hostname or ""):
            return not_public
        return None

    def _made_secret(self, party: UUID, endpoint_id: UUID, cause: UUID) -> str:
        """A secret that follows from its cause, so that who asks twice is told the same."""
        made = self._keys.digest("webhook secret", party.bytes, endpoint_id.bytes, cause.bytes)
        return "whsec_" + base64.b64encode(made).decode()

    def _seal(self, secret: str, party: UUID, endpoint_id: UUID) -> bytes:
        return self._keys.seal(secret, "webhook", str(party), str(endpoint_id))

    def _open(self, sealed: bytes, party: UUID, endpoint_id: UUID) -> str:
        return self._keys.open(sealed, "webhook", str(party), str(endpoint_id))


def _is_number(host: str) -> bool:
    """Whether `host` is an address and no name; also in the odd ways that resolvers take."""
    try:
        ip_address(host)
    except ValueError:
        return host.rpartition(".")[2][:1].isdigit() or "." not in host
    return True


def _endpoint(row: Record) -> Endpoint:
    return Endpoint(
        row["id"],
        row["party_id"],
        row["url"],
        tuple(row["events"]),
        row["label"],
        EndpointState(row["state"]),
        row["paused_why"],
        row["failures"],
        row["created_at"],
    )
