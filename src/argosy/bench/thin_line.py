"""A thin line between a browser and a server: it counts what crosses it, can be slow, and can die.

It stands between the two as a TCP relay, so that everything is counted that a customer would pay for:
requests as well as answers, headers included, of pages and of their workers. What lies below HTTP is
not counted.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Self

PIECE_BYTES = 1400


@dataclass
class ThinLine:
    """A relay to `server`. `round_trip_seconds` and `bits_per_second` (0: as fast as it goes) hold for
    both directions together with all connections. `up_bytes` left the browser, `down_bytes` came.

    With `is_dead` nothing goes through and nobody can connect; with `loses_answers` requests arrive and
    their answers do not.
    """

    server: tuple[str, int]
    round_trip_seconds: float = 0.0
    bits_per_second: int = 0
    up_bytes: int = 0
    down_bytes: int = 0
    is_dead: bool = False
    loses_answers: bool = False
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _free_at: dict[bool, float] = field(default_factory=dict)
    _relay: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._relay = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._relay is not None:
            self._relay.close()
        self._hang_up()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """Where the browser finds the server."""
        if self._relay is None:
            return ""
        host, port = self._relay.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    @property
    def bytes(self) -> int:
        """What crossed it, both ways."""
        return self.up_bytes + self.down_bytes

    @property
    def breaks(self) -> bool:
        """Whether connections end without a word."""
        return self.is_dead or self.loses_answers

    def count_anew(self) -> None:
        """From here on."""
        self.up_bytes = self.down_bytes = 0

    def die(self) -> None:
        """All connections break, and no new ones come about."""
        self.is_dead = True
        self._hang_up()

    def mend(self) -> None:
        """As if nothing had been."""
        self.is_dead = self.loses_answers = False
        self._hang_up()

    async def still(self, seconds: float = 1.0, *, seconds_max: float = 60.0) -> None:
        """Until nothing has crossed it for so long."""
        loop = asyncio.get_running_loop()
        end, seen, since = loop.time() + seconds_max, -1, loop.time()
        while loop.time() < end and loop.time() - since < seconds:
            if self.bytes != seen:
                seen, since = self.bytes, loop.time()
            await asyncio.sleep(0.05)

    # within

    def _hang_up(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _connected(
        self, from_browser: asyncio.StreamReader, to_browser: asyncio.StreamWriter
    ) -> None:
        if self.is_dead:
            to_browser.transport.abort()
            return
        await asyncio.sleep(self.round_trip_seconds)  # a connection's own first exchange
        try:
            from_server, to_server = await asyncio.open_connection(*self.server)
        except OSError:
            to_browser.transport.abort()
            return
        ends = (to_browser, to_server)
        self._open.update(ends)
        both = [
            asyncio.create_task(self._flow(from_browser, to_server, up=True)),
            asyncio.create_task(self._flow(from_server, to_browser, up=False)),
        ]
        self._tasks.update(both)
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        self._tasks.difference_update(both)
        self._open.difference_update(ends)
        for writer in ends:
            if self.breaks:
                writer.transport.abort()
            else:
                writer.close()

    async def _flow(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool
    ) -> None:
        """Read without waiting for what is on its way: pieces follow each other at the line's speed, each
        half a round trip after it was sent."""
        loop = asyncio.get_running_loop()
        on_its_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                at, piece = await on_its_way.get()
                await asyncio.sleep(max(0.0, at - loop.time()))
                if not piece:
                    return
                writer.write(piece)
                with contextlib.suppress(ConnectionError):
                    await writer.drain()

        delivering = asyncio.create_task(deliver())
        try:
            while piece := await reader.read(PIECE_BYTES):
                if not up and self.loses_answers:
                    return
                if up:
                    self.up_bytes += len(piece)
                else:
                    self.down_bytes += len(piece)
                await on_its_way.put((self._arrives(len(piece), up=up, now=loop.time()), piece))
            await on_its_way.put((loop.time() + self.round_trip_seconds / 2, b""))
            await delivering
        except ConnectionError:
            return
        finally:
            delivering.cancel()

    def _arrives(self, size: int, *, up: bool, now: float) -> float:
        begin = max(now, self._free_at.get(up, 0.0))
        taken = size * 8 / self.bits_per_second if self.bits_per_second else 0.0
        self._free_at[up] = begin + taken
        return begin + taken + self.round_trip_seconds / 2
