"""Which columns models may read, and the matrix of them: the same in line and off line.

A column is a fact (`account.count_1h`), or something of the event itself (`event.amount`,
`event.hour`, `event.weekday`, `event.<attribute>` where that is a number).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from argosy.ctu.events import Event
from argosy.ctu.models.facts import Matrix

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
NAN = float("nan")
OWN = ("event.amount", "event.hour", "event.weekday")
"""What every event has. The hour is a whole number 0-23, the weekday 0 (Monday) to 6, both at the
market's UTC offset that was handed in."""


class Features:
    """The vector that all models of a panel share.

    `facts` are the fact columns in the order of the fact vector; `attributes` the names of numeric
    attributes of events. `columns` is the order of the matrix: facts, `OWN`, attributes.
    """

    def __init__(
        self, facts: Sequence[str], attributes: Sequence[str] = (), utc_offset_minutes: int = 0
    ) -> None:
        self.facts = tuple(facts)
        self.attributes = tuple(attributes)
        self.columns = (*self.facts, *OWN, *(f"event.{name}" for name in self.attributes))
        self._offset_ms = utc_offset_minutes * 60_000
        self._places = {n: at for at, n in enumerate(self.attributes, len(self.facts) + len(OWN))}

    def matrix(self, events: Sequence[Event], facts: Matrix) -> Matrix:
        """A new matrix (len(events), len(columns)) of `facts` (len(events), len(self.facts)) and of
        what the events say themselves."""
        made = np.empty((len(events), len(self.columns)))
        for row, event in enumerate(events):
            self.fill(made[row], event, facts[row])
        return made

    def fill(self, row: Matrix, event: Event, facts: Matrix) -> None:
        """Write the features of one event into `row`, which has len(columns) numbers."""
        count = len(self.facts)
        row[:count] = facts
        local_ms = event.at_ms + self._offset_ms
        row[count] = event.amount
        row[count + 1] = local_ms // HOUR_MS % 24
        row[count + 2] = (local_ms // DAY_MS + 3) % 7  # the first of January 1970 was a Thursday
        row[count + 3 :] = NAN
        for name, value in event.attributes.items():
            at = self._places.get(name)
            if at is not None:
                row[at] = number(value)


def number(value: object) -> float:
    """A sender's own value as a feature: numbers and yes or no; anything else is missing (NaN)."""
    return float(value) if isinstance(value, int | float) else float("nan")
