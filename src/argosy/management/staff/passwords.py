"""Passwords: argon2id, made and compared off the event loop, and refused where everybody tries them."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD_CHARS_MIN: Final = 12
PASSWORD_CHARS_MAX: Final = 200
AT_ONCE_MAX: Final = 2
"""So many are made or compared at a time: each takes 46 MiB."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=47_104, parallelism=1)
_NOBODYS = (
    "$argon2id$v=19$m=47104,t=2,p=1$0m4dHVHy7ZtuP1YhWyXyTw"
    "$fU4lQxYYF0lWD0kJPrXAbc0HSYY3JzDcwfJYSx7qOqA"
)
"""Compared with where there is no such person, so that this takes as long."""

_TRIED: Final = frozenset(
    """password passw0rd administrator qwertyuiop qwerty letmein welcome iloveyou changeme argosy wallet
    secret dragon monkey football baseball superman trustno1 abcdefghijkl""".split()
)
_TURNS = ThreadPoolExecutor(AT_ONCE_MAX, "passwords")


def is_weak(password: str, name: str) -> bool:
    """Whether `password` is too short, is the name, is one character or a run again and again, or a word
    that everybody tries with figures around it."""
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        return True
    plain = re.sub(r"[^a-z]", "", password.lower())
    figures = re.sub(r"[^0-9]", "", password)
    if len(set(password)) < 5 or name.lower() in {password.lower(), plain}:
        return True
    if plain in _TRIED or any(plain == word * 2 for word in _TRIED):
        return True
    return not plain and figures in "01234567890123456789" + "98765432109876543210"


async def made(password: str) -> str:
    """The argon2id hash to keep of `password`."""
    return await asyncio.get_running_loop().run_in_executor(_TURNS, _HASHER.hash, password)


async def fits(password: str, kept: str | None) -> bool:
    """Whether `password` is the one that `kept` was made of; takes as long where nothing is kept."""
    return await asyncio.get_running_loop().run_in_executor(_TURNS, _verify, password, kept)


def _verify(password: str, kept: str | None) -> bool:
    try:
        _HASHER.verify(kept or _NOBODYS, password[:PASSWORD_CHARS_MAX])
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None
