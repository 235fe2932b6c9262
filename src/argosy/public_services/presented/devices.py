"""The secrets of devices, and what was used and guessed of them: everything in the tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.parties.keys import Keys
from argosy.base.parties.resealing import Sealing, column
from argosy.base.refusals import must
from argosy.base.store import Database, Record
from argosy.public_services.presented.codes import SECRET_BYTES, SELECTOR_DIGITS
from argosy.public_services.presented.facts import DeviceKey

SELECTOR_TRIES_MAX = 20
HOUR = timedelta(hours=1)

SEALED = (
    Sealing(
        "presented.device",
        ("party_id", "device_id"),
        (column("secret_sealed", lambda row: _bound(row["party_id"], row["device_id"])),),
    ),
)
"""The secrets that codes are made from."""


@dataclass(frozen=True, slots=True)
class Known:
    """A device that shows codes."""

    party: UUID
    device: UUID
    selector: str
    secret: bytes = field(repr=False)
    is_handed: bool = False


class Devices:
    """Gives devices their secrets and finds them by the selectors of their codes."""

    def __init__(
        self, db: Database, clock: Clock, keys: Keys, chance: Callable[[int], bytes]
    ) -> None:
        self._db = db
        self._clock = clock
        self._keys = keys
        self._chance = chance

    async def renew(self, party: UUID, device: UUID) -> None:
        """A new secret and selector; codes of the one before are worth nothing from now on."""
        secret = self._chance(SECRET_BYTES)
        sealed = self._keys.seal(secret.hex(), *_bound(party, device))
        async with self._db.work() as conn:
            before = await conn.fetchval(
                "DELETE FROM presented.device WHERE party_id = $1 AND device_id = $2"
                " RETURNING selector",
                party,
                device,
            )
            if before is not None:
                await conn.execute("DELETE FROM presented.selector WHERE selector = $1", before)
            for _ in range(SELECTOR_TRIES_MAX):
                selector = self._selector()
                taken = await conn.execute(
                    "INSERT INTO presented.selector (selector, party_id, device_id)"
                    " VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                    selector,
                    party,
                    device,
                )
                if taken.endswith(" 1"):
                    break
            else:
                must(False, "no selector is free")
            await conn.execute(
                """
                INSERT INTO presented.device (party_id, device_id, selector, secret_sealed, made_at)
                VALUES ($1, $2, $3, $4, $5)
                """,
                party,
                device,
                selector,
                sealed,
                self._clock.now(),
            )

    async def remove(self, party: UUID, device: UUID) -> None:
        """The device shows no codes any more."""
        async with self._db.work() as conn:
            before = await conn.fetchval(
                "DELETE FROM presented.device WHERE party_id = $1 AND device_id = $2"
                " RETURNING selector",
                party,
                device,
            )
            if before is not None:
                await conn.execute("DELETE FROM presented.selector WHERE selector = $1", before)

    async def of(self, party: UUID, device: UUID) -> Known | None:
        """The device, where it shows codes."""
        row = await self._db.one(
            "SELECT * FROM presented.device WHERE party_id = $1 AND device_id = $2", party, device
        )
        return None if row is None else self._known(row)

    async def by_selector(self, selector: str) -> Known | None:
        """Whose code it is."""
        at = await self._db.one(
            "SELECT party_id, device_id FROM presented.selector WHERE selector = $1", selector
        )
        found = None if at is None else await self.of(at["party_id"], at["device_id"])
        return found if found is not None and found.selector == selector else None

    async def hand(self, known: Known) -> DeviceKey | None:
        """The secret, for the device itself; None where it was handed out before."""
        tag = await self._db.run(
            "UPDATE presented.device SET handed_at = $3"
            " WHERE party_id = $1 AND device_id = $2 AND selector = $4 AND handed_at IS NULL",
            known.party,
            known.device,
            self._clock.now(),
            known.selector,
        )
        return DeviceKey(known.selector, known.secret) if tag == "UPDATE 1" else None

    # what was used

    async def use(self, known: Known, slot: int, payment: UUID) -> bool:
        """Take a code for `payment`, durably, before anything is paid; False where another payment
        took it. Taking it again for the same payment is a yes."""
        taken_by = await self._db.value(
            """
            INSERT INTO presented.used (party_id, device_id, slot, payment_id, used_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (party_id, device_id, slot) DO UPDATE SET slot = excluded.slot
            RETURNING payment_id
            """,
            known.party,
            known.device,
            slot,
            payment,
            self._clock.now(),
        )
        return bool(taken_by == payment)

    async def used_for(self, known: Known, slot: int) -> UUID | None:
        """The payment that took the code of this slot."""
        found: UUID | None = await self._db.value(
            "SELECT payment_id FROM presented.used"
            " WHERE party_id = $1 AND device_id = $2 AND slot = $3",
            known.party,
            known.device,
            slot,
        )
        return found

    # what was guessed

    async def count_try(self, subject: UUID, most: int) -> int | None:
        """Count a try before it is weighed, so that a thousand at once are a thousand tries. Answers
        the seconds to wait where there were `most` already; None where this one may be weighed."""
        until = self._window_end()
        count = await self._db.value(
            """
            INSERT INTO presented.wrong (subject, until, count) VALUES ($1, $2, 1)
            ON CONFLICT (subject, until) DO UPDATE SET count = wrong.count + 1
            RETURNING count
            """,
            subject,
            until,
        )
        if count <= most:
            return None
        return max(1, round((until - self._clock.now()).total_seconds()))

    async def forgive(self, subject: UUID) -> None:
        """The try was right after all: it does not count."""
        await self._db.run(
            "UPDATE presented.wrong SET count = count - 1"
            " WHERE subject = $1 AND until = $2 AND count > 0",
            subject,
            self._window_end(),
        )

    async def prune(self, before: datetime) -> int:
        """Forget what was used before `before`, and windows that are over."""
        await self._db.run("DELETE FROM presented.wrong WHERE until < $1", before)
        tag = await self._db.run("DELETE FROM presented.used WHERE used_at < $1", before)
        return int(tag.rpartition(" ")[2])

    # within

    def _window_end(self) -> datetime:
        now = self._clock.now()
        return now.replace(minute=0, second=0, microsecond=0) + HOUR

    def _selector(self) -> str:
        return f"{int.from_bytes(self._chance(8)) % 10**SELECTOR_DIGITS:0{SELECTOR_DIGITS}d}"

    def _known(self, row: Record) -> Known:
        secret = bytes.fromhex(
            self._keys.open(row["secret_sealed"], *_bound(row["party_id"], row["device_id"]))
        )
        handed = row["handed_at"] is not None
        return Known(row["party_id"], row["device_id"], row["selector"], secret, handed)


def _bound(party: UUID, device: UUID) -> tuple[str, str, str]:
    return ("presented", str(party), str(device))
