"""Judgements made by hand: what a few rules say of an event."""

from __future__ import annotations

from uuid import UUID

from argosy.base.ports import Decision, Hit
from argosy.ctu.decide.decider import Asks, Decider, Judged
from argosy.ctu.decide.policy import Policy, load_policy
from argosy.ctu.events import Event
from argosy.ctu.rules.compiled import Judgement
from argosy.ctu.rules.declared import WEIGHTS, Action

ASKS: Asks = {
    "velocity.flood": (Action.DENY, ""),
    "velocity.many": (Action.CHALLENGE, "otp"),
    "payee.confirm": (Action.CHALLENGE, "confirm_payee"),
    "owner.call": (Action.CHALLENGE, "call"),
    "owner.wait": (Action.CHALLENGE, "wait"),
    "owner.pin": (Action.CHALLENGE, "pin"),
    "mule.collects": (Action.REVIEW, ""),
    "owner.known": (Action.ALLOW, ""),
    "mule.smells": (Action.SCORE, ""),
}
_DECISIONS = {
    Action.DENY: Decision.DENY,
    Action.REVIEW: Decision.REVIEW,
    Action.CHALLENGE: Decision.CHALLENGE,
}


def event(rupees: float = 100, **told) -> Event:
    base = {
        "id": UUID(int=7),
        "kind": "send",
        "at_ms": 1_795_000_000_000,
        "account": "anita",
        "amount": round(rupees * 100),
        "currency": "INR",
        "market": "india",
        "channel": "lite",
        "device": "phone",
        "network": "203.0.113.7",
        "payee": "ravi",
        "proofs": frozenset({"pin"}),
    }
    return Event(**{**base, **told})


def said(*rules: str, unevaluated: tuple[str, ...] = ()) -> Judgement:
    """What is said where these rules hit."""
    innocence = 1.0
    for rule in rules:
        innocence *= 1 - WEIGHTS[ASKS[rule][0]]
    hits = tuple(Hit(r, _DECISIONS.get(ASKS[r][0], Decision.ALLOW), {}) for r in rules)
    return Judgement(hits, unevaluated, (), 1 - innocence)


def decide(
    about: Event,
    judgement: Judgement,
    probability: float = 0.0,
    policy: Policy | None = None,
) -> Judged:
    """The verdict where a model says `probability`."""
    decider = Decider(policy or load_policy())
    return decider.decide(UUID(int=1), about, judgement, (probability, "takeover"), ASKS)
