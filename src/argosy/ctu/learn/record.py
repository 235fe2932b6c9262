"""What the loop did, kept: runs, their steps in order, and candidates with gates and full report.

run        running -> done | nothing | failed
candidate  refused | shadow -> live -> rolled_back | replaced,  shadow -> refused
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.refusals import Refused
from argosy.base.store import Database, Record
from argosy.ctu.learn.reasons import LearnReason

SHOWN_MAX = 50


class Ending(StrEnum):
    """How a run ended."""

    RUNNING = "running"
    DONE = "done"
    NOTHING = "nothing"  # nothing to learn from, or nothing worth a try
    FAILED = "failed"


class Standing(StrEnum):
    """Where a candidate stands."""

    REFUSED = "refused"  # a gate said no
    SHADOW = "shadow"  # judged along, changing nothing
    LIVE = "live"
    ROLLED_BACK = "rolled_back"
    REPLACED = "replaced"  # a better one of the same name went live


class Gate(msgspec.Struct, frozen=True):
    """One gate a candidate had to pass: what was measured, against what, and how it went."""

    name: str
    passed: bool
    says: str
    measured: float | None = None
    bound: float | None = None


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Something learned: `body` is the model's text or the rule's TOML.

    `expects` is what the watch holds it to once it is live: `alert_share`, `precision`, `until_ms`.
    """

    id: UUID
    run: UUID
    kind: str
    name: str
    version: str
    body: bytes
    scheme: str = ""
    standing: Standing = Standing.REFUSED
    figures: Mapping[str, Any] = msgspec.field(default_factory=dict)
    gates: tuple[Gate, ...] = ()
    expects: Mapping[str, Any] = msgspec.field(default_factory=dict)
    made_at: datetime | None = None
    published_at: datetime | None = None
    says: str = ""

    @property
    def accepted(self) -> bool:
        """Whether it passed every gate."""
        return bool(self.gates) and all(gate.passed for gate in self.gates)


