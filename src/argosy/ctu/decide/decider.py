"""Scores, rules and costs weighed into one verdict. Pure: no clock, no database, no state."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from argosy.base.ports import Decision, Hit, Verdict
from argosy.ctu.decide.policy import Curve, Policy, Terms
from argosy.ctu.events import Event
from argosy.ctu.rules.compiled import Judgement
from argosy.ctu.rules.declared import Action

COST: Final = "policy.cost"
"""The name of the hit that stands for what was weighed, where no rule asks for as much."""

Asks = Mapping[str, tuple[Action, str]]
"""What each rule asks for, by its name: its action, and which challenge."""

_ALLOW, _CHALLENGE, _REVIEW, _DENY = Decision


class Judged(Verdict, frozen=True, kw_only=True):
    """A verdict with what it was made of, until it is known what became of the event.

    `answered`: a challenge was asked for and the proof is there, so that this is a further attempt.
    `facts` and `scores` are the rows that were read (float64; see `made.Made` for their order);
    `packed` is all of it as bytes, where another process judged and this one has only that.
    """

    event: Event
    answered: bool = False
    shadow: tuple[Hit, ...] = ()
    facts: Any = None
    scores: Any = None
    packed: bytes = b""


class Weighing(msgspec.Struct, frozen=True):
    """What was weighed: `probability` before and `after` the proofs that were shown, what is lost where
    a bad event passes, and the expected cost of each thing that could be done, in minor units of the
    event. `chosen` is the cheapest, `allow`, `challenge <kind>`, `review` or `deny`; `model` gave the
    probability, `rules` where that was the rules' own."""

    probability: float
    after: float
    model: str
    segment: str
    loss_minor: float
    costs: Mapping[str, float]
    chosen: str
    decision: Decision
    challenge: str | None = None


