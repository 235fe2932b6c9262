"""An HTTP receiver for tests: keeps what is posted, answers as it is told to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass
class PostOffice:
    """`answers` are the next (status, body)s; then 201 without a body. `got` are (path, headers, body)."""

    answers: list[tuple[int, bytes]] = field(default_factory=list)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    async def open(self) -> PostOffice:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        path = head[0].split(" ")[1]
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.got.append((path, headers, body))
        status, said = self.answers.pop(0) if self.answers else (201, b"")
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-length: {len(said)}\r\nlocation: /x\r\n\r\n".encode()
            + said
        )
        await writer.drain()
        writer.close()
