"""What is answered: JSON, or a problem after RFC 9457 with a stable code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec

from argosy.base.money import Money
from argosy.base.orders.planning import moment
from argosy.base.postings import GateReason
from argosy.base.refusals import Kind, Reason, Refused
from argosy.base.statuses import STATUS
from argosy.partners.api import shapes
from argosy.partners.api.facts import ApiReason

JSON = "application/json"
PROBLEM = "application/problem+json"
DOCS = "/api/docs"
RETRY_SECONDS = 1

SPECIAL: Mapping[Reason, int] = {
    ApiReason.IDEMPOTENCY_KEY_MISSING: 400,
    ApiReason.IDEMPOTENCY_KEY_UNREADABLE: 400,
    ApiReason.IDEMPOTENCY_KEY_REUSED: 422,
    ApiReason.IDEMPOTENCY_STILL_RUNNING: 409,
    ApiReason.BODY_UNREADABLE: 400,
    ApiReason.BODY_TOO_LARGE: 413,
    ApiReason.CONTENT_TYPE_UNKNOWN: 415,
    ApiReason.METHOD_NOT_ALLOWED: 405,
    ApiReason.RATE_LIMITED: 429,
    ApiReason.INTERNAL_ERROR: 500,
    GateReason.RISK_UNAVAILABLE: 503,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it leaves; `code` is the refusal's, `resource` the path of what came of it."""

    status: int
    body: bytes
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str | None = None
    resource: str | None = None


def answer(content: Any, status: int = 200, resource: str | None = None) -> Answer:
    """`content` as JSON; with `resource`, and status 201, the path of what was made."""
    headers = {"location": resource} if resource is not None and status == 201 else {}
    return Answer(status, encoded(content), JSON, headers, resource=resource)


def problem(refused: Refused) -> Answer:
    """A refusal as an answer."""
    reason, status = refused.reason, status_of(refused.reason)
    facts = dict(refused.facts)
    headers: dict[str, str] = {}
    after = facts.pop("retry_after", None)
    if status in (429, 503) or reason is ApiReason.IDEMPOTENCY_STILL_RUNNING:
        headers["retry-after"] = str(max(1, math.ceil(after or RETRY_SECONDS)))
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    detail = facts.pop("detail", None)
    errors = []
    if refused.field is not None:
        errors.append(shapes.FieldError(field=refused.field, detail=detail or reason.meaning))
    content = shapes.Problem(
        type=f"{DOCS}#{reason.code}",
        title=reason.meaning,
        status=status,
        code=reason.code,
        detail=detail or reason.meaning,
        errors=errors,
        facts={name: told(value) for name, value in facts.items()},
    )
    return Answer(status, encoded(content), PROBLEM, headers, reason.code)


def status_of(reason: Reason) -> int:
    """The HTTP status of a refusal."""
    return SPECIAL.get(reason, STATUS[reason.kind])


def may_come_again(reason: Reason) -> bool:
    """Whether nothing was decided, so that the same request may be sent again and be judged anew."""
    return reason.kind is Kind.BUSY or reason is GateReason.RISK_UNAVAILABLE


def encoded(content: Any) -> bytes:
    """JSON with times in UTC to the millisecond."""
    return msgspec.json.encode(content, enc_hook=told)


def told(value: object) -> Any:
    """A value of ours in words of JSON."""
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency}
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool | int | str | None):
        return value
    return str(value) if isinstance(value, UUID) else repr(value)
