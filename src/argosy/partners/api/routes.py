"""The door of the partner API for the wiring."""

from __future__ import annotations

from datetime import datetime

from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from argosy.base.products import Sweep
from argosy.partners.api.call import Api
from argosy.partners.api.services import PartnerApi
from argosy.partners.api.web import application

PREFIX = "/api"
TIDY_EVERY_SECONDS = 60.0


def routes(services: PartnerApi) -> list[ASGIRouteHandler]:
    """Everything under `/api`, to be given to the web application as it is: one mounted handler that
    answers each address below it, unknown ones too."""
    app = application(services)

    async def partner_api(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return [ASGIRouteHandler(PREFIX, is_mount=True, copy_scope=True)(partner_api)]


def sweeps(services: PartnerApi) -> tuple[Sweep, ...]:
    """What the clock does for the API and for webhooks."""
    api = Api.over(services)

    async def tidy(now: datetime, limit: int) -> int:
        return await api.idempotency.tidy(now, limit) + await api.signatures.tidy(now, limit)

    return (Sweep("api.tidy", TIDY_EVERY_SECONDS, tidy), *services.webhooks.sweeps())
