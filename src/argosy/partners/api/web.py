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
from argosy.partners.api.answers import JSON, Answer, encoded, may_come_again, problem
from argosy.partners.api.call import (
    AnyRequest,
    Api,
    Call,
    decoded,
    queried,
    read_body,
    request_id,
    shown_key,
    target,
)
from argosy.partners.api.facts import ApiReason, Caller, Scope
from argosy.partners.api.idempotency import HEADER, Work, checked_key
from argosy.partners.api.keys import not_trading
from argosy.partners.api.openapi import document
from argosy.partners.api.operations import OPERATIONS, Operation
from argosy.partners.api.page import page
from argosy.partners.api.services import PartnerApi

_log = logging.getLogger(__name__)
_SAFE = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "referrer-policy": "no-referrer",
}
_HTML = "text/html"

Still = Callable[[], Answer]
"""An answer that is always the same, made when it is first asked for."""


def application(services: PartnerApi) -> Litestar:
    """The application under /api; it has no life of its own, so it can be mounted as it is."""
    api = Api.over(services)

    @cache
    def described() -> dict[str, Any]:
        return document(services.public_url, (m.currency for m in services.markets.values()))

    def failed(request: AnyRequest, error: Exception) -> Response[bytes]:
        return _response(api, request, _failure(request, error))

    async def identify(message: Message, scope: WebScope) -> None:
        if message["type"] == "http.response.start":
            headers = MutableScopeHeaders.from_message(message)
            if "x-request-id" not in headers:  # what the framework answers by itself
                headers["x-request-id"] = request_id(Request(scope), services.ids)

    return Litestar(
        route_handlers=list(
            _addresses(
                api,
                {
                    "/openapi.json": cache(lambda: Answer(200, encoded(described()), JSON)),
                    "/docs": cache(lambda: Answer(200, page(described()).encode(), _HTML)),
                },
            )
        ),
        openapi_config=None,
        logging_config=None,
        before_send=[identify],
        exception_handlers={HTTPException: failed, Exception: failed},
    )


def _addresses(api: Api, stills: Mapping[str, Still]) -> Iterator[HTTPRouteHandler]:
    """A handler for each address, with all its methods: so each can say which they are."""
    by_path: dict[str, dict[str, Operation]] = defaultdict(dict)
    for operation in OPERATIONS:
        by_path[operation.path][operation.method] = operation
    for path, operations in by_path.items():
        yield _address(api, path, operations, {})
    for path, content in stills.items():
        yield _address(api, path, {}, {"GET": content})


def _address(
    api: Api, path: str, operations: Mapping[str, Operation], stills: Mapping[str, Still]
) -> HTTPRouteHandler:
    terms = api.services.terms
    methods = [*sorted([*operations, *stills]), "OPTIONS"]
    choices = Answer(204, b"", "", {"allow": ", ".join(methods)})
    is_batch = any(operation.is_batch for operation in operations.values())

    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        operation = operations.get(str(request.method))
        if operation is None:
            still = stills.get(str(request.method))
            return _response(api, request, choices if still is None else still())
        return _response(api, request, await _answered(api, operation, request))

    return HTTPRouteHandler(
        path.replace("}", ":str}"),
        http_method=methods,  # type: ignore[arg-type]  # a list of words, not of literals
        status_code=200,  # each answer brings its own
        request_max_body_size=terms.batch_bytes_max if is_batch else terms.body_bytes_max,
    )(handle)


# --- one request -----------------------------------------------------------------------------------


async def _answered(api: Api, operation: Operation, request: AnyRequest) -> Answer:
    try:
        said = await _done(api, operation, request)
    except Exception as error:  # noqa: BLE001 — whatever it is, a program gets an answer in its words
        return _failure(request, error)
    return problem(said) if isinstance(said, Refused) else said


