"""The carrier over an HTTP gateway. The shape is in docs/messages.md: a POST with `id`, `to`, `from`,
`text` and `expires_at`, as JSON or as a form, the names of the fields as the gateway wants them."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import msgspec
from standardwebhooks.webhooks import Webhook

from argosy.base.clock import Clock
from argosy.base.orders.planning import moment
from argosy.public_services.notify.carriers import (
    Adapter,
    Carried,
    Handed,
    Hear,
    Means,
    Parcel,
    Way,
)
from argosy.public_services.outside.calls import Bounds, Outside, Told

NAME = "gateway"
SHAPE = "https://user:password@gateway.example/send?from=ARGOSY"
SECRET_BYTES_MIN = 16
FIELDS = ("id", "to", "from", "text", "expires_at")
_NEVER = frozenset({400, 404, 410, 413, 415, 422})
_NUMBERS = ("id", "message_id", "messageId")
_STATES = ("status", "state", "stat", "dlr")
TOKEN_CHARS_MIN = 16
ARRIVED = frozenset("delivered delivrd success arrived read".split())
LOST = frozenset(
    "undelivered undeliverable undeliv failed failure rejected rejectd expired deleted blocked".split()
)
"""What gateways say of a message in the end; whatever else they say on the way changes nothing."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway: where it is, who we are there, and how it wants to be asked. `names` are the gateway's
    own names for our fields, `fixed` what it wants besides."""

    url: str
    authorization: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    source: str = ""
    as_form: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict, repr=False)
    reports: str = field(default="", repr=False)


def read(address: str) -> Gateway:
    """`https://user:password@gateway.example/send?from=ARGOSY`, and in the query besides: `shape=form`,
    `token=` (a bearer's), `secret=whsec_...` (signs as Standard Webhooks do), `name.to=msisdn` (the
    gateway's name of a field), `set.key=value` (a field that is always the same), `reports=<token>`
    (it tells what became of messages, at the wallet's door and with this token). Raises ValueError,
    whose words repeat nothing of it."""
    parts = urlsplit(address)
    more = dict(parse_qsl(parts.query, keep_blank_values=True))
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise ValueError(f"must look like {SHAPE}") from None
    host = parts.hostname or ""
    if not host:
        raise ValueError(f"must look like {SHAPE}")
    if parts.scheme == "http" and not _is_here(host):
        raise ValueError(
            "must begin with https: the texts and the password would be read on the way"
        )
    shape, source = more.pop("shape", "json"), more.pop("from", "")
    token, secret = more.pop("token", ""), more.pop("secret", "")
    reports = more.pop("reports", "")
    if reports and (len(reports) < TOKEN_CHARS_MIN or not reports.isalnum()):
        raise ValueError(
            f"has a token for reports that is not {TOKEN_CHARS_MIN} letters and digits or more"
        )
    if shape not in ("json", "form"):
        raise ValueError("has a shape that is neither json nor form")
    names = {k[5:]: more.pop(k) for k in list(more) if k.startswith("name.")}
    fixed = {k[4:]: more.pop(k) for k in list(more) if k.startswith("set.")}
    if more or not set(names) <= set(FIELDS):
        raise ValueError(
            "takes from, shape, token, secret, reports, name.<field> and set.<name> after the question"
            " mark;"
            f" fields are {', '.join(FIELDS)}"
        )
    if secret and not _is_secret(secret):
        raise ValueError("has a secret that is not whsec_ and base64 of 16 bytes or more")
    authorization = f"Bearer {token}" if token else ""
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(pair.encode()).decode()
    place = f"[{host}]" if ":" in host else host
    url = f"{parts.scheme}://{place}{port}{parts.path or '/'}"
    return Gateway(url, authorization, secret, source, shape == "form", names, fixed, reports)


def _is_secret(text: str) -> bool:
    try:
        raw = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        return False
    return text.startswith("whsec_") and len(raw) >= SECRET_BYTES_MIN


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class HttpGateway:
    """SMS over one HTTP gateway, which the operator has chosen and may lie inside the own network."""

    name = NAME
    is_box = False

    def __init__(self, gateway: Gateway, clock: Clock, outside: Outside | None = None) -> None:
        self._gateway = gateway
        self._clock = clock
        self._outside = outside or Outside(Bounds(private_allowed=True))
        self._hear: Hear | None = None

    def listen(self, hear: Hear) -> None:
        """From now on `hear` is told what became of messages."""
        self._hear = hear

    def is_from(self, token: str) -> bool:
        """Whether a report with this token is this gateway's."""
        own = self._gateway.reports
        return bool(own) and hmac.compare_digest(own.encode(), token.encode())

    async def report(self, report: Mapping[str, str]) -> bool:
        """What the gateway says of a message: its number, or ours, and a state. False where it is
        nothing that ends it, or no message is awaited under that number."""
        said = next((report[name] for name in _STATES if name in report), "").strip().lower()
        number = next((report[name] for name in _NUMBERS if name in report), "")
        if self._hear is None or not number or said not in ARRIVED | LOST:
            return False
        return await self._hear(NAME, number, said in ARRIVED, said)

    async def carry(self, parcel: Parcel) -> Handed:
        """Ask the gateway to send a letter. The letter's id is the idempotency key."""
        if parcel.phone is None:
            return Handed(Carried.NEVER, why="no phone")
        body = self._body(parcel)
        headers = self._headers(parcel, body, self._clock.now())
        handed = _handed(await self._outside.post(self._gateway.url, body, headers))
        if handed.said is not Carried.SENT or handed.references or not self._gateway.reports:
            return handed
        return replace(handed, references=(str(parcel.id),))  # it told no number: it knows ours

    async def close(self) -> None:
        """Give up what is kept."""
        await self._outside.close()

    def _body(self, parcel: Parcel) -> bytes:
        gateway = self._gateway
        facts = {
            "id": str(parcel.id),
            "to": parcel.phone or "",
            "from": gateway.source,
            "text": parcel.text,
            "expires_at": "" if parcel.expires_at is None else moment(parcel.expires_at),
        }
        named = {gateway.names.get(name, name): value for name, value in facts.items() if value}
        whole = {**gateway.fixed, **named}
        return urlencode(whole).encode() if gateway.as_form else msgspec.json.encode(whole)

    def _headers(self, parcel: Parcel, body: bytes, at: datetime) -> dict[str, str]:
        gateway = self._gateway
        kind = "application/x-www-form-urlencoded" if gateway.as_form else "application/json"
        headers = {
            "content-type": kind,
            "accept": "application/json",
            "accept-encoding": "identity",
            "user-agent": "Argosy-Messages/1",
            "idempotency-key": str(parcel.id),
        }
        if gateway.authorization:
            headers["authorization"] = gateway.authorization
        if gateway.secret:
            number = str(parcel.id)
            headers["webhook-id"] = number
            headers["webhook-timestamp"] = str(int(at.timestamp()))
            headers["webhook-signature"] = Webhook(gateway.secret).sign(number, at, body.decode())
        return headers


def _handed(told: Told) -> Handed:
    if told.problem is None:
        return Handed(Carried.SENT, _references(told.answer or ""))
    said = Carried.NEVER if told.status in _NEVER else Carried.LATER
    return Handed(said, why=told.problem if told.status is None else f"answered {told.status}")


def _references(answer: str) -> tuple[str, ...]:
    try:
        found = msgspec.json.decode(answer, type=dict[str, object])
    except msgspec.MsgspecError:
        return ()
    number = next((found[name] for name in _NUMBERS if name in found), None)
    return (str(number),) if isinstance(number, str | int) else ()


def make(gateway: Gateway, means: Means) -> HttpGateway:
    """The carrier of a gateway."""
    return HttpGateway(gateway, means.clock)


ADAPTER = Adapter(Way.SMS, ("https", "http"), read, make)
