"""The console as the web server has it: nothing of it is loaded until somebody opens it."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from argosy.management.services import Services

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

ROOT: Final = "/console"
MISSING: Final = "The console is not installed here. Install it with: pip install 'argosy[console]'"
_EXTRA = ("nicegui", "pyotp")
_log = logging.getLogger(__name__)


def is_behind(path: str) -> bool:
    """Whether the console answers at `path`."""
    return path == ROOT or path.startswith(ROOT + "/")


def is_installed() -> bool:
    """Whether what the console needs is there."""
    return all(importlib.util.find_spec(name) is not None for name in _EXTRA)


class Console:
    """The console, loaded in a thread by whoever comes first, so that payments do not wait for it."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services
        self._door: Any = None
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_installed():
            await _say(scope, receive, send, 503, MISSING)
            return
        if self._door is None:
            async with self._turn:
                if self._door is None:
                    self._door = await self._load()
        await self._door(scope, receive, send)

    async def _load(self) -> Any:
        door = await asyncio.to_thread(importlib.import_module, "argosy.management.console.door")
        return door.Door(self._services())

    async def close(self) -> None:
        """Close every window."""
        if self._door is not None:
            await self._door.close()


def elsewhere(port: int) -> App:
    """What answers where the console is a process of its own: the way to its port."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        host = next((value for name, value in scope["headers"] if name == b"host"), b"localhost")
        name = host.decode("latin-1").rpartition(":")[0] if b":" in host else host.decode("latin-1")
        to = f"{scope.get('scheme', 'http')}://{name}:{port}{ROOT}/"
        await _say(scope, receive, send, 307, to, [(b"location", to.encode("latin-1"))])

    return app


async def _say(
    scope: Scope,
    _receive: Receive,
    send: Send,
    status: int,
    text: str,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = text.encode() + b"\n"
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
                *(headers or []),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