async def _done(api: Api, operation: Operation, request: AnyRequest) -> Answer | Refused:
    """Who asks, may it, what is asked, was it asked before, and then do it."""
    caller = await _caller(api, operation, request)
    if isinstance(caller, Refused):
        return caller
    raw = await read_body(request)
    if isinstance(raw, Refused):
        return raw
    wrong = await api.signatures.check(
        caller, api.services.clock.now(), operation.method, target(request), request.headers, raw
    )
    if wrong is not None:
        return wrong
    key = checked_key(request.headers.get(HEADER)) if operation.once else ""
    if isinstance(key, Refused):
        return key
    query = queried(request, operation.query)
    if isinstance(query, Refused):
        return query
    body = None if operation.body is None else decoded(request, raw, operation.body)
    if isinstance(body, Refused):
        return body
    own_id = operation.own_id(body) if operation.own_id is not None else None
    path: Mapping[str, str] = request.path_params
    call = Call(caller, path, query, body, own_id or api.services.ids.new())
    return await _once(api, operation, call, key) if key else await operation.act(api, call)


async def _once(api: Api, operation: Operation, call: Call, key: str) -> Answer | Refused:
    """Do it, unless the request with this key was answered before."""
    content = b"" if call.body is None else msgspec.json.encode(call.body)
    begun = await api.idempotency.begin(
        call.party.id, key, operation.name, "/".join(call.path.values()), content, call.command_id
    )
    if not isinstance(begun, Work):
        return begun
    try:
        said = await operation.act(api, replace(call, command_id=begun.command_id))
        if not (isinstance(said, Refused) and may_come_again(said.reason)):
            answer = problem(said) if isinstance(said, Refused) else said
            return await api.idempotency.finish(begun, answer)
    except Exception:
        await _given_up(api, begun)
        raise
    await _given_up(api, begun)
    return said


async def _given_up(api: Api, begun: Work) -> None:
    try:
        await api.idempotency.give_up(begun)
    except Unavailable as outage:
        _log.warning("idempotency key %s: left to its lease: %s", begun.key, outage)


async def _caller(api: Api, operation: Operation, request: AnyRequest) -> Caller | Refused:
    text = shown_key(request)
    if isinstance(text, Refused):
        return text
    caller = await api.services.api_keys.read(text)
    if isinstance(caller, Refused):
        return caller
    wait = api.rates.take(caller.key.id, api.services.clock.now())
    if wait:
        return Refused(ApiReason.RATE_LIMITED, {"retry_after": wait})
    if caller.key.scope is not operation.scope or (
        operation.scope is Scope.MERCHANT and caller.party is None
    ):
        return Refused(ApiReason.KEY_SCOPE)
    idle = None if caller.party is None else not_trading(caller.party)
    return caller if idle is None else idle


def _failure(request: AnyRequest, error: Exception) -> Answer:
    """What is answered where something else than an operation spoke."""
    if isinstance(error, Unavailable):
        _log.warning("%s %s: %s", request.method, request.scope["path"], error)
        return problem(Refused(ApiReason.API_UNAVAILABLE))
    if isinstance(error, HTTPException):
        if error.status_code == 404:
            return problem(Refused(ApiReason.ROUTE_UNKNOWN))
        if error.status_code == 405:
            answer = problem(Refused(ApiReason.METHOD_NOT_ALLOWED))
            return replace(answer, headers={**answer.headers, **(error.headers or {})})
        if error.status_code == 413:
            return problem(Refused(ApiReason.BODY_TOO_LARGE))
        if error.status_code < 500:
            return problem(Refused(ApiReason.BODY_UNREADABLE, {"detail": error.detail}))
    _log.error("%s %s broke", request.method, request.scope["path"], exc_info=error)
    return problem(Refused(ApiReason.INTERNAL_ERROR))


def _response(api: Api, request: AnyRequest, answer: Answer) -> Response[bytes]:
    headers = {
        **_SAFE,
        "x-request-id": request_id(request, api.services.ids),
        **answer.headers,
    }
    return Response(
        answer.body,
        status_code=answer.status,
        media_type=answer.media or None,
        headers=headers,
    )
