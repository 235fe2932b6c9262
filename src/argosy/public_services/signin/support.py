"""What staff do at the door for a person who asks. Nobody here learns or chooses a PIN."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.parties.facts import Party, PartyReason, PartyState
from argosy.base.parties.parties import Parties
from argosy.base.refusals import Refused
from argosy.base.store import Connection, Database
from argosy.public_services.signin.devices import device_of
from argosy.public_services.signin.facts import Device, SigninReason
from argosy.public_services.signin.pins import Pins
from argosy.public_services.signin.sessions import Sessions

DEVICES_MAX = 100

Tell = Callable[[Party, UUID, str], Awaitable[None]]
"""Sends the party a message about a subject, by its template."""


class Support:
    """Ends sessions, removes devices, asks for a new PIN, wakes a wallet that sleeps."""

    def __init__(
        self,
        db: Database,
        ids: Ids,
        clock: Clock,
        parties: Parties,
        pins: Pins,
        sessions: Sessions,
        tell: Tell,
    ) -> None:
        self._db = db
        self._ids = ids
        self._clock = clock
        self._parties = parties
        self._pins = pins
        self._sessions = sessions
        self._tell = tell

    async def devices(self, party_id: UUID) -> list[Device]:
        """The devices that are bound to a party, the latest first."""
        rows = await self._db.all(
            "SELECT id AS device_id, label, public_key, algorithm, bound_at FROM signin.device"
            " WHERE party_id = $1 ORDER BY bound_at DESC, id LIMIT $2",
            party_id,
            DEVICES_MAX,
        )
        return [device_of(row) for row in rows]

    async def end_session(self, party_id: UUID, session_id: UUID) -> None | Refused:
        """End one session of a party."""
        if await self._sessions.end(party_id, session_id, "revoked"):
            return None
        return Refused(SigninReason.SESSION_NOT_FOUND)

    async def remove_device(self, party_id: UUID, device_id: UUID) -> int | Refused:
        """Unbind a device and end its sessions; says how many. Signing in on it again needs the code and
        the PIN, as on a new one, and the owner is told. DEVICE_NOT_FOUND where it is not bound."""
        async with self._db.work() as conn:
            gone = await conn.fetchval(
                "DELETE FROM signin.device WHERE party_id = $1 AND id = $2 RETURNING true",
                party_id,
                device_id,
            )
            if gone is None:
                return Refused(SigninReason.DEVICE_NOT_FOUND)
            return await self._sessions.end_of_device(party_id, device_id, conn)

    async def ask_new_pin(self, party_id: UUID) -> None | Refused:
        """The PIN of now is worth nothing any more: every session ends, and the owner sets a new PIN with
        a code to the phone, which is the only way. PIN_NOT_SET where there is none; the owner is told."""
        party = await self._parties.get(party_id)
        if party is None:
            return Refused(PartyReason.PARTY_NOT_FOUND)
        async with self._db.work() as conn:
            if not await self._pins.lock(party_id, conn):
                return Refused(SigninReason.PIN_NOT_SET)
            await self._sessions.end_all(party_id, "pin_reset", conn=conn)
        await self._tell(party, self._ids.new(), "signin.pin_asked")
        return None

    async def wake(self, party_id: UUID) -> Party | Refused:
        """Wake a wallet that sleeps, as if its owner had been seen now; refused with the party's own
        reason where it does not sleep."""
        async with self._db.work() as conn:
            woken = await self._parties.set_state(
                party_id, PartyState.ACTIVE, conn, only_from=PartyState.DORMANT
            )
            if isinstance(woken, Party):
                await note_seen(party_id, self._clock.now(), conn)
        return woken


async def note_seen(party_id: UUID, at: datetime, conn: Connection) -> None:
    """Note that a party was let in, so that its wallet stays awake."""
    await conn.execute(
        """
        INSERT INTO signin.seen (party_id, at) VALUES ($1, $2)
        ON CONFLICT (party_id) DO UPDATE SET at = excluded.at
        """,
        party_id,
        at,
    )
