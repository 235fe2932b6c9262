"""Connections that would never say all they have to say: each ends, and costs a bounded memory."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from argosy import web

PATIENCE = 0.4
Serving = Callable[[type[asyncio.Protocol]], Any]


async def counts(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answers how many bytes the body had, and to who asks by `x-tell` the names of all headers."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})
    names = [name.decode() for name, _ in scope["headers"]]
    told = " ".join(names) if "x-tell" in names else ""
    await send({"type": "http.response.body", "body": f"had {size} {told}".encode()})


@pytest.fixture
async def serving(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Serving]:
    monkeypatch.setattr(web, "REQUEST_SECONDS_MAX", PATIENCE)
    running: list[tuple[uvicorn.Server, asyncio.Task[None], socket.socket]] = []

    async def start(line: type[asyncio.Protocol]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(counts, http=line, lifespan="off", log_config=None)  # type: ignore[arg-type]
        server = uvicorn.Server(config)
        running.append((server, asyncio.create_task(server.serve([listener])), listener))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        return int(listener.getsockname()[1])

    yield start
    for server, task, listener in running:
        server.should_exit = server.force_exit = True
        await task
        listener.close()


async def said(port: int, *pieces: bytes, seconds: float = 3.0) -> bytes | None:
    """What is answered until the connection ends; None where it is still open after `seconds`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), seconds)
    except ConnectionError:
        return b""
    except TimeoutError:
        return None
    finally:
        writer.close()


ENDLESS = (b"GET / HTTP/1.1\r\nhost: x\r\nx-long: ", *([b"a" * 65_536] * 40))
SLOW = {
    "nothing at all": (),
    "half a head": (b"GET / HTTP/1.1\r\nhost: x\r\n",),
    "half a body": (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf",),
}


async def test_a_head_without_end_is_refused(serving: Serving) -> None:
    answer = await said(await serving(web.Line), *ENDLESS)
    assert answer is not None
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400"), answer[:80]


PIECES = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n"
BETWEEN = {
    "headers behind the body": (PIECES + b"0\r\n", *([b"x-more: " + b"a" * 9_000 + b"\r\n"] * 400)),
    "one header behind the body": (PIECES + b"0\r\nx-long: ", *([b"a" * 65_536] * 40)),
    "a word behind a piece's size": (PIECES + b"2;", *([b"a" * 65_536] * 40)),
}


@pytest.mark.parametrize("what", BETWEEN)
async def test_what_is_neither_head_nor_body_has_an_end(
    what: str, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "REQUEST_SECONDS_MAX", 60.0)
    assert await said(await serving(web.Line), *BETWEEN[what]) is not None
    assert await said(await serving(HttpToolsProtocol), *BETWEEN[what], seconds=0.5) is None  # twin


async def test_headers_behind_the_body_are_none(serving: Serving) -> None:
    behind = b"0\r\nx-forwarded-for: 192.0.2.9\r\n\r\n"
    head = PIECES.replace(b"host: x", b"host: x\r\nx-tell: all\r\nconnection: close")
    answer = await said(await serving(web.Line), head, behind)
    assert answer is not None
    assert b"had 2" in answer
    assert b"x-forwarded-for" not in answer
    answer = await said(await serving(HttpToolsProtocol), head, behind)
    assert answer is not None
    assert b"x-forwarded-for" in answer  # twin


@pytest.mark.parametrize("what", SLOW)
async def test_who_never_ends_the_request_is_left(what: str, serving: Serving) -> None:
    assert await said(await serving(web.Line), *SLOW[what]) is not None


@pytest.mark.parametrize("pieces", [ENDLESS, *SLOW.values()], ids=["endless head", *SLOW])
async def test_twin_the_bare_protocol_waits_on(pieces: tuple[bytes, ...], serving: Serving) -> None:
    assert await said(await serving(HttpToolsProtocol), *pieces, seconds=3 * PATIENCE) is None


async def test_a_large_body_and_one_in_pieces_are_taken(serving: Serving) -> None:
    port = await serving(web.Line)
    head = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    for size in (10, 3_000_000):
        whole = head % size + b"b" * size
        for pieces in ((whole,), (whole[:30], whole[30:70], whole[70:])):
            answer = await said(port, *pieces)
            assert answer is not None
            assert b"had %d" % size in answer


async def test_a_connection_serves_one_request_after_the_other(serving: Serving) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", await serving(web.Line))
    started = time.monotonic()
    while time.monotonic() - started < 2 * PATIENCE:  # longer than one request may take
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nok" * 3)
        for _ in range(3):
            assert b"had 2" in await asyncio.wait_for(reader.readuntil(b"had 2"), 2)
        await asyncio.sleep(0.05)
    writer.close()
