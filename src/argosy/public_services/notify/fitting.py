"""A one-time code is read in the first short message, whatever somebody is called: a name in the text is
shortened before it could push the code out of it, or cost a further message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from argosy.public_services.notify.gsm import plain, short

NAMES = ("payee", "name")
CHARS = (32, 24, 20, 16, 12, 8, 4, 2)
"""How long a name may still be, in this order."""
_HEADER = 6
_CUT = "…"


def fitted(say: Callable[[Mapping[str, Any]], str], facts: Mapping[str, Any], code: str) -> str:
    """The text that `say` makes of `facts`, with names as long as they may be: the `code` stands whole in
    the first message, and a name costs no message more than its first letter does."""
    names = {key: facts[key] for key in NAMES if isinstance(facts.get(key), str)}
    whole = say(facts)
    if not names:
        return whole
    tried = [say({**facts, **{k: _cut(n, chars) for k, n in names.items()}}) for chars in CHARS]
    most = len(short(tried[-1], 0).parts)
    for text in (whole, *tried):
        if len(short(text, 0).parts) <= most and first_holds(text, code):
            return text
    return tried[-1]


def first_holds(text: str, code: str) -> bool:
    """Whether `code` stands whole in the first short message of `text`."""
    made = short(text, 0)
    octets = made.parts[0][_HEADER:] if made.with_header else made.parts[0]
    return code in plain(made.coding, octets)


def _cut(name: str, chars: int) -> str:
    if len(name) <= chars:
        return name
    return name[: chars - 1].rstrip() + _CUT
