"""The door of the partner API for the wiring."""

from __future__ import annotations

from litestar.handlers import ASGIRouteHandler

from argosy.partners.api.services import PartnerApi

PREFIX = "/api"


def routes(services: PartnerApi) -> list[ASGIRouteHandler]:
    """Everything under `/api`, to be given to the web application as it is: one mounted handler that
    answers each address below it, unknown ones too."""
    from argosy.partners.api.web import application

    return [ASGIRouteHandler(PREFIX, is_mount=True)(application(services))]
