"""The words of paying a merchant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from argosy.base.money import Money
from argosy.base.refusals import Kind, Reason

LIFE = timedelta(minutes=15)
LIFE_MAX = timedelta(days=31)
REFERENCE_CHARS_MAX = 64
RETURN_URL = r"^https?://[A-Za-z0-9.-]{1,253}(:[1-9][0-9]{0,4})?(/[!-~]*)?$"
RETURN_URL_CHARS_MAX = 500


@dataclass(frozen=True, slots=True)
class PayMerchant:
    """Pay `amount` to the merchant with the public `number`: a static code, or typed."""

    id: UUID
    amount: Money
    number: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class CreatePayment:
    """A merchant asks to be paid `amount`, by whoever comes first: a dynamic code or a link.

    `reference` is the merchant's own number for it; `life` is how long it may be paid; `return_url`
    is where the payer's browser may go back to; `by_link` says that it is sent and not shown.
    """

    id: UUID
    amount: Money
    note: str = ""
    reference: str = ""
    life: timedelta = LIFE
    return_url: str = ""
    by_link: bool = False


@dataclass(frozen=True, slots=True)
class PayPresented:
    """Pay `amount` to the merchant who scanned the payer's one-time code: its number is `number`.

    The code is the proof; whoever plans this has checked it. `day_minor_max` bounds what goes in this
    way in a day, without a PIN.
    """

    id: UUID
    amount: Money
    number: str
    day_minor_max: int
    note: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class AskPresented:
    """A merchant asks `payer`, whose code it scanned, for more than goes without a PIN: nobody else
    can pay it."""

    id: UUID
    amount: Money
    payer: UUID
    note: str = ""
    reference: str = ""
    life: timedelta = LIFE


@dataclass(frozen=True, slots=True)
class PayOrder:
    """Pay the waiting payment `order` of a merchant."""

    id: UUID
    order: UUID


@dataclass(frozen=True, slots=True)
class CancelPayment:
    """Take back the waiting payment `order`, as its merchant."""

    id: UUID
    order: UUID


class PayReason(Reason):
    """Why a merchant could not be paid."""

    NOT_A_MERCHANT = 1040, Kind.INPUT, "This number is not a merchant's."
    MERCHANT_UNKNOWN = 1041, Kind.UNKNOWN, "There is no merchant with this number."
    ONLY_MERCHANTS = 1042, Kind.FORBIDDEN, "Only a merchant may ask for payments."
    LIFE_OUT_OF_RANGE = 1043, Kind.INPUT, "A payment may wait from one second to 31 days."
    REFERENCE_UNREADABLE = 1044, Kind.INPUT, "The reference is too long or not printable."
    RETURN_URL_UNREADABLE = (
        1045,
        Kind.INPUT,
        "The address to go back to is not an http or https one.",
    )
