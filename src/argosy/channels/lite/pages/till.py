"""The till of a shop: money as it arrives, codes for an amount, the code on the counter."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from argosy.base.clock import local_day
from argosy.base.markets import PayCode
from argosy.base.money import Money
from argosy.base.refusals import Refused
from argosy.base.wallet.statement import History
from argosy.channels.lite.answers import DATA_HEADERS, Answer, No, Page
from argosy.channels.lite.lines import rows_of
from argosy.channels.lite.money import amount_of, ask_for, form_id
from argosy.channels.lite.naming import names_of
from argosy.channels.lite.pages.address import Address, Who, get, post
from argosy.channels.lite.pages.home import can
from argosy.channels.lite.pages.paying import city_of
from argosy.channels.lite.pages.tax import shown
from argosy.channels.lite.reasons import LiteReason
from argosy.channels.lite.visits import Visit
from argosy.channels.lite.wire import Response
from argosy.channels.qr import draw
from argosy.channels.qr import print as printing
from argosy.products.pay.facts import CreatePayment

TILL_LINES = 8
LIFE_MINUTES = 15
REFRESH_SECONDS = 4


async def till(visit: Visit) -> Answer:
    return await _till(visit)


async def _till(visit: Visit, refused: Refused | None = None) -> Page:
    me, lite = visit.me, visit.lite
    account = await lite.ledger.account(me.account)
    page = await lite.statement.page(me.account, None, TILL_LINES)
    received, given = await _today(visit)
    balance = account.available_minor if account else 0
    facts = {
        "id": form_id(visit, refused),
        "name": (await names_of(visit, [me.id], "show the till"))[me.id],
        "balance": visit.money(balance),
        "reserved": visit.money(account.balance_minor - balance if account else 0),
        "received": received,
        "given": given,
        "day": local_day(lite.clock.now(), visit.market.zone),
        "rows": await rows_of(visit, page.lines if isinstance(page, History) else ()),
        "amount": visit.text("amount"),
        "note": visit.text("note"),
        "can_withdraw": can(visit, "withdraw"),
        "live": True,
        "refresh_seconds": REFRESH_SECONDS if refused is None else 0,
    }
    data = {
        "received_minor": received.minor,
        "given_minor": given.minor,
        "available_minor": balance,
        "currency": visit.market.currency,
        "day": str(facts["day"]),
    }
    return Page("till.html", facts, data=data, refused=refused, keep_seconds=0)


async def _today(visit: Visit) -> tuple[Money, Money]:
    """What came in and what went out since midnight in the market's zone. It costs the same however
    many payments there were: two readings of the account's totals."""
    lite, account = visit.lite, visit.me.account
    day = local_day(lite.clock.now(), visit.market.zone)
    midnight = datetime.combine(day, time(), ZoneInfo(visit.market.zone)).astimezone(UTC)
    before = await lite.ledger.totals_at(account, midnight - timedelta(microseconds=1))
    now = await lite.ledger.account(account)
    if now is None:
        return visit.money(0), visit.money(0)
    came = now.credits_posted - (before.credits_posted if before else 0)
    went = now.debits_posted - (before.debits_posted if before else 0)
    return visit.money(came), visit.money(went)


async def ask_amount(visit: Visit) -> Answer:
    """A payment that waits for whoever scans its code."""

    async def again(refused: Refused) -> Answer:
        return await _till(visit, refused)

    amount = amount_of(visit)
    if isinstance(amount, Refused):
        return await again(amount)
    life = timedelta(minutes=LIFE_MINUTES)
    command = CreatePayment(visit.command_id(), amount, visit.text("note"), life=life)
    return await ask_for(visit, command, again)


# --- the code on the counter ---------------------------------------------------------------------


async def code_page(visit: Visit) -> Answer:
    code = await _static_code(visit)
    if isinstance(code, Refused):
        return No(code)
    label = visit.say("lite.code.label")
    facts = {
        "code": draw.inline_svg(code, label),
        "text": code,
        "name": (await names_of(visit, [visit.me.id], "show a code"))[visit.me.id],
        "number": printing.grouped(visit.me.number),
        "link": visit.lite.payment_link(visit.me.number),
    }
    return Page("code_shop.html", facts, data={"code": code, "link": facts["link"]}, keep_seconds=0)


async def printed(visit: Visit) -> Answer:
    """The sticker or the table stand, as SVG or PDF."""
    makers = {
        "sticker.svg": (printing.sticker_svg, None),
        "stand.svg": (printing.stand_svg, None),
        "sticker.pdf": (None, printing.sticker_pdf),
        "stand.pdf": (None, printing.stand_pdf),
    }
    name = visit.path("name")
    if name not in makers:
        return No(Refused(LiteReason.PAGE_UNKNOWN))
    code = await _static_code(visit)
    if isinstance(code, Refused):
        return No(code)
    sheet = printing.Sheet(
        code,
        (await names_of(visit, [visit.me.id], "print a code"))[visit.me.id],
        visit.me.number,
        visit.market.operator,
        _in_two(visit, "print.scan_to_pay"),
        _in_two(visit, "print.or_number"),
        visit.me.language,
        await _tax_line(visit),
    )
    as_svg, as_pdf = makers[name]
    headers = {**DATA_HEADERS, "content-disposition": f'attachment; filename="argosy-{name}"'}
    if as_pdf is not None:
        # In a thread: setting a page takes long, and the first one loads a library.
        made = await asyncio.to_thread(as_pdf, sheet, visit.lite.clock.now())
        content = made.pdf
        return Response(content, media_type="application/pdf", headers=headers)
    if as_svg is None:
        return No(Refused(LiteReason.PAGE_UNKNOWN))
    # An SVG opened by itself is a page of its own: it may draw and nothing else.
    headers["content-security-policy"] = "default-src 'none';style-src 'unsafe-inline'"
    return Response(as_svg(sheet).encode(), media_type="image/svg+xml", headers=headers)


async def _tax_line(visit: Visit) -> str:
    """The needed tax numbers that the shop has entered, as they hang on the wall."""
    lines = await visit.lite.receipts.tax.standing(visit.me.id, visit.market)
    held = shown(visit, (line for line in lines if line.needed and line.number))
    return " · ".join(f"{one['label']} {one['number']}" for one in held)


def _in_two(visit: Visit, key: str) -> str:
    """A line that hangs in the shop: in the shop's own language, then in English where the market speaks
    it, for customers from elsewhere."""
    words, market, own = visit.lite.words, visit.market, visit.me.language
    spoken = (own, "en") if "en" in market.languages else (own,)
    return " · ".join(dict.fromkeys(words.say(key, one, market.code) for one in spoken))


async def _static_code(visit: Visit) -> str | Refused:
    me = visit.me
    name = (await names_of(visit, [me.id], "write a payment code"))[me.id]
    return visit.market.encode_code(PayCode(me.number, name, await city_of(visit, me)))


ADDRESSES: tuple[Address, ...] = (
    get("/till", till, Who.SHOPS),
    post("/till", ask_amount, Who.SHOPS),
    get("/till/code", code_page, Who.SHOPS),
    get("/till/print/{name:str}", printed, Who.SHOPS),
)
