"""Closing one's own wallet: begun, what is left paid out at par, closed for good."""

from __future__ import annotations

from argosy.base.money import plain
from argosy.base.parties.facts import Party, PartyState
from argosy.base.refusals import Refused
from argosy.channels.lite.answers import Answer, Go, Page
from argosy.channels.lite.money import MoneyForm, carry_out, form_id
from argosy.channels.lite.pages.address import Address, get, post
from argosy.channels.lite.visits import Visit
from argosy.products.withdraw.facts import Redeem

CLOSE = "/me/close"


async def close_page(visit: Visit) -> Answer:
    return await _page(visit)


async def _page(visit: Visit, refused: Refused | None = None) -> Page:
    left, waiting = await visit.lite.closing.left(visit.me)
    facts = {
        "id": form_id(visit, refused),
        "state": visit.me.state.value,
        "left": left,
        "waiting": waiting,
        "bank_account": visit.text("bank_account"),
    }
    data = {
        "state": visit.me.state.value,
        "left_minor": left.minor,
        "waiting_minor": waiting.minor,
    }
    return Page("close.html", facts, refused=refused, data=data)


async def begin(visit: Visit) -> Answer:
    """The PIN, and from now on the wallet only pays out to its owner."""
    wrong = await visit.lite.signin.check_pin(visit.signed_in, visit.text("pin"))
    if wrong is not None:
        return await _page(visit, wrong)
    return await _then(visit, await visit.lite.closing.begin(visit.me.id))


async def undo(visit: Visit) -> Answer:
    return await _then(visit, await visit.lite.closing.undo(visit.me.id))


async def pay_out(visit: Visit) -> Answer:
    """All that is left, to the owner's bank account."""

    async def again(refused: Refused) -> Answer:
        return await _page(visit, refused)

    left, _ = await visit.lite.closing.left(visit.me)
    bank = "".join(visit.text("bank_account").split())
    command = Redeem(visit.command_id(), left, bank)
    fields = {"bank_account": bank, "amount": plain(left)}
    form = MoneyForm(command, f"{CLOSE}/money", "close.confirm", fields, again)
    return await carry_out(visit, form)


async def finish(visit: Visit) -> Answer:
    if visit.me.state is not PartyState.CLOSING:
        return Go(CLOSE)
    wrong = await visit.lite.signin.check_pin(visit.signed_in, visit.text("pin"))
    if wrong is not None:
        return await _page(visit, wrong)
    said = await visit.lite.closing.finish(visit.me.id)
    if isinstance(said, Refused):
        return await _page(visit, said)
    visit.forget("argosy")
    return Go("/", {"state": said.state.value})


async def _then(visit: Visit, said: Party | Refused) -> Answer:
    if isinstance(said, Refused):
        return await _page(visit, said)
    return Go(CLOSE, {"state": said.state.value})


ADDRESSES: tuple[Address, ...] = (
    get(CLOSE, close_page),
    post(CLOSE, begin),
    post(f"{CLOSE}/undo", undo),
    post(f"{CLOSE}/money", pay_out),
    post(f"{CLOSE}/finish", finish),
)
