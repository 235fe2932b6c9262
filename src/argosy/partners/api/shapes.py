"""The forms of bodies, queries and answers. What is checked of a request stands here and nowhere else,
and the document that describes the API is made of the same lines."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from argosy.base.money import AMOUNT_MINOR_MAX
from argosy.partners.webhooks.endpoints import URL
from argosy.partners.webhooks.facts import (
    ALL_PAYMENTS,
    FILTERS_MAX,
    LABEL_CHARS_MAX,
    URL_CHARS_MAX,
)
from argosy.products.pay.facts import (
    LIFE,
    LIFE_MAX,
    REFERENCE_CHARS_MAX,
    RETURN_URL,
    RETURN_URL_CHARS_MAX,
)

CURSOR_CHARS_MAX = 500
PAGE_MAX = 100
PAGE = 20
NOTE_CHARS_MAX = 200
TRANSFERS_MAX = 1000
ACCOUNTS_MAX = 1000

Time = Annotated[
    str, Meta(description="RFC 3339 in UTC.", extra_json_schema={"format": "date-time"})
]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217.")]
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


class In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What comes in: nothing unknown is taken, and no text may end in a line break (which `$` in a
    pattern would let pass), but for the free ones."""

    _free: ClassVar[frozenset[str]] = frozenset({"description", "label"})

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            texts = value if isinstance(value, list) else [value]
            if name not in self._free and any(
                isinstance(text, str) and text.endswith("\n") for text in texts
            ):
                raise ValueError(f"`{name}` ends in a line break")


class Out(msgspec.Struct, frozen=True, kw_only=True):
    """What goes out."""


def printable(text: str) -> str:
    """`text` with a space for each character that does not print."""
    return "".join(c if c.isprintable() else " " for c in text)


# --- problems ------------------------------------------------------------------------------------


class FieldError(Out, frozen=True, kw_only=True):
    """What is wrong with one field of the request."""

    field: Annotated[str, Meta(description="Dotted path, such as `amount.minor`.")]
    detail: str


class Problem(Out, frozen=True, kw_only=True):
    """Why the request was refused, after RFC 9457. Compare `code`; the other texts may change."""

    type: Annotated[str, Meta(description="Where the refusal is explained.")]
    title: str
    status: int
    code: Annotated[str, Meta(description="Stable, such as `insufficient_funds`.")]
    detail: str
    errors: list[FieldError]
    facts: Annotated[dict[str, Any], Meta(description="Values that belong to the refusal.")]


# --- money ---------------------------------------------------------------------------------------


class Amount(In, frozen=True, kw_only=True):
    """An amount above zero in whole minor units."""

    minor: Annotated[int, Meta(ge=1, le=AMOUNT_MINOR_MAX)]
    currency: Currency


class Money(Out, frozen=True, kw_only=True):
    """Whole minor units of a currency; 12.34 rupees are 1234 INR."""

    minor: int
    currency: str


class BalanceOut(Out, frozen=True, kw_only=True):
    """What is on the merchant's account. `available` is the balance less what is reserved to go out."""

    balance: Money
    available: Money
    at: Time


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


# --- payments ------------------------------------------------------------------------------------

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


