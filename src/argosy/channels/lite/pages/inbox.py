"""Messages: a person's own, and in a demo those of any phone, since none leaves the house."""

from __future__ import annotations

from typing import Any

from argosy.base.refusals import Refused
from argosy.channels.lite.answers import Answer, Go, No, Page
from argosy.channels.lite.pages.address import Address, Who, get, post
from argosy.channels.lite.reasons import LiteReason
from argosy.channels.lite.visits import Visit
from argosy.public_services.signin.contacts import read_contact

LETTERS_MAX = 20
REFRESH_SECONDS = 5


async def messages(visit: Visit) -> Answer:
    """One's own messages. One-time codes are for the phone in hand, so only a demo shows them here."""
    letters = await visit.lite.notify.inbox_of(visit.me.id, LETTERS_MAX)
    shown = [letter for letter in letters if visit.lite.demo or not letter.secret]
    key = visit.lite.notify.push_key(visit.market.code)
    facts = {"letters": shown, "phone": None, "live": True, "push_key": key}
    return Page("messages.html", facts)


async def push(visit: Visit) -> Answer:
    """This device takes messages by push from now on, or with `off` no more."""
    party, device = visit.me.id, visit.signed_in.device.id
    subscriptions = visit.lite.notify.subscriptions
    if visit.text("off"):
        await subscriptions.drop(party, [device])
        return Go("/messages", {"push": False})
    endpoint, point, auth = (visit.text(name) for name in ("endpoint", "p256dh", "auth"))
    said = await subscriptions.keep(party, device, endpoint, point, auth)
    return No(said) if isinstance(said, Refused) else Go("/messages", {"push": True})


async def demo(visit: Visit) -> Answer:
    if not visit.lite.demo:
        return No(Refused(LiteReason.PAGE_UNKNOWN))
    typed = visit.query("phone")
    if not typed and visit.session is not None:
        return await messages(visit)
    phone = read_contact(visit.market, typed) if typed else ""
    if isinstance(phone, Refused):
        nothing: dict[str, Any] = {"letters": [], "phone": typed, "push_key": None}
        return Page("messages.html", nothing, refused=phone)
    letters = await visit.lite.notify.inbox(visit.market.code, phone) if phone else []
    facts: dict[str, Any] = {
        "letters": letters[:LETTERS_MAX],
        "phone": phone,
        "push_key": None,
        "refresh_seconds": 5 if phone else 0,
    }
    data = {"messages": [letter.text for letter in letters[:LETTERS_MAX]]}
    return Page("messages.html", facts, data=data)


ADDRESSES: tuple[Address, ...] = (
    get("/messages", messages),
    post("/me/push", push),
    get("/inbox", demo, Who.ANYONE),
)
