"""The forms of what comes in and goes out. What is checked of a request stands here and nowhere else,
and the document that describes the API is made of the same lines."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from argosy.base.money import AMOUNT_MINOR_MAX, exponent
from argosy.ctu.events import Event

BATCH_MAX = 1_000
PAGE_MAX = 100
ATTRIBUTES_MAX = 64
_FREE = frozenset({"why"})
AT_MS_MAX = 4_102_444_800_000  # the year 2100
TEXT_MAX = 200

_WHERE = re.compile(r"^(?P<detail>.*?)(?: - at (?:`key` in )?`(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_OWN = re.compile(r"^`(?P<name>[a-z_]+)` ")

Time = Annotated[
    str, Meta(description="RFC 3339 in UTC.", extra_json_schema={"format": "date-time"})
]
Name = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, pattern=r"^[^\x00-\x1f\x7f]+$")]
Word = Annotated[str, Meta(max_length=60, pattern="^[a-z][a-z0-9_]*$")]
Scheme = Annotated[str, Meta(max_length=60, pattern="^[a-z0-9_]*$")]
Said = Annotated[str, Meta(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Why = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]
Words = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")]
Staff = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f]$")
]
Minor = Annotated[int, Meta(ge=0, le=AMOUNT_MINOR_MAX)]
AtMs = Annotated[
    int, Meta(ge=0, le=AT_MS_MAX, description="Unix time in milliseconds, when it happened.")
]
Currency = Annotated[
    str, Meta(pattern="^([A-Z]{3})?$", description="ISO 4217; empty without money.")
]
Value = Words | int | float | bool


class In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What comes in: nothing unknown is taken, and no text may end in a line break (which `$` in a
    pattern would let pass), but for the free ones."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            texts = value if isinstance(value, list) else [value]
            if name not in _FREE and any(
                isinstance(text, str) and text.endswith("\n") for text in texts
            ):
                raise ValueError(f"`{name}` ends in a line break")


class Out(msgspec.Struct, frozen=True, kw_only=True):
    """What goes out."""


class FieldError(Out, frozen=True, kw_only=True):
    """What is wrong with one field of the request."""

    field: Annotated[str, Meta(description="Dotted path, such as `attributes.level`.")]
    detail: str


class Problem(Out, frozen=True, kw_only=True):
    """Why the request was refused, after RFC 9457. Compare `code`; the other texts may change."""

    type: str
    title: str
    status: int
    code: Annotated[str, Meta(description="Stable, such as `event_exists_differently`.")]
    detail: str
    errors: list[FieldError]
    facts: Annotated[dict[str, Any], Meta(description="Values that belong to the refusal.")]


class NoQuery(In, frozen=True, kw_only=True):
    """No parameters."""


# --- events --------------------------------------------------------------------------------------


class NewEvent(In, frozen=True, kw_only=True):
    """Something that somebody does, to be judged: pays, sends, signs in, signs up.

    `id` names it for ever: the same again is given the same verdict. `account` is who acts, `payee`
    who gets the money, `merchant` the payee where it is a shop, `instrument` a card or a bank account.
    Texts are yours: numbers, hashes, anything that is the same for the same one. What is not known is
    left out, never sent as empty or zero.
    """

    id: UUID
    kind: Annotated[Word, Meta(description="What is done: `send`, `pay`, `sign_in`, ...")]
    at_ms: AtMs
    account: Name
    market: Annotated[str, Meta(max_length=40, pattern="^[a-z0-9_]*$")] = ""
    amount: Annotated[Minor, Meta(description="In minor units of `currency`.")] = 0
    currency: Currency = ""
    channel: Annotated[str, Meta(max_length=40, pattern="^[a-z0-9_]*$")] = ""
    device: Name | UnsetType = UNSET
    session: Name | UnsetType = UNSET
    payee: Name | UnsetType = UNSET
    merchant: Name | UnsetType = UNSET
    network: Annotated[Name, Meta(description="The network address.")] | UnsetType = UNSET
    phone: Name | UnsetType = UNSET
    instrument: Name | UnsetType = UNSET
    proofs: Annotated[
        list[Word], Meta(max_length=10, description="What was shown for this event: `pin`, `otp`.")
    ] = []
    attributes: Annotated[
        dict[Word, Value],
        Meta(
            max_length=ATTRIBUTES_MAX,
            description="Your own facts about it, which rules read as `event.<name>`.",
        ),
    ] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.currency and exponent(self.currency) is None:
            raise ValueError("`currency` is not an ISO 4217 code")
        if self.amount and not self.currency:
            raise ValueError("`currency` is missing beside `amount`")

        if any(name.endswith("\n") for name in self.attributes):
            raise ValueError("`attributes` has a name that ends in a line break")

    def event(self) -> Event:
        """The event as the brain knows it."""
        told = {
            name: getattr(self, name)
            for name in self.__struct_fields__
            if name not in ("proofs", "attributes") and getattr(self, name) is not UNSET
        }
        return Event(**told, proofs=frozenset(self.proofs), attributes=dict(self.attributes))


class NewEvents(In, frozen=True, kw_only=True):
    """Many events at once, judged in this order."""

    events: Annotated[list[NewEvent], Meta(min_length=1, max_length=BATCH_MAX)]


class Hit(Out, frozen=True, kw_only=True):
    """One reason: the rule, what it asks for, and the values that it read."""

    rule: str
    decision: str
    values: dict[str, Any]


class Verdict(Out, frozen=True, kw_only=True):
    """What the brain says. `challenge` names the proof to ask for: send the event again with it in
    `proofs`. `unevaluated` names what could not be judged, which alone never makes a yes."""

    id: UUID
    event: UUID
    decision: Annotated[
        str, Meta(extra_json_schema={"enum": ["allow", "challenge", "review", "deny"]})
    ]
    challenge: str | None
    score: Annotated[float, Meta(description="How likely it is bad, from 0 to 1.")]
    hits: list[Hit]
    unevaluated: list[str]
    version: str
    at: Time


class Explained(Verdict, frozen=True, kw_only=True):
    """A verdict with the event, what became of it, and all of it as text."""

    content: dict[str, Any]
    outcome: str
    attempt: int
    text: str


class Judged(Out, frozen=True, kw_only=True):
    """What became of one event of a batch: a verdict, or why there is none."""

    event: UUID
    verdict: Verdict | None = None
    problem: Problem | None = None


class JudgedAll(Out, frozen=True, kw_only=True):
    """What became of each event, in the order they were sent."""

    items: list[Judged]


class NewOutcome(In, frozen=True, kw_only=True):
    """What became of an event on your side. Without a word from you the verdict says it: allowed is
    posted, reviewed is held, challenged and denied are just that."""

    event: UUID
    outcome: Literal["posted", "held", "challenged", "denied", "refused"]


class OutcomeTaken(Out, frozen=True, kw_only=True):
    """What is known now."""

    event: UUID
    outcome: str


class NewLabel(In, frozen=True, kw_only=True):
    """What somebody found out about an event. `loss` is what was lost, in the event's minor units."""

    event: UUID
    bad: bool
    source: Literal["customer", "chargeback", "merchant", "sender"] = "sender"
    scheme: Annotated[Scheme, Meta(description="The kind of fraud: `takeover`, `mule`, ...")] = ""
    by: Said = ""
    why: Words = ""
    loss: Minor | UnsetType = UNSET
    at_ms: AtMs | UnsetType = UNSET


