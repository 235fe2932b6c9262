"""Three weeks of a small town, seeded, with one scheme planted in it that no starter rule stops.

The scheme: thieves come by sessions that were left open at a counter, and pay with each once, at any
shop, two or three times what the person pays as a rule. Each alone is nothing: people do leave sessions
open, and people do pay more now and then. A bank charges the thefts back half a day later.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from argosy.base.store import Database
from argosy.ctu.brain import Brain
from argosy.ctu.decide.decider import Judged
from argosy.ctu.events import Event, Label
from argosy.ctu.from_operation import Logged
from argosy.ctu.history import history_relay, put_labels, settle
from argosy.ctu.history.writing import append_entries

START = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
OUTCOMES = ("posted", "challenged", "held", "denied")
SCHEME = "open session"
TOLD_AFTER = timedelta(hours=12)
PEOPLE = 160
SHOPS = 80
PAYMENTS_A_DAY = 160
DAY_SECONDS = 50_000
"""So long a day's trade goes on, that of thieves too: the hour tells nobody apart."""


class Town:
    """Makes events. `at` is where its time has come to."""

    def __init__(self, seed: int = 7) -> None:
        self.chance = random.Random(seed)
        self.at = START
        self.means = {n: self.chance.choice((8_000, 12_000, 20_000)) for n in range(PEOPLE)}
        self.victims = self.chance.sample(range(PEOPLE), PEOPLE)
        self.victim_shops = self.chance.sample(range(SHOPS), SHOPS)
        self.entries: list[Logged] = []
        self.labels: list[Label] = []
        self.first_told_ms = 2**62

    def id(self, at: datetime) -> UUID:
        noise = self.chance.getrandbits(74)
        return UUID(
            int=(int(at.timestamp() * 1000) << 80)
            | (7 << 76)
            | ((noise >> 62) << 64)
            | (2 << 62)
            | (noise & ((1 << 62) - 1))
        )

    def pay(self, at: datetime, person: int, shop: int, amount: int, **more: object) -> Event:
        """One payment at a shop, from the person's own phone."""
        return Event(
            id=self.id(at),
            kind="pay",
            at_ms=int(at.timestamp() * 1000),
            account=f"person {person}",
            market="india",
            amount=amount,
            currency="INR",
            channel="lite",
            device=f"phone {person}",
            payee=f"shop {shop}",
            merchant=f"shop {shop}",
            network=f"net {person}",
            proofs=frozenset({"pin"}),
            attributes={
                "account_age": 9_000_000,
                "payee_age": 8_000_000,
                "payee_kind": "merchant",
                **more,
            },
        )

    def theft(self, at: datetime) -> Event:
        """One more attempt of the scheme, on somebody and at a shop where nothing was ever found bad."""
        person, shop = self.victims.pop(), self.victim_shops.pop()
        amount = int(self.means[person] * self.chance.uniform(2.3, 3.0))
        session = self.chance.randrange(3_000, 3_600)
        return self.pay(at, person, shop, amount, session_age=session)

    def days(self, count: int, *, thefts_a_day: int = 0) -> None:
        """Let the town live on for so many days."""
        for _ in range(count):
            day = [
                self.at + timedelta(seconds=self.chance.uniform(0, DAY_SECONDS))
                for _ in range(PAYMENTS_A_DAY)
            ]
            made = [self.ordinary(at) for at in day]
            for _ in range(thefts_a_day):
                at = self.at + timedelta(seconds=self.chance.uniform(0, DAY_SECONDS))
                event = self.theft(at)
                made.append(event)
                told = int((at + TOLD_AFTER).timestamp() * 1000)
                self.labels.append(
                    Label(
                        event=event.id, at_ms=told, bad=True, source="chargeback", scheme=SCHEME,
                        loss=event.amount,
                    )
                )  # fmt: skip
            made.sort(key=lambda event: event.at_ms)
            self.entries += [Logged(event=event, outcome="posted") for event in made]
            self.at += timedelta(days=1)

    def ordinary(self, at: datetime) -> Event:
        """A payment as people make them."""
        person = self.chance.randrange(PEOPLE)
        much = self.chance.uniform(2.0, 3.0) if self.chance.random() < 0.04 else 1.0
        amount = max(500, int(self.means[person] * self.chance.uniform(0.5, 1.5) * much))
        long = self.chance.random() < 0.05
        session = self.chance.randrange(1_500, 5_000) if long else self.chance.randrange(30, 900)
        return self.pay(at, person, self.chance.randrange(SHOPS), amount, session_age=session)

    async def tell(self, db: Database) -> None:
        """Put what was made so far into the log, and let the history read it; labels in their turn."""
        entries, self.entries = self.entries, []
        labels, self.labels = self.labels, []
        self.first_told_ms = min([self.first_told_ms, *(label.at_ms for label in labels)])
        await put(db, entries, labels)


async def put(db: Database, entries: Sequence[Logged], labels: Sequence[Label]) -> None:
    """Events and labels into the log in the order of their times."""
    turns: list[tuple[int, object]] = [(e.event.at_ms, e) for e in entries]
    turns += [(label.at_ms, label) for label in labels]
    turns.sort(key=lambda turn: turn[0])
    async with db.work() as conn:
        batch: list[Logged] = []
        for _, one in turns:
            if isinstance(one, Logged):
                batch.append(one)
                continue
            if batch:
                await append_entries(conn, batch)
                batch = []
            await put_labels(conn, [one])
        if batch:
            await append_entries(conn, batch)
    await settle(db, history_relay(db))


async def through(db: Database, brain: Brain, event: Event) -> Judged:
    """One event past the brain, as whoever hires it sends it: judged, logged, told what became of it."""
    (said,) = await brain.judge_events([event])
    outcome = OUTCOMES[said.decision]
    async with db.work() as conn:
        await append_entries(conn, [brain.entry(event, said, outcome)])
    await brain.observe_event(event, said, outcome)
    if outcome != "posted":  # nobody follows the log here: what was stopped is heard of by hand
        await brain.settle()
    return said
