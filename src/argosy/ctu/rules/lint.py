"""The linter: every mistake in a rule with its line, its column and what may have been meant.

What it finds as a mistake is refused when a rule is published, so that judging never meets it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from argosy.ctu.cel import CelError, Node, parse
from argosy.ctu.rules.checked import Checker, Expr, TypeMistake
from argosy.ctu.rules.contradictions import contradictions
from argosy.ctu.rules.declared import (
    CHALLENGES,
    FAMILIES,
    Action,
    Rule,
    RuleError,
    place_of,
    read_rule,
    rule_name,
)
from argosy.ctu.rules.examples import example_event, example_facts, example_scores, wrong_names
from argosy.ctu.rules.thresholds import Thresholds
from argosy.ctu.rules.vocabulary import Vocabulary

_NAME = re.compile(r"[a-z]+\.[a-z][a-z0-9_]*")


class Level(StrEnum):
    """A mistake is refused at publish; a note is only told."""

    MISTAKE = "mistake"
    NOTE = "note"


class Problem(msgspec.Struct, frozen=True):
    """One finding. `line` and `column` count from 1 in the rule's file; `source` is that line."""

    rule: str
    path: str
    line: int
    column: int
    message: str
    hint: str = ""
    level: Level = Level.MISTAKE
    source: str = ""

    def shown(self) -> str:
        """The finding with its line and a caret under the place."""
        said = f"{self.path}:{self.line}:{self.column}: {self.level}: {self.message}"
        if self.hint:
            said += f" ({self.hint})"
        if not self.source:
            return said
        return f"{said}\n    {self.source}\n    {' ' * (self.column - 1)}^"


def lint(
    name: str, text: str, vocabulary: Vocabulary, thresholds: Thresholds, path: str = ""
) -> list[Problem]:
    """Every finding in one rule's text, in order of place."""
    return _Linter(name, text, vocabulary, thresholds, path or name).problems()


def lint_files(
    paths: Sequence[Path], vocabulary: Vocabulary, thresholds: Thresholds
) -> list[Problem]:
    """Every finding in many files, doubles among them included."""
    found: list[Problem] = []
    names: dict[str, Path] = {}
    conditions: dict[tuple[str, ...], str] = {}
    for path in paths:
        name, text = rule_name(path), path.read_text("utf-8")
        found += lint(name, text, vocabulary, thresholds, str(path))
        if name in names:
            found.append(Problem(name, str(path), 1, 1, f"{names[name]} has this name as well"))
        names[name] = path
        try:
            rule = read_rule(name, text)
        except RuleError:
            continue
        key = (" ".join(rule.when.split()), *rule.markets, "|", *rule.kinds, "|", *rule.channels)
        if key in conditions:
            line, column = place_of(text, "when")
            message = f"{conditions[key]} asks the same"
            found.append(Problem(name, str(path), line, column, message, level=Level.NOTE))
        conditions[key] = name
    return found


def mistakes(problems: Sequence[Problem]) -> list[Problem]:
    """Those that are refused."""
    return [problem for problem in problems if problem.level is Level.MISTAKE]