class Step(msgspec.Struct, frozen=True):
    """One step of a run, in a person's words, with the figures behind them."""

    place: int
    name: str
    state: str
    says: str
    figures: Mapping[str, Any]
    started_at: datetime
    ended_at: datetime


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One walk through the loop."""

    id: UUID
    trigger: str
    state: Ending
    started_at: datetime
    known_until: datetime
    ended_at: datetime | None = None
    says: str = ""
    figures: Mapping[str, Any] = msgspec.field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    candidates: tuple[Candidate, ...] = ()


class Journal:
    """Keeps runs, steps and candidates. Every step is on disk as soon as it ended."""

    def __init__(self, db: Database, clock: Clock, ids: Ids) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids

    def now(self) -> datetime:
        return self._clock.now()

    def new_id(self) -> UUID:
        return self._ids.new()

    async def open(self, trigger: str) -> Run:
        """Note that a run begins. Whatever becomes known later than now it does not look at."""
        now = self._clock.now()
        run = Run(
            id=self._ids.new(),
            trigger=trigger,
            state=Ending.RUNNING,
            started_at=now,
            known_until=now,
        )
        await self._db.run(
            "INSERT INTO ctu.learning_runs (id, trigger, state, started_at, known_until)"
            " VALUES ($1, $2, 'running', $3, $3)",
            run.id,
            trigger,
            now,
        )
        return run

    async def close(self, run: UUID, state: Ending, says: str, figures: Mapping[str, Any]) -> None:
        """Note how a run ended."""
        await self._db.run(
            "UPDATE ctu.learning_runs SET state = $2, says = $3, figures = $4, ended_at = $5"
            " WHERE id = $1",
            run,
            state.value,
            says,
            dict(figures),
            self._clock.now(),
        )

    async def step(
        self,
        run: UUID,
        name: str,
        says: str,
        figures: Mapping[str, Any],
        since: datetime,
        state: str = "done",
    ) -> None:
        """Note one step that ended now and began `since`."""
        await self._db.run(
            "INSERT INTO ctu.learning_steps (run, place, name, state, says, figures, started_at,"
            " ended_at) SELECT $1, coalesce(max(place), 0) + 1, $2, $3, $4, $5, $6, $7"
            " FROM ctu.learning_steps WHERE run = $1",
            run,
            name,
            state,
            says,
            dict(figures),
            since,
            self._clock.now(),
        )

    async def keep(self, candidate: Candidate, report: str) -> None:
        """Keep a candidate with its report, accepted or refused."""
        await self._db.run(
            "INSERT INTO ctu.learning_candidates (id, run, kind, name, version, state, scheme, body,"
            " figures, gates, expects, report, made_at, says)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            candidate.id,
            candidate.run,
            candidate.kind,
            candidate.name,
            candidate.version,
            candidate.standing.value,
            candidate.scheme,
            candidate.body,
            dict(candidate.figures),
            [msgspec.to_builtins(gate) for gate in candidate.gates],
            dict(candidate.expects),
            report,
            self._clock.now(),
            candidate.says,
        )

    async def stand(self, candidate: UUID, standing: Standing, says: str) -> None:
        """Note where a candidate stands from now on, and why."""
        await self._db.run(
            "UPDATE ctu.learning_candidates SET state = $2, says = $3,"
            " published_at = CASE WHEN $2 = 'live' THEN $4 ELSE published_at END,"
            " ended_at = CASE WHEN $2 IN ('rolled_back', 'replaced', 'refused') THEN $4 END"
            " WHERE id = $1",
            candidate,
            standing.value,
            says,
            self._clock.now(),
        )

    async def standing(self, *standings: Standing) -> list[Candidate]:
        """All candidates that stand so, oldest first."""
        rows = await self._db.all(
            f"SELECT {_COLUMNS} FROM ctu.learning_candidates WHERE state = ANY ($1) ORDER BY id",
            [s.value for s in standings],
        )
        return [_candidate(row) for row in rows]

    async def runs(self, limit: int = 20) -> list[Run]:
        """The latest runs, newest first, without steps and candidates."""
        rows = await self._db.all(
            "SELECT * FROM ctu.learning_runs ORDER BY started_at DESC LIMIT $1",
            min(limit, SHOWN_MAX),
        )
        return [_run(row, (), ()) for row in rows]

    async def run(self, id: UUID) -> Run | Refused:
        """One run with its steps and candidates."""
        row = await self._db.one("SELECT * FROM ctu.learning_runs WHERE id = $1", id)
        if row is None:
            return Refused(LearnReason.LEARNING_RUN_UNKNOWN)
        steps = await self._db.all(
            "SELECT * FROM ctu.learning_steps WHERE run = $1 ORDER BY place", id
        )
        candidates = await self._db.all(
            f"SELECT {_COLUMNS} FROM ctu.learning_candidates WHERE run = $1 ORDER BY id", id
        )
        return _run(row, tuple(_step(s) for s in steps), tuple(_candidate(c) for c in candidates))

    async def candidate(self, id: UUID) -> Candidate | Refused:
        """One candidate."""
        row = await self._db.one(
            f"SELECT {_COLUMNS} FROM ctu.learning_candidates WHERE id = $1", id
        )
        return Refused(LearnReason.CANDIDATE_UNKNOWN) if row is None else _candidate(row)

    async def report(self, candidate: UUID) -> str | Refused:
        """The HTML report of one candidate."""
        row = await self._db.one(
            "SELECT report FROM ctu.learning_candidates WHERE id = $1", candidate
        )
        if row is None:
            return Refused(LearnReason.CANDIDATE_UNKNOWN)
        return str(row["report"]) if row["report"] else Refused(LearnReason.NO_REPORT)


_COLUMNS = (
    "id, run, kind, name, version, body, scheme, state, figures, gates, expects, made_at,"
    " published_at, says"
)


def _candidate(row: Record) -> Candidate:
    return Candidate(
        id=row["id"],
        run=row["run"],
        kind=row["kind"],
        name=row["name"],
        version=row["version"],
        body=row["body"],
        scheme=row["scheme"],
        standing=Standing(row["state"]),
        figures=row["figures"],
        gates=_gates(row["gates"]),
        expects=row["expects"],
        made_at=row["made_at"],
        published_at=row["published_at"],
        says=row["says"],
    )


def _gates(rows: Sequence[Any]) -> tuple[Gate, ...]:
    return tuple(msgspec.convert(row, Gate) for row in rows)


def _step(row: Record) -> Step:
    return Step(
        place=row["place"],
        name=row["name"],
        state=row["state"],
        says=row["says"],
        figures=row["figures"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
    )


def _run(row: Record, steps: tuple[Step, ...], candidates: tuple[Candidate, ...]) -> Run:
    return Run(
        id=row["id"],
        trigger=row["trigger"],
        state=Ending(row["state"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        known_until=row["known_until"],
        says=row["says"],
        figures=row["figures"],
        steps=steps,
        candidates=candidates,
    )
