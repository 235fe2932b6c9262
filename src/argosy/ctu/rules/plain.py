"""Conditions as plain Python: for the rare expression that has no columns, and to check the columns by.

A value that is missing is None; logic is Kleene's: false and missing is false, true or missing is true.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from argosy.ctu.rules.checked import Expr, reckon
from argosy.ctu.rules.patterns import TEXT_MAX, matcher

Read = Callable[[str], Any]
"""The value of a name (`account.count_1h`, `t.new_payee_minor`, a local one); None is missing."""
Plain = Callable[[Read], Any]


def plain(expr: Expr) -> Plain:
    """A function that tells the value of `expr`: a bool, float, text or list, None where missing."""
    made = _MAKERS.get(expr.op)
    return made(expr) if made else _strict(expr)


def _literal(expr: Expr) -> Plain:
    value = expr.value
    return lambda _: value


def _read(expr: Expr) -> Plain:
    name = "t." + expr.value if expr.op == "threshold" else expr.value
    return lambda read: read(name)


def _has(expr: Expr) -> Plain:
    name = expr.value
    return lambda read: read(name) is not None


def _all_of(parts: list[Plain], read: Read) -> bool | None:
    missing = False
    for part in parts:
        value = part(read)
        if value is None:
            missing = True
        elif not value:
            return False
    return None if missing else True


def _and(expr: Expr) -> Plain:
    parts = [plain(arg) for arg in expr.args]
    return lambda read: _all_of(parts, read)


def _not(expr: Expr) -> Plain:
    part = plain(expr.args[0])

    def judged(read: Read) -> bool | None:
        value = part(read)
        return None if value is None else not value

    return judged


def _or(expr: Expr) -> Plain:
    parts = [plain(arg) for arg in expr.args]

    def judged(read: Read) -> bool | None:
        missing = False
        for part in parts:
            value = part(read)
            if value:
                return True
            missing = missing or value is None
        return None if missing else False

    return judged


def _choice(expr: Expr) -> Plain:
    asked, yes, no = (plain(arg) for arg in expr.args)

    def chosen(read: Read) -> Any:
        value = asked(read)
        return None if value is None else (yes if value else no)(read)

    return chosen


def _list(expr: Expr) -> Plain:
    parts = [plain(arg) for arg in expr.args]

    def listed(read: Read) -> list[Any] | None:
        values = [part(read) for part in parts]
        return None if None in values else values

    return listed


def _macro(expr: Expr) -> Plain:
    over, body = (plain(arg) for arg in expr.args)
    variable, fold = expr.value, _FOLDS[expr.op]

    def folded(read: Read) -> Any:
        items = over(read)
        if items is None:
            return None
        items = sorted(items) if isinstance(items, frozenset) else items
        return fold(items, [body(_within(read, variable, item)) for item in items])

    return folded


def _within(read: Read, variable: str, item: Any) -> Read:
    return lambda name: item if name == variable else read(name)


def _strict(expr: Expr) -> Plain:
    """An operation that is missing as soon as one of its parts is."""
    parts = [plain(arg) for arg in expr.args]
    work = _STRICT[expr.op]

    def worked(read: Read) -> Any:
        values = [part(read) for part in parts]
        return None if any(value is None for value in values) else work(*values)

    return worked


def _one_of(_: list[Any], said: list[bool | None]) -> bool | None:
    return None if None in said else sum(map(bool, said)) == 1


def _any(_: list[Any], said: list[bool | None]) -> bool | None:
    return True if True in said else None if None in said else False


def _every(_: list[Any], said: list[bool | None]) -> bool | None:
    return False if False in said else None if None in said else True


def _kept(items: list[Any], said: list[bool | None]) -> list[Any] | None:
    if None in said:
        return None
    return [item for item, keep in zip(items, said, strict=True) if keep]


def _mapped(_: list[Any], said: list[Any]) -> list[Any] | None:
    return None if None in said else said


def _at(items: list[Any], place: float) -> Any:
    return items[int(place)] if place.is_integer() and 0 <= place < len(items) else None


_FOLDS: Mapping[str, Callable[[list[Any], list[Any]], Any]] = {
    "all": _every,
    "exists": _any,
    "exists_one": _one_of,
    "filter": _kept,
    "map": _mapped,
}

_STRICT: Mapping[str, Callable[..., Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "in": lambda item, items: item in items,
    "joined": operator.add,
    "size": lambda items: float(len(items)),
    "index": _at,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": operator.contains,
    "matches": lambda text, pattern: matcher(pattern).search(text[:TEXT_MAX]) is not None,
    "neg": lambda value: reckon("neg", [value]),
    **{sign: (lambda a, b, sign=sign: reckon(sign, [a, b])) for sign in "+-*/%"},
}

_MAKERS: Mapping[str, Callable[[Expr], Plain]] = {
    "literal": _literal,
    "read": _read,
    "threshold": _read,
    "local": _read,
    "has": _has,
    "&&": _and,
    "||": _or,
    "!": _not,
    "?:": _choice,
    "list": _list,
    **dict.fromkeys(_FOLDS, _macro),
}
