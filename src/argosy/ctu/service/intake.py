"""Events come in: each is judged once, and what was said of it is what is said again.

Event, verdict and the log's entry become durable together, before the sender hears of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from argosy.base.clock import Clock
from argosy.base.ports import Decision, Verdict
from argosy.base.refusals import Refused
from argosy.base.store import Connection, Database, Record
from argosy.ctu.decide.reasons import DecideReason
from argosy.ctu.events import Event
from argosy.ctu.from_operation import Logged
from argosy.ctu.history.writing import append_entries
from argosy.ctu.service import shapes
from argosy.ctu.service.facts import Judging, ServiceReason

AHEAD_MAX = timedelta(minutes=10)
"""So far ahead may a sender's clock be."""

OUTCOME = {
    Decision.ALLOW: "posted",
    Decision.CHALLENGE: "challenged",
    Decision.REVIEW: "held",
    Decision.DENY: "denied",
}
"""What becomes of an event where its sender does not say otherwise."""

_LATEST = """
    SELECT DISTINCT ON (id) * FROM ctu.service_events WHERE id = ANY ($1) ORDER BY id, attempt DESC
"""
_INSERT = """
    INSERT INTO ctu.service_events (id, attempt, content, verdict, answer, outcome, sender, at)
    SELECT id, attempt, content, verdict, answer, outcome, $7, $8
      FROM unnest($1::uuid[], $2::integer[], $3::jsonb[], $4::uuid[], $5::jsonb[], $6::text[])
        AS t (id, attempt, content, verdict, answer, outcome)
    ON CONFLICT DO NOTHING RETURNING id
"""
_OUTCOME = """
    UPDATE ctu.service_events SET outcome = $3 WHERE id = $1 AND attempt = $2 AND outcome = $4
    RETURNING id
"""

