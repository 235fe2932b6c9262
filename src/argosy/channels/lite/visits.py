"""One request, read and checked: who asks, in which language, and what they filled in."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import msgspec

from argosy.base.ids import parse_id
from argosy.base.markets import Market
from argosy.base.money import Money
from argosy.base.parties.facts import Party, PartyKind
from argosy.base.products import Asker
from argosy.base.refusals import Refused, must
from argosy.channels.lite import uploads
from argosy.channels.lite.answers import JSON, cookie
from argosy.channels.lite.reasons import LiteReason
from argosy.channels.lite.services import Lite
from argosy.channels.lite.wire import Request
from argosy.channels.qr.photo import PHOTO_BYTES_MAX, PhotoReason
from argosy.public_services.signin.facts import Session, SignedIn, SigninReason

CHANNEL = "lite"
BODY_BYTES_MAX = 16_384
FIELDS_MAX = 40
LANGUAGE_SECONDS = 365 * 86_400
DEVICE_SECONDS = 400 * 86_400
ENTER = "/enter"
_FORM = "application/x-www-form-urlencoded"
_MASK_BYTES = 16


class Stop(Exception):
    """Nothing more is read of this request; `refused` says why."""

    def __init__(self, refused: Refused, status: int | None = None) -> None:
        super().__init__(refused.code)
        self.refused = refused
        self.status = status


@dataclass
class Visit:
    """One request. `fields` is what was filled in; `cookies` go out with the answer."""

    lite: Lite
    request: Request
    market: Market
    language: str
    session: Session | None
    fields: Mapping[str, str]
    as_json: bool
    cookies: list[str] = field(default_factory=list)
    files: Mapping[str, bytes] = field(default_factory=dict)
    _secret: str = ""

    # who

    @property
    def me(self) -> Party:
        """Who is signed in; pages that need it are only reached with a session."""
        must(self.session is not None, "a page for the signed in was shown to nobody")
        return self.signed_in.party

    @property
    def signed_in(self) -> Session:
        """The session of a page that is only reached with one."""
        session = self.session
        if session is None:
            raise Stop(Refused(SigninReason.SIGNED_OUT))
        return session

    @property
    def is_shop(self) -> bool:
        return self.session is not None and self.session.party.kind is PartyKind.MERCHANT

    @property
    def is_agent(self) -> bool:
        return self.session is not None and self.session.party.kind is PartyKind.AGENT

    @property
    def network(self) -> str | None:
        """Where the request came from, as the server knows it."""
        return self.request.network

    def asker(self) -> Asker:
        """Who asks, for the cashier."""
        session = self.signed_in
        return Asker(session.party, CHANNEL, session.id, session.device.id, self.network)

    @property
    def reader(self) -> str:
        """Who looks at names, for the log of accesses."""
        return f"party:{self.session.party_id}" if self.session else "visitor"

    # what

    def text(self, name: str) -> str:
        """A field as typed, without blanks around it; empty where it is missing."""
        return self.fields.get(name, "").strip()

    def query(self, name: str) -> str:
        """A parameter of the address."""
        value = self.request.query.get(name, "")
        return value.strip() if value.isprintable() else ""

    def path(self, name: str) -> str:
        """A part of the address."""
        return self.request.params[name]

    def command_id(self) -> UUID:
        """The id under which a form was shown: it makes a second sending the same request."""
        command = parse_id(self.text("id").lower())
        if command is None:
            raise Stop(Refused(LiteReason.COMMAND_ID_MISSING, field="id"))
        return command

    # saying

    def say(self, key: str, **facts: Any) -> str:
        """The sentence of `key` in the visitor's language."""
        return self.lite.words.say(key, self.language, self.market.code, **facts)

    def refusal(self, refused: Refused) -> str:
        return self.lite.words.refusal(refused, self.language, self.market.code)

    def money(self, minor: int) -> Money:
        return Money(minor, self.market.currency)

    # cookies

    def keep(self, name: str, value: str, seconds: int | None = None, path: str = "/") -> None:
        """Have the browser keep a cookie, for the session or for so many seconds."""
        secure = self.lite.is_secure
        named = cookie_name(name, secure, path)
        self.cookies.append(cookie(named, value, secure=secure, seconds=seconds, path=path))

    def forget(self, name: str, path: str = "/") -> None:
        self.keep(name, "", path=path)

    def kept(self, name: str, path: str = "/") -> str | None:
        """What the browser kept under `name`."""
        return self.request.cookies.get(cookie_name(name, self.lite.is_secure, path))

    def welcome(self, signed_in: SignedIn) -> None:
        """Keep what a sign-in gave: the session, and the device by which it is known again."""
        left = signed_in.expires_at - self.lite.clock.now()
        self.keep("argosy", signed_in.token, int(left.total_seconds()))
        self.keep("device", signed_in.device_cookie, DEVICE_SECONDS, ENTER)

    # the secret that forms carry

    def form_secret(self) -> str:
        """For a form on this page: the session's secret, or that of a visitor's cookie, each time
        under another mask, so that compression gives nothing of it away."""
        if self.session is not None:
            return masked(self.session.csrf.encode(), self.lite.chance)
        if not self._secret:
            self._secret = self.kept("form") or ""
            if len(self._secret) != 2 * _MASK_BYTES:
                self._secret = self.lite.chance(_MASK_BYTES).hex()
                self.keep("form", self._secret)
        return masked(self._secret.encode(), self.lite.chance)

    def check_form(self) -> None:
        """Stop unless the form is one of ours, for this visitor. JSON cannot be sent from another
        site without our leave, which is never given, so it needs no secret."""
        origin = self.request.headers.get("origin")
        foreign = Refused(SigninReason.FORM_FOREIGN, field="csrf")
        if origin and urlsplit(origin).netloc != self.request.headers.get("host"):
            raise Stop(foreign)
        if self.request.content_type == JSON:
            return
        shown = unmasked(self.text("csrf"))
        if self.session is not None:
            refused = self.lite.signin.form_fits(self.session, shown)
            if refused is not None:
                raise Stop(refused)
        elif not hmac.compare_digest(shown.encode(), (self.kept("form") or "-").encode()):
            raise Stop(foreign)


