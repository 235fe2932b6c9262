"""What went live is watched, and taken back by itself where it does what nobody promised.

Two signs: it asks for far more than it was to ask for, or people clear what it stopped. Either takes it
back in one action, without a person. The watch needs nothing heavy and may run in any process.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from argosy.base.clock import Clock
from argosy.base.refusals import Refused
from argosy.base.store import Database
from argosy.ctu.facts import sets
from argosy.ctu.facts.declared import starter
from argosy.ctu.facts.vector import vector_of
from argosy.ctu.learn.measures import wilson_high, wilson_low
from argosy.ctu.learn.reasons import LearnReason
from argosy.ctu.learn.record import Candidate, Journal, Standing
from argosy.ctu.learn.terms import BY, Terms
from argosy.ctu.models import Registry
from argosy.ctu.models.facts import ModelReason, Version
from argosy.ctu.rules.publishing import Publishing
from argosy.ctu.rules.vocabulary import Vocabulary

_HIT_RULE: Final = "v.hits @> jsonb_build_array(jsonb_build_object('rule', $2::text))"
_HIT_MODEL: Final = (
    "v.hits @> jsonb_build_array(jsonb_build_object('rule', 'policy.cost',"
    " 'values', jsonb_build_object('by', $2::text)))"
)
_ALERTS: Final = """
    WITH hit AS (
        SELECT DISTINCT v.event FROM ctu.verdict_rows v WHERE v.at >= $1 AND {hit}),
    said AS (
        SELECT DISTINCT ON (l.event) l.event, l.bad FROM ctu.labels l JOIN hit USING (event)
         WHERE l.turn_no IS NOT NULL ORDER BY l.event, l.turn_no DESC)
    SELECT (SELECT count(*) FROM hit) AS alerts,
           (SELECT count(*) FROM said WHERE bad) AS bad,
           (SELECT count(*) FROM said WHERE NOT bad) AS good,
           (SELECT count(DISTINCT id) FROM ctu.events WHERE at >= $1) AS judged
"""


class Seen(msgspec.Struct, frozen=True):
    """What became of one live candidate since it was published. `why` says why it must go, or is empty."""

    candidate: Candidate
    judged: int
    alerts: int
    bad: int
    good: int
    why: str = ""


class Watch:
    """Looks after what the loop made live."""

    def __init__(self, db: Database, clock: Clock, journal: Journal, terms: Terms) -> None:
        self._db = db
        self._clock = clock
        self._journal = journal
        self._terms = terms

    async def look(self) -> list[Seen]:
        """Look at everything that the loop made live, and take back what must go."""
        seen = []
        for candidate in await self._journal.standing(Standing.LIVE):
            one = await self._seen(candidate)
            if one is None:
                continue
            if one.why:
                await self.take_back(candidate, one.why)
            seen.append(one)
        return seen

    async def take_back(self, candidate: Candidate, why: str) -> Candidate | Refused:
        """Take a live candidate back, whoever wants it; what was there before it comes back."""
        if candidate.standing is not Standing.LIVE:
            return Refused(LearnReason.NOT_PUBLISHED)
        if candidate.kind == "model":
            said = await self._model_back(candidate, why)
        else:
            vocabulary = Vocabulary(vector_of(await sets.live(self._db) or starter()))
            publishing = Publishing(self._db, self._clock, vocabulary, single=True)
            said = await publishing.withdraw(candidate.name, BY, why)
        told = why
        if isinstance(said, Refused):  # somebody else was quicker: it is gone all the same
            told = f"{why} ({said.reason.meaning})"
        await self._journal.stand(candidate.id, Standing.ROLLED_BACK, told)
        return msgspec.structs.replace(candidate, standing=Standing.ROLLED_BACK, says=told)

    async def _model_back(self, candidate: Candidate, why: str) -> object:
        registry = Registry(self._db, self._clock)
        live = await registry.live(candidate.name)
        if live is None or live.version != candidate.version:
            return Refused(LearnReason.NOT_PUBLISHED)
        said = await registry.roll_back(candidate.name, BY, why)
        if isinstance(said, Refused) and said.reason is ModelReason.NOTHING_TO_RETURN_TO:
            return await registry.retire(candidate.name, BY, why)
        if isinstance(said, Version):  # the one before is live again, and watched again
            for one in await self._journal.standing(Standing.REPLACED):
                if (one.name, one.version) == (said.name, said.version):
                    told = f"live again, for version {candidate.version} was taken back"
                    await self._journal.stand(one.id, Standing.LIVE, told)
        return said

    async def _seen(self, candidate: Candidate) -> Seen | None:
        since = candidate.published_at
        if since is None or not self._young(since):
            return None
        hit = _HIT_MODEL if candidate.kind == "model" else _HIT_RULE
        row = await self._db.one(_ALERTS.format(hit=hit), since, candidate.name)
        if row is None:
            return None
        one = Seen(candidate, row["judged"], row["alerts"], row["bad"], row["good"])
        return msgspec.structs.replace(one, why=self._wrong(one))

    def _young(self, since: datetime) -> bool:
        return self._clock.now() - since <= timedelta(seconds=self._terms.watch_seconds)

    def _wrong(self, seen: Seen) -> str:
        """Why it must go; empty where it may stay."""
        terms = self._terms
        expected = float(seen.candidate.expects.get("alert_share", 0.0))
        allowed = expected * terms.watch_alert_factor + 1 / max(terms.watch_verdicts_min, 1)
        if seen.judged >= terms.watch_verdicts_min:
            surely = wilson_low(seen.alerts, seen.judged)
            if surely > allowed:
                return (
                    f"it asked for {seen.alerts} of {seen.judged} events; "
                    f"{expected:.2%} were promised and {allowed:.2%} are allowed"
                )
        told = seen.bad + seen.good
        least = float(seen.candidate.expects.get("precision", 0.0)) / 2
        if told >= terms.watch_labels_min and wilson_high(seen.bad, told) < least:
            return (
                f"of {told} that people looked at {seen.good} were good; at most half was promised"
            )
        return ""
