"""A phone to try it on, in demo mode: one dials and types, and no script is needed.

It speaks to the very same door: a session id, a phone and the joined input, as a gateway posts them.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader, StrictUndefined

from argosy.base.markets import Market
from argosy.base.refusals import Refused
from argosy.channels.lite.wire import Request, Response
from argosy.channels.ussd.engine import Engine
from argosy.channels.ussd.facts import INPUTS_MAX, TEXT_CHARS_MAX, Dial, Reply
from argosy.channels.ussd.screens import SEPTETS_MAX, UCS2_UNITS_MAX, is_gsm, size
from argosy.channels.ussd.services import Ussd

BODY_BYTES_MAX = 8_192
_POLICY = (
    "default-src 'none';style-src 'unsafe-inline';form-action 'self';base-uri 'none';"
    "frame-ancestors 'none'"
)
_pages = Environment(
    loader=PackageLoader("argosy.channels.ussd"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Simulator:
    """The page with the phone."""

    def __init__(self, ussd: Ussd, engine: Engine) -> None:
        self._ussd = ussd
        self._engine = engine

    async def page(self, request: Request) -> Response:
        """Show the phone: at rest, or with what it is answered."""
        fields: dict[str, str] = {}
        if request.method == "POST":
            body = await request.body(BODY_BYTES_MAX)
            fields = dict(parse_qsl((body or b"").decode(errors="replace"), max_num_fields=20))
        market = self._market(fields.get("market") or request.query.get("market", ""))
        phone = fields.get("phone") or request.query.get("phone", "")
        session, text = fields.get("session", ""), fields.get("text", "")
        reply: Reply | None = None
        wrong = ""
        act = fields.get("act", "")
        if act == "dial":
            dialled = fields.get("dial", "").strip() or self._ussd.code
            session, text = str(self._ussd.ids.new()), _cut(dialled, self._ussd.code)
        elif act == "send":
            text = "*".join(part for part in (text, fields.get("typed", "").strip()) if part)
        elif act == "again":
            act = "send"
        if act in ("dial", "send") and session:
            reply, wrong = await self._post(market, session, phone, text)
        if reply is None:
            session, text = "", ""
        told = reply.text if reply is not None else ""
        page = _pages.get_template("phone.html").render(
            markets=list(self._ussd.markets.values()),
            market=market,
            phone=phone,
            session=session,
            text=text,
            reply=reply,
            told=told,
            wrong=wrong,
            used=size(told),
            room=SEPTETS_MAX if is_gsm(told) else UCS2_UNITS_MAX,
            code=self._ussd.code,
        )
        headers = {"cache-control": "no-store", "content-security-policy": _POLICY}
        content = page.encode()
        return Response(content, media_type="text/html; charset=utf-8", headers=headers)

    async def _post(
        self, market: Market, session: str, phone_text: str, text: str
    ) -> tuple[Reply | None, str]:
        phone = market.phone(phone_text)
        if isinstance(phone, Refused):
            language = market.languages[0]
            return None, self._ussd.words.refusal(phone, language, market.code)
        inputs = tuple(text.split("*")) if text else ()
        if len(text) > TEXT_CHARS_MAX or len(inputs) > INPUTS_MAX:
            return None, "too much was typed"
        return await self._engine.answer(Dial(market, session, phone, inputs)), ""

    def _market(self, code: str) -> Market:
        return self._ussd.markets.get(code) or self._ussd.markets[min(self._ussd.markets)]


def _cut(dialled: str, code: str) -> str:
    """What stands behind the service code in what was dialled: `*384*1*PHONE#` is `1*PHONE`."""
    body, own = dialled.strip().rstrip("#"), code.rstrip("#")
    rest = body.removeprefix(own) if body.startswith(own) else body
    return rest.strip("*")
