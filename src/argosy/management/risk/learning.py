"""What the learning loop did, for a person who looks after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.learn.interception import Interception, interceptions
from argosy.ctu.learn.record import Candidate, Ending, Journal, Run

PAGE: Final = 25

_RUNS: Final = """
    SELECT id, trigger, state, started_at, ended_at, known_until, says, figures
      FROM ctu.learning_runs
     WHERE $1::uuid IS NULL OR (started_at, id) <
           (SELECT started_at, id FROM ctu.learning_runs WHERE id = $1)
     ORDER BY started_at DESC, id DESC LIMIT $2
"""


@dataclass(frozen=True)
class RunPage:
    """Runs, the newest first; `after` is the cursor of the next page, None at the end."""

    runs: list[Run]
    after: UUID | None


class LearningDesk:
    """Reads the journal of the loop."""

    def __init__(self, db: Database, journal: Journal) -> None:
        self._db = db
        self._journal = journal

    async def runs(self, after: UUID | None = None, limit: int = PAGE) -> RunPage:
        """One page of runs, without their steps."""
        rows = await self._db.all(_RUNS, after, limit + 1)
        runs = [_run(row) for row in rows[:limit]]
        return RunPage(runs, runs[-1].id if len(rows) > limit else None)

    async def run(self, run_id: UUID) -> Run | Refused:
        """One run with its steps and candidates."""
        return await self._journal.run(run_id)

    async def candidate(self, candidate_id: UUID) -> Candidate | Refused:
        """One candidate with its gates."""
        return await self._journal.candidate(candidate_id)

    async def report(self, candidate_id: UUID) -> str | Refused:
        """The HTML report of a candidate: a page of its own, to be shown in a closed frame only."""
        return await self._journal.report(candidate_id)

    async def interceptions(self) -> list[Interception]:
        """For each scheme, how long it went on after its first confirmed case."""
        return list(await interceptions(self._db))


def _run(row: Any) -> Run:
    return Run(
        id=row["id"],
        trigger=row["trigger"],
        state=Ending(row["state"]),
        started_at=row["started_at"],
        known_until=row["known_until"],
        ended_at=row["ended_at"],
        says=row["says"],
        figures=row["figures"],
    )
