"""Keys and people that tests of many boards start from."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from random import Random

from argosy.base.ids import Ids
from argosy.base.parties.facts import NewParty, PartyKind
from argosy.base.parties.keys import Keys

ASHA_NAME = "Asha Raghunathan"
ASHA_PHONE = "+919876543210"
RAVI_NAME = "Ravi Kulkarni"
RAVI_PHONE = "+919812345678"


def make_keys(secret: str = "a secret of these tests") -> Keys:
    """Keys from one secret, as the settings give them."""
    return Keys.of(lambda purpose: sha256(f"{secret} {purpose}".encode()).digest())


def make_chance(seed: int = 7) -> Callable[[int], bytes]:
    """Chance that is the same in every run."""
    return Random(seed).randbytes


def customer(ids: Ids, name: str = ASHA_NAME, phone: str | None = ASHA_PHONE) -> NewParty:
    """A customer of India at the first level, ready to be opened."""
    return NewParty(ids.new(), PartyKind.CUSTOMER, "india", "small", "en", name, phone)
