"""What the operator may set: thresholds, and what each channel is expected to tell.

Amounts are written for India, in paise, and brought to other currencies by `scales`: how many minor
units are worth one paisa there, roughly. Both can be overridden for a market.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

RUPEE = 100
HOUR = 3_600
DAY = 24 * HOUR

THRESHOLDS: Mapping[str, float] = MappingProxyType(
    {
        # how often and how much, by one account
        "account_1m_many": 10,
        "account_1m_flood": 60,
        "account_10m_many": 30,
        "account_1h_many": 90,
        "account_24h_many": 300,
        "account_1h_minor": 100_000 * RUPEE,
        "account_24h_minor": 200_000 * RUPEE,
        # and from one device, whosever accounts it uses
        "device_1m_many": 15,
        "device_1m_flood": 90,
        "device_1h_minor": 150_000 * RUPEE,
        "device_24h_minor": 300_000 * RUPEE,
        "device_shared": 4,
        "device_farm": 10,
        # what is new
        "new_device_seconds": DAY,
        "new_device_minor": 5_000 * RUPEE,
        "new_payee_minor": 5_000 * RUPEE,
        "new_both_minor": 25_000 * RUPEE,
        "young_seconds": DAY,
        "young_minor": 20_000 * RUPEE,
        "young_large_minor": 75_000 * RUPEE,
        # what is unusual for this person
        "habit_known": 5,
        "habit_distance": 4,
        "habit_minor": 2_000 * RUPEE,
        "hours_known": 20,
        "rare_share": 0.02,
        "hour_minor": 5_000 * RUPEE,
        # who else is there
        "payee_young_seconds": 7 * DAY,
        "payers_many": 12,
        "payers_crowd": 30,
        "network_crowd": 30,
        "network_young_seconds": 7 * DAY,
        "network_minor": 1_000 * RUPEE,
    }
)

SCALES: Mapping[str, float] = MappingProxyType(
    {
        "INR": 1.0,
        "THB": 0.4,
        "PHP": 0.7,
        "IDR": 190.0,
        "USD": 0.012,
        "EUR": 0.011,
        "JPY": 0.018,
        "KWD": 0.037,
    }
)

EXPECTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "lite": frozenset({"device", "network"}),
        "api": frozenset(),
        "ussd": frozenset(),
        "clock": frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """The brain's settings. A threshold that ends in `_minor` is an amount in paise.

    `markets` overrides thresholds for a market, amounts then in the minor units of its currency.
    `expects` says which facts a channel must tell: where one is then missing, the rules that need it
    cannot be judged, and that is no yes. A channel that is not named must tell its device.
    `money_in` are the kinds of operation that bring money to the party that asks: from its bank, or
    from somebody who had sent it before the party had a wallet (then the fact `from` says who).
    """

    thresholds: Mapping[str, float] = field(default_factory=lambda: THRESHOLDS)
    markets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    scales: Mapping[str, float] = field(default_factory=lambda: SCALES)
    expects: Mapping[str, frozenset[str]] = field(default_factory=lambda: EXPECTS)
    money_in: frozenset[str] = frozenset({"top_up", "claim"})
    flight_seconds_max: float = 30.0
    entities_max: int = 200_000

    def bounds(self, market: str, currency: str) -> dict[str, float]:
        """Every threshold as it holds in `market` for amounts in `currency`."""
        scale = self.scales.get(currency, 1.0)
        found = {
            name: value * scale if name.endswith("_minor") else value
            for name, value in {**THRESHOLDS, **self.thresholds}.items()
        }
        return found | dict(self.markets.get(market, {}))

    def expected(self, channel: str) -> frozenset[str]:
        """The facts that `channel` must tell."""
        return self.expects.get(channel, _UNNAMED)


_UNNAMED = frozenset({"device"})
