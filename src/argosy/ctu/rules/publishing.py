"""Versions of rules and of the whole set: draft, shadow, percent, live, withdrawn; dated, who and why.

Until somebody changes something, the set of today is the starter set of the installed Argosy. The first
change writes that set down as number 1, and from then on only what is published counts.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from argosy.base.clock import Clock
from argosy.base.refusals import Refused, must
from argosy.base.store import Database
from argosy.base.store.database import Connection
from argosy.ctu.rules.declared import Rule, RuleError, read_rule, rule_name, starter_files
from argosy.ctu.rules.lint import Problem, lint, mistakes
from argosy.ctu.rules.reasons import RuleReason
from argosy.ctu.rules.thresholds import Thresholds, read_thresholds, starter_thresholds
from argosy.ctu.rules.vocabulary import Vocabulary

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


class Publishing:
    """The road of a rule from a draft to the payments and back. Every verb says who and why.

    `single` is the operator's word that one person may write and publish; else percent and live need a
    second person. Shadow decides nothing and does not.
    """

    def __init__(
        self, db: Database, clock: Clock, vocabulary: Vocabulary, *, single: bool = False
    ) -> None:
        self._db = db
        self._clock = clock
        self._vocabulary = vocabulary
        self._single = single

    # --- reading --------------------------------------------------------------------------------------

    async def newest(self) -> int:
        """The number of the set of today; 0 where nothing was ever published."""
        found = await self._db.value("SELECT max(number) FROM ctu.rule_sets")
        return int(found or 0)

    async def current(self) -> SetVersion:
        """The set of today."""
        row = await self._db.one("SELECT * FROM ctu.rule_sets ORDER BY number DESC LIMIT 1")
        return _starter_set() if row is None else _set(row)

    async def set_of(self, number: int) -> SetVersion | Refused:
        """A set of the past by its number."""
        if number == 0:
            return _starter_set()
        row = await self._db.one("SELECT * FROM ctu.rule_sets WHERE number = $1", number)
        return Refused(RuleReason.RULE_SET_UNKNOWN, {"number": number}) if row is None else _set(row)

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
        thresholds = _thresholds_of(found)
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
        sets = [_set(row) for row in rows]
        changes = [
            change
            for before, after in zip(sets, sets[1:], strict=False)
            for change in _changes(before, after)
        ]
        return [change for change in changes if name in (None, change.name)]

    async def difference(self, one: int, other: int) -> list[Change] | Refused:
        """What differs between two sets, as if the one became the other."""
        before, after = await self.set_of(one), await self.set_of(other)
        if isinstance(before, Refused):
            return before
        return after if isinstance(after, Refused) else _changes(before, after)

    async def text_difference(self, name: str, one: int, other: int) -> str | Refused:
        """A unified diff of two versions of a rule."""
        found = {version.number: version for version in await self.versions(name)}
        if one not in found or other not in found:
            return _unknown(name, other if one in found else one)
        texts = (found[n].text.splitlines() for n in (one, other))
        return "\n".join(difflib.unified_diff(*texts, f"{name} {one}", f"{name} {other}", lineterm=""))

    # --- changing -------------------------------------------------------------------------------------

    async def draft(self, name: str, text: str, by: str, why: str) -> RuleVersion | Refused:
        """Keep a new version of a rule; refused with the linter's findings where it has mistakes."""
        async with self._db.work() as conn:
            current = await self._opened(conn)
            problems = mistakes(lint(name, text, self._vocabulary, _thresholds_of(current)))
            if problems:
                return _wrong(problems)
            number = 1 + int(
                await conn.fetchval(
                    "SELECT coalesce(max(number), 0) FROM ctu.rule_versions WHERE name = $1", name
                )
            )
            await conn.execute(
                "INSERT INTO ctu.rule_versions VALUES ($1, $2, $3, $4, $5, $6)",
                name, number, text, by, self._clock.now(), why,
            )  # fmt: skip
        return RuleVersion(
            name=name, number=number, text=text, written_by=by, written_at=self._clock.now(), why=why
        )

    async def publish(
        self, name: str, number: int, state: State, by: str, why: str, percent: float = PERCENT_ALL
    ) -> SetVersion | Refused:
        """Bring a version of a rule to shadow, percent (then `percent` says how far) or live.

        It is linted once more, against the facts and thresholds of today.
        """
        must(state in _PERCENTS or state is State.PERCENT, "this is no way to publish", state=state)
        share = _PERCENTS.get(state, percent)
        if state is State.PERCENT and not 0 < percent < PERCENT_ALL:
            return Refused(RuleReason.PERCENT_OUTSIDE, {"percent": percent}, "percent")
        async with self._db.work() as conn:
            current = await self._opened(conn)
            row = await conn.fetchrow(
                "SELECT * FROM ctu.rule_versions WHERE name = $1 AND number = $2", name, number
            )
            if row is None:
                return _unknown(name, number)
            if row["written_by"] == by and state is not State.SHADOW and not self._single:
                return Refused(RuleReason.SECOND_PERSON_NEEDED, {"written_by": by}, "by")
            thresholds = _thresholds_of(current)
            problems = mistakes(lint(name, row["text"], self._vocabulary, thresholds))
            if problems:
                return _wrong(problems)
            member = Member(
                name=name, number=number, state=state, percent=share, since=current.number + 1
            )
            others = tuple(m for m in current.members if m.name != name)
            members = tuple(sorted((*others, member), key=lambda m: m.name))
            return await self._written(conn, current, members, current.thresholds, by, why)

    async def withdraw(self, name: str, by: str, why: str) -> SetVersion | Refused:
        """Take a rule out at once. One person is enough."""
        async with self._db.work() as conn:
            current = await self._opened(conn)
            members = tuple(m for m in current.members if m.name != name)
            if len(members) == len(current.members):
                return Refused(RuleReason.RULE_NOT_PUBLISHED, {"name": name}, "name")
            return await self._written(conn, current, members, current.thresholds, by, why)

    async def back_to(self, number: int, by: str, why: str) -> SetVersion | Refused:
        """Make an earlier set the set of today again, as a new number. One person is enough."""
        async with self._db.work() as conn:
            current = await self._opened(conn)
            row = await conn.fetchrow("SELECT * FROM ctu.rule_sets WHERE number = $1", number)
            if row is None:
                return Refused(RuleReason.RULE_SET_UNKNOWN, {"number": number}, "number")
            earlier = _set(row)
            return await self._written(conn, current, earlier.members, earlier.thresholds, by, why)

    async def set_thresholds(
        self, text: str, written_by: str, by: str, why: str
    ) -> SetVersion | Refused:
        """Change the thresholds (TOML) for all rules; by a second person, unless one is enough."""
        if written_by == by and not self._single:
            return Refused(RuleReason.SECOND_PERSON_NEEDED, {"written_by": by}, "by")
        try:
            thresholds = read_thresholds(text)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as wrong:
            return Refused(RuleReason.THRESHOLDS_WRONG, {"message": str(wrong)}, "text")
        loaded = await self.load()
        for rule in loaded.rules:
            problems = _conditions_wrong(rule, self._vocabulary, thresholds)
            if problems:
                return Refused(RuleReason.THRESHOLDS_WRONG, {"message": problems}, "text")
        async with self._db.work() as conn:
            current = await self._opened(conn)
            return await self._written(conn, current, current.members, text, by, why)

    async def _opened(self, conn: Connection) -> SetVersion:
        """The set of today, locked against others who change it; the starter set is written down first."""
        await conn.execute("LOCK TABLE ctu.rule_sets IN EXCLUSIVE MODE")
        row = await conn.fetchrow("SELECT * FROM ctu.rule_sets ORDER BY number DESC LIMIT 1")
        if row is not None:
            return _set(row)
        now = self._clock.now()
        await conn.executemany(
            "INSERT INTO ctu.rule_versions VALUES ($1, 1, $2, $3, $4, 'the starter set')",
            [(rule_name(p), p.read_text("utf-8"), STARTER_AUTHOR, now) for p in starter_files()],
        )
        starter = _starter_set()
        return await self._written(
            conn, starter, starter.members, None, STARTER_AUTHOR, "the starter set"
        )

    async def _written(
        self,
        conn: Connection,
        current: SetVersion,
        members: Sequence[Member],
        thresholds: str | None,
        by: str,
        why: str,
    ) -> SetVersion:
        number, now = current.number + 1, self._clock.now()
        await conn.execute(
            "INSERT INTO ctu.rule_sets VALUES ($1, $2, $3, $4, $5, $6)",
            number, now, by, why, msgspec.to_builtins(tuple(members)), thresholds,
        )  # fmt: skip
        return SetVersion(
            number=number,
            at=now,
            published_by=by,
            why=why,
            members=tuple(members),
            thresholds=thresholds,
        )