class Payment(Out, frozen=True, kw_only=True):
    """A payment as it stands. `code` is the text of the QR code and `code_svg_url` its drawing, while
    it can be paid; `link` can be sent to the payer; `receipt` can be checked by anyone who has it."""

    id: UUID
    state: PaymentState
    kind: Literal["qr", "link"]
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
    `not_done`: it was received and nothing came of it; send it again with the same key.
    """

    key: str
    operation: str
    outcome: Literal["running", "done", "refused", "not_done"]
    status: int | None
    code: str | None
    resource: Annotated[str | None, Meta(description="Path of what came of it.")]
    first_at: Time
    kept_until: Time


# --- webhooks ------------------------------------------------------------------------------------

EventFilter = Annotated[str, Meta(pattern=r"^(\*|[a-z_]{1,40}\.(\*|[a-z_]{1,40}))$")]
EventFilters = Annotated[
    list[EventFilter],
    Meta(
        min_length=1,
        max_length=FILTERS_MAX,
        description="Kinds of events: `payment.paid`, all of a noun `payment.*`, or `*`.",
    ),
]
Url = Annotated[str, Meta(pattern=URL, max_length=URL_CHARS_MAX)]
Label = Annotated[str, Meta(max_length=LABEL_CHARS_MAX, description="For you, to tell them apart.")]


class NewEndpoint(In, frozen=True, kw_only=True):
    """An address to be called at."""

    url: Url
    events: EventFilters = msgspec.field(default_factory=lambda: [ALL_PAYMENTS])
    label: Label = ""


class EndpointChange(In, frozen=True, kw_only=True):
    """What is to change; what is left out stays."""

    url: Url | None = None
    events: EventFilters | None = None
    label: Label | None = None
    state: Literal["active", "paused"] | None = None


class Endpoint(Out, frozen=True, kw_only=True):
    """An address that is called. `failures` counts calls that failed in a row; `paused_why` says
    `asked`, `failing` or `gone`."""

    id: UUID
    url: str
    events: list[str]
    label: str
    state: Literal["active", "paused"]
    paused_why: str | None
    failures: int
    created_at: Time


class EndpointWithSecret(Endpoint, frozen=True, kw_only=True):
    """An endpoint and its secret, which is shown this once."""

    secret: Annotated[str, Meta(description="`whsec_...`, as Standard Webhooks has it.")]


class Endpoints(Out, frozen=True, kw_only=True):
    """All endpoints; there are at most ten."""

    items: list[Endpoint]
    next: str | None


DeliveryState = Literal["waiting", "delivered", "dead"]


class Delivery(Out, frozen=True, kw_only=True):
    """One event on its way to one endpoint. `status`, `problem` and `answer` speak of the last try."""

    id: UUID
    endpoint: UUID
    event: Annotated[UUID, Meta(description="What the receiver gets as `webhook-id`.")]
    subject: Annotated[UUID, Meta(description="The payment that it is about.")]
    kind: str
    state: DeliveryState
    tries: int
    next_at: Time | None
    status: int | None
    problem: str | None
    answer: str | None
    created_at: Time
    ended_at: Time | None


class Deliveries(Out, frozen=True, kw_only=True):
    """Some deliveries, newest first."""

    items: list[Delivery]
    next: str | None


# --- the ledger ----------------------------------------------------------------------------------

Moment = Annotated[datetime, Meta(tz=True)]
Word = Annotated[str, Meta(pattern="^[a-z][a-z0-9_.]{0,39}$")]
Bound = Annotated[int, Meta(ge=-(10**18), le=10**18)]


class NewTransfer(In, frozen=True, kw_only=True):
    """One movement from `debit` to `credit`. Its `id` is its idempotency key.

    `post` and `void` end the hold named by `hold`, and need no accounts and no currency. Transfers that
    follow one another with the same `group` are made all or none.
    """

    id: UUID
    debit: UUID | None = None
    credit: UUID | None = None
    amount_minor: Annotated[int, Meta(ge=-(10**18), le=10**18)] | None = None
    currency: Currency | None = None
    kind: Word = "transfer"
    action: Literal["move", "hold", "post", "void", "expire"] = "move"
    order: UUID | None = None
    hold: UUID | None = None
    up_to: Literal["exact", "debit", "credit"] = "exact"
    expires_at: Moment | None = None
    at: (
        Annotated[datetime, Meta(tz=True, description="For imports: the historical time.")] | None
    ) = None
    group: Annotated[int, Meta(ge=0, le=10**6)] | None = None


class NewTransfers(In, frozen=True, kw_only=True):
    """A batch; each transfer, or group, is answered on its own."""

    transfers: Annotated[list[NewTransfer], Meta(min_length=1, max_length=TRANSFERS_MAX)]


class Refusal(Out, frozen=True, kw_only=True):
    """Why one of a batch was refused."""

    code: str
    detail: str


class TransferOutcome(Out, frozen=True, kw_only=True):
    """What became of one transfer: `posted` now, it `existed` before, or `refused`."""

    id: UUID
    outcome: Literal["posted", "existed", "refused"]
    amount_minor: int | None
    at: Time | None
    refusal: Refusal | None


class TransferOutcomes(Out, frozen=True, kw_only=True):
    """One outcome for each transfer, in their order."""

    outcomes: list[TransferOutcome]


class NewAccount(In, frozen=True, kw_only=True):
    """An account to be opened. Bounds are on its normal side; null is no bound."""

    id: UUID
    currency: Currency
    side: Literal["debit", "credit"]
    kind: Word
    owner: UUID | None = None
    floor_minor: Bound | None = 0
    ceiling_minor: Bound | None = None


class NewAccounts(In, frozen=True, kw_only=True):
    """Accounts to be opened; each is answered on its own."""

    accounts: Annotated[list[NewAccount], Meta(min_length=1, max_length=ACCOUNTS_MAX)]


class AccountOutcome(Out, frozen=True, kw_only=True):
    """Whether the account is open now."""

    id: UUID
    outcome: Literal["open", "refused"]
    refusal: Refusal | None


class AccountOutcomes(Out, frozen=True, kw_only=True):
    """One outcome for each account, in their order."""

    outcomes: list[AccountOutcome]


class Totals(Out, frozen=True, kw_only=True):
    """The four running totals of an account, and what follows from them."""

    debits_pending: int
    debits_posted: int
    credits_pending: int
    credits_posted: int
    balance_minor: int


class Account(Out, frozen=True, kw_only=True):
    """An account as it stands."""

    id: UUID
    currency: str
    side: Literal["debit", "credit"]
    kind: str
    owner: UUID | None
    floor_minor: int | None
    ceiling_minor: int | None
    totals: Totals
    available_minor: int
    frozen: bool
    closed: bool
    opened_at: Time | None
    entries: int


class AccountAt(Out, frozen=True, kw_only=True):
    """An account's totals just after everything that was noted up to `at`."""

    id: UUID
    currency: str
    at: Time
    totals: Totals


