"""The model as a candidate: boosted trees, judged on later data, calibrated, weighed by the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from argosy.ctu.decide.decider import COST, Decider
from argosy.ctu.events import Event
from argosy.ctu.learn import gates
from argosy.ctu.learn.boosting import Forest, Settings, fit
from argosy.ctu.learn.leaks import Leak, jump
from argosy.ctu.learn.measures import (
    auc,
    average_precision,
    budget_threshold,
    curve,
    precision_recall,
)
from argosy.ctu.learn.record import Gate
from argosy.ctu.learn.terms import Terms
from argosy.ctu.learn.training import TrainingSet
from argosy.ctu.learn.trials import MODEL, Trial, days, finite, reliability_of
from argosy.ctu.models import Calibration, Card, Model
from argosy.ctu.models.calibration import calibrate, isotonic, platt, reliability
from argosy.ctu.models.drift import psi, reference, spread
from argosy.ctu.rules.compiled import Judgement

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

SETTINGS: Final = Settings()
CALIBRATION_SHARE: Final = 0.2
ISOTONIC_BAD_MIN: Final = 200
STRONG_COLUMNS: Final = 10
NOBODY: Final = UUID(int=0)
NOTHING: Final = Judgement()


def model(
    data: TrainingSet,
    live: Model | None,
    leaks: Sequence[Leak],
    words: Mapping[str, str],
    decider: Decider,
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
    made.figures = {k: finite(v) for k, v in made.figures.items()}
    made.card = Card(
        purpose="the probability that an event is bad, of whatever scheme",
        data=f"{len(sure)} events until {today}, {sure.bad} confirmed bad; {data.fingerprint}",
        limits="learned from what people confirmed; what nobody reports it cannot know",
        calibration=table,
        words={name: words[name] for name in data.columns if name in words},
        reference=reference(data.columns, sure.rows, calibrate(table, final.score(sure.rows))),
    )
    stopped = asked(decider, MODEL, later.events, score)
    good = later.y == 0
    disturbs = float((stopped & good).sum() / max(1, good.sum()))
    made.expected_share = float(stopped.mean()) if len(stopped) else 0.0
    made.expected_precision = float(np.nan_to_num(precision_recall(later.y == 1, stopped)[0]))
    made.figures["policy_would_ask"] = made.expected_share
    psi_score = psi(spread(held_raw), later_raw) if len(held) else 0.0
    made.gates = [
        gates.budget(later.y, alerts, terms),
        gates.disturbance(disturbs, terms.model_disturbance_max),
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
        "days": days(later.at_ms, alerts, later.y == 1),
        "reliability": reliability_of(score, later.y == 1),
    }
    return made


def asked(decider: Decider, name: str, events: Sequence[Event], score: Matrix) -> Mask:
    """For which events the policy would ask, hold or refuse by what model `name` says alone."""
    found = np.zeros(len(events), dtype=np.bool_)
    for n, event in enumerate(events):
        said = decider.decide(NOBODY, event, NOTHING, (float(score[n]), name), {})
        found[n] = any(hit.rule == COST for hit in said.hits)
    return found


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
