"""The carrier over SMPP: connects when there is something to send, and again when the line was lost."""

from __future__ import annotations

import asyncio
import logging
import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

from argosy.base.clock import Clock
from argosy.public_services.notify.carriers import (
    Adapter,
    Carried,
    Handed,
    Hear,
    Means,
    Parcel,
    Way,
)
from argosy.public_services.notify.gsm import short
from argosy.public_services.notify.smpp import pdu
from argosy.public_services.notify.smpp.pdu import Command, Delivery, Status, Submission
from argosy.public_services.notify.smpp.session import (
    ENQUIRE_SECONDS,
    BindRefused,
    LineLost,
    Session,
)

NAME = "smpp"
SHAPE = "smpp://user:password@host:2775?from=ARGOSY"
WINDOW_MAX = 1_000
WAIT_FIRST_SECONDS = 1.0
WAIT_SECONDS_MAX = 60.0
HEAR_WAITS_SECONDS = (0.0, 0.5, 2.0, 5.0)
"""A receipt may come before its message is written down as sent: it is looked for again."""

_PORTS = {"smpp": 2775, "smpps": 3550}
_NEVER = frozenset(
    {
        Status.BAD_LENGTH,
        Status.BAD_SOURCE,
        Status.BAD_DESTINATION,
        Status.BAD_DESTINATION_TYPE,
    }
)
_ON_ITS_WAY = frozenset({"ENROUTE", "ACCEPTD", "UNKNOWN", "SCHEDULED"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Centre:
    """A message centre, and how it knows us. Numbers as senders are in E.164 or short; names have at
    most eleven letters."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    source: str = ""
    system_type: str = ""
    window: int = 10
    tls: bool = False
    enquire_seconds: float = ENQUIRE_SECONDS


def read(address: str) -> Centre:
    """`smpp://user:password@host:2775?from=ARGOSY&type=&window=10`; with `smpps:` over TLS. Raises
    ValueError, whose words repeat nothing of it."""
    parts = urlsplit(address)
    more = dict(parse_qsl(parts.query, keep_blank_values=True))
    try:
        port = parts.port or _PORTS[parts.scheme]
        window = int(more.pop("window", "10"))
    except ValueError:
        raise ValueError(f"must look like {SHAPE}") from None
    source, system_type = more.pop("from", ""), more.pop("type", "")
    if more or parts.path not in ("", "/") or not parts.hostname or not parts.username:
        raise ValueError(f"must look like {SHAPE}")
    if not 1 <= window <= WINDOW_MAX:
        raise ValueError(f"has a window that is not from 1 to {WINDOW_MAX}")
    if not _is_source(source):
        raise ValueError("has a sender (from=) that is no number and no name of up to 11 letters")
    user, password = unquote(parts.username), unquote(parts.password or "")
    if len(user) > 15 or len(password) > 8:
        raise ValueError("has a user of more than 15 or a password of more than 8 characters")
    tls = parts.scheme == "smpps"
    return Centre(parts.hostname, port, user, password, source, system_type, window, tls)


def _is_source(text: str) -> bool:
    digits = text.removeprefix("+")
    if digits.isdigit() and digits.isascii():
        return len(digits) <= 15
    return len(text) <= 11 and text.isascii() and (not text or text.isprintable())


class Smpp:
    """SMS over one message centre; a connection of each process."""

    name = NAME
    is_box = False

    def __init__(self, centre: Centre, clock: Clock, trust: ssl.SSLContext | None = None) -> None:
        self._centre = centre
        self._clock = clock
        self._trust = (trust or ssl.create_default_context()) if centre.tls else None
        self._session: Session | None = None
        self._opening = asyncio.Lock()
        self._hear: Hear | None = None
        self._wait_until: datetime | None = None
        self._wait_seconds = WAIT_FIRST_SECONDS

    def listen(self, hear: Hear) -> None:
        """Tell `hear` what the receipts say."""
        self._hear = hear

    async def carry(self, parcel: Parcel) -> Handed:
        """Send all parts of a letter. Where one is refused for good the letter is; where the line is
        lost in the middle it is sent again as a whole."""
        if parcel.phone is None:
            return Handed(Carried.NEVER, why="no phone")
        session = await self._open()
        if session is None:
            return Handed(Carried.LATER, why="no line to the message centre")
        message = short(parcel.text, parcel.id.bytes[-1])
        validity = _validity(parcel.expires_at, self._clock.now())
        parts = [
            Submission(
                self._centre.source,
                parcel.phone,
                octets,
                message.coding,
                message.with_header,
                validity,
            )
            for octets in message.parts
        ]
        references = []
        for part in parts:  # one after the other: a part refused spares the others
            try:
                answer = await session.ask(Command.SUBMIT_SM, part.body())
            except (LineLost, TimeoutError) as error:
                return Handed(Carried.LATER, why=str(error) or "no answer in time")
            if answer.status != Status.OK:
                return self._refused(answer.status)
            references.append(pdu.message_id(answer.body))
        return Handed(Carried.SENT, tuple(one for one in references if one))

    async def close(self) -> None:
        """Unbind."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    # within

    def _refused(self, status: int) -> Handed:
        if status in (Status.THROTTLED, Status.QUEUE_FULL):
            return Handed(Carried.LATER, why="the message centre is full")
        said = Carried.NEVER if status in _NEVER else Carried.LATER
        return Handed(said, why=f"status {status:#x}")

    async def _open(self) -> Session | None:
        async with self._opening:
            if self._session is not None and self._session.is_open:
                return self._session
            now = self._clock.now()
            if self._wait_until is not None and now < self._wait_until:
                return None
            lost, self._session = self._session, None
            if lost is not None:
                await lost.close(politely=False)
            try:
                self._session = await self._bind()
            except (BindRefused, OSError, TimeoutError, LineLost) as error:
                _log.error("smpp %s: %s", self._centre.host, str(error) or type(error).__name__)
                self._wait_until = now + timedelta(seconds=self._wait_seconds)
                self._wait_seconds = min(2 * self._wait_seconds, WAIT_SECONDS_MAX)
                return None
            self._wait_until, self._wait_seconds = None, WAIT_FIRST_SECONDS
            return self._session

    async def _bind(self) -> Session:
        centre = self._centre
        return await Session.open(
            centre.host,
            centre.port,
            pdu.bind(centre.user, centre.password, centre.system_type),
            self._delivered,
            window=centre.window,
            trust=self._trust,
            enquire_seconds=centre.enquire_seconds,
        )

    async def _delivered(self, delivery: Delivery) -> None:
        receipt = delivery.receipt
        if receipt is None or self._hear is None:
            return  # somebody has answered an SMS: nobody reads it here
        reference, word = receipt
        if word in _ON_ITS_WAY:
            return
        for seconds in HEAR_WAITS_SECONDS:
            await asyncio.sleep(seconds)
            if await self._hear(self.name, reference, word == "DELIVRD", word):
                return


def _validity(expires_at: datetime | None, now: datetime) -> str:
    """How long the centre may try, as SMPP writes a length of time; empty for its own usual one."""
    if expires_at is None:
        return ""
    seconds = max(int((expires_at - now).total_seconds()), 1)
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    return f"0000{min(days, 30):02}{hours:02}{minutes:02}{seconds:02}000R"


def make(centre: Centre, means: Means) -> Smpp:
    """The carrier of a centre."""
    return Smpp(centre, means.clock)


ADAPTER = Adapter(Way.SMS, ("smpp", "smpps"), read, make)
