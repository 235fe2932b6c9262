"""How the machine room stands: queues and their age, money at the bank, jobs, the parts' health.

Every question is answered from an index or from a bounded look; where more than `COUNTED_MAX` wait, that
is all that is said of how many.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from argosy.base.markets import Market
from argosy.base.outbox import Lag, lag
from argosy.base.store import Database
from argosy.base.wallet.accounts import OPENING, system_accounts

COUNTED_MAX: Final = 5_000
LATE_SECONDS: Final = {
    "cases": 4 * 3600,
    "webhooks": 300,
    "messages": 120,
    "unknown": 900,
    "log": 60,
}
"""From which age on a queue is shown as late."""

_QUEUES: Final = {
    "cases": """
        SELECT (SELECT count(*) FROM (SELECT FROM ctu.case_files WHERE state = 'open' LIMIT $1) q)
                   AS waiting,
               (SELECT opened_at FROM ctu.case_files WHERE state = 'open'
                 ORDER BY state, opened_at, id LIMIT 1) AS since, 0::bigint AS dead
    """,
    "webhooks": """
        SELECT (SELECT count(*) FROM (SELECT FROM webhooks.deliveries WHERE state = 'waiting'
                 LIMIT $1) q) AS waiting,
               (SELECT waiting_since FROM webhooks.deliveries WHERE state = 'waiting'
                 ORDER BY waiting_since LIMIT 1) AS since,
               (SELECT count(*) FROM (SELECT FROM webhooks.deliveries WHERE state = 'dead'
                 LIMIT $1) q) AS dead
    """,
    "messages": """
        SELECT count(*) AS waiting, min(created_at) AS since, 0::bigint AS dead
          FROM (SELECT created_at FROM notify.message WHERE state = 'waiting'
                 ORDER BY next_at LIMIT $1) q
    """,
    "unknown": """
        SELECT count(*) AS waiting, min(created_at) AS since,
               count(*) FILTER (WHERE escalated) AS dead
          FROM (SELECT created_at, data ? 'escalated' AS escalated FROM orders.orders
                 WHERE deadline_at IS NOT NULL AND state = 'held' AND data ? 'tries'
                 LIMIT $1) q
    """,
}


@dataclass(frozen=True)
class Queue:
    """What waits: how many (at most `COUNTED_MAX`), since when the oldest, and how many were given up or
    need a human (`dead`)."""

    name: str
    waiting: int
    since: datetime | None
    dead: int = 0

    def age(self, now: datetime) -> timedelta | None:
        return None if self.since is None else max(timedelta(0), now - self.since)

    def late(self, now: datetime) -> bool:
        """Whether the oldest waits longer than it should."""
        age = self.age(now)
        return age is not None and age.total_seconds() > LATE_SECONDS[self.name]


async def queues(db: Database) -> list[Queue]:
    """Cases, webhooks, messages, banks' unknown answers, and the slowest reader of the event log."""
    found = []
    for name, sql in _QUEUES.items():
        row = await db.one(sql, COUNTED_MAX)
        if row is not None:
            found.append(Queue(name, row["waiting"], row["since"], row["dead"]))
    readers = await lag(db)
    behind = [one for one in readers if one.waiting_since is not None]
    oldest = min((one.waiting_since for one in behind if one.waiting_since), default=None)
    failing = sum(1 for one in readers if one.failures)
    return [*found, Queue("log", len(behind), oldest, failing)]


@dataclass(frozen=True)
class Float:
    """One market's money on both sides, in minor units. `owed_minor` is what lies in wallets, held or
    not, and what waits for a phone without one; `bank_minor` what lies at the bank; `opening_minor` what
    customers brought from elsewhere and no bank of ours holds; `own_minor` the operator's."""

    market: str
    currency: str
    owed_minor: int
    bank_minor: int
    opening_minor: int
    own_minor: int

    @property
    def gap_minor(self) -> int:
        """What is owed to customers beyond what lies at the bank; negative: more lies there."""
        return self.owed_minor - self.bank_minor

    @property
    def covered(self) -> float | None:
        """Of what is owed, the share that lies at the bank."""
        return self.bank_minor / self.owed_minor if self.owed_minor else None


async def floats(db: Database, markets: Iterable[Market]) -> list[Float]:
    """What is owed and what is there, of each market.

    Wallets are not added up: every transfer has two sides, so what is in wallets is what the system's
    accounts lack. That costs the same with ten million customers.
    """
    found = []
    for market in markets:
        accounts = {one.id: one for one in system_accounts(market)}
        rows = await db.all(
            "SELECT id, kind, side, debits_posted - credits_posted AS net FROM ledger.accounts"
            " WHERE id = ANY ($1)",
            list(accounts),
        )
        bank = opening = own = waits = 0
        for row in rows:
            name = row["kind"].removeprefix("system.")
            if name.startswith("float."):
                bank += row["net"]
            elif name == OPENING:
                opening += row["net"]
            elif name == "unclaimed":
                waits -= row["net"]
            else:
                own -= row["net"]
        owed = bank + opening - own  # wallets and what waits to be claimed
        found.append(Float(market.code, market.currency, owed, bank, opening, own))
    return found


@dataclass(frozen=True)
class Job:
    """One thing that happens by itself. `state` is `good`, `failing` or `running`."""

    name: str
    state: str
    at: datetime | None
    says: str = ""
    took_ms: int | None = None


async def jobs(db: Database) -> list[Job]:
    """What the clock does, when it last did, and the last runs of learning."""
    rows = await db.all(
        "SELECT name, ran_at, took_ms, failures, problem FROM management.home_jobs ORDER BY name"
    )
    swept = [
        Job(
            row["name"],
            "failing" if row["failures"] else "good",
            row["ran_at"],
            row["problem"] or "",
            row["took_ms"],
        )
        for row in rows
    ]
    runs = await db.all(
        "SELECT trigger, state, started_at, ended_at, says FROM ctu.learning_runs"
        " ORDER BY started_at DESC LIMIT 5"
    )
    word = {"failed": "failing", "running": "running"}
    learned = [
        Job(
            f"learning ({row['trigger']})",
            word.get(row["state"], "good"),
            row["ended_at"] or row["started_at"],
            row["says"],
            None
            if row["ended_at"] is None
            else round((row["ended_at"] - row["started_at"]).total_seconds() * 1000),
        )
        for row in runs
    ]
    return [*swept, *learned]


@dataclass(frozen=True)
class Health:
    """One part: `well`, and a figure that says more."""

    name: str
    well: bool
    millis: float | None = None
    says: str = ""
    memory_bytes: int | None = None


async def readers(db: Database) -> list[Lag]:
    """Every durable reader of the event log, the ones that are behind first."""
    return sorted(await lag(db), key=lambda one: (one.waiting_since is None, one.consumer))


async def database(db: Database) -> Health:
    """Whether the database answers, and how fast."""
    begun = time.perf_counter()
    row = await db.one(
        "SELECT current_setting('server_version') AS version,"
        " current_setting('transaction_read_only')::bool AS only_read"
    )
    millis = (time.perf_counter() - begun) * 1000
    if row is None:
        return Health("database", False)
    return Health("database", not row["only_read"], millis, row["version"])
