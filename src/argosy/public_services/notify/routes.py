"""Which ways a message goes, by its kind and market, and over which carriers."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

import msgspec

from argosy.base.markets import Market
from argosy.public_services.notify.carriers import Carrier, Closing, InBox, Way

FILE = "messages.toml"
_OWN = Path(__file__).parent / "routes.toml"


class RouteError(Exception):
    """A market says in a way that cannot be used how its messages go. Raised at start."""


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most messages by SMS to one person."""

    hour: int
    day: int


class Routes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How messages go in a market: patterns of templates with the ways to try in turn, whether payers
    get receipts as messages, and how many one person gets by SMS."""

    ways: dict[str, tuple[Way, ...]]
    receipts: bool
    budget: Budget

    def of(self, template: str) -> tuple[Way, ...]:
        """The ways of `template`, the one to try first before the others."""
        for pattern, ways in self.ways.items():
            if fnmatchcase(template, pattern):
                return ways
        return ()


class _Own(msgspec.Struct, forbid_unknown_fields=True):
    ways: dict[str, tuple[Way, ...]] = {}
    receipts: bool | None = None
    budget: Budget | None = None


@lru_cache(maxsize=1)
def usual() -> Routes:
    """The routes of a market that says nothing of its own."""
    return msgspec.convert(tomllib.loads(_OWN.read_text("utf-8")), Routes)


def routes_of(market: Market) -> Routes:
    """The routes of `market`: its own, where it has `messages.toml`, before the usual ones. Raises
    `RouteError`."""
    path = market.folder / FILE if market.folder is not None else None
    if path is None or not path.is_file():
        return usual()
    try:
        own = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _Own)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RouteError(f"{path}: {error}") from None
    except msgspec.ValidationError as error:
        raise RouteError(f"{path}: {error}") from None
    standard = usual()
    return Routes(
        {**own.ways, **{p: w for p, w in standard.ways.items() if p not in own.ways}},
        standard.receipts if own.receipts is None else own.receipts,
        own.budget or standard.budget,
    )


@dataclass(frozen=True)
class Ways:
    """Every carrier by market and way. Where there is none for a message it stays in the in-box; that
    is no answer for a one-time code, but for demos (`box_takes_codes`), where the box is a page. Where
    there is an `only` carrier, everything goes that way, whatever the market and the message."""

    routes: Mapping[str, Routes]
    carriers: Mapping[tuple[str, Way], Carrier] = field(default_factory=dict)
    box_takes_codes: bool = True
    only: tuple[Way, Carrier] | None = None

    @classmethod
    def alone(cls, carrier: Carrier | None = None, way: Way = Way.SMS) -> Ways:
        """One carrier for everything and everywhere; the in-box where it is one, or None."""
        is_box = carrier is None or isinstance(carrier, InBox)
        return cls({}, only=None if carrier is None or is_box else (way, carrier))

    def of(self, market: str, template: str) -> tuple[Way, ...]:
        """The ways that `template` can go in `market`, in their order."""
        if self.only is not None:
            return (self.only[0],)
        return tuple(w for w in self._routes(market).of(template) if (market, w) in self.carriers)

    def carrier(self, market: str, way: Way) -> Carrier | None:
        """Who carries this way."""
        if self.only is not None:
            return self.only[1] if self.only[0] is way else None
        return self.carriers.get((market, way))

    def budget(self, market: str) -> Budget:
        """How many messages one person gets by SMS."""
        return self._routes(market).budget

    @property
    def receipts(self) -> frozenset[str]:
        """The markets where payers get receipts as messages."""
        return frozenset(market for market, routes in self.routes.items() if routes.receipts)

    def each(self) -> Iterable[Carrier]:
        """Every carrier once."""
        every = [*self.carriers.values(), *([self.only[1]] if self.only is not None else [])]
        return {id(carrier): carrier for carrier in every}.values()

    async def close(self) -> None:
        """Close the lines that are open."""
        for carrier in self.each():
            if isinstance(carrier, Closing):
                await carrier.close()

    def _routes(self, market: str) -> Routes:
        return self.routes.get(market) or usual()
