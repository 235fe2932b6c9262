"""The child of `trying`: reads what it is asked, looks at the past, writes what it found."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np

from argosy.base.store import Database
from argosy.ctu.events import Event
from argosy.ctu.facts import sets as fact_sets
from argosy.ctu.facts.declared import starter
from argosy.ctu.facts.vector import vector_of
from argosy.ctu.rules.backtest import STOPPING, backtest
from argosy.ctu.rules.compiled import TOGETHER_MAX, RuleSet
from argosy.ctu.rules.declared import Rule, read_rule
from argosy.ctu.rules.past import Past, read_past
from argosy.ctu.rules.thresholds import Thresholds
from argosy.ctu.rules.versions import Sets
from argosy.ctu.rules.vocabulary import Vocabulary
from argosy.management.risk.trying import NICENESS, Asked, Met, Trial

MET_MAX = 50
DAY_MS = 86_400_000


async def tried(db: Database, asked: Asked) -> Trial:
    """What the rule would have done between the two moments, beside the rules of today."""
    began = time.monotonic()
    fact_set = await fact_sets.live(db) or starter(asked.offsets)
    vocabulary = Vocabulary(vector_of(fact_set))
    loaded = await Sets(db).load()
    rule = read_rule(asked.name, asked.text)
    old = next((one for one in loaded.rules if one.name == asked.name), None)
    others = tuple(one for one in loaded.rules if one.name != asked.name)
    past = await read_past(db, fact_set, asked.since_ms, asked.until_ms)
    made = RuleSet((*others, rule), vocabulary, loaded.thresholds, utc_offsets=asked.offsets)
    report = backtest(made, past.events, past.facts, past.bad, past.scores)
    result = next(one for one in report.rules if one.rule == asked.name)

    def hits(some: Sequence[Rule]) -> Any:
        return _hits(some, past, vocabulary, loaded.thresholds, asked.offsets)

    mine = hits([rule])
    before = None if old is None else hits([old])
    bad = np.array([past.bad.get(event.id, False) for event in past.events], dtype=np.bool_)
    stopping = [one for one in others if one.decision in STOPPING]
    stopped = hits(stopping) if stopping else np.zeros(len(past.events), dtype=np.bool_)
    alone = mine & ~stopped
    accounts = {event.account for event, hit in zip(past.events, mine, strict=True) if hit}
    found = {e.account for e, hit, b in zip(past.events, mine, bad, strict=True) if hit and b}
    return Trial(
        days=max(1, round((asked.until_ms - asked.since_ms) / DAY_MS)),
        events=report.events,
        bad=report.bad,
        result=result,
        accounts=len(accounts),
        disturbed=len(accounts - found),
        newly_bad=int((alone & bad).sum()),
        newly_good=int((alone & ~bad).sum()),
        before=None if before is None else int(before.sum()),
        added=0 if before is None else int((mine & ~before).sum()),
        dropped=0 if before is None else int((before & ~mine).sum()),
        met=tuple(_met(past.events, mine, bad, stopped)),
        untested=tuple(one for one in report.untested if one.rule == asked.name),
        seconds=round(time.monotonic() - began, 2),
    )


def _hits(
    rules: Sequence[Rule],
    past: Past,
    vocabulary: Vocabulary,
    thresholds: Thresholds,
    offsets: Mapping[str, int],
) -> Any:
    """Which events any of `rules` hits, as if each counted for all accounts."""
    made = RuleSet(rules, vocabulary, thresholds, utc_offsets=offsets)
    found = np.zeros(len(past.events), dtype=np.bool_)
    for start in range(0, len(past.events), TOGETHER_MAX):
        end = start + TOGETHER_MAX
        scores = {name: values[start:end] for name, values in past.scores.items()}
        said = made.judge(past.events[start:end], past.facts[start:end], scores)
        for n, one in enumerate(said, start):
            found[n] = bool(one.hits)
    return found


def _met(events: Sequence[Event], mine: Any, bad: Any, stopped: Any) -> list[Met]:
    places = [int(n) for n in mine.nonzero()[0]]
    places.sort(key=lambda n: (not bad[n], -events[n].amount))
    half = MET_MAX // 2
    good = [n for n in places if not bad[n]]
    kept = [n for n in places if bad[n]][: max(half, MET_MAX - len(good))]
    kept += good[: MET_MAX - len(kept)]
    return [
        Met(
            events[n].id,
            events[n].at_ms,
            events[n].account,
            events[n].payee,
            events[n].kind,
            events[n].amount,
            events[n].currency,
            bool(bad[n]),
            bool(stopped[n]),
        )
        for n in kept
    ]


async def _answer(asked: Asked) -> Trial:
    db = await Database.open(asked.url, 2)
    try:
        return await tried(db, asked)
    finally:
        await db.close()


def main() -> None:
    """Read, look, write."""
    with suppress(OSError):
        os.nice(NICENESS)
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_answer(asked))))


if __name__ == "__main__":
    main()
