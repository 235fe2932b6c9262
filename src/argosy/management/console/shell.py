"""NiceGUI behind the door: pages are built for a session, and a window lives no longer than its session.

NiceGUI knows windows (`Client`) and sends what happens in them over a web socket. Each window is bound to
the session it was made for. A socket belongs to one window, and every event from it asks the database
first whether that session still lives; a watcher closes the windows of sessions that ended elsewhere.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import nicegui
from fastapi import FastAPI, Request
from fastapi.responses import Response
from jinja2 import DictLoader
from nicegui import Client, core, ui
from nicegui import client as nicegui_client

from argosy.base.refusals import Unavailable
from argosy.management.console.desk import Desk
from argosy.management.console.door import VISIT, Visit
from argosy.management.console.frame import frame
from argosy.management.console.pages import PAGES, ROOT, Page
from argosy.management.console.saying import Sayings
from argosy.management.services import Services
from argosy.management.staff.facts import Member

WATCH_SECONDS: Final = 5.0
BUILD_SECONDS_MAX: Final = 15.0
RECONNECT_SECONDS: Final = 10.0
QUASAR: Final = {"en": "en-US", "zh": "zh-CN"}
DARK: Final[Mapping[str, bool | None]] = {"auto": None, "light": False, "dark": True}
ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7"'
    ' fill="#0b7268"/><path d="M7 21h18l-3 4H10zM15 6v13H8zM17 9l7 10h-7z" fill="#fff"/></svg>'
)
_HERE = Path(__file__).parent
_log = logging.getLogger(__name__)


@dataclass
class Window:
    """One window of a browser, and the session that it was made for."""

    client: Client
    desk: Desk
    page: Page
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def session(self) -> UUID:
        return self.desk.session.id


class Shell:
    """Everything behind the door. NiceGUI is one for a process, and so is this."""

    def __init__(self, services: Services, sayings: Sayings) -> None:
        self._services = services
        self._sayings = sayings
        self._windows: dict[str, Window] = {}
        self._watching: asyncio.Task[None] | None = None
        self.app = _niced()
        self._events = _Events(self._windows, services, self._close)

    async def start(self) -> None:
        """Have NiceGUI run, with our pages and our guards in it."""
        _Routed.shell = self
        await _Routed.start(self.app)
        self._events.stand_guard()
        self._watching = asyncio.create_task(self._watch(), name="console windows")

    async def stop(self) -> None:
        """Close every window."""
        while self._watching is not None and not self._watching.done():
            self._watching.cancel()  # again where it got lost, as before Python 3.12 it may
            await asyncio.wait([self._watching], timeout=1.0)
        for window in list(self._windows.values()):
            if not window.client.is_deleted:
                window.client.delete()

    def first_page(self, member: Member) -> Page | None:
        """The first page of the menu that `member` may see."""
        pages = sorted(
            (page for page in PAGES.values() if page.menu and "{" not in page.path),
            key=lambda page: (page.order, page.path),
        )
        return next((page for page in pages if member.may(page.right) and page.path != "/"), None)

    def is_of(self, query: Mapping[str, str], session: UUID) -> bool:
        """Whether the window that a socket names is one of `session`."""
        window = self._windows.get(query.get("client_id", ""))
        return window is not None and window.session == session

    async def close_windows(self, sessions: Iterable[UUID]) -> None:
        """Nothing works any more in the windows of these sessions, and they show the sign-in."""
        ended = set(sessions)
        for window in list(self._windows.values()):
            if window.session in ended:
                self._close(window)

    async def build(self, client: Client, visit: Visit) -> Response | None:
        """Build the page of `visit` into `client`."""
        page, session = visit.page, visit.session
        if page is None:
            return Response(status_code=404)
        desk = Desk(self._services, session, self._sayings, visit.query or {})
        self._windows[client.id] = Window(client, desk, page)
        client.on_delete(lambda: self._windows.pop(client.id, None))
        client.page = copy.copy(client.page)
        client.page.dark = DARK.get(session.theme)
        client.page.language = QUASAR.get(desk.language, "en-US")  # type: ignore[assignment]  # NiceGUI lists them
        client.page.title = f"{desk.say(page.title)} · Argosy"
        client.on_exception(lambda broken: _tell(desk, broken))
        waiting = await self._services.approvals.waiting_for(session.member)
        body = frame(desk, page, waiting)
        try:
            with body:
                await page.build(desk, **(visit.params or {}))
        except Exception as broken:  # noqa: BLE001 - whatever it is, the frame stands and the log has it
            if isinstance(broken, Unavailable):
                _log.warning("%s waits: %s", page.path, broken)
            else:
                _log.exception("the page %s cannot be shown", page.path)
            client.status_code = 503 if isinstance(broken, Unavailable) else 500
            body.clear()
            with body, ui.column().classes("ar-broken"):
                ui.label(desk.say("error.page")).classes("ar-h1")
                what = "unavailable" if isinstance(broken, Unavailable) else "internal"
                ui.label(desk.say(f"error.{what}"))
        _trust_styles(client, visit.nonce)
        return None

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            sessions = {window.session for window in self._windows.values()}
            if not sessions:
                continue
            try:
                living = await self._services.sessions.which_live(sessions)
            except Unavailable as outage:
                _log.warning("sessions of the console cannot be looked at: %s", outage)
                continue
            for window in list(self._windows.values()):
                member = living.get(window.session)
                if window.session in sessions and not (member and member.may(window.page.right)):
                    self._close(window)

    def _close(self, window: Window) -> None:
        """Show the sign-in, which leads on where only the page's right is gone, and forget the window."""
        client = window.client
        self._windows.pop(client.id, None)
        if client.is_deleted:
            return
        with client:
            client.open("/signin")

        def forget() -> None:
            if not client.is_deleted:
                client.delete()

        asyncio.get_running_loop().call_later(1.0, forget)


