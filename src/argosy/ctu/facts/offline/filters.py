"""A fact's filter as an Ibis expression: which events of history it counts.

The meaning is that of `argosy.ctu.facts.filters`: a comparison with what is missing, or of another type,
is neither true nor false.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import ibis

from argosy.base.refusals import must
from argosy.ctu.cel import Node
from argosy.ctu.facts.filters import ANY, FIELDS, NUMBER, SET, TEXT, TRUTH, check_filter, field_of
from argosy.ctu.facts.filters import kind_of as kind_of_node

if TYPE_CHECKING:
    from argosy.ctu.facts.offline.history import History

_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "%": operator.mod,
}
_KINDS: Final = (NUMBER, TEXT, TRUTH)


def filter_of(text: str, history: History) -> Any:
    """A boolean expression over `history.events`, never missing. Raises `CelError`."""
    if not text:
        return ibis.literal(value=True)
    return _Translator(history).truth(check_filter(text)).fill_null(False)


class _Translator:
    def __init__(self, history: History) -> None:
        self._history = history
        self._events = history.events

    def truth(self, node: Node) -> Any:
        op = node.op
        if op in ("&&", "||"):
            found = self.truth(node.args[0])
            for arg in node.args[1:]:
                found = found & self.truth(arg) if op == "&&" else found | self.truth(arg)
            return found
        if op == "!":
            return ~self.truth(node.args[0])
        if op == "literal":
            return ibis.literal(node.value, type="boolean")
        if op == "name":
            return self._value(node, TRUTH)
        if op in _COMPARE:
            return self._compare(node)
        if op == "in":
            return self._in(node)
        must(op == "call", "a filter that the check let through", op=op)
        return self._call(node)

    def _compare(self, node: Node) -> Any:
        left, right = node.args
        kind = next(k for k in (kind_of_node(left), kind_of_node(right)) if k != ANY)
        return _COMPARE[node.op](self._value(left, kind), self._value(right, kind))

    def _value(self, node: Node, kind: str) -> Any:
        """The value of `node` as a `kind`, missing where it is of another type."""
        if node.op == "literal":
            return ibis.literal(node.value)
        if node.op == "name":
            field = field_of(node)
            if field in FIELDS:
                held = self._events[field]
                return held.cast("float64") if kind == NUMBER else held
            return self._history.attribute(field, kind)  # type: ignore[arg-type]
        if node.op == "neg":
            return -self._value(node.args[0], NUMBER)
        left, right = (self._value(arg, NUMBER) for arg in node.args)
        if node.op == "%":
            right = right.nullif(0)
        return _ARITHMETIC[node.op](left, right)

    def _in(self, node: Node) -> Any:
        left, right = node.args
        if right.op == "name" and kind_of_node(right) == SET:
            return self._history.proof(str(left.value))
        values = [item.value for item in right.args]
        return self._value(left, kind_of_node(right.args[0])).isin(values)

    def _call(self, node: Node) -> Any:
        target = node.args[0]
        if node.value == "has":
            field = field_of(target)
            if field in FIELDS:
                return self._events[field].notnull()
            parts = [self._history.attribute(field, k).notnull() for k in _KINDS]  # type: ignore[arg-type]
            return parts[0] | parts[1] | parts[2]
        value, part = self._value(target, TEXT), str(node.args[1].value)
        if node.value == "startsWith":
            return value.startswith(part)
        if node.value == "endsWith":
            return value.endswith(part)
        return value.contains(part)
