"""Publishing rules: draft, shadow, percent, live, withdrawn; dated, who and why.

Until somebody changes something, the set of today is the starter set of the installed Argosy. The first
change writes that set down as number 1, and from then on only what is published counts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, cast

import msgspec

from argosy.base.clock import Clock
from argosy.base.refusals import Refused, must
from argosy.base.store import Database
from argosy.base.store.database import Connection
from argosy.ctu.cel import CelError, parse
from argosy.ctu.rules.checked import Checker, TypeMistake
from argosy.ctu.rules.compiled import RuleSet
from argosy.ctu.rules.declared import Action, Rule, read_rule, rule_name, starter_files
from argosy.ctu.rules.following import Live
from argosy.ctu.rules.lint import Problem, lint, mistakes
from argosy.ctu.rules.reasons import RuleReason
from argosy.ctu.rules.thresholds import Thresholds, read_thresholds
from argosy.ctu.rules.versions import (
    PERCENT_ALL,
    STARTER_AUTHOR,
    Change,
    Loaded,
    Member,
    RuleVersion,
    Sets,
    SetVersion,
    State,
    changes_between,
    set_in,
    starter_set,
)
from argosy.ctu.rules.vocabulary import Vocabulary

__all__ = [
    "Change", "Live", "Loaded", "Member", "Publishing", "RuleVersion", "SetVersion", "Sets", "State",
    "Waiting", "rules_of",
]  # fmt: skip


PROPOSAL_HOLDS: Final = timedelta(days=1)


class Waiting(msgspec.Struct, frozen=True):
    """Going back to set `number` was proposed by `by`, and waits for somebody else until `until`."""

    number: int
    by: str
    until: datetime


class Publishing(Sets):
    """The road of a rule from a draft to the payments and back. Every verb says who and why.

    `single` is the operator's word that one person may write and publish; else percent and live need a
    second person. Shadow decides nothing and does not.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        vocabulary: Vocabulary,
        thresholds: Thresholds | None = None,
        *,
        single: bool = False,
    ) -> None:
        super().__init__(db, thresholds)
        self._clock = clock
        self._vocabulary = vocabulary
        self._single = single

    async def draft(self, name: str, text: str, by: str, why: str) -> RuleVersion | Refused:
        """Keep a new version of a rule; refused with the linter's findings where it has mistakes."""
        async with self._db.work() as conn:
            current = await self._opened(conn)
            problems = mistakes(lint(name, text, self._vocabulary, self.thresholds_of(current)))
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
            name=name,
            number=number,
            text=text,
            written_by=by,
            written_at=self._clock.now(),
            why=why,
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
            thresholds = self.thresholds_of(current)
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
        """Take a rule out at once. One person is enough: it is the brake for a rule that stops good people,
        it touches one rule, and who pulled it stays written down."""
        async with self._db.work() as conn:
            current = await self._opened(conn)
            members = tuple(m for m in current.members if m.name != name)
            if len(members) == len(current.members):
                return Refused(RuleReason.RULE_NOT_PUBLISHED, {"name": name}, "name")
            return await self._written(conn, current, members, current.thresholds, by, why)

    async def back_to(self, number: int, by: str, why: str) -> SetVersion | Waiting | Refused:
        """Make an earlier set the set of today again, as a new number.

        One person is enough where that set stops whatever today's stops. Where it may stop less, the first
        who asks proposes it, and another one who asks for the same within a day does it.
        """
        async with self._db.work() as conn:
            current = await self._opened(conn)
            row = await conn.fetchrow("SELECT * FROM ctu.rule_sets WHERE number = $1", number)
            if row is None:
                return Refused(RuleReason.RULE_SET_UNKNOWN, {"number": number}, "number")
            earlier = set_in(row)
            if not self._single and await self._looser(conn, current, earlier):
                proposed = await self._proposed(conn, number, current.number, by, why)
                if isinstance(proposed, Waiting):
                    return proposed
                why = f"{why} (proposed by {proposed})"
            return await self._written(conn, current, earlier.members, earlier.thresholds, by, why)

    async def _looser(self, conn: Connection, current: SetVersion, earlier: SetVersion) -> bool:
        """Whether `earlier` may let through what `current` stops: a rule is gone, counts for fewer, is
        another text, or a trust list is new; or the thresholds are others."""
        if self.thresholds_of(current) != self.thresholds_of(earlier):
            return True
        for change in changes_between(current, earlier):
            before, after = change.before, change.after
            new = before or after
            must(new is not None, "a change of nothing", name=change.name)
            trusting = await self._trusting(conn, cast("Member", new))
            if before and after and before.number != after.number:
                return True
            less = before is not None and (after is None or after.percent < before.percent)
            if less != trusting:
                return True
        return False

    async def _trusting(self, conn: Connection, member: Member) -> bool:
        text = await conn.fetchval(
            "SELECT text FROM ctu.rule_versions WHERE name = $1 AND number = $2",
            member.name, member.number,
        )  # fmt: skip
        return read_rule(member.name, text).action == Action.ALLOW

    async def _proposed(
        self, conn: Connection, number: int, base: int, by: str, why: str
    ) -> Waiting | str:
        """Who else proposed the same; or that it waits for somebody else now."""
        now = self._clock.now()
        other: str | None = await conn.fetchval(
            "SELECT by FROM ctu.rule_proposals WHERE number = $1 AND base = $2 AND by <> $3 AND at > $4"
            " ORDER BY at LIMIT 1",
            number, base, by, now - PROPOSAL_HOLDS,
        )  # fmt: skip
        if other is not None:
            return other
        await conn.execute(
            "INSERT INTO ctu.rule_proposals VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (number, base, by) DO UPDATE SET why = excluded.why, at = excluded.at",
            number, base, by, why, now,
        )  # fmt: skip
        return Waiting(number, by, now + PROPOSAL_HOLDS)

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
            return set_in(row)
        now = self._clock.now()
        await conn.executemany(
            "INSERT INTO ctu.rule_versions VALUES ($1, 1, $2, $3, $4, 'the starter set')",
            [(rule_name(p), p.read_text("utf-8"), STARTER_AUTHOR, now) for p in starter_files()],
        )
        starter = starter_set()
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


def rules_of(
    db: Database,
) -> Callable[[int, Vocabulary, Mapping[str, int]], Awaitable[RuleSet | Refused]]:
    """A way to the compiled rules of any dated set, for whoever judges the past again."""
    sets = Sets(db)

    async def made(
        number: int, vocabulary: Vocabulary, utc_offsets: Mapping[str, int]
    ) -> RuleSet | Refused:
        version = await sets.set_of(number)
        if isinstance(version, Refused):
            return version
        found = await sets.load(version)
        return RuleSet(found.rules, vocabulary, found.thresholds, found.percents, utc_offsets)

    return made


def _unknown(name: str, number: int) -> Refused:
    return Refused(RuleReason.RULE_VERSION_UNKNOWN, {"name": name, "number": number})


def _wrong(problems: Sequence[Problem]) -> Refused:
    return Refused(RuleReason.RULE_WRONG, {"problems": [p.shown() for p in problems]}, "text")


def _conditions_wrong(rule: Rule, vocabulary: Vocabulary, thresholds: Thresholds) -> str:
    """What is wrong with a rule's condition under other thresholds; empty where nothing is."""
    try:
        Checker(vocabulary.types(), thresholds.values.keys()).condition(parse(rule.when))
    except (CelError, TypeMistake) as wrong:
        return f"{rule.name}: {wrong.message}"
    return ""
