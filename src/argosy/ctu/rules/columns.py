"""A circuit laid out in arrays, and its evaluation for one event (vectors) or many (a column each).

Most rules are false for most events, and for one reason. So a rule is a row of items joined by `and`,
its rarest first: one pass compares the first items of all rules, and only where that is not false are
the others looked at. Every item is a number and a bound; a truth (a text test, an `or` of tests) is a
number as well: 1, -1, or NaN where it is missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from argosy.ctu.rules.circuit import FALSE, MISSING, TRUE, Circuit
from argosy.ctu.rules.texts import Test, TextTests

Numbers = npt.NDArray[np.float64]
Truths = npt.NDArray[np.int8]
Places = npt.NDArray[np.intp]
Found = tuple[list[int], list[int]]
"""For hits or for what is missing: the rules, and beside each its event."""

ITEMS_MAX: Final = 8
BUFFERS_MAX: Final = 4
_ARITIES = (2, 3, 4, 6, 8)
_AS_NUMBER = np.array([-1.0, np.nan, 1.0])
_RECKON: Mapping[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
}


@dataclass(frozen=True, slots=True)
class _Sum:
    """Arithmetic of one sign, at one level: `out` = left sign right."""

    sign: str
    start: int
    end: int
    left: Places
    right: Places


@dataclass(frozen=True, slots=True)
class _Joins:
    """Joins of one kind, width and level; `parts` is (width, joins)."""

    is_or: bool
    start: int
    end: int
    parts: Places


@dataclass(frozen=True, slots=True)
class TextField:
    """The tests of one text or set of the event, and where their answers stand."""

    name: str
    start: int
    end: int
    tests: TextTests


class Columns:
    """The layout. `inputs` (name -> place) are to be filled in by who reads the event; then
    `reckon(numbers)` and `found(numbers, texts, plains)`. `numbers` is (numbers_count,) for one event
    or (numbers_count, events)."""

    def __init__(self, circuit: Circuit, roots: Sequence[int], fact_columns: Sequence[str]) -> None:
        self._circuit = circuit
        self._lay_numbers(fact_columns)
        self._key_of = {place: key for key, place in circuit.keys.items()}
        rules = [self._narrowed(circuit.parts(root)) for root in roots]
        self._key_of = {place: key for key, place in circuit.keys.items()}
        direct = {item for items in rules for item in items}
        self._lay_truths(circuit.below(direct), direct)
        self._lay_rules(rules)
        del self._circuit, self._key_of
        self._buffers: dict[int, tuple[Truths, Numbers]] = {}

    def _narrowed(self, parts: Sequence[int]) -> list[int]:
        """The parts of a rule in the order in which they are looked at, at most ITEMS_MAX."""
        items = sorted(parts, key=self._rarity)
        if len(items) > ITEMS_MAX:
            rest = self._circuit.join(False, items[ITEMS_MAX - 1 :])
            items = [*items[: ITEMS_MAX - 1], rest]
        return items

    def _rarity(self, part: int) -> tuple[int, int]:
        """A guess at how seldom a test is not false: a fact above a bound is the rarest."""
        kind = self._key_of[part][0]
        return ("ge", "lt", "ge2", "text", "lt2", "plain").index(kind) if kind in (
            "ge", "lt", "ge2", "text", "lt2", "plain"
        ) else 9, part  # fmt: skip

    # --- layout: numbers ------------------------------------------------------------------------------

    def _lay_numbers(self, fact_columns: Sequence[str]) -> None:
        circuit = self._circuit
        facts = {name: n for n, name in enumerate(fact_columns)}
        at: dict[int, int] = {}
        self.inputs: dict[str, int] = {}
        end = len(fact_columns)
        for name, place in circuit.inputs.items():
            if name not in facts:
                self.inputs[name] = end
                end += 1
            at[place] = facts[name] if name in facts else self.inputs[name]
        self._constants_start = end
        for place in circuit.constants.values():
            at[place] = end
            end += 1
        self._constants = np.array(list(circuit.constants), dtype=np.float64)
        level = dict.fromkeys(at, 0)
        groups: dict[tuple[int, str], list[tuple[int, int, int]]] = defaultdict(list)
        for (sign, left, right), place in circuit.reckoned.items():
            level[place] = 1 + max(level[left], level[right])
            groups[level[place], sign].append((place, left, right))
        self._sums: list[_Sum] = []
        for (_, sign), members in sorted(groups.items()):
            start = end
            for place, _, _ in members:
                at[place] = end
                end += 1
            lefts = _places([at[left] for _, left, _ in members])
            rights = _places([at[right] for _, _, right in members])
            self._sums.append(_Sum(sign, start, end, lefts, rights))
        sides: list[list[int]] = [[], []]
        self._filled_start = end
        for high in (False, True):
            for (place, upward), filled in circuit.filled.items():
                if upward == high:
                    sides[high].append(at[place])
                    at[filled] = end
                    end += 1
        self._low, self._high = _places(sides[0]), _places(sides[1])
        self.numbers_count = end
        self._number_at = at

    # --- layout: truths -------------------------------------------------------------------------------

    def _lay_truths(self, joined: set[int], direct: set[int]) -> None:
        """Places for what must be known of every event: all tests but bounds on numbers that stand
        directly in a rule, which are looked at only where they matter."""
        kinds: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        for reference, key in self._key_of.items():
            kind, *rest = key
            lazy = kind in ("ge", "lt", "join")
            if reference in joined or (reference in direct and not lazy):
                kinds[kind].append((reference, tuple(rest)))
        number = self._number_at
        self._at: dict[int, int] = {FALSE: 0, MISSING: 1, TRUE: 2}
        self._end = 3
        ge, lt = kinds["ge"], kinds["lt"]
        self._bounded_start, self._ge_count = self._end, len(ge)
        self._bounded = _places([number[key[0]] for _, key in self._taken(ge + lt)])
        self._bounds = np.array([key[1] for _, key in ge + lt], dtype=np.float64)
        ge, lt = kinds["ge2"], kinds["lt2"]
        self._pairs_start, self._ge2_count = self._end, len(ge)
        self._left = _places([number[key[0]] for _, key in self._taken(ge + lt)])
        self._right = _places([number[key[1]] for _, key in ge + lt])
        has, lacks = kinds["has"], kinds["lacks"]
        self._has_start, self._has_count = self._end, len(has)
        self._asked = _places([number[key[0]] for _, key in self._taken(has + lacks)])
        self._lay_texts(kinds["text"])
        self._plain_start = self._end
        self.plain_tests = [(key[0], key[1]) for _, key in self._taken(kinds["plain"])]
        self._lay_joins(kinds["join"])

    def _taken(self, members: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Give each of `members` the next place."""
        for reference, _ in members:
            self._at[reference] = self._end
            self._end += 1
        return members

    def _lay_texts(self, members: list[tuple[int, Any]]) -> None:
        by_field: dict[str, list[tuple[int, Test]]] = defaultdict(list)
        for reference, (name, test) in members:
            by_field[name].append((reference, test))
        self.texts: list[TextField] = []
        for name, tests in by_field.items():
            start = self._end
            self._taken(tests)
            known = TextTests([test for _, test in tests])
            self.texts.append(TextField(name, start, self._end, known))

    def _lay_joins(self, members: list[tuple[int, Any]]) -> None:
        level = dict.fromkeys(self._at, 0)
        groups: dict[tuple[int, bool, int], list[tuple[int, tuple[int, ...]]]] = defaultdict(list)
        for reference, (is_or, parts) in members:  # parts come before what joins them
            level[reference] = 1 + max(level[part] for part in parts)
            width = next(w for w in _ARITIES if w >= len(parts))
            groups[level[reference], is_or, width].append((reference, parts))
        self._joins: list[_Joins] = []
        for (_, is_or, width), joins in sorted(groups.items()):
            start = self._end
            self._taken(joins)
            filler = self._at[FALSE if is_or else TRUE]
            rows = [
                [self._at[p] for p in parts] + [filler] * (width - len(parts)) for _, parts in joins
            ]
            by_width = np.ascontiguousarray(_places(rows).T)
            self._joins.append(_Joins(is_or, start, self._end, by_width))

    # --- layout: rules --------------------------------------------------------------------------------

    def _lay_rules(self, rules: Sequence[Sequence[int]]) -> None:
        """Each rule's items as (place, bound, sign), padded with one that is always true; the rules in
        the order of how their first item is compared."""
        truths: dict[int, int] = {TRUE: 0}
        for items in rules:
            for item in items:
                if self._key_of[item][0] not in ("ge", "lt"):
                    truths.setdefault(item, len(truths))
        self._shown = _places([self._at[item] for item in truths])
        self._shown_start = self.numbers_count
        self.numbers_count += len(truths)
        width = max((len(items) for items in rules), default=1) or 1
        filler = (self._shown_start, 0.0, 1)
        rows = [
            [self._item(item, truths) for item in items] + [filler] * (width - len(items))
            for items in rules
        ]
        below = [row[0][2] < 0 for row in rows]
        order = sorted(range(len(rows)), key=lambda n: (below[n], rows[n][0][0], n))
        self._rule_of = _places(order)
        flat = [rows[n] for n in order]
        self._item_at = _places([[i[0] for i in row] for row in flat]).reshape(-1, width)
        self._item_bound = np.array([[i[1] for i in row] for row in flat]).reshape(-1, width)
        signs = [[i[2] for i in row] for row in flat]
        self._item_sign = np.array(signs, dtype=np.int8).reshape(-1, width)
        self._first_at = np.ascontiguousarray(self._item_at[:, 0])
        self._first_bound = np.ascontiguousarray(self._item_bound[:, 0])
        self._above_end = len(rules) - sum(below)

    def _item(self, item: int, truths: Mapping[int, int]) -> tuple[int, float, int]:
        kind, *rest = self._key_of[item]
        if kind in ("ge", "lt"):
            return self._number_at[rest[0]], rest[1], 1 if kind == "ge" else -1
        return self._shown_start + truths[item], 0.0, 1

    # --- evaluation -----------------------------------------------------------------------------------

    def reckon(self, numbers: Numbers) -> None:
        """Fill in constants and all arithmetic, in place; what is not finite is missing."""
        start, count = self._constants_start, len(self._constants)
        if count:
            constants = self._constants if numbers.ndim == 1 else self._constants[:, None]
            numbers[start : start + count] = constants
        with np.errstate(all="ignore"):
            for one in self._sums:
                out = numbers[one.start : one.end]
                if one.sign == "neg":
                    np.negative(numbers.take(one.left, axis=0), out=out)
                else:
                    left, right = numbers.take(one.left, axis=0), numbers.take(one.right, axis=0)
                    _RECKON[one.sign](left, right, out=out)
                out += out - out
        start = self._filled_start
        for places, instead in ((self._low, -np.inf), (self._high, np.inf)):
            filled = numbers.take(places, axis=0)
            filled[filled != filled] = instead  # noqa: PLR0124
            numbers[start : start + len(places)] = filled
            start += len(places)

    def found(
        self, numbers: Numbers, texts: Sequence[Truths], plains: Sequence[Any]
    ) -> tuple[Found, Found]:
        """What hits, and what cannot be said because something is missing.

        `texts` are the answers of each of `self.texts`, `plains` those of each of `self.plain_tests`.
        """
        truths = self._truths(numbers, texts, plains)
        shown = truths.take(self._shown, axis=0, mode="clip")
        shown += 1
        numbers[self._shown_start :] = _AS_NUMBER.take(shown, mode="clip")
        maybe = self._maybe(numbers)
        if numbers.ndim == 1:
            return self._looked_at(numbers, maybe.nonzero()[0])
        return self._looked_at_many(numbers, maybe)

    def _truths(self, numbers: Numbers, texts: Sequence[Truths], plains: Sequence[Any]) -> Truths:
        shape = numbers.shape[1:]
        truths, _ = self._buffer(shape)
        if len(self._bounded):
            bounds = self._bounds if not shape else self._bounds[:, None]
            bounded = numbers.take(self._bounded, axis=0, mode="clip")
            _compare(bounded, bounds, truths[self._bounded_start :], self._ge_count)
        if len(self._left):
            left = numbers.take(self._left, axis=0, mode="clip")
            right = numbers.take(self._right, axis=0, mode="clip")
            _compare(left, right, truths[self._pairs_start :], self._ge2_count)
        if len(self._asked):
            there = numbers.take(self._asked, axis=0, mode="clip")
            said = np.equal(there, there).view(np.int8) * np.int8(2) - np.int8(1)
            start, count = self._has_start, self._has_count
            truths[start : start + count] = said[:count]
            np.negative(said[count:], out=truths[start + count : start + len(said)])
        for field, rows in zip(self.texts, texts, strict=True):
            truths[field.start : field.end] = rows
        if plains:
            truths[self._plain_start : self._plain_start + len(plains)] = plains
        for one in self._joins:
            fold = np.maximum if one.is_or else np.minimum
            gathered = truths.take(one.parts, axis=0, mode="clip")
            fold.reduce(gathered, axis=0, out=truths[one.start : one.end])
        return truths

    def _maybe(self, numbers: Numbers) -> npt.NDArray[np.bool_]:
        """Where the first item of a rule is not false."""
        shape = numbers.shape[1:]
        _, first = self._buffer(shape)
        numbers.take(self._first_at, axis=0, out=first, mode="clip")
        bounds = self._first_bound if not shape else self._first_bound[:, None]
        maybe = np.empty(first.shape, dtype=np.bool_)
        end = self._above_end
        np.less(first[:end], bounds[:end], out=maybe[:end])
        np.greater_equal(first[end:], bounds[end:], out=maybe[end:])
        np.logical_not(maybe, out=maybe)
        return maybe

    def _looked_at(self, numbers: Numbers, rows: Places) -> tuple[Found, Found]:
        values = numbers.take(self._item_at.take(rows, axis=0), mode="clip")
        bounds = self._item_bound.take(rows, axis=0)
        said = (values >= bounds).view(np.int8) - (values < bounds).view(np.int8)
        said *= self._item_sign.take(rows, axis=0)
        truth = said.min(axis=1)
        rules = self._rule_of.take(rows)
        hits, missing = rules[truth > 0].tolist(), rules[truth == 0].tolist()
        return (sorted(hits), [0] * len(hits)), (sorted(missing), [0] * len(missing))

    def _looked_at_many(
        self, numbers: Numbers, maybe: npt.NDArray[np.bool_]
    ) -> tuple[Found, Found]:
        flat, count = numbers.reshape(-1), numbers.shape[1]
        places = maybe.reshape(-1).nonzero()[0]
        rows = places // count
        events = places - rows * count
        truth = np.ones(len(rows), dtype=np.int8)
        for n in range(self._item_at.shape[1]):
            values = flat.take(self._item_at[:, n].take(rows) * count + events, mode="clip")
            bounds = self._item_bound[:, n].take(rows)
            said = (values >= bounds).view(np.int8) - (values < bounds).view(np.int8)
            said *= self._item_sign[:, n].take(rows)
            np.minimum(truth, said, out=truth)
            kept = (truth >= 0).nonzero()[0]
            if len(kept) < len(rows):
                rows, events, truth = rows.take(kept), events.take(kept), truth.take(kept)
        rules = self._rule_of.take(rows)
        order = rules.argsort(kind="stable")
        rules, events, truth = rules[order], events[order], truth[order]
        hit, missing = truth > 0, truth == 0
        return (
            (rules[hit].tolist(), events[hit].tolist()),
            (rules[missing].tolist(), events[missing].tolist()),
        )

    def _buffer(self, shape: tuple[int, ...]) -> tuple[Truths, Numbers]:
        key = shape[0] if shape else 0
        if key not in self._buffers:
            if len(self._buffers) >= BUFFERS_MAX:
                self._buffers.clear()
            truths = np.zeros((self._end, *shape), dtype=np.int8)
            truths[0], truths[2] = -1, 1
            self._buffers[key] = truths, np.empty((len(self._first_at), *shape))
        return self._buffers[key]


def _places(places: Sequence[Any]) -> Places:
    return np.array(places, dtype=np.intp)


def _compare(left: Numbers, right: Numbers, out: Truths, ge_count: int) -> None:
    """1 where true, -1 where false, 0 where a side is missing: NaN is neither above nor below."""
    above = np.greater_equal(left, right).view(np.int8)
    below = np.less(left, right).view(np.int8)
    np.subtract(above[:ge_count], below[:ge_count], out=out[:ge_count])
    np.subtract(below[ge_count:], above[ge_count:], out=out[ge_count : len(above)])