async def arrive(lite: Lite, request: Request) -> Visit:
    """Read a request. Raises `Stop` where its body cannot be taken."""
    brings_file = request.content_type == uploads.MULTIPART and request.path in uploads.PATHS
    body: Mapping[str, str] = {}
    if request.method == "POST" and not brings_file:
        body = await _body(request)
    token = request.cookies.get(cookie_name("argosy", lite.is_secure))
    session = await lite.signin.session(token) if token else None
    visit = _visit(lite, request, session, body)
    if request.method == "POST" and brings_file:
        if session is None:  # nobody's large body is read
            raise Stop(Refused(SigninReason.SIGNED_OUT), 401)
        upload = await _upload(request)
        visit.fields, visit.files = upload.fields, upload.files
    return visit


def glance(lite: Lite, request: Request) -> Visit:
    """A request of which nothing but language and form of answer is read: for pages of errors."""
    visit = _visit(lite, request, None, {})
    visit.as_json = visit.as_json or request.path.startswith("/api/")
    return visit


def _visit(
    lite: Lite, request: Request, session: Session | None, fields: Mapping[str, str]
) -> Visit:
    secure = lite.is_secure
    if session is not None:
        market = lite.markets[session.party.market]
        language = session.party.language
    else:
        asked = request.cookies.get(cookie_name("market", secure), "")
        market = lite.markets.get(asked) or lite.markets[lite.default_market]
        language = request.cookies.get(cookie_name("language", secure), "")
        if language not in market.languages:
            language = spoken(request.headers.get("accept-language", ""), market)
    accept = request.headers.get("accept", "")
    as_json = JSON in accept or (request.content_type == JSON and "html" not in accept)
    return Visit(lite, request, market, language, session, fields, as_json)


