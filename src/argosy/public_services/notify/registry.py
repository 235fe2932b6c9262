"""Finding carriers: by the scheme of the address that the operator gives, among the folders with a
manifest. Nothing is registered, and an address that cannot be used is refused at start."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from argosy.base.manifest import ManifestError, discover
from argosy.base.markets import Market
from argosy.public_services.notify.carriers import Adapter, Carrier, Means, Way
from argosy.public_services.notify.routes import Ways, routes_of

PACKAGE = "argosy.public_services.notify"
_FOR = re.compile(r"([a-z][a-z0-9_]*)=(\S+)")
_SCHEME = re.compile(r"([a-z][a-z0-9+]*):")


@dataclass(frozen=True, slots=True)
class Line:
    """One carrier as the operator has set it up: for one market, or for all that have none of their
    own. `facts` may hold a password."""

    way: Way
    market: str | None
    adapter: Adapter
    facts: Any = field(repr=False)


@lru_cache(maxsize=1)
def adapters() -> Mapping[str, Adapter]:
    """Every adapter by scheme. Raises `ManifestError` where two take the same."""
    found: dict[str, Adapter] = {}
    for manifest in discover("carrier", PACKAGE).values():
        adapter = manifest.load()
        for scheme in adapter.schemes:
            if scheme in found:
                raise ManifestError(f"{manifest.folder}: another carrier takes {scheme}: already")
            found[scheme] = adapter
    return found


def read(way: Way, text: str) -> tuple[Line, ...]:
    """The carriers that a setting names: addresses separated by blanks, each for all markets or, as
    `thailand=smpp://...`, for one. Raises ValueError, and repeats no address: it may hold a password."""
    lines: list[Line] = []
    for part in text.split():
        named = _FOR.fullmatch(part)
        market, address = (named[1], named[2]) if named else (None, part)
        if any(line.market == market for line in lines):
            raise ValueError(f"names two addresses for {market or 'all markets'}")
        scheme = _SCHEME.match(address)
        adapter = adapters().get(scheme[1]) if scheme else None
        if adapter is None or adapter.way is not way:
            known = sorted(s for s, a in adapters().items() if a.way is way)
            raise ValueError(f"must begin with one of {', '.join(f'{s}:' for s in known)}")
        lines.append(Line(way, market, adapter, adapter.read(address)))
    return tuple(lines)


def open_ways(
    markets: Mapping[str, Market], lines: Iterable[Line], means: Means, *, demo: bool
) -> Ways:
    """The carriers of every market. A demo sends nothing: its messages show on a page. Raises
    ManifestError for a line to a market that is not there."""
    routes = {code: routes_of(market) for code, market in markets.items()}
    carriers: dict[tuple[str, Way], Carrier] = {}
    if demo:
        return Ways(routes)
    for line in sorted(lines, key=lambda one: one.market is not None):  # a market's own last
        if line.market is not None and line.market not in markets:
            raise ManifestError(
                f"messages by {line.way} are set up for an unknown market: {line.market}"
            )
        carrier = line.adapter.make(line.facts, means)
        for code in markets if line.market is None else (line.market,):
            carriers[code, line.way] = carrier
    return Ways(routes, carriers, box_takes_codes=False)
