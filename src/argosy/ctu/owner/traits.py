"""What an event shows of who acts: a few values in chains, from the rough to the fine.

A value is known by a number: its level, and 32 bits of its text. An account has so few values that two
of one number do not meet in practice.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final
from zlib import crc32

from argosy.ctu.events import Event

HOUR_MS: Final = 3_600_000

Steps = list[tuple[int, int, int]]
"""(level, the parent's number, the value's number) for each value, parents first."""

# A level's number is its place here; `ROOT + family` is the parent of a family's first value.
LEVELS: Final = (
    "device",
    "country", "provider", "prefix", "address",
    "place",
    "agent_family", "agent",
    "week_part", "week_block",
    "kind", "amount",
    "payee",
)  # fmt: skip
FAMILIES: Final = ("device", "network", "place", "agent", "time", "habit", "payee")
FAMILY_OF: Final = (0, 1, 1, 1, 1, 2, 3, 3, 4, 4, 5, 5, 6)
(DEVICE, COUNTRY, PROVIDER, PREFIX, ADDRESS, PLACE, AGENT_FAMILY, AGENT,
 WEEK_PART, WEEK_BLOCK, KIND, AMOUNT, PAYEE) = range(len(LEVELS))  # fmt: skip
ROOT: Final = 64
ROOTS: Final = tuple((ROOT + family) << 32 for family in range(len(FAMILIES)))


def steps(event: Event, offset_ms: int = 0) -> Steps:
    """The values of an event. What it does not tell is left out, and counts neither for nor against.

    The sender may tell `asn`, `network_country`, `place` and `user_agent` as attributes; without them
    the provider is guessed from the address (its first 16 bits, in IPv6 its first 32).
    """
    told = event.attributes
    found: Steps = []
    if event.device is not None:
        found.append((DEVICE, ROOTS[0], number(DEVICE, event.device)))
    _network(event, found)
    place = told.get("place")
    if place is not None:
        found.append((PLACE, ROOTS[2], number(PLACE, str(place))))
    agent = told.get("user_agent")
    if agent is not None:
        family, whole = _agent(str(agent))
        found.append((AGENT_FAMILY, ROOTS[3], family))
        found.append((AGENT, family, whole))
    hour = (event.at_ms + offset_ms) // HOUR_MS
    day = (hour // 24 + 3) % 7  # Monday is 0
    block = hour % 24 // 3
    part = WEEK_PART << 32 | (day >= 5) << 8 | block
    found.append((WEEK_PART, ROOTS[4], part))
    found.append((WEEK_BLOCK, part, WEEK_BLOCK << 32 | day << 8 | block))
    kind = number(KIND, event.kind)
    found.append((KIND, ROOTS[5], kind))
    if event.amount > 0:
        size = number(AMOUNT, event.currency) + event.amount.bit_length() & 0xFFFFFFFF
        found.append((AMOUNT, kind, AMOUNT << 32 | size ^ kind & 0xFFFFFFFF))
    payee = event.payee or event.merchant or event.instrument
    if payee is not None:
        found.append((PAYEE, ROOTS[6], number(PAYEE, payee)))
    return found


@lru_cache(maxsize=20_000)
def number(level: int, text: str) -> int:
    """The number of a value."""
    return level << 32 | crc32(text.encode())


def _network(event: Event, found: Steps) -> None:
    told = event.attributes
    parent = ROOTS[1]
    country = told.get("network_country")
    if country is not None:
        value = number(COUNTRY, str(country))
        found.append((COUNTRY, parent, value))
        parent = value
    provider, prefix = (None, None) if event.network is None else _around(event.network)
    provider = told.get("asn", provider)
    if provider is not None:
        value = number(PROVIDER, str(provider))
        found.append((PROVIDER, parent, value))
        parent = value
    if prefix is not None:
        value = number(PREFIX, prefix)
        found.append((PREFIX, parent, value))
        parent = value
    if event.network is not None:
        found.append((ADDRESS, parent, number(ADDRESS, event.network)))


@lru_cache(maxsize=20_000)
def _around(network: str) -> tuple[str | int | float | bool | None, str | None]:
    """The provider's and the neighbourhood's prefix of an address; None where it is none."""
    try:
        address = ipaddress.ip_address(network.partition("/")[0])
    except ValueError:
        return None, None
    wide, near = (16, 24) if address.version == 4 else (32, 48)
    return tuple(  # type: ignore[return-value]  # two of them
        str(ipaddress.ip_network((address, bits), strict=False)) for bits in (wide, near)
    )


@lru_cache(maxsize=5_000)
def _agent(text: str) -> tuple[int, int]:
    """The family of a user agent (its words without numbers) and the whole of it."""
    words = "".join(c for c in text if not c.isdigit() and c not in "._")
    return number(AGENT_FAMILY, words), number(AGENT, text)
