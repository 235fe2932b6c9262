"""How often the owner is asked again while strangers are stopped, on simulated log-ins.

It shows how the score behaves as an account's history grows. It is simulated, and not evidence on its
own: what people and thieves do here was written down by us (`ASSUMPTIONS`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
from rich.console import Console
from rich.table import Table

from argosy.ctu.events import Event
from argosy.ctu.owner.habits import Crowd, Habits
from argosy.ctu.owner.score import evidence, probability

DETECTED = (0.98, 0.99, 0.995)
HISTORIES = (1, 2, 3, 5, 8, 12, 20, 30)
SHOWN = (1, 3, 5, 12, 30)
PUBLISHED = {"naive": 0.17, "vpn": 0.25, "targeted": 0.33}
PUBLISHED_AT = (12, 0.99)
NOT_EVIDENCE = (
    "Simulated: it shows that the score works as meant and is not evidence of quality on its own."
)
_ASSUMED = """
8 countries, 70 % of accounts in one of them; 12 cities and 10 providers in each, their sizes
falling as 1/rank; a provider has 40 neighbourhoods (/24) in a city

an owner has 1 to 3 devices (60, 30, 10 %), each with one browser or app of 24 kinds, popular as
1/rank; its version rises every 45 days; a device is replaced every 500 log-ins on average

an owner signs in at home in 60 % of log-ins (an address that changes inside its neighbourhood
every 20 days), at work in 15 % (a fixed address; a third never do), and in 25 % on a mobile
network (any address of 12 neighbourhoods of one provider)

3 % of log-ins are made on a journey (another city, another provider), and a fifth of these in
another country

log-ins come every two days, around two hours of the day that the owner prefers

a naive stranger comes from a random country, provider and browser; one with a VPN from the
owner's country and a random provider; a targeted one from the owner's city, provider and browser;
all of them from a random device and neighbourhood and at any hour; a neighbourhood is the owner's
own by luck once in forty times

