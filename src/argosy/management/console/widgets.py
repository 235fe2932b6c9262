"""What the pages are made of: a table that pages by cursor, amounts, states, links, tiles, dialogs.

Data goes into pages as text and properties only, never as HTML.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

from nicegui import ui

from argosy.management.console.desk import Desk
from argosy.management.console.pages import address

T = TypeVar("T")
Tone = Literal["good", "warn", "bad", "info", "quiet"]
ROWS: Final = 50


@dataclass(frozen=True)
class Column:
    """One column: `name` is the row's field, `label` a words key. `kind` says how it is shown:
    `text`, `number` (right-aligned), `mono` (ids), `state` (a chip; the row has `<name>_tone` and may
    have `<name>_text`), `link` (the row has `<name>_to`, an address of `pages.address`)."""

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

    Each row has an `id`. `on_row(row)` is called when a row is chosen with mouse or keyboard.
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
        raise NotImplementedError

    async def load(self) -> None:
        """Show the first page; again after something changed or a filter was set."""
        raise NotImplementedError


def section(title: str) -> ui.card:
    """A part of a page with its title; what belongs to it is made inside the `with`."""
    raise NotImplementedError


def tile(label: str, value: str, *, note: str = "", tone: Tone = "quiet") -> ui.card:
    """One figure with its label, such as on the home page. All are texts."""
    raise NotImplementedError


def amount(desk: Desk, minor: int, currency: str) -> ui.label:
    """An amount, right-aligned in figures of one width."""
    raise NotImplementedError


def state_chip(text: str, tone: Tone = "quiet") -> ui.element:
    """A state as a small coloured chip, which says it in words too."""
    raise NotImplementedError


def entity_link(text: str, path: str, **params: Any) -> ui.link:
    """A link to another page of the console: `entity_link(name, "/customers/{party}", party=id)`."""
    return ui.link(text, address(path, **params))


def facts(pairs: Sequence[tuple[str, str]]) -> ui.element:
    """Labels and values below one another, as a list of definitions."""
    raise NotImplementedError


async def ask_reason(
    desk: Desk, title: str, *, text: str = "", button: str = "", danger: bool = False
) -> str | None:
    """Ask for a reason, which must be given; None where the member thought better of it."""
    raise NotImplementedError


def export_menu(
    desk: Desk, formats: Mapping[str, Callable[[], Awaitable[bytes | None]]], *, name: str
) -> ui.element:
    """A button with a menu of `formats`, such as csv and xlsx; each makes a file called `name`."""
    raise NotImplementedError


def page_head(title: str, *, note: str = "") -> ui.row:
    """The heading of a page; what is made inside the `with` stands at its right."""
    raise NotImplementedError
