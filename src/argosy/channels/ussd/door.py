"""The gateway's door: `POST /ussd/<market>`, a form in, plain text out.

Who posts here says which phone dials, and is believed; so the door opens for the gateway alone: by the
address it comes from, by a secret, or by both. Without either it is shut, but in demo mode.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from urllib.parse import parse_qsl

from argosy.base.markets import Market
from argosy.base.refusals import Refused, Unavailable
from argosy.channels.lite.wire import App, Gone, Receive, Request, Response, Scope, Send
from argosy.channels.ussd.engine import Engine
from argosy.channels.ussd.facts import INPUTS_MAX, TEXT_CHARS_MAX, Dial, Reply
from argosy.channels.ussd.services import Ussd
from argosy.channels.ussd.simulator import Simulator

PREFIX = "/ussd"
SIMULATOR = "/ussd/simulator"
BODY_BYTES_MAX = 8_192
SECRET_HEADER = "x-ussd-secret"  # noqa: S105 - a name, no secret
_TEXT = "text/plain; charset=utf-8"
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_log = logging.getLogger(__name__)


def is_behind(path: str) -> bool:
    """Whether an address belongs to this channel."""
    return path == PREFIX or path.startswith(PREFIX + "/")


def application(ussd: Ussd) -> App:
    """The channel as one ASGI application."""
    engine = Engine(ussd)
    simulator = Simulator(ussd, engine)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, {})
        try:
            if ussd.demo and request.path == SIMULATOR:
                response = await simulator.page(request)
            else:
                response = await _gateway(ussd, engine, request)
        except Gone:
            return
        except Unavailable as outage:
            _log.error("%s: %s", request.path, outage)
            response = _answer("END Out of order. Dial again later.", 503)
        except Exception:  # noqa: BLE001 - a bug is shown as what it is, and logged without the input
            _log.exception("a dial broke")
            response = _answer("END Out of order. Dial again later.", 500)
        await response.answer(receive, send, head=request.method == "HEAD")

    return app


async def _gateway(ussd: Ussd, engine: Engine, request: Request) -> Response:
    if not is_let_in(ussd, request):
        return _answer("not found", 404)
    if request.method != "POST":
        return _answer("POST a form here", 405)
    market = ussd.markets.get(request.path.removeprefix(PREFIX).strip("/"))
    if market is None:
        return _answer("there is no such market here", 404)
    body = await request.body(BODY_BYTES_MAX)
    dial = None if body is None else read(market, body)
    if dial is None:
        return _answer("sessionId, serviceCode, phoneNumber and text are needed", 400)
    if isinstance(dial, Refused):
        text = ussd.words.say("ussd.no_phone", market.languages[0], market.code)
        return _answer(Reply(text, ends=True).wire)
    reply = await engine.answer(dial)
    return _answer(reply.wire)


def is_let_in(ussd: Ussd, request: Request) -> bool:
    """Whether a request is the gateway's."""
    if not ussd.allowed and ussd.secret is None:
        return ussd.demo
    if ussd.allowed and not _is_among(ussd, request.network):
        return False
    if ussd.secret is None:
        return True
    shown = request.headers.get(SECRET_HEADER) or request.query.get("secret", "")
    return hmac.compare_digest(shown.encode(), ussd.secret.encode())


def _is_among(ussd: Ussd, network: str | None) -> bool:
    try:
        address = ipaddress.ip_address((network or "").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in one for one in ussd.allowed)


def read(market: Market, body: bytes) -> Dial | Refused | None:
    """The dial that a form tells of; None where it is not a form of a gateway, a refusal where its phone
    is none of the market."""
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=40))
    except ValueError:
        return None
    session, phone_text = fields.get("sessionId", ""), fields.get("phoneNumber", "")
    text = fields.get("text", "")
    if not session or len(session) > 120 or "\x00" in session or len(text) > TEXT_CHARS_MAX:
        return None
    inputs = tuple(text.replace("\x00", "").rstrip("#").split("*")) if text else ()
    if len(inputs) > INPUTS_MAX:
        return None
    # a plus that was not encoded has become a blank on its way
    phone = market.phone(phone_text.strip() if phone_text[:1] != " " else "+" + phone_text.strip())
    return phone if isinstance(phone, Refused) else Dial(market, session, phone, inputs)


def _answer(text: str, status: int = 200) -> Response:
    return Response(text.encode(), status_code=status, media_type=_TEXT, headers=_HEADERS)
