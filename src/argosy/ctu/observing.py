"""From an operation, or from its event in the log, to what the brain learns of it: one way for both."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from argosy.base.ids import named
from argosy.base.ports import Decision, Operation, Verdict
from argosy.ctu.old_facts import opened_ms
from argosy.ctu.old_history import DAY_MS, Observation

YOUNG_PAYEE_MS = 30 * DAY_MS
"""The payers of a payee are remembered while its account is younger than this."""


def payee_key(payee: UUID | None, to: str | None) -> UUID | None:
    """The payee as the brain remembers it: its id, or an id made from the (hashed) phone or bank
    account that the money goes to."""
    if payee is not None or not to:
        return payee
    return named("ctu", "payee", to)


@lru_cache(maxsize=10_000)
def network_crowd(network: str | None) -> str | None:
    """The name of the crowd behind a network address: the address itself, in IPv6 its /64. None for
    loopback and private addresses, which say nothing about who is there."""
    if network is None:
        return None
    try:
        address = ipaddress.ip_address(network.partition("%")[0].strip())
    except ValueError:
        return f"network {network.strip()}"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return network_crowd(str(address.ipv4_mapped))
        block = ipaddress.ip_network((address, 64), strict=False)
        return None if address.is_private else f"network {block}"
    return None if address.is_private else f"network {address}"


def payee_crowd(
    payee: UUID | None, payee_kind: str | None, payee_opened_ms: int | None, at_ms: int
) -> str | None:
    """The name of the crowd that pays a young account; None for merchants and older accounts."""
    if payee is None or payee_kind == "merchant":
        return None
    if payee_opened_ms is None or at_ms - payee_opened_ms > YOUNG_PAYEE_MS:
        return None
    return f"payee {payee}"


def crowds_of(operation: Operation, at_ms: int) -> tuple[str | None, str | None]:
    """The crowds around an operation: those who pay the same young payee, and those behind the same
    network address. Who claims money that waited is its payee."""
    facts = operation.facts
    if "from" in facts:
        opened = opened_ms(operation.party, facts.get("opened_at"))
        return payee_crowd(operation.party, None, opened, at_ms), None
    network = network_crowd(operation.network)
    if operation.payee is None or operation.payee_kind == "merchant":
        return None, network
    opened = opened_ms(operation.payee, facts.get("payee_opened_at"))
    return payee_crowd(operation.payee, operation.payee_kind, opened, at_ms), network


def from_operation(
    operation: Operation, decision: Decision, money_in: frozenset[str]
) -> Observation:
    """What is learned of `operation` once its money was moved or reserved."""
    at_ms = round(operation.at.timestamp() * 1000)
    facts = operation.facts
    payee, network = crowds_of(operation, at_ms)
    return Observation(
        operation.party,
        at_ms,
        operation.money.minor,
        operation.kind not in money_in,
        counts=True,
        trusted=decision is not Decision.REVIEW,
        device=operation.device,
        payee=payee_key(operation.payee, facts.get("to") or facts.get("bank_account")),
        crowd_payee=payee,
        crowd_network=network,
        member=_uuid(facts.get("from")),
    )


def from_event(body: Mapping[str, Any], money_in: frozenset[str]) -> Observation:
    """The same from the body of a `risk.observed` event."""
    party, payee = UUID(body["party"]), _uuid(body.get("payee"))
    at_ms = body["at"]
    released = body.get("released", False)
    if "from" in body:
        opened = body.get("opened_at") or opened_ms(party, None)
        crowd, network = payee_crowd(party, None, opened, at_ms), None
    else:
        opened = body.get("payee_opened_at")
        if opened is None and payee is not None:
            opened = opened_ms(payee, None)
        crowd = payee_crowd(payee, body.get("payee_kind"), opened, at_ms)
        network = network_crowd(body.get("network"))
    return Observation(
        party,
        at_ms,
        body["minor"],
        body["kind"] not in money_in,
        counts=not released,
        trusted=released or body["decision"] != Decision.REVIEW,
        device=_uuid(body.get("device")),
        payee=payee_key(payee, body.get("to")),
        crowd_payee=crowd,
        crowd_network=network,
        member=_uuid(body.get("from")),
    )


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def body_of(operation: Operation, verdict: Verdict, order: UUID | None = None) -> dict[str, Any]:
    """The body to commit with what `verdict` let through or reserved; `order` is the order's id."""
    body: dict[str, Any] = {
        "operation": operation.id,
        "kind": operation.kind,
        "market": operation.market,
        "at": _millis(operation.at),
        "party": operation.party,
        "minor": operation.money.minor,
        "currency": operation.money.currency,
        "channel": operation.channel,
        "decision": int(verdict.decision),
    }
    optional = {
        "device": operation.device,
        "network": operation.network,
        "payee": operation.payee,
        "payee_kind": operation.payee_kind,
        "to": operation.facts.get("to") or operation.facts.get("bank_account"),
        "payee_opened_at": _millis(operation.facts.get("payee_opened_at")),
        "from": operation.facts.get("from"),
        "opened_at": _millis(operation.facts.get("opened_at"))
        if "from" in operation.facts
        else None,
        "order": order,
    }
    body.update((name, value) for name, value in optional.items() if value is not None)
    if verdict.decision is not Decision.ALLOW:
        body["verdict"] = {
            "id": verdict.id,
            "version": verdict.version,
            "score": verdict.score,
            "hits": [
                {"rule": h.rule, "decision": int(h.decision), "values": dict(h.values)}
                for h in verdict.hits
            ],
            "unevaluated": list(verdict.unevaluated),
        }
    return body


def _millis(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)
