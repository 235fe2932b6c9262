"""The forms of payments, refunds, and the merchant's own money."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from argosy.partners.api.shapes.basis import Amount, In, Money, Out, Page, Time
from argosy.products.pay.facts import (
    LIFE,
    LIFE_MAX,
    REFERENCE_CHARS_MAX,
    RETURN_URL,
    RETURN_URL_CHARS_MAX,
)

NOTE_CHARS_MAX = 200
PRESENTED_CHARS_MAX = 700

Reference = Annotated[
    str,
    Meta(
        max_length=REFERENCE_CHARS_MAX,
        pattern="^[ -~]*$",
        description="Your own number for it, in printable ASCII.",
    ),
]
Description = Annotated[
    str,
    Meta(
        max_length=NOTE_CHARS_MAX,
        description="What the payer reads. Characters that do not print become spaces.",
    ),
]
ReturnUrl = Annotated[
    str,
    Meta(
        pattern=RETURN_URL,
        max_length=RETURN_URL_CHARS_MAX,
        description="Where the payer's browser may go back to.",
    ),
]
UUID7 = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


PaymentState = Literal[
    "awaiting", "review", "held", "paid", "partly_refunded", "refunded", "returned", "cancelled",
    "expired",
]  # fmt: skip


class NewPayment(In, frozen=True, kw_only=True):
    """A payment to be asked for."""

    amount: Amount
    reference: Reference = ""
    description: Description = ""
    expires_in: Annotated[
        int,
        Meta(
            ge=1, le=int(LIFE_MAX.total_seconds()), description="Seconds until nobody can pay it."
        ),
    ] = int(LIFE.total_seconds())
    return_url: ReturnUrl | None = None
    kind: Annotated[
        Literal["qr", "link"],
        Meta(description="Whether it is shown as a code, or sent as a link alone."),
    ] = "qr"


class NewOrPresented(NewPayment, frozen=True, kw_only=True):
    """A payment to be asked for, or taken from the customer who shows a code."""

    presented_code: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=PRESENTED_CHARS_MAX,
                description="What was scanned from the customer's screen: 24 digits, or an EMV"
                " customer-presented code. `expires_in`, `return_url` and `kind` then say nothing.",
            ),
        ]
        | None
    ) = None


class Payment(Out, frozen=True, kw_only=True):
    """A payment as it stands. `code` is the text of the QR code and `code_svg_url` its drawing, while
    it can be paid; `link` can be sent to the payer; `receipt` can be checked by anyone who has it."""

    id: UUID
    state: PaymentState
    kind: Literal["qr", "link", "presented"]
    amount: Money
    refunded: Money
    fee: Money
    fee_paid_by: Literal["payer", "payee"]
    reference: str
    description: str
    return_url: str | None
    code: str | None
    code_svg_url: str | None
    link: str | None
    receipt: str | None
    created_at: Time
    updated_at: Time
    expires_at: Time | None


class Payments(Out, frozen=True, kw_only=True):
    """Some payments, newest first. A page may be short, or empty, and still have a `next`."""

    items: list[Payment]
    next: str | None


class NewRefund(In, frozen=True, kw_only=True):
    """A refund to be made: of `amount`, or of all that is left."""

    amount: Amount | None = None
    description: Description = ""
    id: (
        Annotated[str, Meta(pattern=UUID7, description="A UUIDv7 of your own for the refund.")]
        | None
    ) = None


class Refund(Out, frozen=True, kw_only=True):
    """A refund that was made, and the payment's state after it."""

    id: UUID
    payment: UUID
    amount: Money
    description: str
    created_at: Time


class Refunds(Out, frozen=True, kw_only=True):
    """All refunds of a payment, the oldest first."""

    items: list[Refund]
    next: str | None


class RefundTried(Out, frozen=True, kw_only=True):
    """What a refund would do: the payment as it would stand."""

    amount: Money
    payment: Payment


class Asked(Out, frozen=True, kw_only=True):
    """What became of the request with an idempotency key.

    `running`: at work now. `done`: carried out. `refused`: it was refused, and `code` says why.
    `not_done`: it was received, and nothing is known to have come of it; send it again with its key.
    """

    key: str
    operation: str
    outcome: Literal["running", "done", "refused", "not_done"]
    status: int | None
    code: str | None
    resource: Annotated[str | None, Meta(description="Path of what came of it.")]
    first_at: Time
    kept_until: Time


class PaymentsPage(Page, frozen=True, kw_only=True):
    """Which payments."""

    state: PaymentState | msgspec.UnsetType = msgspec.UNSET
    reference: (
        Annotated[str, Meta(max_length=REFERENCE_CHARS_MAX, description="Your own number for it.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class BalanceOut(Out, frozen=True, kw_only=True):
    """What is on the merchant's account. `available` is the balance less what is reserved to go out."""

    balance: Money
    available: Money
    at: Time


class TaxNumber(Out, frozen=True, kw_only=True):
    """A tax number on your receipts; `number` is empty where you have entered none."""

    key: str
    name: str
    example: str
    needed: Annotated[bool, Meta(description="A registered business has no receipt without it.")]
    number: str


class TaxNumbers(Out, frozen=True, kw_only=True):
    """Every tax number that a receipt of your market may carry."""

    items: list[TaxNumber]


class NewTaxNumbers(In, frozen=True, kw_only=True):
    """Numbers by their key; one that is not named stays, an empty one is taken off."""

    numbers: dict[Annotated[str, Meta(max_length=40)], Annotated[str, Meta(max_length=60)]]


class Line(Out, frozen=True, kw_only=True):
    """One step of one order, as it changed the account. `moved` came (or went, below zero), `pending`
    was reserved or let go; `balance` stands after it."""

    at: Time
    kind: str
    order: UUID | None
    reference: str | None
    moved: Money
    pending: Money
    balance: Money
    available: Money


class Lines(Out, frozen=True, kw_only=True):
    """Some lines, newest first."""

    items: list[Line]
    next: str | None
