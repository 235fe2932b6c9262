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

from argosy.base.refusals import Kind, Reason, Refused
from argosy.ctu.service import shapes
from argosy.ctu.service.facts import ServiceReason

JSON = "application/json"
PROBLEM = "application/problem+json"
DOCS = "/docs"
RETRY_SECONDS = 1

STATUS: Mapping[Kind, int] = {
    Kind.INPUT: 422,
    Kind.UNKNOWN: 404,
    Kind.FORBIDDEN: 403,
    Kind.UNPROVEN: 401,
    Kind.CONFLICT: 409,
    Kind.STATE: 409,
    Kind.LIMIT: 403,
    Kind.RISK: 403,
    Kind.BUSY: 503,
}
SPECIAL: Mapping[Reason, int] = {
    ServiceReason.RISK_BODY_UNREADABLE: 400,
    ServiceReason.RISK_BODY_TOO_LARGE: 413,
    ServiceReason.RISK_CONTENT_TYPE: 415,
    ServiceReason.RISK_METHOD_NOT_ALLOWED: 405,
    ServiceReason.RISK_BROKEN: 500,
}
"""The HTTP status of a refusal is by its kind, but for these."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it leaves."""

    status: int
    body: bytes
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(content: Any, status: int = 200) -> Answer:
    """`content` as JSON, the same bytes for the same."""
    body = msgspec.json.encode(content, enc_hook=told, order="deterministic")
    return Answer(status, body)


def problem(refused: Refused) -> Answer:
    """A refusal as an answer."""
    status = status_of(refused.reason)
    headers: dict[str, str] = {}
    if status == 503:
        headers["retry-after"] = str(max(1, math.ceil(RETRY_SECONDS)))
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    body = msgspec.json.encode(problem_of(refused), enc_hook=told)
    return Answer(status, body, PROBLEM, headers)


def problem_of(refused: Refused) -> shapes.Problem:
    """A refusal in its form; `detail` among its facts is said instead of the general meaning."""
    reason, facts = refused.reason, dict(refused.facts)
    detail = str(facts.pop("detail", reason.meaning))
    errors = []
    if refused.field is not None:
        errors.append(shapes.FieldError(field=refused.field, detail=detail))
    return shapes.Problem(
        type=f"{DOCS}#{reason.code}",
        title=reason.meaning,
        status=status_of(reason),
        code=reason.code,
        detail=detail,
        errors=errors,
        facts={name: told(value) for name, value in facts.items()},
    )


def status_of(reason: Reason) -> int:
    """The HTTP status of a refusal."""
    return SPECIAL.get(reason, STATUS[reason.kind])


def told(value: object) -> Any:
    """A value of ours in words of JSON."""
    if isinstance(value, datetime):
        return shapes.instant(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool | int | float | str | list | dict | None):
        return value
    return str(value) if isinstance(value, UUID) else repr(value)
