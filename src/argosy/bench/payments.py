"""How many whole wallet payments a second: real HTTP from another process, signed-in customers, PIN,
limits, screening, order, fees, event log; durable before the answer.

Three of four payments go to a shop's number; the fourth goes to another customer's phone and is
counted against the sender's limit of the month. Customers take turns, so that nobody pays faster than a
person might; else the brain would, rightly, challenge them. Their accounts are some weeks old and funded
from the opening account; everything else goes the public way.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from asyncio.subprocess import Process
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import uvloop
from rich.progress import Progress

from argosy import settings as config
from argosy.app import Wallet, build, set_up
from argosy.base.clock import SetClock, SystemClock
from argosy.base.ids import Ids
from argosy.base.ledger.facts import Posted, Transfer
from argosy.base.parties.facts import NewParty, Party, PartyKind, main_account
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.base.store.migrations import migrate
from argosy.base.store.postgres import Postgres
from argosy.base.wallet.accounts import OPENING, system_account
from argosy.bench.peer import Peer
from argosy.bench.report import Figures
from argosy.public_services.signin.facts import DeviceClaim, SignedIn
from argosy.web import listen

PIN = "583172"
FUNDS_MINOR = 500_000
AMOUNTS_MINOR = (1_000, 2_500, 4_900, 9_900)
AGE = timedelta(days=45)
OPENED_AT_ONCE = 40
PEER_SECONDS = 8
START_SECONDS_MAX = 60.0


class BenchError(Exception):
    """The benchmark could not be made ready."""


@dataclass(frozen=True, slots=True)
class Load:
    """How hard the wallet is driven."""

    customers: int = 10_000
    merchants: int = 50
    payments: int = 30_000
    connections: int = 256
    rounds: int = 3
    workers: int = 2


@dataclass(frozen=True, slots=True)
class Town:
    """Who pays whom: cookies and phones of signed-in customers, numbers of shops."""

    tokens: list[str]
    phones: list[str]
    shops: list[str]


def run(load: Load) -> Figures:
    """Measure, on a server and a database of its own in a temporary folder."""
    with (
        tempfile.TemporaryDirectory(prefix="argosy-bench-") as folder,
        Postgres(Path(folder) / "postgres") as server,
    ):
        peer = Peer(server)
        peer.prepare()
        return uvloop.run(_measure(server, peer, load, Path(folder)))


async def _measure(server: Postgres, peer: Peer, load: Load, folder: Path) -> Figures:
    figures = Figures(
        "argosy bench payments",
        {"customers": load.customers, "merchants": load.merchants, "payments": load.payments,
         "connections": load.connections, "workers": load.workers},
    )  # fmt: skip
    with listen("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
    environment = {
        "ARGOSY_DATA": str(folder),
        "ARGOSY_PORT": str(port),
        "ARGOSY_DATABASE_URL": server.url(),
        "ARGOSY_WORKERS": str(load.workers),
        "ARGOSY_CONSOLE_PORT": "0",
        "ARGOSY_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
    with Progress(transient=True) as progress:
        town = await _lay_out(environment, server.url(), load, progress)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "argosy", "up"),
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
        )
        try:
            await until_ready(port, process)
            turns = itertools.cycle(range(len(town.tokens)))
            task = progress.add_task("rounds", total=load.rounds * 2 + 1)
            await _drive(folder, town, turns, replace(load, payments=load.payments // 6), port)
            progress.advance(task)
            for _ in range(load.rounds):
                tps = await asyncio.to_thread(peer.transactions_per_second, PEER_SECONDS)
                progress.advance(task)
                said = await _drive(folder, town, turns, load, port)
                progress.advance(task)
                rate = said["answered"] / said["seconds"]
                figures.add(
                    {
                        "payments_per_second": rate,
                        "p50_ms": said["p50"] * 1000,
                        "p99_ms": said["p99"] * 1000,
                        "pgbench_tps": tps,
                        "ratio": rate / tps,
                        "errors": sum(said["failures"].values()),
                    }
                )
                if said["failures"]:
                    figures.facts["failures"] = said["failures"]
        finally:
            process.send_signal(signal.SIGINT)
            await process.wait()
    return figures


async def _drive(
    folder: Path, town: Town, turns: itertools.cycle[int], load: Load, port: int
) -> dict[str, Any]:
    """Let another process send so many payments; what it says of them."""
    ids = Ids(SystemClock())
    shops = itertools.cycle(town.shops)
    amounts = itertools.cycle(AMOUNTS_MINOR)
    ways = itertools.cycle(("/pay", "/pay", "/pay", "/send"))
    plan = folder / "load.json"
    requests = []
    for _ in range(load.payments):
        way, turn = next(ways), next(turns)
        neighbour = town.phones[(turn + 1) % len(town.phones)]
        to = next(shops) if way == "/pay" else neighbour
        requests.append(_request(way, town.tokens[turn], ids.new(), to, next(amounts)))
    plan.write_text(
        json.dumps(
            {
                "host": "127.0.0.1",
                "port": port,
                "connections": load.connections,
                "requests": requests,
            }
        )
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "argosy.bench.load", str(plan), stdout=subprocess.PIPE
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise BenchError("the process that makes the load failed")
    found: dict[str, Any] = json.loads(said)
    return found


def _request(way: str, token: str, command: UUID, to: str, minor: int) -> str:
    body = json.dumps({"id": str(command), "to": to, "amount_minor": minor, "pin": PIN})
    return (
        f"POST {way} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
        f"Content-Type: application/json\r\nCookie: argosy={token}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )


async def until_ready(port: int, process: Process) -> None:
    """Wait until the program answers that it takes money; raises `BenchError` where it does not."""
    end = time.monotonic() + START_SECONDS_MAX
    async with httpx.AsyncClient() as client:
        while time.monotonic() < end and process.returncode is None:
            try:
                answer = await client.get(f"http://127.0.0.1:{port}/health/ready")
                if answer.status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise BenchError("the server did not become ready")


# --- the town ------------------------------------------------------------------------------------


async def _lay_out(environment: dict[str, str], url: str, load: Load, progress: Progress) -> Town:
    settings = config.load(environment)
    db = await Database.open(url, 10)
    try:
        await migrate(db)
        now = SystemClock()
        wallet = await build(settings, db, clock=now)
        past = await build(settings, db, clock=SetClock(datetime.now(UTC) - AGE))
        await set_up(past)
        task = progress.add_task("customers", total=load.customers + load.merchants)
        turns = asyncio.Semaphore(OPENED_AT_ONCE)

        async def open_one(n: int) -> tuple[Party, str]:
            async with turns:
                party = await _open(past, n, is_shop=n < load.merchants)
                token = "" if n < load.merchants else await _sign_in(wallet, party)
                progress.advance(task)
                return party, token

        everyone = range(load.merchants + load.customers)
        opened = await asyncio.gather(*(open_one(n) for n in everyone))
        await _fund(wallet, [party for party, token in opened if token])
        await db.run("VACUUM ANALYZE")
        return Town(
            [token for _, token in opened if token],
            [_phone(n) for n in everyone if n >= load.merchants],
            [party.number for party, token in opened if not token],
        )
    finally:
        await db.close()


async def _open(wallet: Wallet, n: int, *, is_shop: bool) -> Party:
    market = wallet.market
    kind = PartyKind.MERCHANT if is_shop else PartyKind.CUSTOMER
    ladder = market.ladder(kind.value)
    new = NewParty(
        wallet.ids.new(),
        kind,
        market.code,
        ladder[-1].name,
        market.languages[0],
        f"Bench {n}",
        phone=f"+91{_phone(n)}",
        business_name=f"Shop {n}" if is_shop else None,
        city="Pune" if is_shop else None,
    )
    party = await wallet.parties.open(new)
    if isinstance(party, Refused):
        raise BenchError(f"a customer could not be opened: {party.code}")
    return party


def _phone(n: int) -> str:
    return f"98{n:08}"


async def _sign_in(wallet: Wallet, party: Party) -> str:
    async with wallet.db.work() as conn:
        refused = await wallet.signin.set_pin(party.id, PIN, conn)
    signed_in = await wallet.signin.admit(party, DeviceClaim())
    if refused is not None or not isinstance(signed_in, SignedIn):
        raise BenchError("a customer could not sign in")
    return signed_in.token


async def _fund(wallet: Wallet, customers: list[Party]) -> None:
    market = wallet.market
    opening = system_account(market.code, OPENING, market.currency)
    transfers = [
        Transfer(
            wallet.ids.new(), opening, main_account(p.id), FUNDS_MINOR, market.currency, "opening"
        )
        for p in customers
    ]
    said = await wallet.ledger.post(transfers)
    if not all(isinstance(outcome, Posted) for outcome in said):
        raise BenchError("a customer could not be funded")
