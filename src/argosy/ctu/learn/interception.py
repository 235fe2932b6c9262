"""How long a new scheme goes on: from the first confirmed case to the first attempt that was stopped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from argosy.base.store import Database

_SCHEMES = """
    WITH bad AS (
        SELECT DISTINCT ON (event) event, scheme, at_ms, bad FROM ctu.labels
         WHERE turn_no IS NOT NULL ORDER BY event, turn_no DESC),
    first AS (
        SELECT scheme, min(at_ms) AS known_ms, count(*) AS cases FROM bad
         WHERE bad AND scheme <> '' GROUP BY scheme),
    stopped AS (
        SELECT s.scheme, min(e.at_ms) AS stopped_ms FROM first s
          JOIN ctu.learning_candidates c
            ON c.scheme = s.scheme AND c.kind IN ('rule', 'gang') AND c.published_at IS NOT NULL
          JOIN ctu.verdict_rows v
            ON v.at >= c.published_at AND v.hits @> jsonb_build_array(jsonb_build_object('rule', c.name))
          JOIN ctu.events e ON e.id = v.event AND e.at_ms > s.known_ms
         GROUP BY s.scheme),
    confirmed AS (
        SELECT s.scheme, min(e.at_ms) AS stopped_ms FROM first s
          JOIN bad b ON b.scheme = s.scheme AND b.bad
          JOIN ctu.events e ON e.id = b.event AND e.at_ms > s.known_ms AND e.decision > 0
         GROUP BY s.scheme),
    answered AS (
        SELECT scheme, min(published_at) AS published_at FROM ctu.learning_candidates
         WHERE scheme <> '' AND published_at IS NOT NULL GROUP BY scheme)
    SELECT f.scheme, f.cases, f.known_ms, a.published_at,
           least(s.stopped_ms, c.stopped_ms) AS stopped_ms
      FROM first f LEFT JOIN stopped s USING (scheme) LEFT JOIN confirmed c USING (scheme)
      LEFT JOIN answered a USING (scheme) ORDER BY f.known_ms DESC
"""


class Interception(msgspec.Struct, frozen=True):
    """One scheme: when its first case was confirmed, when the loop answered with something live, and
    when the first attempt after the confirmation was stopped; None where that has not happened."""

    scheme: str
    cases: int
    first_known: datetime
    published_at: datetime | None
    first_stopped: datetime | None

    @property
    def waited(self) -> timedelta | None:
        """From the first confirmed case to the first interception."""
        return None if self.first_stopped is None else self.first_stopped - self.first_known

    def says(self) -> str:
        """The same in a sentence."""
        told = f"{self.scheme}: first confirmed {self.first_known:%Y-%m-%d %H:%M} UTC"
        if self.published_at is not None:
            told += f", answered after {spoken(self.published_at - self.first_known)}"
        if self.waited is None:
            return f"{told}, no further attempt stopped so far"
        return f"{told}, first stopped after {spoken(self.waited)}"


async def interceptions(db: Database) -> list[Interception]:
    """Every scheme that has a confirmed case, the newest first."""
    return [
        Interception(
            row["scheme"],
            row["cases"],
            _moment(row["known_ms"]),
            row["published_at"],
            None if row["stopped_ms"] is None else _moment(row["stopped_ms"]),
        )
        for row in await db.all(_SCHEMES)
    ]


def told(found: Sequence[Interception]) -> list[str]:
    """A line for each scheme."""
    return [one.says() for one in found]


def spoken(span: timedelta) -> str:
    """A span of time as a person says it."""
    seconds = max(0, round(span.total_seconds()))
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= unit:
            whole, rest = divmod(seconds, unit)
            small = {86_400: (3_600, "h"), 3_600: (60, "min"), 60: (1, "s")}[unit]
            part = rest // small[0]
            return f"{whole} {name} {part} {small[1]}" if part else f"{whole} {name}"
    return f"{seconds} s"


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
