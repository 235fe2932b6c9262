"""What the pages are made of: a table that pages by cursor, amounts, states, links, tiles, dialogs.

Data goes into pages as text and properties only, never as HTML.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, Final, Generic, Literal, TypeVar

from nicegui import ui

from argosy.management.console.desk import Desk
from argosy.management.console.pages import address

T = TypeVar("T")
Tone = Literal["good", "warn", "bad", "info", "quiet"]
ROWS: Final = 50
REASON_CHARS_MAX: Final = 500

_BODY: Final = """
<q-tr :props="props" :tabindex="props.row.opens ? 0 : undefined"
      @click="props.row.opens && $parent.$emit('choose', props.row)">
  <q-td v-for="col in props.cols" :key="col.name" :props="props" :class="col.looks">
    <span v-if="col.kind === 'state' && props.row[col.name]"
      :class="'ar-chip ar-chip-' + (props.row[col.name + '_tone'] || 'quiet')"
      >{{ props.row[col.name + '_text'] ?? props.row[col.name] }}</span>
    <a v-else-if="col.kind === 'link' && props.row[col.name + '_to']"
      :href="'/console' + props.row[col.name + '_to']" @click.stop>{{ props.row[col.name] }}</a>
    <template v-else>{{ props.row[col.name] }}</template>
  </q-td>