class _Linter:
    def __init__(
        self, name: str, text: str, vocabulary: Vocabulary, thresholds: Thresholds, path: str
    ) -> None:
        self._name, self._text, self._path = name, text, path
        self._lines = text.splitlines() or [""]
        self._vocabulary = vocabulary
        self._thresholds = thresholds
        self._types = vocabulary.types()

    def problems(self) -> list[Problem]:
        try:
            rule = read_rule(self._name, self._text)
        except RuleError as wrong:
            return [self._problem(wrong.line, wrong.column, wrong.message, wrong.hint)]
        found = [*self._form(rule), *self._condition(rule)]
        if not mistakes(found):
            found += self._examples(rule)
        return sorted(found, key=lambda p: (p.line, p.column))

    def _problem(
        self, line: int, column: int, message: str, hint: str = "", level: Level = Level.MISTAKE
    ) -> Problem:
        source = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        return Problem(self._name, self._path, line, column, message, hint, level, source)

    def _at(self, key: str, message: str, hint: str = "") -> Problem:
        return self._problem(*place_of(self._text, key), message, hint)

    # --- form -----------------------------------------------------------------------------------------

    def _form(self, rule: Rule) -> Iterator[Problem]:
        if not _NAME.fullmatch(rule.name):
            yield self._problem(1, 1, f"{rule.name} is no name", "family/name.toml, of a-z, 0-9, _")
        if rule.family not in FAMILIES:
            families = ", ".join(FAMILIES)
            yield self._problem(1, 1, f"there is no family {rule.family}", f"one of {families}")
        for key in ("owner", "reason"):
            if not getattr(rule, key).strip():
                yield self._at(key, f"{key} says nothing")
        if rule.action is Action.CHALLENGE and rule.challenge not in CHALLENGES:
            yield self._at("challenge", "which challenge?", f"one of {', '.join(CHALLENGES)}")
        if rule.action is not Action.CHALLENGE and rule.challenge:
            yield self._at("challenge", f"a rule that says {rule.action} has no challenge")
        if rule.weight is not None and not 0 <= rule.weight < 1:
            yield self._at("weight", "a weight is at least 0 and below 1")
        for key in ("hit", "miss"):
            if not getattr(rule, key):
                yield self._at(key, f"without an example that it {key}s nobody knows what it does")
        if set(rule.kinds) & set(rule.besides):
            yield self._at("besides", "a kind is in kinds and in besides")

    # --- condition ------------------------------------------------------------------------------------

    def _condition(self, rule: Rule) -> Iterator[Problem]:
        try:
            tree = parse(rule.when)
            expr = Checker(self._types, self._thresholds.values.keys()).condition(tree)
        except CelError as wrong:
            yield self._problem(*self._place(wrong.line, wrong.column), wrong.message)
            return
        except TypeMistake as wrong:
            yield self._in(wrong.node, wrong.message, wrong.hint)
            return
        for node, message in contradictions(expr):
            yield self._in(node, message)
        yield from self._unasked(expr)

    def _unasked(self, expr: Expr) -> Iterator[Problem]:
        reads = [one for one in _walk(expr) if one.op == "read"]
        asked = {one.value for one in _walk(expr) if one.op == "has"}
        told: set[str] = set()
        for one in reads:
            name = one.value
            if name in asked or name in told or not self._vocabulary.nullable(name):
                continue
            told.add(name)
            yield self._in(
                one.node,
                f"{name} may be missing: then this rule is not evaluated",
                f"has({name}) && ...",
                Level.NOTE,
            )

    def _in(
        self, node: Node, message: str, hint: str = "", level: Level = Level.MISTAKE
    ) -> Problem:
        return self._problem(*self._place(node.line, node.column), message, hint, level)

    def _place(self, line: int, column: int) -> tuple[int, int]:
        """From a place in the condition to one in the file."""
        top, left = place_of(self._text, "when")
        opening = self._lines[top - 1][left - 1 :]
        quotes = 3 if opening.startswith(('"""', "'''")) else 1
        if quotes == 3 and not opening[3:].strip():
            return top + line, column
        return top + line - 1, column + (left + quotes - 1 if line == 1 else 0)

    # --- examples -------------------------------------------------------------------------------------

    def _examples(self, rule: Rule) -> Iterator[Problem]:
        from argosy.ctu.rules.compiled import RuleSet

        examples: Mapping[str, Mapping[str, object]] = {"hit": rule.hit, "miss": rule.miss}
        wrong = [
            self._problem(*place_of(self._text, name, place_of(self._text, key)[0]), message)
            for key, example in examples.items()
            for name, message in wrong_names(example, self._types)
        ]
        if wrong:
            yield from wrong
            return
        rules = RuleSet([rule], self._vocabulary, self._thresholds)
        for key, example in examples.items():
            said = rules.judge(
                [example_event(rule, example)],
                example_facts(example, self._vocabulary.columns),
                example_scores(example),
            )[0]
            if said.unevaluated:
                yield self._at(key, f"the {key} lacks a value that the rule needs")
            elif bool(said.hits) != (key == "hit"):
                yield self._at(key, f"the {key} does not {key}")


def _walk(expr: Expr) -> Iterator[Expr]:
    yield expr
    if expr.op != "has":
        for arg in expr.args:
            yield from _walk(arg)
