"""What a page answers, and how that becomes bytes: headers, compression, JSON, problem details."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from argosy.base.money import Money
from argosy.base.refusals import Kind, Refused
from argosy.base.statuses import STATUS
from argosy.channels.lite.wire import Response

GZIP_BYTES_MIN = 400
PROBLEM = "application/problem+json"
JSON = "application/json"
HTML = "text/html"  # Litestar adds the charset

# No inline script, nothing from elsewhere, no frames around us. Images may be `data:` for drawn codes.
POLICY = (
    "default-src 'none';script-src 'self';style-src 'self';img-src 'self' data:;connect-src 'self';"
    "manifest-src 'self';worker-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none'"
)
PAGE_HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": POLICY,
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "permissions-policy": "camera=(self),geolocation=(),microphone=(),payment=()",
}
SECURE_HEADERS: Mapping[str, str] = {"strict-transport-security": "max-age=31536000"}
DATA_HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
}

RETRY_SECONDS = 5
KEEP_HEADER = "x-keep"  # read by static/worker.js


@dataclass(frozen=True, slots=True)
class Page:
    """A page to show. `data` is what a program gets instead; `refused` is why the form came back,
    and then a program gets that as a problem.

    A browser keeps a page that has `keep_seconds`, to show it where there is no connection, and for
    so long at once, before anything is asked (0: only without connection)."""

    template: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    data: Mapping[str, Any] | None = None
    refused: Refused | None = None
    keep_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Go:
    """Somewhere else: 303 for a browser. `data` is what a program gets instead, with `status`."""

    to: str
    data: Mapping[str, Any] | None = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class No:
    """A refusal that no form of ours can show: a page of its own."""

    refused: Refused
    status: int | None = None


Answer = Page | Go | No | Response


def status_of(refused: Refused) -> int:
    """The HTTP status that programs get for a refusal."""
    return STATUS[refused.reason.kind]


def json_answer(data: Mapping[str, Any], status: int = 200) -> Response:
    """JSON for a program: money and times as the API writes them."""
    content = msgspec.json.encode(data)
    return Response(content, status_code=status, media_type=JSON, headers=dict(DATA_HEADERS))


def problem(refused: Refused, said: str, status: int | None = None, **more: Any) -> Response:
    """RFC 9457 problem details: `code` is stable, `detail` is the sentence a customer would read."""
    status = status or status_of(refused)
    facts = {name: plain_fact(value) for name, value in refused.facts.items()}
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": refused.reason.meaning,
        "status": status,
        "code": refused.code,
        "number": int(refused.reason),
        "detail": said,
        **more,
    }
    if refused.field:
        body["field"] = refused.field
    if facts:
        body["facts"] = facts
    headers = dict(DATA_HEADERS)
    if refused.reason.kind is Kind.BUSY:
        headers["retry-after"] = str(refused.facts.get("wait_seconds") or RETRY_SECONDS)
    if status == 401:
        headers["www-authenticate"] = "Session"
    return Response(
        msgspec.json.encode(body), status_code=status, media_type=PROBLEM, headers=headers
    )


def plain_fact(value: Any) -> Any:
    """A fact as JSON has it."""
    if isinstance(value, Money):
        return {"amount_minor": value.minor, "currency": value.currency}
    return value if isinstance(value, str | int | None) else str(value)


def html_answer(
    text: str,
    *,
    status: int = 200,
    zipped: bool = False,
    secure: bool = False,
    keep_seconds: int | None = None,
) -> Response:
    """A page. `zipped` where the browser takes gzip; `secure` where it came over https."""
    content = text.encode()
    headers = {**PAGE_HEADERS, **SECURE_HEADERS} if secure else dict(PAGE_HEADERS)
    headers["vary"] = "accept,accept-encoding,cookie"
    if zipped and len(content) >= GZIP_BYTES_MIN:
        content = gzip.compress(content, 6, mtime=0)
        headers["content-encoding"] = "gzip"
    if keep_seconds is not None:
        headers[KEEP_HEADER] = str(keep_seconds)
    if status == 503:
        headers["retry-after"] = str(RETRY_SECONDS)
    return Response(content, status_code=status, media_type=HTML, headers=headers)


def go_answer(to: str) -> Response:
    """303: whatever was asked is done; this is where to look at it."""
    headers = {**DATA_HEADERS, "location": to}
    return Response(b"", status_code=303, media_type="text/plain", headers=headers)


def cookie(name: str, value: str, *, secure: bool, seconds: int | None, path: str = "/") -> str:
    """A `set-cookie` for one that no script sees and no other site sends; an empty value ends it."""
    age = seconds if value else 0
    parts = [f"{name}={value}", f"Path={path}", "HttpOnly", "SameSite=lax"]
    parts += ["Secure"] if secure else []
    parts += [f"Max-Age={age}"] if age is not None else []
    return "; ".join(parts)
