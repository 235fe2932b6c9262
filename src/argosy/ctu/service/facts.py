"""The words of the brain's own API: keys, bounds, what it asks of a brain, why it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from argosy.base.ports import Verdict
from argosy.base.refusals import Kind, Reason
from argosy.ctu.events import Event
from argosy.ctu.from_operation import Logged

KEY_PREFIX = "rk_"
LABEL_CHARS_MAX = 60


class ServiceReason(Reason):
    """Why the brain's own API said no."""

    RISK_KEY_MISSING = 380, Kind.UNPROVEN, "Send a key as `Authorization: Bearer rk_...`."
    RISK_KEY_UNKNOWN = 381, Kind.UNPROVEN, "This key is not known, or it was revoked."
    RISK_KEY_SCOPE = 382, Kind.FORBIDDEN, "This key does not open this address."
    RISK_BODY_UNREADABLE = 383, Kind.INPUT, "The body is not JSON."
    RISK_BODY_INVALID = 384, Kind.INPUT, "The body is JSON, and not what is asked for here."
    RISK_BODY_TOO_LARGE = 385, Kind.INPUT, "The body is larger than is taken here."
    RISK_CONTENT_TYPE = 386, Kind.INPUT, "Send the body as `application/json`."
    RISK_QUERY_INVALID = 387, Kind.INPUT, "The query has a parameter that is not understood."
    EVENT_EXISTS_DIFFERENTLY = (
        388,
        Kind.CONFLICT,
        "An event with this id was judged before, and it was another one.",
    )
    EVENT_AHEAD = 389, Kind.STATE, "The event lies more than ten minutes ahead of the clock here."
    RISK_ROUTE_UNKNOWN = 390, Kind.UNKNOWN, "There is no such address."
    RISK_METHOD_NOT_ALLOWED = 391, Kind.INPUT, "This address does not take this method."
    RISK_BRAIN_UNAVAILABLE = (
        392,
        Kind.BUSY,
        "Nothing was decided, which is not a yes. Ask again with the same id.",
    )
    RISK_BROKEN = 393, Kind.BUSY, "Something broke here. Ask again with the same id."
    RISK_KEY_LABEL = 394, Kind.INPUT, "A key needs a label of 1 to 60 printable characters."
    RISK_WEBHOOK_URL = 395, Kind.INPUT, "A webhook needs an address that begins with https or http."
    IMPORT_UNREADABLE = 396, Kind.INPUT, "The file cannot be read as what it is named."
    IMPORT_MAPPING = (
        397,
        Kind.INPUT,
        "The mapping names what is not there, or lacks what is needed.",
    )
    IMPORT_DIFFERS = (
        398,
        Kind.CONFLICT,
        "This file was begun with another mapping: use that one, or another name for the import.",
    )
    EVENT_OUTCOME = (
        399,
        Kind.STATE,
        "What became of this event is known, and it was something else.",
    )


class Scope(StrEnum):
    """What a key opens."""

    EVENTS = "events"  # send events, outcomes and labels, read verdicts
    DESK = "desk"  # cases, and how the brain is set


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret. `hint` is how it begins and ends; `webhook` is called when a case of
    the sender's is decided."""

    id: UUID
    sender: str
    scopes: frozenset[Scope]
    hint: str
    webhook: str | None
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: the only time that `text`, and the webhook's `secret`, can be seen."""

    key: Key
    text: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is taken at once."""

    body_bytes_max: int = 64 * 1024
    batch_bytes_max: int = 4 * 1024 * 1024
    batch_events_max: int = 1_000
    page_max: int = 200
    call_tries_max: int = 12
    call_seconds_max: float = 10.0
    call_wait_first: timedelta = timedelta(seconds=5)
    call_wait_max: timedelta = timedelta(hours=6)


class Judging(Protocol):
    """A brain for events, whoever sends them. `judge` answers in the order asked and raises
    `Unavailable` where it cannot know; `entry` is what the log keeps of a verdict; `observe` is told
    once the entry is durable."""

    @property
    def ready(self) -> bool: ...

    async def judge_events(self, events: Sequence[Event]) -> Sequence[Verdict]: ...

    def entry(self, event: Event, verdict: Verdict, outcome: str) -> Logged: ...

    async def observe_event(self, event: Event, verdict: Verdict, outcome: str) -> None: ...
