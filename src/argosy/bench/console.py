"""How long each page of the staff's console takes to be made, over a town with a long history.

The books get `history` transfers through `Ledger.post`, all between wallets of the demo town, and the
list of orders `orders` rows, copies of ones that were really paid, spread over the last ninety days.
Then the program itself is started over that database and every page is asked for in turn, signed in as
somebody who may see everything. A page is counted from the request to the last byte of the answer, in
which it is built whole; what a browser then takes to paint it is not in it.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import uvloop
from rich.progress import Progress

from argosy import settings as config
from argosy.app import build, console_services, set_up
from argosy.base.clock import SystemClock
from argosy.base.store import Database
from argosy.base.store.migrations import migrate
from argosy.base.store.postgres import Postgres
from argosy.bench.ledger import transfers_between
from argosy.bench.payments import BenchError, until_ready
from argosy.bench.report import Figures
from argosy.management.console.door import Door
from argosy.management.console.pages import ROOT, load
from argosy.management.staff.facts import ROLES
from argosy.sandbox.town import lay_out
from argosy.sandbox.traffic import trade
from argosy.web import listen

TRADE_SECONDS = 20.0
TRADES_A_SECOND = 60.0
REACH_MS = 300.0
NOBODY = UUID("0198a20f-0000-7000-8000-000000000000")

_ORDERS = """
    INSERT INTO orders.orders
    SELECT (lpad(to_hex((extract(epoch FROM t.at) * 1000)::bigint), 12, '0')
            || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid,
           o.product, o.market, o.state, o.payer, o.payee, o.payer_account, o.payee_account,
           o.amount_minor, o.currency, t.at, o.fee_minor, o.fee_paid_by, o.refunded_minor, o.note,
           NULL, o.version, t.at, o.data, '[]'
      FROM generate_series(1, $1::bigint) n
      JOIN (SELECT row_number() OVER () - 1 AS number, count(*) OVER () AS many, o.*
              FROM orders.orders o WHERE o.state = 'paid') o ON o.number = n % o.many,
           LATERAL (SELECT now() - interval '90 days' * (n::float8 / $1) AS at) t
"""
# What stands in the parts of an address: one that is really there, and has as much as any.
_SAMPLES = {
    "party": "SELECT payer FROM orders.orders WHERE state = 'paid' GROUP BY 1 ORDER BY count(*) DESC",
    "order": "SELECT id FROM orders.orders WHERE state = 'paid' ORDER BY id DESC",
    "account": "SELECT id FROM ledger.accounts WHERE kind = 'wallet' ORDER BY entries DESC",
    "case": "SELECT id FROM ctu.case_files ORDER BY id DESC",
    "person": "SELECT id FROM staff.members",
}


@dataclass(frozen=True, slots=True)
class Load:
    """How long the history is, and how often each page is opened."""

    history: int = 10_000_000
    orders: int = 1_000_000
    rounds: int = 5


def run(load_: Load) -> Figures:
    """Measure, on a server and a database of its own in a temporary folder."""
    with (
        tempfile.TemporaryDirectory(prefix="argosy-bench-") as folder,
        Postgres(Path(folder) / "postgres") as server,
    ):
        return uvloop.run(_measure(server, load_, folder))


async def _measure(server: Postgres, size: Load, folder: str) -> Figures:
    figures = Figures("argosy bench console", {"history": size.history, "orders": size.orders})
    with listen("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
    environment = {
        "ARGOSY_DATA": folder,
        "ARGOSY_PORT": str(port),
        "ARGOSY_DATABASE_URL": server.url(),
        "ARGOSY_DEMO": "yes",
    }
    with Progress(transient=True) as progress:
        cookie, token, samples = await _lay_out(environment, server.url(), size, progress)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "argosy", "up"),
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
        )
        try:
            await until_ready(port, process)
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}{ROOT}", cookies={cookie: token}, timeout=60
            ) as client:
                await _open_all(client, samples, size, figures, progress)
        finally:
            process.send_signal(signal.SIGINT)
            await process.wait()
    return figures


async def _open_all(
    client: httpx.AsyncClient,
    samples: dict[str, str],
    size: Load,
    figures: Figures,
    progress: Progress,
) -> None:
    task = progress.add_task("rounds", total=size.rounds + 1)
    for number in range(size.rounds + 1):
        took: dict[str, float] = {}
        for path in sorted(load()):
            address = re.sub(r"\{(\w+)\}", lambda part: samples[part[1]], path)
            begun = time.perf_counter()
            answer = await client.get(address)
            took[path] = (time.perf_counter() - begun) * 1000
            if answer.status_code != 200:
                raise BenchError(f"{path} answered {answer.status_code}")
        progress.advance(task)
        if number:  # the first round loads the console itself
            slow = [ms for ms in took.values() if ms >= REACH_MS]
            figures.add(
                {
                    "pages": len(took),
                    "slowest_ms": max(took.values()),
                    "pages_over_300_ms": len(slow),
                    **{f"{path} ms": ms for path, ms in took.items()},
                }
            )


async def _lay_out(
    environment: dict[str, str], url: str, size: Load, progress: Progress
) -> tuple[str, str, dict[str, str]]:
    """A town that has traded, with its history; name and value of a cookie for its console, and what
    to put in the parts of addresses."""
    db = await Database.open(url, 10)
    try:
        settings = config.load(environment)
        await migrate(db)
        wallet = await build(settings, db, clock=SystemClock())
        await set_up(wallet)
        town = await lay_out(wallet, wallet.market)
        await wallet.brain.start()
        with suppress(TimeoutError):
            await asyncio.wait_for(trade(wallet, town, TRADES_A_SECOND), TRADE_SECONDS)
        accounts = [
            row["id"]
            for row in await db.all("SELECT id FROM ledger.accounts WHERE kind = 'wallet'")
        ]
        task = progress.add_task("history", total=size.history)
        async for made in transfers_between(
            wallet.ledger, wallet.ids, accounts, wallet.market.currency, size.history
        ):
            progress.update(task, completed=made)
        if size.orders:
            await db.run(_ORDERS, size.orders)
        await db.run("VACUUM ANALYZE")
        services = console_services(wallet)
        member = wallet.ids.new()
        await db.run(
            "INSERT INTO staff.members (id, name, roles, added_at, added_by, enrolled_at)"
            " VALUES ($1, 'bench', $2, $3, 'the bench', $3)",
            member, list(ROLES), wallet.clock.now(),
        )  # fmt: skip
        opened = await services.sessions.open(member, "127.0.0.1", "argosy bench")
        samples = {
            name: str(await db.value(f"{sql} LIMIT 1") or NOBODY) for name, sql in _SAMPLES.items()
        }
        others = {"market": wallet.market.code, "name": "agent.agent_flood", "version": "1"}
        missing = dict.fromkeys(("filing", "proposal", "check", "run"), str(NOBODY))
        return Door(services).cookie, opened.token, {**missing, **samples, **others}
    finally:
        await db.close()
