"""The door of the lite app: every address, and what happens around each page."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from time import perf_counter
from urllib.parse import quote

from argosy.base.refusals import Refused, Unavailable, must
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
)
from argosy.channels.lite.counting import Weighing, marks, said
from argosy.channels.lite.money import SIGNATURES
from argosy.channels.lite.pages import ADDRESSES
from argosy.channels.lite.pages.address import Address, Who
from argosy.channels.lite.reasons import LiteReason
from argosy.channels.lite.rendering import render
from argosy.channels.lite.services import Lite
from argosy.channels.lite.visits import (
    ENTER,
    Stop,
    Visit,
    arrive,
    glance,
)
from argosy.channels.lite.wire import (
    App,
    Gone,
    Pattern,
    Receive,
    Request,
    Response,
    Scope,
    Send,
)
from argosy.public_services.signin.facts import SigninReason

_log = logging.getLogger(__name__)


def application(services: Lite) -> App:
    """Every page of the app as one ASGI application, for the server to put at its root."""
    exact: dict[str, dict[str, Address]] = {}
    patterns: list[tuple[Pattern, dict[str, Address]]] = []
    for path, addresses in _by_path().items():
        pattern = Pattern(path)
        if pattern.is_plain:
            exact[path] = addresses
        else:
            patterns.append((pattern, addresses))

    counted = marks(services.funnels)

    def find(path: str) -> tuple[dict[str, Address], dict[str, str]] | None:
        if path in exact:
            return exact[path], {}
        for pattern, addresses in patterns:
            params = pattern.match(path)
            if params is not None:
                return addresses, params
        return None

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found = find(scope["path"])
        addresses, params = found or ({}, {})
        request = Request(scope, receive, params)
        is_head = request.method == "HEAD"
        address = addresses.get("GET" if is_head else request.method)
        began = perf_counter()
        try:
            if address is not None:
                response = await _at(services, request, address)
            else:
                reason = LiteReason.METHOD_NOT_TAKEN if addresses else LiteReason.PAGE_UNKNOWN
                status = 405 if addresses else 404
                response = _refusal_page(glance(services, request), Refused(reason), status)
        except Gone:
            return
        except Unavailable as outage:
            _log.error("%s %s: %s", request.method, request.path, outage)
            refused = Refused(LiteReason.NOT_ANSWERING)
            response = _refusal_page(glance(services, request), refused, 503)
        except Exception:  # noqa: BLE001 - a bug is shown as what it is, and logged whole
            _log.exception("%s %s broke", request.method, request.path)
            response = _bug_page(glance(services, request))
        there = counted.get((address.method, address.path)) if address is not None else None
        if there is None or is_head:
            await response.answer(receive, send, head=is_head)
            return
        weighing = Weighing(scope, send, began)
        await response.answer(receive, weighing.send)
        market = request.market or services.default_market
        weighing.note(services.funnels, there, request.answered, response.status_code, market)

    return app


def _by_path() -> dict[str, dict[str, Address]]:
    found: dict[str, dict[str, Address]] = {}
    for address in ADDRESSES:
        there = found.setdefault(address.path, {})
        must(address.method not in there, "two views at one address", path=address.path)
        there[address.method] = address
    return found


async def _at(lite: Lite, request: Request, address: Address) -> Response:
    visit: Visit | None = None
    try:
        visit = await arrive(lite, request)
        answer = await _answered(visit, address)
    except Stop as stop:
        answer = No(stop.refused, stop.status)
    visit = visit or glance(lite, request)
    session = visit.session
    request.market, request.answered = (
        visit.market.code,
        said(answer, signed_in=session is not None),
    )
    if session is not None and session.rotate_due and not visit.cookies:
        token = await lite.signin.rotate(session)
        if token is not None:
            left = session.expires_at - lite.clock.now()
            visit.keep("argosy", token, int(left.total_seconds()))
    response = shown(visit, answer)
    response.cookies += visit.cookies
    return response


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
    path = visit.request.path
    back = f"?next={quote(path)}" if visit.request.method == "GET" and path != "/live" else ""
    return Go(f"{ENTER}{back}")


def shown(visit: Visit, answer: Answer) -> Response:
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
        case Page(template, facts, status, data, refused, keep_seconds):
            if visit.as_json and refused is not None:
                return problem(refused, visit.refusal(refused), **(data or {}))
            if visit.as_json and data is not None:
                return json_answer(data, status)
            wrong = _wrong(visit, refused)
            text = render(visit, template, {"wrong": wrong, **facts})
            status = 422 if refused is not None and status == 200 else status
            kept = keep_seconds if status == 200 and visit.session is not None else None
            return _html(visit, text, status, kept)


def _wrong(visit: Visit, refused: Refused | None) -> Mapping[str, object] | None:
    """What stands beside the field that is wrong (or at the top where it is none in particular)."""
    if refused is None:
        return None
    return {
        "field": refused.field or "",
        "text": visit.refusal(refused),
        "bind_again": refused.reason in SIGNATURES,
        "pin_locked": refused.reason is SigninReason.PIN_LOCKED,
    }


def _refusal_page(visit: Visit, refused: Refused, status: int | None = None) -> Response:
    status = status or status_of(refused)
    if visit.as_json:
        return problem(refused, visit.refusal(refused), status)
    facts = {"text": visit.refusal(refused), "code": refused.code}
    return _html(visit, render(visit, "refused.html", facts), status)


def _bug_page(visit: Visit) -> Response:
    text = visit.say("lite.broken.text")
    if visit.as_json:
        body = {"type": "about:blank", "title": text, "status": 500, "code": "internal_error"}
        return json_answer(body, 500)
    facts = {"text": text, "code": "internal_error"}
    return _html(visit, render(visit, "refused.html", facts), 500)


def _html(visit: Visit, text: str, status: int, keep_seconds: int | None = None) -> Response:
    zipped = "gzip" in visit.request.headers.get("accept-encoding", "")
    return html_answer(
        text, status=status, zipped=zipped, secure=visit.lite.is_secure, keep_seconds=keep_seconds
    )
