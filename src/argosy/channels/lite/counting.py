"""Counting at the edge: which step of which flow an answer was, what it weighed and how long it took.

Nothing of the visitor is kept: a step is an address of ours and what was answered there.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from time import perf_counter
from typing import Any

from argosy.channels.lite.answers import Answer, Go, No, Page
from argosy.channels.lite.visits import CHANNEL
from argosy.channels.lite.wire import Response, Scope, Send
from argosy.public_services.funnel.facts import Outcome
from argosy.public_services.funnel.funnel import Funnels

Marks = dict[str, list[tuple[str, str]]]
"""What is answered at an address -> the (flow, step)s that this is; under `*` those that a refusal
there belongs to."""

REFUSAL = "*"
_GO = "go"
_HEAD_BYTES = len(b"HTTP/1.1 200 OK\r\n\r\n")
_DATE_BYTES = len(b"date: Sun, 22 Nov 2026 04:30:00 GMT\r\n")
_COLON_AND_END = 4


def marks(funnels: Funnels) -> dict[tuple[str, str], Marks]:
    """For each (method, path) of the app that is part of a flow, what is counted there."""
    found: dict[tuple[str, str], Marks] = {}
    for (channel, name), flow in funnels.flows.items():
        if channel != CHANNEL:
            continue
        for step in flow.steps:
            for at in step.at:
                method, path, said = at.split(" ", 2)
                there = found.setdefault((method, path), {})
                there.setdefault(said, []).append((name, step.name))
                if method == "POST" and said.startswith(_GO):
                    there.setdefault(REFUSAL, []).append((name, step.name))
    return found


def said(answer: Answer, *, signed_in: bool) -> str:
    """What was answered, as flows speak of it; `*` for a refusal, empty for what no flow knows."""
    out = "" if signed_in else " out"
    match answer:
        case Page(template, _, _, _, refused):
            return REFUSAL if refused is not None else template + out
        case Go():
            return _GO + out
        case No():
            return REFUSAL
        case Response():
            return ""


class Weighing:
    """Stands between an answer and the wire and adds up what goes through. Sizes are those of HTTP/1.1
    without its transfer coding, as the server writes it."""

    def __init__(self, scope: Scope, send: Send, began: float) -> None:
        self._send = send
        self._scope = scope
        self._began = began
        self.bytes_out = 0

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Pass a message on, and weigh it."""
        if message["type"] == "http.response.start":
            self.bytes_out += _HEAD_BYTES + _DATE_BYTES + _fields_bytes(message["headers"])
        else:
            self.bytes_out += len(message.get("body", b""))
        await self._send(message)

    def note(self, funnels: Funnels, there: Marks, answered: str, status: int, market: str) -> None:
        """Count the step that this was, where it was one."""
        outcome = Outcome.REACHED
        if status >= 500:
            answered, outcome = REFUSAL, Outcome.BROKEN
        elif answered == REFUSAL:
            outcome = Outcome.REFUSED
        steps = there.get(answered)
        if not steps:
            return
        seconds = perf_counter() - self._began
        bytes_in = _request_bytes(self._scope)
        for flow, step in steps:
            funnels.note(
                CHANNEL,
                flow,
                step,
                market,
                outcome=outcome,
                bytes_in=bytes_in,
                bytes_out=self.bytes_out,
                seconds=seconds,
            )


def _fields_bytes(headers: Any) -> int:
    return sum(len(name) + len(value) + _COLON_AND_END for name, value in headers)


def _request_bytes(scope: Scope) -> int:
    """The head of a request as it came, and the length it gives for its body."""
    query = scope.get("query_string", b"")
    target = len(scope.get("raw_path") or scope["path"].encode()) + len(query) + bool(query)
    head = len(scope["method"]) + target + len(b"  HTTP/1.1\r\n\r\n")
    body = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return head + _fields_bytes(scope["headers"]) + (int(body) if body.isdigit() else 0)
