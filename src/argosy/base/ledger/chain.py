"""The hash chain over the journal, recomputed: every lane read in order, segment by segment.

A batch of the group commit is a segment of one lane. Its hash covers the hash of the segment before it
and one line for each of its transfers. `docs/ledger.md` has the format, so that others can check it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from argosy.base.ledger.audit import Findings, Head
from argosy.base.store import Connection, Record

ENTRIES_AT_ONCE_MAX = 10_000
SEGMENTS_AT_ONCE_MAX = 2_000
FIRST_HASH = hashlib.sha256(b"").digest()
"""What stands before the first segment of every lane."""

_HEAD = re.compile(
    r"^\s*lane\s+([0-9]{1,4})\s+segment\s+([0-9]{1,18})\s+([0-9a-f]{64})\s*$", re.MULTILINE
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE_ALL, _AFTER_ALL = -(1 << 63), (1 << 63) - 1


def line(row: Record) -> str:
    """The text of a journal row that the hash chain covers: fifteen facts joined by `|`, nothing for
    a missing one, times in microseconds since 1970 UTC."""
    asked = row["asked"]
    return "|".join(
        (
            str(row["id"]),
            str(row["action"]),
            str(row["debit"]),
            str(row["credit"]),
            str(row["amount"]),
            str(row["released"]),
            "" if asked is None else str(asked),
            row["currency"],
            row["kind"],
            _id(row["order_id"]),
            _id(row["hold"]),
            str(row["up_to"]),
            _micros(row["expires_at"]),
            _micros(row["at"]),
            "1" if row["imported"] else "0",
        )
    )


def hash_of(before: bytes, lines: Sequence[str]) -> bytes:
    """The hash of a segment with these lines that follows one with the hash `before`."""
    return hashlib.sha256(before + "\n".join(lines).encode()).digest()


def _id(value: UUID | None) -> str:
    return "" if value is None else str(value)


def _micros(at: datetime | None) -> str:
    if at is None:
        return ""
    since = at - _EPOCH
    return str((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


@dataclass(slots=True)
class Lane:
    """One lane of the chain, read in order; `rows[at:]` are read and not used yet."""

    number: int
    rows: list[Record] = field(default_factory=list)
    at: int = 0
    segments: int = 0
    newest: int = 0
    hash: bytes = FIRST_HASH
    _read_to: int = _BEFORE_ALL
    _whole: bool = False

    async def fill(self, conn: Connection, findings: Findings | None) -> bool:
        """Have rows at hand, whole segments of them; False at the lane's end.

        With `findings` the chain is checked as it is read.
        """
        while self.at == len(self.rows) and not self._whole:
            segments = await conn.fetch(
                """SELECT * FROM (
                       SELECT *, sum(transfers) OVER (ORDER BY segment) - transfers AS before
                       FROM (SELECT * FROM ledger.segments WHERE lane = $1 AND segment > $2
                             ORDER BY segment LIMIT $3) s
                   ) s WHERE before < $4 ORDER BY segment""",
                self.number,
                self._read_to,
                SEGMENTS_AT_ONCE_MAX,
                ENTRIES_AT_ONCE_MAX,
            )
            self._whole = not segments
            until = segments[-1]["segment"] if segments else _AFTER_ALL
            self.rows = await conn.fetch(
                """SELECT * FROM ledger.transfers
                   WHERE lane = $1 AND segment > $2 AND segment <= $3 ORDER BY segment, position""",
                self.number,
                self._read_to,
                until,
            )
            self.at, self._read_to = 0, until
            if findings is not None:
                self._check(segments, findings)
        return self.at < len(self.rows)

    def _check(self, segments: Sequence[Record], findings: Findings) -> None:
        lines: dict[int, list[str]] = {}
        for row in self.rows:
            told = lines.setdefault(row["segment"], [])
            told.append(line(row))
            if row["position"] != len(told):
                where = f"{self._name(row['segment'])}, transfer {row['id']}"
                findings.add("chain", where, f"position {len(told)}", row["position"])
        for row in segments:
            number, where = row["segment"], self._name(row["segment"])
            self.segments += 1
            if number != self.newest + 1:
                findings.add("chain", where, f"segment {self.newest + 1}", f"segment {number}")
            mine = lines.pop(number, [])
            if len(mine) != row["transfers"]:
                findings.add("chain", where, f"{row['transfers']} transfers", len(mine))
            made = hash_of(self.hash, mine)
            if made != row["hash"]:
                findings.add("chain", where, f"hash {row['hash'].hex()}", f"hash {made.hex()}")
            self.newest, self.hash = number, row["hash"]
        for number, mine in lines.items():
            found = f"none, but {len(mine)} transfers"
            findings.add("chain", self._name(number), "a segment", found)

    def _name(self, segment: int) -> str:
        return f"lane {self.number}, segment {segment}"


def kept_heads(text: str) -> tuple[Head, ...]:
    """The heads in what an earlier `argosy ledger verify` printed, or in lines copied from it."""
    return tuple(Head(int(lane), int(segment), kept) for lane, segment, kept in _HEAD.findall(text))


async def compare_kept(conn: Connection, kept: Sequence[Head], findings: Findings) -> None:
    """Whether the chain, which was read and is sound up to its end, leads through the heads that were
    kept elsewhere: an older copy, a chain cut off or one written anew does not."""
    for head in kept:
        found = (
            FIRST_HASH
            if head.segment == 0
            else await conn.fetchval(
                "SELECT hash FROM ledger.segments WHERE lane = $1 AND segment = $2",
                head.lane,
                head.segment,
            )
        )
        if found is None or found.hex() != head.hash:
            where = f"kept head of lane {head.lane}, segment {head.segment}"
            said = "no such segment" if found is None else f"hash {found.hex()}"
            findings.add("chain", where, f"hash {head.hash}", said)


async def lanes_of(conn: Connection) -> list[Lane]:
    """Every lane that is named anywhere."""
    rows = await conn.fetch(
        "SELECT lane FROM ledger.lanes UNION SELECT lane FROM ledger.segments"
        " UNION SELECT lane FROM ledger.transfers ORDER BY lane"
    )
    return [Lane(row["lane"]) for row in rows]


async def compare_heads(
    conn: Connection, lanes: Sequence[Lane], findings: Findings
) -> tuple[Head, ...]:
    """Once the lanes are read: whether the ledger goes on from where they end."""
    rows = await conn.fetch("SELECT * FROM ledger.lanes")
    kept = {row["lane"]: f"segment {row['segment']}, hash {row['hash'].hex()}" for row in rows}
    for lane in lanes:
        last = f"segment {lane.newest}, hash {lane.hash.hex()}"
        if kept.get(lane.number) != last:
            where = f"head of lane {lane.number}"
            findings.add("chain", where, last, kept.get(lane.number, "none"))
    return tuple(Head(lane.number, lane.newest, lane.hash.hex()) for lane in lanes)