</q-tr>
"""


@dataclass(frozen=True)
class Column:
    """One column: `name` is the row's field, `label` a words key. `kind` says how it is shown:
    `text`, `number` (right-aligned), `mono` (ids), `state` (a chip; the row has `<name>_tone` and may
    have `<name>_text`), `link` (the row has `<name>_to`, an address of `pages.address`). `wrap` lets a
    long text take several lines."""

    name: str
    label: str
    kind: Literal["text", "number", "mono", "state", "link"] = "text"
    wrap: bool = False


@dataclass(frozen=True)
class Slice(Generic[T]):
    """One page of rows as a table shows them, and the cursor of the next; None at the end."""

    rows: Sequence[Mapping[str, Any]]
    after: T | None


class CursorTable(Generic[T]):
    """A table over any number of rows: `fetch(cursor)` answers one `Slice`, the first with None.

    Each row has an `id`. `on_row(row)` is called when a row is chosen with mouse or keyboard; the row is
    the one that was fetched, not what the browser says. Nothing is shown before the first `load`.
    """

    def __init__(
        self,
        desk: Desk,
        columns: Sequence[Column],
        fetch: Callable[[T | None], Awaitable[Slice[T]]],
        *,
        name: str,
        empty: str = "table.empty",
        on_row: Callable[[Mapping[str, Any]], Any] | None = None,
    ) -> None:
        self._desk = desk
        self._fetch = fetch
        self._on_row = on_row
        self._before: list[T | None] = []
        self._here: T | None = None
        self._next: T | None = None
        self._rows: dict[str, Mapping[str, Any]] = {}
        with ui.column().classes("w-full gap-2") as self.element:
            self._table = ui.table(
                columns=[_column(desk, column) for column in columns], rows=[], row_key="id"
            )
            self._table.classes("ar-table").props(
                f'flat hide-bottom :pagination="{{rowsPerPage: 0}}" aria-label="{_plain(name)}"'
            )
            self._table.add_slot("body", _BODY)
            if on_row is not None:
                self._table.on("choose", self._chosen)
            self._empty = ui.label(desk.say(empty)).classes("ar-empty")
            self._empty.visible = False
            with ui.element("div").classes("ar-pager") as self._pager:
                self._newer = ui.button(
                    desk.say("table.newer"), icon="chevron_left", on_click=self._back
                ).props("flat dense no-caps")
                self._older = ui.button(
                    desk.say("table.older"), icon="chevron_right", on_click=self._on
                ).props("flat dense no-caps")
            self._pager.visible = False

    async def load(self) -> None:
        """Show the first page; again after something changed or a filter was set."""
        self._before.clear()
        await self._show(None)

    async def reload(self) -> None:
        """Show the same page anew."""
        await self._show(self._here)

    async def _show(self, cursor: T | None) -> None:
        found = await self._fetch(cursor)
        self._here, self._next = cursor, found.after
        self._rows = {str(row["id"]): row for row in found.rows}
        self._table.rows = [
            _safe({**row, "id": str(row["id"]), "opens": self._on_row is not None})
            for row in found.rows
        ]
        self._table.update()
        self._empty.visible = not found.rows
        self._newer.visible = bool(self._before)
        self._older.visible = found.after is not None
        self._pager.visible = self._newer.visible or self._older.visible

    async def _on(self) -> None:
        if self._next is not None:
            self._before.append(self._here)
            await self._show(self._next)

    async def _back(self) -> None:
        if self._before:
            await self._show(self._before.pop())

    async def _chosen(self, event: Any) -> None:
        chosen = event.args.get("id") if isinstance(event.args, dict) else None
        row = self._rows.get(str(chosen))
        if row is not None and self._on_row is not None:
            said = self._on_row(row)
            if isawaitable(said):
                await said


def _column(desk: Desk, column: Column) -> dict[str, Any]:
    looks = {"number": "ar-number", "mono": "ar-mono"}.get(column.kind, "")
    return {
        "name": column.name,
        "field": column.name,
        "label": desk.say(column.label) if column.label else "",
        "align": "right" if column.kind == "number" else "left",
        "kind": column.kind,
        "looks": looks + (" ar-wrap" if column.wrap else ""),
    }


def _safe(row: dict[str, Any]) -> dict[str, Any]:
    """Links lead to pages of the console and nowhere else."""
    return {
        key: value
        for key, value in row.items()
        if not key.endswith("_to") or str(value).startswith("/")
    }


def _plain(text: str) -> str:
    """Text as it may stand in a property between quotation marks."""
    return text.replace("\\", " ").replace('"', "'").replace("\n", " ")


def page_head(title: str, *, note: str = "") -> ui.element:
    """The heading of a page; what is made inside the `with` stands at its right."""
    with ui.element("div").classes("ar-head") as head, ui.element("div").classes("ar-head-text"):
        heading(title, 1)
        if note:
            ui.label(note).classes("ar-soft")
    return head


def heading(text: str, level: int = 2) -> ui.element:
    """A heading that screen readers know as one."""
    with ui.element(f"h{level}").classes(f"ar-h{min(level, 2)}") as made:
        ui.label(text)
    return made


def section(title: str = "") -> ui.card:
    """A part of a page with its title; what belongs to it is made inside the `with`."""
    card = ui.card().classes("ar-section w-full")
    if title:
        with card:
            heading(title)
    return card


def tiles() -> ui.element:
    """A row of tiles, as many beside one another as there is room for."""
    return ui.element("div").classes("ar-tiles w-full")


def tile(label: str, value: str, *, note: str = "", tone: Tone = "quiet") -> ui.card:
    """One figure with its label, such as on the home page. All are texts."""
    with ui.card().classes("ar-tile") as card:
        ui.label(label).classes("ar-tile-label")
        ui.label(value).classes("ar-tile-value")
        if note:
            with ui.element("div"):
                if tone == "quiet":
                    ui.label(note).classes("ar-tile-note")
                else:
                    state_chip(note, tone)
    return card


def amount(desk: Desk, minor: int, currency: str) -> ui.label:
    """An amount, right-aligned in figures of one width."""
    return ui.label(desk.money(minor, currency)).classes("ar-number")


def state_chip(text: str, tone: Tone = "quiet") -> ui.label:
    """A state as a small coloured chip, which says it in words too."""
    return ui.label(text).classes(f"ar-chip ar-chip-{tone}")


def entity_link(text: str, path: str, **params: Any) -> ui.link:
    """A link to another page of the console: `entity_link(name, "/customers/{party}", party=id)`."""
    return ui.link(text, address(path, **params))


def facts(pairs: Sequence[tuple[str, str]]) -> ui.element:
    """Labels and values below one another, as a list of definitions."""
    with ui.element("dl").classes("ar-facts") as made:
        for label, value in pairs:
            with ui.element("dt"):
                ui.label(label)
            with ui.element("dd"):
                ui.label(value)
    return made


def button(
    text: str,
    on_click: Callable[..., Any],
    *,
    icon: str | None = None,
    kind: Literal["main", "plain", "danger"] = "plain",
) -> ui.button:
    """A button: one `main` on a page, `danger` where something ends."""
    made = ui.button(text, icon=icon, on_click=on_click, color=None)
    # Quasar's colour classes beat every style of ours, so that an outline takes its colour from ours
    look = "unelevated color=primary" if kind == "main" else "outline"
    return made.props(f"no-caps dense padding='4px 12px' {look}").classes(f"ar-btn-{kind}")


async def ask_reason(
    desk: Desk, title: str, *, text: str = "", button: str = "", danger: bool = False
) -> str | None:
    """Ask for a reason, which must be given; None where the member thought better of it."""
    with ui.dialog().props("persistent") as dialog, ui.card().classes("ar-dialog"):
        heading(title)
        if text:
            ui.label(text).classes("ar-soft")
        field = (
            ui.textarea(desk.say("reason.label"))
            .props(f"outlined dense autogrow autofocus maxlength={REASON_CHARS_MAX} counter")
            .classes("w-full")
        )

        def given() -> None:
            reason = str(field.value or "").strip()
            if reason:
                dialog.submit(reason[:REASON_CHARS_MAX])
            else:
                field.props("error").props(f'error-message="{desk.say("reason.needed")}"')

        with ui.row().classes("ar-buttons"):
            ui.button(desk.say("reason.cancel"), on_click=lambda: dialog.submit(None)).props(
                "flat no-caps"
            )
            ui.button(button or desk.say("reason.go"), on_click=given, color=None).props(
                "unelevated no-caps " + ("color=negative" if danger else "color=primary")
            )
    answer = await dialog
    dialog.delete()
    return answer if isinstance(answer, str) else None


def export_menu(
    desk: Desk, formats: Mapping[str, Callable[[], Awaitable[bytes | None]]], *, name: str
) -> ui.element:
    """A button with a menu of `formats`, such as csv and xlsx; each makes a file called `name`, or None
    where it was refused and the member was told."""

    async def make(ending: str) -> None:
        content = await formats[ending]()
        if content is not None:
            ui.download.content(content, f"{name}.{ending}")

    with (
        ui.button(desk.say("export.button"), icon="download", color=None).props(
            "outline no-caps dense padding='4px 12px' color=primary"
        ) as made,
        ui.menu().props("auto-close"),
    ):
        for ending in formats:
            ui.menu_item(ending.upper(), on_click=lambda ending=ending: make(ending))
    return made
