"""The rule desk: which rules are in force, how one reads, and how it changes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from argosy.base.clock import Clock
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.facts import sets as fact_sets
from argosy.ctu.facts.declared import FactSet, starter
from argosy.ctu.facts.vector import vector_of
from argosy.ctu.rules.declared import FAMILIES, Rule, RuleError, rule_name, starter_files
from argosy.ctu.rules.publishing import Publishing, Waiting
from argosy.ctu.rules.reasons import RuleReason
from argosy.ctu.rules.versions import (
    STARTER_AUTHOR,
    Change,
    Member,
    RuleVersion,
    SetVersion,
    State,
    changes_between,
    set_in,
    starter_set,
)
from argosy.ctu.rules.vocabulary import Vocabulary
from argosy.management.risk.trying import Trial, Trying
from argosy.management.risk.writing import NEW_RULE, Looked, Word, Writing, read_kept

PAGE: Final = 50
HITS_OF: Final = timedelta(hours=24)

_HITS: Final = """
    SELECT what, sum(count)::bigint AS count FROM ctu.rate_tallies
     WHERE minute >= $1 AND (what LIKE 'rule %' OR what LIKE 'shadow %' OR what LIKE 'unevaluated %')
     GROUP BY what
"""
_BY_DAY: Final = """
    SELECT date_bin('1 hour', minute, 'epoch'::timestamptz) AS at, sum(count)::bigint AS count
      FROM ctu.rate_tallies WHERE minute >= $1 AND what = ANY ($2) GROUP BY 1 ORDER BY 1
"""
_NEWEST: Final = """
    SELECT DISTINCT ON (name) name, number, text, written_by, written_at, why
      FROM ctu.rule_versions ORDER BY name, number DESC
"""
_TEXTS: Final = """
    SELECT v.* FROM ctu.rule_versions v
      JOIN unnest($1::text[], $2::int[]) AS m (name, number) USING (name, number)
"""

_ONCE: Final = """
    SELECT n.name FROM unnest($1::text[]) AS n (name)
     WHERE EXISTS (SELECT FROM ctu.rule_sets s
                    WHERE s.members @> jsonb_build_array(jsonb_build_object('name', n.name)))
"""
INSTALLED: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a rule was written that came with Argosy and that nobody has changed."""


@dataclass(frozen=True)
class Hits:
    """How often a rule hit in the last day, how often as a mere watcher, and how often it could not be
    evaluated."""

    counted: int = 0
    watched: int = 0
    unevaluated: int = 0


@dataclass(frozen=True)
class RuleRow:
    """One rule of the list. `number` is the version in force, `draft` a newer one that is not."""

    name: str
    state: State
    percent: float
    number: int
    draft: int | None
    rule: Rule
    hits: Hits


@dataclass(frozen=True)
class RulePage:
    """One page of rules in the order of their names; `after` is the cursor of the next, None at the end."""

    rows: list[RuleRow]
    after: str | None


@dataclass(frozen=True)
class RuleOpened:
    """One rule with all its texts, the newest last, and what was published of it, the newest first.

    `member` is None where it is not part of the set of today; `set` is that set's number.
    """

    name: str
    member: Member | None
    versions: tuple[RuleVersion, ...]
    changes: tuple[Change, ...]
    hits: Hits
    set: int

    @property
    def newest(self) -> RuleVersion:
        return self.versions[-1]

    def version(self, number: int) -> RuleVersion | None:
        return next((one for one in self.versions if one.number == number), None)


@dataclass(frozen=True)
class SetRow:
    """One dated set with what it changed from the one before."""

    version: SetVersion
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class SetPage:
    """Sets, the newest first; `after` is the cursor of the next page, None at the end."""

    rows: list[SetRow]
    after: int | None


