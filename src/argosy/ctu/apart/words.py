"""What goes over the line between the processes that take money and the one that judges.

A frame is its length in four bytes, then MessagePack. Whatever came up in one turn of the event loop
goes in one frame, either way.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import msgspec

from argosy.base.ports import Decision, Hit
from argosy.base.refusals import Bug
from argosy.ctu.events import Event

LENGTH_BYTES: Final = 4
FRAME_BYTES_MAX: Final = 64 << 20
NOBODY_WAITS: Final = 0


class Ask(msgspec.Struct, array_like=True):
    """What is said of `event`? The answer bears the same number."""

    number: int
    event: Event


class Told(msgspec.Struct, array_like=True):
    """What became of the event of a verdict. Where `number` is not 0 somebody waits until it is kept."""

    number: int
    verdict: UUID
    outcome: str


class Question(msgspec.Struct, array_like=True):
    """A frame to the brain."""

    asks: list[Ask]
    told: list[Told]


class Said(msgspec.Struct, array_like=True):
    """A verdict. `packed` is its evidence, where the log will want it with the money."""

    number: int
    id: UUID
    decision: Decision
    score: float
    version: str
    hits: tuple[Hit, ...] = ()
    challenge: str | None = None
    unevaluated: tuple[str, ...] = ()
    answered: bool = False
    packed: bytes = b""


class Failed(msgspec.Struct, array_like=True):
    """No verdict, or nothing kept, and why; `outage`: it may go better in a while."""

    number: int
    why: str
    outage: bool


class Answer(msgspec.Struct, array_like=True):
    """A frame from the brain. `kept` are the numbers of what was told and is durable now."""

    ready: bool
    said: list[Said]
    kept: list[int]
    failed: list[Failed]


class Frames:
    """Takes bytes as they come and gives whole frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def take(self, data: bytes) -> list[bytes]:
        """The frames that are whole now. Raises `Bug` where this cannot be the other side."""
        buffer = self._buffer
        buffer += data
        found, at = [], 0
        while len(buffer) - at >= LENGTH_BYTES:
            length = int.from_bytes(buffer[at : at + LENGTH_BYTES])
            if length > FRAME_BYTES_MAX:
                raise Bug(f"a frame of {length} bytes")
            end = at + LENGTH_BYTES + length
            if len(buffer) < end:
                break
            found.append(bytes(buffer[at + LENGTH_BYTES : end]))
            at = end
        del buffer[:at]
        return found


_encoder = msgspec.msgpack.Encoder()
read_question = msgspec.msgpack.Decoder(Question).decode
read_answer = msgspec.msgpack.Decoder(Answer).decode


def frame(content: Any) -> bytes:
    """`content` on the line."""
    body = _encoder.encode(content)
    return len(body).to_bytes(LENGTH_BYTES) + body
