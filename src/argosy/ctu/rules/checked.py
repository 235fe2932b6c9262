"""Types: from the tree of a condition to one whose every name and type is known, or to mistakes."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from argosy.ctu.cel import Node
from argosy.ctu.rules.patterns import wildness
from argosy.ctu.rules.vocabulary import NUMBER, SET, TEXT, TRUTH

NUMBERS: Final = "list of numbers"
TEXTS: Final = "list of texts"
TRUTHS: Final = "list of bools"
EMPTY: Final = "empty list"
_ITEMS = {NUMBERS: NUMBER, TEXTS: TEXT, TRUTHS: TRUTH, SET: TEXT}
_LISTS = {NUMBER: NUMBERS, TEXT: TEXTS, TRUTH: TRUTHS}
_WANTED = {
    "<": {NUMBER, TEXT},
    "<=": {NUMBER, TEXT},
    ">": {NUMBER, TEXT},
    ">=": {NUMBER, TEXT},
    "==": {NUMBER, TEXT, TRUTH},
    "!=": {NUMBER, TEXT, TRUTH},
}
MACROS: Final = ("all", "exists", "exists_one", "filter", "map")
TEXT_TESTS: Final = ("startsWith", "endsWith", "contains", "matches")
FUNCTIONS: Final = ("has", "size", *TEXT_TESTS, *MACROS)


class TypeMistake(Exception):
    """A mistake of meaning; `node` is where, `hint` what may have been meant."""

    def __init__(self, message: str, node: Node, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.node = node
        self.hint = hint


@dataclass(frozen=True, slots=True, eq=False)
class Expr:
    """A typed place. `op` is as in `Node`, but names are `read` (facts, fields, scores), `threshold`
    or `local`, and functions carry their own name. `type` is a word of the vocabulary or a list."""

    op: str
    type: str
    node: Node
    args: tuple[Expr, ...] = ()
    value: Any = None


class Checker:
    """Checks conditions against the types of names and the names of thresholds."""

    def __init__(self, types: Mapping[str, str], thresholds: Collection[str]) -> None:
        self._types = types
        self._thresholds = thresholds

    def condition(self, node: Node) -> Expr:
        """The typed tree of a whole condition, which must be a bool. Raises `TypeMistake`."""
        found = self.typed(node, {})
        if found.type != TRUTH:
            raise TypeMistake(f"a condition is true or false, this is a {found.type}", node)
        return found

    def typed(self, node: Node, local: Mapping[str, str]) -> Expr:
        if node.op == "literal":
            kind = {bool: TRUTH, float: NUMBER, str: TEXT}[type(node.value)]
            return Expr("literal", kind, node, value=node.value)
        if node.op == "name":
            return self._name(node, local)
        if node.op == "call":
            return self._call(node, local)
        args = tuple(self.typed(arg, local) for arg in node.args)
        return _OPERATORS[node.op](node, args)

    def _name(self, node: Node, local: Mapping[str, str]) -> Expr:
        name = str(node.value)
        if name in local:
            return Expr("local", local[name], node, value=name)
        if name.startswith("t."):
            if name[2:] not in self._thresholds:
                near = _near(name, [f"t.{t}" for t in self._thresholds])
                raise TypeMistake(f"there is no threshold {name}", node, near)
            return Expr("threshold", NUMBER, node, value=name[2:])
        kind = self._types.get(name)
        if kind is None:
            family = name.partition(".")[0]
            what = {
                "event": "field of the event",
                "score": "score",
            }.get(family, "fact")
            near = _near(name, list(self._types))
            raise TypeMistake(f"there is no {what} {name}", node, near)
        return Expr("read", kind, node, value=name)

    def _call(self, node: Node, local: Mapping[str, str]) -> Expr:
        name = str(node.value)
        if name == "has":
            return self._has(node)
        if name in MACROS and node.method:
            return self._macro(name, node, local)
        args = tuple(self.typed(arg, local) for arg in node.args)
        if name == "size" and len(args) == 1:
            if args[0].type not in (TEXT, *_ITEMS):
                raise TypeMistake(f"a {args[0].type} has no size", node)
            return Expr("size", NUMBER, node, args)
        if name in TEXT_TESTS and node.method and len(args) == 2:
            for arg in args:
                _want(arg, {TEXT}, f"{name} compares texts")
            if name == "matches":
                self._pattern(args[1])
            return Expr(name, TRUTH, node, args)
        if name in FUNCTIONS:
            raise TypeMistake(f"{name} is not used like this", node, _usage(name))
        raise TypeMistake(f"there is no function {name}", node, _near(name, list(FUNCTIONS)))

    def _has(self, node: Node) -> Expr:
        if node.method or len(node.args) != 1 or node.args[0].op != "name":
            raise TypeMistake("has asks for one fact or field", node, _usage("has"))
        read = self._name(node.args[0], {})
        if read.op != "read":
            raise TypeMistake("a threshold is always there", node)
        return Expr("has", TRUTH, node, value=read.value, args=(read,))

    def _pattern(self, pattern: Expr) -> None:
        if pattern.op != "literal":
            raise TypeMistake("a pattern is written out, not put together", pattern.node)
        wild = wildness(pattern.value)
        if wild:
            raise TypeMistake(f"this pattern is too wild: {wild}", pattern.node)

    def _macro(self, name: str, node: Node, local: Mapping[str, str]) -> Expr:
        if len(node.args) != 3 or node.args[1].op != "name" or "." in str(node.args[1].value):
            raise TypeMistake(f"{name} is not used like this", node, _usage(name))
        over = self.typed(node.args[0], local)
        if over.type not in _ITEMS:
            raise TypeMistake(f"{name} goes over a list or a set, not a {over.type}", node.args[0])
        variable = str(node.args[1].value)
        body = self.typed(node.args[2], {**local, variable: _ITEMS[over.type]})
        if name != "map":
            _want(body, {TRUTH}, f"{name} asks something true or false of each")
        kind = TRUTH if name in ("all", "exists", "exists_one") else over.type
        if name == "filter" and over.type == SET:
            kind = TEXTS
        if name == "map":
            if body.type not in _LISTS:
                raise TypeMistake(f"a list of {body.type} is not taken", body.node)
            kind = _LISTS[body.type]
        return Expr(name, kind, node, (over, body), variable)


def _near(name: str, known: list[str]) -> str:
    found = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(found)}?" if found else ""


def _usage(name: str) -> str:
    return {
        "has": "has(account.mean_30d)",
        "size": "size(event.proofs)",
    }.get(name, f"[1, 2].{name}(x, x > 1)" if name in MACROS else f"event.channel.{name}('a')")


def _want(expr: Expr, kinds: set[str], saying: str) -> None:
    if expr.type not in kinds:
        raise TypeMistake(f"{saying}, this is a {expr.type}", expr.node)


def _logic(node: Node, args: tuple[Expr, ...]) -> Expr:
    for arg in args:
        _want(arg, {TRUTH}, f"{node.op} joins what is true or false")
    return Expr(node.op, TRUTH, node, args)


def _choice(node: Node, args: tuple[Expr, ...]) -> Expr:
    _want(args[0], {TRUTH}, "before ? stands what is true or false")
    if args[1].type != args[2].type:
        raise TypeMistake(f"one way is a {args[1].type}, the other a {args[2].type}", node)
    return Expr("?:", args[1].type, node, args)


def _arithmetic(node: Node, args: tuple[Expr, ...]) -> Expr:
    if node.op == "+" and all(arg.type == TEXT for arg in args):
        return Expr("joined", TEXT, node, args)
    for arg in args:
        _want(arg, {NUMBER}, f"{'-' if node.op == 'neg' else node.op} reckons with numbers")
    if all(arg.op == "literal" for arg in args):
        value = reckon(node.op, [arg.value for arg in args])
        if value is None:
            raise TypeMistake("this cannot be reckoned", node)
        return Expr("literal", NUMBER, node, value=value)
    return Expr(node.op, NUMBER, node, args)


def _comparison(node: Node, args: tuple[Expr, ...]) -> Expr:
    left, right = args
    if left.type != right.type:
        raise TypeMistake(f"a {left.type} is compared with a {right.type}", node)
    _want(left, _WANTED[node.op], f"{node.op} cannot compare this")
    return Expr(node.op, TRUTH, node, args)


def _membership(node: Node, args: tuple[Expr, ...]) -> Expr:
    left, right = args
    if right.type == EMPTY:
        raise TypeMistake("nothing is in an empty list", right.node)
    if right.type not in _ITEMS:
        raise TypeMistake(f"after in stands a list or a set, not a {right.type}", right.node)
    if left.type != _ITEMS[right.type]:
        raise TypeMistake(f"a {left.type} is looked for in a {right.type}", node)
    return Expr("in", TRUTH, node, args)


def _listed(node: Node, args: tuple[Expr, ...]) -> Expr:
    if not args:
        return Expr("list", EMPTY, node)
    kinds = {arg.type for arg in args}
    if len(kinds) > 1 or args[0].type not in _LISTS:
        raise TypeMistake("a list holds only numbers, only texts or only bools", node)
    return Expr("list", _LISTS[args[0].type], node, args)


def _indexed(node: Node, args: tuple[Expr, ...]) -> Expr:
    over, at = args
    if over.type not in (NUMBERS, TEXTS, TRUTHS):
        raise TypeMistake(f"a {over.type} has no places", over.node)
    _want(at, {NUMBER}, "a place in a list is a number")
    return Expr("index", _ITEMS[over.type], node, args)


_OPERATORS: Mapping[str, Callable[[Node, tuple[Expr, ...]], Expr]] = {
    **dict.fromkeys(("&&", "||", "!"), _logic),
    **dict.fromkeys(("+", "-", "*", "/", "%", "neg"), _arithmetic),
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), _comparison),
    "?:": _choice,
    "in": _membership,
    "list": _listed,
    "index": _indexed,
}


def reckon(op: str, values: list[float]) -> float | None:
    """One step of arithmetic in doubles; None where there is no answer (a division by nothing)."""
    left, right = values[0], values[-1]
    if op in "/%" and right == 0:
        return None
    try:
        found = {
            "neg": lambda: -left,
            "+": lambda: left + right,
            "-": lambda: left - right,
            "*": lambda: left * right,
            "/": lambda: left / right,
            "%": lambda: math.fmod(left, right),
        }[op]()
    except (OverflowError, ValueError):
        return None
    return found if math.isfinite(found) else None
