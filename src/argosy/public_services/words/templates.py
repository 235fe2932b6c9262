"""Sentences with gaps.

`{payee}` is filled with a fact. `{tries_left:try|tries}` is a number with its word in the form that
the language wants for it. What stands in `[square brackets]` is left out when a fact in it is
missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from babel import Locale

_GAP = re.compile(r"\{(\w+)(?::([^{}]*))?\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")


class FactMissing(Exception):
    """A sentence needs a fact that was not given."""


def names(template: str) -> set[str]:
    """The facts that a template speaks of."""
    return {match[1] for match in _GAP.finditer(template)}


def fill(
    template: str, facts: Mapping[str, Any], show: Callable[[Any], str], locale: Locale
) -> str:
    """`template` with `facts`, each written by `show`. Raises `FactMissing`."""

    def one(match: re.Match[str]) -> str:
        name, forms = match[1], match[2]
        if facts.get(name) is None:
            raise FactMissing(name)
        if forms is None:
            return show(facts[name])
        words = forms.split("|")
        is_one = len(words) == 1 or locale.plural_form(facts[name]) == "one"
        return f"{show(facts[name])} {words[0] if is_one else words[-1]}"

    def optional(match: re.Match[str]) -> str:
        wanted = names(match[1])
        return match[1] if all(facts.get(name) is not None for name in wanted) else ""

    return _GAP.sub(one, _OPTIONAL.sub(optional, template))
