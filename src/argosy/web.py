"""The web server: every channel and the partner API behind one port."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import msgspec
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from argosy.app import Wallet, console_services, not_ready, partner_api, running
from argosy.base.parties.facts import Party
from argosy.channels.agent.door import application as agent_application
from argosy.channels.agent.door import is_behind as agent_is_behind
from argosy.channels.agent.services import Counter
from argosy.channels.lite.routes import application as lite_application
from argosy.channels.lite.services import Lite
from argosy.channels.lite.wire import App, Gone, Receive, Request, Response, Scope, Send
from argosy.channels.ussd.door import application as ussd_application
from argosy.channels.ussd.door import is_behind as ussd_is_behind
from argosy.channels.ussd.services import Ussd
from argosy.management.console import lazily
from argosy.partners.api.door import door, is_behind
from argosy.products.send.claims import claim
from argosy.proxies import believing
from argosy.public_services.notify.door import BODY_BYTES_MAX as REPORT_BYTES_MAX
from argosy.public_services.notify.door import PREFIX as REPORTS
from argosy.public_services.notify.door import fields_of

BACKLOG = 2048
PORT_SECONDS = 2.0
HEALTH = ("/health/live", "/health/ready")
GOODBYE_SECONDS = 3
HEAD_BYTES_MAX = 65_536
REQUEST_SECONDS_MAX = 60.0
SOCKET_BYTES_MAX = 1_048_576
COLLECT_AT = (20_000, 50, 100)


def web(wallet: Wallet, console: App | None = None) -> App:
    """The application over a wired wallet: the lite app at the root, the partner API below `/api`, the
    staff's console, where one is given, below `/console`, and how the process is. What moves by itself is
    started apart (`app.running`)."""
    lite = lite_application(_lite(wallet))
    api = door(partner_api(wallet))
    ussd = ussd_application(_ussd(wallet))
    agent = agent_application(Counter(_lite(wallet), wallet.tools))

    async def health(path: str) -> Response:
        if path == "/health/live":
            return _json({"status": "live", "pid": os.getpid()})
        reason = await not_ready(wallet)
        if reason is None:
            return _json({"status": "ready"})
        return _json({"status": "not ready", "reason": reason}, 503)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if console is not None and lazily.is_behind(path):
            await console(scope, receive, send)
            return
        if scope["type"] != "http":  # no other web sockets, and nothing to do at start and end
            return
        if is_behind(path):
            await api(scope, receive, send)
        elif agent_is_behind(path):
            await agent(scope, receive, send)
        elif ussd_is_behind(path):
            await ussd(scope, receive, send)
        elif path.startswith(REPORTS):
            await _reported(wallet, Request(scope, receive, {}), receive, send)
        elif path in HEALTH:
            response = await health(path)
            await response.answer(receive, send, head=scope["method"] == "HEAD")
        else:
            await lite(scope, receive, send)

    return app


async def _reported(wallet: Wallet, request: Request, receive: Receive, send: Send) -> None:
    """An SMS gateway tells what became of a message."""
    token = request.path.removeprefix(REPORTS)
    report: dict[str, str] | None = None
    if request.method == "POST":
        with suppress(Gone):
            raw = await request.body(REPORT_BYTES_MAX)
            report = None if raw is None else fields_of(request.content_type, raw)
    said = None if report is None else await wallet.notify.reported(token, report)
    status = 404 if said is None else 200
    await _json({"known": bool(said)}, status).answer(receive, send, head=False)


def _json(body: dict[str, Any], status: int = 200) -> Response:
    headers = {"cache-control": "no-store"}
    content = msgspec.json.encode(body)
    return Response(content, status_code=status, media_type="application/json", headers=headers)


def _lite(wallet: Wallet) -> Lite:
    return Lite(
        clock=wallet.clock,
        ids=wallet.ids,
        keys=wallet.keys,
        markets=wallet.markets,
        default_market=wallet.market.code,
        words=wallet.words,
        parties=wallet.parties,
        ledger=wallet.ledger,
        orders=wallet.orders,
        statement=wallet.statement,
        signin=wallet.signin,
        identity=wallet.identity,
        closing=wallet.closing,
        cashier=wallet.cashier,
        presenting=wallet.presenting,
        receipts=wallet.receipts,
        notify=wallet.notify,
        broadcast=wallet.broadcast,
        shop_keys=wallet.api_keys,
        funnels=wallet.funnels,
        claim=claimer(wallet),
        demo=wallet.settings.demo,
        public_url=wallet.settings.public_url,
    )


def _ussd(wallet: Wallet) -> Ussd:
    settings = wallet.settings
    return Ussd(
        clock=wallet.clock,
        ids=wallet.ids,
        keys=wallet.keys,
        db=wallet.db,
        markets=wallet.markets,
        words=wallet.words,
        parties=wallet.parties,
        ledger=wallet.ledger,
        orders=wallet.orders,
        statement=wallet.statement,
        signin=wallet.signin,
        cashier=wallet.cashier,
        funnels=wallet.funnels,
        claim=claimer(wallet),
        secret=settings.ussd_secret,
        allowed=settings.ussd_allowed,
        demo=settings.demo,
        code=settings.ussd_code,
    )


def claimer(wallet: Wallet) -> Callable[[Party], Awaitable[object]]:
    """What brings a party the money that waits for its phone."""

    async def bring(party: Party) -> object:
        personal = await wallet.parties.personal(party.id, "claims", "bring waiting money")
        phone = getattr(personal, "phone", None)
        return await claim(wallet.tools, party, phone) if phone else []

    return bring


def listen(host: str, port: int) -> socket.socket:
    """Take the port, so that a port in use is known before anything else is started.

    A port in use is asked for again for `PORT_SECONDS`: whoever starts us again after a kill is quicker
    than the system, which is still clearing away the killed processes. Raises OSError, whose text says
    what is in the way.
    """
    patience = time.monotonic() + PORT_SECONDS
    while True:
        try:
            return _listen(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > patience:
                raise
            time.sleep(0.05)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener


class Line(HttpToolsProtocol):
    """One connection. The head of a request has an end, so has what stands between and behind the pieces
    of its body, and the whole of it comes within `REQUEST_SECONDS_MAX`; without this, who sends neither
    costs us memory or a connection for ever.

    Headers behind the body are no headers: who stands in front of us has not looked at them.

    A request that comes in one piece, as nearly all do, costs nothing more.
    """

    _moved = False  # whether this piece of the line began a request or brought some of its body
    _idle_bytes = 0
    _in_head = False
    _is_whole = True
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # ours are never others
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._moved = False
        super().data_received(data)
        if self._is_whole:
            return
        if self._patience is None:
            self._wait()
        self._idle_bytes = 0 if self._moved else self._idle_bytes + len(data)
        if self._idle_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            if self._in_head:
                self.send_400_response("The head of the request is too large.")
            else:  # it may have been answered already
                self.transport.close()

    def on_message_begin(self) -> None:
        self._moved, self._in_head, self._is_whole = True, True, False
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        self._moved = True
        super().on_body(body)

    def handle_websocket_upgrade(self) -> None:
        self._is_whole = True  # what follows is no request, and lasts
        self._wait_no_more()
        super().handle_websocket_upgrade()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_whole = True
        self._wait_no_more()
        super().on_message_complete()

    def _wait(self) -> None:
        self._patience = self.loop.call_later(REQUEST_SECONDS_MAX, self._give_up)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._patience = None
        if not self.transport.is_closing():
            self.transport.close()


async def serve(
    wallet: Wallet, listener: socket.socket, ready: Callable[[], None], *, household: bool = True
) -> None:
    """Serve until asked to stop by a signal; requests in flight are finished first. `household` is as
    in `running`."""
    if wallet.settings.workers > 1:
        app = web(wallet, lazily.elsewhere(wallet.settings.console_port))
        await serve_app(wallet, app, listener, ready, household=household)
        return
    console = lazily.Console(lambda: console_services(wallet))
    try:
        await serve_app(wallet, web(wallet, console), listener, ready, household=household)
    finally:
        await console.close()


async def serve_console(wallet: Wallet, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve the staff's console alone, in a process of its own."""
    console = lazily.Console(lambda: console_services(wallet))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if lazily.is_behind(path):
            await console(scope, receive, send)
        elif scope["type"] == "http":
            ways = {"location": lazily.ROOT + "/"}
            response = Response(b"", status_code=303, media_type="text/plain", headers=ways)
            await response.answer(receive, send)

    try:
        await serve_app(wallet, app, listener, ready, household=False)
    finally:
        await console.close()