class Decider:
    """Decides by one policy. `decide` is quick: a few microseconds an event."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._asks: dict[tuple[str, str], tuple[str, ...]] = {}

    def decide(
        self,
        id_: UUID,
        event: Event,
        judgement: Judgement,
        model: tuple[float, str],
        asks: Asks,
        version: str = "",
        facts: Any = None,
        scores: Any = None,
    ) -> Judged:
        """The verdict `id_` on `event`. `model` is what the models say together: the largest of their
        probabilities as the policy counts them, and whose it is. `facts` and `scores` are kept.

        Of rules and costs the strictest counts. A proof that was shown answers the challenge that it
        is for. A rule that vouches for the event sets aside challenges and costs, and nothing that a
        rule wants held or refused. What could not be evaluated asks for a proof where money goes out.
        """
        proofs = event.proofs
        strictest, asked, answered, vouched = _ALLOW, "", False, False
        for hit in judgement.hits:
            action, challenge = asks[hit.rule]
            if action is Action.ALLOW:
                vouched = True
            elif action is Action.CHALLENGE:
                if self._answers(event, challenge) & proofs:
                    answered = True
                    continue
                kind = self._instead(event, challenge, self._can(event))
                if kind is None:
                    strictest = max(strictest, _REVIEW)
                elif kind:
                    asked = self._heavier(asked, kind)
            elif action is not Action.SCORE:
                strictest = max(strictest, hit.decision)
        hits = judgement.hits
        if vouched:
            asked = ""
        said = max(strictest, _CHALLENGE if asked else _ALLOW)
        probability, by = self._probability(judgement.score, model)
        if not vouched:
            weighed = self._weigh(event, probability, by)
            if not answered and not proofs <= self.policy.usual:
                bare = replace(event, proofs=proofs & self.policy.usual)
                before = self._weigh(bare, probability, by).challenge
                answered = before is not None and bool(self._answers(event, before) & proofs)
            if weighed.decision > said:
                hits = (*hits, _cost_hit(weighed))
                strictest = said = weighed.decision
                asked = weighed.challenge or ""
        unevaluated = judgement.unevaluated + self._unnamed(event)
        if unevaluated and said < _CHALLENGE and event.kind not in self.policy.money_in:
            if self._answers(event, self.policy.unevaluated) & proofs:
                answered = True
            else:
                can = self.policy.channel(event.channel).asks
                kind = self._instead(event, self.policy.unevaluated, can)
                said, asked = (_CHALLENGE, kind) if kind else (_REVIEW, "")
        return Judged(
            id=id_,
            decision=said,
            hits=hits,
            challenge=asked if said is _CHALLENGE else None,
            score=probability,
            version=version,
            unevaluated=unevaluated,
            event=event,
            answered=answered,
            shadow=judgement.shadow,
            facts=facts,
            scores=scores,
        )

    def weigh(self, event: Event, judgement: Judgement, model: tuple[float, str]) -> Weighing:
        """What was weighed for `event`, to be shown."""
        said = self._probability(judgement.score, model)
        return self._weigh(event, *said, everything=True)

    def _probability(self, weight: float, model: tuple[float, str]) -> tuple[float, str]:
        """How likely the event is bad, and who says so."""
        by_rules = _on(self.policy.rules, weight) if weight else 0.0
        return (by_rules, "rules") if by_rules >= model[0] else model

    # --- cost ------------------------------------------------------------------------------------

    def _weigh(
        self, event: Event, probability: float, model: str, *, everything: bool = False
    ) -> Weighing:
        segment, terms = self.policy.segment(event)
        if probability < terms.challenge_from and not everything:
            return _NOTHING
        scale = self.policy.scale(event.currency)
        loss = terms.loss_given * event.amount + terms.loss_fixed_minor * scale
        lost = terms.margin * event.amount
        left = self._left(event, terms, probability)
        good = 1 - left
        costs = {"allow": left * loss}
        chosen, decision, kind = "allow", _ALLOW, None
        for name in self._can(event) if left >= terms.challenge_from or everything else ():
            ask = terms.challenge[name]
            if event.proofs.isdisjoint(ask.answered_by):
                missed = left * (1 - ask.stops) * loss
                costs[f"challenge {name}"] = cost = missed + good * (
                    ask.cost_minor * scale + ask.leave * lost
                )
                if left >= terms.challenge_from and cost < costs[chosen]:
                    chosen, decision, kind = f"challenge {name}", _CHALLENGE, name
        if left >= terms.review_from or everything:
            by = terms.review
            costs["review"] = cost = (
                left * (1 - by.stops) * loss
                + by.work_minor * scale
                + good * (by.cost_minor * scale + by.leave * lost)
            )
            if left >= terms.review_from and cost < costs[chosen]:
                chosen, decision, kind = "review", _REVIEW, None
        if left >= terms.deny_from or everything:
            costs["deny"] = cost = good * (terms.deny.cost_minor * scale + lost)
            if left >= terms.deny_from and cost < costs[chosen]:
                chosen, decision, kind = "deny", _DENY, None
        return Weighing(probability, left, model, segment, loss, costs, chosen, decision, kind)

    def _left(self, event: Event, terms: Terms, probability: float) -> float:
        """How likely the event is still bad, now that proofs were shown."""
        bad, good = probability, 1 - probability
        for proof in event.proofs:
            asked = terms.challenge.get(proof)
            if asked is not None and proof not in self.policy.usual:
                bad *= 1 - asked.stops
                good *= 1 - asked.leave
        return bad / (bad + good) if bad + good else probability

    # --- challenges ------------------------------------------------------------------------------

    def _can(self, event: Event) -> tuple[str, ...]:
        key = event.channel, event.kind
        found = self._asks.get(key)
        if found is None:
            found = self.policy.asks(event)
            if len(self._asks) < _ASKS_MAX:
                self._asks[key] = found
        return found

    def _answers(self, event: Event, challenge: str) -> frozenset[str]:
        """The proofs that answer `challenge`."""
        _, terms = self.policy.segment(event)
        return frozenset(terms.challenge[challenge].answered_by)

    def _instead(self, event: Event, challenge: str, can: tuple[str, ...]) -> str | None:
        """The challenge to put: `challenge`, or the lightest that answers it and can be put. Empty
        where nothing at all can be asked, None where only less than this can."""
        if challenge in can:
            return challenge
        if not can:
            return ""
        answers = self._answers(event, challenge)
        return next((name for name in can if name in answers), None)

    def _heavier(self, one: str, other: str) -> str:
        return max(one, other, key=_weight)

    def _unnamed(self, event: Event) -> tuple[str, ...]:
        """What the event should name, by its channel, and does not."""
        missing: tuple[str, ...] = ()
        for name in self.policy.channel(event.channel).expects:
            if getattr(event, name) is None:
                if name == "network" and event.attributes.get("private_network"):
                    continue
                missing = (*missing, f"event.{name}")
        return missing


_ASKS_MAX = 10_000
_NOTHING = Weighing(0.0, 0.0, "", "", 0.0, {}, "allow", _ALLOW)
_ORDER = {name: n for n, name in enumerate(("", "confirm_payee", "pin", "otp", "wait", "call"))}


def _weight(challenge: str) -> int:
    return _ORDER[challenge]


def _cost_hit(weighed: Weighing) -> Hit:
    values = {
        "probability": weighed.after,
        "by": weighed.model,
        "loss_minor": weighed.loss_minor,
        "allow_costs_minor": weighed.costs["allow"],
        "this_costs_minor": weighed.costs[weighed.chosen],
    }
    return Hit(COST, weighed.decision, values)


def _on(curve: Curve, weight: float) -> float:
    """The height of the line at `weight`."""
    at = bisect_right(curve.weight, weight)
    if at >= len(curve.weight):
        return curve.probability[-1]
    x0, x1 = curve.weight[at - 1], curve.weight[at]
    y0, y1 = curve.probability[at - 1], curve.probability[at]
    return y0 + (y1 - y0) * (weight - x0) / (x1 - x0)
