"""Signing up, signing in, and a new PIN: phone, code, then name and PIN.

What was reached so far lies in one cookie of the visitor's own browser, for ten minutes. It holds
nothing that would let anybody in without the code from the phone.
"""

from __future__ import annotations

import base64
import binascii
import logging
from dataclasses import dataclass, replace

import msgspec

from argosy.base.parties.facts import PartyKind
from argosy.base.refusals import Refused
from argosy.channels.lite.answers import Answer, Go, Page
from argosy.channels.lite.pages.address import Address, Who, get, post
from argosy.channels.lite.pages.tax import asked
from argosy.channels.lite.pages.tax import typed as tax_typed
from argosy.channels.lite.pages.workings import local_path, market_choices
from argosy.channels.lite.reasons import LiteReason
from argosy.channels.lite.visits import ENTER, LANGUAGE_SECONDS, Visit
from argosy.public_services.signin.contacts import placed_by, read_contact
from argosy.public_services.signin.facts import (
    Algorithm,
    DeviceClaim,
    OtpSent,
    Purpose,
    SignedIn,
    SigninReason,
)

_log = logging.getLogger(__name__)
WAY_SECONDS = 600
_COOKIE = "way"
_AGENTS = ("Firefox", "Edg", "OPR", "SamsungBrowser", "UCBrowser", "Chrome", "Safari")
_SYSTEMS = ("Android", "iPhone", "iPad", "KAIOS", "Windows", "Mac OS", "Linux")


@dataclass(frozen=True)
class Way:
    """How far a visitor has come: phone typed, code sent (`otp`), code shown (`ticket`)."""

    phone: str = ""
    purpose: str = Purpose.ENTER.value
    otp: str = ""
    digits: int = 6
    ticket: str = ""
    known: bool = False
    shop: bool = False
    next: str = "/"


# --- phone ---------------------------------------------------------------------------------------


async def phone_page(visit: Visit) -> Answer:
    if visit.session is not None and not visit.query("again"):
        return Go("/")
    way = Way(shop=visit.query("as") == "shop", next=local_path(visit.query("next") or "/"))
    _keep(visit, way)
    return _phone(visit, way, Purpose.ENTER)


async def phone(visit: Visit) -> Answer:
    return await _start(visit, Purpose.ENTER)


async def forgotten_page(visit: Visit) -> Answer:
    return _phone(visit, _way(visit), Purpose.RESET_PIN)


async def forgotten(visit: Visit) -> Answer:
    return await _start(visit, Purpose.RESET_PIN)


def _phone(visit: Visit, way: Way, purpose: Purpose, refused: Refused | None = None) -> Page:
    typed = visit.text("phone") or way.phone
    facts = {"way": way, "purpose": purpose.value, "phone": typed, "markets": market_choices(visit)}
    return Page("enter_phone.html", facts, refused=refused)


async def _start(visit: Visit, purpose: Purpose) -> Answer:
    way = replace(_way(visit), purpose=purpose.value, ticket="", known=False)
    typed = visit.text("phone") or way.phone
    placed = placed_by(visit.lite.markets, visit.market, typed)
    if placed is not visit.market:
        visit.market = placed
        visit.keep("market", placed.code, LANGUAGE_SECONDS)
        if visit.language not in placed.languages:
            visit.language = placed.languages[0]
    sent = await visit.lite.signin.start(
        visit.market.code, typed, purpose, visit.network, visit.language, device(visit)
    )
    if isinstance(sent, Refused):
        return _phone(visit, way, purpose, sent)
    read = read_contact(visit.market, typed)
    _keep(visit, replace(way, phone=str(read), otp=sent.id, digits=sent.digits))
    return Go(f"{ENTER}/code", _sent(sent))


def _sent(sent: OtpSent) -> dict[str, object]:
    return {"otp": sent.id, "digits": sent.digits, "expires_at": sent.expires_at.isoformat()}


# --- code ----------------------------------------------------------------------------------------


async def code_page(visit: Visit) -> Answer:
    way = _way(visit)
    return _code(way) if way.otp else Go(ENTER)


async def code(visit: Visit) -> Answer:
    way = _way(visit)
    said = await visit.lite.signin.confirm(visit.text("otp") or way.otp, visit.text("code"))
    if isinstance(said, Refused):
        return _code(way, said)
    _keep(visit, replace(way, ticket=said.ticket, known=said.known, otp=""))
    reset = said.purpose is Purpose.RESET_PIN
    step = "new" if not said.known and not reset else "reset" if reset else "pin"
    return Go(f"{ENTER}/{step}", {"known": said.known, "next": f"{ENTER}/{step}"})


def _code(way: Way, refused: Refused | None = None) -> Page:
    return Page("enter_code.html", {"way": way}, refused=refused)


# --- who is known --------------------------------------------------------------------------------


async def pin_page(visit: Visit) -> Answer:
    way = _way(visit)
    return Page("enter_pin.html", {"way": way}) if way.ticket else Go(ENTER)


async def pin(visit: Visit) -> Answer:
    way = _way(visit)
    said = await visit.lite.signin.sign_in(way.ticket, visit.text("pin"), device(visit))
    if isinstance(said, SignedIn):
        await _claim_quietly(visit, said)
        return await _in(visit, way, said)
    return _begin_again(visit, said) or Page("enter_pin.html", {"way": way}, refused=said)


async def reset_page(visit: Visit) -> Answer:
    way = _way(visit)
    return Page("enter_reset.html", {"way": way}) if way.ticket else Go(ENTER)


async def reset(visit: Visit) -> Answer:
    way = _way(visit)
    chosen = _chosen_pin(visit)
    said = (
        chosen
        if isinstance(chosen, Refused)
        else await visit.lite.signin.reset_pin(way.ticket, chosen, device(visit))
    )
    if isinstance(said, SignedIn):
        return await _in(visit, way, said)
    return _begin_again(visit, said) or Page("enter_reset.html", {"way": way}, refused=said)


