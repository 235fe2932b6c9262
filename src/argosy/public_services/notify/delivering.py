"""Bringing what is stored to people: claim, carry, record, and go on to the next way where one fails.

A claim moves the next try away before anybody outside is called, so that of two processes one carries,
and a crash in between only means one more try later. A message ends delivered or failed; failed ones
are logged as errors, counted and listed, and still lie in the in-box of who has a wallet.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from argosy.base.clock import Clock
from argosy.base.markets import Market
from argosy.base.parties.facts import Personal
from argosy.base.parties.keys import Keys, WrongKey
from argosy.base.parties.parties import Parties
from argosy.base.refusals import Unavailable
from argosy.base.store import Database, Record
from argosy.public_services.notify.carriers import (
    Carried,
    Carrier,
    Handed,
    Parcel,
    Subscription,
    Telling,
    Way,
)
from argosy.public_services.notify.routes import Ways
from argosy.public_services.notify.subscriptions import Subscriptions
from argosy.public_services.notify.tallies import Outcome, Tallies, Tally

TRIES_MAX = 8
TRIES_BEFORE_NEXT_MAX = 3
"""So often a way is tried that has another behind it; the last one is tried `TRIES_MAX` times."""
SECRET_TRIES_BEFORE_NEXT_MAX = 2
WAIT_FIRST = timedelta(seconds=15)
WAIT_MAX = timedelta(hours=2)
AT_ONCE_MAX = 50
REPORTS_AWAITED = timedelta(days=3)
PROBLEM_CHARS_MAX = 300
WAITS = tuple(min(WAIT_FIRST * 2**tries, WAIT_MAX) for tries in range(TRIES_MAX))

_CLAIM = """
    UPDATE notify.message m SET tries = m.tries + 1, way_tries = m.way_tries + 1,
        next_at = coalesce(($4::timestamptz[])[m.way_tries + 1], $5)
    FROM unnest($1::bytea[], $2::uuid[]) AS w (recipient, id)
    WHERE m.recipient = w.recipient AND m.id = w.id AND m.state = 'waiting'
        AND m.next_at <= $3
    RETURNING m.recipient, m.id, m.party_id, m.market, m.template, m.phone_sealed,
        m.text_sealed, m.secret, m.forget_at, m.ways, m.way_tries, m.problem
"""
_CHARGED = """
    SELECT recipient, count(*) AS day, count(*) FILTER (WHERE charged_at > $2) AS hour
    FROM notify.message WHERE recipient = ANY($1::bytea[]) AND charged_at > $3
    GROUP BY recipient
