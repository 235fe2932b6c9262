"""Reports on the screen, and the button that makes files of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from nicegui import ui

from argosy.base.refusals import Refused
from argosy.management.console.desk import Desk
from argosy.management.console.home.page import named
from argosy.management.console.home.shown import count, millis, percent
from argosy.management.console.reports.asked import Asked
from argosy.management.console.reports.sending import send
from argosy.management.console.widgets import ROWS, CursorTable, Slice
from argosy.management.console.widgets import Column as Shown
from argosy.management.reports.exporting import FORMATS, Head, Voice, to_file
from argosy.management.reports.facts import NUMBERS, Column, Kind, Long, Report, Row, Table
from argosy.management.staff.facts import Right

_BODY: Final = """
<q-tr :props="props" :class="props.row.is_total ? 'rep-total' : ''">
  <q-td v-for="col in props.cols" :key="col.name" :props="props"
        :class="col.align === 'right' ? 'ar-number' : ''">{{ col.value }}</q-td>
</q-tr>
"""


def text_of(desk: Desk, column: Column, row: Row) -> str:
    """A value as staff read it."""
    value = row.get(column.name)
    if value is None:
        return ""
    match column.kind:
        case Kind.MONEY:
            return desk.money(int(value), row["currency"])
        case Kind.COUNT | Kind.BYTES:
            return count(value)
        case Kind.SHARE:
            return percent(value, 2)
        case Kind.MILLIS:
            return millis(value)
        case Kind.NAME:
            return named(desk, str(value))
        case Kind.WHEN:
            return desk.when(value, seconds=True)
        case _:
            return str(value)


def show(desk: Desk, table: Table, *, name: str, empty: str = "reports.empty") -> None:
    """A whole report as a table, its total at the foot."""
    if not table.rows:
        ui.label(desk.say(empty)).classes("ar-empty")
        return
    columns = [
        {
            "name": column.name,
            "field": column.name,
            "label": desk.say(column.label),
            "align": "right" if column.kind in NUMBERS else "left",
        }
        for column in table.columns
    ]
    rows: list[dict[str, Any]] = [_row(desk, table.columns, row) for row in table.rows]
    if table.total is not None:
        first = table.columns[0].name
        total = _row(desk, table.columns, table.total)
        rows.append({**total, first: desk.say("reports.total"), "is_total": True})
    for n, row in enumerate(rows):
        row["id"] = n
    made = ui.table(rows=rows, columns=columns, row_key="id").classes("ar-table")
    made.props(f'flat hide-bottom :pagination="{{rowsPerPage: 0}}" aria-label="{name}"')
    made.add_slot("body", _BODY)


def show_long(
    desk: Desk,
    report: Long,
    *,
    name: str,
    empty: str = "reports.empty",
    links: Mapping[str, Callable[[Row], str]] | None = None,
    on_row: Callable[[Mapping[str, Any]], Any] | None = None,
    skip: Sequence[str] = (),
) -> CursorTable[Any]:
    """A report of any length, page by page; `links` leads from a column to another page."""
    to = links or {}
    columns = [column for column in report.columns if column.name not in skip]

    async def fetch(after: Any) -> Slice[Any]:
        page = await report.fetch(after, ROWS)
        rows = []
        for row in page.rows:
            shown = _row(desk, columns, row)
            shown |= {f"{column}_to": lead(row) for column, lead in to.items()}
            rows.append({**shown, "id": str(row["id"]), "raw": None})
        return Slice(rows, page.after)

    kinds = [
        Shown(
            column.name,
            column.label,
            "link" if column.name in to else "number" if column.kind in NUMBERS else "text",
        )
        for column in columns
    ]
    return CursorTable(desk, kinds, fetch, name=name, empty=empty, on_row=on_row)


def _row(desk: Desk, columns: Sequence[Column], row: Row) -> dict[str, Any]:
    return {column.name: text_of(desk, column, row) for column in columns}


def exports(
    desk: Desk,
    asked: Asked,
    report: Callable[[], Awaitable[Report]],
    *,
    name: str,
    title: str,
    formats: Sequence[str] = FORMATS,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """A button that makes a file of a report: an act in the audit log. Long ones are written page by page
    and sent from disk."""
    if not desk.may(Right.REPORTS_EXPORT):
        return

    async def make(how: str) -> None:
        button.props("loading")
        try:
            made = await desk.act(
                Right.REPORTS_EXPORT,
                "reports.export",
                name,
                lambda: _made(desk, asked, report, name, title, how),
                detail={**asked.facts(), **(facts or {}), "format": how},
            )
        finally:
            button.props(remove="loading")
        if isinstance(made, Refused):
            desk.tell(made)
        elif made is None:
            ui.notify(desk.say("reports.too_long"), type="warning", position="top")
        else:
            send(made)

    with (
        ui.button(desk.say("export.button"), icon="download", color=None).props(
            "outline no-caps dense padding='4px 12px' color=primary"
        ) as button,
        ui.menu().props("auto-close"),
    ):
        for how in formats:
            ui.menu_item(desk.say(f"reports.as_{how}"), on_click=lambda how=how: make(how))


async def _made(
    desk: Desk,
    asked: Asked,
    report: Callable[[], Awaitable[Report]],
    name: str,
    title: str,
    how: str,
) -> Path | None:
    services, span = desk.services, asked.span
    now = services.clock.now()
    voice = Voice(
        lambda column: desk.say(column.label),
        lambda word: named(desk, word),
        asked.market.zone,
        desk.say("reports.total"),
    )
    days = desk.say("reports.of_days", first=span.first, last=span.last, zone=span.zone)
    made = desk.say("reports.made", at=desk.when(now), name=desk.member.name)
    head = Head(title, (f"{asked.market.name} · {days}", made))
    file = f"{name}-{asked.market.code}-{span.first}-{span.last}"
    return await to_file(await report(), how, voice, head, now, services.font_of, file)
