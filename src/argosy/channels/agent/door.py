"""The counter's addresses, below `/agent` and at `/cash`, and what happens around each page."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from argosy.base.money import Money
from argosy.base.orders.cash import CashReason
from argosy.base.parties.facts import PartyKind
from argosy.base.refusals import Refused, Unavailable
from argosy.channels.agent import customers, pages
from argosy.channels.agent.pages import Answer, Desk, Go, View
from argosy.channels.agent.services import Counter
from argosy.channels.lite.answers import go_answer
from argosy.channels.lite.visits import ENTER, Stop, Visit, arrive, glance
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

PREFIX = "/agent"
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none';style-src 'unsafe-inline';form-action 'self';"
    "base-uri 'none';frame-ancestors 'none'",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_log = logging.getLogger(__name__)
_Page = Callable[[Desk], Awaitable[Answer]]

ADDRESSES: dict[tuple[str, str], _Page] = {
    ("GET", "/agent"): pages.home,
    ("GET", "/agent/in"): pages.in_page,
    ("POST", "/agent/in"): pages.give,
    ("GET", "/agent/out"): pages.out_page,
    ("POST", "/agent/out"): pages.pay_out,
    ("GET", "/agent/day"): pages.day_page,
    ("GET", "/agent/float"): pages.float_page,
    ("GET", "/agent/commission"): pages.commission_page,
    ("GET", "/agent/orders/{id:str}"): pages.order_page,
    ("POST", "/agent/orders/{id:str}"): pages.act,
    ("GET", customers.PATH): customers.page,
    ("POST", customers.PATH): customers.act,
}
_ORDER = Pattern("/agent/orders/{id:str}")

_templates = Environment(
    loader=PackageLoader("argosy.channels.agent"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def is_behind(path: str) -> bool:
    """Whether an address belongs to this channel."""
    return path in (PREFIX, customers.PATH) or path.startswith(PREFIX + "/")


def application(counter: Counter) -> App:
    """The counter as one ASGI application."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/") or PREFIX
        params = _ORDER.match(path)
        request = Request(scope, receive, params or {})
        known = "/agent/orders/{id:str}" if params is not None else path
        method = "GET" if request.method == "HEAD" else request.method
        page = ADDRESSES.get((method, known))
        try:
            response = await _answered(counter, request, page)
        except Gone:
            return
        except Unavailable as outage:
            _log.error("%s: %s", request.path, outage)
            response = _shown(glance(counter.lite, request), View("outage.html"), 503)
        except Exception:  # noqa: BLE001 - a bug is shown as what it is, and logged whole
            _log.exception("%s %s broke", request.method, request.path)
            response = _shown(glance(counter.lite, request), View("outage.html"), 500)
        await response.answer(receive, send, head=request.method == "HEAD")

    return app


async def _answered(counter: Counter, request: Request, page: _Page | None) -> Response:
    try:
        visit = await arrive(counter.lite, request)
        if visit.session is None:
            return go_answer(f"{ENTER}?next={quote(request.path)}")
        at_counter = request.path != customers.PATH
        if at_counter and visit.me.kind is not PartyKind.AGENT:
            return _shown(visit, View("none.html", {}, Refused(CashReason.ONLY_AGENTS)))
        if page is None:
            return _shown(visit, View("none.html"), 404)
        if request.method == "POST":
            visit.check_form()
    except Stop as stop:
        visit = glance(counter.lite, request)
        return _shown(visit, View("none.html", {}, stop.refused), stop.status)
    desk = Desk(counter, visit)
    answer = await page(desk)
    response = go_answer(answer.to) if isinstance(answer, Go) else _shown(visit, answer)
    session = visit.signed_in
    if session.rotate_due:
        token = await counter.lite.signin.rotate(session)
        if token is not None:
            left = session.expires_at - counter.lite.clock.now()
            visit.keep("argosy", token, int(left.total_seconds()))
    response.cookies += visit.cookies
    return response


def _shown(visit: Visit, view: View, status: int | None = None) -> Response:
    """A page in the agent's language."""
    words, language, market = visit.lite.words, visit.language, visit.market.code

    def money(value: Money | int) -> str:
        amount = value if isinstance(value, Money) else visit.money(value)
        return words.money(amount, language, market)

    refused = view.refused
    text = _templates.get_template(view.template).render(
        say=lambda key, **facts: visit.say(f"agent.{key}", **facts),
        money=money,
        moment=lambda at: words.moment(at, language, market),
        date=lambda day: words.day(day, language, market),
        language=language,
        operator=visit.market.operator,
        is_agent=visit.session is not None and visit.me.kind is PartyKind.AGENT,
        csrf=visit.form_secret,
        wrong=visit.refusal(refused) if refused is not None else "",
        refresh_seconds=view.refresh_seconds,
        path=visit.request.path,
        **view.facts,
    )
    code = status or (200 if refused is None else 422)
    html = "text/html; charset=utf-8"
    return Response(text.encode(), status_code=code, media_type=html, headers=_HEADERS)
