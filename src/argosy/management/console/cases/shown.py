"""How cases, their people and their money are said on every page about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from nicegui import ui

from argosy.base.ids import parse_id
from argosy.base.money import exponent
from argosy.ctu.cases import Case, CaseState
from argosy.management.console.desk import Desk
from argosy.management.console.pages import address
from argosy.management.console.widgets import Tone
from argosy.management.risk.cases import is_claimed

TONES: Final[Mapping[CaseState, Tone]] = {
    CaseState.OPEN: "warn",
    CaseState.RELEASED: "good",
    CaseState.RETURNED: "bad",
}
ICONS: Final[Mapping[str, str]] = {
    "account": "person",
    "device": "smartphone",
    "network": "lan",
    "payee": "person",
    "instrument": "account_balance",
    "phone": "call",
}
PERSONAL: Final = frozenset({"network", "phone", "instrument"})
"""Kinds of names that are masked until somebody asks to see them, with a reason."""

KEPT_CHARS: Final = 4
ID_CHARS: Final = 8


def money(desk: Desk, minor: int, currency: str) -> str:
    """An amount; of a currency that nobody knows, as it is kept."""
    return desk.money(minor, currency) if exponent(currency) is not None else f"{minor} {currency}"


def age(desk: Desk, since: datetime, until: datetime) -> str:
    """How long ago, in the largest unit that says something."""
    gone = max(until - since, timedelta())
    minutes = int(gone.total_seconds() // 60)
    if minutes < 60:
        return desk.say("cases.age.minutes", count=minutes)
    if minutes < 48 * 60:
        return desk.say("cases.age.hours", count=minutes // 60)
    return desk.say("cases.age.days", count=minutes // 1440)


def short(text: str) -> str:
    """An id as people compare it: its end, which differs where its beginning is the time."""
    return text if parse_id(text) is None else f"…{text[-ID_CHARS:]}"


def masked(entity: str, key: str, shown: bool) -> str:
    """A name in evidence: ids shortened, personal ones covered but for their first characters."""
    if entity in PERSONAL and not shown:
        return key[:KEPT_CHARS] + "•••"
    return short(key)


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share:.0f} %" if share >= 0.1 or share == 0 else f"{100 * share:.2g} %"


def value(told: Any) -> str:
    """A value that a rule read."""
    if isinstance(told, float):
        return f"{told:,.6g}"
    if isinstance(told, int) and not isinstance(told, bool):
        return f"{told:,}"
    if isinstance(told, list | tuple | set | frozenset):
        return ", ".join(sorted(map(str, told)))
    return str(told)


def state_of(desk: Desk, case: Case, now: datetime) -> tuple[str, Tone]:
    """What is said of where a case stands, and its tone."""
    if case.state is CaseState.OPEN and case.proposal is not None:
        return desk.say("cases.state.second"), "info"
    if case.state is CaseState.OPEN and is_claimed(case, now):
        return desk.say("cases.state.claimed", by=case.claimed_by), "info"
    return desk.say(f"cases.state.{case.state.value}"), TONES[case.state]


def case_address(case_id: UUID | str) -> str:
    """The page of one case."""
    return address("/cases/{case}", case=case_id)


def party_address(key: str) -> str | None:
    """The page of whoever an account belongs to; None where the name is no party's id."""
    return None if parse_id(key) is None else address("/customers/{party}", party=key)


def party_link(key: str | None) -> None:
    """A link to the party's page, or the name where it has none."""
    if key is None:
        ui.label("–")
        return
    to = party_address(key)
    if to is None:
        ui.label(key).classes("risk-mono")
    else:
        ui.link(short(key), to).classes("risk-mono")