class LabelTaken(Out, frozen=True, kw_only=True):
    """The label as it was kept."""

    event: UUID
    bad: bool
    source: str
    scheme: str
    loss: int
    at: Time


# --- cases ---------------------------------------------------------------------------------------


class CasesPage(In, frozen=True, kw_only=True):
    """Which cases: open ones by money at risk and age, decided ones the latest first."""

    state: Literal["open", "released", "returned"] = "open"
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = 20
    after: Annotated[UUID, Meta(description="`next` of the page before.")] | UnsetType = UNSET
    claimed_by: Said | UnsetType = UNSET


class Proposal(Out, frozen=True, kw_only=True):
    """A decision that waits for a second, different person."""

    decision: str
    by: str
    why: str
    scheme: str
    at: Time


class Case(Out, frozen=True, kw_only=True):
    """An event that a human looks at. `at_risk` is probability times amount, in minor units."""

    id: UUID
    cause: str
    event: UUID
    verdict: UUID | None
    account: str
    payee: str | None
    device: str | None
    network: str | None
    market: str
    kind: str
    amount: int
    currency: str
    probability: float
    at_risk: int
    reasons: list[dict[str, Any]]
    opened_at: Time
    state: str
    decided_by: str | None
    decided_why: str | None
    decided_at: Time | None
    scheme: str
    claimed_by: str | None
    claimed_until: Time | None
    proposal: Proposal | None


