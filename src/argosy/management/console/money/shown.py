"""How orders, accounts and money are said on every page about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from argosy.base.money import parse_amount
from argosy.base.orders.facts import State
from argosy.base.refusals import Refused
from argosy.management.console.desk import Desk
from argosy.management.console.pages import PAGES, address
from argosy.management.console.widgets import Tone

ORDER: Final = "/money/orders/{order}"
ACCOUNT: Final = "/money/accounts/{account}"
FIELD: Final = "outlined dense"
PRODUCTS: Final = ("pay", "send", "request", "top_up", "withdraw", "cash_in", "cash_out")
CHANNELS: Final = ("lite", "ussd", "api", "agent", "sandbox")

STATES: Final[Mapping[str, Tone]] = {
    State.AWAITING.value: "info",
    State.HELD.value: "warn",
    State.REVIEW.value: "warn",
    State.PAID.value: "good",
    State.PARTLY_REFUNDED.value: "info",
    State.REFUNDED.value: "info",
    State.RETURNED.value: "quiet",
    State.CANCELLED.value: "quiet",
    State.EXPIRED.value: "quiet",
}


def said(desk: Desk, group: str, name: str) -> str:
    """The word of `name` in a group of names, or the name where a pack brought one we do not know."""
    key = f"money.{group}.{name}"
    return desk.say(key) if desk.has(key) else name


def product(desk: Desk, name: str) -> str:
    return said(desk, "product", name)


def account_kind(desk: Desk, kind: str) -> str:
    """What kind of account it is, such as a wallet or our money at a bank."""
    if kind.startswith("system.float."):
        return desk.say("money.account_kind.float", rail=kind.removeprefix("system.float."))
    return said(desk, "account_kind", kind.removeprefix("system."))


def order_to(order: UUID) -> str:
    return address(ORDER, order=order)


def account_to(account: UUID) -> str:
    return address(ACCOUNT, account=account)


def party_to(party: UUID) -> str | None:
    """The page of a customer or merchant, where the console has one."""
    path = next((path for path in PAGES if path.endswith("/customers/{party}")), None)
    return None if path is None else address(path, party=party)


def case_to(case: UUID) -> str | None:
    """The page of a case, where the console has one."""
    path = next((path for path in PAGES if path.endswith("/cases/{case}")), None)
    return None if path is None else address(path, case=case)


async def party_name(desk: Desk, party: UUID | None) -> str:
    """A side as it may be shown to everybody: the wallet's number, never a name."""
    if party is None:
        return desk.say("money.us")
    found = await desk.services.parties.get(party)
    return found.number if found is not None else str(party)[-8:]


def short(id_: UUID) -> str:
    """An id as a person tells it from others in a list."""
    return f"…{str(id_)[-8:]}"


def day(text: Any, zone: str, *, after: bool = False) -> datetime | None:
    """The beginning of a day that was typed as `2026-11-22`, or with `after` of the next one."""
    try:
        begun = datetime.fromisoformat(str(text or "")).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        return None
    return begun + timedelta(days=1) if after else begun


def instant(text: Any, zone: str) -> datetime | None:
    """A moment that was typed as `2026-11-22T10:00` on the market's clock."""
    try:
        return datetime.fromisoformat(str(text or "")).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        return None


def minor(text: Any, currency: str) -> int | None | Refused:
    """An amount that was typed, in minor units; None where nothing was."""
    if not str(text or "").strip():
        return None
    found = parse_amount(str(text), currency)
    return found if isinstance(found, Refused) else found.minor
