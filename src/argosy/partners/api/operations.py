"""Every operation of the API, in one table: the addresses are answered by it, and the document that
describes the API is made of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from argosy.base.ledger.facts import AccountReason
from argosy.base.money import AmountReason
from argosy.base.orders.facts import OrderReason
from argosy.base.parties.facts import PartyReason
from argosy.base.postings import GateReason
from argosy.base.refusals import Reason, Refused
from argosy.partners.api import shapes
from argosy.partners.api.acts import endpoints, ledger, money, payments, refunds, status, tax
from argosy.partners.api.answers import JSON, Answer
from argosy.partners.api.call import Api, Call
from argosy.partners.api.facts import ApiReason, Scope
from argosy.partners.webhooks.facts import WebhookReason
from argosy.products.pay.facts import PayReason
from argosy.public_services.cashier.facts import CashierReason
from argosy.public_services.presented.facts import PresentedReason

Act = Callable[[Api, Call], Awaitable[Answer | Refused]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. `path` lies under /api, with its parts in braces.

    `body`, `query` and `gives` are forms of `shapes`. `once` asks for an Idempotency-Key, and the
    same request is then carried out once; `own_id` is the command's id where the body names one.
    `reasons` are its own refusals; those that every operation has are added by its kind.
    """

    name: str
    method: str
    path: str
    tag: str
    summary: str
    act: Act
    gives: type | None
    scope: Scope = Scope.MERCHANT
    body: type[shapes.In] | None = None
    query: type[shapes.In] = shapes.NoQuery
    status: int = 200
    media: str = JSON
    once: bool = False
    is_batch: bool = False
    own_id: Callable[[Any], UUID | None] | None = None
    reasons: tuple[Reason, ...] = ()
    description: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the path's parts."""
        return tuple(part[1:].partition("}")[0] for part in self.path.split("/") if "{" in part)

    @property
    def refusals(self) -> tuple[Reason, ...]:
        """Every refusal that it can answer, without twice naming one."""
        found: list[Reason] = [*_ALWAYS, *self.reasons]
        if self.scope is Scope.MERCHANT:
            found += _PARTY
        if self.body is not None:
            found += _WITH_BODY
        if self.once:
            found += _ONCE
        if "cursor" in self.query.__struct_fields__:
            found.append(ApiReason.CURSOR_UNKNOWN)
        return tuple(dict.fromkeys(found))


_ALWAYS = (
    ApiReason.KEY_MISSING,
    ApiReason.KEY_UNKNOWN,
    ApiReason.KEY_SCOPE,
    ApiReason.SIGNATURE_MISSING,
    ApiReason.SIGNATURE_WRONG,
    ApiReason.SIGNATURE_OUT_OF_TIME,
    ApiReason.SIGNATURE_REPLAYED,
    ApiReason.RATE_LIMITED,
    ApiReason.BODY_UNREADABLE,
    ApiReason.BODY_TOO_LARGE,
    ApiReason.QUERY_INVALID,
    ApiReason.API_UNAVAILABLE,
    ApiReason.INTERNAL_ERROR,
)
_WITH_BODY = (ApiReason.BODY_INVALID, ApiReason.CONTENT_TYPE_UNKNOWN)
_ONCE = (
    ApiReason.IDEMPOTENCY_KEY_MISSING,
    ApiReason.IDEMPOTENCY_KEY_UNREADABLE,
    ApiReason.IDEMPOTENCY_KEY_REUSED,
    ApiReason.IDEMPOTENCY_STILL_RUNNING,
)
_PARTY = (PartyReason.PARTY_FROZEN, PartyReason.PARTY_CLOSED)
_AMOUNT = (AmountReason.CURRENCY_MISMATCH, *_PARTY)
_NEW_PAYMENT = (*_AMOUNT, PayReason.ONLY_MERCHANTS, OrderReason.ORDER_EXISTS_DIFFERENTLY)
_ORDER = (OrderReason.ORDER_NOT_FOUND,)
_PRESENTED = (
    PresentedReason.PRESENTED_UNREADABLE,
    PresentedReason.PRESENTED_UNKNOWN,
    PresentedReason.PRESENTED_EXPIRED,
    PresentedReason.PRESENTED_SPENT,
    PresentedReason.PRESENTED_TRIES_SPENT,
    PresentedReason.PRESENTED_DECLINED,
    OrderReason.PAYEE_CANNOT_TAKE,
    GateReason.RISK_UNAVAILABLE,
    GateReason.GATE_BUSY,
)
_SCREENED = (
    CashierReason.PROOF_NOT_POSSIBLE,
    GateReason.DENIED_BY_RISK,
    GateReason.RISK_UNAVAILABLE,
    GateReason.GATE_BUSY,
)
_NEW_REFUND = (
    *_AMOUNT,
    *_ORDER,
    *_SCREENED,
    OrderReason.REFUND_TOO_LARGE,
    OrderReason.ORDER_NOT_REFUNDABLE,
    OrderReason.REFUNDS_SPENT,
    OrderReason.ORDER_MOVED_ON,
    OrderReason.ORDER_EXISTS_DIFFERENTLY,
)
_ENDPOINT = (WebhookReason.ENDPOINT_NOT_FOUND,)
_DELIVERY = (WebhookReason.DELIVERY_NOT_FOUND,)
_ACCOUNT = (AccountReason.ACCOUNT_NOT_FOUND,)

