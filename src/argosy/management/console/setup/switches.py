"""Feature switches, and the market packs with their cards."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any

from nicegui import ui

from argosy.base.markets import Market
from argosy.base.refusals import Refused
from argosy.management.console.desk import Desk
from argosy.management.console.pages import address, page
from argosy.management.console.setup.shown import FIELD, chosen_market, market_options
from argosy.management.console.widgets import (
    Column,
    CursorTable,
    Slice,
    Tone,
    ask_reason,
    facts,
    page_head,
    section,
)
from argosy.management.ports import SeenCard
from argosy.management.setup.facts import Turned
from argosy.management.setup.handlers import SWITCH
from argosy.management.staff.facts import Right

GRADES: Mapping[str, Tone] = {"done": "good", "todo": "warn", "exempt": "quiet"}


@page("/setup/switches", title="setup.switches", right=Right.SETUP_SEE, menu="menu.setup", order=30)
async def switches(desk: Desk) -> None:
    """What is on and off in each market."""
    market = chosen_market(desk)
    with page_head(desk.say("setup.switches"), note=desk.say("setup.switches_note")):
        ui.select(
            market_options(desk),
            value=market.code,
            label=desk.say("money.market"),
            on_change=lambda event: ui.navigate.to(f"?market={event.value}"),
        ).props(FIELD).style("min-width: 180px")
    columns = (
        Column("name", "setup.switch"),
        Column("state", "money.state_label", "state"),
        Column("what", "setup.switch_what", wrap=True),
        Column("at", "setup.since"),
        Column("why", "reason.label", wrap=True),
        Column("by", "setup.by"),
    )
    there: dict[str, Turned] = {}

    async def fetch(_cursor: None) -> Slice[None]:
        found = await desk.services.setup.switches.all(market.code)
        there.update({one.switch.value: one for one in found})
        return Slice([_row(desk, one) for one in found], None)

    async def turn(row: Mapping[str, Any]) -> None:
        one = there[str(row["id"])]
        verb = "off" if one.is_on else "on"
        title = desk.say(f"setup.turn_{verb}", name=row["name"], market=market.name)
        why = await ask_reason(
            desk, title, text=desk.say("setup.two_needed"), button=desk.say("money.propose"),
            danger=one.is_on,
        )  # fmt: skip
        if why is None:
            return
        body = {
            "market": market.code,
            "switch": one.switch.value,
            "before": {"on": one.is_on},
            "after": {"on": not one.is_on},
        }
        done = await desk.propose(Right.SETUP_CHANGE, SWITCH, f"market:{market.code}", body, why)
        desk.tell(done if isinstance(done, Refused) else desk.say("approval.proposed"))
        await table.reload()

    table: CursorTable[None] = CursorTable(
        desk,
        columns,
        fetch,
        name=desk.say("setup.switches"),
        on_row=turn if desk.may(Right.SETUP_CHANGE) else None,
    )
    await table.load()


def _row(desk: Desk, one: Turned) -> dict[str, Any]:
    name = one.switch.value
    return {
        "id": name,
        "name": desk.say(f"setup.switch_of.{name}"),
        "state": "on" if one.is_on else "off",
        "state_text": desk.say("setup.on" if one.is_on else "setup.off"),
        "state_tone": "good" if one.is_on else "bad",
        "what": desk.say(f"setup.switch_stops.{name}"),
        "at": desk.when(one.at) if one.at else "",
        "why": one.why,
        "by": f"{one.proposed_by}, {one.approved_by}" if one.at else "",
    }


# --- packs ---------------------------------------------------------------------------------------


@page("/setup/markets", title="setup.markets", right=Right.SETUP_SEE, menu="menu.setup", order=10)
async def markets(desk: Desk) -> None:
    """Every market pack with the grades that it gives itself."""
    page_head(desk.say("setup.markets"), note=desk.say("setup.markets_note"))
    columns = (
        Column("name", "money.market", "link"),
        Column("country", "setup.country"),
        Column("currency", "money.currency"),
        Column("zone", "setup.zone"),
        Column("languages", "setup.languages"),
        Column("done", "setup.cards_done", "number"),
        Column("todo", "setup.cards_todo", "number"),
        Column("false", "setup.cards_false", "number"),
    )

    async def fetch(_cursor: None) -> Slice[None]:
        return Slice([await _pack(desk, one) for one in desk.services.markets.values()], None)

    table: CursorTable[None] = CursorTable(
        desk,
        columns,
        fetch,
        name=desk.say("setup.markets"),
        on_row=lambda row: ui.navigate.to(row["name_to"]),
    )
    await table.load()


async def _pack(desk: Desk, market: Market) -> dict[str, Any]:
    cards = await _cards(desk, market)
    return {
        "id": market.code,
        "name": market.name,
        "name_to": address("/setup/markets/{market}", market=market.code),
        "country": market.country,
        "currency": market.currency,
        "zone": market.zone,
        "languages": ", ".join(market.languages),
        "done": sum(one.grade == "done" and not one.false for one in cards),
        "todo": sum(one.grade == "todo" for one in cards),
        "false": sum(one.false for one in cards),
    }


_GRADED: dict[tuple[str, date], list[SeenCard]] = {}
"""Grading runs the pack; a pack does not change while the program runs, and the day is what it asks."""


async def _cards(desk: Desk, market: Market) -> list[SeenCard]:
    """The cards of today; graded once a day and process, in a thread, for that computes."""
    day = desk.services.setup.terms.today(market)
    if (market.code, day) not in _GRADED:
        graded = await asyncio.to_thread(desk.services.setup.cards, market.code, day)
        _GRADED[market.code, day] = list(graded)
    return _GRADED[market.code, day]


@page("/setup/markets/{market}", title="setup.market", right=Right.SETUP_SEE)
async def one_market(desk: Desk, market: str) -> None:
    """One pack and its cards."""
    pack = desk.services.markets.get(market)
    if pack is None:
        ui.label(desk.say("table.empty"))
        return
    say = desk.say
    page_head(pack.name, note=pack.operator)
    with section(say("setup.pack")):
        facts(
            [
                (say("setup.country"), pack.country),
                (say("money.currency"), pack.currency),
                (say("setup.zone"), pack.zone),
                (say("setup.languages"), ", ".join(pack.languages)),
                (say("setup.levels"), ", ".join(level.name for level in pack.levels)),
                (say("setup.rail"), pack.rail),
                (say("setup.contacts"), ", ".join(pack.contacts)),
            ]
        )
        ui.link(say("setup.terms"), address("/setup/terms") + f"?market={pack.code}")
        ui.link(say("setup.switches"), address("/setup/switches") + f"?market={pack.code}")
    columns = (
        Column("name", "setup.card"),
        Column("grade", "setup.grade", "state"),
        Column("asks", "setup.asks", wrap=True),
        Column("reason", "setup.because", wrap=True),
    )

    async def fetch(_cursor: None) -> Slice[None]:
        rows = [
            {
                "id": one.name,
                "name": one.name,
                "grade": one.grade,
                "grade_text": say("setup.false" if one.false else f"setup.graded.{one.grade}"),
                "grade_tone": "bad" if one.false else GRADES.get(one.grade, "quiet"),
                "asks": one.asks,
                "reason": "; ".join((one.reason, *one.problems)).strip("; "),
            }
            for one in await _cards(desk, pack)
        ]
        return Slice(rows, None)

    with section(say("setup.cards")):
        table: CursorTable[None] = CursorTable(desk, columns, fetch, name=say("setup.cards"))
        await table.load()
