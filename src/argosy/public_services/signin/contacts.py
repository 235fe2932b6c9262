"""What a wallet is opened with: a phone number, or an e-mail address where the market takes one."""

from __future__ import annotations

from collections.abc import Mapping

from argosy.base.markets import Market
from argosy.base.parties.facts import Party
from argosy.base.parties.names import read_email
from argosy.base.parties.parties import Parties
from argosy.base.refusals import Refused

EMAIL = "email"


def read_contact(market: Market, typed: str) -> str | Refused:
    """The phone number in E.164, or the e-mail address in lower case where the market opens wallets
    with one; refused as the market's `phone` and `read_email` do."""
    if is_email(typed) and EMAIL in market.contacts:
        return read_email(typed)
    return market.phone(typed)


def placed_by(markets: Mapping[str, Market], here: Market, typed: str) -> Market:
    """The market that a number with its country's calling code belongs to; `here` where it has none, is
    no number of another market, or is of more than one."""
    text = typed.strip()
    if not text.startswith(("+", "00")) or isinstance(here.phone(text), str):
        return here
    others = [m for m in markets.values() if m is not here and isinstance(m.phone(text), str)]
    return others[0] if len(others) == 1 else here


def is_email(contact: str) -> bool:
    """Whether a contact is an e-mail address: no phone number has an @."""
    return "@" in contact


async def by_contact(parties: Parties, market: str, contact: str) -> Party | None:
    """Who has a contact (as `read_contact` gives it) in a market."""
    if is_email(contact):
        return await parties.by_email(market, contact)
    return await parties.by_phone(market, contact)
