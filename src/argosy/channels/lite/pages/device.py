"""What a device keeps of the app: the worker that keeps it, the manifest that makes it installable, and the
page for where there is no connection."""

from __future__ import annotations

import msgspec

from argosy.base.markets import Market
from argosy.channels.lite import assets
from argosy.channels.lite.answers import Answer, Page
from argosy.channels.lite.pages.address import Address, Who, get
from argosy.channels.lite.rendering import ASSETS
from argosy.channels.lite.visits import Visit
from argosy.channels.lite.wire import Response

PAGES = (
    "", "add", "code", "enter", "history", "inbox", "me", "messages", "orders", "outcome", "p", "pay", "r",
    "request", "send", "till", "waiting", "withdraw",
)  # fmt: skip
"""The first parts of the paths whose pages the worker looks after; it leaves all others alone."""
_COLOUR = "#0b5c4b"
_MANIFEST_HEADERS = {"cache-control": "public,max-age=604800", "x-content-type-options": "nosniff"}
_WORKER = assets.worker(ASSETS, PAGES)


async def worker(visit: Visit) -> Answer:
    zipped = "gzip" in visit.request.headers.get("accept-encoding", "")
    return assets.serve_worker(_WORKER, zipped=zipped)


async def manifest(visit: Visit) -> Answer:
    """The app's name, sign and first page. It is fetched without cookies, so the address names market
    and language."""
    market = visit.lite.markets.get(visit.query("market"), visit.market)
    asked = visit.query("language")
    language = asked if asked in market.languages else market.languages[0]
    return Response(
        msgspec.json.encode(_manifest(visit, market, language)),
        media_type="application/manifest+json",
        headers=_MANIFEST_HEADERS,
    )


def _manifest(visit: Visit, market: Market, language: str) -> dict[str, object]:
    def say(key: str) -> str:
        return visit.lite.words.say(key, language, market.code)

    icon = {"src": ASSETS["icon.svg"].path, "sizes": "any", "type": "image/svg+xml"}
    return {
        "id": "/",
        "name": market.operator,
        "short_name": market.operator,
        "lang": language,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": _COLOUR,
        "theme_color": _COLOUR,
        "icons": [{**icon, "purpose": "any"}, {**icon, "purpose": "maskable"}],
        "shortcuts": [
            {"name": say("lite.home.pay"), "url": "/pay"},
            {"name": say("lite.me.code"), "url": "/me/code"},
        ],
    }


async def no_line(_visit: Visit) -> Answer:
    """Shown by the worker where a page is neither kept nor to be had, and after a form whose answer was
    lost: then it asks what became of it."""
    return Page("line.html", keep_seconds=0)


ADDRESSES: tuple[Address, ...] = (
    get("/worker.js", worker, Who.ANYONE),
    get("/manifest", manifest, Who.ANYONE),
    get("/line", no_line),
)