class RuleDesk:
    """Reads and changes rules through `Publishing`, always with the vocabulary of today."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        offsets: Mapping[str, int],
        trying: Trying | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._offsets = offsets
        self._trying = trying or Trying(db, clock, offsets)

    # --- reading -----------------------------------------------------------------------------------

    async def listed(
        self,
        *,
        family: str = "",
        state: State | None = None,
        text: str = "",
        after: str = "",
        limit: int = PAGE,
    ) -> RulePage:
        """One page of rules that fit: of the set of today, drafts beside it, and withdrawn ones."""
        rows = await self._rows()
        wanted = text.strip().casefold()
        found = [
            row
            for row in rows
            if row.name > after
            and (not family or row.rule.family == family)
            and (state is None or row.state is state)
            and (not wanted or wanted in f"{row.name} {row.rule.reason}".casefold())
        ]
        page = found[:limit]
        hits = await self.hits()
        page = [replace(row, hits=hits.get(row.name, Hits())) for row in page]
        return RulePage(page, page[-1].name if len(found) > limit else None)

    async def families(self) -> Sequence[str]:
        """The families that a rule may be of."""
        return FAMILIES

    async def opened(self, name: str) -> RuleOpened | Refused:
        """One rule."""
        current = await self._current()
        versions = [RuleVersion(**row) for row in await self._db.all(
            "SELECT * FROM ctu.rule_versions WHERE name = $1 ORDER BY number", name
        )]  # fmt: skip
        if not versions:
            versions = [one for one in _starter_versions() if one.name == name]
        if not versions:
            return Refused(RuleReason.RULE_VERSION_UNKNOWN, {"name": name}, "name")
        changes = [
            change
            for row in (await self.sets(limit=200)).rows
            for change in row.changes
            if change.name == name
        ]
        hits = (await self.hits()).get(name, Hits())
        return RuleOpened(
            name, current.member(name), tuple(versions), tuple(changes), hits, current.number
        )

    async def hits(self) -> Mapping[str, Hits]:
        """Hits of the last day by rule."""
        found: dict[str, Hits] = {}
        fields = {"rule": "counted", "shadow": "watched", "unevaluated": "unevaluated"}
        for row in await self._db.all(_HITS, self._clock.now() - HITS_OF):
            kind, _, name = row["what"].partition(" ")
            one = found.get(name, Hits())
            found[name] = replace(one, **{fields[kind]: row["count"]})
        return found

    async def hits_by_hour(self, name: str, days: int = 7) -> list[tuple[datetime, int]]:
        """Hits of one rule, counted or watched, by the hour."""
        since = self._clock.now() - timedelta(days=days)
        rows = await self._db.all(_BY_DAY, since, [f"rule {name}", f"shadow {name}"])
        return [(row["at"], row["count"]) for row in rows]

    async def sets(self, after: int | None = None, limit: int = PAGE) -> SetPage:
        """Dated sets, the newest first, each with what it changed."""
        rows = await self._db.all(
            "SELECT * FROM ctu.rule_sets WHERE $1::int IS NULL OR number < $1"
            " ORDER BY number DESC LIMIT $2",
            after,
            limit + 1,
        )
        versions = [set_in(row) for row in rows]
        befores = [*versions[1:], starter_set()]
        found = [
            SetRow(one, tuple(changes_between(before, one)))
            for one, before in zip(versions, befores, strict=False)
        ][:limit]
        return SetPage(found, found[-1].version.number if len(rows) > limit else None)

    async def difference(self, name: str, one: int, other: int) -> list[str] | Refused:
        """What differs between two versions of a rule, as lines of a unified difference."""
        opened = await self.opened(name)
        if isinstance(opened, Refused):
            return opened
        old, new = opened.version(one), opened.version(other)
        if old is None or new is None:
            return Refused(RuleReason.RULE_VERSION_UNKNOWN, {"name": name}, "number")
        return list(
            difflib.unified_diff(
                old.text.splitlines(), new.text.splitlines(), f"{one}", f"{other}", lineterm=""
            )
        )

    # --- writing -----------------------------------------------------------------------------------

    async def writing(self) -> Writing:
        """The editor's eye: the vocabulary and thresholds of today."""
        facts = await self._facts()
        says = {fact.name: fact.says for fact in facts.facts}
        publishing = await self._publishing(facts)
        thresholds = publishing.thresholds_of(await self._current())
        return Writing(Vocabulary(vector_of(facts)), thresholds, says)

    async def look(self, name: str, text: str) -> Looked:
        """What the linter says of a text, and what its own examples do."""
        return (await self.writing()).look(name, text)

    async def words(self) -> list[Word]:
        """Everything that may be completed."""
        return (await self.writing()).words()

    def blank(self, reason: str) -> str:
        """A text to begin a new rule with."""
        since: date = self._clock.now().date()
        told = reason.replace("\\", "").replace('"', "'")
        return NEW_RULE.format(since=since.isoformat(), reason=told)

    async def draft(self, name: str, text: str, by: str, why: str) -> RuleVersion | Refused:
        """Keep a text as a new version; refused with the linter's findings where it has mistakes."""
        return await (await self._publishing()).draft(name, text, by, why)

    async def try_on_past(self, name: str, text: str, days: int = 1) -> Trial | Refused:
        """What the text would have done over the last days; see `Trying`."""
        writing = await self.writing()
        looked = writing.look(name, text)
        if not looked.good:
            told = [problem.shown() for problem in looked.problems]
            return Refused(RuleReason.RULE_WRONG, {"problems": told}, "text")
        return await self._trying.run(name, text, days)

    # --- publishing --------------------------------------------------------------------------------

    async def publish(
        self, name: str, number: int, state: State, by: str, why: str, percent: float = 100.0
    ) -> SetVersion | Refused:
        """Bring a version to shadow, percent or live."""
        return await (await self._publishing()).publish(name, number, state, by, why, percent)

    async def withdraw(self, name: str, by: str, why: str) -> SetVersion | Refused:
        """Take a rule out at once; one person is enough."""
        return await (await self._publishing()).withdraw(name, by, why)

    async def back_to(self, number: int, by: str, why: str) -> SetVersion | Waiting | Refused:
        """Make an earlier set the set of today again; where it may stop less, two people."""
        return await (await self._publishing()).back_to(number, by, why)

    async def author(self, name: str, number: int) -> str | None:
        """Who wrote a version; None where there is none."""
        found: str | None = await self._db.value(
            "SELECT written_by FROM ctu.rule_versions WHERE name = $1 AND number = $2", name, number
        )
        return found

    # --- within ------------------------------------------------------------------------------------

    async def _facts(self) -> FactSet:
        return await fact_sets.live(self._db) or starter(self._offsets)

    async def _publishing(self, facts: FactSet | None = None) -> Publishing:
        found = facts or await self._facts()
        return Publishing(self._db, self._clock, Vocabulary(vector_of(found)))

    async def _current(self) -> SetVersion:
        row = await self._db.one("SELECT * FROM ctu.rule_sets ORDER BY number DESC LIMIT 1")
        return starter_set() if row is None else set_in(row)

    async def _rows(self) -> list[RuleRow]:
        current = await self._current()
        newest = {row["name"]: RuleVersion(**row) for row in await self._db.all(_NEWEST)}
        if current.number == 0:
            newest |= {one.name: one for one in _starter_versions() if one.name not in newest}
        texts = {name: (one.number, one.text) for name, one in newest.items()}
        older = [m for m in current.members if texts.get(m.name, (0,))[0] != m.number]
        if older and current.number:
            rows = await self._db.all(_TEXTS, [m.name for m in older], [m.number for m in older])
            texts |= {row["name"]: (row["number"], row["text"]) for row in rows}
        members = {member.name: member for member in current.members}
        absent = [name for name in newest if name not in members]
        published = await self._published(absent) if absent and current.number else frozenset[str]()
        rows_: list[RuleRow] = []
        for name in sorted(newest):
            member = members.get(name)
            last = newest[name].number
            rule = _rule(name, texts[name][1])
            if rule is None:
                continue
            if member is not None:
                draft = last if last > member.number else None
                rows_.append(
                    RuleRow(name, member.state, member.percent, member.number, draft, rule, Hits())
                )
            else:
                state = State.WITHDRAWN if name in published else State.DRAFT
                rows_.append(RuleRow(name, state, 0.0, last, None, rule, Hits()))
        return rows_

    async def _published(self, names: Sequence[str]) -> frozenset[str]:
        """Which of `names` were ever part of a set."""
        rows = await self._db.all(_ONCE, names)
        return frozenset(row["name"] for row in rows)


def _rule(name: str, text: str) -> Rule | None:
    """The rule of a stored text; None where this program cannot read it."""
    try:
        return read_kept(name, text)
    except RuleError:
        return None


def _starter_versions() -> list[RuleVersion]:
    """The installed rules as versions that nobody has changed yet."""
    return [
        RuleVersion(
            name=rule_name(path),
            number=1,
            text=path.read_text("utf-8"),
            written_by=STARTER_AUTHOR,
            written_at=INSTALLED,
            why="",
        )
        for path in starter_files()
    ]
