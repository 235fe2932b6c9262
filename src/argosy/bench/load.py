"""The load of `argosy bench payments`, in a process of its own: `python -m argosy.bench.load FILE`.

Sends prepared requests over so many connections, each waiting for its answer before it sends the next,
and prints what came back as JSON. A client this plain is not taken for speed alone: whatever the
client costs is taken from the same two cores that the server runs on.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvloop


class _Connection(asyncio.Protocol):
    """One connection that sends the next request as soon as the last is answered."""

    def __init__(self, waiting: Iterator[bytes], tally: Tally) -> None:
        self._waiting = waiting
        self._tally = tally
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._sent = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a TCP connection is a Transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = _length(head)
        if len(body) < length:
            return
        self._buffer = b""
        self._tally.add(time.perf_counter() - self._sent, head, body)
        self._next()

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self.done.done():
            self._tally.failures["connection lost"] += 1
            self.done.set_result(None)

    def _next(self) -> None:
        request = next(self._waiting, None)
        if request is None or self._transport is None:
            self.done.set_result(None)
            if self._transport is not None:
                self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


class Tally:
    """What came back."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.failures: Counter[str] = Counter()
        self.bytes_in = 0

    def add(self, seconds: float, head: bytes, body: bytes) -> None:
        self.bytes_in += len(head) + 4 + len(body)
        if head.startswith(b"HTTP/1.1 200"):
            self.waits.append(seconds)
        else:
            code = json.loads(body).get("code", "?") if body.startswith(b"{") else "?"
            self.failures[f"{head[9:12].decode()} {code}"] += 1


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def _drive(plan: dict[str, Any]) -> dict[str, Any]:
    waiting = iter([request.encode() for request in plan["requests"]])
    tally = Tally()
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    made = [
        await loop.create_connection(
            lambda: _Connection(waiting, tally), plan["host"], plan["port"]
        )
        for _ in range(plan["connections"])
    ]
    await asyncio.gather(*(protocol.done for _, protocol in made))
    seconds = time.perf_counter() - started
    waits = sorted(tally.waits)
    return {
        "seconds": seconds,
        "answered": len(waits),
        "failures": dict(tally.failures),
        "bytes_in": tally.bytes_in,
        "p50": waits[len(waits) // 2] if waits else 0.0,
        "p99": waits[int(len(waits) * 0.99)] if waits else 0.0,
    }


if __name__ == "__main__":
    plan_of_load = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    sys.stdout.write(json.dumps(uvloop.run(_drive(plan_of_load))))
