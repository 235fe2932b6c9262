"""The tables of all forests behind one another, so that one row meets all of them in ten calls."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from argosy.ctu.models.facts import Matrix
from argosy.ctu.models.masks import Block, Words

WIDTHS = (32, 64, 100, 128, 256)
"""Trees of a block. All blocks of an ensemble have the same width, the one that wastes least."""

PADDING_MAX = 0.25
"""Blocks with up to this share fewer features than another may lie in one stratum with it."""

ROWS_AT_ONCE = 64
ONE_BY_ONE_MAX = 6
"""Up to so many rows it is quicker to take one after the other."""


def choose_width(trees: Sequence[int]) -> int:
    """The width for forests of so many trees: what a row costs is its bytes and a fixed part."""
    return min(WIDTHS, key=lambda width: sum(-(-n // width) for n in trees) * (width + 40))


@dataclass(frozen=True, slots=True)
class Stratum:
    """Blocks `start`..`stop` have their rows at `first` of the row list: (slots, blocks) of them."""

    start: int
    stop: int
    slots: int
    first: int

    @property
    def count(self) -> int:
        return self.stop - self.start


class Ensemble:
    """Sums of leaves of several forests that share a feature vector. Exact; safe from several threads.

    `members` are the blocks of each forest with the place of each of its columns in the vector.
    """

    def __init__(self, members: Sequence[tuple[Sequence[Block], Sequence[int]]]) -> None:
        self.count = len(members)
        blocks = sorted(
            (
                (block, number, places)
                for number, (some, places) in enumerate(members)
                for block in some
            ),
            key=lambda item: (-len(item[0].slots), item[1]),
        )
        self._width = blocks[0][0].table.shape[1]
        word = blocks[0][0].table.dtype
        self._bits = blocks[0][0].leaves.shape[1]
        self._owner = np.array([number for _, number, _ in blocks], np.intp)
        self._table: Words = np.concatenate([block.table for block, _, _ in blocks])
        self._leaves: Matrix = np.concatenate([block.leaves.ravel() for block, _, _ in blocks])
        self._strata = _strata([len(block.slots) for block, _, _ in blocks])
        self._total = sum(s.slots * s.count for s in self._strata)
        self._link([(block, places) for block, _, places in blocks])
        self._lock = threading.Lock()
        size = len(blocks) * self._width
        float_, whole_ = (np.float32, np.int32) if self._bits == 32 else (np.float64, np.int64)
        self._shift, exponent = (23, 127) if self._bits == 32 else (52, 1023)
        self._base: Words = (np.arange(size) * self._bits - exponent).astype(whole_)
        self._buffer: Words = np.empty((self._total, self._width), word)
        self._accepted: Words = np.empty(size, word)
        self._lowest: Words = np.empty(size, word)
        self._float: NDArray[Any] = np.empty(size, float_)
        self._exponent: NDArray[Any] = self._float.view(whole_)
        self._values = np.empty(size)

    def _link(self, blocks: Sequence[tuple[Block, Sequence[int]]]) -> None:
        """From the interval a feature's value lies in, among all bounds of all blocks, to the rows of the
        tables, in the order of the row list."""
        users: dict[int, list[tuple[int, Matrix, int]]] = {}
        first = 0
        place = {b: (s, b - s.start) for s in self._strata for b in range(s.start, s.stop)}
        for number, (block, places) in enumerate(blocks):
            stratum, at = place[number]
            for position, slot in enumerate(block.slots):
                target = stratum.first + position * stratum.count + at
                users.setdefault(places[slot.feature], []).append(
                    (target, slot.bounds, first + slot.first)
                )
            first += len(block.table)
        self._columns = np.array(sorted(users), np.intp)
        widest = max(map(len, users.values()), default=0)
        self._targets = np.full((len(users), widest), self._total, np.intp)
        self._bounds: list[Matrix] = []
        maps, starts, at = [], [], 0
        for row, column in enumerate(self._columns.tolist()):
            bounds = np.unique(np.concatenate([b for _, b, _ in users[column]]))
            rows = np.zeros((len(bounds) + 2, widest), np.int32)
            for user, (target, own, base) in enumerate(users[column]):
                self._targets[row, user] = target
                rows[: len(bounds), user] = base + own.searchsorted(bounds)
                rows[-2:, user] = base + len(own), base + len(own) + 1
            self._bounds.append(bounds)
            maps.append(rows)
            starts.append(at)
            at += len(rows)
        self._map = np.concatenate(maps) if maps else np.zeros((0, 0), np.int32)
        self._starts = np.array(starts, np.intp)
        ends = [len(bounds) + 1 for bounds in self._bounds]
        self._missing = self._starts + np.array(ends, np.intp)
        # All bounds in one sorted list of (feature, bound): complex numbers sort just so.
        self._keys = np.concatenate(
            [_complex(row, bounds) for row, bounds in enumerate(self._bounds)]
            or [np.empty(0, complex)]
        )
        self._shifts = 2 * np.arange(len(self._bounds))  # a feature has two rows more than bounds
        self._query = _complex(0, np.zeros(len(self._bounds)))
        self._query.real = np.arange(len(self._bounds))
        self._found: Words = np.empty((len(users), widest), np.int32)
        self._rows = np.zeros(self._total + 1, np.intp)
        self._rows_read = self._rows[:-1]
        self._scatter = self._targets.ravel()

    def sums(self, matrix: Matrix) -> Matrix:
        """(n, number of forests) for `matrix` (n, features)."""
        if len(matrix) <= ONE_BY_ONE_MAX:
            return np.array([self.one(row) for row in matrix]).reshape(len(matrix), self.count)
        made = np.empty((len(matrix), self.count))
        for at in range(0, len(matrix), ROWS_AT_ONCE):
            made[at : at + ROWS_AT_ONCE] = self._batch(matrix[at : at + ROWS_AT_ONCE])
        return made

    def one(self, row: Matrix) -> Matrix:
        """The sums of one row of features."""
        with self._lock:
            values = row.take(self._columns)
            missing = np.isnan(values)
            np.copyto(values, 0.0, where=missing)
            self._query.imag = values
            at = self._keys.searchsorted(self._query)
            at += self._shifts
            np.copyto(at, self._missing, where=missing)
            self._map.take(at, axis=0, out=self._found, mode="clip")
            self._rows[self._scatter] = self._found.ravel()
            self._table.take(self._rows_read, axis=0, out=self._buffer, mode="clip")
            accepted, width = self._accepted, self._width
            for s in self._strata:
                np.bitwise_and.reduce(
                    self._buffer[s.first : s.first + s.slots * s.count].reshape(s.slots, -1),
                    axis=0,
                    out=accepted[s.start * width : s.stop * width],
                )
            self._exits(accepted, self._lowest, self._float, self._exponent)
            np.add(self._exponent, self._base, out=self._exponent)
            self._leaves.take(self._exponent, out=self._values, mode="clip")
            sums = self._values.reshape(-1, width).sum(axis=1)
            return np.bincount(self._owner, sums, self.count).astype(np.float64, copy=False)

    def _exits(self, accepted: Words, lowest: Words, as_float: Words, exponent: Words) -> None:
        """The number of the lowest bit, plus the bias of the floating point format, in `exponent`."""
        np.negative(accepted, out=lowest)
        np.bitwise_and(accepted, lowest, out=lowest)
        np.copyto(as_float, lowest, casting="same_kind")
        np.right_shift(exponent, self._shift, out=exponent)

    def _batch(self, matrix: Matrix) -> Matrix:
        count, width = len(matrix), self._width
        at = np.empty((count, len(self._bounds)), np.intp)
        for row, (column, bounds) in enumerate(
            zip(self._columns.tolist(), self._bounds, strict=True)
        ):
            values = matrix[:, column]
            at[:, row] = bounds.searchsorted(values)
            at[np.isnan(values), row] = len(bounds) + 1
        at += self._starts
        rows = np.zeros((count, self._total + 1), np.intp)
        rows[:, self._scatter] = self._map.take(at, axis=0).reshape(count, -1)
        made = np.zeros((count, self.count))
        slots_max = self._strata[0].slots
        buffer = np.empty((slots_max * count, width), self._table.dtype)
        accepted = np.empty(count * width, self._table.dtype)
        lowest = np.empty_like(accepted)
        as_float = np.empty(count * width, self._float.dtype)
        exponent = as_float.view(self._exponent.dtype)
        values = np.empty(count * width)
        for s in self._strata:
            here = rows[:, s.first : s.first + s.slots * s.count].reshape(count, s.slots, s.count)
            by_block = np.ascontiguousarray(here.transpose(2, 1, 0)).reshape(s.count, -1)
            for number, wanted in enumerate(by_block, s.start):
                used = buffer[: len(wanted)]
                self._table.take(wanted, axis=0, out=used, mode="clip")
                np.bitwise_and.reduce(used.reshape(s.slots, -1), axis=0, out=accepted)
                self._exits(accepted, lowest, as_float, exponent)
                base = self._base[number * width : (number + 1) * width]
                leaves = exponent.reshape(count, width)
                np.add(leaves, base, out=leaves)
                self._leaves.take(exponent, out=values, mode="clip")
                made[:, self._owner[number]] += values.reshape(count, width).sum(axis=1)
        return made


def _strata(slots: Sequence[int]) -> list[Stratum]:
    """Neighbours of falling numbers of slots, those that are near each other together."""
    found: list[Stratum] = []
    start = first = 0
    for at in range(1, len(slots) + 1):
        if at == len(slots) or slots[at] < (1 - PADDING_MAX) * slots[start]:
            found.append(Stratum(start, at, max(1, slots[start]), first))
            first += max(1, slots[start]) * (at - start)
            start = at
    return found


def _complex(real: int, imag: Matrix) -> NDArray[np.complex128]:
    made = np.empty(len(imag), np.complex128)
    made.real = real
    made.imag = imag
    return made
