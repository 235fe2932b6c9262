"""How limits, prices and switches are said on every page about them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from argosy.base.markets import Cap, Fee, Market
from argosy.management.console.desk import Desk
from argosy.management.setup.facts import Term, Value, What
from argosy.management.setup.terms import BOUNDS, Figure

FIELD = "outlined dense"
COUNTS = ("day_count_max", "month_count_max")


def named(desk: Desk, figure: Figure | Term) -> str:
    """Which figure it is, such as `Limit: pay, full`."""
    key = desk.word(f"money.product.{figure.key}", desk.word(f"setup.key.{figure.key}", figure.key))
    if figure.what is What.BALANCE:
        return desk.say("setup.figure.balance", level=figure.level)
    if figure.what is What.LIMIT:
        return desk.say("setup.figure.limit", key=key, level=figure.level)
    if figure.payee_class:
        return desk.say("setup.figure.price_of", key=key, kind=figure.payee_class)
    return desk.say("setup.figure.price", key=key)


def told(desk: Desk, value: Value, market: Market) -> str:
    """A limit, a price or a cap as one line."""
    if isinstance(value, Cap):
        return _cap(desk, value, market)
    if isinstance(value, Fee):
        return _fee(desk, value, market)
    return desk.say("setup.no_bound") if value is None else desk.money(value, market.currency)


def _cap(desk: Desk, cap: Cap, market: Market) -> str:
    if not cap.allowed:
        return desk.say("setup.not_allowed")
    parts = []
    for name in BOUNDS:
        most = getattr(cap, name)
        if most is not None:
            text = f"{most}" if name in COUNTS else desk.money(most, market.currency)
            parts.append(f"{desk.say('setup.bound.' + name)} {text}")
    return " · ".join(parts) or desk.say("setup.no_bound")


def _fee(desk: Desk, fee: Fee, market: Market) -> str:
    parts = []
    if fee.basis_points:
        parts.append(f"{Decimal(fee.basis_points) / 100:f} %")
    if fee.flat_minor:
        parts.append(desk.money(fee.flat_minor, market.currency))
    if not parts:
        return desk.say("setup.free")
    text = " + ".join(parts)
    if fee.minor_min:
        text += f" · {desk.say('setup.at_least')} {desk.money(fee.minor_min, market.currency)}"
    if fee.minor_max is not None:
        text += f" · {desk.say('setup.at_most')} {desk.money(fee.minor_max, market.currency)}"
    if fee.free_to_minor:
        text += f" · {desk.say('setup.free_to')} {desk.money(fee.free_to_minor, market.currency)}"
    return f"{text} ({desk.say('money.by_' + fee.paid_by)})"


def market_options(desk: Desk) -> dict[str, str]:
    return {market.code: market.name for market in desk.services.markets.values()}


def chosen_market(desk: Desk, chosen: Any = None) -> Market:
    """The market that was chosen, or the home market."""
    home = desk.services.market
    return desk.services.markets.get(str(chosen or desk.query.get("market", "")), home)
