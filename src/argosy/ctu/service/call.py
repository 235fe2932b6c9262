"""One request on its way: who asks, what for, read and checked before anything is done."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.exceptions import ClientException, HTTPException, InternalServerException

from argosy.base.ids import Ids
from argosy.base.refusals import Refused
from argosy.ctu.service.answers import JSON
from argosy.ctu.service.facts import ServiceReason
from argosy.ctu.service.shapes import In, wrong_in

PARAMETERS_MAX = 20
WHOLE_DIGITS_MAX = 20
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_UTF_8 = {"utf-8", "utf8"}

S = TypeVar("S", bound=In)
AnyRequest = Request[Any, Any, Any]


def request_id(request: AnyRequest, ids: Ids) -> str:
    """The request's own id where it brings a sound one, otherwise a new one."""
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else ids.new().hex


def shown_key(request: AnyRequest) -> str | Refused:
    """The key that the request shows."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        return Refused(ServiceReason.RISK_KEY_MISSING)
    return text.strip()


async def read_body(request: AnyRequest) -> bytes | Refused:
    """The body, as long as it is not larger than the operation takes."""
    try:
        return await request.body()
    except InternalServerException as error:  # the line broke before the body was there
        return Refused(ServiceReason.RISK_BODY_UNREADABLE, {"detail": str(error.detail)})
    except (ClientException, HTTPException) as error:
        too_large = error.status_code == 413
        return Refused(
            ServiceReason.RISK_BODY_TOO_LARGE if too_large else ServiceReason.RISK_BODY_UNREADABLE
        )


def decoded(request: AnyRequest, raw: bytes, form: type[S]) -> S | Refused:
    """The JSON body in its form. The whole of it must be there, and nothing else."""
    if not _is_json(request.headers.get("content-type", "")):
        return Refused(ServiceReason.RISK_CONTENT_TYPE)
    try:
        raw.decode()  # also where a text is skipped
        return _in_form(raw, form)
    except msgspec.ValidationError as error:
        return _invalid(ServiceReason.RISK_BODY_INVALID, error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Refused(ServiceReason.RISK_BODY_UNREADABLE, {"detail": str(error)[:200]})


def _in_form(raw: bytes, form: type[S]) -> S:
    """`raw` in its form. A number such as `1250.0` is a whole one in JSON, so it is read as one."""
    try:
        return msgspec.json.decode(raw, type=form)
    except msgspec.ValidationError as error:
        if "`float`" not in str(error):
            raise
    return msgspec.convert(_WITH_WHOLE_NUMBERS.decode(raw), form)


def _whole(text: str) -> int | float:
    """The number as an integer where it is one."""
    number = Decimal(text)
    is_whole = number.adjusted() < WHOLE_DIGITS_MAX and number == number.to_integral_value()
    return int(number) if is_whole else float(text)


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
        return Refused(ServiceReason.RISK_QUERY_INVALID, {"detail": str(error)[:200]})
    values = dict(pairs)
    if len(values) != len(pairs):
        return Refused(
            ServiceReason.RISK_QUERY_INVALID, {"detail": "a parameter stands there twice"}
        )
    try:
        return msgspec.convert(values, form, strict=False, str_keys=True)
    except msgspec.ValidationError as error:
        return _invalid(ServiceReason.RISK_QUERY_INVALID, error)


def _is_json(content_type: str) -> bool:
    media, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [p.partition("=")[2].strip('" ') for p in parameters if p.startswith("charset=")]
    return media == JSON and _UTF_8.issuperset(charsets)


def _invalid(reason: ServiceReason, error: msgspec.ValidationError) -> Refused:
    field, detail = wrong_in(error)
    return Refused(reason, {"detail": detail[:300]}, field or None)
