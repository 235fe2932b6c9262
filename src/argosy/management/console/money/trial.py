"""The trial balance of now or of a past moment, also as a file; and the checks of the books."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from nicegui import ui

from argosy.base.ids import parse_id
from argosy.base.refusals import Refused
from argosy.management.console.desk import Desk
from argosy.management.console.money.shown import FIELD, account_kind, instant, said, short
from argosy.management.console.pages import address, page
from argosy.management.console.widgets import (
    Column,
    CursorTable,
    Slice,
    Tone,
    button,
    export_menu,
    facts,
    page_head,
    section,
    state_chip,
)
from argosy.management.money.books import Line, Trial, trial_rows
from argosy.management.money.checking import CLOCK, PAGE, Check
from argosy.management.staff.facts import Right

CHECKS: dict[str, Tone] = {"running": "info", "sound": "good", "unsound": "bad", "broken": "warn"}
LOOK_SECONDS = 2.0


@page("/money/trial", title="money.trial", right=Right.MONEY_SEE, menu="menu.money", order=50)
async def trial(desk: Desk) -> None:
    """Ask for a trial balance."""
    await TrialPage(desk).build()


class TrialPage:
    """It is made when it is asked for: of a long journal that takes a moment."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._trial: Trial | None = None

    async def build(self) -> None:
        desk, say = self._desk, self._desk.say
        with page_head(say("money.trial"), note=say("money.trial_note")):
            if desk.may(Right.REPORTS_EXPORT):
                formats: dict[str, Callable[[], Awaitable[bytes | None]]] = {
                    "csv": lambda: self._file("csv"),
                    "xlsx": lambda: self._file("xlsx"),
                }
                export_menu(desk, formats, name="trial-balance")
        with ui.element("div").classes("ar-row"):
            self._typed = ui.input(say("money.instant_or_now")).props(
                f"{FIELD} type=datetime-local stack-label clearable"
            )
            self._button = button(say("money.make"), self._make, icon="calculate", kind="main")
            self._told = ui.label("").props("role=status")
        self._place = ui.column().classes("w-full gap-4")

    async def _make(self) -> None:
        desk = self._desk
        self._button.disable()
        self._told.text = desk.say("money.making")
        try:
            at = instant(self._typed.value, desk.services.market.zone)
            made = await desk.services.money.books.trial(at)
        finally:
            self._button.enable()
            self._told.text = ""
        if isinstance(made, Refused):
            desk.tell(made)
            return
        self._trial = made
        self._place.clear()
        with self._place:
            await self._show(made)

    async def _show(self, made: Trial) -> None:
        desk = self._desk
        with ui.element("div").classes("ar-row"):
            ui.label(desk.say("money.as_of", at=desk.when(made.at, seconds=True)))
            even = desk.say("money.even" if made.is_even else "money.uneven")
            state_chip(even, "good" if made.is_even else "bad")
        moved = {(one.market, one.currency) for one in made.lines if _has_moved(one)}
        for market, currency in made.sums:
            if (market, currency) not in moved:
                continue
            name = desk.services.markets[market].name if market else desk.say("money.no_market")
            with section(f"{name} · {currency}"):
                await self._market(made, market, currency)

    async def _market(self, made: Trial, market: str, currency: str) -> None:
        desk = self._desk
        columns = (
            Column("kind", "money.kind"),
            Column("accounts", "money.how_many", "number"),
            Column("debits", "money.debits", "number"),
            Column("credits", "money.credits", "number"),
            Column("debit", "money.debit_balance", "number"),
            Column("credit", "money.credit_balance", "number"),
            Column("reserved", "money.reserved", "number"),
        )
        lines = [
            one
            for one in made.lines
            if (one.market, one.currency) == (market, currency) and _has_moved(one)
        ]

        def money(minor: int) -> str:
            return desk.money(minor, currency)

        rows = [
            {
                "id": one.kind,
                "kind": account_kind(desk, one.kind),
                "accounts": f"{one.accounts:,}",
                "debits": money(one.debits),
                "credits": money(one.credits),
                "debit": money(one.net) if one.net > 0 else "",
                "credit": money(-one.net) if one.net < 0 else "",
                "reserved": money(one.debits_pending + one.credits_pending)
                if one.debits_pending or one.credits_pending
                else "",
            }
            for one in lines
        ]
        rows.append(
            {
                "id": "sum",
                "kind": desk.say("money.sum"),
                "accounts": f"{sum(one.accounts for one in lines):,}",
                "debits": money(sum(one.debits for one in lines)),
                "credits": money(sum(one.credits for one in lines)),
                "debit": money(sum(max(one.net, 0) for one in lines)),
                "credit": money(sum(max(-one.net, 0) for one in lines)),
                "reserved": "",
            }
        )
        await _table(desk, desk.say("money.trial"), columns, rows)

    async def _file(self, ending: str) -> bytes | None:
        """The trial balance on the screen as a file; who took it is in the log."""
        desk, made = self._desk, self._trial
        if made is None:
            desk.tell(desk.say("money.make_first"))
            return None

        async def work() -> bytes:
            rows = trial_rows(made)
            return _csv(rows) if ending == "csv" else await asyncio.to_thread(_xlsx, rows)

        done = await desk.act(
            Right.REPORTS_EXPORT,
            "money.export_trial",
            made.at.isoformat(),
            work,
            detail={"format": ending},
        )
        if isinstance(done, Refused):
            desk.tell(done)
            return None
        return done


