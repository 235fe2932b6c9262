"""The door of the lite app: every address, and what happens around each page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, Router
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ControllerRouterHandler

from argosy.base.refusals import Refused, Unavailable
from argosy.channels.lite.answers import (
    Answer,
    Go,
    No,
    Page,
    go_answer,
    html_answer,
    json_answer,
    problem,
    status_of,
    with_cookies,
)
from argosy.channels.lite.pages import ADDRESSES
from argosy.channels.lite.pages.address import Address, Who
from argosy.channels.lite.reasons import LiteReason
from argosy.channels.lite.rendering import render
from argosy.channels.lite.services import Lite
from argosy.channels.lite.visits import (
    BODY_BYTES_MAX,
    ENTER,
    Stop,
    Visit,
    arrive,
    glance,
)
from argosy.public_services.signin.facts import SigninReason

_log = logging.getLogger(__name__)
ErrorHandler = Callable[[Request[Any, Any, Any], Exception], Response[Any]]

_BY_STATUS: Mapping[int, LiteReason] = {
    404: LiteReason.PAGE_UNKNOWN,
    405: LiteReason.METHOD_NOT_TAKEN,
    413: LiteReason.FORM_TOO_LARGE,
    415: LiteReason.CONTENT_TYPE_NOT_TAKEN,
}


def routes(services: Lite) -> list[ControllerRouterHandler]:
    """Every page of the app, for the server to mount at its root."""
    handlers: list[ControllerRouterHandler] = [_handler(services, one) for one in ADDRESSES]
    router = Router(
        path="/",
        route_handlers=handlers,
        exception_handlers=errors(services),  # type: ignore[arg-type]
        request_max_body_size=4 * BODY_BYTES_MAX,
        include_in_schema=False,
    )
    return [router]


def errors(services: Lite) -> dict[type[Exception], ErrorHandler]:
    """What is shown where no page was reached: an address that there is none of, a part that does not
    answer, a bug. Programs that ask for JSON get problem details. For the server's own handlers."""

    def unknown(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status >= 500:
            return broken(request, error)
        reason = _BY_STATUS.get(status, LiteReason.REQUEST_UNREADABLE)
        return _refusal_page(glance(services, request), Refused(reason), status)

    def unavailable(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        _log.error("%s %s: %s", request.method, request.url.path, error)
        return _refusal_page(glance(services, request), Refused(LiteReason.NOT_ANSWERING), 503)

    def broken(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        _log.error("%s %s broke", request.method, request.url.path, exc_info=error)
        return _bug_page(glance(services, request))

    return {HTTPException: unknown, Unavailable: unavailable, Exception: broken}


def _handler(lite: Lite, address: Address) -> HTTPRouteHandler:
    async def handle(request: Request[Any, Any, Any]) -> Response[Any]:
        visit: Visit | None = None
        try:
            visit = await arrive(lite, request)
            answer = await _answered(visit, address)
        except Stop as stop:
            answer = No(stop.refused, stop.status)
        visit = visit or glance(lite, request)
        session = visit.session
        if session is not None and session.rotate_due and not visit.cookies:
            token = await lite.signin.rotate(session)
            if token is not None:
                left = session.expires_at - lite.clock.now()
                visit.keep("argosy", token, int(left.total_seconds()))
        response = shown(visit, answer)
        return with_cookies(response, visit.cookies) if visit.cookies else response

    handle.__name__ = address.view.__name__
    return HTTPRouteHandler(address.path, http_method=address.method, status_code=200)(handle)


async def _answered(visit: Visit, address: Address) -> Answer:
    if address.who is not Who.ANYONE and visit.session is None:
        return _sign_in_first(visit)
    if visit.request.method == "POST":
        visit.check_form()
    if address.who is Who.SHOPS and not visit.is_shop:
        return No(Refused(LiteReason.ONLY_SHOPS))
    return await address.view(visit)


def _sign_in_first(visit: Visit) -> Answer:
    if visit.as_json:
        return No(Refused(SigninReason.SIGNED_OUT))
    if visit.kept("argosy"):
        visit.forget("argosy")
    path = visit.request.url.path
    back = f"?next={quote(path)}" if visit.request.method == "GET" and path != "/live" else ""
    return Go(f"{ENTER}{back}")


def shown(visit: Visit, answer: Answer) -> Response[Any]:
    """The answer as a response, in the form that the visitor takes."""
    match answer:
        case Response():
            return answer
        case No(refused, status):
            return _refusal_page(visit, refused, status)
        case Go(to, data, status):
            if visit.as_json:
                return json_answer(data if data is not None else {"next": to}, status)
            return go_answer(to)
        case Page(template, facts, status, data, refused):
            if visit.as_json and refused is not None:
                return problem(refused, visit.refusal(refused), **(data or {}))
            if visit.as_json and data is not None:
                return json_answer(data, status)
            wrong = _wrong(visit, refused)
            text = render(visit, template, {"wrong": wrong, **facts})
            return _html(visit, text, 422 if refused is not None and status == 200 else status)


def _wrong(visit: Visit, refused: Refused | None) -> Mapping[str, str] | None:
    """What stands beside the field that is wrong (or at the top where it is none in particular)."""
    if refused is None:
        return None
    return {"field": refused.field or "", "text": visit.refusal(refused), "code": refused.code}


def _refusal_page(visit: Visit, refused: Refused, status: int | None = None) -> Response[Any]:
    status = status or status_of(refused)
    if visit.as_json:
        return problem(refused, visit.refusal(refused), status)
    facts = {"text": visit.refusal(refused), "code": refused.code, "number": int(refused.reason)}
    return _html(visit, render(visit, "refused.html", facts), status)


def _bug_page(visit: Visit) -> Response[Any]:
    text = visit.say("lite.broken.text")
    if visit.as_json:
        body = {"type": "about:blank", "title": text, "status": 500, "code": "internal_error"}
        return json_answer(body, 500)
    facts = {"text": text, "code": "internal_error", "number": 0}
    return _html(visit, render(visit, "refused.html", facts), 500)


def _html(visit: Visit, text: str, status: int) -> Response[bytes]:
    zipped = "gzip" in visit.request.headers.get("accept-encoding", "")
    return html_answer(text, status=status, zipped=zipped, secure=visit.lite.is_secure)


