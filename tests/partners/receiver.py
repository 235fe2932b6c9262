"""A merchant's program that receives webhooks on loopback: it can fail, be slow, and lie."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

YES = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
NO = b"HTTP/1.1 500 Broken\r\nContent-Length: 6\r\nConnection: close\r\n\r\nbroken"
GONE = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
LATER = b"HTTP/1.1 503 Busy\r\nRetry-After: 600\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
AWAY = (
    b"HTTP/1.1 307 Away\r\nLocation: http://127.0.0.1:%d/elsewhere\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)
NO_HTTP = b"\x00\x01\x02 I do not speak this\r\n"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"


@dataclass
class Got:
    """One request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    @property
    def kind(self) -> str:
        return self.content["type"]


Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Receiver:
    """`answers` are given one after the other, then `then` for ever; `at_work` counts calls that are
    being answered, `at_most` how many were so at the same time."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    then: Answer = YES
    at_work: int = 0
    at_most: int = 0
    server: asyncio.Server | None = None
    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, tls: ssl.SSLContext | None = None) -> Receiver:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def close(self) -> None:
        assert self.server is not None
        self.server.close()

    def url(self, path: str = "/hook", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    @property
    def kinds(self) -> list[str]:
        return [got.kind for got in self.got]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_work += 1
        self.at_most = max(self.at_most, self.at_work)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.split(": ", 1) for line in head[1:] if line)
            headers = {name.lower(): value for name, value in headers.items()}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.got.append(Got(head[0].split(" ")[1], headers, body))
            self.called.set()
            answer = self.answers.pop(0) if self.answers else self.then
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.at_work -= 1
            writer.close()


async def silence(_writer: asyncio.StreamWriter) -> None:
    """Say nothing for longer than anybody waits."""
    await asyncio.sleep(30)


async def drip(writer: asyncio.StreamWriter) -> None:
    """A yes, a byte at a time, that never ends."""
    for byte in YES[:20] * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def flood(writer: asyncio.StreamWriter) -> None:
    """A yes with more behind it than anybody wants to read."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    for _ in range(10_000):
        writer.write(b"x" * 100_000)
        await writer.drain()
