"""What all forms have in common: times, amounts, pages, problems."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from argosy.base.money import AMOUNT_MINOR_MAX

CURSOR_CHARS_MAX = 500
PAGE_MAX = 100
PAGE = 20

Time = Annotated[
    str, Meta(description="RFC 3339 in UTC.", extra_json_schema={"format": "date-time"})
]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217.")]
Moment = Annotated[datetime, Meta(tz=True)]


class In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What comes in: nothing unknown is taken, and no text may end in a line break (which `$` in a
    pattern would let pass), but for the free ones."""

    _free: ClassVar[frozenset[str]] = frozenset({"description", "label"})

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            texts = value if isinstance(value, list) else [value]
            if name not in self._free and any(
                isinstance(text, str) and text.endswith("\n") for text in texts
            ):
                raise ValueError(f"`{name}` ends in a line break")


class Out(msgspec.Struct, frozen=True, kw_only=True):
    """What goes out."""


def printable(text: str) -> str:
    """`text` with a space for each character that does not print."""
    return "".join(c if c.isprintable() else " " for c in text)


class FieldError(Out, frozen=True, kw_only=True):
    """What is wrong with one field of the request."""

    field: Annotated[str, Meta(description="Dotted path, such as `amount.minor`.")]
    detail: str


class Problem(Out, frozen=True, kw_only=True):
    """Why the request was refused, after RFC 9457. Compare `code`; the other texts may change."""

    type: Annotated[str, Meta(description="Where the refusal is explained.")]
    title: str
    status: int
    code: Annotated[str, Meta(description="Stable, such as `insufficient_funds`.")]
    detail: str
    errors: list[FieldError]
    facts: Annotated[dict[str, Any], Meta(description="Values that belong to the refusal.")]


class Amount(In, frozen=True, kw_only=True):
    """An amount above zero in whole minor units."""

    minor: Annotated[int, Meta(ge=1, le=AMOUNT_MINOR_MAX)]
    currency: Currency


class Money(Out, frozen=True, kw_only=True):
    """Whole minor units of a currency; 12.34 rupees are 1234 INR."""

    minor: int
    currency: str


class NoQuery(In, frozen=True, kw_only=True):
    """No parameters."""


class Page(In, frozen=True, kw_only=True):
    """Which part of a list."""

    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX, description="At most so many.")] = PAGE
    cursor: (
        Annotated[str, Meta(max_length=CURSOR_CHARS_MAX, description="`next` of the page before.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class Instant(In, frozen=True, kw_only=True):
    """Which moment; without one, now."""

    at: Moment | msgspec.UnsetType = msgspec.UNSET
