"""The ways to banks, and the jobs that run by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from nicegui import ui

from argosy.base.outbox.events import Lag
from argosy.base.refusals import Refused
from argosy.management.console.desk import Desk
from argosy.management.console.pages import address, page
from argosy.management.console.widgets import (
    Column,
    CursorTable,
    Slice,
    Tone,
    ask_reason,
    button,
    page_head,
    section,
    state_chip,
    tile,
    tiles,
)
from argosy.management.setup.facts import Job, RailCall
from argosy.management.setup.rails import RailStanding
from argosy.management.staff.facts import Right

CALLS = 50
LOOK_SECONDS = 5.0
ANSWERS: Mapping[str, Tone] = {"done": "good", "rejected": "bad", "unknown": "warn"}


@page("/setup/banks", title="setup.banks", right=Right.SETUP_SEE, menu="menu.setup", order=50)
async def banks(desk: Desk) -> None:
    """Every rail: how it stands, its last calls, pause and resume."""
    page_head(desk.say("setup.banks"), note=desk.say("setup.banks_note"))
    for one in await desk.services.setup.rails.standing():
        with section():
            await _rail(desk, one)


async def _rail(desk: Desk, one: RailStanding) -> None:
    say = desk.say
    with page_head(one.rail, note=say("setup.last_of", count=one.calls)):
        state_chip(
            say("setup.paused" if one.paused else "setup.runs"), "bad" if one.paused else "good"
        )
        if desk.may(Right.SETUP_CHANGE):
            verb = "resume" if one.paused else "pause"

            async def turn() -> None:
                why = await ask_reason(
                    desk, say(f"setup.{verb}_rail", rail=one.rail), text=say(f"setup.{verb}_note"),
                    button=say(f"setup.{verb}"), danger=not one.paused,
                )  # fmt: skip
                if why is None:
                    return
                rails, by = desk.services.setup.rails, desk.member.name
                done = await desk.act(
                    Right.SETUP_CHANGE, f"setup.{verb}_rail", f"rail:{one.rail}",
                    lambda: rails.pause(one.rail, not one.paused, why, by), reason=why,
                )  # fmt: skip
                desk.tell(done if isinstance(done, Refused) else say(f"setup.done.{verb}"))
                ui.navigate.reload()

            icon = "play_arrow" if one.paused else "pause"
            button(say(f"setup.{verb}"), turn, icon=icon, kind="main" if one.paused else "danger")
    if one.paused and one.since:
        ui.label(say("setup.paused_by", by=one.by, at=desk.when(one.since), why=one.why)).classes(
            "ar-soft"
        )
    with tiles():
        for name in ("done", "rejected", "unknown"):
            count = getattr(one, name)
            share = f"{count * 100 // one.calls} %" if one.calls else "–"
            tile(say(f"setup.answer.{name}"), share, note=str(count))
        for name in ("millis_middle", "millis_slow"):
            millis = getattr(one, name)
            tile(say(f"setup.{name}"), "–" if millis is None else f"{millis:,} ms")
        tile(say("setup.last_call"), desk.when(one.last_at, seconds=True) if one.last_at else "–")
    await _calls(desk, one.rail)


async def _calls(desk: Desk, rail: str) -> None:
    columns = (
        Column("at", "money.at"),
        Column("verb", "money.verb"),
        Column("state", "money.answer", "state"),
        Column("order", "money.order", "link"),
        Column("reference", "money.reference", "mono"),
        Column("reason", "setup.because"),
        Column("millis", "money.millis", "number"),
    )

    async def fetch(cursor: tuple[datetime, UUID] | None) -> Slice[tuple[datetime, UUID]]:
        found = await desk.services.setup.rails.calls(rail, cursor, CALLS)
        after = (found[-1].at, found[-1].id) if len(found) == CALLS else None
        return Slice([_call(desk, one) for one in found], after)

    table: CursorTable[tuple[datetime, UUID]] = CursorTable(
        desk, columns, fetch, name=desk.say("setup.calls"), empty="setup.no_calls"
    )
    await table.load()


def _call(desk: Desk, one: RailCall) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "at": desk.when(one.at, seconds=True),
        "verb": desk.say(f"money.verb_of.{one.verb}"),
        "state": one.state,
        "state_text": desk.say(f"setup.answer.{one.state}"),
        "state_tone": ANSWERS.get(one.state, "quiet"),
        "order": f"…{str(one.order)[-8:]}",
        "order_to": address("/money/orders/{order}", order=one.order),
        "reference": one.reference or "",
        "reason": one.reason or "",
        "millis": one.millis,
    }


# --- jobs ----------------------------------------------------------------------------------------


@page("/setup/jobs", title="setup.jobs", right=Right.SETUP_SEE, menu="menu.setup", order=60)
async def jobs(desk: Desk) -> None:
    """Readers of the event log and what the clock does."""
    page_head(desk.say("setup.jobs"), note=desk.say("setup.jobs_note"))
    may = desk.may(Right.SETUP_CHANGE)
    setup = desk.services.setup

    async def relays(_cursor: None) -> Slice[None]:
        return Slice([_relay(desk, one) for one in await setup.jobs.relays()], None)

    async def sweeps(_cursor: None) -> Slice[None]:
        return Slice([_job(desk, one) for one in await setup.jobs.all()], None)

    async def retry(row: Mapping[str, Any]) -> None:
        name = str(row["id"])
        done = await desk.act(
            Right.SETUP_CHANGE, "setup.retry_relay", f"relay:{name}",
            lambda: setup.jobs.retry_relay(name),
        )  # fmt: skip
        desk.tell(done if isinstance(done, Refused) else desk.say("setup.done.retry"))
        await readers.reload()

    async def now(row: Mapping[str, Any]) -> None:
        name, by = str(row["id"]), desk.member.name
        done = await desk.act(
            Right.SETUP_CHANGE, "setup.run_job", f"job:{name}", lambda: setup.jobs.ask(name, by)
        )
        desk.tell(done if isinstance(done, Refused) else desk.say("setup.done.retry"))
        await clockwork.reload()

    with section(desk.say("setup.relays")):
        if may:
            ui.label(desk.say("setup.retry_note")).classes("ar-soft")
        readers: CursorTable[None] = CursorTable(
            desk,
            (
                Column("name", "setup.reader"),
                Column("state", "money.state_label", "state"),
                Column("lag", "setup.behind", "number"),
                Column("failures", "setup.failures", "number"),
                Column("problem", "setup.problem", wrap=True),
            ),
            relays,
            name=desk.say("setup.relays"),
            on_row=retry if may else None,
        )
        await readers.load()
    with section(desk.say("setup.clock")):
        clockwork: CursorTable[None] = CursorTable(
            desk,
            (
                Column("name", "setup.job"),
                Column("state", "money.state_label", "state"),
                Column("at", "setup.last_run"),
                Column("took", "money.millis", "number"),
                Column("done", "setup.acted", "number"),
                Column("failures", "setup.failures", "number"),
                Column("problem", "setup.problem", wrap=True),
            ),
            sweeps,
            name=desk.say("setup.clock"),
            empty="setup.no_jobs",
            on_row=now if may else None,
        )
        await clockwork.load()

    async def look() -> None:
        await readers.reload()
        await clockwork.reload()

    ui.timer(LOOK_SECONDS, look)


def _relay(desk: Desk, one: Lag) -> dict[str, Any]:
    waits = one.waiting_since
    seconds = int((desk.services.clock.now() - waits).total_seconds()) if waits else 0
    return {
        "id": one.consumer,
        "name": one.consumer,
        "state": "fails" if one.failures else "runs",
        "state_text": desk.say("setup.fails" if one.failures else "setup.runs"),
        "state_tone": "bad" if one.failures else "good",
        "lag": f"{max(seconds, 0):,} s",
        "failures": one.failures or "",
        "problem": one.last_error or "",
    }


def _job(desk: Desk, one: Job) -> dict[str, Any]:
    state = "fails" if one.failures else "asked" if one.asked_at else "runs"
    tones: Mapping[str, Tone] = {"fails": "bad", "asked": "info", "runs": "good"}
    return {
        "id": one.name,
        "name": one.name,
        "state": state,
        "state_text": desk.say(f"setup.{state}"),
        "state_tone": tones[state],
        "at": desk.when(one.ran_at, seconds=True),
        "took": f"{one.took_ms:,}",
        "done": f"{one.done:,}",
        "failures": one.failures or "",
        "problem": one.problem or "",
    }
