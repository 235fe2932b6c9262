"""What helps whoever writes a rule: findings while typing, words to complete, its own examples judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from argosy.ctu.rules.checked import FUNCTIONS
from argosy.ctu.rules.compiled import RuleSet
from argosy.ctu.rules.declared import Rule, RuleError, read_rule
from argosy.ctu.rules.examples import example_event, example_facts, example_scores
from argosy.ctu.rules.lint import Level, Problem, lint, mistakes
from argosy.ctu.rules.thresholds import Thresholds
from argosy.ctu.rules.vocabulary import Vocabulary

TEXT_CHARS_MAX: Final = 20_000
"""A longer text is no rule, and is not looked at."""

USAGE: Final[Mapping[str, str]] = {
    "has": "has(name)",
    "size": "size(text or list)",
    "startsWith": "text.startsWith('...')",
    "endsWith": "text.endsWith('...')",
    "contains": "text.contains('...')",
    "matches": "text.matches('pattern')",
    "all": "list.all(x, ...)",
    "exists": "list.exists(x, ...)",
    "exists_one": "list.exists_one(x, ...)",
    "filter": "list.filter(x, ...)",
    "map": "list.map(x, ...)",
}

NEW_RULE: Final = '''\
owner = "risk"
since = {since}
action = "challenge"
challenge = "otp"
reason = "{reason}"
when = """
account.count_1h >= 10
&& event.kind in ['send', 'pay']"""

[hit]
"account.count_1h" = 12
"event.kind" = "send"

[miss]
"account.count_1h" = 3
"event.kind" = "send"
'''
"""A rule to begin with: it passes the linter."""


@dataclass(frozen=True)
class Word:
    """A name that a rule may use. `kind` is fact, event, score, threshold or function; `type` as the linter
    has it; `says` what it means."""

    label: str
    kind: str
    type: str
    says: str


@dataclass(frozen=True)
class Tried:
    """One of a rule's own examples, judged: whether it hits, the values that were read, and what was
    missing. `example` is `hit` or `miss`; `right` whether it does what its name says."""

    example: str
    hits: bool
    right: bool
    values: Mapping[str, Any]
    lacking: bool


@dataclass(frozen=True)
class Looked:
    """A text as it stands in the editor: what the linter finds, and its examples where nothing is wrong."""

    problems: tuple[Problem, ...]
    tried: tuple[Tried, ...]
    rule: Rule | None

    @property
    def good(self) -> bool:
        """Whether it could be kept as a draft."""
        return not mistakes(self.problems)


class Writing:
    """Looks at rules with one vocabulary and one table of thresholds."""

    def __init__(
        self, vocabulary: Vocabulary, thresholds: Thresholds, says: Mapping[str, str]
    ) -> None:
        self.vocabulary = vocabulary
        self.thresholds = thresholds
        self._says = says

    def look(self, name: str, text: str) -> Looked:
        """Lint `text` as the rule `name`; judge its examples where it has no mistake."""
        if len(text) > TEXT_CHARS_MAX:
            said = f"a rule has at most {TEXT_CHARS_MAX} characters"
            return Looked((Problem(name, name, 1, 1, said),), (), None)
        problems = tuple(lint(name, text, self.vocabulary, self.thresholds))
        rule = _read(name, text)
        if rule is None or any(p.level is Level.MISTAKE and not _of_example(p) for p in problems):
            return Looked(problems, (), rule)
        return Looked(problems, self._tried(rule), rule)

    def words(self) -> list[Word]:
        """Everything that may be completed, in the order of the alphabet."""
        found = [
            Word(name, _kind(name), kind, self._says.get(name, ""))
            for name, kind in self.vocabulary.types().items()
        ]
        for name, value in self.thresholds.values.items():
            found.append(Word(f"t.{name}", "threshold", "number", f"{value:g}"))
        found += [Word(name, "function", "", USAGE.get(name, "")) for name in FUNCTIONS]
        return sorted(found, key=lambda word: word.label)

    def _tried(self, rule: Rule) -> tuple[Tried, ...]:
        rules = RuleSet([rule], self.vocabulary, self.thresholds)
        found = []
        for name, example in (("hit", rule.hit), ("miss", rule.miss)):
            said = rules.judge(
                [example_event(rule, example)],
                example_facts(example, self.vocabulary.columns),
                example_scores(example),
            )[0]
            hits = bool(said.hits)
            values = dict(said.hits[0].values) if said.hits else dict(example)
            found.append(
                Tried(name, hits, hits == (name == "hit"), values, lacking=bool(said.unevaluated))
            )
        return tuple(found)


def offset_of(text: str, line: int, column: int) -> int:
    """Where the character at `line` and `column` (from 1) lies in `text`, counted from 0."""
    lines: Sequence[str] = text.split("\n")
    before = sum(len(one) + 1 for one in lines[: max(0, line - 1)])
    return min(len(text), before + max(0, column - 1))


@lru_cache(maxsize=8_192)
def read_kept(name: str, text: str) -> Rule:
    """The rule of a text that passed the linter once; texts are never changed, so it is read once."""
    return read_rule(name, text)


def _read(name: str, text: str) -> Rule | None:
    try:
        return read_rule(name, text)
    except RuleError:
        return None


def _of_example(problem: Problem) -> bool:
    return problem.message.startswith(
        ("the hit does not", "the miss does not", "the hit lacks", "the miss lacks")
    )


def _kind(name: str) -> str:
    if name.startswith("event."):
        return "event"
    if name.startswith("score.") or name == "owner.score":
        return "score"
    return "fact"
