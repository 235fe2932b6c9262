"""The API as a web application: each request goes the same way, whatever it asks for."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import Message
from litestar.types import Scope as WebScope

from argosy.base.refusals import Refused, Unavailable
from argosy.ctu.service.acts import Call
from argosy.ctu.service.answers import JSON, Answer, answer, problem
from argosy.ctu.service.call import (
    AnyRequest,
    decoded,
    queried,
    read_body,
    request_id,
    shown_key,
)
from argosy.ctu.service.facts import Key, ServiceReason
from argosy.ctu.service.openapi import document
from argosy.ctu.service.operations import OPERATIONS, Operation
from argosy.ctu.service.page import page
from argosy.ctu.service.services import RiskApi

_log = logging.getLogger(__name__)
_SAFE = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "referrer-policy": "no-referrer",
}
_HTML = "text/html"

Still = Callable[[], Answer]
"""An answer that needs no key."""


def application(api: RiskApi, public_url: str) -> Litestar:
    """The application; what moves by itself beside it is started apart."""

    @cache
    def described() -> dict[str, Any]:
        return document(public_url)

    def failed(request: AnyRequest, error: Exception) -> Response[bytes]:
        return _response(api, request, _failure(request, error))

    async def identify(message: Message, scope: WebScope) -> None:
        if message["type"] == "http.response.start":
            headers = MutableScopeHeaders.from_message(message)
            if "x-request-id" not in headers:  # what the framework answers by itself
                headers["x-request-id"] = request_id(Request(scope), api.ids)

    def ready() -> Answer:
        if api.brain.ready:
            return answer({"status": "ready"})
        return answer({"status": "not ready", "reason": "the brain has not caught up"}, 503)

    stills: dict[str, Still] = {
        "/openapi.json": cache(lambda: Answer(200, msgspec.json.encode(described()), JSON)),
        "/docs": cache(lambda: Answer(200, page(described()).encode(), _HTML)),
        "/health/live": lambda: answer({"status": "live"}),
        "/health/ready": ready,
    }
    return Litestar(
        route_handlers=list(_addresses(api, stills)),
        openapi_config=None,
        logging_config=None,
        before_send=[identify],
        exception_handlers={HTTPException: failed, Exception: failed},
    )


def _addresses(api: RiskApi, stills: Mapping[str, Still]) -> Iterator[HTTPRouteHandler]:
    """A handler for each address, with all its methods: so each can say which they are."""
    by_path: dict[str, dict[str, Operation]] = defaultdict(dict)
    for operation in OPERATIONS:
        by_path[operation.path][operation.method] = operation
    for path, operations in by_path.items():
        yield _address(api, path, operations, {})
    for path, content in stills.items():
        yield _address(api, path, {}, {"GET": content})


def _address(
    api: RiskApi, path: str, operations: Mapping[str, Operation], stills: Mapping[str, Still]
) -> HTTPRouteHandler:
    methods = [*sorted([*operations, *stills]), "OPTIONS"]
    choices = Answer(204, b"", "", {"allow": ", ".join(methods)})
    is_batch = any(operation.is_batch for operation in operations.values())
    bounds = api.bounds

    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        operation = operations.get(str(request.method))
        if operation is None:
            still = stills.get(str(request.method))
            return _response(api, request, choices if still is None else still())
        return _response(api, request, await _answered(api, operation, request))

    return HTTPRouteHandler(
        path.replace("}", ":str}"),
        http_method=methods,  # type: ignore[arg-type]
        status_code=200,  # each answer brings its own
        request_max_body_size=bounds.batch_bytes_max if is_batch else bounds.body_bytes_max,
    )(handle)


# --- one request -----------------------------------------------------------------------------------


async def _answered(api: RiskApi, operation: Operation, request: AnyRequest) -> Answer:
    try:
        said = await _done(api, operation, request)
    except Exception as error:  # noqa: BLE001 - whatever it is, a program gets an answer in its words
        return _failure(request, error)
    return problem(said) if isinstance(said, Refused) else said


async def _done(api: RiskApi, operation: Operation, request: AnyRequest) -> Answer | Refused:
    """Who asks, may it, what is asked, and then do it."""
    key = await _key(api, operation, request)
    if isinstance(key, Refused):
        return key
    raw = await read_body(request)
    if isinstance(raw, Refused):
        return raw
    query = queried(request, operation.query)
    if isinstance(query, Refused):
        return query
    body = None if operation.body is None else decoded(request, raw, operation.body)
    if isinstance(body, Refused):
        return body
    path: Mapping[str, str] = request.path_params
    return await operation.act(api, Call(key, path, query, body))


async def _key(api: RiskApi, operation: Operation, request: AnyRequest) -> Key | Refused:
    text = shown_key(request)
    if isinstance(text, Refused):
        return text
    key = await api.keys.read(text)
    if isinstance(key, Refused):
        return key
    if operation.scope not in key.scopes:
        needed = {"detail": f"This key is not for `{operation.scope.value}`."}
        return Refused(ServiceReason.RISK_KEY_SCOPE, needed)
    return key


def _failure(request: AnyRequest, error: Exception) -> Answer:
    """What is answered where something else than an operation spoke."""
    if isinstance(error, Unavailable):
        _log.warning("%s %s: %s", request.method, request.scope["path"], error)
        return problem(Refused(ServiceReason.RISK_BRAIN_UNAVAILABLE))
    if isinstance(error, HTTPException):
        if error.status_code == 404:
            return problem(Refused(ServiceReason.RISK_ROUTE_UNKNOWN))
        if error.status_code == 405:
            said = problem(Refused(ServiceReason.RISK_METHOD_NOT_ALLOWED))
            return replace(said, headers={**said.headers, **(error.headers or {})})
        if error.status_code == 413:
            return problem(Refused(ServiceReason.RISK_BODY_TOO_LARGE))
        if error.status_code < 500:
            return problem(Refused(ServiceReason.RISK_BODY_UNREADABLE, {"detail": error.detail}))
    _log.error("%s %s broke", request.method, request.scope["path"], exc_info=error)
    return problem(Refused(ServiceReason.RISK_BROKEN))


def _response(api: RiskApi, request: AnyRequest, said: Answer) -> Response[bytes]:
    headers = {**_SAFE, "x-request-id": request_id(request, api.ids), **said.headers}
    return Response(
        said.body, status_code=said.status, media_type=said.media or None, headers=headers
    )
