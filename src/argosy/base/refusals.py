"""How Argosy says no: a refusal is a value, never an exception.

There are three kinds of no and they are never mixed. A *refusal* (here) is an ordinary answer with a
stable number and a documented meaning. A *bug* stops the work: see `must`. An *outage* raises
`Unavailable`, and the caller may ask again with the same id.

Each board keeps its own enumeration in its own folder, as a subclass of `Reason`, inside its block of
numbers. Numbers and names are part of the API and are never reused:

    1-99       base/ledger             300-399  ctu
    100-149    base/money, input       400-449  public_services/signin, identity
    150-199    base/gate, limits       450-479  the other public services
    200-249    base/orders             480-489  channels/qr
    250-299    base/parties            490-499  markets
    500-569    the other channels      570-579  channels/qr, photographs
    580-599    the other channels      600-649  banks
    1000-      products, twenty each   700-749  partners
                                       750-899  management
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any, Self

_NO_FACTS: Mapping[str, Any] = MappingProxyType({})


class Kind(StrEnum):
    """What sort of no it is; the edges choose an HTTP status or a tone of voice by it."""

    INPUT = "input"  # the request itself is wrong: mend it and send it again
    UNKNOWN = "unknown"  # what it names does not exist, or not for this caller
    FORBIDDEN = "forbidden"  # who asks may not do this
    UNPROVEN = "unproven"  # who asks has not shown who they are
    CONFLICT = "conflict"  # the same id with another content, or a state that has moved on
    STATE = "state"  # understood and allowed, but not as things stand (funds, closed, expired)
    LIMIT = "limit"  # a limit of law or of the operator
    RISK = "risk"  # the brain said no
    BUSY = "busy"  # too much at once; the same request may be sent again later


class Reason(IntEnum):
    """Base of every enumeration of refusals. A member is `NAME = number, Kind, meaning`."""

    kind: Kind
    meaning: str

    def __new__(cls, number: int, kind: Kind, meaning: str) -> Self:
        member = int.__new__(cls, number)
        member._value_ = number
        member.kind = kind
        member.meaning = meaning
        return member

    @property
    def code(self) -> str:
        """The stable name that programs compare, e.g. `insufficient_funds`."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer no.

    `facts` are values a message may show to the one who asked (never another party's data);
    `field` names the part of the request that was wrong, where one part was.
    """

    reason: Reason
    facts: Mapping[str, Any] = field(default_factory=lambda: _NO_FACTS)
    field: str | None = None

    @property
    def code(self) -> str:
        return self.reason.code


class Unavailable(Exception):
    """Something we need did not answer. Nothing was decided; ask again with the same id."""


class Bug(Exception):
    """The program contradicts itself. Work stops here, whatever the interpreter's flags."""


def must(condition: object, saying: str, **facts: object) -> None:
    """Stop with `Bug` unless `condition` holds. Unlike `assert` it survives `python -O`."""
    if not condition:
        raise Bug(f"{saying}: {facts}" if facts else saying)


def every_reason() -> Iterator[Reason]:
    """All refusals of all enumerations imported so far, in order of their numbers."""
    yield from sorted(
        (member for enumeration in Reason.__subclasses__() for member in enumeration),
        key=int,
    )