def _has_moved(line: Line) -> bool:
    """Whether anything ever stood there: what did not is left to the file."""
    return any((line.debits, line.credits, line.debits_pending, line.credits_pending))


def _csv(rows: Sequence[Sequence[str | int]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _xlsx(rows: Sequence[Sequence[str | int]]) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet("trial balance")
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    sheet.autofit()
    book.close()
    return out.getvalue()


async def _table(
    desk: Desk, name: str, columns: Sequence[Column], rows: Sequence[dict[str, Any]]
) -> None:
    async def fetch(_cursor: None) -> Slice[None]:
        return Slice(rows, None)

    table: CursorTable[None] = CursorTable(desk, columns, fetch, name=name)
    await table.load()


# --- checks --------------------------------------------------------------------------------------


@page("/money/checks", title="money.checks", right=Right.MONEY_SEE, menu="menu.money", order=70)
async def checks(desk: Desk) -> None:
    """Checks of the books, on demand and nightly."""
    columns = (
        Column("at", "money.at"),
        Column("by", "money.asked_by"),
        Column("state", "money.state_label", "state"),
        Column("seconds", "money.seconds", "number"),
        Column("transfers", "money.transfers_checked", "number"),
        Column("findings", "money.findings", "number"),
        Column("progress", "money.progress"),
    )

    async def fetch(cursor: datetime | None) -> Slice[datetime]:
        found = await desk.services.money.checking.page(cursor)
        running["is"] = any(one.state == "running" for one in found)
        after = found[-1].started_at if len(found) == PAGE else None
        return Slice([_check_row(desk, one) for one in found], after)

    running = {"is": False}

    async def start() -> None:
        checking = desk.services.money.checking
        done = await desk.act(
            Right.MONEY_ACT, "money.check", "ledger", lambda: checking.start(desk.member.name)
        )
        desk.tell(done if isinstance(done, Refused) else desk.say("money.check_started"))
        await table.load()

    async def look() -> None:
        if running["is"]:
            await table.reload()

    with page_head(desk.say("money.checks"), note=desk.say("money.checks_note")):
        if desk.may(Right.MONEY_ACT):
            button(desk.say("money.check_now"), start, icon="fact_check", kind="main")
    table: CursorTable[datetime] = CursorTable(
        desk,
        columns,
        fetch,
        name=desk.say("money.checks"),
        empty="money.no_checks",
        on_row=lambda row: ui.navigate.to(address("/money/checks/{check}", check=row["id"])),
    )
    await table.load()
    ui.timer(LOOK_SECONDS, look)


def _check_row(desk: Desk, one: Check) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "at": desk.when(one.started_at, seconds=True),
        "by": desk.say("money.nightly") if one.asked_by == CLOCK else one.asked_by,
        "state": one.state,
        "state_text": said(desk, "check", one.state),
        "state_tone": CHECKS[one.state],
        "seconds": "" if one.seconds is None else f"{one.seconds:,.1f}",
        "transfers": f"{one.checked['transfers']:,}" if "transfers" in one.checked else "",
        "findings": "" if one.state not in ("sound", "unsound") else len(one.findings) + one.more,
        "progress": one.progress or one.problem or "",
    }


@page("/money/checks/{check}", title="money.check_one", right=Right.MONEY_SEE)
async def check(desk: Desk, check: str) -> None:
    """One check: what was counted, what was found, where the chain ended."""
    check_id: UUID | None = parse_id(check)
    one = await desk.services.money.checking.get(check_id) if check_id else None
    say = desk.say
    with page_head(say("money.check_one"), note=short(check_id) if check_id else ""):
        if one is None:
            ui.label(say("money.no_checks"))
            return
        state_chip(said(desk, "check", one.state), CHECKS[one.state])
    row = _check_row(desk, one)
    with section(say("money.checked")):
        pairs = [(say("money.at"), row["at"]), (say("money.asked_by"), row["by"])]
        pairs.append((say("money.seconds"), row["seconds"]))
        facts([*pairs, *((name, f"{count:,}") for name, count in one.checked.items())])
    with section(say("money.findings")):
        columns = (
            Column("what", "money.law"),
            Column("where", "money.where", "mono", wrap=True),
            Column("expected", "money.expected", wrap=True),
            Column("found", "money.found", wrap=True),
        )
        rows = [{"id": number, **one_} for number, one_ in enumerate(one.findings)]
        await _table(desk, say("money.findings"), columns, rows)
    with section(say("money.heads")):
        ui.label(say("money.heads_note")).classes("ar-soft")
        links = (
            Column("lane", "money.lane", "number"),
            Column("segment", "money.segment", "number"),
            Column("hash", "money.hash", "mono", wrap=True),
        )
        await _table(
            desk,
            say("money.heads"),
            links,
            [{"id": head["lane"], **head} for head in one.heads],
        )
