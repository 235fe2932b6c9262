"""The catalogue: sentences by key and language, filled with facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from argosy.base.markets import Market
from argosy.base.money import Money
from argosy.base.refusals import Refused


class Words:
    """Says things. Templates are TOML files `words/<language>.toml` in any folder of the package or
    of `outside` (packs that lie elsewhere); tables nest into dotted keys: `[refusal] pin_wrong =
    "..."` is `refusal.pin_wrong`."""

    def __init__(self, markets: Mapping[str, Market], outside: Iterable[Path] = ()) -> None: ...

    def say(self, key: str, language: str, market: str, **facts: Any) -> str:
        """The sentence of `key` with `{named}` facts: Money, dates and times as the market writes
        them. Falls back to the market's first language, then English, then the key itself, and
        counts it."""
        raise NotImplementedError

    def refusal(self, refused: Refused, language: str, market: str) -> str:
        """What to tell the customer about a no: `refusal.<code>` with its facts."""
        raise NotImplementedError

    def money(self, money: Money, language: str, market: str) -> str:
        """`₹1,23,456.50`"""
        raise NotImplementedError

    def moment(self, at: datetime, language: str, market: str) -> str:
        """Day and time in the market's zone."""
        raise NotImplementedError
