"""The words of webhooks: endpoints, deliveries, bounds, and why something cannot be done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from argosy.base.refusals import Kind, Reason

ENDPOINTS_MAX = 10
FILTERS_MAX = 20
URL_CHARS_MAX = 500
LABEL_CHARS_MAX = 60
ALL_PAYMENTS = "payment.*"


class EndpointState(StrEnum):
    """Whether an endpoint is called. Events keep being noted for one that is paused."""

    ACTIVE = "active"
    PAUSED = "paused"


class DeliveryState(StrEnum):
    """What became of one telling."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"  # given up; it can be delivered again on request


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that a merchant wants to be called at, without its secret. `events` are kinds of
    events (`payment.paid`), all of a noun (`payment.*`) or all (`*`)."""

    id: UUID
    party: UUID
    url: str
    events: tuple[str, ...]
    label: str
    state: EndpointState
    paused_why: str | None
    failures: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint with a secret just made: the only time that `secret` (`whsec_...`) can be seen."""

    endpoint: Endpoint
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint. `tries` are those of this round; `status` and `problem`
    speak of the last one; `next_at` is None while an earlier one of the same subject waits."""

    id: UUID
    endpoint: UUID
    event: UUID
    subject: UUID
    kind: str
    state: DeliveryState
    tries: int
    next_at: datetime | None
    status: int | None
    problem: str | None
    answer: str | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Terms:
    """The bounds of calling out.

    `waits` are the pauses between tries, after the last of which a delivery is dead; each is
    lengthened by up to `jitter_part` of itself. An endpoint is paused after `failures_max` failures in
    a row if they lasted `failing_max`. `lease` must be longer than a call may take.
    """

    waits: tuple[timedelta, ...] = (
        timedelta(seconds=5),
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=5),
        timedelta(hours=10),
        timedelta(hours=14),
        timedelta(hours=20),
    )
    jitter_part: float = 0.2
    connect_seconds_max: float = 5.0
    call_seconds_max: float = 15.0
    lease: timedelta = timedelta(seconds=60)
    answer_bytes_max: int = 1024
    calls_at_once: int = 32
    calls_at_once_each: int = 8
    failures_max: int = 20
    failing_max: timedelta = timedelta(hours=12)
    old_secret_life: timedelta = timedelta(hours=24)
    waiting_max: timedelta = timedelta(days=14)
    kept: timedelta = timedelta(days=30)
    private_allowed: bool = False


class WebhookReason(Reason):
    """Why an endpoint or a delivery could not be made or changed."""

    ENDPOINT_NOT_FOUND = 740, Kind.UNKNOWN, "There is no such webhook endpoint."
    ENDPOINTS_TOO_MANY = 741, Kind.LIMIT, "There are too many webhook endpoints; delete one first."
    ENDPOINT_URL_UNREADABLE = (
        742,
        Kind.INPUT,
        "This is not an http or https address without user name.",
    )
    ENDPOINT_NOT_PUBLIC = 743, Kind.FORBIDDEN, "Webhooks go to public https addresses only."
    DELIVERY_NOT_FOUND = 744, Kind.UNKNOWN, "There is no such delivery."
    DELIVERY_WAITING = 745, Kind.STATE, "The delivery is waiting to be made anyway."
