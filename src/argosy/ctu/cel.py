"""CEL as text to a small tree: the grammar is cel-python's, the tree is ours.

Only the parser's own file is loaded, not cel-python's evaluator, which no payment ever needs.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from argosy.base.refusals import must

TEXT_MAX = 4_000
DEPTH_MAX = 40


class CelError(Exception):
    """A text that is no CEL, or uses what Argosy does not take. `line` and `column` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One place in the tree of an expression.

    `op` is `literal` (its `value` is a float, text, bool or None), `name` (`value` is the dotted
    name, `event.kind`), `list`, `call` (`value` is the function; a method's target is its first
    argument), `index`, `?:`, or the sign itself: `&& || ! neg + - * / % < <= > >= == != in`.
    """

    op: str
    args: tuple[Node, ...] = ()
    value: Any = None
    line: int = 1
    column: int = 1
    method: bool = False

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for arg in self.args:
            yield from arg.walk()


@lru_cache(maxsize=20_000)
def parse(text: str) -> Node:
    """The tree of `text`. Raises `CelError` with the place of the mistake."""
    if not text.strip():
        raise CelError("there is no condition")
    if len(text) > TEXT_MAX:
        raise CelError(f"longer than {TEXT_MAX} characters")
    module = _parser_file()
    try:
        tree = module.CELParser().parse(text)
    except module.CELParseError as wrong:
        raise CelError("this is no CEL from here on", *_place(wrong, text)) from wrong
    return _Reader().node(tree, 0)


@cache
def _parser_file() -> ModuleType:
    """cel-python's parser alone; its package would bring its evaluator, and time zones, along."""
    spec = importlib.util.find_spec("celpy")
    must(spec is not None and spec.submodule_search_locations, "cel-python is not installed")
    folder = next(iter(spec.submodule_search_locations))  # type: ignore[union-attr, arg-type]
    file = importlib.util.spec_from_file_location("celpy_parser", Path(folder) / "celparser.py")
    must(file is not None and file.loader is not None, "cel-python has no parser")
    module = importlib.util.module_from_spec(file)  # type: ignore[arg-type]
    file.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def _place(wrong: Any, text: str) -> tuple[int, int]:
    line, column = wrong.line or -1, wrong.column or -1
    if line < 1 or column < 1:  # the text ended too early
        lines = text.splitlines()
        return len(lines), len(lines[-1]) + 1
    return line, column


_CHAIN = {"conditionalor": "||", "conditionaland": "&&"}
_SIGNS = {
    "relation_lt": "<",
    "relation_le": "<=",
    "relation_gt": ">",
    "relation_ge": ">=",
    "relation_eq": "==",
    "relation_ne": "!=",
    "relation_in": "in",
    "addition_add": "+",
    "addition_sub": "-",
    "multiplication_mul": "*",
    "multiplication_div": "/",
    "multiplication_mod": "%",
}


class _Reader:
    """From lark's tree, where every level of precedence is a node, to ours."""

    def __init__(self) -> None:
        self._last = (1, 1)

    def node(self, tree: Any, depth: int) -> Node:
        while tree.data in _PLAIN and len(tree.children) == 1:
            tree = tree.children[0]
        if depth > DEPTH_MAX:
            raise self._wrong(tree, f"nested deeper than {DEPTH_MAX}")
        kind = tree.data
        if kind in _PLAIN:
            return self._operator(tree, depth + 1)
        read = getattr(self, "_" + kind, None)
        if read is None:
            raise self._wrong(tree, f"Argosy's rules do not take a {kind.replace('_', ' ')}")
        found: Node = read(tree, depth + 1)
        return found

    def _operator(self, tree: Any, depth: int) -> Node:
        kind, children = tree.data, tree.children
        if kind == "expr":
            return self._made("?:", tuple(self.node(c, depth) for c in children), tree)
        if kind in _CHAIN:
            return self._made(_CHAIN[kind], tuple(self.node(c, depth) for c in children), tree)
        if kind == "unary":
            sign = "!" if children[0].data == "unary_not" else "neg"
            return self._made(sign, (self.node(children[1], depth),), tree)
        left, right = children
        sign = _SIGNS[left.data]
        args = self.node(left.children[0], depth), self.node(right, depth)
        return self._made(sign, args, tree)

    def _made(self, op: str, args: tuple[Node, ...], tree: Any, value: Any = None) -> Node:
        line, column = self._where(tree)
        return Node(op, args, value, line, column)

    def _wrong(self, tree: Any, message: str) -> CelError:
        return CelError(message, *self._where(tree))

    def _where(self, tree: Any) -> tuple[int, int]:
        """The place of `tree`; the parser loses that of true and false, which then is the last one seen."""
        line, column = getattr(tree.meta, "line", None), getattr(tree.meta, "column", None)
        if line and column:
            self._last = line, column
        return self._last

    def _ident(self, tree: Any, _: int) -> Node:
        return self._made("name", (), tree, str(tree.children[0]))

    def _member_dot(self, tree: Any, depth: int) -> Node:
        target = self.node(tree.children[0], depth)
        if target.op != "name":
            raise self._wrong(tree, "only facts, fields and thresholds have names after a dot")
        return self._made("name", (), tree, f"{target.value}.{tree.children[1]}")

    def _member_dot_arg(self, tree: Any, depth: int) -> Node:
        target, name, *rest = tree.children
        args = (self.node(target, depth), *self._list(rest, depth))
        made = self._made("call", args, tree, str(name))
        return Node(made.op, made.args, made.value, made.line, made.column, method=True)

    def _ident_arg(self, tree: Any, depth: int) -> Node:
        name, *rest = tree.children
        return self._made("call", tuple(self._list(rest, depth)), tree, str(name))

    def _member_index(self, tree: Any, depth: int) -> Node:
        return self._made("index", tuple(self.node(c, depth) for c in tree.children), tree)

    def _paren_expr(self, tree: Any, depth: int) -> Node:
        return self.node(tree.children[0], depth)

    def _list_lit(self, tree: Any, depth: int) -> Node:
        return self._made("list", tuple(self._list(tree.children, depth)), tree)

    def _list(self, children: list[Any], depth: int) -> Iterator[Node]:
        for child in children:
            if child is not None:
                yield from (self.node(c, depth) for c in child.children)

    def _literal(self, tree: Any, _: int) -> Node:
        token = tree.children[0]
        return self._made("literal", (), tree, self._value(token, tree))

    def _value(self, token: Any, tree: Any) -> Any:
        text = str(token)
        if token.type == "BOOL_LIT":
            return text == "true"
        if token.type == "INT_LIT":
            return float(int(text, 16) if "0x" in text else int(text))
        if token.type == "FLOAT_LIT":
            return float(text)
        if token.type in ("STRING_LIT", "MLSTRING_LIT"):
            try:
                return str(ast.literal_eval(text))
            except (SyntaxError, ValueError):
                raise self._wrong(tree, "an escape in this text is wrong") from None
        if token.type == "NULL_LIT":
            raise self._wrong(tree, "null says nothing here: ask has(...) whether a value is there")
        raise self._wrong(tree, "a number is written 10 or 10.5, without a letter")


_PLAIN = frozenset(
    "expr conditionalor conditionaland relation addition multiplication unary member primary".split()
)
