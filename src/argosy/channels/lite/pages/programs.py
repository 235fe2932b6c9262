"""A shop's API keys: made here, shown once, seen with their last use, revoked.

A key moves the shop's money, refunds included, for as long as it lives. So who makes one shows the PIN,
and the shop is told: a browser left open on a counter is not enough.
"""

from __future__ import annotations

from argosy.base.ids import derive, parse_id
from argosy.base.ports import Message
from argosy.base.refusals import Refused
from argosy.channels.lite.answers import Answer, Go, No, Page
from argosy.channels.lite.money import form_id
from argosy.channels.lite.pages.address import Address, Who, get, post
from argosy.channels.lite.reasons import LiteReason
from argosy.channels.lite.visits import Visit

KEYS = "/till/keys"


async def keys_page(visit: Visit) -> Answer:
    return await _keys(visit)


async def _keys(visit: Visit, refused: Refused | None = None) -> Page:
    lines = await visit.lite.shop_keys.list(visit.me.id)
    facts = {
        "id": form_id(visit, refused),
        "lines": lines,
        "label": visit.text("label"),
        "signed": visit.text("signed") == "yes",
        "docs": f"{visit.lite.public_url}/api/docs",
    }
    data = {
        "keys": [
            {
                "id": str(line.id),
                "label": line.label,
                "hint": line.hint,
                "signing": line.signing.value,
                "revoked": line.revoked_at is not None,
            }
            for line in lines
        ]
    }
    return Page("keys.html", facts, data=data, refused=refused)


async def make_key(visit: Visit) -> Answer:
    """Make a key and show it. Sent twice, the form makes one key, and shows it once."""
    key_id = visit.command_id()
    wrong = await visit.lite.signin.check_pin(visit.signed_in, visit.text("pin"))
    if wrong is not None:
        return await _keys(visit, Refused(wrong.reason, wrong.facts, "pin"))
    signed = visit.text("signed") == "yes"
    made = await visit.lite.shop_keys.make(
        visit.me, visit.text("label"), signed=signed, key_id=key_id
    )
    if isinstance(made, Refused):
        return await _keys(visit, made)
    me = visit.me
    await visit.lite.notify.notify(
        Message(
            derive(made.key.id, "made"),
            "keys.made",
            {"at": visit.lite.clock.now(), "label": made.key.label},
            me.market,
            me.language,
            to=me.id,
        )
    )
    facts = {"key": made.key, "text": made.text, "secret": made.signing_secret or ""}
    data = {"id": str(made.key.id), "key": made.text, "signing_secret": made.signing_secret}
    return Page("key_made.html", facts, status=201, data=data)


async def revoke_key(visit: Visit) -> Answer:
    """From now on the key opens nothing."""
    key_id = parse_id(visit.text("key").lower())
    if key_id is None:
        return No(Refused(LiteReason.COMMAND_ID_MISSING, field="key"))
    said = await visit.lite.shop_keys.revoke(visit.me.id, key_id)
    return Go(KEYS, {"revoked": str(key_id)}) if said is None else No(said)


ADDRESSES: tuple[Address, ...] = (
    get(KEYS, keys_page, Who.SHOPS),
    post(KEYS, make_key, Who.SHOPS),
    post(f"{KEYS}/revoke", revoke_key, Who.SHOPS),
)
