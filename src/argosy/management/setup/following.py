"""How every process knows what was set up: read at start, and again as soon as something changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from argosy.base.clock import Clock
from argosy.base.markets import Market
from argosy.base.refusals import Unavailable
from argosy.base.store import Database
from argosy.management.ports import Pausable
from argosy.management.setup.rails import Rails
from argosy.management.setup.switches import Switches
from argosy.management.setup.terms import Terms, amended

LOOK_SECONDS = 1.0
"""A change is known everywhere within so long, and one read of a row a process is what that costs."""

_log = logging.getLogger(__name__)

_THERE = "SELECT to_regclass('setup.changed') IS NOT NULL"


class Following:
    """Keeps `markets` and `rails` of this process at what the database says. Payments read memory only."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        markets: Mapping[str, Market],
        rails: Mapping[str, Pausable],
    ) -> None:
        self._db = db
        self._markets = markets
        self._rails = rails
        self._known = -1
        self.terms = Terms(db, clock, markets)
        self.switches = Switches(db, clock, markets)
        self.ways = Rails(db, clock, rails)

    async def look(self) -> bool:
        """Read anew where something changed since; whether it did. In a database that is not migrated
        nothing was set up."""
        if self._known < 0 and not await self._db.value(_THERE):
            return False
        version = await self._db.value("SELECT version FROM setup.changed")
        if version == self._known:
            return False
        terms, off = await self.terms.all(), await self.switches.off()
        paused = await self.ways.paused()
        for code, market in self._markets.items():
            mine = (term for term in terms if term.market == code)
            market.amend(amended(mine, off.get(code, frozenset())))
        for name, rail in self._rails.items():
            rail.paused = name in paused
        self._known = version
        return True

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Unavailable as outage:
                _log.warning("what was set up is read later: %s", outage)
            except Exception:  # noqa: BLE001 - what is known stays, and is looked at again
                _log.exception("what was set up cannot be read")
