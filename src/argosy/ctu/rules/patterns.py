"""Which regular expressions a rule may use: those whose work is bounded, whatever text they meet.

The subset is RE2's, without flags: no look-around, no back-reference, no named group; a repetition
holds no other repetition, and at most two of them have no end. Texts longer than `TEXT_MAX` are cut.
"""

from __future__ import annotations

import re
from functools import lru_cache

PATTERN_MAX = 200
REPEAT_MAX = 100
OPEN_REPEATS_MAX = 2
TEXT_MAX = 256


def wildness(pattern: str) -> str | None:
    """Why `pattern` is refused, None where it may be used."""
    if len(pattern) > PATTERN_MAX:
        return f"it is longer than {PATTERN_MAX} characters"
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as wrong:
        return f"it cannot be read: {wrong}"
    return _Walk(pattern).wildness()


class _Walk:
    """One walk along the pattern: groups are a stack of "holds a repetition"."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.open_repeats = 0
        self.groups = [False]
        self.last_held = False  # whether what stands before the next sign holds a repetition

    def wildness(self) -> str | None:
        while self.at < len(self.text):
            wrong = self._step()
            if wrong:
                return wrong
        return None

    def _step(self) -> str | None:
        sign = self.text[self.at]
        if sign == "\\":
            return self._escape()
        if sign == "[":
            self._skip_class()
        elif sign == "(":
            return self._group()
        elif sign == ")":
            held = self.groups.pop()
            self.groups[-1] = self.groups[-1] or held
            self.last_held = held
            self.at += 1
        elif sign in "*+?" or (sign == "{" and re.match(r"\{\d*,?\d*\}", self.text[self.at :])):
            return self._repeat(sign)
        else:
            self.last_held = False
            self.at += 1
        return None

    def _escape(self) -> str | None:
        if self.text[self.at + 1 : self.at + 2].isdigit():
            return "it refers back to a group"
        self.last_held = False
        self.at += 2
        return None

    def _skip_class(self) -> None:
        self.at += 1
        if self.text[self.at : self.at + 1] == "^":
            self.at += 1
        if self.text[self.at : self.at + 1] == "]":
            self.at += 1
        while self.text[self.at] != "]":
            self.at += 2 if self.text[self.at] == "\\" else 1
        self.at += 1
        self.last_held = False

    def _group(self) -> str | None:
        if self.text[self.at + 1 : self.at + 2] == "?":
            if self.text[self.at + 2 : self.at + 3] != ":":
                return "it looks around, sets flags or names a group: only ( ) and (?: ) are taken"
            self.at += 2
        self.groups.append(False)
        self.at += 1
        return None

    def _repeat(self, sign: str) -> str | None:
        found = re.match(r"\{(\d*)(,?)(\d*)\}", self.text[self.at :]) if sign == "{" else None
        if found is None:
            is_open, length = sign in "*+", 1
        else:
            low, comma, high = found[1], found[2], found[3]
            if max(int(low or 0), int(high or 0)) > REPEAT_MAX:
                return f"it repeats more than {REPEAT_MAX} times"
            is_open, length = bool(comma) and not high, len(found[0])
        if sign != "?":
            if self.last_held:
                return "a repetition holds another repetition"
            self.groups[-1] = True
        self.open_repeats += is_open
        if self.open_repeats > OPEN_REPEATS_MAX:
            return f"more than {OPEN_REPEATS_MAX} repetitions without an end"
        self.at += length
        while self.text[self.at : self.at + 1] in ("?", "+") and self.text[self.at - 1] in "*+?}":
            if self.text[self.at] == "+":
                return "a repetition cannot be possessive"
            self.at += 1
        return None


@lru_cache(maxsize=2_000)
def matcher(pattern: str) -> re.Pattern[str]:
    """The compiled pattern; it may match anywhere in a text, as CEL's `matches` does."""
    return re.compile(pattern, re.ASCII)
