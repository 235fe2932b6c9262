"""Comparisons that are always true or never: by what a number can be, and by the others beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from argosy.ctu.cel import Node
from argosy.ctu.rules.checked import Expr
from argosy.ctu.rules.vocabulary import NUMBER, TEXT

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_CONTRARY = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_COUNTED = ("count", "sum", "payees", "payers", "devices", "accounts", "customers", "age", "since")


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from `low` to `high`, both included."""

    low: float = -math.inf
    high: float = math.inf

    def and_(self, other: Span) -> Span:
        return Span(max(self.low, other.low), min(self.high, other.high))

    @property
    def empty(self) -> bool:
        return self.low > self.high


def domain(name: str) -> Span:
    """What a number of this name can be at all."""
    if name == "event.hour":
        return Span(0, 23)
    if name == "event.weekday":
        return Span(0, 6)
    if name == "event.amount":
        return Span(0)
    family, _, word = name.rpartition(".")
    if "share" in word.split("_") or family == "score" or name == "owner.score":
        return Span(0, 1)
    return Span(0) if word.startswith(_COUNTED) and family != "event" else Span()


def contradictions(expr: Expr) -> Iterator[tuple[Node, str]]:
    """Each place that is always true or never, with a sentence that says so."""
    if expr.op == "literal" and isinstance(expr.value, bool):
        yield expr.node, f"this is always {str(expr.value).lower()}"
        return
    found = _bounded(expr, 1)
    if found is not None:
        name, span = found
        whole = domain(name)
        if whole.and_(span).empty:
            yield expr.node, f"this is never true: {name} is {_said(whole)}"
        elif span.low <= whole.low and span.high >= whole.high:
            yield expr.node, f"this is always true: {name} is {_said(whole)}"
        return
    if expr.op == "&&":
        yield from _clash(expr, 1, "these can never be true together")
    if expr.op == "||":
        yield from _clash(expr, -1, "one of these is always true")
    for arg in expr.args:
        if expr.op in ("&&", "||", "!", "?:") or expr.op in _TURNED:
            yield from contradictions(arg)


def _clash(expr: Expr, sign: int, saying: str) -> Iterator[tuple[Node, str]]:
    spans: dict[str, Span] = {}
    texts: dict[str, frozenset[str]] = {}
    for arg in _flat(expr):
        bounded = _bounded(arg, sign)
        if bounded is not None:
            name, span = bounded
            whole = domain(name)
            if whole.and_(span).empty:
                continue  # that is said of the comparison itself
            spans[name] = spans.get(name, whole).and_(span)
            if spans[name].empty:
                yield arg.node, f"{saying}: {name} is bounded from both sides"
                return
        told = _texts(arg, sign)
        if told is not None:
            name, values = told
            texts[name] = texts.get(name, values) & values
            if not texts[name]:
                yield arg.node, f"{saying}: {name} is one text only"
                return


def _flat(expr: Expr) -> Iterator[Expr]:
    for arg in expr.args:
        if arg.op == expr.op:
            yield from _flat(arg)
        else:
            yield arg


def _bounded(expr: Expr, sign: int) -> tuple[str, Span] | None:
    """Which name is bounded how, where `expr` compares a name with a number; for sign -1 its contrary."""
    if expr.op == "!":
        return _bounded(expr.args[0], -sign)
    if expr.op not in _TURNED or expr.args[0].type != NUMBER:
        return None
    left, right = expr.args
    op = expr.op if sign > 0 else _CONTRARY[expr.op]
    if left.op == "literal":
        left, right, op = right, left, _TURNED[op]
    if left.op != "read" or right.op != "literal":
        return None
    bound = right.value
    spans = {
        "<": Span(high=math.nextafter(bound, -math.inf)),
        "<=": Span(high=bound),
        ">": Span(low=math.nextafter(bound, math.inf)),
        ">=": Span(low=bound),
        "==": Span(bound, bound),
    }
    return (left.value, spans[op]) if op in spans else None


def _texts(expr: Expr, sign: int) -> tuple[str, frozenset[str]] | None:
    if expr.op == "!":
        return _texts(expr.args[0], -sign)
    if len(expr.args) != 2 or expr.args[0].op != "read" or expr.args[0].type != TEXT:
        return None
    left, right = expr.args
    op = expr.op if sign > 0 else _CONTRARY.get(expr.op, "")
    if op == "==" and right.op == "literal":
        return left.value, frozenset({right.value})
    if op == "in" and right.op == "list" and all(a.op == "literal" for a in right.args):
        return left.value, frozenset(a.value for a in right.args)
    return None


def _said(span: Span) -> str:
    return (
        f"never below {span.low:g}" if span.high == math.inf else f"{span.low:g} to {span.high:g}"
    )
