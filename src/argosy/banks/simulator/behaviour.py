"""How the simulated bank may behave, and by which numbers one asks for it.

The last two digits of a bank account number choose, unless the bank was told otherwise:

    11  late        does it, answers after two seconds, and calls as well
    12  very_late   does it, and calls after half a minute, when nobody waits on the line any more
    22  twice       does it, answers, and calls two seconds later with the same answer
    33  lost_reply  does it, and the answer never comes
    44  lost        never gets it, and no answer comes; asked again, it has never seen it
    55  no          rejects it: the account is closed
    56  no_funds    rejects it: there is not enough money
    66  silent      does it, and answers nothing at all, also when asked again
    77  error       breaks off before doing anything
    78  error_done  does it, then breaks off
    88  garbage     does it, and answers what nobody can read
    99  chaos       one of all these, chosen by the seed and the instruction's id

Every other number is `normal`: done and answered at once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

LATE_SECONDS = 2.0
VERY_LATE_SECONDS = 30.0
CALLBACK_SECONDS = 2.0


class Behaviour(StrEnum):
    """See the top of the file."""

    NORMAL = "normal"
    LATE = "late"
    VERY_LATE = "very_late"
    TWICE = "twice"
    LOST_REPLY = "lost_reply"
    LOST = "lost"
    NO = "no"
    NO_FUNDS = "no_funds"
    SILENT = "silent"
    ERROR = "error"
    ERROR_DONE = "error_done"
    GARBAGE = "garbage"
    CHAOS = "chaos"


BY_ENDING = {
    "11": Behaviour.LATE,
    "12": Behaviour.VERY_LATE,
    "22": Behaviour.TWICE,
    "33": Behaviour.LOST_REPLY,
    "44": Behaviour.LOST,
    "55": Behaviour.NO,
    "56": Behaviour.NO_FUNDS,
    "66": Behaviour.SILENT,
    "77": Behaviour.ERROR,
    "78": Behaviour.ERROR_DONE,
    "88": Behaviour.GARBAGE,
    "99": Behaviour.CHAOS,
}

SECONDS = {
    Behaviour.LATE: LATE_SECONDS,
    Behaviour.VERY_LATE: VERY_LATE_SECONDS,
    Behaviour.TWICE: CALLBACK_SECONDS,
}

NOT_TAKEN_IN = frozenset({Behaviour.LOST, Behaviour.ERROR})
REJECTIONS = {Behaviour.NO: "account_closed", Behaviour.NO_FUNDS: "insufficient_funds"}

_CHAOTIC = (*(Behaviour.NORMAL,) * 4, *(b for b in BY_ENDING.values() if b is not Behaviour.CHAOS))


@dataclass(frozen=True, slots=True)
class Mood:
    """A behaviour and its seconds, where it has some."""

    behaviour: Behaviour
    seconds: float = 0.0


def mood(behaviour: Behaviour, seconds: float | None = None) -> Mood:
    """A behaviour with its usual seconds, or those given."""
    return Mood(behaviour, SECONDS.get(behaviour, 0.0) if seconds is None else seconds)


def by_number(bank_account: str) -> Mood:
    """The behaviour that a bank account number asks for."""
    return mood(BY_ENDING.get(bank_account[-2:], Behaviour.NORMAL))


def chaotic(seed: int, instruction: UUID) -> Mood:
    """The same behaviour for the same seed and instruction, always."""
    digest = hashlib.blake2b(f"{seed} {instruction}".encode(), digest_size=8).digest()
    return mood(_CHAOTIC[int.from_bytes(digest) % len(_CHAOTIC)])
