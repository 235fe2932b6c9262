"""An address: where a page is, and who may see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from argosy.channels.lite.answers import Answer
from argosy.channels.lite.visits import Visit

View = Callable[[Visit], Awaitable[Answer]]


class Who(Enum):
    """Who reaches a page; others are asked to sign in, or told that it is for shops."""

    ANYONE = 1
    SIGNED_IN = 2
    SHOPS = 3


@dataclass(frozen=True, slots=True)
class Address:
    """`view` answers `method` at `path`."""

    method: Literal["GET", "POST"]
    path: str
    view: View
    who: Who = Who.SIGNED_IN


def get(path: str, view: View, who: Who = Who.SIGNED_IN) -> Address:
    return Address("GET", path, view, who)


def post(path: str, view: View, who: Who = Who.SIGNED_IN) -> Address:
    return Address("POST", path, view, who)
