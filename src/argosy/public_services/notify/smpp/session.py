"""One bound connection to a message centre: requests with a window, answers by their number, life signs."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress

from argosy.public_services.notify.smpp import pdu
from argosy.public_services.notify.smpp.pdu import BadUnit, Command, Delivery, Status, Unit

CONNECT_SECONDS_MAX = 10.0
ANSWER_SECONDS_MAX = 15.0
ENQUIRE_SECONDS = 30.0
GOODBYE_SECONDS_MAX = 2.0
SEQUENCE_MAX = 0x7FFFFFFF

OnDelivery = Callable[[Delivery], Awaitable[None]]

_log = logging.getLogger(__name__)


class BindRefused(Exception):
    """The message centre does not let us in."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the message centre does not let us in: status {status:#x}")
        self.status = status


class LineLost(Exception):
    """The connection ended before the answer came: the message may have gone or not."""


class Session:
    """A transceiver. Of several requests at most `window` wait for their answers at a time."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_delivery: OnDelivery,
        window: int,
        enquire_seconds: float,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._on_delivery = on_delivery
        self._window = asyncio.Semaphore(window)
        self._enquire_seconds = enquire_seconds
        self._waiting: dict[int, asyncio.Future[Unit]] = {}
        self._sequence = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._deliveries: set[asyncio.Task[None]] = set()
        self.is_open = True

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        body: bytes,
        on_delivery: OnDelivery,
        *,
        window: int = 10,
        trust: ssl.SSLContext | None = None,
        enquire_seconds: float = ENQUIRE_SECONDS,
    ) -> Session:
        """Connect and bind with `body`. Raises `BindRefused`, OSError, TimeoutError or `LineLost`."""
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            reader, writer = await asyncio.open_connection(host, port, ssl=trust)
        session = cls(reader, writer, on_delivery, window, enquire_seconds)
        session._tasks.append(asyncio.create_task(session._read(), name="smpp"))
        try:
            answer = await session.ask(Command.BIND_TRANSCEIVER, body)
            if answer.status != Status.OK:
                raise BindRefused(answer.status)
        except BaseException:
            await session.close(politely=False)
            raise
        session._tasks.append(asyncio.create_task(session._enquire(), name="smpp life signs"))
        return session

    async def ask(self, command: Command, body: bytes = b"") -> Unit:
        """Send a request and wait for its answer. Raises `LineLost` and TimeoutError."""
        async with self._window:
            if not self.is_open:
                raise LineLost("the connection is closed")
            self._sequence = self._sequence % SEQUENCE_MAX + 1
            sequence = self._sequence
            answer: asyncio.Future[Unit] = asyncio.get_running_loop().create_future()
            self._waiting[sequence] = answer
            try:
                self._write(Unit(command, Status.OK, sequence, body))
                async with asyncio.timeout(ANSWER_SECONDS_MAX):
                    await self._writer.drain()
                    return await answer
            except OSError as error:
                self._lose(error)
                raise LineLost(str(error)) from error
            finally:
                self._waiting.pop(sequence, None)

    async def close(self, *, politely: bool = True) -> None:
        """Unbind and hang up; whoever waits for an answer gets `LineLost`."""
        if politely and self.is_open:
            with suppress(LineLost, TimeoutError):
                async with asyncio.timeout(GOODBYE_SECONDS_MAX):
                    await self.ask(Command.UNBIND)
        self._lose(LineLost("closed"))
        tasks = [*self._tasks, *self._deliveries]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(OSError, ssl.SSLError):
            await self._writer.wait_closed()

    # within

    def _write(self, unit: Unit) -> None:
        self._writer.write(unit.octets())

    def _lose(self, why: BaseException) -> None:
        if self.is_open:
            self.is_open = False
            self._writer.close()
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(LineLost(str(why) or type(why).__name__))

    async def _read(self) -> None:
        try:
            while True:
                self._take(await self._next())
        except (asyncio.IncompleteReadError, OSError, BadUnit) as error:
            if self.is_open:
                _log.warning("smpp: the line is lost: %s", error)
            self._lose(error)

    async def _next(self) -> Unit:
        head = await self._reader.readexactly(pdu.HEAD.size)
        length, command, status, sequence = pdu.HEAD.unpack(head)
        if not pdu.HEAD.size <= length <= pdu.PDU_BYTES_MAX:
            raise BadUnit(f"a unit of {length} octets")
        body = await self._reader.readexactly(length - pdu.HEAD.size)
        return Unit(command, status, sequence, body)

    def _take(self, unit: Unit) -> None:
        if unit.command & pdu.RESPONSE:
            answer = self._waiting.get(unit.sequence)
            if answer is not None and not answer.done():
                answer.set_result(unit)
        elif unit.command == Command.ENQUIRE_LINK:
            self._answer(unit)
        elif unit.command == Command.DELIVER_SM:
            task = asyncio.create_task(self._deliver(unit))
            self._deliveries.add(task)
            task.add_done_callback(self._deliveries.discard)
        elif unit.command == Command.UNBIND:
            self._answer(unit)
            self._lose(LineLost("the message centre has hung up"))
        else:
            self._write(Unit(Command.GENERIC_NACK, 0x03, unit.sequence))

    async def _deliver(self, unit: Unit) -> None:
        """Hear a receipt first and answer then: one that was not heard is sent again."""
        status = Status.OK
        try:
            await self._on_delivery(pdu.delivery(unit.body))
        except BadUnit as error:
            _log.warning("smpp: a delivery that cannot be read: %s", error)
        except Exception:  # noqa: BLE001 - whoever hears is somebody else; the centre asks again
            _log.exception("smpp: a delivery was not heard")
            status = Status.SYSTEM_ERROR
        if self.is_open:
            self._answer(unit, status)

    def _answer(self, unit: Unit, status: int = Status.OK) -> None:
        body = b"\0" if unit.command == Command.DELIVER_SM else b""
        self._write(Unit(unit.command | pdu.RESPONSE, status, unit.sequence, body))

    async def _enquire(self) -> None:
        """A line on which nothing comes back any more is found before a message is lost on it."""
        while self.is_open:
            await asyncio.sleep(self._enquire_seconds)
            try:
                await self.ask(Command.ENQUIRE_LINK)
            except (LineLost, TimeoutError) as error:
                if self.is_open:
                    _log.warning("smpp: no sign of life: %s", error)
                self._lose(LineLost("no sign of life"))
