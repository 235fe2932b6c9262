"""The one-time code: 24 digits, made from a device's secret and the time, on line or off.

    7 1   4085227361   3   9120484417   6
    mark  selector     tick   proof     check

`mark` says that it is one of these and which layout. `selector` names the device's key: ten digits of
chance, nothing of its owner can be read from them. Time is counted in slots of six seconds since 1970;
`tick` is the last digit of the slot's number, so the server need only look at every tenth slot, and who
shows a second code right after the first shows another one. `proof` is HMAC-SHA256 with the device's
secret over "argosy-code-1" and the slot (eight bytes, big-endian): the first eight bytes of the digest,
big-endian, modulo 10^10 (RFC 4226's way of counting, with the time as in RFC 6238). `check` is the
Luhn digit of all before it, against typing.

How hard it is to guess: at any moment at most four slots that end in a given tick are good, so one guess
at a known selector is right with a chance of 4 in 10^10. `Terms` bounds wrong tries for one device and
for one merchant; ten an hour for a day make 1 in 10^7. Who knows no selector must hit one first: with a
hundred million devices one in a hundred guesses does, and is then where the first one was.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

MARK = "71"
SELECTOR_DIGITS = 10
PROOF_DIGITS = 10
DIGITS = len(MARK) + SELECTOR_DIGITS + 1 + PROOF_DIGITS + 1
SLOT_SECONDS = 6
SLOTS_OF_TICK = 10
LIFE = timedelta(minutes=1)
SKEW = timedelta(minutes=1)
REMEMBERED = timedelta(minutes=10)
"""So long after its end a code is still told apart from one that never was."""
SECRET_BYTES = 32

_LABEL = b"argosy-code-1"
_DIGITS = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)
_SPACES = re.compile(r"[\s-]+")


@dataclass(frozen=True, slots=True)
class OneTime:
    """A code that was read: whose key, at which tick, and what proves it."""

    selector: str
    tick: int
    proof: str = field(repr=False)


def make(selector: str, secret: bytes, at: datetime) -> str:
    """The code that the device of `selector` shows at `at`."""
    slot = slot_of(at)
    text = f"{MARK}{selector}{slot % SLOTS_OF_TICK}{proof_of(secret, slot)}"
    return text + check_digit(text)


def read(text: str) -> OneTime | None:
    """The code in `text`, blanks and hyphens aside; None where it is none, or was mistyped."""
    digits = _SPACES.sub("", text)
    if not _DIGITS.fullmatch(digits) or not digits.startswith(MARK):
        return None
    if check_digit(digits[:-1]) != digits[-1]:
        return None
    at = len(MARK)
    selector, rest = digits[at : at + SELECTOR_DIGITS], digits[at + SELECTOR_DIGITS : -1]
    return OneTime(selector, int(rest[0]), rest[1:])


def grouped(code: str) -> str:
    """A code as it is read aloud: in fours."""
    return " ".join(code[n : n + 4] for n in range(0, len(code), 4))


def slot_proven(code: OneTime, secret: bytes, now: datetime) -> int | None:
    """The slot in which the device made `code`, looked for from `REMEMBERED` before `now` to as far
    ahead as a clock may be; None where the device never made it."""
    found = None
    for slot in _slots(code.tick, now):
        if hmac.compare_digest(proof_of(secret, slot), code.proof):
            found = slot
    return found


def is_good(slot: int, now: datetime) -> bool:
    """Whether a code of `slot` may be taken at `now`: for a minute, and the device's clock may be a
    minute ahead or behind."""
    begun = datetime.fromtimestamp(slot * SLOT_SECONDS, UTC)
    ends = begun + timedelta(seconds=SLOT_SECONDS) + LIFE + SKEW
    return begun - SKEW <= now < ends


def slot_of(at: datetime) -> int:
    """The number of the slot of `at`."""
    return int(at.timestamp()) // SLOT_SECONDS


def proof_of(secret: bytes, slot: int) -> str:
    """The proof that the holder of `secret` makes in `slot`."""
    digest = hmac.digest(secret, _LABEL + slot.to_bytes(8), "sha256")
    return f"{int.from_bytes(digest[:8]) % 10**PROOF_DIGITS:0{PROOF_DIGITS}d}"


def check_digit(digits: str) -> str:
    """The digit that stands behind `digits` (Luhn, ISO/IEC 7812)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _slots(tick: int, now: datetime) -> Iterator[int]:
    first, last = slot_of(now - LIFE - SKEW - REMEMBERED), slot_of(now + SKEW)
    first += (tick - first) % SLOTS_OF_TICK
    return iter(range(first, last + 1, SLOTS_OF_TICK))
