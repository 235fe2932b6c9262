"""The policy of decisions: a dated TOML file, validated as a whole before anything is judged by it.

`starter.toml` is the beginning and documents every word of it. An operator's file says what differs.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec

from argosy.ctu.events import Event, Scalar

STARTER: Final = Path(__file__).with_name("starter.toml")
CHALLENGES: Final = ("confirm_payee", "pin", "otp", "wait", "call")
"""What a person can be asked for, the lightest first."""

OTHER: Final = "other"
OWNER: Final = "owner.score"
DEFAULT: Final = "default"
_NAMED = frozenset({"device", "session", "payee", "merchant", "network", "phone", "instrument"})


class PolicyError(Exception):
    """A policy that cannot be used; `problems` has a sentence for each thing wrong in it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file: a word that it does not know is a mistake."""


class Challenge(_Table, frozen=True, kw_only=True):
    """What one challenge costs a good person, what share of good ones leaves at it, what share of bad
    ones it stops, and which proofs answer it."""

    cost_minor: float
    leave: float
    stops: float
    answered_by: tuple[str, ...]


class Review(_Table, frozen=True, kw_only=True):
    """What it costs to let a human look: `work_minor` always, the rest where it was a good person."""

    cost_minor: float
    work_minor: float
    leave: float
    stops: float


class Deny(_Table, frozen=True, kw_only=True):
    """What it costs to refuse a good person."""

    cost_minor: float


class Terms(_Table, frozen=True, kw_only=True):
    """What things cost in one segment. Shares are between 0 and 1; amounts in the policy's currency."""

    loss_given: float
    loss_fixed_minor: float
    margin: float
    challenge_from: float
    review_from: float
    deny_from: float
    challenge: Mapping[str, Challenge]
    review: Review
    deny: Deny


class Channel(_Table, frozen=True, kw_only=True):
    """What a channel can ask, and what its events must name."""

    asks: tuple[str, ...]
    expects: tuple[str, ...]


class Kind(_Table, frozen=True, kw_only=True):
    """What can be asked for one kind of operation, whichever channel it comes by."""

    asks: tuple[str, ...]


class Curve(_Table, frozen=True, kw_only=True):
    """Points of a line that rises: the probability for what rules weigh together."""

    weight: tuple[float, ...]
    probability: tuple[float, ...]


class Segment(_Table, frozen=True, kw_only=True):
    """For whom other terms hold. `terms` is a part of `Terms`, as the file has it."""

    name: str
    markets: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    where: Mapping[str, Scalar] = {}
    terms: Mapping[str, Any] = {}

    def fits(self, event: Event) -> bool:
        """Whether the segment is the event's."""
        return (
            (not self.markets or event.market in self.markets)
            and (not self.kinds or event.kind in self.kinds)
            and (not self.channels or event.channel in self.channels)
            and all(event.attributes.get(name) == value for name, value in self.where.items())
        )


class _File(_Table, frozen=True, kw_only=True):
    since: date
    why: str
    currency: str
    money_in: tuple[str, ...]
    usual: tuple[str, ...]
    unevaluated: str
    scales: Mapping[str, float]
    models: Mapping[str, float]
    rules: Curve
    terms: Terms
    channels: Mapping[str, Channel]
    kinds: Mapping[str, Kind]
    segment: tuple[Segment, ...] = ()


class Policy:
    """A policy that was found to be sound. `text` is all of it as canonical JSON, `version` its
    fingerprint; the same text is the same policy for ever."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        """Raises `PolicyError` with everything that is wrong in `table`."""
        try:
            file = msgspec.convert(table, _File, strict=False)
            terms = [msgspec.convert(_over(table["terms"], s.terms), Terms) for s in file.segment]
        except msgspec.ValidationError as wrong:
            raise PolicyError([str(wrong)]) from None
        problems = [*_problems(file)]
        for segment, theirs in zip(file.segment, terms, strict=True):
            problems += (f"segment {segment.name!r}: {p}" for p in _of_terms(theirs))
        if problems:
            raise PolicyError(problems)
        self.since = file.since
        self.why = file.why
        self.currency = file.currency
        self.money_in = frozenset(file.money_in)
        self.usual = frozenset(file.usual)
        self.unevaluated = file.unevaluated
        self.scales = file.scales
        self.models = file.models
        self.rules = file.rules
        self.channels = file.channels
        self.kinds = file.kinds
        self.segments = file.segment
        self._terms = (*terms, file.terms)
        self.text = msgspec.json.encode(file, order="deterministic").decode()
        self.version = "policy-" + hashlib.blake2b(self.text.encode(), digest_size=6).hexdigest()

    @classmethod
    def read(cls, text: str) -> Policy:
        """The policy that `Policy.text` wrote."""
        return cls(msgspec.json.decode(text))

    def segment(self, event: Event) -> tuple[str, Terms]:
        """The name of the event's segment, empty where it has none, and the terms that hold there."""
        for number, segment in enumerate(self.segments):
            if segment.fits(event):
                return segment.name, self._terms[number]
        return "", self._terms[-1]

    def channel(self, name: str) -> Channel:
        """What holds for a channel."""
        return self.channels.get(name) or self.channels[OTHER]

    def asks(self, event: Event) -> tuple[str, ...]:
        """What can be asked for the event, the lightest first."""
        kind = self.kinds.get(event.kind)
        can = self.channel(event.channel).asks
        return tuple(c for c in CHALLENGES if c in can and (kind is None or c in kind.asks))

    def scale(self, currency: str) -> float:
        """How many minor units of `currency` are worth one of the policy's."""
        return self.scales.get(currency, 1.0)


