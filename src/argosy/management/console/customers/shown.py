"""How wallets, their states and their parts are said on every page about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from nicegui import ui

from argosy.base.parties.facts import Party, PartyState
from argosy.management.console.desk import Desk
from argosy.management.console.pages import PAGES, address
from argosy.management.console.widgets import Tone
from argosy.management.customers.facts import Hit

WALLET: Final = "/customers/{party}"

STATES: Final[Mapping[str, Tone]] = {
    "active": "good",
    "dormant": "quiet",
    "frozen": "bad",
    "closing": "warn",
    "closed": "quiet",
}
ORDER_STATES: Final[Mapping[str, Tone]] = {
    "awaiting": "info",
    "held": "warn",
    "review": "warn",
    "paid": "good",
    "partly_refunded": "info",
    "refunded": "info",
    "returned": "bad",
    "cancelled": "quiet",
    "expired": "quiet",
}
EVIDENCE_STATES: Final[Mapping[str, Tone]] = {
    "given": "warn",
    "accepted": "good",
    "rejected": "bad",
    "expired": "quiet",
}
MESSAGE_STATES: Final[Mapping[str, Tone]] = {
    "waiting": "info",
    "delivered": "good",
    "failed": "bad",
}
DECISIONS: Final[Mapping[str, Tone]] = {"challenge": "info", "review": "warn", "deny": "bad"}

SEARCHED: Final = frozenset({"number", "phone", "email", "name", "id"})
"""By what somebody asked; who stands in a list was found by nothing."""

_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "kind": frozenset("customer merchant agent partner staff system".split()),
    "product": frozenset(
        "pay send request top_up withdraw refund cash_in cash_out redeem opening".split()
    ),
    "limit": frozenset(
        "pay send request top_up withdraw refund cash_in cash_out receive spend load redeem"
        " agent_cash_in agent_cash_out".split()
    ),
    "need": frozenset("phone email contact id_document face address business bank_account".split()),
    "way": frozenset("in_box sms push email".split()),
}
"""What a pack or a product may name that these words know; all else is shown as it is called."""

STYLE: Final = """
.cu-cards{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:16px;width:100%;align-items:stretch}
.cu-two{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px;width:100%;align-items:start}
.cu-big{font-size:24px;font-weight:650;font-variant-numeric:tabular-nums;line-height:1.25}
.cu-limits{display:grid;gap:6px 44px;grid-template-columns:repeat(2,minmax(0,1fr));width:100%}
.cu-limit{display:grid;gap:16px;align-items:center;
grid-template-columns:minmax(120px,1.3fr) minmax(50px,1fr) minmax(184px,max-content)}
.cu-line>.ar-strong{white-space:nowrap}
.cu-line{display:flex;flex-wrap:nowrap;align-items:center;gap:10px;width:100%}
.cu-line .q-btn{flex:none}
.cu-bar{height:6px;border-radius:3px;background:var(--ar-quiet-soft);overflow:hidden}
.cu-bar>div{height:100%;background:var(--ar-accent)}
.cu-bar>.cu-near{background:var(--ar-warn)}
.cu-bar>.cu-full{background:var(--ar-bad)}
.cu-moment{display:grid;grid-template-columns:142px minmax(180px,280px) 1fr;gap:2px 16px;width:100%;
padding:5px 0;border-top:1px solid var(--ar-line)}
.cu-note{padding:8px 0;border-top:1px solid var(--ar-line);width:100%}
.cu-banner{display:flex;flex-wrap:wrap;align-items:center;gap:10px;width:100%;padding:8px 14px;
border-radius:8px;background:var(--ar-bad-soft);color:var(--ar-bad)}
.cu-wrap{overflow-wrap:anywhere;white-space:pre-wrap}
.cu-tabs .q-tab{min-height:38px;padding:0 14px}
@media(max-width:1200px){.cu-cards,.cu-two{grid-template-columns:minmax(0,1fr)}
.cu-limits{grid-template-columns:minmax(0,1fr)}}
"""


def style() -> None:
    """The few rules of style that these pages have of their own."""
    ui.add_css(STYLE)


def word(desk: Desk, group: str, name: str) -> str:
    """What `name` is called, such as a product; one that the words do not know stays as it is."""
    return desk.say(f"customers.{group}.{name}") if name in _KNOWN[group] else name


def state_text(desk: Desk, state: PartyState | str) -> str:
    """A wallet's state in words."""
    return desk.say(f"customers.state.{state}")


def wallet_address(party: UUID | str) -> str:
    """The page of a wallet."""
    return address(WALLET, party=party)


def order_address(order: UUID) -> str | None:
    """The page of an order, where the console has one."""
    path = next((path for path in PAGES if path.endswith("/orders/{order}")), None)
    return None if path is None else address(path, order=order)


def case_address(case: UUID) -> str | None:
    """The page of a case, where the console has one."""
    return address("/cases/{case}", case=case) if "/cases/{case}" in PAGES else None


def hit_row(desk: Desk, hit: Hit) -> dict[str, object]:
    """A wallet as a row of a table."""
    party = hit.party
    return {
        "id": party.id,
        "name": hit.name or "–",
        "name_to": wallet_address(party.id),
        "number": spaced(party.number),
        "kind": word(desk, "kind", party.kind.value),
        "state": party.state.value,
        "state_text": state_text(desk, party.state.value),
        "state_tone": STATES[party.state.value],
        "level": party.level,
        "market": market_name(desk, party),
        "category": party.merchant_class or "",
        "since": desk.when(party.created_at),
        "by": desk.say(f"customers.by.{hit.by}") if hit.by in SEARCHED else "",
    }


def market_name(desk: Desk, party: Party) -> str:
    """The market of a wallet by its name."""
    market = desk.services.markets.get(party.market)
    return market.name if market is not None else party.market


def spaced(number: str) -> str:
    """A wallet's number in groups, as people read it aloud."""
    return f"{number[:4]} {number[4:7]} {number[7:]}"