def cookie_name(name: str, secure: bool, path: str = "/") -> str:
    """With https the browser itself holds a cookie to this very host."""
    if not secure:
        return name
    return f"__Host-{name}" if path == "/" else f"__Secure-{name}"


def spoken(accepted: str, market: Market) -> str:
    """The language of an `Accept-Language` that the market has and the browser likes best; else the
    market's first."""
    best, found = 0.0, market.languages[0]
    for part in accepted[:200].split(","):
        name, _, weight = part.partition(";")
        language = name.strip().lower().partition("-")[0]
        liked = _liked(weight)
        if language in market.languages and liked > best:
            best, found = liked, language
    return found


def _liked(weight: str) -> float:
    """How much a browser likes a language, by its `q`: 1 where it says nothing, 0 where it is none."""
    text = weight.strip().removeprefix("q=")
    if not text:
        return 1.0
    return float(text) if text.replace(".", "", 1).isdigit() and text.isascii() else 0.0


async def _body(request: Request) -> Mapping[str, str]:
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > BODY_BYTES_MAX:
        raise Stop(Refused(LiteReason.FORM_TOO_LARGE, {"most": BODY_BYTES_MAX}), 413)
    kind = request.content_type
    if kind not in (_FORM, JSON) and (kind or declared != "0"):
        raise Stop(Refused(LiteReason.CONTENT_TYPE_NOT_TAKEN), 415)
    raw = await request.body(BODY_BYTES_MAX)
    if raw is None:
        raise Stop(Refused(LiteReason.FORM_TOO_LARGE, {"most": BODY_BYTES_MAX}), 413)
    fields = _json_fields(raw) if kind == JSON else _form_fields(raw)
    if fields is None or any("\x00" in value for value in fields.values()):
        raise Stop(Refused(LiteReason.FORM_UNREADABLE), 400)
    return fields


async def _upload(request: Request) -> uploads.Upload:
    raw = await request.body(uploads.UPLOAD_BYTES_MAX)
    if raw is None:
        raise Stop(Refused(PhotoReason.PHOTO_TOO_LARGE, {"most": PHOTO_BYTES_MAX}), 413)
    upload = uploads.read(request.headers.get("content-type", ""), raw)
    if upload is None or any("\x00" in value for value in upload.fields.values()):
        raise Stop(Refused(LiteReason.FORM_UNREADABLE), 400)
    return upload


def _form_fields(raw: bytes) -> dict[str, str] | None:
    try:
        pairs = parse_qsl(
            raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX
        )
    except ValueError:  # not UTF-8, before or behind the percent signs, or too many fields
        return None
    return dict(pairs)


def _json_fields(raw: bytes) -> dict[str, str] | None:
    """A flat object; numbers become what a person would have typed."""
    try:
        found = msgspec.json.decode(raw, type=dict[str, str | int | bool | None])
    except (msgspec.MsgspecError, ValueError):
        return None
    fields = {name: str(value) for name, value in found.items() if value is not None}
    if b"\\" not in raw:  # without an escape there is no way to write half a character
        return fields
    try:
        "".join(fields.values()).encode()
    except UnicodeEncodeError:
        return None
    return fields


def masked(secret: bytes, chance: Any) -> str:
    """`secret` as text that is another one each time."""
    mask: bytes = chance(len(secret))
    return (mask + bytes(a ^ b for a, b in zip(mask, secret, strict=True))).hex()


def unmasked(text: str) -> str:
    """What `masked` was given; empty where the text is none of its."""
    try:
        raw = bytes.fromhex(text)
        half = len(raw) // 2
        return bytes(a ^ b for a, b in zip(raw[:half], raw[half:], strict=True)).decode()
    except ValueError:
        return ""
