"""The brain alone, running: its API on a port, what reads its log, whom it calls back."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import uvicorn

from argosy.base.outbox import prune
from argosy.base.refusals import Unavailable
from argosy.ctu.brain import Brain
from argosy.ctu.cases import Cases, Desk, Links, Opening, Reports
from argosy.ctu.decide import load_policy
from argosy.ctu.forgetting import EVENTS_KEPT, Forgetting
from argosy.ctu.learn.job import Job
from argosy.ctu.service.calls import Calls
from argosy.ctu.service.catalogue import Shown
from argosy.ctu.service.facts import Bounds
from argosy.ctu.service.intake import Intake
from argosy.ctu.service.keys import RiskKeys
from argosy.ctu.service.services import RiskApi
from argosy.ctu.service.web import application
from argosy.ctu.terminal import Place

BACKLOG = 2048
GOODBYE_SECONDS = 3
PRUNE_SECONDS = 600.0
LOG_KEPT = timedelta(days=7)
CALLS_KEPT = timedelta(days=30)
FORGET_ROWS = 10_000
COLLECT_AT = (20_000, 50, 100)

_FORGET_EVENTS = """
    DELETE FROM ctu.service_events e USING (
        SELECT id, attempt FROM ctu.service_events WHERE at < $1 ORDER BY at LIMIT $2) old
     WHERE (e.id, e.attempt) = (old.id, old.attempt)
"""
_FORGET_CALLS = """
    DELETE FROM ctu.service_calls c USING (
        SELECT key_id, id FROM ctu.service_calls WHERE state <> 'waiting' AND next_at < $1 LIMIT $2) old
     WHERE (c.key_id, c.id) = (old.key_id, old.id)
"""

log = logging.getLogger(__name__)


class RiskService:
    """Everything of the brain alone, wired over its place; nothing runs."""

    def __init__(self, place: Place, bounds: Bounds | None = None) -> None:
        db, clock, ids = place.db, place.clock, place.ids
        self.place = place
        self.brain = Brain(
            db,
            clock,
            ids,
            load_policy(place.policy),
            offsets=place.offsets,
            facts_url=place.facts_url,
        )
        shown = Shown(place, self.brain)
        keys = RiskKeys(db, clock, ids, place.subkey)
        cases = Cases(db, clock, ids)
        self.opening = Opening(db, clock, ids, cases.terms).relay()
        self.calls = Calls(db, clock, keys, bounds or Bounds())
        self.forgetting = Forgetting(db)
        self.learning = Job(
            db,
            clock,
            ids,
            words=("--demo",) if place.demo else (),
            environment={"ARGOSY_DATABASE_URL": place.url},
        )
        self.api = RiskApi(
            db=db,
            clock=clock,
            ids=ids,
            keys=keys,
            brain=self.brain,
            intake=Intake(db, clock, self.brain),
            cases=cases,
            desk=Desk(db),
            links=Links(db),
            reports=Reports(db, clock, ids, cases.terms),
            explain=shown.explain,
            catalogue=shown,
            wake=self.wake,
            bounds=bounds or Bounds(),
        )

    def wake(self) -> None:
        """Something was committed: whoever reads the log looks at once."""
        self.brain.wake()
        self.opening.wake()
        self.calls.relay.wake()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep everything moving that moves by itself, until the block ends."""
        moving = {
            "brain": self.brain.run(),
            "cases": self.opening.run(),
            "calls noted": self.calls.relay.run(),
            "calls": self.calls.run(),
            "log pruned": self._prune(),
            "learning": self.learning.run(),
        }
        tasks = [asyncio.create_task(one, name=name) for name, one in moving.items()]
        for task in tasks:
            task.add_done_callback(_ended)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _prune(self) -> None:
        while True:
            try:
                now = self.place.clock.now()
                await prune(self.place.db, now - LOG_KEPT)
                await self.forgetting.turn(now)
                await self.place.db.run(_FORGET_EVENTS, now - EVENTS_KEPT, FORGET_ROWS)
                await self.place.db.run(_FORGET_CALLS, now - CALLS_KEPT, FORGET_ROWS)
            except Unavailable as outage:
                log.warning("the log is not pruned: %s", outage)
            await asyncio.sleep(PRUNE_SECONDS)


async def serve(
    place: Place,
    public_url: str,
    listener: socket.socket,
    ready: Callable[[], None],
    watch: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Serve until asked to stop by a signal; requests in flight are finished first. `watch` keeps an
    embedded database alive, and what it raises ends the serving."""
    service = RiskService(place)
    config = uvicorn.Config(
        application(service.api, public_url),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
    )
    server = _Server(config, ready)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AT)
    async with service.running():
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        watching = asyncio.ensure_future(_watched(watch))
        try:
            await asyncio.wait({serving, watching}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
        finally:
            server.should_exit = True
            watching.cancel()
            await asyncio.gather(serving, watching, return_exceptions=True)


def listen(host: str, port: int) -> socket.socket:
    """Take the port, so that a port in use is known before anything else is started. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


async def _watched(watch: Callable[[], Awaitable[None]] | None) -> None:
    if watch is not None:
        await watch()
    await asyncio.Event().wait()


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("%s stopped", task.get_name(), exc_info=task.exception())


class _Server(uvicorn.Server):
    """Says when it takes requests, and goes on to the end of our own program on a signal."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, self.handle_exit, sign, None)
        try:
            yield
        finally:
            for sign in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(sign)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()
