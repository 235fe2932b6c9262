"""A rule set as columns: every distinct comparison once, then all rules together in a few NumPy calls."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from argosy.base.ports import Hit
from argosy.base.refusals import must
from argosy.ctu.cel import CelError, parse
from argosy.ctu.events import Event
from argosy.ctu.rules.checked import Checker, Expr, TypeMistake
from argosy.ctu.rules.circuit import FALSE, TRUE, Circuit
from argosy.ctu.rules.columns import Columns
from argosy.ctu.rules.declared import Rule
from argosy.ctu.rules.plain import Plain
from argosy.ctu.rules.reading import Getter, getter, number
from argosy.ctu.rules.thresholds import Thresholds
from argosy.ctu.rules.vocabulary import EVENT_FIELDS, NUMBER, Vocabulary

TOGETHER_MAX: Final = 32
"""So many events are judged in one pass: what they need still fits into the processor's caches."""
KEYS_MAX: Final = 256
NAN: Final = float("nan")

Matrix = npt.NDArray[np.float64]


class Judgement(msgspec.Struct, frozen=True):
    """What the rules say of one event.

    `hits` count; `shadow` are hits of rules that only watch, or that are not rolled out to this
    account: they are counted and decide nothing. `unevaluated` are rules whose truth hangs on a value
    that is missing. `score` is 1 - product(1 - weight) over `hits`, so between 0 and 1.
    """

    hits: tuple[Hit, ...] = ()
    unevaluated: tuple[str, ...] = ()
    shadow: tuple[Hit, ...] = ()
    score: float = 0.0


