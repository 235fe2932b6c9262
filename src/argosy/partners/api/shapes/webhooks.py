"""The forms of webhook endpoints and deliveries."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from argosy.partners.api.shapes.basis import In, Out, Page, Time
from argosy.partners.webhooks.endpoints import URL
from argosy.partners.webhooks.facts import (
    ALL_PAYMENTS,
    FILTERS_MAX,
    LABEL_CHARS_MAX,
    URL_CHARS_MAX,
)

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


class DeliveriesPage(Page, frozen=True, kw_only=True):
    """Which deliveries: `state=dead` is the dead-letter list."""

    state: DeliveryState | msgspec.UnsetType = msgspec.UNSET
    endpoint: UUID | msgspec.UnsetType = msgspec.UNSET
