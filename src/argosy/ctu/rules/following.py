"""The rule set of today in this process: it follows the database, and never follows it into a hole."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

import msgspec

from argosy.base.refusals import Bug, Unavailable, must
from argosy.base.store import Database
from argosy.ctu.rules.compiled import RuleSet
from argosy.ctu.rules.declared import RuleError
from argosy.ctu.rules.thresholds import Thresholds
from argosy.ctu.rules.versions import Loaded, Sets
from argosy.ctu.rules.vocabulary import Vocabulary

POLL_SECONDS: Final = 0.5

log = logging.getLogger(__name__)


class Live:
    """The compiled set of today; `run` follows what is published, within a second.

    A set that does not load is not taken: the old one stays in force, `trouble` says what is wrong until
    a good set comes, and the log says so. `number` is the set in force.
    """

    def __init__(
        self,
        db: Database,
        vocabulary: Vocabulary,
        thresholds: Thresholds | None = None,
        utc_offsets: Mapping[str, int] | None = None,
    ) -> None:
        """`thresholds` hold where nobody has published others."""
        self._sets = Sets(db, thresholds)
        self._vocabulary = vocabulary
        self._offsets = utc_offsets or {}
        self._rules: RuleSet | None = None
        self._refused = -1
        self.number = -1
        self.trouble = ""

    @property
    def rules(self) -> RuleSet:
        """The set in force; there is one as soon as `start` has been awaited."""
        must(self._rules is not None, "rules are asked for before they were loaded")
        return self._rules  # type: ignore[return-value]

    async def start(self) -> None:
        """Load the set of today. Here, and only here, a set that does not load raises."""
        await self._take(await self._sets.load())

    async def look(self) -> bool:
        """Take over the set of today where it is another one; whether it was. Raises `Unavailable`."""
        newest = await self._sets.newest()
        if newest in (self.number, self._refused):
            return False
        try:
            await self._take(await self._sets.load())
        except (Bug, RuleError, KeyError, msgspec.ValidationError, ValueError) as wrong:
            self._refused = newest
            self.trouble = f"rule set {newest} does not load, {self.number} stays in force: {wrong}"
            log.exception("rule set %s does not load; %s stays in force", newest, self.number)
            return False
        return True

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self.look()
            except Unavailable as outage:
                log.warning("rules are not followed while the database is away: %s", outage)
            await asyncio.sleep(POLL_SECONDS)

    async def _take(self, loaded: Loaded) -> None:
        rules = await asyncio.to_thread(self._compiled, loaded)
        self._rules, self.number, self.trouble = rules, loaded.version.number, ""
        log.info("rule set %s is in force: %s", self.number, rules.version)

    def _compiled(self, loaded: Loaded) -> RuleSet:
        return RuleSet(
            loaded.rules, self._vocabulary, loaded.thresholds, loaded.percents, self._offsets
        )
