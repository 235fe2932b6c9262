"""One's own wallet: number and code, level, PIN, devices."""

from __future__ import annotations

from datetime import date

from argosy.base.clock import local_day
from argosy.base.ids import parse_id
from argosy.base.markets import PayCode
from argosy.base.parties.facts import Personal
from argosy.base.refusals import Refused
from argosy.channels.lite.answers import Answer, Go, No, Page
from argosy.channels.lite.money import form_id
from argosy.channels.lite.pages.address import Address, get, post
from argosy.channels.lite.reasons import LiteReason
from argosy.channels.lite.visits import Visit
from argosy.channels.qr import draw
from argosy.channels.qr import print as printing
from argosy.public_services.identity.facts import Evidence, EvidenceState, IdentityReason
from argosy.public_services.signin.facts import SigninReason

KEPT_SECONDS = 7 * 86_400
_KEPT = (IdentityReason.LEVEL_NEEDS_MORE, IdentityReason.LEVEL_NEEDS_REVIEW)
_SHOWN = (EvidenceState.GIVEN, EvidenceState.ACCEPTED)


async def me(visit: Visit) -> Answer:
    party = visit.me
    personal = await visit.lite.parties.personal(party.id, visit.reader, "show one's own page")
    facts = {
        "personal": personal if isinstance(personal, Personal) else Personal(party.id),
        "number": printing.grouped(party.number),
        "level": level_name(visit, party.level),
    }
    data = {"number": party.number, "kind": party.kind.value, "level": party.level}
    return Page("me.html", facts, data=data)


async def code_page(visit: Visit) -> Answer:
    """The code that others scan to send money to a person; a device shows it without a connection
    too. Shops have theirs at the till."""
    if visit.is_shop:
        return Go("/till/code")
    party = visit.me
    personal = await visit.lite.parties.personal(party.id, visit.reader, "show one's own code")
    known = personal if isinstance(personal, Personal) else Personal(party.id)
    facts = {
        "name": known.name or "",
        "number": printing.grouped(party.number),
        "code": _own_code(visit, known),
    }
    return Page("code_me.html", facts, keep_seconds=KEPT_SECONDS)


def _own_code(visit: Visit, personal: Personal) -> str:
    pay = PayCode(visit.me.number, personal.name or "", visit.market.name, kind="person")
    text = visit.market.encode_code(pay)
    return "" if isinstance(text, Refused) else draw.inline_svg(text, visit.say("lite.code.label"))


def level_name(visit: Visit, level: str) -> str:
    """The level as the market's words call it; its plain name where they do not."""
    key, words = f"level.{level}", visit.lite.words
    if any(words.has(key, spoken, visit.market.code) for spoken in (visit.language, "en")):
        return visit.say(key)
    return level.replace("_", " ").capitalize()


# --- level ---------------------------------------------------------------------------------------


async def level_page(visit: Visit) -> Answer:
    return await _level(visit)


async def _level(visit: Visit, refused: Refused | None = None) -> Page:
    party, market = visit.me, visit.market
    day = local_day(visit.lite.clock.now(), market.zone)
    ladder = market.ladder(party.kind.value)
    rank = market.level(party.level).rank
    above = next((level for level in ladder if level.rank > rank), None)
    given = await visit.lite.identity.evidence(party.id)
    shown = {line.kind for line in given if line.state in _SHOWN} | {"phone", "contact"}
    wanted = [need for need in above.needs if need not in shown] if above else []
    steps = [
        {
            "name": level_name(visit, level.name),
            "most": None if most is None else visit.money(most),
            "here": level.name == party.level,
        }
        for level in ladder
        for most in (market.balance_minor_max(level.name, day),)
    ]
    facts = {
        "id": form_id(visit, refused),
        "steps": steps,
        "kind": wanted[0] if wanted else None,
        "waiting": bool(above) and not wanted,
        "value": visit.text("value"),
        "valid_until": visit.text("valid_until"),
    }
    return Page("level.html", facts, refused=refused)


def _day(typed: str) -> date | Refused | None:
    """The day that a browser's date field gives; None where nothing was filled in."""
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        return Refused(IdentityReason.EVIDENCE_UNREADABLE, field="valid_until")


async def raise_level(visit: Visit) -> Answer:
    until = _day(visit.text("valid_until"))
    if isinstance(until, Refused):
        return await _level(visit, until)
    evidence = Evidence(visit.command_id(), visit.text("kind"), visit.text("value"), until)
    said = await visit.lite.identity.raise_level(visit.me.id, evidence)
    if not isinstance(said, Refused):
        party = await visit.lite.parties.get(visit.me.id)
        if party is not None:
            await visit.lite.claim(party)
        return Go("/me/level", {"level": said.level, "balance_minor_max": said.balance_minor_max})
    if said.reason in _KEPT and not visit.as_json:
        return Go("/me/level")
    return await _level(visit, said)


# --- PIN -----------------------------------------------------------------------------------------


async def pin_page(_visit: Visit) -> Answer:
    return Page("pin.html", {})


async def change_pin(visit: Visit) -> Answer:
    old, chosen = visit.text("pin"), visit.text("new_pin")
    if "new_pin_again" in visit.fields and visit.text("new_pin_again") != chosen:
        return Page("pin.html", refused=Refused(LiteReason.PINS_DIFFER, field="new_pin_again"))
    said = await visit.lite.signin.change_pin(visit.signed_in, old, chosen)
    if said is None:
        return Go("/me/security?changed=1", {"changed": True})
    own = (SigninReason.PIN_WEAK, SigninReason.PIN_UNCHANGED, SigninReason.PIN_MALFORMED)
    field = "new_pin" if said.reason in own else "pin"
    return Page("pin.html", refused=Refused(said.reason, said.facts, field))


# --- devices -------------------------------------------------------------------------------------


async def security(visit: Visit) -> Answer:
    lines = await visit.lite.signin.sessions(visit.me.id)
    facts = {
        "lines": lines,
        "own": visit.signed_in.id,
        "changed": visit.query("changed") == "1",
    }
    data = {"sessions": [{"id": str(s.id), "device": s.label} for s in lines]}
    return Page("security.html", facts, data=data)


async def end_session(visit: Visit) -> Answer:
    """End one session, or with `session=all` every one but this."""
    wanted = visit.text("session")
    if wanted == "all":
        await visit.lite.signin.revoke_all(visit.me.id, keep=visit.signed_in.id)
        return Go("/me/security")
    other = parse_id(wanted.lower())
    said = (
        Refused(SigninReason.SESSION_NOT_FOUND)
        if other is None
        else await visit.lite.signin.revoke(visit.signed_in, other)
    )
    return Go("/me/security") if said is None else No(said)


ADDRESSES: tuple[Address, ...] = (
    get("/me", me),
    get("/me/code", code_page),
    get("/me/level", level_page),
    post("/me/level", raise_level),
    get("/me/pin", pin_page),
    post("/me/pin", change_pin),
    get("/me/security", security),
    post("/me/security", end_session),
)
