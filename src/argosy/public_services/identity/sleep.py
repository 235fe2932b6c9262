"""Wallets that nobody uses: told before, put to sleep on the pack's day, awake when their owner signs in.

Once a day each market's customers are gone through, some hundreds at a time, in the order of their ids;
how far a round has come stands in the database, so any process goes on with it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from argosy.base.clock import local_day
from argosy.base.duties import Dormancy
from argosy.base.ids import derive
from argosy.base.markets import Market
from argosy.base.parties.facts import Party, PartyState
from argosy.base.parties.parties import Parties
from argosy.base.parties.rows import COLUMNS, party_of
from argosy.base.ports import Message, Notifier
from argosy.base.refusals import Refused, Unavailable
from argosy.base.store import Database

NOBODY = UUID(int=0)
SEEN_AT_ONCE = 200
_log = logging.getLogger(__name__)

LastSeen = Callable[[list[UUID]], Awaitable[Mapping[UUID, datetime]]]
"""When each of these parties was last seen; who never was is missing."""


class Sleep:
    """Puts wallets to sleep. Waking is the sign-in's."""

    def __init__(
        self,
        db: Database,
        parties: Parties,
        markets: Mapping[str, Market],
        last_seen: LastSeen,
        notifier: Notifier,
    ) -> None:
        self._db = db
        self._parties = parties
        self._markets = markets
        self._last_seen = last_seen
        self._notifier = notifier

    async def run(self, now: datetime, limit: int) -> int:
        """Look at up to `limit` customers, as far as today's rounds are not done. Says at how many."""
        looked = 0
        for market in self._markets.values():
            day = local_day(now, market.zone)
            sleep = market.dormancy_on(day)
            if sleep is None or looked >= limit:
                continue
            looked += await self._round(market, day, sleep, min(limit - looked, SEEN_AT_ONCE))
        return looked

    async def _round(self, market: Market, day: date, sleep: Dormancy, limit: int) -> int:
        after = await self._db.value(
            """
            INSERT INTO identity.round AS r (market, day, after) VALUES ($1, $2, $3)
            ON CONFLICT (market) DO UPDATE SET day = excluded.day,
                after = CASE WHEN r.day < excluded.day THEN excluded.after ELSE r.after END
            RETURNING after
            """,
            market.code,
            day,
            NOBODY,
        )
        told_from = day - timedelta(days=sleep.days - sleep.notice_days)
        rows = await self._db.all(
            f"""
            SELECT {COLUMNS} FROM parties.party p
            WHERE p.id > $1 AND p.market = $2 AND p.kind = 'customer' AND p.state = 'active'
                AND p.created_at < $3
            ORDER BY p.id LIMIT $4
            """,
            after,
            market.code,
            datetime.combine(told_from + timedelta(days=1), datetime.min.time(), UTC),
            limit,
        )
        if not rows:
            return 0
        seen = await self._last_seen([row["id"] for row in rows])
        for party in map(party_of, rows):
            last = local_day(seen.get(party.id, party.created_at), market.zone)
            await self._look(party, last, day, sleep)
        await self._db.run(
            "UPDATE identity.round SET after = $3 WHERE market = $1 AND day = $2",
            market.code,
            day,
            rows[-1]["id"],
        )
        return len(rows)

    async def _look(self, party: Party, last: date, day: date, sleep: Dormancy) -> None:
        idle = (day - last).days
        if idle >= sleep.days:
            said = await self._parties.set_state(
                party.id, PartyState.DORMANT, only_from=PartyState.ACTIVE
            )
            if not isinstance(said, Refused):
                await self._tell(party, "identity.sleeps", last, {})
        elif idle >= sleep.days - sleep.notice_days:
            falls = last + timedelta(days=sleep.days)
            await self._tell(party, "identity.sleeps_soon", last, {"day": falls})

    async def _tell(
        self, party: Party, template: str, last: date, facts: Mapping[str, object]
    ) -> None:
        message = Message(
            id=derive(party.id, f"{template}.{last}"),
            template=template,
            facts=facts,
            market=party.market,
            language=party.language,
            to=party.id,
        )
        try:
            await self._notifier.notify(message)
        except Unavailable:
            _log.exception("message %s could not be stored", message.id)
