"""A message centre for tests: it speaks SMPP over a real socket, and shows what phones would show."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
from dataclasses import dataclass, field

from argosy.public_services.notify.gsm import plain
from argosy.public_services.notify.smpp import pdu
from argosy.public_services.notify.smpp.pdu import HEAD, RESPONSE, Command, Submission, Unit

USER, PASSWORD = "argosy", "secret"


@dataclass
class Centre:
    """Takes binds of `USER` with `PASSWORD`. `answers` are the statuses of the next submissions."""

    answers: list[int] = field(default_factory=list)
    got: list[Submission] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    binds: int = 0
    silent: bool = False
    under_way: int = 0
    most_under_way: int = 0
    slow_seconds: float = 0.0
    port: int = 0

    async def open(self, tls: ssl.SSLContext | None = None) -> Centre:
        self._lines: set[asyncio.StreamWriter] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        self._server.close()
        await self.hang_up()

    async def hang_up(self) -> None:
        for line in list(self._lines):
            line.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await line.wait_closed()

    def url(self, scheme: str = "smpp", more: str = "?from=ARGOSY") -> str:
        return f"{scheme}://{USER}:{PASSWORD}@localhost:{self.port}{more}"

    @property
    def texts(self) -> list[tuple[str, str]]:
        """(phone, text), long ones put together from their parts by the header, as a phone does."""
        whole: dict[tuple[str, int], dict[int, bytes]] = {}
        said: list[tuple[str, str]] = []
        for one in self.got:
            if not one.with_header:
                said.append((one.destination, plain(one.coding, one.octets)))
                continue
            assert one.octets[:3] == b"\x05\x00\x03"
            reference, count, number = one.octets[3:6]
            parts = whole.setdefault((one.destination, reference), {})
            parts[number] = one.octets[6:]
            if len(parts) == count:
                text = "".join(plain(one.coding, parts[n]) for n in range(1, count + 1))
                said.append((one.destination, text))
        return said

    async def report(self, number: str, state: str, *, option: bool = False) -> None:
        """Send a delivery receipt, in the text or in an option."""
        text = f"id:{number} sub:001 dlvrd:001 stat:{state} err:000 text:..."
        octets = b"" if option else text.encode()
        body = b"\0\1\1" + b"919\0" + b"\1\1" + b"ARGOSY\0"
        body += bytes([pdu.RECEIPT, 0, 0]) + b"\0\0" + bytes([0, 0, 0, 0, len(octets)]) + octets
        if option:
            code = next(n for n, word in pdu.STATES.items() if word == state)
            raw = number.encode() + b"\0"
            body += struct.pack(">HH", pdu.RECEIPTED_MESSAGE_ID, len(raw)) + raw
            body += struct.pack(">HHB", pdu.MESSAGE_STATE, 1, code)
        for line in self._lines:
            line.write(Unit(Command.DELIVER_SM, 0, 7_000, body).octets())

    async def ask_for_life(self) -> None:
        for line in self._lines:
            line.write(Unit(Command.ENQUIRE_LINK, 0, 8_000).octets())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        answering: set[asyncio.Task[None]] = set()
        try:
            while True:
                length, command, status, sequence = HEAD.unpack(await reader.readexactly(16))
                unit = Unit(command, status, sequence, await reader.readexactly(length - 16))
                self.units.append(unit)
                if not self.silent:
                    task = asyncio.create_task(self._answer(unit, writer))
                    answering.add(task)
                    task.add_done_callback(answering.discard)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            for task in answering:
                task.cancel()
            self._lines.discard(writer)
            writer.close()

    async def _answer(self, unit: Unit, writer: asyncio.StreamWriter) -> None:
        if unit.command & RESPONSE:
            return
        status, body = 0, b""
        if unit.command == Command.BIND_TRANSCEIVER:
            user, password = unit.body.split(b"\0")[:2]
            good = (user.decode(), password.decode()) == (USER, PASSWORD)
            self.binds += good
            status, body = (0 if good else pdu.Status.BAD_PASSWORD), b"CENTRE\0"
        elif unit.command == Command.SUBMIT_SM:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            await asyncio.sleep(self.slow_seconds)
            self.under_way -= 1
            status = self.answers.pop(0) if self.answers else 0
            if status == 0:
                self.got.append(pdu.submission(unit.body))
                body = f"m{len(self.got)}\0".encode()
        writer.write(Unit(unit.command | RESPONSE, status, unit.sequence, body).octets())
