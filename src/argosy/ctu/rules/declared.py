"""A rule as it is written: one TOML file, `starter/<family>/<name>.toml` or the same text published.

owner = "risk"                      # who answers for it
since = 2026-11-22
action = "challenge"                # challenge review deny allow (trust) or score
challenge = "otp"                   # otp pin wait confirm_payee call
reason = "More payments in a minute than a person makes."
when = "account.count_1m >= 10 && event.kind in ['send', 'pay']"
weight = 0.6                        # how much it adds to the score, 0 to 1
kinds = []                          # empty is all; `besides` are kinds that it leaves alone

[hit]
"account.count_1m" = 12
"event.kind" = "send"

[miss]
"account.count_1m" = 3
"event.kind" = "send"
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from argosy.base.ports import Decision

FAMILIES: Final = (
    "owner",
    "velocity",
    "payee",
    "merchant",
    "device",
    "mule",
    "agent",
    "credit",
    "aml",
)
CHALLENGES: Final = ("otp", "pin", "wait", "confirm_payee", "call")
STARTER: Final = Path(__file__).parent / "starter"

Example = Mapping[str, Any]


class Action(StrEnum):
    """What a rule asks for. `score` only adds its weight; `allow` vouches for the event."""

    SCORE = "score"
    ALLOW = "allow"
    CHALLENGE = "challenge"
    REVIEW = "review"
    DENY = "deny"


DECISIONS: Final[Mapping[Action, Decision]] = {
    Action.SCORE: Decision.ALLOW,
    Action.ALLOW: Decision.ALLOW,
    Action.CHALLENGE: Decision.CHALLENGE,
    Action.REVIEW: Decision.REVIEW,
    Action.DENY: Decision.DENY,
}

WEIGHTS: Final[Mapping[Action, float]] = {
    Action.SCORE: 0.1,
    Action.ALLOW: 0.0,
    Action.CHALLENGE: 0.4,
    Action.REVIEW: 0.7,
    Action.DENY: 0.95,
}
"""What a rule adds to the score where it does not say itself."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule. `name` is `family.name`, from its path. `hit` and `miss` are facts (`account.count_1h`),
    event fields (`event.kind`) and scores (`score.takeover`) that must and must not make it fire."""

    name: str
    owner: str
    since: date
    action: Action
    reason: str
    when: str
    hit: dict[str, Any]
    miss: dict[str, Any]
    challenge: str = ""
    customer: str = ""
    weight: float | None = None
    markets: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    @property
    def decision(self) -> Decision:
        return DECISIONS[self.action]

    @property
    def weighs(self) -> float:
        """What it adds to the score, 0 to 1."""
        return WEIGHTS[self.action] if self.weight is None else self.weight


class RuleError(Exception):
    """A text that is no rule. `line` and `column` count from 1 in the file; `hint` is what may have been
    meant."""

    def __init__(self, message: str, line: int = 1, column: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.hint = hint


def read_rule(name: str, text: str) -> Rule:
    """The rule that `text` (TOML) says. Raises `RuleError` where it is none; its condition is not
    looked at yet (`lint.check` does that)."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        line, column = _toml_place(str(wrong), text)
        raise RuleError(f"no TOML: {wrong}", line, column) from None
    try:
        return msgspec.convert({"name": name, **table}, Rule, strict=True)
    except msgspec.ValidationError as wrong:
        message, _, where = str(wrong).partition(" - at `$.")
        key = where.rstrip("`").split("[")[0].split(".")[0]
        unknown = message.partition("unknown field `")[2].rstrip("`")
        line, column = place_of(text, unknown or key)
        near = difflib.get_close_matches(unknown, Rule.__struct_fields__, n=1)
        hint = f"did you mean {near[0]}?" if near else ""
        raise RuleError(message.replace("Object", "The rule"), line, column, hint) from None


def rule_name(path: Path) -> str:
    """`family.name` of the rule in the file `path`."""
    return f"{path.parent.name}.{path.stem}"


def starter_files() -> list[Path]:
    """Every rule file of the starter set, in order of name."""
    return sorted(STARTER.glob("*/*.toml"), key=rule_name)


def starter_rules() -> list[Rule]:
    """The starter set."""
    return [read_rule(rule_name(path), path.read_text("utf-8")) for path in starter_files()]


def place_of(text: str, key: str, after: int = 0) -> tuple[int, int]:
    """Line and column where the value of `key` begins in the TOML `text`, below line `after`; (1, 1)
    where it is not."""
    for number, line in enumerate(text.splitlines(), 1):
        if number <= after:
            continue
        bare = line.strip()
        if bare.startswith((key, f'"{key}"', f"[{key}]")) and key:
            before, sign, _ = line.partition("=")
            if not sign or before.strip().strip('"') != key:
                if bare.startswith("["):
                    return number, 1
                continue
            value = line[len(before) + 1 :]
            return number, len(before) + 2 + len(value) - len(value.lstrip())
    return 1, 1


def _toml_place(message: str, text: str) -> tuple[int, int]:
    words = message.replace(",", "").replace(")", "").split()
    if "line" in words and "column" in words:
        return int(words[words.index("line") + 1]), int(words[words.index("column") + 1])
    return max(1, len(text.splitlines())), 1
