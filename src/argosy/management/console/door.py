"""The console's door: who is who, who may see which page, and what every answer carries.

Everything below `/console` comes through here, web sockets too. Nothing behind it is built, and no file
of it is served, for a browser without a session; no page for a member without its right.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from argosy.base.refusals import Unavailable
from argosy.management.console.entrance import Entrance
from argosy.management.console.pages import ROOT, Page, load
from argosy.management.console.saying import Sayings
from argosy.management.console.wire import Asked, Receive, Scope, Send, TooLarge, answer, guards
from argosy.management.services import Services
from argosy.management.staff.sessions import Session

if TYPE_CHECKING:
    from argosy.management.console.shell import Shell

HERE: Final = Path(__file__).parent
FILES: Final = {
    "/signin.css": ("entrance.css", "text/css; charset=utf-8"),
    "/console.css": ("console.css", "text/css; charset=utf-8"),
    "/console.js": ("console.js", "text/javascript; charset=utf-8"),
}
NONCE_BYTES: Final = 18
VISIT: Final = "argosy.visit"
"""Under this name a request carries its `Visit` behind the door."""

_OF_WINDOW = re.compile(r"/_nicegui/client/([^/]*)/")
_SOCKET = "/_nicegui_ws/"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Visit:
    """Somebody who was let in: the session, and for a page the page and the parts of its address."""

    session: Session
    nonce: str
    page: Page | None = None
    params: Mapping[str, str] | None = None
    query: Mapping[str, str] | None = None


class Door:
    """The console as an ASGI application over `services`."""

    def __init__(
        self, services: Services, chance: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self.services = services
        self._chance = chance
        self.sayings = Sayings()
        self.secure = services.public_url.startswith("https:")
        self.cookie = "__Secure-argosy_staff" if self.secure else "argosy_staff"
        self._entrance = Entrance(self)
        self._pages: list[tuple[re.Pattern[str], Page]] = []
        self._shell: Shell | None = None
        self._turn = asyncio.Lock()
        self._loading: asyncio.Task[Shell] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Asked(scope, receive)
        path = asked.path.removeprefix(ROOT) or "/"
        try:
            if scope["type"] == "websocket":
                await self._socket(asked, path, scope, receive, send)
            elif scope["type"] == "http":
                await self._request(asked, path, scope, receive, send)
        except Unavailable as outage:
            _log.warning("the console waits: %s", outage)
            if scope["type"] == "http":
                said = self.sayings.say("error.unavailable", "en")
                await self._plain(send, said, 503)

    async def shell(self) -> Shell:
        """What is behind the door, loaded once, in a thread: it takes a second and some memory."""
        if self._shell is None:
            async with self._turn:
                if self._shell is None:
                    await asyncio.to_thread(load)
                    from argosy.management.console.shell import Shell

                    shell = Shell(self.services, self.sayings)
                    await shell.start()
                    self._pages = _patterns()
                    self._shell = shell
        return self._shell

    def load_soon(self) -> None:
        """Somebody stands at the door: have what is behind it ready when they are through."""
        if self._shell is None and self._loading is None:
            self._loading = asyncio.create_task(self.shell(), name="console")

    async def close(self) -> None:
        """Close every window."""
        if self._loading is not None:
            await asyncio.gather(self._loading, return_exceptions=True)
        if self._shell is not None:
            await self._shell.stop()

    # --- requests --------------------------------------------------------------------------------

    async def _request(
        self, asked: Asked, path: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if path in FILES and asked.method in {"GET", "HEAD"}:
            await self._file(asked, path, send)
            return
        if asked.method not in {"GET", "HEAD"} and not asked.comes_from_here(
            self.services.public_url
        ):
            await self._plain(send, self.sayings.say("error.foreign", "en"), 403)
            return
        try:
            if await self._entrance.answers(asked, path, send):
                return
        except TooLarge:
            await self._plain(send, self.sayings.say("error.too_large", "en"), 413)
            return
        session = await self.services.sessions.find(asked.cookie(self.cookie))
        if session is None:
            await self._show_in(asked, path, send)
            return
        shell = await self.shell()
        if path.startswith("/_nicegui"):
            named = _OF_WINDOW.match(path)
            if named and not shell.is_of({"client_id": named[1]}, session.id):
                await self._plain(send, self.sayings.say("error.not_found", "en"), 404)
                return
            visit = Visit(session, "")
            await self._behind(shell, visit, scope, receive, send)
            return
        await self._page(shell, session, asked, path, scope, receive, send)

    async def _page(
        self,
        shell: Shell,
        session: Session,
        asked: Asked,
        path: str,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        if asked.method not in {"GET", "HEAD"}:
            await self._plain(send, "405", 405)
            return
        found = self._find(path)
        member = session.member
        if path == "/" and (found is None or not member.may(found[0].right)):
            first = shell.first_page(member)
            if first is not None:
                await self._go(send, ROOT + first.path)
                return
        if found is None:
            await self._entrance.say_no(send, session, "error.not_found", 404)
            return
        page, params = found
        if not member.may(page.right):
            await self.services.audit.write(
                None, member, "console.open", path, "", {}, "not_allowed", session=session.id
            )
            await self._entrance.say_no(send, session, "error.not_allowed", 403)
            return
        await self.services.sessions.touch(session)
        nonce = base64.urlsafe_b64encode(self._chance(NONCE_BYTES)).decode()
        visit = Visit(session, nonce, page, params, asked.query)
        await self._behind(shell, visit, scope, receive, send)

    async def _show_in(self, asked: Asked, path: str, send: Send) -> None:
        """Without a session: to the sign-in, and from there to where they wanted to go."""
        if asked.method not in {"GET", "HEAD"} or path.startswith("/_nicegui"):
            await self._plain(send, self.sayings.say("error.signed_out", "en"), 401)
            return
        wanted = "" if path == "/" else "?to=" + quote(path)
        await self._go(send, f"{ROOT}/signin{wanted}")

    async def _behind(
        self, shell: Shell, visit: Visit, scope: Scope, receive: Receive, send: Send
    ) -> None:
        scope[VISIT] = visit
        scope["headers"] = [h for h in scope["headers"] if h[0] != b"x-forwarded-prefix"]
        told = guards(visit.nonce or None, secure=self.secure)
        names = {name for name, _ in told}

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = [h for h in message.get("headers", []) if h[0].lower() not in names]
                message = {**message, "headers": [*headers, *told]}
            await send(message)

        await shell.app(scope, receive, guarded)

    async def _socket(
        self, asked: Asked, path: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """A web socket is let in from our own pages only, with the session that its window was made for."""
        session = None
        if path.startswith(_SOCKET) and asked.comes_from_here(self.services.public_url):
            session = await self.services.sessions.find(asked.cookie(self.cookie))
        shell = None if session is None else await self.shell()
        if session is None or shell is None or not shell.is_of(asked.query, session.id):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        scope[VISIT] = Visit(session, "")
        await shell.app(scope, receive, send)

    # --- small answers ---------------------------------------------------------------------------

    def _find(self, path: str) -> tuple[Page, Mapping[str, str]] | None:
        for pattern, page in self._pages:
            match = pattern.fullmatch(path)
            if match:
                return page, match.groupdict()
        return None

    async def _file(self, asked: Asked, path: str, send: Send) -> None:
        name, media_type = FILES[path]
        content = await asyncio.to_thread((HERE / name).read_bytes)
        cache = "public, max-age=31536000, immutable" if asked.query.get("v") else "no-cache"
        await answer(send, content, media_type=media_type, secure=self.secure, cache=cache)

    async def _go(self, send: Send, to: str) -> None:
        await answer(send, b"", status=303, secure=self.secure, headers={"location": to})

    async def _plain(self, send: Send, text: str, status: int) -> None:
        await answer(
            send,
            text + "\n",
            status=status,
            media_type="text/plain; charset=utf-8",
            secure=self.secure,
        )


def _patterns() -> list[tuple[re.Pattern[str], Page]]:
    """The pages, those with a fixed address before those with parts."""
    found = sorted(load().values(), key=lambda page: (page.path.count("{"), page.path))
    return [
        (re.compile(re.sub(r"\{([a-z0-9_]+)\}", r"(?P<\1>[^/]+)", page.path)), page)
        for page in found
    ]


def inside(to: str) -> str:
    """`to` where it is a path of the console's pages, else its root: nobody is sent elsewhere."""
    parts = urlsplit(to)
    plain = not (parts.scheme or parts.netloc) and re.fullmatch(r"/[A-Za-z0-9_./~-]*", to)
    return ROOT + to if plain and "//" not in to and ".." not in to else ROOT + "/"
