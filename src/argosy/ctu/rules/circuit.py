"""From typed conditions to a circuit: numbers, tests on them, and what joins the tests.

Truth is a small integer: 1 true, 0 missing, -1 false, so that `and` is the minimum, `or` the maximum
and `not` the negative: Kleene's logic. Negation is pushed down to the tests, where it costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from argosy.ctu.rules.checked import Expr
from argosy.ctu.rules.plain import Plain, plain
from argosy.ctu.rules.texts import Test
from argosy.ctu.rules.vocabulary import NUMBER, SET, TEXT, TRUTH

FALSE, MISSING, TRUE = 0, 1, 2  # the first three places of every circuit
ARITY_MAX: Final = 8
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_CONTRARY = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_ONE_BY_ONE = ("startsWith", "endsWith", "contains", "matches")


@dataclass
class Circuit:
    """What is to be reckoned.

    A number has a place: of an input by name, of a constant, or of (sign, left place, right place). A
    truth has a reference: `keys` says of what kind it is. `columns` lays both out in arrays.
    """

    inputs: dict[str, int] = field(default_factory=dict)
    constants: dict[float, int] = field(default_factory=dict)
    reckoned: dict[tuple[str, int, int], int] = field(default_factory=dict)
    filled: dict[tuple[int, bool], int] = field(default_factory=dict)
    plains: list[tuple[Expr, Plain]] = field(default_factory=list)
    keys: dict[tuple[Any, ...], int] = field(default_factory=dict)
    places: int = 0

    _joins: dict[int, tuple[bool, tuple[int, ...]]] = field(default_factory=dict)
    _tests: dict[int, tuple[str, int, float]] = field(default_factory=dict)
    _plain_places: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for truth in (FALSE, MISSING, TRUE):
            self._key(("fixed", truth))

    # --- numbers: a place is (a running number); columns lays them out ------------------------------

    def _place(self) -> int:
        self.places += 1
        return self.places - 1

    def input(self, name: str) -> int:
        """The place of a fact, field, score (`event.amount`) or threshold (`t.x`)."""
        if name not in self.inputs:
            self.inputs[name] = self._place()
        return self.inputs[name]

    def constant(self, value: float) -> int:
        if value not in self.constants:
            self.constants[value] = self._place()
        return self.constants[value]

    def number(self, expr: Expr) -> int:
        """The place where the value of a numeric `expr` will stand."""
        if expr.op == "literal":
            return self.constant(expr.value)
        if expr.op == "threshold":
            return self.input("t." + expr.value)
        if expr.op == "read":
            return self.input(expr.value)
        if expr.op in ("+", "-", "*", "/", "%", "neg"):
            left = self.number(expr.args[0])
            right = self.number(expr.args[-1])
            key = (expr.op, left, right)
            if expr.op in "+*" and left > right:
                key = (expr.op, right, left)
            if key not in self.reckoned:
                self.reckoned[key] = self._place()
            return self.reckoned[key]
        return self.input(f"plain.{self._plain(expr)}")

    def _plain(self, expr: Expr) -> int:
        """Remember an expression that only Python can evaluate; the same text is kept once."""
        spelled = spell(expr)
        if spelled not in self._plain_places:
            self._plain_places[spelled] = len(self.plains)
            self.plains.append((expr, plain(expr)))
        return self._plain_places[spelled]

    # --- truths ---------------------------------------------------------------------------------------

    def _key(self, key: tuple[Any, ...]) -> int:
        place = self.keys.setdefault(key, len(self.keys))
        if key[0] in ("ge", "lt"):
            self._tests[place] = key[0], key[1], key[2]
        elif key[0] == "has":
            self._tests[place] = key[0], key[1], 0.0
        return place

    def truth(self, expr: Expr, sign: int = 1) -> int:
        """The reference of a bool `expr`, or of its contrary where `sign` is -1."""
        op = expr.op
        if op == "literal":
            return TRUE if expr.value == (sign > 0) else FALSE
        if op == "!":
            return self.truth(expr.args[0], -sign)
        if op in ("&&", "||"):
            return self.join((op == "||") == (sign > 0), [self.truth(a, sign) for a in expr.args])
        if op == "?:":
            return self._choice(expr, sign)
        if op == "has":
            return self._has(expr, sign)
        if op == "read":
            side = "ge" if sign > 0 else "lt"
            return self._key((side, self.input(expr.value), 0.5))
        if op in _TURNED:
            return self._comparison(expr, sign)
        if op == "in" or op in _ONE_BY_ONE:
            return self._text_test(expr, sign)
        return self._by_python(expr, sign)

    def join(self, is_or: bool, parts: Sequence[int]) -> int:
        """`and` or `or` over references: nested ones of the same kind are flattened, wide ones split."""
        absorbing, neutral = (TRUE, FALSE) if is_or else (FALSE, TRUE)
        flat = {p for part in parts for p in self._flat(is_or, part)} - {neutral}
        kept = sorted(flat if is_or else self._fused(flat))
        if absorbing in kept:
            return absorbing
        while len(kept) > ARITY_MAX:
            groups = [tuple(kept[n : n + ARITY_MAX]) for n in range(0, len(kept), ARITY_MAX)]
            kept = sorted({g[0] if len(g) == 1 else self._new_join(is_or, g) for g in groups})
        if not kept:
            return neutral
        return kept[0] if len(kept) == 1 else self._new_join(is_or, tuple(kept))

    def _flat(self, is_or: bool, part: int) -> tuple[int, ...]:
        joined = self._joins.get(part)
        return joined[1] if joined is not None and joined[0] == is_or else (part,)

    def _fused(self, parts: set[int]) -> set[int]:
        """`has(x) && x >= 5` is one test: of x where it is there, and of less than anything where not."""
        asked = {
            self._tests[p][1]: p for p in parts if p in self._tests and self._tests[p][0] == "has"
        }
        if not asked:
            return parts
        fused = set(parts)
        for part in parts:
            kind, place, bound = self._tests.get(part, ("", -1, 0.0))
            if kind in ("ge", "lt") and place in asked:
                filled = self._filled(place, kind == "lt")
                fused -= {part, asked[place]}
                fused.add(self._key((kind, filled, bound)))
        return fused

    def _filled(self, place: int, high: bool) -> int:
        """The place of the same number, where missing is more (`high`) or less than anything."""
        if (place, high) not in self.filled:
            self.filled[place, high] = self._place()
        return self.filled[place, high]

    def parts(self, reference: int) -> tuple[int, ...]:
        """The parts of an `and`; of anything else the reference alone."""
        return self._flat(False, reference)

    def below(self, references: Iterable[int]) -> set[int]:
        """`references` that are joins, and all that they join, down to the tests."""
        found: set[int] = set()
        waiting = [reference for reference in references if reference in self._joins]
        while waiting:
            reference = waiting.pop()
            if reference not in found:
                found.add(reference)
                waiting += self._joins[reference][1] if reference in self._joins else ()
        return found

    def _new_join(self, is_or: bool, parts: tuple[int, ...]) -> int:
        place = self._key(("join", is_or, parts))
        self._joins[place] = is_or, parts
        return place

    def _choice(self, expr: Expr, sign: int) -> int:
        asked, yes, no = expr.args
        ask, contrary = self.truth(asked), self.truth(asked, -1)
        way = self.join(False, [ask, self.truth(yes, sign)])
        other = self.join(False, [contrary, self.truth(no, sign)])
        # The third part is never true; it is missing exactly where the question is.
        return self.join(True, [way, other, self.join(False, [ask, contrary])])

    def _has(self, expr: Expr, sign: int) -> int:
        if expr.args[0].type in (TEXT, SET):
            return self._key(("text", expr.value, ("has", None, sign)))
        return self._key(("has" if sign > 0 else "lacks", self.input(expr.value)))

    def _comparison(self, expr: Expr, sign: int) -> int:
        left, right = expr.args
        op = expr.op if sign > 0 else _CONTRARY[expr.op]
        if left.type == NUMBER:
            if left.op == "literal":
                left, right, op = right, left, _TURNED[op]
            if right.op == "literal":
                return self._with_constant(self.number(left), op, right.value)
            return self._of_two(self.number(left), op, self.number(right))
        if left.type == TRUTH:
            same = op == "=="
            both = self.join(False, [self.truth(left), self.truth(right, 1 if same else -1)])
            none = self.join(False, [self.truth(left, -1), self.truth(right, -1 if same else 1)])
            return self.join(True, [both, none])
        if left.op == "literal":
            left, right = right, left
        if op in ("==", "!=") and left.op == "read" and right.op == "literal":
            test: Test = ("one_of", (right.value,), 1 if op == "==" else -1)
            return self._key(("text", left.value, test))
        return self._by_python(expr, sign)

    def _with_constant(self, place: int, op: str, bound: float) -> int:
        above = math.nextafter(bound, math.inf)
        if op in (">=", "<"):
            return self._key(("ge" if op == ">=" else "lt", place, bound))
        if op in (">", "<="):
            return self._key(("ge" if op == ">" else "lt", place, above))
        if op == "==":
            parts = [self._key(("ge", place, bound)), self._key(("lt", place, above))]
        else:
            parts = [self._key(("lt", place, bound)), self._key(("ge", place, above))]
        return self.join(op == "!=", parts)

    def _of_two(self, left: int, op: str, right: int) -> int:
        if op in (">", "<="):
            left, right, op = right, left, _TURNED[op]
        if op in (">=", "<"):
            return self._key(("ge2" if op == ">=" else "lt2", left, right))
        side = "ge2" if op == "==" else "lt2"
        parts = [self._key((side, left, right)), self._key((side, right, left))]
        return self.join(op == "!=", parts)

    def _text_test(self, expr: Expr, sign: int) -> int:
        left, right = expr.args
        if left.op == "read" and right.op == "literal" and left.type == TEXT:
            return self._key(("text", left.value, (expr.op, right.value, sign)))
        if expr.op == "in" and left.op == "literal" and right.op == "read":
            return self._key(("text", right.value, ("holds", left.value, sign)))
        if expr.op == "in" and right.op == "list" and all(a.op == "literal" for a in right.args):
            values = sorted({a.value for a in right.args})
            if left.op == "read" and left.type == TEXT:
                return self._key(("text", left.value, ("one_of", tuple(values), sign)))
            if left.type == NUMBER:
                place, op = self.number(left), "==" if sign > 0 else "!="
                return self.join(sign > 0, [self._with_constant(place, op, v) for v in values])
        return self._by_python(expr, sign)

    def _by_python(self, expr: Expr, sign: int) -> int:
        return self._key(("plain", self._plain(expr), sign))

    def scope(self, name: str, texts: Sequence[str], sign: int = 1) -> int:
        """The rule's own `kinds`, `markets` or `channels`: where the field is missing, it is not for it."""
        return self._key(("text", name, ("scope", tuple(sorted(texts)), sign)))


def spell(expr: Expr) -> str:
    """A text that is the same for the same expression."""
    inner = ",".join(spell(arg) for arg in expr.args)
    return f"{expr.op}:{expr.value!r}({inner})"
