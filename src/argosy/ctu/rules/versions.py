"""Dated sets of rules as they lie in the database: which version of which rule counts how far."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.rules.declared import Rule, read_rule, rule_name, starter_files
from argosy.ctu.rules.reasons import RuleReason
from argosy.ctu.rules.thresholds import Thresholds, read_thresholds, starter_thresholds

STARTER_AUTHOR: Final = "argosy"
PERCENT_ALL: Final = 100.0


class State(StrEnum):
    """How far a version of a rule has come."""

    DRAFT = "draft"
    SHADOW = "shadow"
    PERCENT = "percent"
    LIVE = "live"
    WITHDRAWN = "withdrawn"


class RuleVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One text of one rule."""

    name: str
    number: int
    text: str
    written_by: str
    written_at: datetime
    why: str


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A rule in a set: which version, how far, since which set. `percent` is 0 in shadow, 100 live."""

    name: str
    number: int
    state: State = State.LIVE
    percent: float = PERCENT_ALL
    since: int = 1


class SetVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One dated set, in force from `at` until the next one. Number 0 is the installed starter set.

    `thresholds` is TOML, None for those that Argosy comes with.
    """

    number: int
    at: datetime | None
    published_by: str
    why: str
    members: tuple[Member, ...]
    thresholds: str | None = None

    def member(self, name: str) -> Member | None:
        return next((member for member in self.members if member.name == name), None)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What one set changed for one rule: None before is new, None after is withdrawn."""

    set: int
    at: datetime | None
    by: str
    why: str
    name: str
    before: Member | None
    after: Member | None


class Loaded(msgspec.Struct, frozen=True):
    """A set ready to be compiled: rules, thresholds, and for whom each rule counts."""

    version: SetVersion
    rules: tuple[Rule, ...]
    thresholds: Thresholds
    percents: Mapping[str, float]


class Sets:
    """Reads rules and sets."""

    def __init__(self, db: Database, thresholds: Thresholds | None = None) -> None:
        """`thresholds` are those of sets that have none of their own."""
        self._db = db
        self._thresholds = thresholds

    async def newest(self) -> int:
        """The number of the set of today; 0 where nothing was ever published."""
        found = await self._db.value("SELECT max(number) FROM ctu.rule_sets")
        return int(found or 0)

    async def current(self) -> SetVersion:
        """The set of today."""
        row = await self._db.one("SELECT * FROM ctu.rule_sets ORDER BY number DESC LIMIT 1")
        return starter_set() if row is None else set_in(row)

    async def set_of(self, number: int) -> SetVersion | Refused:
        """A set of the past by its number."""
        if number == 0:
            return starter_set()
        row = await self._db.one("SELECT * FROM ctu.rule_sets WHERE number = $1", number)
        return (
            Refused(RuleReason.RULE_SET_UNKNOWN, {"number": number}) if row is None else set_in(row)
        )

    async def load(self, version: SetVersion | None = None) -> Loaded:
        """The rules of a set (of today, where none is given), read and ready to compile.

        Raises `RuleError` or `msgspec.ValidationError` where a stored text cannot be read by this program.
        """
        found = version or await self.current()
        if found.number == 0:
            texts = {rule_name(path): path.read_text("utf-8") for path in starter_files()}
        else:
            rows = await self._db.all(
                "SELECT v.name, v.text FROM ctu.rule_versions v"
                " JOIN unnest($1::text[], $2::int[]) AS m (name, number) USING (name, number)",
                [member.name for member in found.members],
                [member.number for member in found.members],
            )
            texts = {row["name"]: row["text"] for row in rows}
        rules = tuple(read_rule(m.name, texts[m.name]) for m in found.members)
        thresholds = self.thresholds_of(found)
        return Loaded(found, rules, thresholds, {m.name: m.percent for m in found.members})

    async def versions(self, name: str) -> list[RuleVersion]:
        """Every version of a rule, the oldest first; of a starter rule that was never changed none."""
        rows = await self._db.all(
            "SELECT * FROM ctu.rule_versions WHERE name = $1 ORDER BY number", name
        )
        return [RuleVersion(**row) for row in rows]

    async def history(self, name: str | None = None) -> list[Change]:
        """What was published, the oldest first; of one rule or of all."""
        rows = await self._db.all("SELECT * FROM ctu.rule_sets ORDER BY number")
        sets = [set_in(row) for row in rows]
        changes = [
            change
            for before, after in itertools.pairwise(sets)
            for change in changes_between(before, after)
        ]
        return [change for change in changes if name in (None, change.name)]

    async def difference(self, one: int, other: int) -> list[Change] | Refused:
        """What differs between two sets, as if the one became the other."""
        before, after = await self.set_of(one), await self.set_of(other)
        if isinstance(before, Refused):
            return before
        return after if isinstance(after, Refused) else changes_between(before, after)

    async def text_difference(self, name: str, one: int, other: int) -> str | Refused:
        """A unified diff of two versions of a rule."""
        found = {version.number: version for version in await self.versions(name)}
        if one not in found or other not in found:
            number = other if one in found else one
            return Refused(RuleReason.RULE_VERSION_UNKNOWN, {"name": name, "number": number})
        old, new = (found[n].text.splitlines() for n in (one, other))
        return "\n".join(
            difflib.unified_diff(old, new, f"{name} {one}", f"{name} {other}", lineterm="")
        )

    def thresholds_of(self, version: SetVersion) -> Thresholds:
        """The thresholds that hold in a set."""
        if version.thresholds is not None:
            return read_thresholds(version.thresholds)
        return self._thresholds or starter_thresholds()


def starter_set() -> SetVersion:
    """The installed starter set, all of it live, as number 0."""
    return SetVersion(
        number=0,
        at=None,
        published_by=STARTER_AUTHOR,
        why="the starter set",
        members=tuple(Member(name=rule_name(path), number=1) for path in starter_files()),
    )


def set_in(row: Any) -> SetVersion:
    """A set from its row."""
    return SetVersion(
        number=row["number"],
        at=row["at"],
        published_by=row["published_by"],
        why=row["why"],
        members=tuple(msgspec.convert(row["members"], list[Member])),
        thresholds=row["thresholds"],
    )


def changes_between(before: SetVersion, after: SetVersion) -> list[Change]:
    """What became of each rule that counts otherwise in `after`."""
    old = {member.name: member for member in before.members}
    new = {member.name: member for member in after.members}
    return [
        Change(
            set=after.number,
            at=after.at,
            by=after.published_by,
            why=after.why,
            name=name,
            before=old.get(name),
            after=new.get(name),
        )
        for name in sorted(old.keys() | new.keys())
        if _counts(old.get(name)) != _counts(new.get(name))
    ]


def _counts(member: Member | None) -> tuple[int, float] | None:
    return None if member is None else (member.number, member.percent)
