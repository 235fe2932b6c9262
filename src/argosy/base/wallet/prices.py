"""What something costs, and how a price is split: whole minor units, and nothing lost on the way."""

from __future__ import annotations

from collections.abc import Mapping

from argosy.base.markets import Fee, Rounding
from argosy.base.refusals import must
from argosy.base.wallet.accounts import REMAINDER

_BASIS = 10_000


def fee_minor(amount_minor: int, fee: Fee) -> int:
    """The price of a payment of `amount_minor`: never negative, and where the payee bears it never
    more than the amount. What is below a minor unit is rounded as the fee says."""
    must(amount_minor > 0, "a price was asked for an amount that is not positive", a=amount_minor)
    if amount_minor <= fee.free_to_minor:
        return 0
    step = fee.step_minor
    part = divide(amount_minor * fee.basis_points, _BASIS * step, fee.rounding) * step
    price = part + fee.flat_minor
    price = max(price, fee.minor_min, 0)
    if fee.minor_max is not None:
        price = min(price, fee.minor_max)
    return min(price, amount_minor) if fee.paid_by == "payee" else price


def divide(dividend: int, divisor: int, rounding: Rounding) -> int:
    """`dividend` / `divisor` in whole units; neither may be negative."""
    must(dividend >= 0 and divisor > 0, "not a part of an amount", a=dividend, b=divisor)
    whole, rest = divmod(dividend, divisor)
    if rounding is Rounding.UP:
        return whole + (rest > 0)
    if rounding is Rounding.HALF_EVEN:
        return whole + (2 * rest > divisor or (2 * rest == divisor and whole % 2))
    return whole


def split(minor: int, shares: Mapping[str, int]) -> dict[str, int]:
    """`minor` in parts by weight: system account -> minor units, only parts above zero.

    Each part is rounded down; what is left over, less than one unit a share, goes to `remainder`. The
    parts add up to `minor` exactly.
    """
    weights = sum(shares.values())
    must(minor >= 0 and weights > 0 and min(shares.values()) >= 0, "not a split", shares=shares)
    parts = {name: minor * weight // weights for name, weight in shares.items()}
    left = minor - sum(parts.values())
    if left:
        parts[REMAINDER] = parts.get(REMAINDER, 0) + left
    return {name: part for name, part in parts.items() if part}


def give_back(
    parts: Mapping[str, int], given: Mapping[str, int], done_minor: int, of_minor: int
) -> dict[str, int]:
    """What each share of a price gives back once `done_minor` of `of_minor` is refunded in all, after
    it has `given` that much: system account -> minor units, only what is above zero.

    The sum so far is rounded up, so that who bore the price always has what a refund takes; it is never
    more than was refunded. Shares give in proportion; what rounding leaves over the first with room
    give. The steps add up to every part exactly once all is refunded.
    """
    must(0 <= done_minor <= of_minor and of_minor > 0, "not a part", done=done_minor, of=of_minor)
    whole = sum(parts.values())
    target = divide(whole * done_minor, of_minor, Rounding.UP)
    left = target - sum(given.values())
    now: dict[str, int] = {}
    for name, part in parts.items():
        fair = part * target // whole if whole else 0
        now[name] = max(0, min(left, fair - given.get(name, 0)))
        left -= now[name]
    for name, part in parts.items():
        more = min(left, part - given.get(name, 0) - now[name])
        now[name] += more
        left -= more
    must(left == 0, "a price gave back more than it was", parts=parts, given=given)
    return {name: minor for name, minor in now.items() if minor}
