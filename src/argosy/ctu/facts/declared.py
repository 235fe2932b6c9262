"""A fact, declared: whose history, what of it, over how long, which events. And sets of them.

The same declaration is computed on line (`online`) and off line (`offline`); `docs/risk/facts.md` says
exactly what each aggregate means.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from argosy.base.refusals import Refused, must
from argosy.ctu.cel import CelError
from argosy.ctu.events import ENTITIES, Entity
from argosy.ctu.facts.filters import check_filter
from argosy.ctu.facts.reasons import FactReason

AGGREGATES: Final = (
    "count",
    "sum",
    "mean",
    "spread",
    "max",
    "distinct",
    "age",
    "since",
    "ratio",
    "night_share",
    "bad_count",
    "bad_share",
    "decayed_count",
    "decayed_sum",
)
OUTCOMES: Final = ("posted", "held", "challenged", "denied", "refused")
OF_VALUE: Final = frozenset({"sum", "mean", "spread", "max", "ratio", "decayed_sum"})
"""Aggregates of a number: `of` is "amount" or a numeric attribute."""

EVER: Final = frozenset({"age", "since", "decayed_count", "decayed_sum"})
"""Aggregates that have no window."""

ZERO_WHEN_NOTHING: Final = frozenset(
    {"count", "sum", "distinct", "bad_count", "decayed_count", "decayed_sum"}
)
"""What these say of an entity that was never seen is 0; every other aggregate is then missing."""

DISTINCT_OF: Final = (*ENTITIES, "channel", "currency", "market", "session", "kind")
"""What can be told apart by name; anything else is an attribute, of which texts count."""

DISTINCT_MAX: Final = 500
"""Larger numbers of different ones are told as this number, on line and off line."""

SCALE: Final = 1_000_000
"""Numeric attributes are summed as whole millionths, `floor(x * 1e6 + 0.5)`, so that order is nothing."""

WINDOW_SECONDS_MIN, WINDOW_SECONDS_MAX = 60, 90 * 86_400
HALF_LIFE_SECONDS_MAX = 365 * 86_400
DELAY_SECONDS_MAX = 90 * 86_400
FACTS_MAX = 1_000
ENGINE: Final = 1
"""Goes up when the same declaration comes to mean something else: every state is then made anew."""

_GRAINS = (
    (60, 1),
    (600, 10),
    (3_600, 60),
    (86_400, 900),
    (7 * 86_400, 7_200),
    (30 * 86_400, 43_200),
    (90 * 86_400, 86_400),
)
_NAME = re.compile(r"([a-z_]+)\.([a-z][a-z0-9_]*)")
_ATTRIBUTE = re.compile(r"[a-z_][a-zA-Z0-9_]*")
_SPAN = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SPANS = ("window", "half_life", "delay")
_FOLDER = Path(__file__).parent / "starter"


class Fact(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One declared fact.

    `name` is the entity, a dot, a word: `account.count_1h`. `entity`: whose history. `of`: the value
    (`amount` or a numeric attribute), or for `distinct` what is told apart. `window`, `half_life` and
    `delay` are seconds; no window is ever; with a `delay` the window ends so long ago. `where` is CEL over
    the fields of the event alone. `outcomes` are those that count. `says` is what an analyst reads.
    """

    name: str
    entity: Entity
    aggregate: str
    of: str = "amount"
    window: int | None = None
    half_life: int | None = None
    where: str = ""
    delay: int = 0
    outcomes: tuple[str, ...] = ("posted", "held")
    says: str = ""

    @property
    def grain(self) -> int | None:
        """The width of this fact's buckets in seconds; None for what has no window."""
        return None if self.window is None else grain_of(self.window)


def grain_of(window: int) -> int:
    """The width of the buckets of a window of so many seconds."""
    for longest, grain in _GRAINS:
        if window <= longest:
            return grain
    return _GRAINS[-1][1]


class Problem(msgspec.Struct, frozen=True):
    """One mistake in a declaration: in which file or set, of which fact, what is wrong."""

    source: str
    fact: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.source, self.fact, self.message) if part)


