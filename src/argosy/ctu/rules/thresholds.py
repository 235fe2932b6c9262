"""Named thresholds, `t.<name>`: one table, scaled by currency, overridden by market.

A threshold that ends in `_minor` is an amount in paise and is brought to other currencies by the
currency's scale; a market may give its own value, then in the minor units of its currency.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

_FILE = Path(__file__).parent / "thresholds.toml"


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`values` as they hold in India, `scales` by currency, `markets` overrides by market."""

    values: dict[str, float]
    scales: dict[str, float] = msgspec.field(default_factory=dict)
    markets: dict[str, dict[str, float]] = msgspec.field(default_factory=dict)

    def holding(self, market: str, currency: str) -> dict[str, float]:
        """Every threshold as it holds in `market` for amounts in `currency`."""
        scale = self.scales.get(currency, 1.0)
        found = {
            name: value * scale if name.endswith("_minor") else value
            for name, value in self.values.items()
        }
        return found | self.markets.get(market, {})

    def changed(self, market: str, values: Mapping[str, float]) -> Thresholds:
        """The same with other values for `market`."""
        theirs = self.markets.get(market, {}) | dict(values)
        return Thresholds(self.values, self.scales, {**self.markets, market: theirs})


def read_thresholds(text: str) -> Thresholds:
    """The thresholds that a TOML text says; raises `msgspec.ValidationError` where it is none."""
    return msgspec.convert(tomllib.loads(text), Thresholds, strict=False)


def starter_thresholds() -> Thresholds:
    """The thresholds of the starter set."""
    return read_thresholds(_FILE.read_text("utf-8"))