class Entry(Out, frozen=True, kw_only=True):
    """One entry of an account, signed on its normal side; balances stand after it."""

    transfer: UUID
    at: Time
    kind: str
    action: Literal["move", "hold", "post", "void", "expire"]
    order: UUID | None
    counterpart: UUID
    moved_minor: int
    pending_minor: int
    balance_minor: int
    available_minor: int


class Entries(Out, frozen=True, kw_only=True):
    """Some entries, newest first."""

    items: list[Entry]
    next: str | None


# --- queries -------------------------------------------------------------------------------------


class NoQuery(In, frozen=True, kw_only=True):
    """No parameters."""


class Page(In, frozen=True, kw_only=True):
    """Which part of a list."""

    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX, description="At most so many.")] = PAGE
    cursor: (
        Annotated[str, Meta(max_length=CURSOR_CHARS_MAX, description="`next` of the page before.")]
        | None
    ) = None


class PaymentsPage(Page, frozen=True, kw_only=True):
    """Which payments."""

    state: PaymentState | None = None
    reference: (
        Annotated[str, Meta(max_length=REFERENCE_CHARS_MAX, description="Your own number for it.")]
        | None
    ) = None


class DeliveriesPage(Page, frozen=True, kw_only=True):
    """Which deliveries: `state=dead` is the dead-letter list."""

    state: DeliveryState | None = None
    endpoint: UUID | None = None


class Instant(In, frozen=True, kw_only=True):
    """Which moment; without one, now."""

    at: Moment | None = None
