"""What is in flight: judged, and not yet known to have been made or not.

They count into velocity, so that many at once do not all see the same quiet minute before them. Those
of other processes are not seen here until they are in the log.
"""

from __future__ import annotations

from uuid import UUID

from argosy.base.ports import Operation

_NONE = (0, 0)

Flying = dict[UUID, tuple[int, int]]


class Flights:
    """Operations in flight by party and by device: operation -> (time in ms, minor units)."""

    def __init__(self, flight_ms_max: int) -> None:
        self._flight_ms_max = flight_ms_max
        self._by_party: dict[UUID, Flying] = {}
        self._by_device: dict[UUID, Flying] = {}

    def start(self, operation: Operation, now_ms: int) -> None:
        """`operation` was judged; judged again, it flies once."""
        flight = now_ms, operation.money.minor
        self._by_party.setdefault(operation.party, {})[operation.id] = flight
        if operation.device is not None:
            self._by_device.setdefault(operation.device, {})[operation.id] = flight

    def end(self, operation: Operation) -> None:
        """It is known what became of `operation`."""
        _land(self._by_party, operation.party, operation.id)
        if operation.device is not None:
            _land(self._by_device, operation.device, operation.id)

    def of_party(self, operation: Operation, now_ms: int) -> tuple[int, int]:
        """How many others of the same party fly, and their minor units."""
        return self._sum(self._by_party, operation.party, operation.id, now_ms)

    def of_device(self, operation: Operation, now_ms: int) -> tuple[int, int]:
        """As `of_party`, from the same device."""
        if operation.device is None:
            return _NONE
        return self._sum(self._by_device, operation.device, operation.id, now_ms)

    def _sum(
        self, flying_by: dict[UUID, Flying], key: UUID, me: UUID, now_ms: int
    ) -> tuple[int, int]:
        flying = flying_by.get(key)
        if not flying:
            return _NONE
        since = now_ms - self._flight_ms_max
        forgotten = [one for one, (at_ms, _) in flying.items() if at_ms < since]
        for one in forgotten:
            _land(flying_by, key, one)
        others = [minor for one, (_, minor) in flying.items() if one != me]
        return len(others), sum(others)


def _land(flying_by: dict[UUID, Flying], key: UUID, operation: UUID) -> None:
    flying = flying_by.get(key)
    if flying is not None:
        flying.pop(operation, None)
        if not flying:
            del flying_by[key]
