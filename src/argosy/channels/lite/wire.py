"""HTTP as it comes over the wire and goes back, in as few steps as a payment can bear.

A payment is one small request among thousands a second, so the app speaks ASGI itself: a framework's
layers would cost a payment more than its own work at the database.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import parse_qsl

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIES_MAX = 50
QUERY_FIELDS_MAX = 50
_NO_BODY = frozenset({204, 304})


class Gone(Exception):
    """The visitor went away before the request was whole."""


class Request:
    """One request. `params` are the parts of the address that its pattern names."""

    def __init__(self, scope: Scope, receive: Receive, params: Mapping[str, str]) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.params = params
        self.scheme: str = scope["scheme"]
        self.market = ""  # known once the visitor is
        self.answered = ""  # what it came to, for those who count: see counting.py
        self._scope = scope
        self._receive = receive

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Headers by their lower-case names; of one that came twice the last."""
        return {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in self._scope["headers"]
        }

    @cached_property
    def content_type(self) -> str:
        """The media type of the body, without its parameters; empty where none is named."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """What the browser keeps for us."""
        found: dict[str, str] = {}
        for part in self.headers.get("cookie", "").split(";", COOKIES_MAX):
            name, sign, value = part.strip().partition("=")
            if sign:
                found.setdefault(name, value.strip('"'))
        return found

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The parameters of the address; none where they cannot be read."""
        try:
            pairs = parse_qsl(
                self._scope["query_string"].decode("latin-1"),
                keep_blank_values=True,
                errors="replace",
                max_num_fields=QUERY_FIELDS_MAX,
            )
        except ValueError:
            return {}
        return dict(pairs)

    @property
    def network(self) -> str | None:
        """The address the request came from, as the server knows it."""
        client = self._scope.get("client")
        return client[0] if client else None

    async def body(self, bytes_max: int) -> bytes | None:
        """The whole body, or None as soon as it is longer than `bytes_max`. Raises `Gone`."""
        message = await self._receive()
        raw: bytes = message.get("body", b"")
        while message["type"] == "http.request" and message.get("more_body"):
            if len(raw) > bytes_max:
                return None
            message = await self._receive()
            raw += message.get("body", b"")
        if message["type"] != "http.request":
            raise Gone
        return raw if len(raw) <= bytes_max else None


class Response:
    """What goes back. Header names are lower case; `cookies` are whole `set-cookie` values."""

    def __init__(
        self,
        content: bytes,
        *,
        status_code: int = 200,
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.content = content
        self.status_code = status_code
        self.media_type = media_type
        self.headers = headers or {}
        self.cookies: list[str] = []

    async def answer(self, receive: Receive, send: Send, *, head: bool = False) -> None:  # noqa: ARG002 - as a stream's
        """Put it on the wire; for HEAD without its content."""
        content = b"" if self.status_code in _NO_BODY else self.content
        await send(self._start([(b"content-length", str(len(content)).encode())]))
        await send({"type": "http.response.body", "body": b"" if head else content})

    def _start(self, more: list[tuple[bytes, bytes]]) -> dict[str, Any]:
        headers = [(b"content-type", self.media_type.encode("latin-1")), *more]
        headers += [_header(name, value) for name, value in self.headers.items()]
        headers += [(b"set-cookie", _safe(cookie)) for cookie in self.cookies]
        return {"type": "http.response.start", "status": self.status_code, "headers": headers}


class Stream(Response):
    """An answer that goes on: `parts` are sent as they come, until they end or nobody listens."""

    def __init__(
        self,
        parts: AsyncGenerator[bytes, None],
        *,
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(b"", media_type=media_type, headers=headers)
        self.parts = parts

    async def answer(self, receive: Receive, send: Send, *, head: bool = False) -> None:
        """Send part after part; who has left is noticed at once."""
        await send(self._start([]))
        left = asyncio.ensure_future(_left(receive))
        try:
            while not head:
                part = asyncio.ensure_future(anext(self.parts, None))
                await asyncio.wait({part, left}, return_when=asyncio.FIRST_COMPLETED)
                if not part.done():
                    part.cancel()
                    await asyncio.gather(part, return_exceptions=True)
                    return
                content = part.result()
                if content is None:
                    break
                await send({"type": "http.response.body", "body": content, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            left.cancel()
            await self.parts.aclose()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@lru_cache(maxsize=1000)  # most headers are the same on every answer
def _header(name: str, value: str) -> tuple[bytes, bytes]:
    return name.encode("latin-1"), _safe(value)


def _safe(text: str) -> bytes:
    """A header's value without what could begin another header."""
    return text.translate(_NO_BREAKS).encode("latin-1", "replace")


_NO_BREAKS = {ord("\r"): None, ord("\n"): None, 0: None}


class Pattern:
    """An address such as `/orders/{id:str}/pay`: each `{name:str}` takes one part of the path."""

    def __init__(self, text: str) -> None:
        parts = [re.fullmatch(r"\{(\w+):str\}", part) or part for part in text.split("/")]
        self.is_plain = all(isinstance(part, str) for part in parts)
        self._wanted = parts

    def match(self, path: str) -> dict[str, str] | None:
        """The named parts of `path`; None where it is another address."""
        parts = path.split("/")
        if len(parts) != len(self._wanted):
            return None
        found: dict[str, str] = {}
        for wanted, part in zip(self._wanted, parts, strict=True):
            if isinstance(wanted, str):
                if wanted != part:
                    return None
            elif part:
                found[wanted.group(1)] = part
            else:
                return None
        return found
