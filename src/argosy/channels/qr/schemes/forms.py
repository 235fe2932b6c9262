"""The form that all schemes share: values with patterns, a payee as the parts of a template and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from argosy.base.refusals import Refused
from argosy.channels.qr.emv import VALUE_CHARS_MAX, Code, Field, leaf, template
from argosy.channels.qr.reasons import CodeReason

GUID_CHARS_MAX = 32


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a template: its id, what it is called, its pattern (ASCII), whether it may be
    missing."""

    id: str
    name: str
    pattern: str
    needed: bool = False


def written(
    field: str, guid: str, parts: Iterable[Part], values: Mapping[str, str | None]
) -> Field | Refused:
    """The template `field` of the scheme `guid` with `values` by the names of the parts; empty ones
    are left out. Refused with CODE_FIELD_UNFIT or CODE_FIELD_TOO_LONG, which name the part."""
    row = [leaf("00", guid)]
    for part in parts:
        value = values.get(part.name) or ""
        wrong = unfit(f"{field}.{part.id}", part, value)
        if wrong is not None:
            return wrong
        if value:
            row.append(leaf(part.id, value))
    whole = template(field, row)
    if len(whole.value) > VALUE_CHARS_MAX:
        facts = {"field": field, "most": VALUE_CHARS_MAX}
        return Refused(CodeReason.CODE_FIELD_TOO_LONG, facts)
    return whole


def unfit(path: str, part: Part, value: str) -> Refused | None:
    """Why `value` cannot stand at `path`."""
    if not value and not part.needed:
        return None
    if _compiled(part.pattern).fullmatch(value):
        return None
    problem = f"no {part.name}" if not value else f"not a {part.name}"
    return Refused(CodeReason.CODE_FIELD_UNFIT, {"field": path, "problem": problem})


def is_of(code: Code, field: str, guids: Iterable[str]) -> bool:
    """Whether the template `field` says that it is of one of these schemes, in any case of letters."""
    said = code.get(field, "00")
    return said is not None and said.lower() in {guid.lower() for guid in guids}


def read(code: Code, field: str, parts: Iterable[Part]) -> dict[str, str | None] | Refused:
    """The values of a template by the names of its parts. Refused with CODE_UNREADABLE where one has
    not its form."""
    values: dict[str, str | None] = {}
    for part in parts:
        found = code.find(field, part.id)
        value = found.value if found else ""
        if unfit(field, part, value) is not None:
            whole = code.find(field)
            at = found.at if found else whole.at if whole else 0
            problem = f"field {field}.{part.id} is not a {part.name}"
            return Refused(CodeReason.CODE_UNREADABLE, {"position": at, "problem": problem})
        values[part.name] = value or None
    return values


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)
