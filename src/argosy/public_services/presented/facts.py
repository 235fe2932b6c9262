"""The words of presented codes: what a device is given, what a merchant asks, why not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from argosy.base.money import Money
from argosy.base.refusals import Kind, Reason

CHANNEL = "presented"


@dataclass(frozen=True, slots=True)
class Terms:
    """The bounds of presented codes. Wrong codes are counted for the device whose selector they name and
    for the merchant who shows them; `confirm_life` is how long a larger payment waits for its PIN."""

    wrong_per_device_hour_max: int = 10
    wrong_per_merchant_hour_max: int = 60
    at_once_day_times: int = 5  # so many times the bound of one payment go at once in a day
    confirm_life: timedelta = timedelta(minutes=5)
    used_kept: timedelta = timedelta(days=1)


TERMS = Terms()


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """What a device makes its codes from. Told once; asking again makes a new one and ends this."""

    selector: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Presented:
    """A code that the server made for a device without a script: 24 digits, good until `ends_at`.
    `selector` tells a script whether the key that it keeps is of this device and wallet."""

    code: str = field(repr=False)
    ends_at: datetime
    selector: str


@dataclass(frozen=True, slots=True)
class Charge:
    """A merchant asks for `amount` from whoever shows `code` (as scanned or typed). `id` is the
    payment's: the same charge sent again gets the first answer."""

    id: UUID
    amount: Money
    code: str = field(repr=False)
    note: str = ""
    reference: str = ""


class PresentedReason(Reason):
    """Why a code that a customer showed was not paid."""

    PRESENTED_UNREADABLE = 465, Kind.UNKNOWN, "This is not a code that a customer shows."
    PRESENTED_UNKNOWN = 466, Kind.UNKNOWN, "No wallet here has shown this code."
    PRESENTED_EXPIRED = 467, Kind.STATE, "The code's minute is over; ask for a new one."
    PRESENTED_SPENT = 468, Kind.CONFLICT, "The code was used; ask for a new one."
    PRESENTED_TRIES_SPENT = 469, Kind.BUSY, "Too many wrong codes; wait before the next."
    PRESENTED_DECLINED = 470, Kind.STATE, "The customer's wallet did not pay."
    PRESENTED_OFF = 471, Kind.STATE, "This device shows no codes yet; switch them on with the PIN."
    PRESENTED_ONLY_CUSTOMERS = 472, Kind.FORBIDDEN, "Only a customer's wallet shows codes."
