"""Which events a fact counts: CEL over the event's own fields, with missing values as CEL has them.

A comparison with a value that is missing, or that is of another type, is neither true nor false; `&&`
and `||` are as in CEL and SQL (`false && missing` is false). An event counts where the whole is true.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from argosy.ctu.cel import CelError, Node, parse
from argosy.ctu.events import Event

TEXT, NUMBER, SET, ANY, TRUTH = "text", "number", "set", "any", "truth"

FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "kind": TEXT,
        "market": TEXT,
        "currency": TEXT,
        "channel": TEXT,
        "account": TEXT,
        "device": TEXT,
        "session": TEXT,
        "payee": TEXT,
        "merchant": TEXT,
        "network": TEXT,
        "phone": TEXT,
        "instrument": TEXT,
        "amount": NUMBER,
        "proofs": SET,
    }
)
"""The event's own fields and what they hold; any other `event.<name>` is an attribute."""

METHODS: Final = {"startsWith": "startswith", "endsWith": "endswith", "contains": "__contains__"}

Predicate = Callable[[Event], bool]


def check_filter(text: str) -> Node:
    """The tree of a filter that `python_of` and the off-line engine can both compute. Raises `CelError`.

    Taken are `&& || !`, `== != < <= > >=` between a field and a literal (or two fields of one kind),
    `in` with a list of literals, `'pin' in event.proofs`, `has(event.x)`, `startsWith`, `endsWith`,
    `contains`, `true`, `false`, an attribute that is itself true or false, and `+ - * %` of numbers.
    """
    tree = parse(text)
    _Writer().truth(tree)
    return tree


def kind_of(node: Node) -> str:
    """What a value is: `text`, `number`, `set`, `truth`, or `any` for an attribute. Raises `CelError`."""
    if node.op == "literal":
        if isinstance(node.value, bool):
            return TRUTH
        return TEXT if isinstance(node.value, str) else NUMBER
    if node.op == "name":
        return FIELDS.get(field_of(node), ANY)
    if node.op in ("+", "-", "*", "%", "neg"):
        for arg in node.args:
            if kind_of(arg) not in (NUMBER, ANY):
                raise _wrong(arg, f"{node.op} takes numbers")
        return NUMBER
    raise _wrong(node, "a filter takes a field of the event or a literal here")


def field_of(node: Node) -> str:
    """The name of the field that `node` reads, without `event.`. Raises `CelError`."""
    root, _, name = str(node.value).partition(".")
    if root != "event" or not name or "." in name:
        raise _wrong(node, f'a filter reads the event alone: "event.amount", not "{node.value}"')
    return name


def _wrong(node: Node, message: str) -> CelError:
    return CelError(message, node.line, node.column)


@lru_cache(maxsize=5_000)
def compile_filter(text: str) -> Predicate:
    """A predicate for one filter. Raises `CelError`."""
    source = python_of(text, "e")
    made: Predicate = eval(f"lambda e: {source}", dict(NAMES))  # noqa: S307  our own text, see _Writer
    return made


def python_of(text: str, event: str) -> str:
    """A filter as Python over the variable `event`: true where the filter is true. Raises `CelError`.

    The text uses the names of `NAMES`.
    """
    return _Writer(event).truth(parse(text))


def _number(value: Any) -> float | None:
    """A number, or None; a truth is no number, and neither is what is not finite."""
    kind = type(value)
    if kind is int or (kind is float and math.isfinite(value)):
        return value  # type: ignore[no-any-return]
    return None


def _text(value: Any) -> str | None:
    return value if type(value) is str else None


def _truth(value: Any) -> bool | None:
    return value if type(value) is bool else None


def _remainder(a: float | None, b: float | None) -> float | None:
    return None if a is None or not b or not math.isfinite(a) else math.fmod(a, b)


def _plus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


def _minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _times(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a * b


NAMES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "__builtins__": {},
        "_number": _number,
        "_text": _text,
        "_truth": _truth,
        "_remainder": _remainder,
        "_plus": _plus,
        "_minus": _minus,
        "_times": _times,
    }
)
_ARITHMETIC = {"+": "_plus", "-": "_minus", "*": "_times", "%": "_remainder"}
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


