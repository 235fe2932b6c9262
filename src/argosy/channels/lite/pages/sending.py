"""Sending money to a person, with or without a wallet."""

from __future__ import annotations

from datetime import timedelta

from argosy.base.money import plain
from argosy.base.parties.numbers import reads
from argosy.base.refusals import Refused
from argosy.channels.lite.answers import Answer, Page
from argosy.channels.lite.money import MoneyForm, amount_of, carry_out, form_id
from argosy.channels.lite.pages.address import Address, get, post
from argosy.channels.lite.pages.home import can
from argosy.channels.lite.targets import in_time
from argosy.channels.lite.visits import Visit
from argosy.products.send.facts import CLAIM_WAIT, Send


async def send_page(visit: Visit) -> Answer:
    return _form(visit)


def _form(visit: Visit, refused: Refused | None = None) -> Page:
    return person_form(visit, "send", CLAIM_WAIT, refused)


def person_form(visit: Visit, product: str, wait: timedelta, refused: Refused | None) -> Page:
    """The form that names a person and an amount, for the product whose page it is."""
    facts = {
        "id": form_id(visit, refused),
        "to": visit.text("to") or visit.query("to"),
        "amount": visit.text("amount"),
        "note": visit.text("note"),
        "until": visit.text("until"),
        "allowed": can(visit, product),
        "wait": wait,
    }
    return Page(f"{product}.html", facts, refused=refused)


async def send(visit: Visit) -> Answer:
    async def again(refused: Refused) -> Answer:
        return _form(visit, refused)

    amount = amount_of(visit)
    if isinstance(amount, Refused):
        return await again(amount)
    phone, number = receiver(visit)
    note = visit.text("note")
    command = Send(visit.command_id(), amount, phone=phone, number=number, note=note)
    over = await in_time(visit, command.id)
    if over is not None:
        return await again(over)
    fields = {"to": visit.text("to"), "amount": plain(amount), "note": note}
    if visit.text("until"):
        fields["until"] = visit.text("until")
    return await carry_out(visit, MoneyForm(command, "/send", "lite.confirm.send", fields, again))


def receiver(visit: Visit) -> tuple[str | None, str | None]:
    """Phone or wallet number, whichever was typed; what is neither is left to the market to say."""
    typed = visit.text("to") or visit.text("phone") or visit.text("number")
    number = reads(typed)
    return (None, number) if number else (typed, None)


ADDRESSES: tuple[Address, ...] = (get("/send", send_page), post("/send", send))