_PAYMENTS, _ONE = "/v1/payments", "/v1/payments/{id}"
_HOOKS, _HOOK = "/v1/webhooks/endpoints", "/v1/webhooks/endpoints/{id}"
_TOLD = "/v1/webhooks/deliveries"
_ACCOUNTS, _ACCOUNT_PATH = "/v1/ledger/accounts", "/v1/ledger/accounts/{id}"

# fmt: off
OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "create_payment", "POST", _PAYMENTS, "payments", "Ask for a payment", payments.create,
        shapes.Payment, body=shapes.NewOrPresented, status=201, once=True,
        reasons=(*_NEW_PAYMENT, *_PRESENTED),
        description="Whoever shows the code or opens the link first pays it. With `presented_code` the"
        " customer whose code was scanned pays: at once, or by confirming it on their phone.",
    ),
    Operation(
        "list_payments", "GET", _PAYMENTS, "payments", "List payments that you asked for",
        payments.page, shapes.Payments, query=shapes.PaymentsPage,
    ),
    Operation(
        "try_payment", "POST", "/v1/payments:dry-run", "payments", "Try asking for a payment",
        payments.try_create, shapes.Payment, body=shapes.NewPayment, reasons=_NEW_PAYMENT,
        description="The same answer as the real run would give now, with another id; nothing stays.",
    ),
    Operation(
        "read_payment", "GET", _ONE, "payments", "Read a payment", payments.read, shapes.Payment,
        reasons=_ORDER,
    ),
    Operation(
        "draw_payment_code", "GET", _ONE + "/code.svg", "payments", "Draw a payment's code",
        payments.drawing, None, media=payments.SVG, reasons=(*_ORDER, OrderReason.ORDER_NOT_OPEN),
        description="A QR code as an SVG document, while the payment can be paid.",
    ),
    Operation(
        "cancel_payment", "POST", _ONE + "/cancel", "payments", "Take a waiting payment back",
        payments.cancel, shapes.Payment, once=True,
        reasons=(*_ORDER, OrderReason.ORDER_NOT_OPEN, OrderReason.ORDER_MOVED_ON),
    ),
    Operation(
        "create_refund", "POST", _ONE + "/refunds", "refunds", "Refund a payment", refunds.create,
        shapes.Refund, body=shapes.NewRefund, status=201, once=True, own_id=refunds.wanted_id,
        reasons=_NEW_REFUND, description="In whole or in parts, never more than was paid.",
    ),
    Operation(
        "try_refund", "POST", _ONE + "/refunds:dry-run", "refunds", "Try a refund",
        refunds.try_create, shapes.RefundTried, body=shapes.NewRefund, own_id=refunds.wanted_id,
        reasons=_NEW_REFUND, description="The same way as the real run, and then nothing stays.",
    ),
    Operation(
        "list_refunds", "GET", _ONE + "/refunds", "refunds", "List a payment's refunds",
        refunds.page, shapes.Refunds, reasons=_ORDER,
    ),
    Operation(
        "read_refund", "GET", _ONE + "/refunds/{refund}", "refunds", "Read a refund", refunds.read,
        shapes.Refund, reasons=(*_ORDER, ApiReason.REFUND_NOT_FOUND),
    ),
    Operation(
        "read_idempotency_key", "GET", "/v1/idempotency/{key}", "status",
        "See what became of a request", status.read, shapes.Asked,
        reasons=(ApiReason.IDEMPOTENCY_KEY_UNKNOWN,),
        description="By its idempotency key, so that an unknown outcome becomes known.",
    ),
    Operation(
        "read_balance", "GET", "/v1/balance", "account", "Read your balance", money.balance,
        shapes.BalanceOut,
    ),
    Operation(
        "read_statement", "GET", "/v1/statement", "account", "Read your statement",
        money.statement, shapes.Lines, query=shapes.Page,
    ),
    Operation(
        "read_tax_numbers", "GET", "/v1/tax-numbers", "account", "Read the tax numbers on your receipts",
        tax.read, shapes.TaxNumbers,
    ),
    Operation(
        "enter_tax_numbers", "PUT", "/v1/tax-numbers", "account", "Enter tax numbers for your receipts",
        tax.enter, shapes.TaxNumbers, body=shapes.NewTaxNumbers,
        reasons=(ApiReason.TAX_NUMBER_UNKNOWN,),
        description="They stand on receipts of payments from then on; earlier ones keep what they had.",
    ),
    Operation(
        "create_endpoint", "POST", _HOOKS, "webhooks", "Be told of events", endpoints.create,
        shapes.EndpointWithSecret, body=shapes.NewEndpoint, status=201, once=True,
        reasons=(WebhookReason.ENDPOINTS_TOO_MANY, WebhookReason.ENDPOINT_NOT_PUBLIC),
        description="The answer holds the secret by which you check the signatures.",
    ),
    Operation(
        "list_endpoints", "GET", _HOOKS, "webhooks", "List endpoints", endpoints.page,
        shapes.Endpoints,
    ),
    Operation(
        "read_endpoint", "GET", _HOOK, "webhooks", "Read an endpoint", endpoints.read,
        shapes.Endpoint, reasons=_ENDPOINT,
    ),
    Operation(
        "change_endpoint", "PATCH", _HOOK, "webhooks", "Change, pause or resume an endpoint",
        endpoints.change, shapes.Endpoint, body=shapes.EndpointChange,
        reasons=(*_ENDPOINT, WebhookReason.ENDPOINT_NOT_PUBLIC),
    ),
    Operation(
        "delete_endpoint", "DELETE", _HOOK, "webhooks", "Delete an endpoint", endpoints.remove,
        None, status=204, reasons=_ENDPOINT,
    ),
    Operation(
        "rotate_secret", "POST", _HOOK + "/rotate", "webhooks", "Take a new secret",
        endpoints.rotate, shapes.EndpointWithSecret, once=True, reasons=_ENDPOINT,
        description="For a day, calls carry a signature by the old secret too.",
    ),
    Operation(
        "list_deliveries", "GET", _TOLD, "webhooks", "List deliveries", endpoints.deliveries,
        shapes.Deliveries, query=shapes.DeliveriesPage,
        description="With `state=dead` it is the dead-letter list.",
    ),
    Operation(
        "read_delivery", "GET", _TOLD + "/{id}", "webhooks", "Read a delivery",
        endpoints.delivery, shapes.Delivery, reasons=_DELIVERY,
    ),
    Operation(
        "redeliver", "POST", _TOLD + "/{id}/redeliver", "webhooks", "Deliver again",
        endpoints.redeliver, shapes.Delivery, status=202, once=True,
        reasons=(*_DELIVERY, WebhookReason.DELIVERY_WAITING),
    ),
    Operation(
        "post_transfers", "POST", "/v1/ledger/transfers", "ledger", "Post a batch of transfers",
        ledger.post, shapes.TransferOutcomes, Scope.LEDGER, body=shapes.NewTransfers, is_batch=True,
        description="Each transfer's id is its idempotency key: the same id and content again is the"
        " first answer again.",
    ),
    Operation(
        "open_accounts", "POST", _ACCOUNTS, "ledger", "Open accounts", ledger.open_accounts,
        shapes.AccountOutcomes, Scope.LEDGER, body=shapes.NewAccounts, is_batch=True,
        description="Opening the same account again is a yes.",
    ),
    Operation(
        "read_account", "GET", _ACCOUNT_PATH, "ledger", "Read an account", ledger.account,
        shapes.Account, Scope.LEDGER, reasons=_ACCOUNT,
    ),
    Operation(
        "read_account_balance", "GET", _ACCOUNT_PATH + "/balance", "ledger",
        "Read an account's balance at an instant", ledger.balance, shapes.AccountAt, Scope.LEDGER,
        query=shapes.Instant, reasons=_ACCOUNT,
    ),
    Operation(
        "read_account_statement", "GET", _ACCOUNT_PATH + "/statement", "ledger",
        "Read an account's statement", ledger.statement, shapes.Entries, Scope.LEDGER,
        query=shapes.Page, reasons=_ACCOUNT,
    ),
)
# fmt: on
