"""How many transfers a second the ledger makes durable, with everything it does for each.

Callers in this process hand in lists of single transfers through `Ledger.post`; every transfer is
accepted or refused on its own, with totals, bounds, links and the hash chain. Accounts are uniform, or
half of all transfers touch one merchant. Each caller waits for its list before it sends the next. The
lists are made before the clock starts: making them is the callers' work, not the ledger's.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import uvloop
from rich.progress import Progress

from argosy.base.clock import SystemClock
from argosy.base.gate.commit import GroupCommit
from argosy.base.ids import Ids
from argosy.base.ledger.books import Ledger
from argosy.base.ledger.facts import Account, Posted, Side, Transfer
from argosy.base.store import Database
from argosy.base.store.migrations import migrate
from argosy.base.store.postgres import Postgres
from argosy.bench.peer import Peer
from argosy.bench.report import Figures, quantile

OPEN_AT_ONCE = 5_000
FILL_STEP = 200_000
AMOUNT_MINOR = 100
PEER_SECONDS = 8
_CHANCE = random.Random(7)


@dataclass(frozen=True, slots=True)
class Load:
    """How hard the ledger is driven."""

    accounts: int = 100_000
    callers: int = 16
    in_list: int = 100
    transfers: int = 200_000  # in one measurement
    rounds: int = 3
    history: int = 0  # transfers to make first, to see whether cost grows with them
    currency: str = "INR"


def run(load: Load) -> Figures:
    """Measure, on a server of its own in a temporary folder."""
    with (
        tempfile.TemporaryDirectory(prefix="argosy-bench-") as folder,
        Postgres(Path(folder) / "postgres") as server,
    ):
        peer = Peer(server)
        peer.prepare()
        return uvloop.run(_measure(server, peer, load))


async def _measure(server: Postgres, peer: Peer, load: Load) -> Figures:
    figures = Figures(
        "argosy bench ledger",
        {"accounts": load.accounts, "callers": load.callers, "in_list": load.in_list,
         "transfers": load.transfers, "history": load.history},
    )  # fmt: skip
    clock = SystemClock()
    ids = Ids(clock)
    db = await Database.open(server.url(), 6)
    try:
        await migrate(db)
        commit = GroupCommit(db, clock)
        ledger = Ledger(db, commit, clock, ids)
        with Progress(transient=True) as progress:
            accounts = await _open(ledger, ids, load, progress)
            await db.run("VACUUM ANALYZE ledger.accounts")
            if load.history:
                tps = await asyncio.to_thread(peer.transactions_per_second, PEER_SECONDS)
                lists = _lists(ids, accounts, load, load.transfers)
                rate, _ = await _drive(ledger, lists, load.callers)
                figures.facts["before_history"] = {"ratio": rate / tps, "pgbench_tps": tps,
                                                   "transfers_per_second": rate}  # fmt: skip
                await _fill(ledger, ids, accounts, load, progress)
            task = progress.add_task("rounds", total=load.rounds * 3)
            await _drive(ledger, _lists(ids, accounts, load, 50_000), load.callers)  # warm up
            for _ in range(load.rounds):
                tps = await asyncio.to_thread(peer.transactions_per_second, PEER_SECONDS)
                progress.advance(task)
                lists = _lists(ids, accounts, load, load.transfers)
                rate, waits = await _drive(ledger, lists, load.callers)
                progress.advance(task)
                lists = _lists(ids, accounts, load, load.transfers, hot=True)
                hot, _ = await _drive(ledger, lists, load.callers)
                progress.advance(task)
                figures.add(
                    {
                        "pgbench_tps": tps,
                        "transfers_per_second": rate,
                        "ratio": rate / tps,
                        "hot_transfers_per_second": hot,
                        "hot_share_of_uniform": hot / rate,
                        "p50_ms": quantile(waits, 0.50) * 1000,
                        "p99_ms": quantile(waits, 0.99) * 1000,
                    }
                )
    finally:
        await db.close()
    return figures


async def _open(ledger: Ledger, ids: Ids, load: Load, progress: Progress) -> list[UUID]:
    task = progress.add_task("accounts", total=load.accounts)
    made: list[UUID] = []
    while len(made) < load.accounts:
        size = min(OPEN_AT_ONCE, load.accounts - len(made))
        # Deep pockets: a bench of refusals would measure something else.
        accounts = [
            Account(ids.new(), load.currency, Side.CREDIT, "wallet", floor_minor=-(10**15))
            for _ in range(size)
        ]
        await ledger.open_accounts(accounts)
        made += [account.id for account in accounts]
        progress.advance(task, size)
    return made


async def _drive(
    ledger: Ledger, lists: list[list[Transfer]], callers: int, *, refusals: bool = False
) -> tuple[float, list[float]]:
    """Post `lists` from so many callers at once: transfers a second, and the sorted waiting times of
    the lists in seconds. Only with `refusals` may any be refused."""
    waits: list[float] = []
    waiting = iter(lists)

    async def caller() -> None:
        for transfers in waiting:
            sent = time.perf_counter()
            said = await ledger.post(transfers)
            waits.append(time.perf_counter() - sent)
            wrong = next((o for o in said if not isinstance(o, Posted)), None)
            if wrong is not None and not refusals:
                raise RuntimeError(f"a transfer of the bench was refused: {wrong}")

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return sum(map(len, lists)) / (time.perf_counter() - started), sorted(waits)


async def transfers_between(
    ledger: Ledger, ids: Ids, accounts: list[UUID], currency: str, count: int
) -> AsyncIterator[int]:
    """Make `count` transfers of one minor unit between `accounts`, and tell how many there are so far.
    One that meets the bounds of an account is asked for and not made."""
    load = Load(currency=currency)
    for made in range(0, count, FILL_STEP):
        step = min(FILL_STEP, count - made)
        lists = _lists(ids, accounts, load, step, minor=1)
        await _drive(ledger, lists, load.callers, refusals=True)
        yield made + step


async def _fill(
    ledger: Ledger, ids: Ids, accounts: list[UUID], load: Load, progress: Progress
) -> None:
    task = progress.add_task("history", total=load.history)
    async for made in transfers_between(ledger, ids, accounts, load.currency, load.history):
        progress.update(task, completed=made)


def _lists(
    ids: Ids,
    accounts: list[UUID],
    load: Load,
    transfers: int,
    *,
    hot: bool = False,
    minor: int = AMOUNT_MINOR,
) -> list[list[Transfer]]:
    return [
        [_transfer(ids, accounts, load.currency, minor, hot) for _ in range(load.in_list)]
        for _ in range(transfers // load.in_list)
    ]


def _transfer(ids: Ids, accounts: list[UUID], currency: str, minor: int, hot: bool) -> Transfer:
    chance = _CHANCE
    debit = accounts[int(chance.random() * len(accounts))]
    credit = accounts[0] if hot and chance.random() < 0.5 else debit
    while credit == debit:
        credit = accounts[int(chance.random() * len(accounts))]
    return Transfer(ids.new(), debit, credit, minor, currency, "pay")