_PERCENTS: Final[Mapping[State, float]] = {State.SHADOW: 0.0, State.LIVE: PERCENT_ALL}


def _starter_set() -> SetVersion:
    return SetVersion(
        number=0,
        at=None,
        published_by=STARTER_AUTHOR,
        why="the starter set",
        members=tuple(Member(name=rule_name(path), number=1) for path in starter_files()),
    )


def _set(row: Any) -> SetVersion:
    return SetVersion(
        number=row["number"],
        at=row["at"],
        published_by=row["published_by"],
        why=row["why"],
        members=tuple(msgspec.convert(row["members"], list[Member])),
        thresholds=row["thresholds"],
    )


def _thresholds_of(version: SetVersion) -> Thresholds:
    text = version.thresholds
    return starter_thresholds() if text is None else read_thresholds(text)


def _changes(before: SetVersion, after: SetVersion) -> list[Change]:
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


def _unknown(name: str, number: int) -> Refused:
    return Refused(RuleReason.RULE_VERSION_UNKNOWN, {"name": name, "number": number})


def _wrong(problems: Sequence[Problem]) -> Refused:
    return Refused(RuleReason.RULE_WRONG, {"problems": [p.shown() for p in problems]}, "text")


def _conditions_wrong(rule: Rule, vocabulary: Vocabulary, thresholds: Thresholds) -> str:
    """What is wrong with a rule's condition under other thresholds; empty where nothing is."""
    from argosy.ctu.cel import CelError, parse
    from argosy.ctu.rules.checked import Checker, TypeMistake

    try:
        Checker(vocabulary.types(), thresholds.values.keys()).condition(parse(rule.when))
    except (CelError, TypeMistake, RuleError) as wrong:
        return f"{rule.name}: {wrong.message}"
    return ""
