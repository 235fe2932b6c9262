"""What facts are, by the words of docs/risk/facts.md alone: slow, plain, and sure."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from uuid import UUID

from argosy.ctu.events import Event
from argosy.ctu.facts.declared import DISTINCT_MAX, DISTINCT_OF, Fact, FactSet, grain_of
from argosy.ctu.facts.filters import compile_filter

DAY = 86_400


@dataclass
class Told:
    """An entry of the log; `labels` are (number from which it is known, bad)."""

    number: int
    event: Event
    outcome: str
    labels: list[tuple[int, bool]]


class Oracle:
    def __init__(self, fact_set: FactSet) -> None:
        self.fact_set = fact_set
        self.entries: list[Told] = []
        self.by_key: dict[tuple[str, str], list[Told]] = {}
        self.number = 0

    def tell(self, event: Event, outcome: str) -> None:
        self.number += 1
        told = Told(self.number, event, outcome, [])
        self.entries.append(told)
        for entity in {fact.entity for fact in self.fact_set.facts}:
            key = event.payee if entity == "received" else getattr(event, entity)
            if key:
                self.by_key.setdefault((entity, key), []).append(told)

    def label(self, event: UUID, bad: bool) -> None:
        self.number += 1
        for told in self.entries:
            if told.event.id == event:
                told.labels.append((self.number, bad))

    def row(self, event: Event) -> list[float]:
        return [self.value(fact, event) for fact in self.fact_set.facts]

    def value(self, fact: Fact, event: Event) -> float:
        key = getattr(event, fact.entity)
        if not key:
            return math.nan
        entries = [t for t in self.by_key.get((fact.entity, key), ()) if counts(fact, t, event)]
        n = len(entries)
        match fact.aggregate:
            case "count":
                return n
            case "distinct":
                texts = {text_of(fact.of, t.event) for t in entries}
                return min(len({x for x in texts if isinstance(x, str) and x}), DISTINCT_MAX)
            case "age" if n:
                return max(event.at_ms - min(t.event.at_ms for t in entries), 0) / 1000
            case "since" if n:
                return max(event.at_ms - max(t.event.at_ms for t in entries), 0) / 1000
            case "age" | "since":
                return math.nan
            case "night_share":
                return sum(night(self.fact_set, t.event) for t in entries) / n if n else math.nan
            case "bad_count":
                return sum(bad(t) for t in entries)
            case "bad_share":
                return sum(bad(t) for t in entries) / n if n else math.nan
            case "decayed_count":
                return sum(weight(fact, t, event) for t in entries)
        values = [v for t in entries if (v := number_of(fact.of, t.event)) is not None]
        scale = 1 if fact.of == "amount" else 1e6
        match fact.aggregate:
            case "sum":
                return sum(values) / scale
            case "decayed_sum":
                pairs = [(number_of(fact.of, t.event), weight(fact, t, event)) for t in entries]
                return sum(v * w for v, w in pairs if v is not None) / scale
            case _ if not values:
                return math.nan
            case "mean":
                return sum(values) / len(values) / scale
            case "max":
                return max(values) / scale
            case "spread":
                m = len(values)
                return math.sqrt(m * sum(v * v for v in values) - sum(values) ** 2) / m / scale
            case "ratio":
                mine = number_of(fact.of, event)
                if mine is None or not sum(values):
                    return math.nan
                return mine / (sum(values) / len(values))
        raise AssertionError(fact.aggregate)


def counts(fact: Fact, told: Told, event: Event) -> bool:
    if told.outcome not in fact.outcomes:
        return False
    if fact.where and not compile_filter(fact.where)(told.event):
        return False
    if fact.window is None:
        return True
    grain = grain_of(fact.window)
    now = (event.at_ms // 1000 - fact.delay) // grain
    return now - fact.window // grain < told.event.at_ms // 1000 // grain <= now


def text_of(of: str, event: Event) -> object:
    return getattr(event, of) if of in DISTINCT_OF else event.attributes.get(of)


def number_of(of: str, event: Event) -> int | None:
    if of == "amount":
        return event.amount
    value = event.attributes.get(of)
    if type(value) not in (int, float):
        return None
    return math.floor(value * 1e6 + 0.5)


def night(fact_set: FactSet, event: Event) -> bool:
    hour = (event.at_ms // 1000 + fact_set.offsets.get(event.market, 0)) // 3600 % 24
    return hour >= 23 or hour < 6


def bad(told: Told) -> bool:
    return bool(told.labels) and told.labels[-1][1]


def weight(fact: Fact, told: Told, event: Event) -> float:
    return 2.0 ** (-(event.at_ms - told.event.at_ms) / (fact.half_life * 1000))


# --- a stream to compare on ------------------------------------------------------------------------


class Stream:
    """Events of a small town, mostly in order, at every pace from bursts to weeks of silence."""

    def __init__(self, seed: int = 1, people: int = 6) -> None:
        self.chance = random.Random(seed)
        self.people = people
        self.now_ms = 1_790_000_000_000
        self.made: list[Event] = []

    def event(self) -> Event:
        chance = self.chance
        pace = chance.choice((200, 5_000, 60_000, 900_000, 30_000_000, 400_000_000))
        self.now_ms += chance.randrange(pace)
        at_ms = self.now_ms - chance.choice((0, 0, 0, chance.randrange(100_000)))
        person, other = chance.randrange(self.people), chance.randrange(self.people)
        kind = chance.choice(
            ("pay", "pay", "send", "send", "top_up", "withdraw", "refund", "sign_in", "sign_up")
        )
        shop = f"m{other % 3}" if kind == "pay" else None
        event = Event(
            id=UUID(int=len(self.made) + 1),
            kind=kind,
            at_ms=at_ms,
            account=f"a{person}",
            market=chance.choice(("india", "thailand", "")),
            amount=0
            if kind.startswith("sign")
            else chance.choice((chance.randrange(10**6), 50_000)),
            currency="INR",
            channel=chance.choice(("lite", "ussd", "")),
            device=chance.choice((f"d{person}", f"d{chance.randrange(4)}", None)),
            session=None,
            payee=shop or (f"a{other}" if kind == "send" else None),
            merchant=shop,
            network=chance.choice((f"n{person % 3}", None, "")),
            phone=f"p{person}" if chance.random() < 0.3 else None,
            instrument=f"i{chance.randrange(5)}" if kind in ("top_up", "withdraw") else None,
            proofs=frozenset(chance.sample(("pin", "otp"), chance.randrange(3))),
            attributes=chance.choice(
                ({}, {"risk": chance.random() * 10 - 3}, {"risk": "?", "mcc": "54"}, {"risk": True})
            ),
        )
        self.made.append(event)
        return event

    def outcome(self) -> str:
        return self.chance.choice(("posted",) * 6 + ("held", "challenged", "denied", "refused"))


def same(found: float, wanted: float) -> bool:
    if math.isnan(wanted):
        return math.isnan(found)
    return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-12)
