"""The door of the partner API for the wiring: the one application under `/api`, and what its clock does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from typing import Any

from argosy.base.products import Sweep
from argosy.partners.api.call import Api
from argosy.partners.api.services import PartnerApi
from argosy.partners.api.web import application

PREFIX = "/api"
TIDY_EVERY_SECONDS = 60.0

App = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]
"""An ASGI application."""


def is_behind(path: str) -> bool:
    """Whether a request to `path` is for the API."""
    return path == PREFIX or path.startswith(PREFIX + "/")


def door(services: PartnerApi) -> App:
    """The API as an ASGI application that answers every address under `/api`, unknown ones too."""
    behind: App = application(services)  # type: ignore[assignment]  # ASGI, told in Litestar's types

    async def app(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        path = scope["path"].removeprefix(PREFIX) or "/"
        await behind({**scope, "path": path}, receive, send)

    return app


def sweeps(services: PartnerApi) -> tuple[Sweep, ...]:
    """What the clock does for the API and for webhooks."""
    api = Api.over(services)

    async def tidy(now: datetime, limit: int) -> int:
        return await api.idempotency.tidy(now, limit) + await api.signatures.tidy(now, limit)

    return (Sweep("api.tidy", TIDY_EVERY_SECONDS, tidy), *services.webhooks.sweeps())
