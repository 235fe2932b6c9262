"""The on-line engine over a log in memory: its own code folds and reads, states lie in dicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from argosy.ctu.events import Event, Label
from argosy.ctu.facts.declared import FactSet
from argosy.ctu.facts.kernel import Kernel
from tests.ctu.offline.oracle import Entry


class OnLine:
    """One process that reads the whole log, each event before it is folded."""

    def __init__(self, facts: FactSet) -> None:
        self.kernel = Kernel(facts)
        self._states = [{} for _ in range(self.kernel.size)]
        self._told: dict = {}
        self._bad: dict = {}

    def rows(self, log: Sequence[Entry]) -> np.ndarray:
        """One row an event, in the order of the log."""
        rows = []
        for number, entry in enumerate(log, 1):
            said = entry.said
            if isinstance(said, Label):
                self._label(said, number)
                continue
            rows.append(np.frombuffer(self.kernel.read(said, *self._at(said, reading=True))))
            self.kernel.fold(said, entry.outcome, number, *self._at(said))
            self._told.setdefault(said.id, []).append(entry)
        return np.array(rows)

    def _label(self, label: Label, number: int) -> None:
        by = int(label.bad) - int(self._bad.get(label.event, False))
        self._bad[label.event] = label.bad
        for entry in self._told.get(label.event, ()) if by else ():
            event = entry.said
            self.kernel.mark(event, entry.outcome, by, number, *self._at(event))

    def _at(self, event: Event, *, reading: bool = False):
        keys = self.kernel.read_keys(event) if reading else self.kernel.fold_keys(event)
        found = []
        for n, key in enumerate(keys):
            if key is not None and key not in self._states[n]:
                self._states[n][key] = self.kernel.empty[n].copy()
            found.append(None if key is None else self._states[n][key])
        return found
