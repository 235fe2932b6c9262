"""One request on its way: who asks, what for, read and checked before anything is done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from litestar import Request
from litestar.exceptions import ClientException, HTTPException, InternalServerException

from argosy.base.ids import Ids, parse_id
from argosy.base.parties.facts import Party
from argosy.base.products import Asker
from argosy.base.refusals import Reason, Refused, must
from argosy.partners.api.answers import JSON
from argosy.partners.api.cursors import Cursors
from argosy.partners.api.facts import ApiReason, Caller
from argosy.partners.api.idempotency import Idempotency
from argosy.partners.api.rates import Rates
from argosy.partners.api.services import PartnerApi
from argosy.partners.api.shapes import In
from argosy.partners.api.signing import Signatures

CHANNEL = "api"
PARAMETERS_MAX = 20
WHOLE_DIGITS_MAX = 20
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_WHERE = re.compile(r"^(?P<detail>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_UTF_8 = {"utf-8", "utf8"}

S = TypeVar("S", bound=In)
AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True)
class Api:
    """The services, and what the API keeps beside them."""

    services: PartnerApi
    idempotency: Idempotency
    signatures: Signatures
    rates: Rates
    cursors: Cursors

    @classmethod
    def over(cls, services: PartnerApi) -> Api:
        terms = services.terms
        return cls(
            services,
            Idempotency(services.db, services.clock, services.keys, terms),
            Signatures(services.db, terms),
            Rates(terms.requests_per_second, terms.requests_burst),
            Cursors(services.keys),
        )


@dataclass(frozen=True)
class Call:
    """A request, read: `body` and `query` have the operation's forms, `path` the parts of the path.
    `command_id` is the same whenever the same request comes again."""

    caller: Caller | None
    path: Mapping[str, str]
    query: Any
    body: Any
    command_id: UUID

    @property
    def party(self) -> Party:
        """The merchant that asks."""
        party = self.caller.party if self.caller else None
        if party is None:
            must(False, "an operation for merchants was called by somebody else")
            raise AssertionError
        return party

    @property
    def asker(self) -> Asker:
        return Asker(self.party, CHANNEL, by_key=True)

    def id(self, name: str, missing: Reason) -> UUID | Refused:
        """The id in the path; what is no id is not found."""
        return parse_id(self.path[name]) or Refused(missing)


def request_id(request: AnyRequest, ids: Ids) -> str:
    """The request's own id where it brings a sound one, otherwise a new one."""
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else ids.new().hex


def shown_key(request: AnyRequest) -> str | Refused:
    """The API key that the request shows."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        return Refused(ApiReason.KEY_MISSING)
    return text.strip()


def target(request: AnyRequest) -> str:
    """Path and query, as they were sent."""
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    query = request.scope.get("query_string") or b""
    return (raw + (b"?" + query if query else b"")).decode("latin-1")


async def read_body(request: AnyRequest) -> bytes | Refused:
    """The body, as long as it is not larger than the operation takes."""
    try:
        return await request.body()
    except InternalServerException as error:  # the line broke before the body was there
        return Refused(ApiReason.BODY_UNREADABLE, {"detail": str(error.detail)})
    except (ClientException, HTTPException) as error:
        too_large = error.status_code == 413
        return Refused(ApiReason.BODY_TOO_LARGE if too_large else ApiReason.BODY_UNREADABLE)


def decoded(request: AnyRequest, raw: bytes, form: type[S]) -> S | Refused:
    """The JSON body in its form. The whole of it must be there, and nothing else."""
    if not _is_json(request.headers.get("content-type", "")):
        return Refused(ApiReason.CONTENT_TYPE_UNKNOWN)
    try:
        raw.decode()  # also where a text is skipped
        return _in_form(raw, form)
    except msgspec.ValidationError as error:
        return _invalid(ApiReason.BODY_INVALID, error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Refused(ApiReason.BODY_UNREADABLE, {"detail": str(error)[:200]})


def _in_form(raw: bytes, form: type[S]) -> S:
    """`raw` in its form. A number such as `1250.0` is a whole one in JSON, so it is read as one."""
    try:
        return msgspec.json.decode(raw, type=form)
    except msgspec.ValidationError as error:
        if "`float`" not in str(error):
            raise
    return msgspec.convert(_WITH_WHOLE_NUMBERS.decode(raw), form)


def _whole(text: str) -> int | Decimal:
    """The number as an integer where it is one; floats never come into it."""
    number = Decimal(text)
    is_whole = number.adjusted() < WHOLE_DIGITS_MAX and number == number.to_integral_value()
    return int(number) if is_whole else number


_WITH_WHOLE_NUMBERS = msgspec.json.Decoder(float_hook=_whole)


def queried(request: AnyRequest, form: type[S]) -> S | Refused:
    """The query parameters in their form: each known, and none twice."""
    raw: bytes = request.scope.get("query_string") or b""
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            errors="strict",
            max_num_fields=PARAMETERS_MAX,
        )
    except ValueError as error:  # UnicodeDecodeError is one
        return Refused(ApiReason.QUERY_INVALID, {"detail": str(error)[:200]})
    values = dict(pairs)
    if len(values) != len(pairs):
        return Refused(ApiReason.QUERY_INVALID, {"detail": "a parameter stands there twice"})
    if any("\x00" in value for value in values.values()):  # which the database takes in no text
        return Refused(ApiReason.QUERY_INVALID, {"detail": "a parameter has a NUL character"})
    try:
        return msgspec.convert(values, form, strict=False, str_keys=True)
    except msgspec.ValidationError as error:
        return _invalid(ApiReason.QUERY_INVALID, error)


def _is_json(content_type: str) -> bool:
    media, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [p.partition("=")[2].strip('" ') for p in parameters if p.startswith("charset=")]
    return media == JSON and _UTF_8.issuperset(charsets)


def _invalid(reason: ApiReason, error: msgspec.ValidationError) -> Refused:
    found = _WHERE.match(str(error))
    detail, path = (found["detail"], found["path"]) if found else (str(error), None)
    field = (path or "$").removeprefix("$").removeprefix(".") or None
    return Refused(reason, {"detail": detail[:300]}, field)
