"""Back-test: what a rule set would have done over history, before anybody publishes it.

It takes the facts as they were at each event (the off-line engine's matrix), the events and what was
found out about them, and tells of every rule what it would have stopped, what it would have disturbed,
and what it shares with the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from argosy.base.ports import Decision
from argosy.base.refusals import must
from argosy.ctu.events import Event
from argosy.ctu.rules.compiled import TOGETHER_MAX, RuleSet

DAY_MS: Final = 86_400_000
OVERLAPS_MAX: Final = 5
_SCORE: Final = re.compile(r"\b(?:score\.\w+|owner\.score)\b")
STOPPING: Final = frozenset({Decision.CHALLENGE, Decision.REVIEW, Decision.DENY})

Found = npt.NDArray[np.bool_]


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """What was hit, by what it turned out to be. `amount` is in the minor units of one currency.

    `precision` is the bad share of hits whose end is known, `recall` the share of all bad events;
    both None where there is nothing to divide by.
    """

    count: int
    bad: int
    good: int
    amount: int
    bad_amount: int
    good_amount: int
    precision: float | None
    recall: float | None


class Overlap(msgspec.Struct, frozen=True):
    """How much two rules hit the same events: hits of both over hits of either."""

    rule: str
    jaccard: float


class RuleResult(msgspec.Struct, frozen=True, kw_only=True):
    """One rule over history. `unique_bad` are bad events that no other rule of the set stops."""

    rule: str
    decision: Decision
    hits: Stopped
    unevaluated: int
    unique: int
    unique_bad: int
    overlaps: tuple[Overlap, ...]


class Day(msgspec.Struct, frozen=True):
    """One day (UTC, as days since 1970): events, bad ones, and what the set stopped of either."""

    day: int
    events: int
    bad: int
    stopped_bad: int
    disturbed_good: int


class Untested(msgspec.Struct, frozen=True):
    """A rule that reads a score which the past does not have for every event: it was tested on the `share`
    of events that have it, 0 to 1; on the others nobody knows what it would have done."""

    rule: str
    score: str
    share: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A rule set over history: as a whole, rule by rule, day by day.

    `whole` counts an event once, however many rules stop it (challenge, review or deny). Events whose
    end nobody told count as good. `by_decision` are events by the strictest that was said. `untested` are
    rules that were not, or not everywhere, tested, because they read scores that were not kept.
    """

    version: str
    events: int
    bad: int
    amount: int
    bad_amount: int
    whole: Stopped
    by_decision: dict[str, int]
    rules: tuple[RuleResult, ...]
    days: tuple[Day, ...]
    untested: tuple[Untested, ...] = ()


def backtest(
    rules: RuleSet,
    events: Sequence[Event],
    facts: npt.NDArray[np.float64],
    bad: Mapping[Any, bool],
    scores: Mapping[str, npt.NDArray[np.float64]] | None = None,
) -> Report:
    """Judge `events` by `rules` with the facts of then (float64, events by columns) and count.

    `bad` says by event id what was found out. A rule in shadow or rolled out to some is tested as if it
    counted for all, as every rule is.
    """
    must(len(events) == len(facts), "facts of other events", events=len(events), facts=len(facts))
    whole = RuleSet(rules.rules, rules.vocabulary, rules.thresholds, utc_offsets=rules.utc_offsets)
    history = _History(events, bad)
    hits, unevaluated, strictest = _judged(whole, events, facts, scores or {})
    stopping = np.array([rule.decision in STOPPING for rule in whole.rules], dtype=np.bool_)
    any_stop = np.zeros(len(events), dtype=np.bool_)
    caught = np.zeros(len(events), dtype=np.int64)
    for n, mine in enumerate(hits):
        if stopping[n]:
            any_stop[mine] = True
            caught[mine] += 1
    results = [
        RuleResult(
            rule=rule.name,
            decision=rule.decision,
            hits=history.stopped(hits[n]),
            unevaluated=unevaluated[n],
            unique=int((caught[hits[n]] == 1).sum()) if stopping[n] else 0,
            unique_bad=int(((caught[hits[n]] == 1) & history.bad[hits[n]]).sum())
            if stopping[n]
            else 0,
            overlaps=_overlaps(n, hits, whole),
        )
        for n, rule in enumerate(whole.rules)
    ]
    return Report(
        version=whole.version,
        events=len(events),
        bad=int(history.bad.sum()),
        amount=int(history.amounts.sum()),
        bad_amount=int(history.amounts[history.bad].sum()),
        whole=history.stopped(any_stop.nonzero()[0]),
        by_decision={d.name.lower(): int((strictest == d).sum()) for d in Decision},
        rules=tuple(results),
        days=history.days(any_stop),
        untested=tuple(_untested(whole, len(events), scores or {})),
    )