async def serve_app(
    wallet: Wallet,
    app: App,
    listener: socket.socket,
    ready: Callable[[], None],
    *,
    household: bool,
) -> None:
    """Serve `app` over the wallet, as `serve`."""
    config = uvicorn.Config(
        believing(app, wallet.settings.proxies),
        http=Line,
        ws="auto",
        ws_max_size=SOCKET_BYTES_MAX,
        loop="uvloop",
        lifespan="off",
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
        proxy_headers=False,  # whom to believe is said by ARGOSY_PROXIES alone
    )
    server = _Server(config, ready)
    collect_seldom()
    async with running(wallet, household=household):
        await server.serve(sockets=[listener])


def collect_seldom() -> None:
    """What is made at start lives to the end: the collector need not look at it again and again, and
    a payment makes far more objects than its usual step."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AT)


class _Server(uvicorn.Server):
    """Says when it takes requests."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop serving on a signal, and then go on to the end of our own program: there the database
        is stopped too. (As it is, uvicorn lets the signal kill the process after serving.)"""
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


@asynccontextmanager
async def watching(watch: Callable[[], Awaitable[None]] | None) -> AsyncIterator[None]:
    """Keep the embedded database alive until the block ends.

    Where that cannot be done any more the block is left and what `watch` said is raised: a wallet
    whose database stays dead must end, and not stand there as if it were alive.
    """
    if watch is None:
        yield
        return
    task, block = asyncio.ensure_future(watch()), asyncio.current_task()

    def leave(ended: asyncio.Future[None]) -> None:
        if block is not None and not ended.cancelled() and ended.exception() is not None:
            block.cancel()

    task.add_done_callback(leave)
    try:
        yield
    except asyncio.CancelledError:
        if task.done() and not task.cancelled():
            task.result()
        raise
    finally:
        task.remove_done_callback(leave)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
