"""Payment links of the form `upi://pay?pa=shop@bank&pn=Shop&am=12.50&cu=INR`: read and written.

Values are percent-encoded UTF-8 with spaces as `%20`; a `+` is a plus. Keys that are not known are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import quote

from argosy.base.refusals import Refused
from argosy.channels.qr.emv import unfit
from argosy.channels.qr.merchant import read_amount
from argosy.channels.qr.reasons import CodeReason

LINK_CHARS_MAX = 1024
HEAD = "upi://pay?"

_ADDRESS = re.compile(r"[A-Za-z0-9._-]{1,255}@[A-Za-z][A-Za-z0-9]{1,63}", re.ASCII)
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}", re.ASCII)
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was read. `address` is the payee's (`pa`), lower case; `amount_minor` is None where
    the payer is to type it; `expires_at` is `QRexpire`; `unknown` holds every key that has no name of
    its own here."""

    address: str
    name: str | None = None
    amount_minor: int | None = None
    currency: str = "INR"
    reference: str | None = None
    category: str | None = None
    note: str | None = None
    expires_at: datetime | None = None
    unknown: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def handle(self) -> str:
        """What stands behind the `@`: the wallet or bank that knows the payee."""
        return self.address.partition("@")[2]

    @property
    def local(self) -> str:
        """What stands before the `@`: the payee's own name there."""
        return self.address.partition("@")[0]


_NAMES = {"pn": "name", "tr": "reference", "mc": "category", "tn": "note"}


def is_link(text: str) -> bool:
    """Whether `text` claims to be a link of this sort at all."""
    return text[:4].lower() == "upi:"


def parse(text: str) -> Link | Refused:
    """Read a link. Refused with CODE_UNREADABLE (`position`, `problem`), CODE_AMOUNT_UNREADABLE, or
    CODE_SCHEME_NOT_TAKEN for links of this scheme that are not payments (mandates, collect)."""
    if len(text) > LINK_CHARS_MAX:
        return _unreadable(LINK_CHARS_MAX, "the link is too long")
    if text[: len(HEAD)].lower() != HEAD:
        if text[:6].lower() == "upi://":
            verb = re.split(r"[/?]", text[6:], maxsplit=1)[0][:20].lower()
            return Refused(CodeReason.CODE_SCHEME_NOT_TAKEN, {"scheme": f"UPI ({verb})"})
        return _unreadable(0, f"a link starts with {HEAD}")
    pairs = _pairs(text, len(HEAD))
    if isinstance(pairs, Refused):
        return pairs
    address = pairs.pop("pa", "")
    if not _ADDRESS.fullmatch(address):
        return _unreadable(len(HEAD), "no payee address of the form name@handle")
    amount = None
    typed = pairs.pop("am", "")
    currency = (pairs.pop("cu", "") or "INR").upper()
    if typed:
        read = read_amount(typed, currency)
        if isinstance(read, Refused):
            return read
        amount = read
    expires_at = None
    if until := pairs.pop("QRexpire", ""):
        expires_at = _moment(until)
        if expires_at is None:
            return _unreadable(len(HEAD), "QRexpire is not a moment with its offset from UTC")
    known = {_NAMES[key]: pairs.pop(key) for key in list(pairs) if key in _NAMES and pairs[key]}
    return Link(
        address.lower(),
        amount_minor=amount,
        currency=currency,
        expires_at=expires_at,
        unknown=MappingProxyType(pairs),
        **known,
    )


def build(pairs: Mapping[str, str]) -> str | Refused:
    """Write a link from keys (`pa`, `pn`, `am`, `cu`, ...) in the order given; empty ones are left out.

    Refused where the result could not be read again.
    """
    query = "&".join(f"{key}={_quoted(value)}" for key, value in pairs.items() if value)
    text = HEAD + query
    if len(text) > LINK_CHARS_MAX:
        facts = {"field": "link", "most": LINK_CHARS_MAX}
        return Refused(CodeReason.CODE_FIELD_TOO_LONG, facts)
    again = parse(text)
    return again if isinstance(again, Refused) else text


def _quoted(value: str) -> str:
    return quote(value.encode("utf-8", "replace"), safe="@.-_~:/")


def _pairs(text: str, at: int) -> dict[str, str] | Refused:
    pairs: dict[str, str] = {}
    for piece in text[at:].split("&"):
        key, equals, raw = piece.partition("=")
        if piece and (not equals or not _KEY.fullmatch(key)):
            return _unreadable(at, "a key, an equals sign and a value are expected")
        if key in pairs:
            return _unreadable(at, f"a second {key}")
        if piece:
            value = _unquoted(raw)
            if value is None:
                return _unreadable(at, f"the value of {key} is badly encoded")
            pairs[key] = value
        at += len(piece) + 1
    return pairs


def _moment(text: str) -> datetime | None:
    """A moment in UTC; None where the text is none, or leaves open which it is."""
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _unquoted(raw: str) -> str | None:
    """The text behind percent signs; None where they, the UTF-8 or the characters are not sound."""
    if _PERCENT.search(raw):
        return None
    try:
        data = re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), raw.encode("utf-8"))
        value = data.decode("utf-8")
    except UnicodeError:
        return None
    return None if any(map(unfit, value)) else value


def _unreadable(at: int, problem: str) -> Refused:
    return Refused(CodeReason.CODE_UNREADABLE, {"position": at, "problem": problem})
