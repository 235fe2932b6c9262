"""A verdict as text that a person reads: what was decided, by what, from which values, made by what, and
whether it comes out the same today.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from argosy.base.money import Money, exponent
from argosy.base.ports import Decision, Hit
from argosy.ctu.decide.decider import COST, Weighing
from argosy.ctu.decide.judge import Judge
from argosy.ctu.decide.policy import OWNER
from argosy.ctu.decide.replay import Replayed
from argosy.ctu.decide.store import Kept, said_at
from argosy.ctu.events import Event

MODELS_SHOWN = 5
REASONS_SHOWN = 5
MISSING_SHOWN = 12
_WIDTH = 12

_MEANS = {
    Decision.ALLOW: "it goes on",
    Decision.CHALLENGE: "the person must first show more",
    Decision.REVIEW: "the money is reserved and a human decides",
    Decision.DENY: "it is refused",
}


def explained(replayed: Replayed) -> str:
    """The text, some forty lines."""
    kept, judge = replayed.kept, replayed.judge
    lines = [*_head(kept)]
    if kept.evidence.event is not None:
        lines += _part("event", _event(kept.evidence.event))
    by = replayed.weighing
    said = f"{_percent(kept.evidence.score)} that it is bad"
    lines += _part("probability", [said + (f", says {by.model}" if by else "")])
    lines += _part("hits", _hits(kept, judge) or ["none"])
    lines += _part("not judged", list(kept.unevaluated) or ["nothing: all could be evaluated"])
    if judge is not None:
        lines += _part("scores", _scores(kept, judge) or ["no model is live"])
        lines += _part("missing", _missing(kept, judge))
    if by is not None and kept.evidence.event is not None:
        lines += _part("weighed", _weighed(by, kept.evidence.event.currency))
    lines += _part("made by", _made(kept, judge))
    lines += _part("replayed", _again(replayed))
    return "\n".join(lines)


def _head(kept: Kept) -> Iterator[str]:
    at = said_at(kept.id).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    yield f"Verdict {kept.id}, {at}"
    asked = f" ({kept.challenge})" if kept.challenge else ""
    yield f"{kept.decision.name}{asked}: {_MEANS[kept.decision]}; what became of it: {kept.outcome}"
    if kept.evidence.answer.answered:
        yield "A further attempt: what was asked for before has been shown."
    yield ""


def _event(event: Event) -> Iterator[str]:
    amount = event.amount
    money = str(Money(amount, event.currency)) if exponent(event.currency) is not None else amount
    at = datetime.fromtimestamp(event.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    yield f"{event.id}"
    yield f"{event.kind} of {money} in {event.market or '-'} by {event.channel or '-'}, {at}"
    for name in (
        "account",
        "device",
        "payee",
        "merchant",
        "instrument",
        "network",
        "phone",
        "session",
    ):
        value = getattr(event, name)
        if value is not None and not (name == "merchant" and value == event.payee):
            yield f"{name:<10} {value}"
    yield f"shown      {', '.join(sorted(event.proofs)) or 'nothing'}"
    for name, value in sorted(event.attributes.items()):
        yield f"{name} = {_value(value)}"


def _hits(kept: Kept, judge: Judge | None) -> list[str]:
    lines: list[str] = []
    for hit in kept.hits:
        action, says = _rule(hit, judge)
        lines.append(f"{action:<10} {hit.rule}: {says}" if says else f"{action:<10} {hit.rule}")
        if hit.values:
            lines.append("           read " + ", ".join(_read(hit)))
    return lines


def _rule(hit: Hit, judge: Judge | None) -> tuple[str, str]:
    if hit.rule == COST:
        return hit.decision.name.lower(), "this costs least, all expected losses counted."
    if judge is None:
        return hit.decision.name.lower(), ""
    try:
        rule = judge.rules.rule(hit.rule)
    except KeyError:
        return hit.decision.name.lower(), ""
    return rule.action.value, rule.reason


def _read(hit: Hit) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in hit.values.items()]


def _scores(kept: Kept, judge: Judge) -> list[str]:
    scores = dict(zip(judge.names, kept.evidence.scores.tolist(), strict=True))
    owner = scores.pop(OWNER)
    ranked = sorted(scores.items(), key=lambda item: -item[1] if item[1] == item[1] else 0)
    lines = [f"{OWNER} {owner:.4f} that it is not the owner"]
    for name, score in ranked[:MODELS_SHOWN]:
        lines.append(f"{name} {_percent(score)} ({judge.panel.models[name].version})")
        if kept.evidence.event is not None:
            why = judge.panel.reasons(name, kept.evidence.event, kept.evidence.facts, REASONS_SHOWN)
            lines += [f"  {one.contribution:+.2f} {one.words}" for one in why]
    if len(ranked) > MODELS_SHOWN:
        lines.append(f"and {len(ranked) - MODELS_SHOWN} models that say less")
    return lines


def _missing(kept: Kept, judge: Judge) -> list[str]:
    facts = kept.evidence.facts.tolist()
    names = [n for n, v in zip(judge.made.columns, facts, strict=True) if math.isnan(v)]
    if not names:
        return ["nothing"]
    more = len(names) - MISSING_SHOWN
    told = ", ".join(names[:MISSING_SHOWN])
    return [f"{len(names)} of {len(facts)} facts", told + (f" and {more} more" if more > 0 else "")]


def _weighed(by: Weighing, currency: str) -> list[str]:
    segment = f" in the segment {by.segment!r}" if by.segment else ""
    proven = f", {_percent(by.after)} with what was shown" if by.after != by.probability else ""
    lines = [
        f"{_minor(by.loss_minor, currency)} would be lost{segment}{proven}; expected cost of each way:"
    ]
    for name, cost in sorted(by.costs.items(), key=lambda item: item[1]):
        chosen = "  <- the cheapest that the policy lets cost choose" if name == by.chosen else ""
        lines.append(f"{name:<24}{_minor(cost, currency):>18}{chosen}")
    return lines


def _made(kept: Kept, judge: Judge | None) -> list[str]:
    if judge is None:
        return [kept.version]
    made = judge.made
    models = ", ".join(f"{name} {version}" for name, version in made.models) or "no models"
    policy = judge.decider.policy
    return [
        kept.version,
        f"facts {made.facts}, {len(made.columns)} of them",
        f"rules {made.rules} (set {made.rules_number}), {len(judge.rules.rules)} of them",
        f"models: {models}",
        f"{made.policy_version} since {policy.since}",
    ]


def _again(replayed: Replayed) -> list[str]:
    if replayed.impossible:
        return [f"not possible: {replayed.impossible}"]
    return list(replayed.differences) or ["same answer"]


def _part(title: str, lines: Any) -> list[str]:
    found = list(lines)
    first = [f"{title:<{_WIDTH}} {found[0]}"] if found else []
    return [*first, *(f"{'':<{_WIDTH}} {line}" for line in found[1:]), ""]


def _percent(share: float) -> str:
    return "missing" if math.isnan(share) else f"{100 * share:.3g} %"


def _minor(minor: float, currency: str) -> str:
    whole = round(minor)
    known = exponent(currency) is not None
    return str(Money(whole, currency)) if known else f"{whole} minor units"


def _value(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
