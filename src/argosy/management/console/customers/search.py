"""Finding a wallet: by what somebody has in hand, or in the lists of those that are stopped or of a kind."""

from __future__ import annotations

from uuid import UUID

from nicegui import ui

from argosy.base.parties.facts import PartyState
from argosy.management.console.customers.shown import (
    case_address,
    hit_row,
    order_address,
    style,
    wallet_address,
)
from argosy.management.console.desk import Desk
from argosy.management.console.pages import page
from argosy.management.console.widgets import Column, CursorTable, Slice, button, page_head
from argosy.management.customers import Searching
from argosy.management.customers.facts import Found, Hits
from argosy.management.staff.facts import Right

COLUMNS = (
    Column("name", "customers.name", "link"),
    Column("number", "customers.number", "mono"),
    Column("kind", "customers.kind_label"),
    Column("state", "customers.state_label", "state"),
    Column("level", "customers.level"),
    Column("market", "customers.market"),
    Column("category", "customers.category"),
    Column("since", "customers.since"),
    Column("by", "customers.found_by"),
)
LATEST, FROZEN, CLOSING = "latest", "frozen", "closing"
TEXT_CHARS_MAX = 120


class SearchPage:
    """The box, the lists, and the table that shows what either found."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._searching = Searching(desk.services, desk.member)
        self._list = LATEST
        self._found: Found | None = None

    async def build(self) -> None:
        """The page, and the search that its address asks for."""
        desk, say = self._desk, self._desk.say
        style()
        page_head(say("customers.title"), note=say("customers.search_note"))
        with ui.element("div").classes("ar-row"):
            self._box = (
                ui.input(say("customers.search"))
                .props(f"outlined dense clearable maxlength={TEXT_CHARS_MAX} type=search")
                .classes("grow")
                .style("max-width: 460px")
                .on("keydown.enter", self._asked)
            )
            button(say("customers.find"), self._asked, icon="search", kind="main")
        with ui.element("div").classes("ar-row"):
            self._lists = ui.toggle(
                {name: say(f"customers.list.{name}") for name in (LATEST, FROZEN, CLOSING)},
                value=LATEST,
                on_change=self._listed,
            ).props('dense no-caps unelevated toggle-color=primary padding="4px 12px"')
            classes = await self._searching.classes()
            if classes:
                self._classes = (
                    ui.select(
                        classes,
                        label=say("customers.list.category"),
                        clearable=True,
                        on_change=self._of_class,
                    )
                    .props("outlined dense")
                    .style("min-width: 220px")
                )
        self._told = ui.label("").classes("ar-soft").props("role=status")
        self._told.visible = False
        self._table = CursorTable(
            desk,
            COLUMNS,
            self._fetch,
            name=say("customers.title"),
            empty="customers.nothing",
            on_row=lambda row: ui.navigate.to(wallet_address(row["id"])),
        )
        asked = desk.query.get("q", "").strip()
        if asked:
            # what was typed may be a phone: it is not to stay in the browser's history
            ui.run_javascript("history.replaceState(null, '', location.pathname)")
            self._box.value = asked[:TEXT_CHARS_MAX]
            await self._search(asked)
        else:
            await self._table.load()

    async def _asked(self) -> None:
        await self._search(str(self._box.value or ""))

    async def _search(self, text: str) -> None:
        if not text.strip():
            self._found = None
            self._told.visible = False
            await self._table.load()
            return
        no = await self._desk.allowed(Right.CUSTOMERS_SEE)
        if no is not None:
            self._desk.tell(no)
            return
        found = await self._searching.find(text)
        to = None
        if found.order is not None:
            to = order_address(found.order.id)
        elif found.case is not None:
            to = case_address(found.case)
        elif len(found.hits) == 1 and found.hits[0].by != "name":
            to = wallet_address(found.hits[0].party.id)
        if to is not None:
            ui.navigate.to(to)
            return
        self._found = found
        key = "more_names" if found.more else "count"
        self._told.text = self._desk.say(f"customers.{key}", count=len(found.hits))
        self._told.visible = True
        await self._table.load()

    async def _listed(self) -> None:
        self._list = str(self._lists.value or LATEST)
        await self._back_to_lists()

    async def _of_class(self) -> None:
        self._list = f"class {self._classes.value}" if self._classes.value else LATEST
        await self._back_to_lists()

    async def _back_to_lists(self) -> None:
        self._found = None
        self._told.visible = False
        await self._table.load()

    async def _fetch(self, after: UUID | None) -> Slice[UUID]:
        if self._found is not None:
            return Slice([hit_row(self._desk, hit) for hit in self._found.hits], None)
        page_ = await self._page(after)
        return Slice([hit_row(self._desk, hit) for hit in page_.hits], page_.after)

    async def _page(self, after: UUID | None) -> Hits:
        if self._list.startswith("class "):
            return await self._searching.of_class(self._list.removeprefix("class "), after)
        if self._list in (FROZEN, CLOSING):
            return await self._searching.stopped(PartyState(self._list), after)
        return await self._searching.latest(after)


@page(
    "/customers",
    title="customers.title",
    right=Right.CUSTOMERS_SEE,
    menu="menu.customers",
    order=10,
)
async def customers(desk: Desk) -> None:
    """Finding a wallet."""
    await SearchPage(desk).build()