class CaseList(Out, frozen=True, kw_only=True):
    """One page; `next` is null at the end."""

    items: list[Case]
    next: UUID | None


class Past(Out, frozen=True, kw_only=True):
    """An earlier event. `bad` is the latest that was found about it, null where nothing was."""

    id: UUID
    at: Time
    kind: str
    amount: int | None
    currency: str | None
    account: str
    payee: str | None
    device: str | None
    network: str | None
    outcome: str
    decision: str | None
    bad: bool | None


class Step(Out, frozen=True, kw_only=True):
    """Something that happened around a case."""

    at: Time
    what: str
    by: str
    why: str
    facts: dict[str, Any]


class Similar(Out, frozen=True, kw_only=True):
    """A case like this one, how much (0 to 1), and what they share."""

    case: Case
    likeness: float
    shared: list[str]


class CaseShown(Out, frozen=True, kw_only=True):
    """A case with its evidence: what was read, who did what before, what happened since."""

    case: Case
    score: float
    version: str
    unevaluated: list[str]
    content: dict[str, Any]
    account_history: list[Past]
    device_history: list[Past]
    payee_history: list[Past]
    earlier_cases: list[Case]
    timeline: list[Step]
    similar: list[Similar]


class Node(Out, frozen=True, kw_only=True):
    """Somebody or something; `depth` counts steps from the case's account."""

    id: str
    entity: str
    key: str
    depth: int
    bad: int
    cases: int


class Link(Out, frozen=True, kw_only=True):
    """Two nodes met `count` times, for `minor` in all."""

    source: str
    target: str
    count: int
    minor: int
    first_at: Time
    last_at: Time


class Graph(Out, frozen=True, kw_only=True):
    """Who is linked with whom; `cut` where there is more than is shown; `gang` are the open cases
    that hang together."""

    nodes: list[Node]
    links: list[Link]
    cut: bool
    gang: list[UUID]


class Claim(In, frozen=True, kw_only=True):
    """Who takes the case."""

    by: Staff


class Decision(In, frozen=True, kw_only=True):
    """What is decided: `released` where it was genuine, `returned` where it was fraud."""

    decision: Literal["released", "returned"]
    by: Staff
    why: Why
    scheme: Scheme = ""


class GangDecision(In, frozen=True, kw_only=True):
    """One decision on many cases."""

    cases: Annotated[list[UUID], Meta(min_length=1, max_length=200)]
    decision: Literal["released", "returned"]
    by: Staff
    why: Why
    scheme: Scheme = ""


class Decided(Out, frozen=True, kw_only=True):
    """What became of one case."""

    id: UUID
    case: Case | None = None
    problem: Problem | None = None


class DecidedAll(Out, frozen=True, kw_only=True):
    """What became of each case."""

    items: list[Decided]


# --- how the brain is set ------------------------------------------------------------------------


class Listing(Out, frozen=True, kw_only=True):
    """What holds now; `version` names it."""

    version: str
    items: list[dict[str, Any]]


def wrong_in(error: msgspec.ValidationError) -> tuple[str, str]:
    """Which field is wrong, by its path, and why: also where it is one too many, or missing."""
    found = _WHERE.match(str(error))
    detail, path = (found["detail"], found["path"]) if found else (str(error), None)
    field = (path or "$").removeprefix("$").removeprefix(".")
    named = _UNKNOWN.match(detail) or _MISSING.match(detail) or _OWN.match(detail)
    if named is not None:
        field = f"{field}.{named['name']}".removeprefix(".")
    return field, detail


def instant(at: datetime) -> str:
    """A moment as it is written everywhere."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
