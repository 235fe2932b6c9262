"""The document that describes the API (OpenAPI 3.1), made of the table of operations."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import msgspec

from argosy.base.money import currencies
from argosy.base.refusals import Reason
from argosy.ctu.service import shapes
from argosy.ctu.service.answers import JSON, PROBLEM, status_of
from argosy.ctu.service.operations import OPERATIONS, Operation

VERSION = "1"
TITLE = "Argosy risk brain"
_REF = "#/components/schemas/{name}"
_PARTS = re.compile(r"\{([a-z_]+)\}")
_INTRODUCTION = """Send what your customers do before you carry it out; the answer says whether to let it
through, to ask for a proof, to hold it for a human, or to refuse it, and why. Tell what became of it and
what was found out later: the brain learns from both. Amounts are whole minor units with their currency,
times are Unix milliseconds where you send them and RFC 3339 where you read them. Refusals are problem
details (RFC 9457) with a stable `code`. No answer is not a yes."""
_STATUS = {
    200: "Done.",
    400: "Not readable.",
    401: "No key, or an unknown key.",
    403: "Not for this key, or not for this person.",
    404: "Not there.",
    409: "Known, and different, or not as things stand.",
    413: "Too large.",
    415: "Not JSON.",
    422: "Readable, but wrong; `errors` names the field.",
    500: "Something broke here.",
    503: "Nothing was decided; ask again.",
}


def document(server: str) -> dict[str, Any]:
    """The whole document. `server` is the address where the API is reached."""
    forms = _forms()
    schemas, components = msgspec.json.schema_components(forms, ref_template=_REF)
    named = dict(zip(forms, schemas, strict=True))
    event = components["NewEvent"]
    event["properties"]["currency"] |= {"enum": ["", *sorted(currencies())], "default": ""}
    event["anyOf"] = [
        {"properties": {"amount": {"const": 0}}},
        {"properties": {"currency": {"minLength": 3}}, "required": ["currency"]},
    ]
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for operation in OPERATIONS:
        paths[operation.path][operation.method.lower()] = _operation(operation, named)
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
                    "description": "A key made by the operator: `rk_...`.",
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
        "parameters": [*_path(operation), *_query(operation)],
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
            "schema": {"type": "string", "format": "uuid"},
        }
        for name in _PARTS.findall(operation.path)
    ]


def _query(operation: Operation) -> list[dict[str, Any]]:
    schema = msgspec.json.schema(operation.query, ref_template=_REF)["$defs"]
    properties = schema[operation.query.__name__]["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": form}
        for name, form in properties.items()
    ]


def _responses(operation: Operation, named: dict[type, Any]) -> dict[str, Any]:
    by_status: dict[int, list[Reason]] = defaultdict(list)
    for reason in operation.refusals:
        by_status[status_of(reason)].append(reason)
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    replayed = {"Replayed": {"$ref": "#/components/headers/Replayed"}}
    responses: dict[str, Any] = {
        "200": {
            "description": _STATUS[200],
            "headers": headers | (replayed if operation.name == "judge_event" else {}),
            "content": {JSON: {"schema": named[operation.gives]}},
        }
    }
    for status, reasons in sorted(by_status.items()):
        codes = ", ".join(f"`{reason.code}`" for reason in reasons)
        after = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
        responses[str(status)] = {
            "description": f"{_STATUS[status]} Codes: {codes}.",
            "headers": headers | (after if status == 503 else {}),
            "content": {PROBLEM: {"schema": named[shapes.Problem]}},
        }
    return responses