# What an event's outcome may still become by the sender's word.
_MAY_BECOME = {
    "posted": ("refused",),
    "held": ("posted", "refused", "denied"),
    "challenged": ("posted", "denied", "refused"),
    "denied": ("posted",),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """An event that was judged, as it is kept."""

    event: Event
    attempt: int
    answer: dict[str, Any] | None
    outcome: str
    at: datetime

    @classmethod
    def read(cls, row: Record) -> Kept:
        event = msgspec.convert(row["content"], Event)
        return cls(event, row["attempt"], row["answer"], row["outcome"], row["at"])


class Intake:
    """Takes events in for judgement."""

    def __init__(self, db: Database, clock: Clock, brain: Judging) -> None:
        self._db = db
        self._clock = clock
        self._brain = brain

    async def judge(
        self, sender: str, events: Sequence[Event]
    ) -> list[tuple[dict[str, Any], bool] | Refused]:
        """For each event its verdict as it is answered, and whether it is the first answer again.

        Another event under a known id is refused, with the field that differs. A challenged event
        that comes again with a further proof, and otherwise the same, is judged again. An event far
        ahead of the clock is refused: its account would look idle for as long. Raises
        `Unavailable` where nothing could be decided.
        """
        said: list[tuple[dict[str, Any], bool] | Refused | None] = [
            ahead(event, self._clock.now()) for event in events
        ]
        waiting = [at for at, one in enumerate(said) if one is None]
        while (
            waiting
        ):  # an id that stands there twice is judged the first time and found the second
            now: dict[UUID, int] = {}
            for at in waiting:
                now.setdefault(events[at].id, at)
            found = await self._judge_once(sender, {id_: events[at] for id_, at in now.items()})
            for id_, at in now.items():
                said[at] = found[id_]
            waiting = [at for at in waiting if said[at] is None]
        return [one for one in said if one is not None]

    async def outcome(self, event_id: UUID, outcome: str) -> str | Refused:
        """What became of an event on the sender's side; the outcome as it is known now."""
        row = await self._db.one(_LATEST, [event_id])
        if row is None:
            return Refused(DecideReason.VERDICT_NOT_FOUND, {"event": event_id}, "event")
        kept = Kept.read(row)
        if kept.outcome == outcome:
            return outcome
        if outcome not in _MAY_BECOME.get(kept.outcome, ()):
            facts = {"known": kept.outcome, "said": outcome}
            return Refused(ServiceReason.EVENT_OUTCOME, facts, "outcome")
        # What was held was counted when it was held; it is vouched for now.
        vouched = kept.outcome == "held" and outcome == "posted"
        async with self._db.work() as conn:
            moved = await conn.fetchval(_OUTCOME, event_id, kept.attempt, outcome, kept.outcome)
            if moved is None:
                return Refused(ServiceReason.EVENT_OUTCOME, {"said": outcome}, "outcome")
            await append_entries(conn, [_entry(kept, outcome, released=vouched)])
        return outcome

    async def of_event(self, event_id: UUID) -> Kept | None:
        """What is kept of an event's latest attempt, or None."""
        row = await self._db.one(_LATEST, [event_id])
        return None if row is None else Kept.read(row)

    async def of_verdict(self, verdict_id: UUID) -> Kept | None:
        """The event that a verdict is about, as it was judged then; or None."""
        row = await self._db.one(
            "SELECT * FROM ctu.service_events WHERE verdict = $1 LIMIT 1", verdict_id
        )
        return None if row is None else Kept.read(row)

    # within

    async def _judge_once(
        self, sender: str, events: Mapping[UUID, Event]
    ) -> dict[UUID, tuple[dict[str, Any], bool] | Refused]:
        said: dict[UUID, tuple[dict[str, Any], bool] | Refused] = {}
        while len(said) < len(events):  # once more where somebody sent the same at the same moment
            known = await self._known([id_ for id_ in events if id_ not in said])
            todo: list[tuple[Event, int]] = []
            for id_, event in events.items():
                if id_ in said:
                    continue
                before = known.get(id_)
                if before is None:
                    todo.append((event, 1))
                elif is_further_attempt(before, event):
                    todo.append((event, before.attempt + 1))
                else:
                    said[id_] = _again(before, event)
            if todo:
                said |= await self._judge_new(sender, todo)
        return said

    async def _known(self, ids: list[UUID]) -> dict[UUID, Kept]:
        return {row["id"]: Kept.read(row) for row in await self._db.all(_LATEST, ids)}

    async def _judge_new(
        self, sender: str, todo: Sequence[tuple[Event, int]]
    ) -> dict[UUID, tuple[dict[str, Any], bool] | Refused]:
        now = self._clock.now()
        events = [event for event, _ in todo]
        verdicts = await self._brain.judge_events(events)
        answers = [
            answered(event, verdict, now) for event, verdict in zip(events, verdicts, strict=True)
        ]
        outcomes = [OUTCOME[verdict.decision] for verdict in verdicts]
        async with self._db.work() as conn:
            made = await _insert(conn, sender, now, todo, verdicts, answers, outcomes)
            await append_entries(
                conn,
                [
                    self._brain.entry(event, verdict, outcome)
                    for event, verdict, outcome in zip(events, verdicts, outcomes, strict=True)
                    if event.id in made
                ],
            )
        await asyncio.gather(  # at once: what is to be durable first shares its way to the disk
            *(
                self._brain.observe_event(
                    event, verdict, outcome if event.id in made else "refused"
                )
                for event, verdict, outcome in zip(events, verdicts, outcomes, strict=True)
            )
        )
        return {
            event.id: (told, False)
            for event, told in zip(events, answers, strict=True)
            if event.id in made
        }


async def _insert(
    conn: Connection,
    sender: str,
    now: datetime,
    todo: Sequence[tuple[Event, int]],
    verdicts: Sequence[Verdict],
    answers: Sequence[dict[str, Any]],
    outcomes: Sequence[str],
) -> set[UUID]:
    rows = await conn.fetch(
        _INSERT,
        [event.id for event, _ in todo],
        [attempt for _, attempt in todo],
        [content_of(event) for event, _ in todo],
        [verdict.id for verdict in verdicts],
        answers,
        outcomes,
        sender,
        now,
    )
    return {row["id"] for row in rows}


def ahead(event: Event, now: datetime) -> Refused | None:
    """EVENT_AHEAD where an event lies more than `AHEAD_MAX` ahead of `now`."""
    late_ms = event.at_ms - round((now + AHEAD_MAX).timestamp() * 1_000)
    return Refused(ServiceReason.EVENT_AHEAD, field="at_ms") if late_ms > 0 else None


def content_of(event: Event) -> dict[str, Any]:
    """An event as it is compared and kept: plain, and the same for the same."""
    told: dict[str, Any] = msgspec.to_builtins(event)
    if event.proofs:
        told["proofs"] = sorted(event.proofs)
    return told


def difference(before: Event, event: Event) -> str | None:
    """The first field in which two events differ, or None."""
    for name in Event.__struct_fields__:
        was, now = getattr(before, name), getattr(event, name)
        if name == "attributes":
            for key in sorted({*was, *now}):
                if was.get(key) != now.get(key) or type(was.get(key)) is not type(now.get(key)):
                    return f"attributes.{key}"
        elif was != now:
            return name
    return None


def is_further_attempt(before: Kept, event: Event) -> bool:
    """Whether a challenged event comes again with a proof that it lacked."""
    return (
        before.answer is not None
        and before.answer["decision"] == "challenge"
        and before.outcome == "challenged"
        and event.proofs > before.event.proofs
        and difference(replace(before.event, proofs=event.proofs), event) is None
    )


def answered(event: Event, verdict: Verdict, at: datetime) -> dict[str, Any]:
    """A verdict in the form in which it is answered and kept."""
    told: dict[str, Any] = msgspec.to_builtins(
        shapes.Verdict(
            id=verdict.id,
            event=event.id,
            decision=verdict.decision.name.lower(),
            challenge=verdict.challenge,
            score=min(1.0, max(0.0, verdict.score)),
            hits=[
                shapes.Hit(
                    rule=hit.rule, decision=hit.decision.name.lower(), values=dict(hit.values)
                )
                for hit in verdict.hits
            ],
            unevaluated=list(verdict.unevaluated),
            version=verdict.version,
            at=shapes.instant(at),
        ),
        enc_hook=str,
    )
    return told


def _entry(kept: Kept, outcome: str, *, released: bool) -> Logged:
    """What the log is told where the sender says what became of an event."""
    told = kept.answer
    if told is None:
        return Logged(event=kept.event, outcome=outcome, released=released)
    return Logged(
        event=kept.event,
        outcome=outcome,
        decision=int(Decision[told["decision"].upper()]),
        score=told["score"],
        verdict=UUID(told["id"]),
        version=told["version"],
        released=released,
    )


def _again(before: Kept, event: Event) -> tuple[dict[str, Any], bool] | Refused:
    field = difference(before.event, event)
    if field is not None:
        return _differs(field)
    if before.answer is None:  # brought in from a file: it was never judged
        return Refused(
            ServiceReason.EVENT_EXISTS_DIFFERENTLY,
            {"detail": "This event was brought in from a file; it has no verdict."},
            "id",
        )
    return before.answer, True


def _differs(field: str) -> Refused:
    detail = f"An event with this id was judged before, with another `{field}`."
    return Refused(ServiceReason.EVENT_EXISTS_DIFFERENTLY, {"detail": detail}, field)
