"""The document that describes the API (OpenAPI 3.1), made of the table of operations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from argosy.base.refusals import Reason
from argosy.partners.api import shapes
from argosy.partners.api.answers import DOCS, JSON, PROBLEM, status_of
from argosy.partners.api.facts import ApiReason
from argosy.partners.api.idempotency import KEY
from argosy.partners.api.operations import OPERATIONS, Operation

VERSION = "1"
TITLE = "Argosy partner API"
_REF = "#/components/schemas/{name}"
_INTRODUCTION = f"""Ask for payments, refund them, be told of them. Amounts are whole minor units with
their currency, times are RFC 3339 in UTC, lists are paged by opaque cursors, and refusals are problem
details (RFC 9457) with a stable `code`, listed at {DOCS}. Requests that make or move something carry an
`Idempotency-Key` of your choice: the same request with the same key is carried out once, and its first
answer is given again with the header `Idempotency-Replayed`."""
_STATUS = {
    200: "Done.",
    201: "Made.",
    202: "Taken in.",
    204: "Gone.",
    400: "Not readable, or a header is missing.",
    401: "No key, an unknown key, or a wrong signature.",
    403: "Not allowed, or over a limit.",
    404: "Not there, or not yours.",
    409: "Not as things stand, or still at work.",
    413: "Too large.",
    415: "Not JSON.",
    422: "Readable, but wrong.",
    429: "Too many requests.",
    500: "Something broke here.",
    503: "Nothing was decided; ask again.",
}


def document(server: str, currencies: Iterable[str]) -> dict[str, Any]:
    """The whole document. `server` is the address without `/api`, `currencies` those that can be paid
    in here."""
    forms = _forms()
    schemas, components = msgspec.json.schema_components(forms, ref_template=_REF)
    components["Amount"]["properties"]["currency"] = {
        "type": "string",
        "enum": sorted(set(currencies)),
        "description": "ISO 4217.",
    }
    named = dict(zip(forms, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for operation in OPERATIONS:
        paths["/api" + operation.path][operation.method.lower()] = _operation(operation, named)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": VERSION,
            "description": " ".join(_INTRODUCTION.split()),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "paths": dict(paths),
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of a merchant, or of the operator for the ledger: `ak_...`.",
                }
            },
            "headers": _HEADERS,
        },
    }


_HEADERS: dict[str, Any] = {
    "RequestId": {
        "description": "The request's id: yours, where you sent a sound one.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "RetryAfter": {
        "description": "Seconds to wait.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Replayed": {
        "description": "`true` where this is the first answer again.",
        "schema": {"type": "string", "const": "true"},
    },
    "Location": {
        "description": "Path of what was made.",
        "schema": {"type": "string"},
    },
}


def _forms() -> list[type]:
    found: dict[type, None] = {shapes.Problem: None}
    for operation in OPERATIONS:
        for form in (operation.body, operation.gives):
            if form is not None:
                found[form] = None
    return list(found)


def _operation(operation: Operation, named: dict[type, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": [*_path(operation), *_query(operation), *_headers(operation)],
        "responses": _responses(operation, named),
    }
    if operation.description:
        described["description"] = operation.description
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": named[operation.body]}},
        }
    return described


def _path(operation: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": KEY}
            if name == "key"
            else {"type": "string", "format": "uuid"},
        }
        for name in operation.parts
    ]


def _query(operation: Operation) -> list[dict[str, Any]]:
    schema = msgspec.json.schema(operation.query, ref_template=_REF)["$defs"]
    properties = schema[operation.query.__name__]["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": form}
        for name, form in properties.items()
    ]


def _headers(operation: Operation) -> list[dict[str, Any]]:
    if not operation.once:
        return []
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "Of your choice, a new one for each request and the same one to repeat it.",
            "schema": {"type": "string", "pattern": KEY},
        }
    ]


def _responses(operation: Operation, named: dict[type, Any]) -> dict[str, Any]:
    by_status: dict[int, list[Reason]] = defaultdict(list)
    for reason in operation.refusals:
        by_status[status_of(reason)].append(reason)
    responses = {str(operation.status): _good(operation, named)}
    for status, reasons in sorted(by_status.items()):
        codes = ", ".join(f"`{reason.code}`" for reason in reasons)
        headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
        if status in (429, 503) or ApiReason.IDEMPOTENCY_STILL_RUNNING in reasons:
            headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
        responses[str(status)] = {
            "description": f"{_STATUS[status]} Codes: {codes}.",
            "headers": headers,
            "content": {PROBLEM: {"schema": named[shapes.Problem]}},
        }
    return responses


def _good(operation: Operation, named: dict[type, Any]) -> dict[str, Any]:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if operation.once:
        headers["Idempotency-Replayed"] = {"$ref": "#/components/headers/Replayed"}
    if operation.status == 201:
        headers["Location"] = {"$ref": "#/components/headers/Location"}
    response: dict[str, Any] = {"description": _STATUS[operation.status], "headers": headers}
    if operation.gives is not None:
        response["content"] = {operation.media: {"schema": named[operation.gives]}}
    elif operation.media != JSON:
        response["content"] = {operation.media: {"schema": {"type": "string"}}}
    return response