class FactSet:
    """Facts that are published together, in the order of the vector: by entity, then as declared.

    `offsets` are the markets' distances from UTC in seconds, by which night is told (others: UTC).
    `version` is a fingerprint of all that has a meaning: two sets of one version say the same. The facts
    must be without mistakes: `check` them first, or make the set by `build`.
    """

    def __init__(self, facts: Iterable[Fact], offsets: Mapping[str, int] | None = None) -> None:
        place = {entity: n for n, entity in enumerate(ENTITIES)}
        self.facts: tuple[Fact, ...] = tuple(sorted(facts, key=lambda f: place[f.entity]))
        self.offsets: Mapping[str, int] = dict(sorted((offsets or {}).items()))
        self.columns: tuple[str, ...] = tuple(fact.name for fact in self.facts)
        problems = check(self.facts)
        must(not problems, "a fact set with mistakes", problems=[str(p) for p in problems])

    @classmethod
    def build(
        cls, facts: Sequence[Fact], offsets: Mapping[str, int] | None = None
    ) -> FactSet | Refused:
        """The set of `facts`, or FACTS_WRONG with every mistake."""
        return refused(problems) if (problems := check(facts)) else cls(facts, offsets)

    @cached_property
    def version(self) -> str:
        content = [ENGINE, dict(self.offsets), [_meaning(fact) for fact in self.facts]]
        return hashlib.blake2b(msgspec.json.encode(content), digest_size=8).hexdigest()

    @cached_property
    def by_name(self) -> Mapping[str, Fact]:
        return {fact.name: fact for fact in self.facts}

    def encode(self) -> dict[str, Any]:
        """The set as JSON for its row; `decode` reads it."""
        facts = [msgspec.to_builtins(fact) for fact in self.facts]
        return {"facts": facts, "offsets": dict(self.offsets)}

    @classmethod
    def decode(cls, body: Mapping[str, Any]) -> FactSet:
        return cls(msgspec.convert(body["facts"], list[Fact]), body["offsets"])


def _meaning(fact: Fact) -> list[Any]:
    meaning = msgspec.structs.asdict(fact)
    del meaning["says"]
    return [meaning[name] for name in sorted(meaning)]


def refused(problems: Sequence[Problem]) -> Refused:
    """FACTS_WRONG, with every mistake as a line of text."""
    return Refused(FactReason.FACTS_WRONG, {"problems": [str(p) for p in problems]})


# --- reading declarations --------------------------------------------------------------------------


