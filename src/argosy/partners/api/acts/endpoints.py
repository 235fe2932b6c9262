"""Webhook endpoints and deliveries, as their merchant sees them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from msgspec import UNSET

from argosy.base.orders.planning import moment
from argosy.base.refusals import Refused
from argosy.partners.api import shapes
from argosy.partners.api.answers import Answer, answer
from argosy.partners.api.call import Api, Call
from argosy.partners.webhooks.facts import (
    Delivery,
    DeliveryState,
    Endpoint,
    EndpointState,
    NewEndpoint,
    WebhookReason,
)

PATH = "/api/v1/webhooks/endpoints"
DELIVERIES = "/api/v1/webhooks/deliveries"
_LIST = "deliveries"


async def create(api: Api, call: Call) -> Answer | Refused:
    """A new endpoint, with the secret that is shown this once."""
    new: shapes.NewEndpoint = call.body
    said = await api.services.webhooks.endpoints.create(
        call.party.id, new.url, new.events, shapes.printable(new.label), call.command_id
    )
    if isinstance(said, Refused):
        return said
    return answer(_with_secret(said), 201, f"{PATH}/{said.endpoint.id}")


async def page(api: Api, call: Call) -> Answer | Refused:
    """All endpoints."""
    found = await api.services.webhooks.endpoints.list(call.party.id)
    return answer(shapes.Endpoints(items=[_endpoint(one) for one in found], next=None))


async def read(api: Api, call: Call) -> Answer | Refused:
    """One endpoint."""
    endpoint_id = call.id("id", WebhookReason.ENDPOINT_NOT_FOUND)
    if isinstance(endpoint_id, Refused):
        return endpoint_id
    found = await api.services.webhooks.endpoints.get(call.party.id, endpoint_id)
    return found if isinstance(found, Refused) else answer(_endpoint(found))


async def change(api: Api, call: Call) -> Answer | Refused:
    """Change, pause or go on."""
    endpoint_id = call.id("id", WebhookReason.ENDPOINT_NOT_FOUND)
    if isinstance(endpoint_id, Refused):
        return endpoint_id
    asked: shapes.EndpointChange = call.body
    said = await api.services.webhooks.endpoints.change(
        call.party.id,
        endpoint_id,
        url=asked.url,
        events=asked.events,
        label=None if asked.label is None else shapes.printable(asked.label),
        state=None if asked.state is None else EndpointState(asked.state),
    )
    return said if isinstance(said, Refused) else answer(_endpoint(said))


async def remove(api: Api, call: Call) -> Answer | Refused:
    """Call it no more."""
    endpoint_id = call.id("id", WebhookReason.ENDPOINT_NOT_FOUND)
    if isinstance(endpoint_id, Refused):
        return endpoint_id
    said = await api.services.webhooks.endpoints.remove(call.party.id, endpoint_id)
    return said if isinstance(said, Refused) else Answer(204, b"", "")


async def rotate(api: Api, call: Call) -> Answer | Refused:
    """A new secret; the old one signs along for a day."""
    endpoint_id = call.id("id", WebhookReason.ENDPOINT_NOT_FOUND)
    if isinstance(endpoint_id, Refused):
        return endpoint_id
    said = await api.services.webhooks.endpoints.rotate(call.party.id, endpoint_id, call.command_id)
    if isinstance(said, Refused):
        return said
    return answer(_with_secret(said), 200, f"{PATH}/{said.endpoint.id}")


async def deliveries(api: Api, call: Call) -> Answer | Refused:
    """What was told, is being told, or was given up."""
    query: shapes.DeliveriesPage = call.query
    before = api.cursors.read_id(_LIST, call.party.id, query.cursor)
    if isinstance(before, Refused):
        return before
    found = await api.services.webhooks.deliveries.page(
        call.party.id,
        before,
        query.limit + 1,
        None if query.state is UNSET else DeliveryState(query.state),
        None if query.endpoint is UNSET else query.endpoint,
    )
    items, following = found[: query.limit], None
    if len(found) > query.limit:
        following = api.cursors.make(_LIST, call.party.id, str(items[-1].id))
    return answer(shapes.Deliveries(items=[_delivery(one) for one in items], next=following))


async def delivery(api: Api, call: Call) -> Answer | Refused:
    """One delivery."""
    delivery_id = call.id("id", WebhookReason.DELIVERY_NOT_FOUND)
    if isinstance(delivery_id, Refused):
        return delivery_id
    found = await api.services.webhooks.deliveries.get(call.party.id, delivery_id)
    return found if isinstance(found, Refused) else answer(_delivery(found))


async def redeliver(api: Api, call: Call) -> Answer | Refused:
    """Tell it again."""
    delivery_id = call.id("id", WebhookReason.DELIVERY_NOT_FOUND)
    if isinstance(delivery_id, Refused):
        return delivery_id
    said = await api.services.webhooks.deliveries.redeliver(call.party.id, delivery_id)
    if isinstance(said, Refused):
        return said
    return answer(_delivery(said), 202, f"{DELIVERIES}/{said.id}")


def _fields(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": list(endpoint.events),
        "label": endpoint.label,
        "state": endpoint.state.value,
        "paused_why": endpoint.paused_why,
        "failures": endpoint.failures,
        "created_at": moment(endpoint.created_at),
    }


def _endpoint(endpoint: Endpoint) -> shapes.Endpoint:
    return shapes.Endpoint(**_fields(endpoint))


def _with_secret(new: NewEndpoint) -> shapes.EndpointWithSecret:
    return shapes.EndpointWithSecret(**_fields(new.endpoint), secret=new.secret)


def _delivery(one: Delivery) -> shapes.Delivery:
    def at(value: Any) -> str | None:
        return None if value is None else moment(value)

    subject: UUID = one.subject
    return shapes.Delivery(
        id=one.id,
        endpoint=one.endpoint,
        event=one.event,
        subject=subject,
        kind=one.kind,
        state=one.state.value,
        tries=one.tries,
        next_at=at(one.next_at),
        status=one.status,
        problem=one.problem,
        answer=one.answer,
        created_at=moment(one.created_at),
        ended_at=at(one.ended_at),
    )
