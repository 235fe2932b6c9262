"""Feature switches: what the operator turns off in a market, by two persons, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import asyncpg

from argosy.base.clock import Clock
from argosy.base.markets import Market
from argosy.base.refusals import Refused
from argosy.base.store import Database, Record
from argosy.management.setup.facts import SetupReason, Switch, Turned

_LATEST = """
    SELECT DISTINCT ON (market, name) * FROM setup.switches ORDER BY market, name, turn DESC
"""


class Switches:
    """Reads and turns switches. One that was never turned is on."""

    def __init__(self, db: Database, clock: Clock, markets: Mapping[str, Market]) -> None:
        self._db = db
        self._clock = clock
        self._markets = markets

    async def off(self) -> dict[str, frozenset[str]]:
        """What is off in each market, by the names that `Market.is_off` is asked for."""
        found: dict[str, set[str]] = {}
        for row in await self._db.all(_LATEST):
            if not row["is_on"]:
                found.setdefault(row["market"], set()).add(row["name"])
        return {market: frozenset(names) for market, names in found.items()}

    async def all(self, market: str) -> list[Turned]:
        """Every switch of a market as it stands."""
        rows = {row["name"]: row for row in await self._db.all(_LATEST) if row["market"] == market}
        return [
            _turned(rows[switch.value]) if switch.value in rows else Turned(market, switch, True)
            for switch in Switch
        ]

    async def turn(
        self,
        id: UUID,
        market: str,
        name: str,
        is_on: bool,
        why: str,
        proposed_by: str,
        approved_by: str,
    ) -> Turned | Refused:
        """Turn a switch as two persons agreed; the same `id` again changes nothing."""
        if market not in self._markets or name not in list(Switch):
            return Refused(SetupReason.SWITCH_UNKNOWN)
        try:
            async with self._db.work() as conn:
                last = await conn.fetchrow(
                    "SELECT * FROM setup.switches WHERE market = $1 AND name = $2"
                    " ORDER BY turn DESC LIMIT 1",
                    market,
                    name,
                )
                if last is not None and last["id"] == id:
                    return _turned(last)
                if is_on == (last is None or last["is_on"]):
                    return Refused(SetupReason.SWITCH_AS_IT_IS)
                row = await conn.fetchrow(
                    """
                    INSERT INTO setup.switches
                        (market, name, turn, id, is_on, why, proposed_by, approved_by, at)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING *
                    """,
                    market,
                    name,
                    1 if last is None else last["turn"] + 1,
                    id,
                    is_on,
                    why,
                    proposed_by,
                    approved_by,
                    self._clock.now(),
                )
                await conn.execute("UPDATE setup.changed SET version = version + 1")
        except asyncpg.UniqueViolationError:  # somebody turned it in this very moment
            return Refused(SetupReason.SWITCH_AS_IT_IS)
        return _turned(row)


def _turned(row: Record) -> Turned:
    return Turned(
        row["market"],
        Switch(row["name"]),
        row["is_on"],
        row["why"],
        row["proposed_by"],
        row["approved_by"],
        row["at"],
    )