class _Events:
    """Stands between the web socket and NiceGUI."""

    def __init__(self, windows: Mapping[str, Window], services: Services, close: Any) -> None:
        self._windows = windows
        self._services = services
        self._close = close
        self._inner: dict[str, Any] = {}

    def stand_guard(self) -> None:
        core.sio.eio.transports = ["websocket"]
        handlers = core.sio.handlers["/"]
        for name in ("event", "javascript_response", "ack", "log"):
            inner = handlers[name]
            self._inner[name] = getattr(inner, "argosy_inner", inner)
            handlers[name] = self._guarded(name)

    def _guarded(self, name: str) -> Any:
        async def guarded(sid: str, message: Any) -> None:
            window = self._window(sid, message)
            if window is None:
                return
            async with window.turn:  # what came first is done first
                if name != "event":
                    self._inner[name](sid, message)
                    return
                session = await self._services.sessions.living(window.session)
                if session is None or not session.member.may(window.page.right):
                    self._close(window)
                    return
                window.desk.session = session
                self._inner[name](sid, message)
            await self._services.sessions.touch(session)

        guarded.argosy_inner = self._inner[name]  # type: ignore[attr-defined]  # for the next shell of this process
        return guarded

    def _window(self, sid: str, message: Any) -> Window | None:
        """The window that `sid` is a socket of, where the message speaks of that one."""
        name = message.get("client_id") if isinstance(message, dict) else None
        window = self._windows.get(name) if isinstance(name, str) else None
        return window if window is not None and name in core.sio.rooms(sid) else None


class _Routed:
    """NiceGUI registers a page once for a process, and is started once; this leads to the shell that is
    behind the door now."""

    shell: Shell | None = None
    life: Any = None

    @classmethod
    async def start(cls, app: FastAPI) -> None:
        """NiceGUI lives to the end of the process: it holds nothing that would have to be put away."""
        if cls.life is None:
            cls.life = app.router.lifespan_context(app)
            await cls.life.__aenter__()


def _niced() -> FastAPI:
    """NiceGUI, set up once for a process: no storage on disk, sockets only, scripts with a nonce."""
    there: FastAPI | None = getattr(core.app, "argosy_parent", None)
    if there is not None:
        return there
    parent = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    ui.run_with(
        parent,
        mount_path=ROOT,
        title="Argosy",
        favicon=ICON,
        dark=None,
        binding_refresh_interval=None,
        reconnect_timeout=RECONNECT_SECONDS,
        message_history_length=200,
        tailwind=False,
        show_welcome_message=False,
    )
    core.app.config.socket_io_js_transports = ["websocket"]
    core.app.config.quasar_config["brand"]["primary"] = "#0b7268"
    version = hashlib.blake2b(
        (_HERE / "console.css").read_bytes() + (_HERE / "console.js").read_bytes(), digest_size=6
    ).hexdigest()
    Client.shared_head_html += (
        f'<link rel="stylesheet" href="{ROOT}/console.css?v={version}">'
        f'<script defer src="{ROOT}/console.js?v={version}"></script>'
    )
    _give_nonces()

    @ui.page("/{path:path}", response_timeout=BUILD_SECONDS_MAX)
    async def any_page(request: Request, client: Client) -> Response | None:
        visit: Visit | None = request.scope.get(VISIT)
        if visit is None or _Routed.shell is None:
            return Response(status_code=404)
        return await _Routed.shell.build(client, visit)

    core.app.argosy_parent = parent  # type: ignore[attr-defined]  # kept with what it is set up for
    return parent


def _give_nonces() -> None:
    """Every script of NiceGUI's page carries the nonce of the visit: those of the page itself, and none
    that came into it."""
    environment = nicegui_client.templates.env
    folder = Path(nicegui.__file__).parent / "templates"
    source = (folder / "index.html").read_text("utf-8")
    nonce = "{{ request.scope['" + VISIT + "'].nonce if '" + VISIT + "' in request.scope else '' }}"
    source = source.replace("<script", f'<script nonce="{nonce}"')
    environment.loader = DictLoader({"index.html": source})
    environment.cache.clear()  # type: ignore[union-attr]  # there is one


def _trust_styles(client: Client, nonce: str) -> None:
    """`ui.add_css` writes its style by a small script of its own."""
    trusted = f'<script nonce="{nonce}">addStyle('
    client._head_html = client._head_html.replace("<script>addStyle(", trusted)  # noqa: SLF001


def _tell(desk: Desk, broken: Exception) -> None:
    """Something in a window raised: the member hears that, and the log the rest."""
    if isinstance(broken, Unavailable):
        _log.warning("the console waits: %s", broken)
        ui.notify(desk.say("error.unavailable"), type="warning", position="top")
    else:
        _log.error("the console failed", exc_info=broken)
        ui.notify(desk.say("error.internal"), type="negative", position="top")
