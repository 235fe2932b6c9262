"""The units that SMPP 3.4 speaks in, as octets and back: those that a client needs."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from enum import IntEnum

HEAD = struct.Struct(">IIII")
PDU_BYTES_MAX = 70_000
RESPONSE = 0x80000000
VERSION = 0x34


class Command(IntEnum):
    """Kinds of units. The response to one has `RESPONSE` added."""

    UNBIND = 0x06
    BIND_TRANSCEIVER = 0x09
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    ENQUIRE_LINK = 0x15
    GENERIC_NACK = 0x80000000


class Status(IntEnum):
    """What a message centre says, as far as it matters to us."""

    OK = 0x00
    BAD_LENGTH = 0x01
    SYSTEM_ERROR = 0x08
    BAD_SOURCE = 0x0A
    BAD_DESTINATION = 0x0B
    BIND_FAILED = 0x0D
    BAD_PASSWORD = 0x0E
    BAD_SYSTEM_ID = 0x0F
    QUEUE_FULL = 0x14
    BAD_DESTINATION_TYPE = 0x50
    THROTTLED = 0x58


RECEIPTED_MESSAGE_ID = 0x001E
MESSAGE_STATE = 0x0427
STATES = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
INTERNATIONAL, ALPHANUMERIC, UNKNOWN_TYPE = 1, 5, 0
ISDN_PLAN = 1
WITH_HEADER = 0x40
RECEIPT_BITS, RECEIPT = 0x3C, 0x04
_ID = re.compile(rb"\bid:(\S+)")
_STAT = re.compile(rb"\bstat:(\w+)")


class BadUnit(Exception):
    """What came is not SMPP."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit on the wire."""

    command: int
    status: int
    sequence: int
    body: bytes = field(default=b"", repr=False)

    def octets(self) -> bytes:
        """As it goes over the wire."""
        return HEAD.pack(16 + len(self.body), self.command, self.status, self.sequence) + self.body


@dataclass(frozen=True, slots=True)
class Submission:
    """A short message to be sent, one part of a text: `octets` with its header where there is one."""

    source: str
    destination: str
    octets: bytes = field(repr=False)
    coding: int = 0
    with_header: bool = False
    validity: str = ""

    def body(self) -> bytes:
        """As submit_sm carries it; a receipt is asked for."""
        kind, plan = _kind_of(self.source)
        return b"".join(
            (
                b"\0",
                bytes([kind, plan]),
                _c(self.source),
                bytes([INTERNATIONAL, ISDN_PLAN]),
                _c(self.destination),
                bytes([WITH_HEADER if self.with_header else 0, 0, 0]),
                b"\0",
                _c(self.validity),
                bytes([1, 0, self.coding, 0, len(self.octets)]),
                self.octets,
            )
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """A unit from the message centre to us: a receipt, or a message from a phone."""

    source: str = field(repr=False)
    destination: str = field(repr=False)
    esm_class: int = 0
    coding: int = 0
    octets: bytes = field(default=b"", repr=False)
    options: dict[int, bytes] = field(default_factory=dict, repr=False)

    @property
    def receipt(self) -> tuple[str, str] | None:
        """Number and state (`DELIVRD`, ...) of the message that it reports on; None for anything
        else."""
        if self.esm_class & RECEIPT_BITS != RECEIPT:
            return None
        said, state = _ID.search(self.octets), _STAT.search(self.octets)
        number = self.options.get(RECEIPTED_MESSAGE_ID, b"").rstrip(b"\0") or (
            said[1] if said else b""
        )
        code = self.options.get(MESSAGE_STATE, b"")
        word = (
            STATES.get(code[0], "UNKNOWN") if code else (state[1].decode().upper() if state else "")
        )
        return (number.decode("ascii", "replace"), word) if number and word else None


def bind(system_id: str, password: str, system_type: str) -> bytes:
    """The body of bind_transceiver."""
    return _c(system_id) + _c(password) + _c(system_type) + bytes([VERSION, 0, 0]) + b"\0"


def submission(body: bytes) -> Submission:
    """Read a submit_sm, as a message centre does. Raises `BadUnit`."""
    head, source, destination, esm, after = _addressed(body)
    validity, rest = _text(_text(after)[1])
    _ = head
    if len(rest) < 5 or len(rest) < 5 + rest[4]:
        raise BadUnit("a submit_sm that ends too early")
    return Submission(
        source, destination, rest[5 : 5 + rest[4]], rest[2], bool(esm & WITH_HEADER), validity
    )


def delivery(body: bytes) -> Delivery:
    """Read a deliver_sm. Raises `BadUnit`."""
    _, source, destination, esm, after = _addressed(body)
    rest = _text(_text(after)[1])[1]
    if len(rest) < 5 or len(rest) < 5 + rest[4]:
        raise BadUnit("a deliver_sm that ends too early")
    octets, options, tail = rest[5 : 5 + rest[4]], {}, rest[5 + rest[4] :]
    while len(tail) >= 4:
        tag, length = struct.unpack(">HH", tail[:4])
        options[tag] = tail[4 : 4 + length]
        tail = tail[4 + length :]
    return Delivery(source, destination, esm, rest[2], octets, options)


def message_id(body: bytes) -> str:
    """The number in a submit_sm_resp."""
    return body.split(b"\0", 1)[0].decode("ascii", "replace")


def _addressed(body: bytes) -> tuple[str, str, str, int, bytes]:
    service, rest = _text(body)
    source, rest = _text(rest[2:])
    destination, rest = _text(rest[2:])
    if len(rest) < 3:
        raise BadUnit("a unit that ends too early")
    return service, source, destination, rest[0], rest[3:]


def _text(octets: bytes) -> tuple[str, bytes]:
    text, end, rest = octets.partition(b"\0")
    if not end:
        raise BadUnit("a text without its end")
    return text.decode("latin-1"), rest


def _kind_of(source: str) -> tuple[int, int]:
    if source.startswith("+"):
        return INTERNATIONAL, ISDN_PLAN
    return (UNKNOWN_TYPE, UNKNOWN_TYPE) if source.isdigit() or not source else (ALPHANUMERIC, 0)


def _c(text: str) -> bytes:
    return text.removeprefix("+").encode("latin-1", "replace").replace(b"\0", b"") + b"\0"
