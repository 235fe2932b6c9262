"""Sentences with gaps.

`{payee}` is filled with a fact. `{tries_left:try|tries}` is a number with its word in the form that
the language wants for it. What stands in `[square brackets]` is left out when a fact in it is
missing. A sentence is read once and kept in its parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from babel import Locale

_GAP = re.compile(r"\{(\w+)(?::([^{}]*))?\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
TEMPLATES_MAX = 10_000


class FactMissing(Exception):
    """A sentence needs a fact that was not given."""


class _Gap(NamedTuple):
    name: str
    forms: tuple[str, ...] | None


class _Optional(NamedTuple):
    needs: tuple[str, ...]
    parts: tuple[str | _Gap, ...]


def names(template: str) -> set[str]:
    """The facts that a template speaks of."""
    return {match[1] for match in _GAP.finditer(template)}


def fill(
    template: str, facts: Mapping[str, Any], show: Callable[[Any], str], locale: Locale
) -> str:
    """`template` with `facts`, each written by `show`. Raises `FactMissing`."""
    said: list[str] = []
    for part in _parts(template):
        if isinstance(part, _Optional):
            if all(facts.get(name) is not None for name in part.needs):
                said += [_said(one, facts, show, locale) for one in part.parts]
        else:
            said.append(_said(part, facts, show, locale))
    return "".join(said)


def _said(
    part: str | _Gap, facts: Mapping[str, Any], show: Callable[[Any], str], locale: Locale
) -> str:
    if isinstance(part, str):
        return part
    fact = facts.get(part.name)
    if fact is None:
        raise FactMissing(part.name)
    if part.forms is None:
        return show(fact)
    words = part.forms
    is_one = len(words) == 1 or locale.plural_form(fact) == "one"
    return f"{show(fact)} {words[0] if is_one else words[-1]}"


@lru_cache(maxsize=TEMPLATES_MAX)
def _parts(template: str) -> tuple[str | _Gap | _Optional, ...]:
    found: list[str | _Gap | _Optional] = []
    at = 0
    for match in _OPTIONAL.finditer(template):
        found += _gaps(template[at : match.start()])
        needs = tuple(sorted(names(match[1])))
        found.append(_Optional(needs, _gaps(match[1])))
        at = match.end()
    found += _gaps(template[at:])
    return tuple(found)


def _gaps(text: str) -> tuple[str | _Gap, ...]:
    found: list[str | _Gap] = []
    at = 0
    for match in _GAP.finditer(text):
        if match.start() > at:
            found.append(text[at : match.start()])
        found.append(_Gap(match[1], None if match[2] is None else tuple(match[2].split("|"))))
        at = match.end()
    if at < len(text):
        found.append(text[at:])
    return tuple(found)
