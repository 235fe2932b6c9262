"""Files that pages refer to, and the choice of a language."""

from __future__ import annotations

import re

from argosy.base.refusals import Refused
from argosy.channels.lite import assets
from argosy.channels.lite.answers import Answer, Go, No
from argosy.channels.lite.pages.address import Address, Who, get, post
from argosy.channels.lite.reasons import LiteReason
from argosy.channels.lite.rendering import ASSETS
from argosy.channels.lite.visits import LANGUAGE_SECONDS, Visit

_LOCAL = re.compile(r"/[A-Za-z0-9/_-]*", re.ASCII)


def local_path(text: str) -> str:
    """A path of ours to go back to; the home page for anything else."""
    return text if _LOCAL.fullmatch(text) and not text.startswith("//") else "/"


async def file(visit: Visit) -> Answer:
    zipped = "gzip" in visit.request.headers.get("accept-encoding", "")
    found = assets.serve(ASSETS, visit.path("name"), zipped=zipped)
    return found or No(Refused(LiteReason.PAGE_UNKNOWN))


async def icon(_visit: Visit) -> Answer:
    return assets.serve(
        ASSETS, ASSETS["icon.svg"].path.removeprefix(assets.PREFIX), zipped=False
    ) or No(Refused(LiteReason.PAGE_UNKNOWN))


async def language(visit: Visit) -> Answer:
    wanted = visit.text("language")
    if wanted in visit.market.languages:
        visit.keep("language", wanted, LANGUAGE_SECONDS)
        if visit.session is not None:
            await visit.lite.parties.set_language(visit.session.party_id, wanted)
    return Go(local_path(visit.text("back")))


def market_choices(visit: Visit) -> list[tuple[str, str]]:
    """The markets by code and name, where there are several."""
    markets = sorted(visit.lite.markets.values(), key=lambda m: m.name)
    return [(m.code, m.name) for m in markets] if len(markets) > 1 else []


async def market(visit: Visit) -> Answer:
    wanted = visit.text("market")
    if wanted in visit.lite.markets and visit.session is None:
        visit.keep("market", wanted, LANGUAGE_SECONDS)
    return Go(local_path(visit.text("back")))


ADDRESSES: tuple[Address, ...] = (
    get("/-/{name:str}", file, Who.ANYONE),
    get("/favicon.ico", icon, Who.ANYONE),
    post("/language", language, Who.ANYONE),
    post("/market", market, Who.ANYONE),
)