def load_policy(path: Path | None = None) -> Policy:
    """The policy of the file at `path` over the starter's, or the starter's alone.

    Raises `PolicyError` with everything that is wrong, `OSError` where the file cannot be read.
    """
    starter = tomllib.loads(STARTER.read_text("utf-8"))
    if path is None:
        return Policy(starter)
    try:
        theirs = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise PolicyError([f"it is no TOML: {wrong}"]) from None
    if "since" not in theirs:
        raise PolicyError(["it has no date: since = 2026-11-22"])
    return Policy(_over(starter, theirs))


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`below` with what `above` says differently, table by table."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _over(old, value) if both and old is not None else value
    return merged


# --- what makes a policy sound -------------------------------------------------------------------------


def _problems(file: _File) -> Iterator[str]:
    yield from _of_terms(file.terms)
    yield from _of_curve(file.rules)
    if OTHER not in file.channels:
        yield f"channels.{OTHER} must say what holds for a channel that is not named"
    for name, channel in file.channels.items():
        yield from _known(f"channels.{name}.asks", channel.asks, CHALLENGES)
        yield from _known(f"channels.{name}.expects", channel.expects, _NAMED)
    for name, kind in file.kinds.items():
        yield from _known(f"kinds.{name}.asks", kind.asks, CHALLENGES)
    yield from _known("unevaluated", (file.unevaluated,), CHALLENGES)
    for name, scale in file.scales.items():
        if not scale > 0:
            yield f"scales.{name} is {scale} and must be above 0"
    if file.currency not in file.scales:
        yield f"scales.{file.currency} is missing: it is the policy's own currency"
    if DEFAULT not in file.models:
        yield f"models.{DEFAULT} must say how much a model counts that is not named"
    for name, weight in file.models.items():
        yield from _share(f"models.{name}", weight)
    names = [segment.name for segment in file.segment]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"segment {name!r} is there twice"


def _of_terms(terms: Terms) -> Iterator[str]:
    for field in ("loss_given", "margin", "challenge_from", "review_from", "deny_from"):
        yield from _share(f"terms.{field}", getattr(terms, field))
    if not terms.challenge_from <= terms.review_from <= terms.deny_from:
        yield "terms: challenge_from, review_from and deny_from must rise"
    yield from _known("terms.challenge", tuple(terms.challenge), CHALLENGES)
    for name in CHALLENGES:
        if name not in terms.challenge:
            yield f"terms.challenge.{name} is missing"
    for name, asked in terms.challenge.items():
        where = f"terms.challenge.{name}"
        yield from _share(f"{where}.leave", asked.leave)
        yield from _share(f"{where}.stops", asked.stops)
        yield from _amount(f"{where}.cost_minor", asked.cost_minor)
        if name not in asked.answered_by:
            yield f"{where}.answered_by must name {name} itself"
    yield from _share("terms.review.leave", terms.review.leave)
    yield from _share("terms.review.stops", terms.review.stops)
    yield from _amount("terms.review.cost_minor", terms.review.cost_minor)
    yield from _amount("terms.review.work_minor", terms.review.work_minor)
    yield from _amount("terms.deny.cost_minor", terms.deny.cost_minor)
    yield from _amount("terms.loss_fixed_minor", terms.loss_fixed_minor)


def _of_curve(curve: Curve) -> Iterator[str]:
    if len(curve.weight) != len(curve.probability) or len(curve.weight) < 2:
        yield "rules: weight and probability must have as many points, two at least"
        return
    for field, points in (("weight", curve.weight), ("probability", curve.probability)):
        if list(points) != sorted(points) or not 0 <= points[0] <= points[-1] <= 1:
            yield f"rules.{field} must rise within 0 and 1"
    if len(set(curve.weight)) < len(curve.weight):
        yield "rules.weight has a point twice"
    if (curve.weight[0], curve.weight[-1], curve.probability[0]) != (0, 1, 0):
        yield "rules must begin at weight 0 with probability 0 and end at weight 1"


def _share(name: str, value: float) -> Iterator[str]:
    if not 0 <= value <= 1:
        yield f"{name} is {value} and must be between 0 and 1"


def _amount(name: str, value: float) -> Iterator[str]:
    if not 0 <= value < float("inf"):
        yield f"{name} is {value} and must be an amount"


def _known(name: str, given: Sequence[str], known: Sequence[str] | frozenset[str]) -> Iterator[str]:
    for word in given:
        if word not in known:
            yield f"{name} has {word!r}, which is none of {', '.join(sorted(known))}"
