"""Candidates and what was measured of them: a model, rules of a scheme, a gang."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from argosy.ctu.learn import gates, mining
from argosy.ctu.learn.boosting import Forest, Settings, fit
from argosy.ctu.learn.leaks import Leak, jump
from argosy.ctu.learn.measures import (
    auc,
    average_precision,
    budget_threshold,
    curve,
    precision_recall,
)
from argosy.ctu.learn.mining import Condition, Mined
from argosy.ctu.learn.record import Gate
from argosy.ctu.learn.terms import BY, Terms
from argosy.ctu.learn.training import TrainingSet
from argosy.ctu.models import Calibration, Card, Model
from argosy.ctu.models.calibration import calibrate, isotonic, platt, reliability
from argosy.ctu.models.drift import psi, reference, spread
from argosy.ctu.rules.vocabulary import Vocabulary

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

MODEL: Final = "fraud"
SETTINGS: Final = Settings()
CALIBRATION_SHARE: Final = 0.2
ISOTONIC_BAD_MIN: Final = 200
STRONG_COLUMNS: Final = 10

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
}


@dataclass
class Trial:
    """A candidate on its way: what it is, what was measured, and what the report draws of it."""

    kind: str
    name: str
    version: str
    body: bytes
    columns: tuple[str, ...]
    scheme: str = ""
    says: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    gates: list[Gate] = field(default_factory=list)
    plots: dict[str, Any] = field(default_factory=dict)
    expected_share: float = 0.0
    expected_precision: float = 0.0
    forest: Forest | None = None
    card: Card | None = None
    threshold: float = 1.0
    conditions: tuple[Condition, ...] = ()

    @property
    def accepted(self) -> bool:
        return all(gate.passed for gate in self.gates)

    def alerts(self, rows: Matrix, columns: Sequence[str]) -> Mask:
        """Which rows of a matrix over `columns` it would ask for."""
        at = {name: n for n, name in enumerate(columns)}
        if self.forest is not None and self.card is not None:
            raw = self.forest.score(rows[:, [at[name] for name in self.forest.columns]])
            found: Mask = calibrate(self.card.calibration, raw) >= self.threshold
            return found
        found = np.ones(len(rows), dtype=np.bool_)
        for condition in self.conditions:
            found &= condition.fits(rows[:, at[condition.column]])
        return found


# --- the model -------------------------------------------------------------------------------------


def model(
    data: TrainingSet,
    live: Model | None,
    leaks: Sequence[Leak],
    words: Mapping[str, str],
    terms: Terms,
    today: date,
) -> Trial:
    """Boosted trees on all confirmed cases. The recipe is judged on later data; where it passes, the
    same recipe learns from everything, with the calibration that was measured."""
    left_out = _moving(data.sure(), terms)
    data = data.without(left_out)
    sure = data.sure()
    earlier, later = sure.split(terms.later_share)
    fitted, held = earlier.split(CALIBRATION_SHARE)
    judged = fit(fitted.rows, fitted.y == 1, data.columns, SETTINGS, fitted.weight)
    held_raw, later_raw = judged.score(held.rows), judged.score(later.rows)
    table = _calibration(held_raw, held.y, later_raw, later.y)
    score = calibrate(table, later_raw)
    threshold = budget_threshold(score, terms.alert_share)
    alerts = score >= threshold
    final = fit(sure.rows, sure.y == 1, data.columns, SETTINGS, sure.weight)
    gains = judged.gains()
    strong = list(gains)[:STRONG_COLUMNS]
    moved = {name: psi(spread(earlier.column(name)), later.column(name)) for name in strong}
    theirs = _live_score(live, later)
    made = Trial(
        kind="model",
        name=MODEL,
        version=f"{today:%Y%m%d}-{data.fingerprint[:8]}",
        body=final.text.encode(),
        columns=data.columns,
        says=f"boosted trees on {sure.bad} confirmed cases among {len(sure):,} events",
        forest=final,
        threshold=threshold,
    )
    precision, recall = precision_recall(later.y == 1, alerts)
    ap = average_precision(later.y == 1, score)
    made.figures = {
        "auc": auc(later.y == 1, score),
        "average_precision": ap,
        "precision_at_budget": precision,
        "recall_at_budget": recall,
        "threshold": threshold,
        "live_average_precision": None if theirs is None else _ap(later, theirs),
        "bad_earlier": earlier.bad,
        "bad_later": later.bad,
        "events_earlier": len(earlier),
        "events_later": len(later),
        "settings": SETTINGS.says(),
        "left_out": ", ".join(left_out),
        "strongest": jump(gains)[0],
        "strongest_share": jump(gains)[1],
        **{f"calibration_{k}": v for k, v in reliability(score, (later.y == 1) * 1.0).items()},
    }
    made.figures = {k: _finite(v) for k, v in made.figures.items()}
    made.card = Card(
        purpose="the probability that an event is bad, of whatever scheme",
        data=f"{len(sure)} events until {today}, {sure.bad} confirmed bad; {data.fingerprint}",
        limits="learned from what people confirmed; what nobody reports it cannot know",
        calibration=table,
        words={name: words[name] for name in data.columns if name in words},
        reference=reference(data.columns, sure.rows, calibrate(table, final.score(sure.rows))),
    )
    made.expected_share = float(alerts.mean()) if len(alerts) else 0.0
    made.expected_precision = float(np.nan_to_num(precision))
    psi_score = psi(spread(held_raw), later_raw) if len(held) else 0.0
    made.gates = [
        gates.budget(later.y, alerts, terms),
        gates.not_worse(ap, made.figures["live_average_precision"], terms),
        gates.stability(psi_score, moved, terms),
        gates.leakage(data.columns, leaks),
        _golden(data, live, judged, table, threshold, terms),
    ]
    made.plots = {
        "curve": curve(later.y == 1, score) if later.bad else None,
        "live_curve": curve(later.y == 1, theirs) if theirs is not None and later.bad else None,
        "scores": (score[later.y == 0], score[later.y == 1]),
        "gains": dict(list(gains.items())[:15]),
        "moved": moved,
        "days": _days(later.at_ms, alerts, later.y == 1),
        "reliability": _reliability(score, later.y == 1),
    }
    return made


def _moving(sure: TrainingSet, terms: Terms) -> list[str]:
    """Columns that are elsewhere by the time of the later data whatever anybody does, such as the age of
    everything in a young history: a model that leans on them is old tomorrow."""
    earlier, later = sure.split(terms.later_share)
    earlier, later = earlier.take(earlier.y == 0), later.take(later.y == 0)
    return [
        name
        for name in sure.columns
        if psi(spread(earlier.column(name)), later.column(name)) > terms.psi_column_max
    ]


def _calibration(held: Matrix, held_y: Any, later: Matrix, later_y: Any) -> Calibration:
    raw = np.concatenate([held, later])
    bad = np.concatenate([held_y, later_y]) == 1
    return (isotonic if bad.sum() >= ISOTONIC_BAD_MIN else platt)(raw, bad.astype(np.float64))


def _live_score(live: Model | None, later: TrainingSet) -> Matrix | None:
    if live is None or not set(live.columns) <= set(later.columns):
        return None
    at = [later.columns.index(name) for name in live.columns]
    return np.asarray(live.score(np.ascontiguousarray(later.rows[:, at])))


def _ap(later: TrainingSet, score: Matrix) -> float:
    return average_precision(later.y == 1, score)


def _golden(
    data: TrainingSet,
    live: Model | None,
    judged: Forest,
    table: Calibration,
    threshold: float,
    terms: Terms,
) -> Gate:
    """Confirmed cases that the live model finds at the same budget must be found still."""
    golden = data.take((data.y == 1) & ~np.isnan(data.known_ms))
    golden = golden.take(np.arange(max(0, len(golden) - terms.golden_max), len(golden)))
    theirs = _live_score(live, golden)
    everybody = _live_score(live, data.sure())
    if theirs is None or everybody is None:
        return gates.golden_bad(np.zeros(0, bool), np.zeros(0, bool), terms)
    was = theirs >= budget_threshold(everybody, terms.alert_share)
    now = calibrate(table, judged.score(golden.rows)) >= threshold
    allowed = max(terms.golden_lost_max, int(0.05 * was.sum()))
    lost = int((was & ~now).sum())
    says = f"of {int(was.sum())} confirmed cases that the live model finds it loses {lost}"
    return Gate("golden cases", lost <= allowed, says, float(lost), float(allowed))


# --- rules -----------------------------------------------------------------------------------------


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
    """Columns that a rule may name as numbers and that are no habit of the clock."""
    types = vocabulary.types()
    return {c for c in data.columns if types.get(c) == "number" and c != "event.weekday"}


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
        gates.disturbance(share, terms),
        gates.steady(whole.parts, terms),
        gates.leakage(made.columns, leaks),
        gates.golden_good(gates.cleared(clean), everything, terms),
    ]
    made.plots = {
        "days": _days(clean.at_ms, everything, clean.y == 1),
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


# --- what the report draws -------------------------------------------------------------------------


def _days(at_ms: Any, alerts: Mask, bad: Mask) -> list[tuple[int, int, int]]:
    """By day (Unix days): alerts that were bad, alerts that were not."""
    day = at_ms // 86_400_000
    return [
        (
            int(one),
            int((alerts & bad & (day == one)).sum()),
            int((alerts & ~bad & (day == one)).sum()),
        )
        for one in np.unique(day)
    ]


def _reliability(score: Matrix, bad: Mask) -> list[tuple[float, float]]:
    """What was said and what was seen, in ten bins of equal size."""
    order = np.argsort(score, kind="stable")
    return [
        (float(score[part].mean()), float(bad[part].mean()))
        for part in np.array_split(order, 10)
        if len(part)
    ]


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