def _untested(
    rules: RuleSet, count: int, scores: Mapping[str, npt.NDArray[np.float64]]
) -> Iterator[Untested]:
    for rule in rules.rules:
        for name in sorted(set(_SCORE.findall(rule.when))):
            values = scores.get(name, scores.get(name.removeprefix("score.")))
            there = 0 if values is None else int((~np.isnan(values)).sum())
            if there < count:
                yield Untested(rule.name, name, there / count)


class _History:
    """Amounts, ends and days of the events."""

    def __init__(self, events: Sequence[Event], bad: Mapping[Any, bool]) -> None:
        self.amounts = np.array([event.amount for event in events], dtype=np.int64)
        self.bad = np.array([bad.get(event.id, False) for event in events], dtype=np.bool_)
        self._day = np.array([event.at_ms // DAY_MS for event in events], dtype=np.int64)

    def stopped(self, places: npt.NDArray[np.intp]) -> Stopped:
        bad, amounts = self.bad[places], self.amounts[places]
        found, known = int(bad.sum()), int(self.bad.sum())
        return Stopped(
            count=len(places),
            bad=found,
            good=len(places) - found,
            amount=int(amounts.sum()),
            bad_amount=int(amounts[bad].sum()),
            good_amount=int(amounts[~bad].sum()),
            precision=found / len(places) if len(places) else None,
            recall=found / known if known else None,
        )

    def days(self, stopped: Found) -> tuple[Day, ...]:
        return tuple(
            Day(
                int(day),
                int((here := self._day == day).sum()),
                int((here & self.bad).sum()),
                int((here & self.bad & stopped).sum()),
                int((here & ~self.bad & stopped).sum()),
            )
            for day in np.unique(self._day)
        )


def _judged(
    rules: RuleSet,
    events: Sequence[Event],
    facts: npt.NDArray[np.float64],
    scores: Mapping[str, npt.NDArray[np.float64]],
) -> tuple[list[npt.NDArray[np.intp]], list[int], npt.NDArray[np.int64]]:
    """The events that each rule hits, how often each was not evaluated, and the strictest word for
    each event."""
    place = {rule.name: n for n, rule in enumerate(rules.rules)}
    hits: list[list[int]] = [[] for _ in rules.rules]
    missing = [0] * len(rules.rules)
    strictest = np.zeros(len(events), dtype=np.int64)
    for start in range(0, len(events), TOGETHER_MAX):
        end = start + TOGETHER_MAX
        told = {name: values[start:end] for name, values in scores.items()}
        for n, said in enumerate(rules.judge(events[start:end], facts[start:end], told), start):
            for hit in said.hits:
                hits[place[hit.rule]].append(n)
                strictest[n] = max(strictest[n], hit.decision)
            for name in said.unevaluated:
                missing[place[name]] += 1
    return [np.array(one, dtype=np.intp) for one in hits], missing, strictest


def _overlaps(
    rule: int, hits: Sequence[npt.NDArray[np.intp]], rules: RuleSet
) -> tuple[Overlap, ...]:
    mine = hits[rule]
    if not len(mine):
        return ()
    found = []
    for other, theirs in enumerate(hits):
        if other == rule or not len(theirs):
            continue
        both = len(np.intersect1d(mine, theirs, assume_unique=True))
        if both:
            share = both / (len(mine) + len(theirs) - both)
            found.append(Overlap(rules.rules[other].name, share))
    found.sort(key=lambda overlap: (-overlap.jaccard, overlap.rule))
    return tuple(found[:OVERLAPS_MAX])