"""

_log = logging.getLogger(__name__)


class Delivering:
    """Carries claimed messages over `ways`."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        keys: Keys,
        parties: Parties,
        markets: Mapping[str, Market],
        ways: Ways,
        subscriptions: Subscriptions,
    ) -> None:
        self._db = db
        self._clock = clock
        self._keys = keys
        self._parties = parties
        self._markets = markets
        self.ways = ways
        self._subscriptions = subscriptions
        self.tallies = Tallies(db, clock)
        self._reader = "notify"
        for carrier in ways.each():
            if isinstance(carrier, Telling):
                carrier.listen(self.heard)

    async def deliver(self, recipients: Sequence[bytes], ids: Sequence[UUID]) -> int:
        """Claim those of these messages that are due, and carry them; how many were claimed."""
        now = self._clock.now()
        claimed = await self._db.all(
            _CLAIM, recipients, ids, now, [now + wait for wait in WAITS], now + WAIT_MAX
        )
        if not claimed:
            return 0
        charged = await self._charged([row["recipient"] for row in claimed], now)
        tally: Tally = Counter()
        for start in range(0, len(claimed), AT_ONCE_MAX):
            page = claimed[start : start + AT_ONCE_MAX]
            # each to its end before anything is raised, so that what was carried is written down
            ended = await asyncio.gather(
                *(self._carry(row, now, charged, tally) for row in page), return_exceptions=True
            )
            for error in ended:
                if isinstance(error, BaseException):
                    raise error
        await self.tallies.add(tally)
        return len(claimed)

    async def heard(self, carrier: str, reference: str, arrived: bool, word: str) -> bool:
        """What became of a part of a message that `carrier` took. What did not arrive goes on to the
        next way. False where no message has this reference."""
        async with self._db.work() as conn:
            sent = await conn.fetchrow(
                "DELETE FROM notify.sent WHERE carrier = $1 AND reference = $2"
                " RETURNING recipient, id, way",
                carrier,
                reference,
            )
            if sent is None:
                return False
            now = self._clock.now()
            key = sent["recipient"], sent["id"]
            if arrived:
                row = await conn.fetchrow(
                    "UPDATE notify.message SET arrived_at = $3"
                    " WHERE recipient = $1 AND id = $2 AND arrived_at IS NULL RETURNING market",
                    *key,
                    now,
                )
            else:
                await conn.execute("DELETE FROM notify.sent WHERE id = $1", sent["id"])
                row = await conn.fetchrow(
                    """
                    UPDATE notify.message SET delivered_at = NULL, arrived_at = NULL, way_tries = 0,
                        problem = $3,
                        state = CASE WHEN ways = '{}' THEN 'failed' ELSE 'waiting' END,
                        next_at = CASE WHEN ways = '{}' THEN NULL ELSE $4::timestamptz END
                    WHERE recipient = $1 AND id = $2 AND state = 'delivered'
                    RETURNING market, template, state
                    """,
                    *key,
                    f"{sent['way']}: {word}"[:PROBLEM_CHARS_MAX],
                    now,
                )
        if row is None:
            return True
        outcome = Outcome.ARRIVED if arrived else Outcome.LOST
        tally: Tally = Counter({(row["market"], sent["way"], carrier, outcome): 1})
        if not arrived and row["state"] == "failed":
            tally[row["market"], "none", "none", Outcome.FAILED] += 1
            _fail(sent["id"], row["template"], f"{sent['way']}: {word}")
        await self.tallies.add(tally)
        return True

    async def forget(self) -> None:
        """Await no report any more that has not come for days."""
        await self._db.run("DELETE FROM notify.sent WHERE forget_at <= $1", self._clock.now())

    # within

    async def _charged(
        self, recipients: Sequence[bytes], now: datetime
    ) -> dict[bytes, tuple[int, int]]:
        """How many messages by SMS these had in the last hour and day."""
        hour, day = now - timedelta(hours=1), now - timedelta(days=1)
        rows = await self._db.all(_CHARGED, list(set(recipients)), hour, day)
        return {row["recipient"]: (row["hour"], row["day"]) for row in rows}

    async def _carry(
        self, row: Record, now: datetime, charged: dict[bytes, tuple[int, int]], tally: Tally
    ) -> None:
        """Try one way after the other until one takes it, or wants it again later."""
        expired = row["forget_at"] is not None and row["forget_at"] <= now
        if expired or row["text_sealed"] is None:
            await self._failed(row, "expired before it could be delivered", tally)
            return
        ways, tries = [Way(way) for way in row["ways"]], row["way_tries"]
        problems: list[str] = [row["problem"]] if row["problem"] else []
        while ways:
            way, behind = ways[0], ways[1:]
            carrier = self.ways.carrier(row["market"], way)
            if carrier is None:
                handed, reachable = Handed(Carried.NEVER, why="not set up any more"), False
            else:
                handed, reachable = await self._hand(row, way, carrier, charged)
            name = carrier.name if carrier is not None else "none"
            key = row["market"], way.value, name
            problems.append(f"{way}: {handed.why or handed.said}")
            if handed.said is Carried.SENT:
                tally[*key, Outcome.SENT] += 1
                await self._sent(row, way, name, behind, handed)
                return
            most = TRIES_MAX
            if behind:
                most = SECRET_TRIES_BEFORE_NEXT_MAX if row["secret"] else TRIES_BEFORE_NEXT_MAX
            if handed.said is Carried.LATER and tries < most:
                tally[*key, Outcome.LATER] += 1
                await self._later(row, ways, tries, problems)
                return
            if behind and reachable:
                tally[*key, Outcome.PASSED_ON] += 1
            ways, tries = behind, 1
        await self._failed(row, "; ".join(problems) or "there is no way to send it", tally)

    async def _hand(
        self, row: Record, way: Way, carrier: Carrier, charged: dict[bytes, tuple[int, int]]
    ) -> tuple[Handed, bool]:
        """Hand a message to a carrier, which may do what it will: this answers. And whether the person
        can be reached that way at all."""
        if way is Way.SMS and not row["secret"]:
            hour, day = charged.get(row["recipient"], (0, 0))
            budget = self.ways.budget(row["market"])
            if hour >= budget.hour or day >= budget.day:
                return Handed(Carried.NEVER, why="the receiver had enough for now"), True
            charged[row["recipient"]] = hour + 1, day + 1
        parcel = await self._parcel(row, way, carrier)
        if isinstance(parcel, str):
            return Handed(Carried.NEVER, why=parcel), False
        try:
            said = await carrier.carry(parcel)
        except Unavailable as outage:
            return Handed(Carried.LATER, why=str(outage)), True
        except Exception as error:  # noqa: BLE001 - a carrier is somebody else's
            _log.warning("carrier %s: %s", carrier.name, type(error).__name__)
            return Handed(Carried.LATER, why=type(error).__name__), True
        handed = said if isinstance(said, Handed) else Handed(said)
        if handed.gone and row["party_id"] is not None:
            await self._subscriptions.drop(row["party_id"], handed.gone)
        return handed, True

    async def _parcel(self, row: Record, way: Way, carrier: Carrier) -> Parcel | str:
        """The letter with the address for this way, or why there is none."""
        bound, party = str(row["id"]), row["party_id"]
        market = self._markets.get(row["market"])
        try:
            text = self._keys.open(row["text_sealed"], bound, "message")
            phone = email = None
            subscriptions: tuple[Subscription, ...] = ()
            if way is Way.PUSH:
                subscriptions = await self._subscriptions.of(party) if party is not None else ()
                if not subscriptions:
                    return "no device of the receiver takes push messages"
            elif row["phone_sealed"] is not None:
                contact = self._keys.open(row["phone_sealed"], bound, "phone")
                if way is not (Way.EMAIL if "@" in contact else Way.SMS):
                    return "only the receiver's phone or e-mail address is known"
                phone, email = (None, contact) if way is Way.EMAIL else (contact, None)
            else:
                reader = f"notify:{carrier.name}"
                personal = await self._parties.personal(party, reader, row["template"])
                if isinstance(personal, Personal):
                    phone = personal.phone if way is Way.SMS else None
                    email = personal.email if way is Way.EMAIL else None
                if phone is None and email is None:
                    return f"the receiver has no {'phone' if way is Way.SMS else 'e-mail address'}"
        except WrongKey:
            return "sealed with a key that is not there"
        return Parcel(
            row["id"],
            row["market"],
            text,
            phone,
            row["forget_at"],
            email,
            subscriptions,
            market.operator if market is not None else "",
            row["secret"],
        )

    async def _sent(
        self, row: Record, way: Way, carrier: str, behind: Sequence[Way], handed: Handed
    ) -> None:
        now = self._clock.now()
        async with self._db.work() as conn:
            await conn.execute(
                """
                UPDATE notify.message SET state = 'delivered', problem = NULL, next_at = NULL,
                    delivered_at = $3, way = $4, ways = $5,
                    charged_at = CASE WHEN $4 = 'sms' AND NOT secret THEN $3 ELSE charged_at END
                WHERE recipient = $1 AND id = $2 AND state = 'waiting'
                """,
                row["recipient"],
                row["id"],
                now,
                way.value,
                [one.value for one in behind],
            )
            if handed.references:
                await conn.execute(
                    """
                    INSERT INTO notify.sent (carrier, reference, recipient, id, way, forget_at)
                    SELECT $1, unnest($2::text[]), $3, $4, $5, $6 ON CONFLICT DO NOTHING
                    """,
                    carrier,
                    list(handed.references),
                    row["recipient"],
                    row["id"],
                    way.value,
                    now + REPORTS_AWAITED,
                )

    async def _later(
        self, row: Record, ways: Sequence[Way], tries: int, problems: Sequence[str]
    ) -> None:
        """Leave it to a later try of the first of `ways`."""
        await self._db.run(
            """
            UPDATE notify.message SET ways = $3, way_tries = $4, problem = $5, next_at = $6
            WHERE recipient = $1 AND id = $2 AND state = 'waiting'
            """,
            row["recipient"],
            row["id"],
            [way.value for way in ways],
            tries,
            _told(problems),
            self._clock.now() + WAITS[tries - 1],
        )

    async def _failed(self, row: Record, problem: str, tally: Tally) -> None:
        tally[row["market"], "none", "none", Outcome.FAILED] += 1
        await self._db.run(
            """
            UPDATE notify.message SET state = 'failed', problem = $3, next_at = NULL, ways = '{}'
            WHERE recipient = $1 AND id = $2 AND state = 'waiting'
            """,
            row["recipient"],
            row["id"],
            problem[:PROBLEM_CHARS_MAX],
        )
        _fail(row["id"], row["template"], problem)


def _told(problems: Sequence[str]) -> str:
    """The latest of the problems, as far as there is room."""
    kept = list(dict.fromkeys(problems))
    while len(kept) > 1 and len("; ".join(kept)) > PROBLEM_CHARS_MAX:
        del kept[0]
    return "; ".join(kept)[:PROBLEM_CHARS_MAX]


def _fail(message: UUID, template: str, problem: str) -> None:
    _log.error("message %s (%s) was not delivered: %s", message, template, problem)
