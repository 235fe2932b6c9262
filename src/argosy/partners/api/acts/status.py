"""What became of a request, asked by its idempotency key: an unknown outcome becomes known."""

from __future__ import annotations

from typing import Literal

from argosy.base.ids import parse_id
from argosy.base.orders.planning import DONE, moment
from argosy.base.refusals import Refused
from argosy.base.store import Record
from argosy.partners.api import shapes
from argosy.partners.api.acts.endpoints import PATH as ENDPOINTS
from argosy.partners.api.acts.payments import PATH
from argosy.partners.api.answers import Answer, answer
from argosy.partners.api.call import Api, Call
from argosy.partners.api.facts import ApiReason

Outcome = Literal["running", "done", "refused", "not_done"]


async def read(api: Api, call: Call) -> Answer | Refused:
    """How the request with this key stands."""
    row = await api.idempotency.row(call.party.id, call.path["key"])
    if row is None:
        return Refused(ApiReason.IDEMPOTENCY_KEY_UNKNOWN)
    outcome, resource = await _outcome(api, row)
    return answer(
        shapes.Asked(
            key=row["key"],
            operation=row["operation"],
            outcome=outcome,
            status=row["status"],
            code=row["code"],
            resource=resource,
            first_at=moment(row["first_at"]),
            kept_until=moment(row["keep_until"]),
        )
    )


async def _outcome(api: Api, row: Record) -> tuple[Outcome, str | None]:
    if row["status"] is not None:
        return ("done" if row["status"] < 300 else "refused"), row["resource"]
    made = await _made(api, row)
    if made is not None:  # done, and then whoever did it could not say so any more
        return "done", made
    leased_until = row["leased_until"]
    if leased_until is not None and leased_until > api.services.clock.now():
        return "running", None
    return "not_done", None


async def _made(api: Api, row: Record) -> str | None:
    """What the command made, looked for where it would be."""
    command_id, orders = row["command_id"], api.services.orders
    if row["operation"] == "create_payment":
        order = await orders.get(command_id)
        return None if order is None else f"{PATH}/{order.id}"
    if row["operation"] in ("create_refund", "cancel_payment"):
        payment_id = parse_id(row["target"])
        order = await orders.get(payment_id) if payment_id is not None else None
        if order is None or str(command_id) not in order.data.get(DONE, {}):
            return None
        path = f"{PATH}/{order.id}"
        return path if row["operation"] == "cancel_payment" else f"{path}/refunds/{command_id}"
    if row["operation"] == "create_endpoint":
        endpoint = await api.services.webhooks.endpoints.get(row["party_id"], command_id)
        return None if isinstance(endpoint, Refused) else f"{ENDPOINTS}/{endpoint.id}"
    return None
