"""The command line: `argosy --help` shows all of it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import httpx
import typer
import uvloop

from argosy import settings as config
from argosy import workers
from argosy.app import Wallet, offsets, running, set_up, warnings
from argosy.base.gate.commit import LANES
from argosy.base.ledger.audit import Head
from argosy.base.ledger.chain import kept_heads
from argosy.base.ledger.verify import verify
from argosy.base.manifest import ManifestError
from argosy.base.refusals import Unavailable
from argosy.base.store import Database, StoreError, nodes
from argosy.base.store.migrations import Migration, migrate
from argosy.base.store.postgres import Postgres
from argosy.bench.commands import bench, benchmark
from argosy.cli_figures import funnel, late, messages, recount
from argosy.cli_keys import key, keys, push_key
from argosy.cli_staff import console, move_in, staff, take_port, welcome
from argosy.ctu import cli as risk
from argosy.ctu import terminal
from argosy.ctu.apart import Answering
from argosy.ctu.cases.cli import app as cases
from argosy.ctu.learn.job import Job
from argosy.ctu.service import alone
from argosy.management.status import address as where_it_answers
from argosy.management.status import forget_running, note_running, parts
from argosy.markets.cli import app as markets
from argosy.opening import Demo, address, say, stop, wired, with_wallet
from argosy.sandbox.simulate.cli import simulate_command
from argosy.sandbox.town import Town, lay_out
from argosy.sandbox.traffic import trade
from argosy.settings import Settings, SettingsError
from argosy.web import collect_seldom, listen, serve, watching

T = TypeVar("T")

app = typer.Typer(
    help="Argosy, the mobile wallet that a country can start with one command.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The database: its schema, its server, its copies.", no_args_is_help=True)
ledger = typer.Typer(help="The books.", no_args_is_help=True)
app.add_typer(bench, name="bench")
app.add_typer(keys, name="keys")
app.add_typer(staff, name="staff")
app.add_typer(cases, name="cases")
app.add_typer(markets, name="market")
app.add_typer(db, name="db")
app.add_typer(ledger, name="ledger")
app.command("simulate")(simulate_command)
brain = risk.mounted()
brain.add_typer(benchmark, name="benchmark")
app.add_typer(brain, name="risk")

By = Annotated[str, typer.Option(help="Who decides.")]
Why = Annotated[str, typer.Option(help="The reason, which is kept.")]


def main() -> None:
    """Run the command that the words on the command line name."""
    try:
        app()
    except SettingsError as error:
        stop("These settings cannot be used:", *error.problems)
    except (StoreError, ManifestError, Unavailable) as error:
        stop(str(error))


def _run(work: Coroutine[Any, Any, T]) -> T:
    return uvloop.run(work)


# --- up ------------------------------------------------------------------------------------------


@app.command()
def up(
    demo: Demo = False,
    traffic: Annotated[
        bool, typer.Option("--traffic", help="Let the demo town trade by itself.")
    ] = False,
    market: Annotated[
        str | None, typer.Option("--market", help="Where the demo town lies, such as thailand.")
    ] = None,
) -> None:
    """Start everything and serve it, until Ctrl-C."""
    settings = config.load(demo=demo, market=market)
    if traffic and not settings.demo:
        stop("--traffic belongs to the demo town: give --demo too.")
    _log(settings)
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        stop(
            f"Port {settings.port} on {settings.host} cannot be used: {error.strerror}.",
            "Set ARGOSY_PORT to another one.",
        )
        return
    console_at = take_port(settings)
    if console_at is not None:
        settings = replace(settings, console_port=console_at.getsockname()[1])
    # Asked to end before it serves, it ends as by Ctrl-C: with the database stopped, not orphaned.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), listener, _noted(settings, listener):
        if settings.database_url is not None:
            _run(_up(settings, settings.database_url, listener, console_at, traffic, None))
        else:
            say("Starting PostgreSQL ...")
            with Postgres(settings.postgres_folder) as server:
                _run(_up(settings, server.url(), listener, console_at, traffic, server))
    say("Stopped; nothing is lost.")


@contextmanager
def _noted(settings: Settings, listener: socket.socket) -> Iterator[None]:
    note_running(settings.data, settings.host, listener.getsockname()[1])
    try:
        yield
    finally:
        forget_running(settings.data)


async def _up(
    settings: Settings,
    url: str,
    listener: socket.socket,
    console_at: socket.socket | None,
    traffic: bool,
    server: Postgres | None,
) -> None:
    opening = wired(settings, url, takes_money=True, migrated=_say_migrated)
    async with watching(server.watch if server else None), opening as wallet:
        await set_up(wallet)
        for warning in warnings(wallet):
            say("", f"WARNING: {warning}.")
            logging.getLogger(__name__).critical(warning)
        town = await _town(wallet) if settings.demo else None
        extra = [asyncio.create_task(_learning(wallet, url).run())]
        if traffic and town:
            extra.append(asyncio.create_task(trade(wallet, town)))
        try:
            if settings.workers == 1:
                await serve(wallet, listener, lambda: _welcome(settings, town))
            else:
                ready = partial(_welcome, settings, town)
                await _lead(wallet, listener, console_at, url, ready)
        finally:
            for task in extra:
                task.cancel()
            await asyncio.gather(*extra, return_exceptions=True)


async def _lead(
    wallet: Wallet,
    listener: socket.socket,
    console_at: socket.socket | None,
    url: str,
    ready: Callable[[], None],
) -> None:
    """Judge and keep house, and have the other processes take the money, until asked to stop."""
    settings, stop = wallet.settings, asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    collect_seldom()
    with tempfile.TemporaryDirectory(prefix="argosy-brain-") as folder:
        brain_at = Path(folder) / "brain"
        answering = Answering(wallet.own_brain, brain_at, wallet.announce)
        async with running(wallet), answering.open():
            tasks = [
                asyncio.create_task(workers.keep(n, listener.fileno(), settings, url, brain_at))
                for n in range(1, settings.workers)
            ]
            if console_at is not None:
                keeping = workers.keep_console(console_at.fileno(), settings, url, brain_at)
                tasks.append(asyncio.create_task(keeping))
            tasks.append(asyncio.create_task(_until(stop, settings, ready)))
            try:  # a worker's keeper never ends by itself
                for ended in (await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED))[0]:
                    ended.result()
            finally:  # they finish what they have begun, and are judged to the end
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


async def _until(stop: asyncio.Event, settings: Settings, ready: Callable[[], None]) -> None:
    """Say that it is ready once somebody answers at the port, and wait for the end."""
    async with httpx.AsyncClient(timeout=5) as client:
        while not stop.is_set():
            with suppress(httpx.HTTPError):
                await client.get(f"http://{settings.host}:{settings.port}/health/live")
                ready()
                await stop.wait()


def _say_migrated(applied: list[Migration]) -> None:
    if applied:
        say(f"Applied {len(applied)} migrations.")


def _learning(wallet: Wallet, url: str) -> Job:
    """What starts the learning loop beside the server, and watches what it made live."""
    demo = wallet.settings.demo
    return Job(
        wallet.db,
        wallet.clock,
        wallet.ids,
        words=("--demo",) if demo else (),
        environment={"ARGOSY_DATABASE_URL": url, "ARGOSY_DEMO": "yes" if demo else "no"},
    )


async def _town(wallet: Wallet) -> Town:
    say("Looking after the demo town ...")
    await move_in(wallet)
    return await lay_out(wallet, wallet.market)


def _welcome(settings: Settings, town: Town | None) -> None:
    say("", f"Argosy is ready: {settings.public_url}")
    if town is not None:
        say("", "Sign in with one of these phone numbers; the one-time code shows in the in-box.")
        for account in town.accounts():
            say(f"  {account}")
        say("", f"In-box of the demo: {settings.public_url}/inbox")
    welcome(settings)
    say(f"API: {settings.public_url}/api/docs", "", "Ctrl-C stops it.")


def _log(settings: Settings) -> None:
    logging.basicConfig(
        level=settings.log.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for talkative in ("httpx", "uvicorn.error"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


@app.command(hidden=True)
def worker(
    index: Annotated[int, typer.Option(help="Which one it is, from 1.")],
    fd: Annotated[int, typer.Option(help="The listening socket it inherited.")],
    brain_at: Annotated[Path, typer.Option("--brain", help="Where the brain answers.")],
) -> None:
    """One more server process; `up` starts as many as ARGOSY_WORKERS says."""
    settings = config.load()
    _log(settings)
    if settings.database_url is None:
        stop("A worker needs ARGOSY_DATABASE_URL; `argosy up` gives it.")
        return
    listener = socket.socket(fileno=fd)
    _run(_work(settings, settings.database_url, index * LANES, listener, brain_at))


async def _work(
    settings: Settings, url: str, first_lane: int, listener: socket.socket, brain_at: Path
) -> None:
    orphaned = asyncio.create_task(workers.end_with(os.getppid()))
    opening = wired(settings, url, first_lane, takes_money=True, brain_at=brain_at)
    try:
        async with opening as wallet:
            await serve(wallet, listener, lambda: None, household=False)
    finally:
        orphaned.cancel()


@app.command()
def status(demo: Demo = False) -> None:
    """Show what runs, whether it takes money, and what memory each part takes."""
    settings = config.load(demo=demo)
    running = parts(settings.data)
    if not running:
        say(f"Nothing runs on {settings.data}.")
        raise SystemExit(3)
    at = where_it_answers(settings.data) or f"http://{settings.host}:{settings.port}"
    try:
        answer = httpx.get(f"{at}/health/ready", timeout=5)
        said = answer.json()
        reason = f": {said['reason']}" if "reason" in said else ""
        say(f"{said['status']}{reason}, at {at}")
    except (httpx.HTTPError, ValueError):
        say(f"not ready: nothing answers on {at}")
    for part in running:
        say(f"{part.name:<10} {part.processes:>3} processes {part.memory_bytes / 2**20:>8.1f} MB")
    total = sum(part.memory_bytes for part in running)
    say(f"{'in all':<10} {sum(p.processes for p in running):>3} processes {total / 2**20:>8.1f} MB")


# --- the database --------------------------------------------------------------------------------


def _with_wallet(demo: bool, work: Callable[[Wallet], Coroutine[Any, Any, T]]) -> T:
    return with_wallet(config.load(demo=demo), work)


@db.command("migrate")
def db_migrate(demo: Demo = False) -> None:
    """Bring the schema up to date. `argosy up` does it too."""
    settings = config.load(demo=demo)

    async def inside() -> None:
        async with address(settings) as url:
            database = await Database.open(url, 2)
            try:
                applied = await nodes.migrate(database, settings.markets)
            finally:
                await database.close()
        for migration in applied:
            say(f"applied {migration}")
        say(f"{len(applied)} migrations applied; the schema is up to date.")

    _run(inside())


@db.command("distribute")
def db_distribute(demo: Demo = False) -> None:
    """Put the tables on the nodes of a Citus cluster. `db migrate` and `up` do it too, where there is
    one."""
    settings = config.load(demo=demo)

    async def inside() -> nodes.Moved:
        async with address(settings) as url:
            database = await Database.open(url, 2)
            try:
                await migrate(database, settings.markets)
                return await nodes.distribute(database, settings.markets)
            finally:
                await database.close()

    done = _run(inside())
    for placed in done.moved:
        say(str(placed))
    say(f"{len(done.moved)} tables moved, {done.before} lay where they are to lie.")


@db.command("url")
def db_url(demo: Demo = False) -> None:
    """Print where the running embedded database can be reached, for psql and pg_dump."""
    settings = config.load(demo=demo)
    if settings.database_url is not None:
        stop("The database is a given one: ARGOSY_DATABASE_URL says where.")
    say(Postgres(settings.postgres_folder).url())


# --- the risk brain ------------------------------------------------------------------------------


@asynccontextmanager
async def _place(demo: bool) -> AsyncIterator[terminal.Place]:
    """Where the commands of `argosy risk` and `argosy cases` work: the wallet's own database, or that of
    a brain that stands alone, where there is no wallet."""
    settings, means = config.load(demo=demo), _alone(demo)
    logging.basicConfig(level="WARNING")
    if await alone.stands_alone(means, settings.postgres_folder):
        async with alone.opened_place(means) as place:
            yield place
        return
    async with address(settings) as url, wired(settings, url) as wallet:
        yield terminal.Place(
            db=wallet.db,
            url=url,
            clock=wallet.clock,
            ids=wallet.ids,
            data=settings.data,
            subkey=wallet.ring.subkey,
            policy=settings.risk_policy,
            offsets=offsets(wallet.markets, wallet.clock.now()),
            facts_url=settings.facts_url,
            demo=settings.demo,
            settings=settings,
            wallet=wallet,
        )


def _alone(demo: bool) -> alone.Means:
    """Where a brain lives that is hired alone: beside the wallet, in a folder of its own."""
    settings = config.load(demo=demo)
    return alone.Means(
        folder=settings.data / "risk",
        database_url=settings.database_url,
        subkey=settings.subkey,
        demo=settings.demo,
        host=settings.host,
        port=settings.port,
        public_url=settings.public_url,
        log=settings.log,
        policy=settings.risk_policy,
        facts_url=settings.facts_url,
        settings=settings,
    )


terminal.opened_by(_place)
alone.given_by(_alone)


# --- the books -----------------------------------------------------------------------------------


@ledger.command("verify")
def ledger_verify(
    demo: Demo = False,
    kept: Annotated[
        Path | None,
        typer.Option(help="What an earlier verify printed: its chain's ends must be found again."),
    ] = None,
) -> None:
    """Re-add the books from the first entry and prove that everything agrees."""
    heads: tuple[Head, ...] = ()
    if kept is not None:
        try:
            heads = kept_heads(kept.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            stop(f"{kept} cannot be read: {error}")
        if not heads:
            stop(f"{kept} has no line such as: lane 0  segment 12  <the hash>")
    report = _with_wallet(demo, lambda wallet: verify(wallet.db, kept=heads))
    say(report.text())
    if report.findings:
        raise SystemExit(1)


# --- those of other files ------------------------------------------------------------------------

for look in (messages, funnel, late, recount):
    app.command()(look)
app.command()(console)
app.command("key")(key)
app.command("push-key")(push_key)