def parse(text: str, source: str = "") -> tuple[list[Fact], list[Problem]]:
    """The facts of a TOML text of `[[fact]]` tables, and what is wrong with the others.

    A span of time is a number of seconds or a text: "10m", "1h", "7d".
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        return [], [Problem(source, "", f"is no TOML: {wrong}")]
    tables = document.pop("fact", [])
    problems = [Problem(source, "", f"{name}: only [[fact]] tables are known") for name in document]
    if not isinstance(tables, list):
        return [], [*problems, Problem(source, "", "facts are written as [[fact]] tables")]
    facts: list[Fact] = []
    for number, table in enumerate(tables, 1):
        name = str(table.get("name", f"fact {number}"))
        try:
            facts.append(_fact(table))
        except (ValueError, msgspec.ValidationError) as wrong:
            problems.append(Problem(source, name, _plain(wrong, table)))
    problems += [msgspec.structs.replace(p, source=source) for p in check(facts)]
    return facts, problems


def read_folder(folder: Path) -> tuple[list[Fact], list[Problem]]:
    """The facts of every `*.toml` of a folder, files in the order of their names."""
    facts: list[Fact] = []
    problems: list[Problem] = []
    for file in sorted(folder.glob("*.toml")):
        more, wrong = parse(file.read_text("utf-8"), file.name)
        facts += more
        problems += wrong
    return facts, problems or check(facts)


def starter(offsets: Mapping[str, int] | None = None) -> FactSet:
    """The facts that Argosy comes with."""
    facts, problems = read_folder(_FOLDER)
    must(not problems, "the starter facts are wrong", problems=[str(p) for p in problems])
    return FactSet(facts, offsets)


def _fact(table: Mapping[str, Any]) -> Fact:
    given = dict(table)
    for name in _SPANS:
        if isinstance(given.get(name), str):
            given[name] = seconds_of(given[name])
    given.setdefault("entity", str(given.get("name", "")).partition(".")[0])
    return msgspec.convert(given, Fact)


def seconds_of(span: str) -> int:
    """Seconds of "90s", "10m", "1h" or "7d". Raises `ValueError`."""
    found = _SPAN.fullmatch(span.strip())
    if found is None:
        raise ValueError(f'"{span}" is no span of time: write "10m", "1h" or "7d"')
    return int(found[1]) * _SECONDS[found[2]]


def _plain(wrong: Exception, table: Mapping[str, Any]) -> str:
    words = str(wrong)
    entity = table.get("entity", str(table.get("name", "")).partition(".")[0])
    if entity not in get_args(Entity):
        return f'there is no entity "{entity}"; there are {", ".join(ENTITIES)}'
    return words


# --- checks ----------------------------------------------------------------------------------------


def check(facts: Sequence[Fact]) -> list[Problem]:
    """Every mistake in `facts`, in words."""
    problems = [Problem("", fact.name, words) for fact in facts for words in _wrong(fact)]
    seen: set[str] = set()
    for fact in facts:
        if fact.name in seen:
            problems.append(Problem("", fact.name, "is declared twice"))
        seen.add(fact.name)
    if len(facts) > FACTS_MAX:
        problems.append(Problem("", "", f"more than {FACTS_MAX} facts"))
    return problems


def _wrong(fact: Fact) -> Iterable[str]:
    name = _NAME.fullmatch(fact.name)
    if name is None or name[1] != fact.entity:
        yield f'the name is the entity, a dot and a word of a-z, 0-9 and _, as "{fact.entity}.count_1h"'
    if fact.aggregate not in AGGREGATES:
        yield f'there is no aggregate "{fact.aggregate}"; there are {", ".join(AGGREGATES)}'
        return
    yield from _wrong_window(fact)
    yield from _wrong_of(fact)
    unknown = [outcome for outcome in fact.outcomes if outcome not in OUTCOMES]
    if unknown or not fact.outcomes or len(set(fact.outcomes)) < len(fact.outcomes):
        yield f"outcomes are some of {', '.join(OUTCOMES)}, each once"
    if fact.where:
        try:
            check_filter(fact.where)
        except CelError as wrong:
            yield f"where, line {wrong.line} column {wrong.column}: {wrong.message}"


def _wrong_window(fact: Fact) -> Iterable[str]:
    decayed = fact.aggregate.startswith("decayed_")
    if fact.window is not None and fact.aggregate in EVER:
        yield f"{fact.aggregate} has no window"
    elif fact.window is not None:
        grain = grain_of(fact.window)
        if not WINDOW_SECONDS_MIN <= fact.window <= WINDOW_SECONDS_MAX:
            yield "a window is from 60 seconds to 90 days; leave it out for ever"
        elif fact.window % grain:
            yield f"a window of {fact.window} seconds is no multiple of its bucket of {grain}"
    if decayed and (fact.half_life is None or not 60 <= fact.half_life <= HALF_LIFE_SECONDS_MAX):
        yield "a decayed fact has a half_life, from a minute to a year"
    if not decayed and fact.half_life is not None:
        yield "only decayed facts have a half_life"
    if fact.delay and (fact.window is None or not 0 < fact.delay <= DELAY_SECONDS_MAX):
        yield "a delay belongs to a window and is at most 90 days"


def _wrong_of(fact: Fact) -> Iterable[str]:
    if fact.aggregate == "distinct":
        if fact.of == "amount" or (
            fact.of not in DISTINCT_OF and not _ATTRIBUTE.fullmatch(fact.of)
        ):
            yield f"distinct needs `of`: {', '.join(DISTINCT_OF)} or an attribute"
        if fact.of == fact.entity:
            yield f"there is only one {fact.of} to a {fact.entity}"
    elif fact.aggregate in OF_VALUE:
        if fact.of in DISTINCT_OF or not _ATTRIBUTE.fullmatch(fact.of):
            yield f'`of` is "amount" or a numeric attribute, and not "{fact.of}"'
    elif fact.of != "amount":
        yield f"{fact.aggregate} is of the event itself and takes no `of`"