# --- who is new ----------------------------------------------------------------------------------


async def new_page(visit: Visit) -> Answer:
    way = _way(visit)
    if not way.ticket:
        return Go(ENTER)
    wanted = visit.query("as")
    if wanted in ("shop", "person") and way.shop is not (wanted == "shop"):
        way = replace(way, shop=wanted == "shop")
        _keep(visit, way)
    return _new(visit, way)


async def new(visit: Visit) -> Answer:
    way = _way(visit)
    shop = visit.text("kind") == PartyKind.MERCHANT.value
    chosen = _chosen_pin(visit)
    if isinstance(chosen, Refused):
        return _new(visit, way, chosen)
    tax = tax_typed(visit) if shop else {}
    if isinstance(tax, Refused):
        return _new(visit, way, tax)
    business = visit.text("business_name")
    said = await visit.lite.signin.sign_up(
        way.ticket,
        visit.text("name") or (business if shop else ""),
        chosen,
        device(visit),
        language=visit.language,
        kind=PartyKind.MERCHANT if shop else PartyKind.CUSTOMER,
        business_name=business or None,
        city=visit.text("city") or None,
    )
    if isinstance(said, SignedIn):
        await visit.lite.receipts.tax.enter(said.party.id, tax)
        await visit.lite.claim(said.party)
        if shop and way.next == "/":  # a new shop first sees the code to put on its counter
            way = replace(way, next="/till/code")
        return await _in(visit, way, said)
    return _begin_again(visit, said) or _new(visit, way, said)


def _new(visit: Visit, way: Way, refused: Refused | None = None) -> Page:
    names = ("name", "business_name", "city")
    typed = {name: visit.text(name) for name in names}
    facts = {"way": way, "typed": typed, "tax": asked(visit) if way.shop else []}
    return Page("enter_new.html", facts, refused=refused)


# --- the door ------------------------------------------------------------------------------------


async def out(visit: Visit) -> Answer:
    await visit.lite.signin.sign_out(visit.signed_in)
    visit.forget("argosy")
    return Go("/")


async def _in(visit: Visit, way: Way, said: SignedIn) -> Answer:
    visit.welcome(said)
    visit.forget(_COOKIE, ENTER)
    party = said.party
    data = {"party": str(party.id), "number": party.number, "kind": party.kind.value}
    return Go(way.next, data)


async def _claim_quietly(visit: Visit, said: SignedIn) -> None:
    """Fetch money that waits for the phone of who has signed in."""
    try:
        await visit.lite.claim(said.party)
    except Exception:  # noqa: BLE001 - the ticket is spent: an error would leave its owner outside
        # The money goes on waiting for the next sign-in.
        _log.exception("money that waits for party %s was not claimed", said.party.id)


def _begin_again(visit: Visit, refused: Refused) -> Answer | None:
    """Where the proof of the phone is spent, the visitor begins again with the phone filled in."""
    if refused.reason not in (SigninReason.TICKET_INVALID, SigninReason.NOT_SIGNED_UP):
        return None
    return _phone(visit, _way(visit), Purpose.ENTER, refused)


def _chosen_pin(visit: Visit) -> str | Refused:
    chosen = visit.text("pin")
    if "pin_again" in visit.fields and visit.text("pin_again") != chosen:
        return Refused(LiteReason.PINS_DIFFER, field="pin_again")
    return chosen


def device(visit: Visit) -> DeviceClaim:
    """What the browser says of itself; with a key where its script could make one."""
    key, algorithm = None, None
    if visit.text("device_key"):
        algorithm = Algorithm.P256
        try:
            key = base64.b64decode(visit.text("device_key"), validate=True)
        except (binascii.Error, ValueError):
            key = b""
    agent = visit.request.headers.get("user-agent", "")
    return DeviceClaim(_label(agent), visit.kept("device", ENTER), key, algorithm)


def _label(agent: str) -> str:
    browser = next((name for name in _AGENTS if name in agent), "")
    system = next((name for name in _SYSTEMS if name in agent), "")
    names = {"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung", "KAIOS": "KaiOS"}
    parts = [names.get(part, part) for part in (browser, system) if part]
    return ", ".join(parts)


def _keep(visit: Visit, way: Way) -> None:
    text = base64.urlsafe_b64encode(msgspec.json.encode(way)).decode().rstrip("=")
    visit.keep(_COOKIE, text, WAY_SECONDS, ENTER)


def _way(visit: Visit) -> Way:
    text = visit.kept(_COOKIE, ENTER) or ""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        way = msgspec.json.decode(raw, type=Way)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return Way()
    return replace(way, next=local_path(way.next))


ADDRESSES: tuple[Address, ...] = (
    get(ENTER, phone_page, Who.ANYONE),
    post(ENTER, phone, Who.ANYONE),
    get(f"{ENTER}/forgotten", forgotten_page, Who.ANYONE),
    post(f"{ENTER}/forgotten", forgotten, Who.ANYONE),
    get(f"{ENTER}/code", code_page, Who.ANYONE),
    post(f"{ENTER}/code", code, Who.ANYONE),
    get(f"{ENTER}/pin", pin_page, Who.ANYONE),
    post(f"{ENTER}/pin", pin, Who.ANYONE),
    get(f"{ENTER}/reset", reset_page, Who.ANYONE),
    post(f"{ENTER}/reset", reset, Who.ANYONE),
    get(f"{ENTER}/new", new_page, Who.ANYONE),
    post(f"{ENTER}/new", new, Who.ANYONE),
    post("/out", out),
)
