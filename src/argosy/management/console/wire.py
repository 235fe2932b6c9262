"""Requests to the console and answers, at the level of ASGI, with the headers that every answer has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_BYTES_MAX: Final = 16_384
FIELDS_MAX: Final = 40


class TooLarge(Exception):
    """The body is longer than any form of ours, or did not come whole."""


class Asked:
    """One request."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope.get("method", "GET")
        self.path: str = scope["path"]
        self._receive = receive

    @cached_property
    def headers(self) -> Mapping[str, str]:
        return {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in self.scope["headers"]
        }

    @cached_property
    def query(self) -> Mapping[str, str]:
        return _fields(self.scope.get("query_string", b"").decode("latin-1"))

    @property
    def address(self) -> str:
        """The network address, as the server knows it."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    @property
    def agent(self) -> str:
        return self.headers.get("user-agent", "")

    def cookie(self, name: str) -> str:
        """The value of a cookie; empty where there is none."""
        for part in self.headers.get("cookie", "").split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return value
        return ""

    async def form(self) -> Mapping[str, str]:
        """The fields of a form. Raises `TooLarge`."""
        raw = b""
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                raise TooLarge
            raw += message.get("body", b"")
            if len(raw) > BODY_BYTES_MAX:
                raise TooLarge
            if not message.get("more_body"):
                return _fields(raw.decode("latin-1"))

    def comes_from_here(self, public_url: str) -> bool:
        """Whether the page that sent this is one of ours. A browser says so with everything that is not
        a plain look, and a page elsewhere cannot make it say otherwise."""
        origin = self.headers.get("origin")
        if not origin:
            return False
        parts, own = urlsplit(origin), urlsplit(public_url)
        if (parts.scheme, parts.netloc) == (own.scheme, own.netloc):
            return True
        return parts.scheme in {"http", "https"} and parts.netloc == self.headers.get("host")


def _fields(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=FIELDS_MAX)
    except ValueError:
        return {}
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)  # of one that comes twice the first, as NiceGUI reads it
    return found


def policy(nonce: str | None) -> str:
    """The content policy. Pages of NiceGUI build their templates in the browser, which needs eval; no
    script runs but its own files and those with the page's `nonce`. Without one no script runs at all."""
    script = "'none'" if nonce is None else f"'self' 'nonce-{nonce}' 'unsafe-eval'"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {script}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def guards(nonce: str | None, *, secure: bool) -> list[tuple[bytes, bytes]]:
    """The headers that every answer has."""
    told = {
        "content-security-policy": policy(nonce),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    }
    if secure:
        told["strict-transport-security"] = "max-age=31536000"
    return [(name.encode(), value.encode()) for name, value in told.items()]


async def answer(
    send: Send,
    content: bytes | str,
    *,
    status: int = 200,
    media_type: str = "text/html; charset=utf-8",
    secure: bool,
    headers: Mapping[str, str] | None = None,
    cache: str = "no-store",
) -> None:
    """Send an answer of ours, whole, with every guard."""
    body = content.encode() if isinstance(content, str) else content
    told = [
        (b"content-type", media_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", cache.encode()),
        *guards(None, secure=secure),
        *((name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})
