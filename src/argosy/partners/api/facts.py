"""The words of the partner API: keys, who shows them, and why a request is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from argosy.base.ids import named
from argosy.base.parties.facts import Party
from argosy.base.refusals import Kind, Reason

OPERATOR = named("operator")
"""Whose keys the keys for the ledger are: the operator's own, of no party."""

LABEL_CHARS_MAX = 60
KEYS_MAX = 20
USE_NOTED_EVERY = timedelta(minutes=5)
"""A key in use costs a write so often and no more."""


class Scope(StrEnum):
    """What a key opens."""

    MERCHANT = "merchant"  # the payments of one merchant
    LEDGER = "ledger"  # the ledger itself, for the operator


class Mode(StrEnum):
    """Whether the installation moves real money; written into each key, so that the two never mix."""

    LIVE = "live"
    TEST = "test"


class Signing(StrEnum):
    """What a key asks of each request beside the key itself."""

    NONE = "none"
    HMAC = "hmac-sha256"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret. `hint` is how it begins and ends, to tell keys apart; `used_at` is when
    it was last shown, to within `USE_NOTED_EVERY`."""

    id: UUID
    party: UUID
    scope: Scope
    label: str
    mode: Mode
    hint: str
    signing: Signing
    created_at: datetime
    revoked_at: datetime | None = None
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: the only time that `text`, and for HMAC `signing_secret`, can be seen."""

    key: Key
    text: str = field(repr=False)
    signing_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who shows a key: `party` is None for the operator. `verifier` checks signed requests."""

    key: Key
    party: Party | None
    verifier: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Terms:
    """The API's bounds.

    Rates are for each key and each server process. `answers_kept` is how long an idempotency key is
    remembered, `lease` how long a request may be at work before another may take it over, and
    `looks_seconds` are the pauses in which a twin waits for the first one's answer.
    """

    requests_per_second: float = 50.0
    requests_burst: int = 100
    body_bytes_max: int = 64_000
    batch_bytes_max: int = 2_000_000
    answers_kept: timedelta = timedelta(days=7)
    lease: timedelta = timedelta(seconds=30)
    looks_seconds: tuple[float, ...] = (0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 1.0)
    signature_age: timedelta = timedelta(minutes=5)


class ApiReason(Reason):
    """Why a program's request was refused before anything was planned."""

    KEY_MISSING = 700, Kind.UNPROVEN, "An API key is needed: `Authorization: Bearer ak_...`."
    KEY_UNKNOWN = 701, Kind.UNPROVEN, "This API key is not known here, or it was revoked."
    KEY_SCOPE = 702, Kind.FORBIDDEN, "This API key does not open this part of the API."
    KEYS_ONLY_MERCHANTS = 703, Kind.FORBIDDEN, "Only a merchant may have API keys."
    KEYS_TOO_MANY = 704, Kind.LIMIT, "There are too many API keys already; revoke one first."
    KEY_NOT_FOUND = 705, Kind.UNKNOWN, "There is no such API key."
    KEY_LABEL_UNREADABLE = 706, Kind.INPUT, "A key needs a label of 1 to 60 printable characters."
    PUBLIC_KEY_UNREADABLE = 707, Kind.INPUT, "This is not an Ed25519 public key of 32 bytes."
    SIGNATURE_MISSING = 708, Kind.UNPROVEN, "This API key needs signed requests."
    SIGNATURE_WRONG = 709, Kind.UNPROVEN, "The signature does not fit the request."
    SIGNATURE_OUT_OF_TIME = (
        710,
        Kind.UNPROVEN,
        "The request was signed too long ago, or ahead of time.",
    )
    SIGNATURE_REPLAYED = 711, Kind.UNPROVEN, "A request with this nonce was seen before."
    IDEMPOTENCY_KEY_MISSING = 712, Kind.INPUT, "The header `Idempotency-Key` is needed here."
    IDEMPOTENCY_KEY_UNREADABLE = 713, Kind.INPUT, "The header `Idempotency-Key` has a wrong form."
    IDEMPOTENCY_KEY_REUSED = (
        714,
        Kind.CONFLICT,
        "This idempotency key was used for another request.",
    )
    IDEMPOTENCY_STILL_RUNNING = 715, Kind.BUSY, "The first request with this key is still at work."
    IDEMPOTENCY_KEY_UNKNOWN = (
        716,
        Kind.UNKNOWN,
        "No request with this idempotency key is remembered.",
    )
    BODY_UNREADABLE = 717, Kind.INPUT, "The body is not JSON in UTF-8."
    BODY_INVALID = 718, Kind.INPUT, "The body does not have the form that is described."
    BODY_TOO_LARGE = 719, Kind.INPUT, "The body is larger than it may be."
    CONTENT_TYPE_UNKNOWN = 720, Kind.INPUT, "The body must be `application/json` in UTF-8."
    QUERY_INVALID = (
        721,
        Kind.INPUT,
        "A query parameter is unknown, twice there, or of a wrong form.",
    )
    ROUTE_UNKNOWN = 722, Kind.UNKNOWN, "There is nothing at this address."
    METHOD_NOT_ALLOWED = 723, Kind.INPUT, "This address does not take this method."
    RATE_LIMITED = 724, Kind.BUSY, "Too many requests with this API key."
    CURSOR_UNKNOWN = 725, Kind.UNKNOWN, "There is no such page; cursors are taken from `next`."
    REFUND_NOT_FOUND = 726, Kind.UNKNOWN, "There is no such refund of this payment."
    API_UNAVAILABLE = (
        727,
        Kind.BUSY,
        "Something needed did not answer; nothing was decided. Ask again.",
    )
    INTERNAL_ERROR = (
        728,
        Kind.BUSY,
        "Something broke here. Ask again with the same idempotency key.",
    )
    KEY_MADE_BEFORE = (
        729,
        Kind.CONFLICT,
        "This API key was made already, and a key is shown only once.",
    )
    TAX_NUMBER_UNKNOWN = (
        730,
        Kind.UNKNOWN,
        "Your market has no tax number of this name, or none that looks so.",
    )