"cookies": the device is told, except in 10 % of log-ins, in which it was cleared and looks new;
"without": no device is told at all, as in the published study
"""
ASSUMPTIONS = tuple(" ".join(part.split()) for part in _ASSUMED.split("\n\n"))

_DAY_MS = 86_400_000
_START_MS = 1_767_225_600_000  # 2026-01-01
_KINDS = 24


SEED = 20_261_122


@dataclass(frozen=True, slots=True)
class Setting:
    """How much is simulated."""

    owners: int = 2_000
    strangers: int = 4  # of each sort, for each owner and length of history
    seed: int = SEED


@dataclass(slots=True)
class Owner:
    """One simulated person."""

    name: str
    country: int
    city: int
    home: tuple[int, int]  # provider, neighbourhood
    work: tuple[int, int] | None
    mobile: tuple[int, int]
    hours: tuple[float, float]
    phase: int  # the day on which the home address changes
    devices: list[tuple[str, int]] = field(default_factory=list)


class World:
    """Makes owners, their log-ins, and strangers."""

    def __init__(self, chance: Random, *, cookies: bool) -> None:
        self._chance = chance
        self._cookies = cookies
        self._count = 0

    def owner(self, number: int) -> Owner:
        chance = self._chance
        country = 0 if chance.random() < 0.7 else chance.randrange(1, 8)
        devices = chance.choices((1, 2, 3), (60, 30, 10))[0]
        return Owner(
            f"owner {number}",
            country,
            self._ranked(12),
            (self._ranked(10), chance.randrange(40)),
            (self._ranked(10), chance.randrange(40)) if chance.random() < 2 / 3 else None,
            (self._ranked(4), chance.randrange(28)),
            (chance.gauss(9, 2), chance.gauss(20, 2)),
            chance.randrange(20),
            [(f"device {number} {n}", self._ranked(_KINDS)) for n in range(devices)],
        )

    def log_in(self, owner: Owner, at_ms: int) -> Event:
        """The owner's own, at about `at_ms`."""
        chance = self._chance
        if chance.random() < 2 / 500:
            owner.devices[0] = (f"device {chance.getrandbits(40)}", self._ranked(_KINDS))
        device, kind = chance.choices(owner.devices, (6, 3, 1)[: len(owner.devices)])[0]
        country, city, host = owner.country, owner.city, None
        where = chance.random()
        if chance.random() < 0.03:
            country = chance.randrange(8) if chance.random() < 0.2 else country
            city = self._ranked(12)
            net = (self._ranked(10), chance.randrange(40))
        elif where < 0.25:
            net = (owner.mobile[0], owner.mobile[1] + chance.randrange(12))
        elif where < 0.40 and owner.work is not None:
            net, host = owner.work, 7
        else:
            net = owner.home
            moved = (at_ms // _DAY_MS + owner.phase) // 20
            host = Random(f"{owner.name} {moved}").randrange(250)
        hour = chance.gauss(chance.choice(owner.hours), 1.5) % 24
        at = at_ms // _DAY_MS * _DAY_MS + int(hour * 3_600_000)
        return self._event(owner, at, (country, city, *net), host, device, kind)

    def stranger(self, sort: str, owner: Owner, at_ms: int) -> Event:
        """Somebody else who knows the secret and signs in to the owner's account."""
        chance = self._chance
        country, city = chance.randrange(8), chance.randrange(12)
        provider, kind = chance.randrange(10), chance.randrange(_KINDS)
        if sort == "vpn":
            country = owner.country
        elif sort == "targeted":
            country, city, provider = owner.country, owner.city, owner.home[0]
            kind = owner.devices[0][1]
        at = at_ms // _DAY_MS * _DAY_MS + chance.randrange(_DAY_MS)
        device = f"stranger {chance.getrandbits(40)}"
        where = (country, city, provider, chance.randrange(40))
        return self._event(owner, at, where, None, device, kind)

    def _event(
        self,
        owner: Owner,
        at_ms: int,
        where: tuple[int, ...],
        host: int | None,
        device: str,
        kind: int,
    ) -> Event:
        chance = self._chance
        country, city, provider, part = where
        if chance.random() < 0.1:
            device = f"cleared {chance.getrandbits(40)}"
        version = 100 + (at_ms - _START_MS) // (45 * _DAY_MS)
        self._count += 1
        return Event(
            id=UUID(int=self._count),
            kind="sign_in",
            at_ms=at_ms,
            account=owner.name,
            device=device if self._cookies else None,
            network=f"{country + 20}.{city * 16 + provider}.{part}."
            f"{chance.randrange(250) if host is None else host}",
            attributes={
                "network_country": f"c{country}",
                "asn": f"c{country} p{provider}",
                "user_agent": f"{chr(65 + kind)} app/{version}",
            },
        )

    def _ranked(self, count: int) -> int:
        """A number below `count`, small ones more often: as 1/rank."""
        return self._chance.choices(range(count), [1 / (n + 1) for n in range(count)])[0]


@dataclass(slots=True)
class Scores:
    """Evidence by length of history: the owners' own, and by sort of stranger; by half of owners."""

    own: dict[int, tuple[list[float], list[float]]] = field(default_factory=dict)
    strangers: dict[tuple[str, int], tuple[list[float], list[float]]] = field(default_factory=dict)


def simulate(setting: Setting, *, cookies: bool, step: Callable[[], None] = lambda: None) -> Scores:
    """Let every owner sign in until the longest history, in turns, and try strangers on the way."""
    world = World(Random(setting.seed), cookies=cookies)
    owners = [world.owner(n) for n in range(setting.owners)]
    crowd, habits = Crowd(), [Habits() for _ in owners]
    scores = Scores()
    for day in range(HISTORIES[-1] + 1):
        at_ms = _START_MS + 2 * day * _DAY_MS
        for number, owner in enumerate(owners):
            event = world.log_in(owner, at_ms)
            if day in HISTORIES:
                half = number % 2
                own = scores.own.setdefault(day, ([], []))
                own[half].append(evidence(habits[number], crowd, event))
                for sort in PUBLISHED:
                    found = scores.strangers.setdefault((sort, day), ([], []))
                    found[half].extend(
                        evidence(habits[number], crowd, world.stranger(sort, owner, at_ms))
                        for _ in range(setting.strangers)
                    )
            habits[number].add(event)
            crowd.add(event)
        step()
    return scores


def rates(scores: Scores) -> dict[str, Any]:
    """By sort, share detected and length of history: how many owners are asked again. The threshold is
    set on the strangers of one half of the accounts, and everything is reported on the other."""
    found: dict[str, Any] = {}
    for sort in PUBLISHED:
        found[sort] = {}
        for share in DETECTED:
            by_history = {}
            for history in HISTORIES:
                learned, unseen = scores.strangers[sort, history]
                threshold = float(np.quantile(learned, 1 - share))
                by_history[str(history)] = {
                    "asked_again": _above(scores.own[history][1], threshold),
                    "detected": _above(unseen, threshold),
                }
            found[sort][f"{share:.1%}".replace(".0%", "%")] = by_history
    return found


def believed(scores: Scores) -> dict[str, float]:
    """How far the probabilities can be believed where, of two thousand log-ins, one is a stranger's."""
    own = [probability(e, day) for day, half in scores.own.items() for e in half[1]]
    others = [probability(e, day) for (_, day), half in scores.strangers.items() for e in half[1]]
    weight = len(own) / 2_000 / max(1, len(others))
    return {
        "said_mean": (sum(own) + weight * sum(others)) / (len(own) + weight * len(others)),
        "seen_mean": weight * len(others) / (len(own) + weight * len(others)),
        "owners_mean": sum(own) / len(own),
        "strangers_mean": sum(others) / len(others),
    }


def _above(values: Sequence[float], threshold: float) -> float:
    return float(np.mean(np.array(values) >= threshold))


def run(setting: Setting, out: Path | None, console: Console | None = None) -> dict[str, Any]:
    """Simulate both ways, print the table, write JSON to `out`."""
    console = console or Console()
    whole: dict[str, Any] = {
        "note": NOT_EVIDENCE,
        "assumptions": ASSUMPTIONS,
        "setting": {"owners": setting.owners, "strangers": setting.strangers, "seed": setting.seed},
        "published": {
            "history": PUBLISHED_AT[0], "detected": PUBLISHED_AT[1], "asked_again": PUBLISHED,
            "without": "a device identifier; on log-ins of a real service",
        },
    }  # fmt: skip
    for name, cookies in (("without", False), ("cookies", True)):
        scores = simulate(setting, cookies=cookies)
        whole[name] = {"rates": rates(scores), "believed": believed(scores)}
        _show(name, whole[name]["rates"], console)
    console.print(NOT_EVIDENCE)
    if out is not None:
        out.write_text(json.dumps(whole, indent=2) + "\n", "utf-8")
    return whole


def _show(name: str, found: dict[str, Any], console: Console) -> None:
    table = Table(title=f"owners asked again ({name} device), by number of log-ins before")
    for heading in ("stranger", "detected", *map(str, SHOWN), "published"):
        table.add_column(heading, justify="right")
    for sort, by_share in found.items():
        for share, by_history in by_share.items():
            said = f"{PUBLISHED[sort]:.0%}" if share == f"{PUBLISHED_AT[1]:.0%}" else ""
            asked = (f"{by_history[str(h)]['asked_again']:.1%}" for h in SHOWN)
            table.add_row(sort, share, *asked, said)
    console.print(table)
