"""Rules of one scheme as candidates: mined from its first cases, judged on the later ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from argosy.ctu.facts.graph.columns import PLACES
from argosy.ctu.learn import gates, mining
from argosy.ctu.learn.leaks import Leak
from argosy.ctu.learn.mining import Condition, Mined
from argosy.ctu.learn.terms import BY, Terms
from argosy.ctu.learn.training import TrainingSet
from argosy.ctu.learn.trials import Trial, days
from argosy.ctu.rules.vocabulary import Vocabulary

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

CLOCK: Final = frozenset({"event.hour", "event.weekday"})


FAMILIES: Final[Mapping[str, str]] = {
    "device": "device",
    "account_device": "device",
    "network": "device",
    "account_network": "device",
    "phone": "device",
    "instrument": "device",
    "payee": "payee",
    "pair": "payee",
    "received": "mule",
    "merchant": "merchant",
    "graph": "mule",
}


def rules(
    data: TrainingSet,
    scheme: str,
    leaks: Sequence[Leak],
    vocabulary: Vocabulary,
    words: Mapping[str, str],
    terms: Terms,
    today: date,
) -> list[Trial]:
    """Rules mined from the first part of a scheme's confirmed cases, judged on the rest."""
    mine_ = (data.y == 1) & (data.scheme == scheme)
    guilty = sorted({leak.column for leak in leaks})
    clean = data.without(guilty).take((data.y == 0) | mine_).sure()
    bad = clean.y == 1
    if bad.sum() < terms.scheme_labels_min:
        return []
    cut = np.quantile(clean.at_ms[bad], 0.6)
    earlier, later = clean.take(clean.at_ms <= cut), clean.take(clean.at_ms > cut)
    readable = _readable(clean, vocabulary)
    earlier = earlier.without([c for c in clean.columns if c not in readable])
    found = mining.mine(earlier, scheme, terms)
    return [
        _rule_trial(rule, scheme, clean, earlier, later, leaks, vocabulary, words, terms, today)
        for rule in found
    ]


def _readable(data: TrainingSet, vocabulary: Vocabulary) -> set[str]:
    """Columns that a rule may name as numbers. Not the clock: thieves who were seen in the evening so far
    make no rule against whoever pays in the evening."""
    types = vocabulary.types()
    return {c for c in data.columns if types.get(c) == "number" and c not in CLOCK | PLACES}


def _rule_trial(
    rule: Mined,
    scheme: str,
    clean: TrainingSet,
    earlier: TrainingSet,
    later: TrainingSet,
    leaks: Sequence[Leak],
    vocabulary: Vocabulary,
    words: Mapping[str, str],
    terms: Terms,
    today: date,
) -> Trial:
    hits = rule.fits(later)
    everything = rule.fits(clean)
    good = clean.y == 0
    share = float((everything & good).sum() / max(1, good.sum()))
    whole = mining.measure(rule.conditions, clean, clean.y == 1)
    family = FAMILIES.get(rule.conditions[0].column.partition(".")[0], "velocity")
    slug = re.sub(r"[^a-z0-9]+", "_", scheme.lower()).strip("_") or "fraud"
    text = rule_text(rule, scheme, clean, everything, vocabulary, words, whole, today)
    made = Trial(
        kind="rule",
        name=f"{family}.learned_{slug}_{rule.digest}",
        version=rule.digest,
        body=text.encode(),
        columns=tuple(c.column for c in rule.conditions),
        scheme=scheme,
        says=spoken(rule.conditions, words),
        conditions=rule.conditions,
        expected_share=float(everything.mean()) if len(clean) else 0.0,
        expected_precision=whole.low,
    )
    made.figures = {
        "hits": whole.hits,
        "bad": whole.bad,
        "precision": whole.precision,
        "surely": whole.low,
        "recall": whole.recall,
        "later_hits": int(hits.sum()),
        "later_bad": int((hits & (later.y == 1)).sum()),
        "disturbs": share,
        "conditions": [[c.column, c.sign, c.value] for c in rule.conditions],
        "money_minor": int(sum(clean.events[i].amount for i in np.flatnonzero(everything & ~good))),
    }
    made.gates = [
        gates.mined(rule, terms),
        gates.later(later.y, hits, terms),
        gates.disturbance(share, terms.rule_alert_share_max),
        gates.steady(whole.parts, terms),
        gates.leakage(made.columns, leaks),
        gates.golden_good(gates.cleared(clean), everything, terms),
    ]
    made.plots = {
        "days": days(clean.at_ms, everything, clean.y == 1),
        "spreads": {
            c.column: (clean.column(c.column)[good], clean.column(c.column)[~good], c.value)
            for c in rule.conditions
        },
        "cut": int(later.at_ms.min()) if len(later) else None,
        "text": text,
        "earlier": len(earlier),
    }
    return made


def spoken(conditions: Sequence[Condition], words: Mapping[str, str]) -> str:
    """The conditions as a sentence for an analyst."""
    signs = {">=": "at least", "<=": "at most"}
    return "; ".join(
        f"{words.get(c.column, c.column)} {signs[c.sign]} {_number(c.value)}" for c in conditions
    )


def rule_text(
    rule: Mined,
    scheme: str,
    data: TrainingSet,
    hits: Mask,
    vocabulary: Vocabulary,
    words: Mapping[str, str],
    whole: Mined,
    today: date,
) -> str:
    """The rule as TOML, with a hit and a miss taken from the data."""
    bad = data.y == 1
    lines = []
    for c in rule.conditions:
        known = f"has({c.column}) && " if vocabulary.nullable(c.column) else ""
        lines.append(f"{known}{c.column} {c.sign} {_number(c.value)}")
    kinds = sorted({data.events[i].kind for i in np.flatnonzero(hits & bad)})
    lines.append(f"event.kind in [{', '.join(repr(kind) for kind in kinds)}]")
    action = "review" if whole.low >= 0.7 else "challenge"
    asked = "" if action == "review" else 'challenge = "otp"\n'
    when = "\n&& ".join(lines)
    hit = int(np.flatnonzero(hits & bad)[0])
    reason = f"Learned from {whole.bad} confirmed cases of {scheme or 'fraud'}: " + spoken(
        rule.conditions, words
    )
    return (
        f'owner = "{BY}"\nsince = {today.isoformat()}\naction = "{action}"\n{asked}'
        f'reason = """{reason}."""\nwhen = """\n{when}"""\n'
        f"weight = {min(0.95, round(whole.low, 2))}\n\n"
        f"[hit]\n{_example(rule, data, hit, kinds[0])}\n"
        f"[miss]\n{_example(rule, data, hit, kinds[0], beside=rule.conditions[0])}"
    )


def _example(
    rule: Mined, data: TrainingSet, row: int, kind: str, beside: Condition | None = None
) -> str:
    """The values of one row; with `beside` the one condition just not met."""
    lines = []
    for column in dict.fromkeys(c.column for c in rule.conditions):
        value = float(data.column(column)[row])
        if beside is not None and column == beside.column:
            step = max(1.0, abs(beside.value))
            value = beside.value - step if beside.sign == ">=" else beside.value + step
        lines.append(f'"{column}" = {_number(value)}')
    return "\n".join([*lines, f'"event.kind" = "{kind}"']) + "\n"


def _number(value: float) -> str:
    return (
        str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(float(value))
    )
