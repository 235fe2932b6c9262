"""Keeps a process's panels those of the registry: a publish anywhere is in force within a second."""
from __future__ import annotations

from argosy.ctu.models.features import Features
from argosy.ctu.models.panel import Panel
from argosy.ctu.models.registry import Registry


class Models:
    """`live` decides, `shadow` (the shadow versions) is scored beside it, best off the payment path.
    Both are swapped whole; hold one in a local name while one event is judged."""

    live: Panel
    shadow: Panel

    def __init__(self, registry: Registry, features: Features) -> None: ...

    async def start(self) -> None:
        """Load what is live now."""
        ...

    async def run(self) -> None:
        """Follow the registry until cancelled."""
        ...
