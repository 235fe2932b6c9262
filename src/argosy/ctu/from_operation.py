"""From the wallet's operation to the brain's event, and to the log and back: one way for everybody.

The log is the outbox, kind `risk.observed`. The body of such an entry is a `Logged` as JSON: the
wallet's gate commits it with the money, the brain itself writes it for what it stopped, and a brain
for hire writes it for every event that it is sent. Whoever follows the log reads it with `read`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec

from argosy.base.ports import Hit, Operation
from argosy.ctu.events import Event, Scalar

OPENED: Final = "opened_at"
PAYEE_OPENED: Final = "payee_opened_at"
SENDER: Final = "from"
AGENT: Final = "agent"
_MAPPED = frozenset({OPENED, PAYEE_OPENED, SENDER, "to", "bank_account"})


class Logged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of the log: the event, and what became of it.

    `outcome` is `posted`, `held`, `challenged` or `denied`. An operation that was challenged and then
    proven has an entry for each attempt, with the same event id; the last one is what became of it.
    `decision` is the verdict's number (0 allow, 1 challenge, 2 review, 3 deny), `score` its
    probability of being bad, `verdict` its id; `hits`, `unevaluated`, `challenge` and `version` are the
    verdict's where it was not a plain yes, and `evidence` is what it takes to come to it again (see
    `decide.packing`). `order` is the order whose money waits for a human. `released`: a human has
    vouched for an event that was held; it was counted when it was held, and from now on it is trusted
    as any other.
    """

    event: Event
    outcome: str
    decision: int = 0
    score: float = 0.0
    verdict: UUID | None = None
    hits: tuple[Hit, ...] = ()
    unevaluated: tuple[str, ...] = ()
    challenge: str | None = None
    version: str = ""
    evidence: bytes = b""
    order: UUID | None = None
    released: bool = False


_LOGGED = msgspec.json.Decoder(Logged)


def read(body: Mapping[str, Any]) -> Logged:
    """The entry of the log with this body. Raises `msgspec.ValidationError` where it is none."""
    return msgspec.convert(body, Logged)


def read_text(body: str) -> Logged:
    """As `read`, from the body as it is written: in one step, which a payment notices."""
    return _LOGGED.decode(body)


def from_operation(operation: Operation) -> Event:
    """The event of `operation`; the same operation is always the same event.

    Attributes, which rules read as `event.<name>`: `account_age` and `payee_age` in seconds since
    either account was opened, at the time of the event (missing where nobody can know);
    `payee_kind`; `level`, the identity level; `sender`, who had sent money that is claimed now;
    `private_network`, true where the address is loopback or private and says nothing about who is
    there (`network` is then missing); and every plain fact that the product told beside these. An
    IPv6 address stands for its /64. A hashed phone is the payee where the payee has no wallet, a
    hashed bank account is the instrument. Who claims money is its payee; at the counter where cash is
    handed over that is the agent, whose age is `agent_age` besides.
    """
    facts = operation.facts
    at_ms = round(operation.at.timestamp() * 1000)
    attributes: dict[str, Scalar] = {
        name: value
        for name, value in facts.items()
        if name not in _MAPPED and isinstance(value, (str, int, float))
    }
    opened = _opened_ms(operation.party, facts.get(OPENED))
    if opened is not None:
        attributes["account_age"] = max(0, at_ms - opened) // 1000
    payee, merchant = _payee(operation), None
    if operation.payee is not None:
        opened = _opened_ms(operation.payee, facts.get(PAYEE_OPENED))
        if opened is not None:
            attributes["payee_age"] = max(0, at_ms - opened) // 1000
        if operation.payee_kind is not None:
            attributes["payee_kind"] = operation.payee_kind
        if operation.payee_kind == "merchant":
            merchant = payee
    elif SENDER in facts:
        attributes["sender"] = str(facts[SENDER])
        if "account_age" in attributes:
            attributes["payee_age"] = attributes["account_age"]
    if attributes.get("payee_kind") == AGENT and "payee_age" in attributes:
        attributes["agent_age"] = attributes["payee_age"]
    network, private = place_of(operation.network)
    if private:
        attributes["private_network"] = True
    return Event(
        id=operation.id,
        kind=operation.kind,
        at_ms=at_ms,
        account=str(operation.party),
        market=operation.market,
        amount=operation.money.minor,
        currency=operation.money.currency,
        channel=operation.channel,
        device=_text(operation.device),
        session=_text(operation.session),
        payee=payee,
        merchant=merchant,
        network=network,
        instrument=facts.get("bank_account"),
        proofs=operation.proofs,
        attributes=attributes,
    )


@lru_cache(maxsize=10_000)
def place_of(address: str | None) -> tuple[str | None, bool]:
    """The name of the network behind an address (in IPv6 its /64), None where it has none; and
    whether that is because the address is loopback or private."""
    if address is None or not address.strip():
        return None, False
    try:
        found = ipaddress.ip_address(address.partition("%")[0].strip())
    except ValueError:
        return address.strip(), False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return place_of(str(found.ipv4_mapped))
    if found.is_private:
        return None, True
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False)), False
    return str(found), False


def _payee(operation: Operation) -> str | None:
    if operation.payee is not None:
        return str(operation.payee)
    to = operation.facts.get("to")
    if to:
        return str(to)
    return str(operation.party) if SENDER in operation.facts else None


def _opened_ms(party: UUID, told: object) -> int | None:
    """When a party was opened: as it was told, else from its id where that has a time in it."""
    if isinstance(told, datetime):
        return round(told.timestamp() * 1000)
    return party.int >> 80 if party.version == 7 else None


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)
