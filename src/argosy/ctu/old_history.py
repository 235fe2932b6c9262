"""What the brain remembers of accounts, and of crowds around a payee or a network.

Everything here is the same in whatever order the same operations are added, as long as none is added
twice; so a brain that was restarted, and one that never stopped, know the same.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from argosy.base.refusals import must

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
SLACK_MS = HOUR_MS
"""Kept beyond a day, because the clocks of processes differ and some read a little behind."""

RECENT_MAX = 256
"""The newest operations of an account that are kept one by one; older ones of the day are kept as
sums over `OLDER_MS`, which counts them a little too long rather than too short."""

OLDER_MS = 24 * MINUTE_MS
CROWD_MAX = 64
"""The newest members of a crowd that are kept; larger crowds count as this many."""

_FORMAT = 1
_LOW_63 = (1 << 63) - 1


def mark(id_: UUID) -> int:
    """63 bits that stand for an id where space counts; ids in use do not collide in practice."""
    return (id_.int ^ (id_.int >> 64)) & _LOW_63


Key = tuple[str, Any]
"""What is remembered: ("account", party), ("pair", (payer, payee)), ("device", device) or
("crowd", name)."""


@dataclass(slots=True)
class Observation:
    """One operation that moved or reserved money, as the brain learns it. `at_ms` is UTC.

    `counts`: it belongs into velocity. `trusted`: it belongs into habits, known payees and known
    devices, which what a human still has to look at does not. `payee` is the payee's id, or a name
    for somebody without a wallet. `crowd_payee` and `crowd_network` name crowds to count it in, as
    `member` where the one who pays is not the party.
    """

    party: UUID
    at_ms: int
    minor: int
    outgoing: bool
    counts: bool
    trusted: bool
    device: UUID | None = None
    payee: UUID | None = None
    crowd_payee: str | None = None
    crowd_network: str | None = None
    member: UUID | None = None

    def changes(self) -> list[Key]:
        """Everything that it changes."""
        found: list[Key] = [("account", self.party)]
        if self.payee is not None:
            found.append(("pair", (self.party, self.payee)))
        if self.device is not None:
            found.append(("device", self.device))
        if self.crowd_payee is not None:
            found.append(("crowd", self.crowd_payee))
        if self.crowd_network is not None:
            found.append(("crowd", self.crowd_network))
        return found


class Account:
    """The operations of one party: the last day one by one, all of them as totals."""

    __slots__ = ("count", "devices", "hours", "minors", "older", "squares", "times", "total")

    def __init__(self) -> None:
        self.times = array("q")
        self.minors = array("q")
        self.devices = array("q")
        self.older: dict[int, tuple[int, int]] | None = None
        self.count = 0
        self.total = 0
        self.squares = 0
        self.hours: list[int] | None = None

    def add(self, seen: Observation) -> None:
        """Remember one operation; only money that goes out is counted."""
        if not seen.outgoing:
            return
        if seen.counts:
            self._add_recent(seen.at_ms, seen.minor, mark(seen.device) if seen.device else 0)
        if seen.trusted:
            self.count += 1
            self.total += seen.minor
            self.squares += seen.minor * seen.minor
            if self.hours is None:
                self.hours = [0] * 24
            self.hours[seen.at_ms // HOUR_MS % 24] += 1

    def _add_recent(self, at_ms: int, minor: int, device: int) -> None:
        times = self.times
        where = len(times) if not times or at_ms >= times[-1] else bisect_right(times, at_ms)
        times.insert(where, at_ms)
        self.minors.insert(where, minor)
        self.devices.insert(where, device)
        horizon = times[-1] - DAY_MS - SLACK_MS
        if times[0] <= horizon:
            gone = bisect_right(times, horizon)
            del times[:gone], self.minors[:gone], self.devices[:gone]
        while len(times) > RECENT_MAX:
            self._add_older(times[0], self.minors[0])
            del times[0], self.minors[0], self.devices[0]
        if self.older:
            limit = horizon // OLDER_MS
            if min(self.older) < limit:
                self.older = {k: v for k, v in self.older.items() if k >= limit}

    def _add_older(self, at_ms: int, minor: int) -> None:
        if self.older is None:
            self.older = {}
        bucket = at_ms // OLDER_MS
        count, total = self.older.get(bucket, (0, 0))
        self.older[bucket] = (count + 1, total + minor)

    def within(self, since_ms: int) -> tuple[int, int]:
        """How many operations after `since_ms`, and the sum of their minor units."""
        start = bisect_right(self.times, since_ms)
        count = len(self.times) - start
        if not count:
            return 0, 0
        total = sum(self.minors[start:])
        if self.older and start == 0:
            for bucket, (more, minor) in self.older.items():
                if (bucket + 1) * OLDER_MS > since_ms:
                    count += more
                    total += minor
        return count, total

    def within_by(self, since_ms: int, device: int) -> tuple[int, int]:
        """As `within`, of one device (by `mark`), among the operations kept one by one."""
        start = bisect_right(self.times, since_ms)
        count = total = 0
        for n in range(start, len(self.times)):
            if self.devices[n] == device:
                count += 1
                total += self.minors[n]
        return count, total

    def one_device(self) -> int | None:
        """The only device of the operations kept one by one; None where there are several."""
        first = self.devices[0] if self.devices else 0
        return first if self.devices.count(first) == len(self.devices) else None

    def pack(self) -> bytes:
        """The account as bytes for its row."""
        older = sorted((k, *v) for k, v in self.older.items()) if self.older else None
        return msgspec.msgpack.encode(
            (
                _FORMAT,
                self.times.tobytes(),
                self.minors.tobytes(),
                self.devices.tobytes(),
                older,
                self.count,
                str(self.total),
                str(self.squares),
                self.hours,
            )
        )

    @classmethod
    def unpack(cls, packed: bytes) -> Account:
        """The account that `pack` wrote."""
        facts: list[Any] = msgspec.msgpack.decode(packed)
        must(facts[0] == _FORMAT, "an account packed in a form nobody knows", form=facts[0])
        account = cls()
        account.times.frombytes(facts[1])
        account.minors.frombytes(facts[2])
        account.devices.frombytes(facts[3])
        account.older = {k: (n, total) for k, n, total in facts[4]} if facts[4] else None
        account.count, account.total, account.squares = facts[5], int(facts[6]), int(facts[7])
        account.hours = facts[8]
        return account


class Crowd:
    """Who was seen somewhere, and in which hour last: the newest `CROWD_MAX` of the last day."""

    __slots__ = ("members",)

    def __init__(self) -> None:
        self.members: dict[int, int] = {}

    def add(self, member: int, at_ms: int) -> None:
        """`member` (by `mark`) was seen."""
        hour = at_ms // HOUR_MS
        if self.members.get(member, -1) >= hour:
            return
        self.members[member] = hour
        if len(self.members) > CROWD_MAX:
            del self.members[min(self.members, key=lambda m: (self.members[m], m))]

    def within_day(self, now_ms: int, besides: int | None = None) -> int:
        """How many were seen in the last 24 hours, counted by whole hours, and `besides` with them."""
        since = now_ms // HOUR_MS - 24
        count = sum(1 for hour in self.members.values() if hour >= since)
        return count + (besides is not None and self.members.get(besides, -1) < since)

    def pack(self) -> bytes:
        return msgspec.msgpack.encode((_FORMAT, sorted(self.members.items())))

    @classmethod
    def unpack(cls, packed: bytes) -> Crowd:
        facts: list[Any] = msgspec.msgpack.decode(packed)
        must(facts[0] == _FORMAT, "a crowd packed in a form nobody knows", form=facts[0])
        crowd = cls()
        crowd.members = dict(facts[1])
        return crowd
