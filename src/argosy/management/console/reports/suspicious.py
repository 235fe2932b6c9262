"""Suspicious transactions, and the form in which an officer reports them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from nicegui import ui

from argosy.base.duties import Report as Duty
from argosy.base.ids import parse_id
from argosy.base.refusals import Refused
from argosy.management.console.desk import Desk
from argosy.management.console.home.page import named
from argosy.management.console.pages import address, page
from argosy.management.console.reports.asked import Asked, asked_for, filters
from argosy.management.console.reports.shown import exports, show, text_of
from argosy.management.console.widgets import (
    ROWS,
    CursorTable,
    Slice,
    button,
    facts,
    heading,
    page_head,
    section,
)
from argosy.management.console.widgets import Column as Shown
from argosy.management.reports.facts import NUMBERS, Long, Report, Row
from argosy.management.reports.suspicious import (
    ITEMS_MAX,
    NARRATIVE_CHARS,
    Filing,
    Filings,
    Why,
    as_table,
    duties,
    suspicious,
)
from argosy.management.staff.facts import Right

PATH = "/reports/suspicious"
FILED = "/reports/suspicious/{filing}"


class List:
    """What may have to be reported, with what was chosen for the form."""

    def __init__(self, desk: Desk, asked: Asked, why: Why) -> None:
        self._desk = desk
        self._asked = asked
        self._report: Long = suspicious(desk.services.db, asked.market, asked.span, why)
        self._why = why
        self._after: Any = None
        self._rows: dict[str, Row] = {}

    async def build(self) -> None:
        """The table, and the form below it for who may file."""
        desk, say = self._desk, self._desk.say
        title = say(f"reports.why_{self._why.value}")

        async def again() -> Report:
            return self._report

        with section():
            with ui.element("div").classes("ar-head w-full"):
                with ui.element("div").classes("ar-head-text"):
                    heading(title)
                exports(desk, self._asked, again, name=f"suspicious-{self._why}", title=title)
            columns = [
                {
                    "name": column.name,
                    "field": column.name,
                    "label": say(column.label),
                    "align": "right" if column.kind in NUMBERS else "left",
                }
                for column in self._report.columns
                if column.name not in ("event", "why")
            ]
            with (
                ui.element("div")
                .classes("rep-wide")
                .props(f'tabindex=0 role=region aria-label="{title}"')
            ):
                self._table = ui.table(
                    rows=[], columns=columns, row_key="id",
                    selection="multiple" if desk.may(Right.REPORTS_EXPORT) else None,
                    on_select=lambda _event: self._counted(),
                )  # fmt: skip
                self._table.classes("ar-table").props(
                    f'flat hide-bottom :pagination="{{rowsPerPage: 0}}" aria-label="{title}"'
                )
            self._empty = ui.label(say(f"reports.none_{self._why.value}")).classes("ar-empty")
            self._more = button(say("table.older"), self._load)
            await self._load()
            if desk.may(Right.REPORTS_EXPORT):
                self._form()

    async def _load(self) -> None:
        page_ = await self._report.fetch(self._after, ROWS)
        self._after = page_.after
        for row in page_.rows:
            self._rows[str(row["id"])] = row
        self._table.rows = [
            {
                "id": id_,
                **{c.name: text_of(self._desk, c, row) for c in self._report.columns},
                "filed": self._desk.say("reports.filed_already") if row["filed"] else "",
            }
            for id_, row in self._rows.items()
        ]
        self._table.update()
        self._table.visible = bool(self._rows)
        self._empty.visible = not self._rows
        self._more.visible = self._after is not None

    def _form(self) -> None:
        say, asked = self._desk.say, self._asked
        self._duties = asked.market.reports_on(asked.today)
        if not self._duties:
            return
        usual = next((n for n, d in enumerate(self._duties) if d.what == "suspicious"), 0)
        with ui.element("div").classes("home-filters"):
            self._duty = ui.select(
                {n: self._duty_name(duty) for n, duty in enumerate(self._duties)},
                value=usual,
                label=say("reports.report_to"),
            ).props("outlined dense options-dense")
            self._chosen = ui.label(say("reports.chosen", n=0)).classes("ar-soft")
        self._narrative = (
            ui.textarea(say("reports.narrative"))
            .props(f"outlined dense autogrow counter maxlength={NARRATIVE_CHARS[1]}")
            .classes("w-full")
        )
        with ui.row().classes("ar-buttons"):
            button(say("reports.file"), self._file, icon="send", kind="main")

    def _duty_name(self, duty: Duty) -> str:
        return " · ".join(filter(None, (named(self._desk, duty.what), duty.to, duty.form)))

    def _counted(self) -> None:
        n = len(self._table.selected)
        self._chosen.text = self._desk.say("reports.chosen", n=n)

    async def _file(self) -> None:
        desk, asked = self._desk, self._asked
        ids = [str(row.get("id")) for row in self._table.selected[: ITEMS_MAX + 1]]
        items = [self._rows[id_] for id_ in ids if id_ in self._rows]
        duty = self._duties[int(self._duty.value)]
        filed = await desk.act(
            Right.REPORTS_EXPORT,
            "reports.file",
            f"{duty.what} {duty.to}",
            lambda: filings_of(desk).file(
                desk.member, asked.market, duty, items, str(self._narrative.value or "")
            ),
            detail={**asked.facts(), "items": len(items), "form": duty.form},
        )
        desk.tell(filed if isinstance(filed, Refused) else desk.say("reports.filed"))
        if isinstance(filed, Filing):
            ui.navigate.to(address(FILED, filing=filed.id))


def filings_of(desk: Desk) -> Filings:
    """Reports filed and to be filed."""
    services = desk.services
    return Filings(services.db, services.clock, services.ids)


@page(PATH, title="reports.suspicious", right=Right.REPORTS_SEE, menu="menu.reports", order=40)
async def suspicious_page(desk: Desk) -> None:
    """What was confirmed, held, or large; what authorities must be told; what they were told."""
    asked = asked_for(desk)
    given = desk.query.get("why", Why.CONFIRMED.value)
    why = Why(given) if given in set(Why) else Why.CONFIRMED
    with page_head(desk.say("reports.suspicious"), note=desk.say("reports.suspicious_note")):
        ui.select(
            {one.value: desk.say(f"reports.why_{one.value}") for one in Why},
            value=why.value,
            label=desk.say("reports.column.why"),
            on_change=lambda event: ui.navigate.to(
                f"{address(PATH)}?{asked.query(why=event.value)}"
            ),
        ).props("outlined dense options-dense")
        await filters(desk, asked, PATH)
    await List(desk, asked, why).build()
    with section(desk.say("reports.filings")):
        await _filings(desk, asked).load()
    with section(desk.say("reports.duties", day=asked.today)):
        show(
            desk,
            duties(asked.market, asked.today),
            name=desk.say("reports.duties", day=asked.today),
            empty="reports.no_duties",
        )


def _filings(desk: Desk, asked: Asked) -> CursorTable[Any]:
    async def fetch(before: Any) -> Slice[Any]:
        found = await filings_of(desk).listed(asked.market.code, before, ROWS)
        rows = [
            {
                **row,
                "at": desk.when(row["at"]),
                "at_to": address(FILED, filing=row["id"]),
                "what": named(desk, row["what"]),
                "narrative": str(row["narrative"])[:120],
            }
            for row in found.rows
        ]
        return Slice(rows, found.after)

    columns = (
        Shown("at", "reports.column.at", "link"),
        Shown("what", "reports.column.what"),
        Shown("authority", "reports.column.authority"),
        Shown("form", "reports.column.form"),
        Shown("count", "reports.column.count", "number"),
        Shown("by_name", "reports.column.by"),
        Shown("narrative", "reports.narrative", wrap=True),
    )
    name = desk.say("reports.filings")
    return CursorTable(desk, columns, fetch, name=name, empty="reports.no_filings")


@page(FILED, title="reports.filing", right=Right.REPORTS_SEE)
async def filing_page(desk: Desk, filing: str) -> None:
    """One report as it was filed."""
    id_: UUID | None = parse_id(filing)
    found = None if id_ is None else await filings_of(desk).one(id_)
    if found is None or found.market not in desk.services.markets:
        page_head(desk.say("reports.filing"))
        with section():
            ui.label(desk.say("reports.no_filing")).classes("ar-empty")
        return
    asked = asked_for(desk)
    table = as_table(found)
    title = " · ".join((named(desk, found.what), found.authority, found.form))

    async def again() -> Report:
        return table

    with page_head(title, note=desk.say("reports.filing")):
        exports(desk, asked, again, name=f"filing-{found.id}", title=title)
    with section():
        facts(
            [
                (desk.say("reports.column.at"), desk.when(found.at)),
                (desk.say("reports.column.by"), found.by_name),
                (desk.say("reports.column.count"), str(len(found.items))),
                (desk.say("reports.narrative"), found.narrative),
            ]
        )
    with (
        section(desk.say("reports.listed")),
        ui.element("div")
        .classes("rep-wide")
        .props(f'tabindex=0 role=region aria-label="{desk.say("reports.listed")}"'),
    ):
        show(desk, table, name=desk.say("reports.listed"))
