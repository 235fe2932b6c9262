"""Verdicts as bytes, with all that it takes to come to them again: the event, the vector of facts, the
scores, and what was said. Many together take little room, and one costs a few microseconds.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from argosy.base.ports import Decision, Hit
from argosy.base.refusals import must
from argosy.ctu.decide.decider import Judged
from argosy.ctu.events import Event

Vector = NDArray[np.float64]

FORMAT: Final = 1
_LEVEL: Final = 1
_INT_MAX: Final = 2**31 - 1
_BYTE_MAX: Final = 255


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What one verdict said, where that was more than a plain yes."""

    decision: Decision = Decision.ALLOW
    challenge: str | None = None
    hits: tuple[Hit, ...] = ()
    unevaluated: tuple[str, ...] = ()
    answered: bool = False


class Evidence(msgspec.Struct, frozen=True):
    """One verdict, unpacked. `facts` and `scores` are float64, NaN where a value was missing, in the
    order that the verdict's version says (`Made`). `event` is None where the block was packed without
    events: the history has the one whose id is `event_id`."""

    id: UUID
    event_id: UUID
    event: Event | None
    answer: Answer
    score: float
    facts: Any
    scores: Any


class _Block(msgspec.Struct, frozen=True, array_like=True):
    form: int
    said: bytes  # compressed: events and answers are texts that repeat
    ids: bytes
    event_ids: bytes
    score: bytes
    shape: tuple[int, int]
    facts_count: int
    kinds: bytes  # compressed: in a column most numbers are of one kind
    bytes_: bytes
    ints: bytes
    floats: bytes


class _Said(msgspec.Struct, frozen=True, array_like=True):
    events: tuple[Event, ...]
    answers: dict[int, Answer]


_PLAIN = Answer()
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Block).decode
_decode_said = msgspec.msgpack.Decoder(_Said).decode


def pack(verdicts: Sequence[Judged], *, events: bool = True) -> bytes:
    """`verdicts`, all of one version, as bytes. Every number comes back bit by bit. Without `events`
    it takes half the room, and the events are those of the history."""
    must(len(verdicts) > 0, "nothing to pack")
    facts = np.array([one.facts for one in verdicts], np.float64)
    scores = np.array([one.scores for one in verdicts], np.float64)
    cells = np.ascontiguousarray(np.hstack((facts, scores)).T)  # a column's numbers are alike
    kinds, small, ints, floats = _split(cells.reshape(-1))
    said = _Said(
        tuple(one.event for one in verdicts) if events else (),
        {n: answer for n, one in enumerate(verdicts) if (answer := _answer(one)) is not None},
    )
    block = _Block(
        FORMAT,
        zlib.compress(_encode(said), _LEVEL),
        b"".join([one.id.bytes for one in verdicts]),
        b"".join([one.event.id.bytes for one in verdicts]),
        np.array([one.score for one in verdicts]).tobytes(),
        (cells.shape[0], cells.shape[1]),
        facts.shape[1],
        zlib.compress(kinds, _LEVEL),
        small,
        ints,
        floats,
    )
    return _encode(block)


def unpack(packed: bytes) -> list[Evidence]:
    """The verdicts that `pack` wrote."""
    block = _decode(packed)
    must(block.form == FORMAT, "verdicts packed in a form nobody knows", form=block.form)
    said = _decode_said(zlib.decompress(block.said))
    rows = _join(block).reshape(block.shape).T
    score = np.frombuffer(block.score, np.float64)
    ids, event_ids = _ids(block.ids), _ids(block.event_ids)
    return [
        Evidence(
            ids[n],
            event_ids[n],
            said.events[n] if said.events else None,
            said.answers.get(n, _PLAIN),
            float(score[n]),
            np.ascontiguousarray(rows[n, : block.facts_count]),
            np.ascontiguousarray(rows[n, block.facts_count :]),
        )
        for n in range(len(ids))
    ]


def search(packed: bytes, wanted: UUID) -> list[Evidence]:
    """The verdicts of a block that have the id `wanted`, or whose event has it."""
    block = _decode(packed)
    if wanted.bytes not in block.ids and wanted.bytes not in block.event_ids:
        return []
    return [one for one in unpack(packed) if wanted in (one.id, one.event_id)]


def _ids(raw: bytes) -> list[UUID]:
    return [UUID(bytes=raw[n : n + 16]) for n in range(0, len(raw), 16)]


def _answer(one: Judged) -> Answer | None:
    if one.decision is Decision.ALLOW and not (one.hits or one.unevaluated or one.answered):
        return None
    return Answer(one.decision, one.challenge, one.hits, one.unevaluated, one.answered)


def _split(cells: Vector) -> tuple[bytes, bytes, bytes, bytes]:
    """A letter of four a number: missing, a whole number of one byte, one of four, anything else in
    eight. The letters, and the numbers of each."""
    small = np.abs(cells) <= _INT_MAX  # not so for what is missing
    ints = np.where(small, cells, 0.0).astype(np.int32)
    whole = small & (ints == cells)
    whole &= (ints != 0) | (cells.view(np.int64) == 0)  # minus zero is no whole number
    tiny = whole & (ints >= 0) & (ints <= _BYTE_MAX)
    whole &= ~tiny
    other = ~(tiny | whole | np.isnan(cells))
    kinds = np.packbits(np.concatenate((tiny | other, whole | other))).tobytes()
    return (
        kinds,
        ints[tiny].astype(np.uint8).tobytes(),
        ints[whole].tobytes(),
        cells[other].tobytes(),
    )


def _join(block: _Block) -> Vector:
    size = block.shape[0] * block.shape[1]
    packed = np.frombuffer(zlib.decompress(block.kinds), np.uint8)
    bits = np.unpackbits(packed, count=2 * size).astype(np.bool_)
    first, second = bits[:size], bits[size:]
    cells = np.full(size, np.nan)
    cells[first & ~second] = np.frombuffer(block.bytes_, np.uint8)
    cells[second & ~first] = np.frombuffer(block.ints, np.int32)
    cells[first & second] = np.frombuffer(block.floats, np.float64)
    return cells
