"""The code that a customer shows at a till: switched on with the PIN, made anew every few seconds."""

from __future__ import annotations

import base64

from argosy.base.orders.facts import State
from argosy.base.refusals import Refused
from argosy.channels.lite.answers import Answer, Go, Page, json_answer, problem
from argosy.channels.lite.naming import other_sides
from argosy.channels.lite.pages.address import Address, get, post
from argosy.channels.lite.visits import Visit
from argosy.channels.qr import draw
from argosy.public_services.presented.codes import grouped
from argosy.public_services.presented.facts import CHANNEL

KEPT_SECONDS = 0
"""A device shows the page without a connection; with one it is asked for, so that the code is good."""
REFRESH_SECONDS = 30


async def code_page(visit: Visit) -> Answer:
    return await _code(visit)


async def _code(visit: Visit, refused: Refused | None = None) -> Answer:
    if visit.is_shop:
        return Go("/till/charge")
    shown = await visit.lite.presenting.shown(visit.signed_in)
    if isinstance(shown, Refused):
        return Page("show.html", {"code": "", "asked": [], "most": _most(visit)}, refused=refused)
    waiting = await visit.lite.orders.open_for(visit.me.id)
    asked = [
        order
        for order in waiting
        if order.state is State.AWAITING and order.payer == visit.me.id and CHANNEL in order.data
    ]
    sides = await other_sides(visit, asked, "show what a till asks for")
    facts = {
        "code": draw.inline_svg(shown.code, visit.say("lite.code.label")),
        "digits_shown": grouped(shown.code),
        "selector": shown.selector,
        "ends_at": shown.ends_at,
        "asked": [(order, sides[order.id]) for order in asked],
        "most": _most(visit),
        "live": True,
        "refresh_seconds": REFRESH_SECONDS,
    }
    data = {"code": shown.code, "ends_at": shown.ends_at.isoformat()}
    return Page("show.html", facts, data=data, refused=refused, keep_seconds=KEPT_SECONDS)


def _most(visit: Visit) -> object:
    """The most that one payment may be without a PIN; None where each asks for it."""
    most = visit.lite.presenting.at_once_minor_max(visit.market)
    return visit.money(most) if most else None


async def switch_on(visit: Visit) -> Answer:
    wrong = await visit.lite.presenting.switch_on(visit.signed_in, visit.text("pin"))
    return await _code(visit, wrong) if wrong is not None else Go("/code")


async def switch_off(visit: Visit) -> Answer:
    await visit.lite.presenting.switch_off(visit.signed_in)
    return Go("/code")


async def hand_key(visit: Visit) -> Answer:
    """The secret, for the script that makes the codes from then on; once."""
    key = await visit.lite.presenting.key(visit.signed_in)
    if isinstance(key, Refused):
        return problem(key, visit.refusal(key))
    secret = base64.b64encode(key.secret).decode()
    return json_answer({"selector": key.selector, "secret": secret})


ADDRESSES: tuple[Address, ...] = (
    get("/code", code_page),
    post("/code", switch_on),
    post("/code/off", switch_off),
    post("/code/key", hand_key),
)
