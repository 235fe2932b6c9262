"""Keeps a process's panels those of the registry: a publish anywhere is in force within a second."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from argosy.base.refusals import Unavailable
from argosy.base.store import Record
from argosy.ctu.models.facts import Model, State
from argosy.ctu.models.features import Features
from argosy.ctu.models.panel import Compiled, Panel
from argosy.ctu.models.registry import Registry, ready

POLL_SECONDS = 0.25

log = logging.getLogger(__name__)


class Models:
    """`live` decides, `shadow` (the shadow versions) is scored beside it, best off the payment path.
    Both are swapped whole; hold one in a local name while one event is judged.

    A new panel is read and compiled in a thread, model by model and only those that are new, while the
    loop goes on scoring with the old one. `changed` is called in the loop after each swap.
    """

    def __init__(
        self,
        registry: Registry,
        features: Features,
        changed: Callable[[], None] | None = None,
        *,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self.live = Panel([], features)
        self.shadow = Panel([], features)
        self._registry = registry
        self._features = features
        self._changed = changed
        self._poll_seconds = poll_seconds
        self._change = -1
        self._models: dict[tuple[str, str], Model] = {}
        self._compiled: dict[State, Compiled] = {State.LIVE: {}, State.SHADOW: {}}

    async def start(self) -> None:
        """Load what is live now."""
        await self.step()

    async def run(self) -> None:
        """Follow the registry until cancelled; an outage delays and loses nothing."""
        while True:
            try:
                await self.step()
            except Unavailable as outage:
                log.warning("models: waiting for the database: %s", outage)
            await asyncio.sleep(self._poll_seconds)

    async def step(self) -> bool:
        """Look once; whether there was something new."""
        change = (
            await self._registry.change()
        )  # read first: what comes later is met by the next look
        if change == self._change:
            return False
        rows = {state: await self._registry.texts(state) for state in self._compiled}
        self.live, self.shadow = await asyncio.to_thread(self._make, rows)
        self._change = change
        log.info("models: %s live, %s in shadow", len(self.live.names), len(self.shadow.names))
        if self._changed is not None:
            self._changed()
        return True

    def use(self, features: Features) -> None:
        """Another feature vector, as when facts were published: the next look makes new panels."""
        self._features = features
        self._change = -1

    def _make(self, rows: dict[State, list[Record]]) -> tuple[Panel, Panel]:
        models = {state: self._read(some) for state, some in rows.items()}
        self._models = {(m.name, m.version): m for some in models.values() for m in some}
        live, shadow = (
            Panel(models[state], self._features, self._compiled[state])
            for state in (State.LIVE, State.SHADOW)
        )
        return live, shadow

    def _read(self, rows: Sequence[Record]) -> list[Model]:
        return [self._models.get((row["name"], row["version"])) or ready(row) for row in rows]
