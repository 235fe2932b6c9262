"""All tests of one text (or set) of an event at once: each value that was met keeps its row of answers.

Tests for equality are found by one look into a dictionary, however many rules have one; beginnings and
endings by their lengths. Only `contains` and `matches` are tried one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from argosy.ctu.rules.patterns import TEXT_MAX, matcher

ROWS_BYTES_MAX = 4_000_000
ROWS_MAX = 4_096

Row = npt.NDArray[np.int8]
Test = tuple[str, Any, int]
"""(what, argument, sign): `one_of` texts, `startsWith`, `endsWith`, `contains`, `matches`, `holds` (of a
set), `has`, or `scope`, which is `one_of` where missing is false. Sign -1 is the contrary."""


class TextTests:
    """The tests of one field. `row(value)` is 1 (true), -1 (false) or 0 (missing) for each."""

    def __init__(self, tests: Sequence[Test]) -> None:
        self._base = np.array([-sign for _, _, sign in tests], dtype=np.int8)
        self._missing = np.array(
            [-sign if what in ("has", "scope") else 0 for what, _, sign in tests], dtype=np.int8
        )
        self._equal: dict[str, list[int]] = {}
        self._starts: dict[int, dict[str, list[int]]] = {}
        self._ends: dict[int, dict[str, list[int]]] = {}
        self._tried: list[tuple[int, Callable[[str], bool]]] = []
        self._always: list[int] = []
        for place, (what, argument, _) in enumerate(tests):
            self._keep(place, what, argument)
        self._rows: dict[Any, Row] = {None: self._missing}
        self._rows_max = max(16, min(ROWS_MAX, ROWS_BYTES_MAX // max(1, len(tests))))

    def _keep(self, place: int, what: str, argument: Any) -> None:
        if what in ("one_of", "scope"):
            for text in argument:
                self._equal.setdefault(text, []).append(place)
        elif what == "holds":
            self._equal.setdefault(argument, []).append(place)
        elif what == "startsWith":
            self._starts.setdefault(len(argument), {}).setdefault(argument, []).append(place)
        elif what == "endsWith":
            self._ends.setdefault(len(argument), {}).setdefault(argument, []).append(place)
        elif what == "contains":
            self._tried.append((place, partial(_contains, argument)))
        elif what == "matches":
            self._tried.append((place, partial(_matches, matcher(argument))))
        else:
            self._always.append(place)

    def row(self, value: str | frozenset[str] | None) -> Row:
        """The answers for `value`; the same array is given again and must not be changed."""
        found = self._rows.get(value)
        if found is None:
            found = self._judged(value)
            if len(self._rows) >= self._rows_max:
                self._rows = {None: self._missing}
            self._rows[value] = found
        return found

    def _judged(self, value: str | frozenset[str] | None) -> Row:
        true = list(self._always)
        if isinstance(value, str):
            true += self._equal.get(value, ())
            for length, beginnings in self._starts.items():
                if length <= len(value):
                    true += beginnings.get(value[:length], ())
            for length, endings in self._ends.items():
                if length <= len(value):
                    true += endings.get(value[len(value) - length :], ())
            true += [place for place, test in self._tried if test(value)]
        elif value is not None:
            for item in value:
                true += self._equal.get(item, ())
        row = self._base.copy()
        row[true] = -row[true]
        return row


def _contains(part: str, text: str) -> bool:
    return part in text


def _matches(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.search(text[:TEXT_MAX]) is not None