class _Writer:
    """Writes an expression twice: where it is surely true, and where it is surely false."""

    def __init__(self, event: str = "e") -> None:
        self._event = event
        self._walrus = 0

    def truth(self, node: Node, wanted: bool = True) -> str:
        """Python that is true exactly where `node` is `wanted` for sure."""
        op = node.op
        if op in ("&&", "||"):
            both = (op == "&&") == wanted
            parts = [self.truth(arg, wanted) for arg in node.args]
            return "(" + (" and " if both else " or ").join(parts) + ")"
        if op == "!":
            return self.truth(node.args[0], not wanted)
        if op == "literal" and isinstance(node.value, bool):
            return str(node.value is wanted)
        if op == "name" and kind_of(node) == ANY:
            return f"(_truth({self._raw(node)}) is {wanted})"
        if op in _OPPOSITE:
            return self._compare(node, wanted)
        if op == "in":
            return self._in(node, wanted)
        if op == "call":
            return self._call(node, wanted)
        raise _wrong(node, "a filter must be true or false here")

    def _compare(self, node: Node, wanted: bool) -> str:
        left, right = node.args
        kind = self._common(node, left, right)
        if kind == TRUTH and node.op not in ("==", "!="):
            raise _wrong(node, "true and false have no order")
        sign = node.op if wanted else _OPPOSITE[node.op]
        a, sure_a = self._value(left, kind)
        b, sure_b = self._value(right, kind)
        return f"({sure_a}{sure_b}{a} {sign} {b})"

    def _common(self, node: Node, left: Node, right: Node) -> str:
        kinds = {kind_of(left), kind_of(right)} - {ANY}
        if SET in kinds:
            raise _wrong(node, "event.proofs is a set: write 'pin' in event.proofs")
        if len(kinds) != 1:
            words = (
                "a text and a number cannot be compared"
                if kinds
                else ("two attributes can be of any type: compare each with a literal")
            )
            raise _wrong(node, words)
        return kinds.pop()

    def _value(self, node: Node, kind: str) -> tuple[str, str]:
        """Python for a value that is known to be there, and the question before it."""
        if node.op == "literal":
            return repr(node.value), ""
        source = self._raw(node)
        if node.op == "name" and kind_of(node) == ANY:
            source = f"_{kind}({source})"
        elif node.op == "name" and field_of(node) in _ALWAYS:
            return source, ""
        self._walrus += 1
        name = f"_v{self._walrus}"
        return name, f"({name} := {source}) is not None and "

    def _raw(self, node: Node) -> str:
        """Python for a value that may be None."""
        if node.op == "literal":
            return repr(node.value)
        if node.op == "name":
            field = field_of(node)
            if field in FIELDS:
                return f"{self._event}.{field}"
            return f"{self._event}.attributes.get({field!r})"
        if node.op == "neg":
            return f"_minus(0, {self._operand(node.args[0])})"
        left, right = (self._operand(arg) for arg in node.args)
        return f"{_ARITHMETIC[node.op]}({left}, {right})"

    def _operand(self, node: Node) -> str:
        kind_of(node)
        source = self._raw(node)
        return f"_number({source})" if node.op == "name" and kind_of(node) == ANY else source

    def _in(self, node: Node, wanted: bool) -> str:
        left, right = node.args
        no = "" if wanted else "not "
        if right.op == "name" and kind_of(right) == SET:
            if left.op != "literal" or not isinstance(left.value, str):
                raise _wrong(left, "a proof is a text, as 'pin' in event.proofs")
            return f"({left.value!r} {no}in {self._raw(right)})"
        if right.op != "list" or not right.args:
            raise _wrong(right, "`in` takes a list of literals here")
        kinds = {kind_of(item) for item in right.args if item.op == "literal"}
        if len(kinds) != 1 or any(item.op != "literal" for item in right.args):
            raise _wrong(right, "a list holds literals of one type")
        kind = kinds.pop()
        if kind_of(left) not in (kind, ANY):
            raise _wrong(node, "a text and a number cannot be compared")
        value, sure = self._value(left, kind)
        items = ", ".join(repr(item.value) for item in right.args)
        return f"({sure}{value} {no}in ({items},))"

    def _call(self, node: Node, wanted: bool) -> str:
        if node.value == "has" and not node.method:
            if len(node.args) != 1 or node.args[0].op != "name":
                raise _wrong(node, "has takes one field, as has(event.device)")
            return f"({self._raw(node.args[0])} is {'not ' if wanted else ''}None)"
        if node.value in METHODS and node.method:
            target, *rest = node.args
            if len(rest) != 1 or rest[0].op != "literal" or not isinstance(rest[0].value, str):
                raise _wrong(node, f"{node.value} takes one text")
            if kind_of(target) not in (TEXT, ANY) or target.op == "literal":
                raise _wrong(target, f"{node.value} asks a field that is a text")
            value, sure = self._value(target, TEXT)
            no = "" if wanted else "not "
            return f"({sure}{no}{value}.{METHODS[node.value]}({rest[0].value!r}))"
        raise _wrong(node, f'a filter does not know "{node.value}"')


_ALWAYS = frozenset({"kind", "account", "amount", "proofs"})