class RuleSet:
    """Rules compiled for one order of fact columns.

    `percents` says by name for whom a rule counts: 100 for all (the default), 0 for a rule in shadow,
    between for that share of accounts, always the same ones. `utc_offsets` are seconds by market.
    Raises `Bug` where a rule would not have passed the linter: publishing refuses such rules.
    One set judges in one thread: it reckons in arrays of its own.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        vocabulary: Vocabulary,
        thresholds: Thresholds,
        percents: Mapping[str, float] | None = None,
        utc_offsets: Mapping[str, int] | None = None,
    ) -> None:
        self.rules = tuple(rules)
        self.thresholds = thresholds
        self.vocabulary = vocabulary
        self.percents = {rule.name: (percents or {}).get(rule.name, 100.0) for rule in rules}
        self._by_name = {rule.name: rule for rule in rules}
        must(len(self._by_name) == len(self.rules), "two rules have one name")
        self._names = [rule.name for rule in rules]
        self._share = [self.percents[name] for name in self._names]
        self._all_count = min(self._share, default=100.0) >= 100
        self._types = vocabulary.types()
        self._facts = {name: n for n, name in enumerate(vocabulary.columns)}
        self.utc_offsets = utc_offsets or {}
        self.version = self._fingerprint()
        circuit = Circuit()
        checker = Checker(self._types, thresholds.values.keys())
        conditions = [_condition(rule, checker) for rule in rules]
        roots = [
            _with_scope(rule, circuit, circuit.truth(condition))
            for rule, condition in zip(rules, conditions, strict=True)
        ]
        self._reads = [
            [(name, self._facts.get(name, -1)) for name in _names_read(condition)]
            for condition in conditions
        ]
        self._said_of = [(r.name, r.decision, 1 - r.weighs) for r in rules]
        self._columns = Columns(circuit, roots, vocabulary.columns)
        self._plains = [run for _, run in circuit.plains]
        self._plain_names = {n for expr, _ in circuit.plains for n in _names_read(expr)}
        self._lay_inputs()

    def _fingerprint(self) -> str:
        said = (
            list(self.rules),
            sorted(self.percents.items()),
            self.thresholds,
            list(self.vocabulary.columns),
            sorted(self.utc_offsets.items()),
        )
        return "rules-" + hashlib.blake2b(msgspec.json.encode(said), digest_size=6).hexdigest()

    def _lay_inputs(self) -> None:
        """Sort what the columns want to be told: of the event, of scores, of thresholds, of Python."""
        inputs = self._columns.inputs
        self._getters: dict[str, Getter] = {}
        self._event_inputs: list[tuple[int, Getter]] = []
        self._told_inputs: dict[str, tuple[int, bool]] = {}  # attributes: of these an event has few
        self._score_inputs: list[tuple[int, str]] = []
        self._threshold_inputs: list[tuple[int, str]] = []
        self._plain_inputs: list[tuple[int, Plain]] = []
        for name, place in inputs.items():
            if name.startswith("t."):
                self._threshold_inputs.append((place, name[2:]))
            elif name.startswith("plain."):
                self._plain_inputs.append((place, self._plains[int(name[6:])]))
            elif name in EVENT_FIELDS:
                self._event_inputs.append((place, self._getter(name)))
            elif name.startswith("event."):
                self._told_inputs[name[6:]] = place, self._types[name] == NUMBER
            else:
                self._score_inputs.append((place, name))
        for name in {*self._plain_names, *(name for reads in self._reads for name, _ in reads)}:
            if name.startswith("event."):
                self._getter(name)
        names = {name for reads in self._reads for name, _ in reads} | self._plain_names
        scores = [n for n in sorted(names) if n.startswith("score.") or n == "owner.score"]
        self._scores = [(name, _score_keys(name)) for name in scores if name not in self._facts]
        self._told_places = np.array([p for p, _ in self._told_inputs.values()], dtype=np.intp)
        self._text_getters = [self._getter(field.name) for field in self._columns.texts]
        self._threshold_places = np.array([p for p, _ in self._threshold_inputs], dtype=np.intp)
        self._bounds: dict[tuple[str, str], tuple[dict[str, float], Matrix]] = {}

    def _getter(self, name: str) -> Getter:
        if name not in self._getters:
            self._getters[name] = getter(name, self._types, self.utc_offsets)
        return self._getters[name]

    def rule(self, name: str) -> Rule:
        """The rule of that name; raises KeyError where the set has none."""
        return self._by_name[name]

    # --- judging ---------------------------------------------------------------------------------------

    def judge(
        self,
        events: Sequence[Event],
        facts: Matrix,
        scores: Mapping[str, Any] | None = None,
    ) -> list[Judgement]:
        """One judgement an event. `facts` is float64 (len(events), len(vocabulary.columns)), NaN is
        missing; `scores` are arrays of len(events) by model name (`owner` for `owner.score`)."""
        must(facts.shape == (len(events), len(self._facts)), "facts of another set", of=facts.shape)
        told = self._scores_of(scores) if scores else {}
        if len(events) == 1:
            return [self._one(events[0], facts[0], told)]
        found: list[Judgement] = []
        for start in range(0, len(events), TOGETHER_MAX):
            end = start + TOGETHER_MAX
            part = {name: values[start:end] for name, values in told.items()}
            found += self._many(events[start:end], facts[start:end], part)
        return found

    def _told(self, event: Event) -> Iterator[tuple[int, float]]:
        """Where the attributes of an event that some rule reads as numbers are to stand."""
        for name, value in event.attributes.items():
            found = self._told_inputs.get(name)
            if found is not None:
                place, wants_number = found
                told = number(value) if wants_number else value if isinstance(value, bool) else None
                if told is not None:
                    yield place, told

    def _scores_of(self, scores: Mapping[str, Any]) -> dict[str, Any]:
        """The scores that some rule reads, by the names that rules use."""
        return {name: scores[key] for name, keys in self._scores for key in keys if key in scores}

    def _one(self, event: Event, facts: Matrix, scores: Mapping[str, Any]) -> Judgement:
        columns = self._columns
        numbers = np.empty(columns.numbers_count)
        numbers[: len(facts)] = facts
        for place, get in self._event_inputs:
            value = get(event)
            numbers[place] = NAN if value is None else value
        numbers[self._told_places] = NAN
        for place, told in self._told(event):
            numbers[place] = told
        for place, name in self._score_inputs:
            numbers[place] = scores[name][0] if name in scores else NAN
        named, bounds = self._bounds_of(event)
        numbers[self._threshold_places] = bounds
        reading = _Reading(self, event, facts, scores, 0, named)
        for place, run in self._plain_inputs:
            value = run(reading)
            numbers[place] = NAN if value is None else value
        columns.reckon(numbers)
        rows = [
            field.tests.row(get(event))
            for field, get in zip(columns.texts, self._text_getters, strict=True)
        ]
        hits, missing = columns.found(numbers, rows, self._plain_truths(reading))
        return self._said(reading, hits[0], missing[0]) if hits[0] or missing[0] else _NOTHING

    def _many(
        self, events: Sequence[Event], facts: Matrix, scores: Mapping[str, Any]
    ) -> list[Judgement]:
        columns, count = self._columns, len(events)
        numbers = np.empty((columns.numbers_count, count))
        numbers[: facts.shape[1]] = facts.T
        for place, get in self._event_inputs:
            values = [get(event) for event in events]
            numbers[place] = [NAN if value is None else value for value in values]
        numbers[self._told_places] = NAN
        for n, event in enumerate(events):
            for place, told in self._told(event):
                numbers[place, n] = told
        for place, name in self._score_inputs:
            numbers[place] = scores.get(name, NAN)
        bounds = [self._bounds_of(event) for event in events]
        if self._threshold_inputs:
            numbers[self._threshold_places] = np.array([b for _, b in bounds]).T
        readings = [
            _Reading(self, event, facts[n], scores, n, bounds[n][0])
            for n, event in enumerate(events)
        ]
        for place, run in self._plain_inputs:
            said = [run(reading) for reading in readings]
            numbers[place] = [NAN if value is None else value for value in said]
        columns.reckon(numbers)
        rows = [
            np.array([field.tests.row(get(event)) for event in events]).T
            for field, get in zip(columns.texts, self._text_getters, strict=True)
        ]
        by_test: list[list[int]] = []
        if columns.plain_tests:
            plains = [self._plain_truths(reading) for reading in readings]
            by_test = [list(row) for row in zip(*plains, strict=True)]
        found = columns.found(numbers, rows, by_test)
        hits: list[list[int]] = [[] for _ in events]
        missing: list[list[int]] = [[] for _ in events]
        for (rules, at), lists in zip(found, (hits, missing), strict=True):
            for rule, where in zip(rules, at, strict=True):
                lists[where].append(rule)
        return [
            self._said(reading, hits[n], missing[n]) if hits[n] or missing[n] else _NOTHING
            for n, reading in enumerate(readings)
        ]

    def _plain_truths(self, reading: _Reading) -> list[int]:
        said = []
        for place, sign in self._columns.plain_tests:
            value = self._plains[place](reading)
            said.append(0 if value is None else sign if value else -sign)
        return said

    def _bounds_of(self, event: Event) -> tuple[dict[str, float], Matrix]:
        key = event.market, event.currency
        found = self._bounds.get(key)
        if found is None:
            if len(self._bounds) >= KEYS_MAX:
                self._bounds.clear()
            named = self.thresholds.holding(*key)
            row = np.array([named[name] for _, name in self._threshold_inputs], dtype=np.float64)
            found = self._bounds[key] = named, row
        return found

    # --- what is told ----------------------------------------------------------------------------------

    def _said(self, reading: _Reading, hits: list[int], missing: list[int]) -> Judgement:
        counting: list[Hit] = []
        shadow: list[Hit] = []
        innocence = 1.0
        account = reading.event.account
        for n in hits:
            name, decision, innocent = self._said_of[n]
            hit = Hit(name, decision, reading.values(self._reads[n]))
            if self._all_count or self._counts(n, account):
                counting.append(hit)
                innocence *= innocent
            else:
                shadow.append(hit)
        if not self._all_count:
            missing = [n for n in missing if self._counts(n, account)]
        unevaluated = tuple([self._names[n] for n in missing])
        return Judgement(tuple(counting), unevaluated, tuple(shadow), 1 - innocence)

    def _counts(self, rule: int, account: str) -> bool:
        share = self._share[rule]
        return share >= 100 or (share > 0 and place_of_account(self._names[rule], account) < share)


def place_of_account(rule: str, account: str) -> float:
    """Where `account` stands between 0 and 100 in the order in which `rule` is rolled out to accounts."""
    text = f"{rule} {account}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest()) / 2**32 * 100


class _Reading:
    """The values around one event by name, for what Python judges and for what a hit tells."""

    __slots__ = ("_bounds", "_facts", "_place", "_row", "_rules", "_scores", "event")

    def __init__(
        self,
        rules: RuleSet,
        event: Event,
        facts: Matrix,
        scores: Mapping[str, Any],
        place: int,
        bounds: Mapping[str, float],
    ) -> None:
        self.event = event
        self._place = place
        self._rules = rules
        self._facts = facts
        self._scores = scores
        self._bounds = bounds
        self._row: list[float] | None = None

    def __call__(self, name: str) -> Any:
        if name.startswith("event."):
            return self._rules._getters[name](self.event)  # noqa: SLF001
        if name.startswith("t."):
            return self._bounds[name[2:]]
        place = self._rules._facts.get(name)  # noqa: SLF001
        if place is not None:
            value = float(self._facts[place])
        elif name in self._scores:
            value = float(self._scores[name][self._place])
        else:
            return None
        return value if value - value == 0 else None

    def values(self, names: Sequence[tuple[str, int]]) -> dict[str, Any]:
        """What `names` (with their places among the facts) say here; what is missing is left out."""
        if self._row is None:
            self._row = self._facts.tolist()
        found: dict[str, Any] = {}
        for name, place in names:
            value = self._row[place] if place >= 0 else self(name)
            if value.__class__ is float:
                if value - value == 0:
                    found[name] = int(value) if value.is_integer() else value
            elif value is not None:
                found[name] = sorted(value) if isinstance(value, frozenset) else value
        return found


_NOTHING = Judgement()


def _score_keys(name: str) -> tuple[str, str]:
    """Under which keys whoever judges may hand in the score that rules read as `name`."""
    return name, "owner" if name == "owner.score" else name.removeprefix("score.")


def _condition(rule: Rule, checker: Checker) -> Expr:
    try:
        return checker.condition(parse(rule.when))
    except (CelError, TypeMistake) as wrong:
        must(False, "a rule that was never linted", rule=rule.name, mistake=wrong.message)
        raise


def _with_scope(rule: Rule, circuit: Circuit, condition: int) -> int:
    parts = [condition]
    for name, texts in (
        ("event.market", rule.markets),
        ("event.kind", rule.kinds),
        ("event.channel", rule.channels),
    ):
        if texts:
            parts.append(circuit.scope(name, texts))
    if rule.besides:
        parts.append(circuit.scope("event.kind", rule.besides, -1))
    return (
        condition if condition in (FALSE, TRUE) and len(parts) == 1 else circuit.join(False, parts)
    )


def _names_read(expr: Expr) -> tuple[str, ...]:
    found: dict[str, None] = {}

    def walk(one: Expr) -> None:
        if one.op in ("read", "threshold"):
            found["t." + one.value if one.op == "threshold" else one.value] = None
        for arg in one.args:
            walk(arg)

    walk(expr)
    return tuple(found)
