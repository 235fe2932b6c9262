"""Ceilings follow the law: on the day on which a level may hold another sum, every wallet of it does.

The ledger refuses by the ceiling that an account has, so a new cap has to reach every account. What the
ceilings have now stands in one row for each level, with how far a change has come.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from argosy.base.clock import local_day
from argosy.base.markets import Market
from argosy.base.parties.facts import main_account
from argosy.base.refusals import Refused
from argosy.base.store import Database

NOBODY = UUID(int=0)
__all__ = ["Bounds", "follow_caps"]


class Bounds(Protocol):
    """The ledger, as identity sees it. Setting the same bounds again changes nothing."""

    async def set_bounds(
        self, account_id: UUID, floor_minor: int | None, ceiling_minor: int | None, because: str
    ) -> Refused | None: ...


async def follow_caps(
    db: Database, markets: Mapping[str, Market], bounds: Bounds, now: datetime, limit: int
) -> int:
    """Give wallets the ceilings of today, at most `limit` of them. Says how many were looked at."""
    done = 0
    for market in markets.values():
        day = local_day(now, market.zone)
        for level in market.levels:
            cap = market.balance_minor_max(level.name, day)
            done += await _follow(db, bounds, market.code, level.name, cap, limit - done)
            if done >= limit:
                return done
    return done


async def _follow(
    db: Database, bounds: Bounds, market: str, level: str, cap: int | None, limit: int
) -> int:
    # A level that is met for the first time has opened its wallets with this cap.
    row = await db.one(
        """
        INSERT INTO identity.cap AS c (market, level, minor, done, after)
        VALUES ($1, $2, $3, true, $4)
        ON CONFLICT (market, level) DO UPDATE SET minor = excluded.minor,
            done = c.done AND c.minor IS NOT DISTINCT FROM excluded.minor,
            after = CASE WHEN c.minor IS DISTINCT FROM excluded.minor THEN excluded.after
                ELSE c.after END
        RETURNING done, after
        """,
        market,
        level,
        cap,
        NOBODY,
    )
    if row is None or row["done"]:
        return 0
    wallets = await db.all(
        """
        SELECT id FROM parties.party
        WHERE id > $1 AND market = $2 AND level = $3 AND state <> 'closed' ORDER BY id LIMIT $4
        """,
        row["after"],
        market,
        level,
        limit,
    )
    for wallet in wallets:
        await bounds.set_bounds(main_account(wallet["id"]), 0, cap, f"the cap of {level} changed")
    await db.run(
        """
        UPDATE identity.cap SET after = $3, done = $4
        WHERE market = $1 AND level = $2 AND minor IS NOT DISTINCT FROM $5
        """,
        market,
        level,
        wallets[-1]["id"] if wallets else row["after"],
        len(wallets) < limit,
        cap,
    )
    return len(wallets)
