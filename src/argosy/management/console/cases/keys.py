"""Keys of a page: one letter, one act; none while somebody types or a dialog is open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

from nicegui import ui
from nicegui.events import KeyEventArguments

from argosy.management.console.desk import Desk

Doing = Callable[[], Awaitable[Any] | Any]


@dataclass(frozen=True)
class Key:
    """`letter` does `doing`; `says` is a words key for the help."""

    letter: str
    says: str
    doing: Doing


def _nothing() -> None:
    """What the frame does by itself."""


EVERYWHERE = (
    Key("?", "cases.keys.help", _nothing),
    Key("j  k", "cases.keys.rows", _nothing),
    Key("Enter", "cases.keys.open", _nothing),
    Key("/", "cases.keys.search", _nothing),
)


class Keys:
    """Listens on a page, and shows what it listens to. What holds on every page (`?`, `/`, `j`, `k`, Enter)
    the frame listens to by itself."""

    def __init__(self, desk: Desk, keys: Sequence[Key]) -> None:
        self._desk = desk
        self._keys = keys
        self._by_letter = {key.letter: key for key in keys}
        self._open: set[ui.dialog] = set()
        ui.keyboard(on_key=self._pressed, repeating=False, ignore=["input", "select", "textarea"])
        self._help = ui.dialog()
        with self._help, ui.card().classes("ar-dialog"):
            self._show_help()
        self.holds(self._help)

    def holds(self, dialog: ui.dialog) -> None:
        """While `dialog` is open letters are not acts."""
        self._open.add(dialog)

    def help(self) -> None:
        """Show what each key does."""
        self._help.open()

    def button(self) -> ui.button:
        """A button that shows the keys."""
        return (
            ui.button(icon="keyboard", on_click=self.help)
            .props(f'flat dense round aria-label="{self._desk.say("cases.keys.title")}"')
            .classes("ar-icon ar-page-help")
            .tooltip(self._desk.say("cases.keys.title"))
        )

    def _show_help(self) -> None:
        say = self._desk.say
        ui.label(say("cases.keys.title")).classes("ar-h2")
        with ui.element("dl").classes("ar-keys"):
            for key in (*EVERYWHERE, *self._keys):
                with ui.element("dt"), ui.element("kbd").classes("ar-key"):
                    ui.label(key.letter)
                with ui.element("dd"):
                    ui.label(say(key.says))
        with ui.row().classes("w-full justify-end"):
            ui.button(say("cases.close"), on_click=self._help.close, color=None).props(
                "flat no-caps color=primary"
            )

    async def _pressed(self, event: KeyEventArguments) -> None:
        if not event.action.keydown or any(dialog.value for dialog in self._open):
            return
        if event.modifiers.ctrl or event.modifiers.alt or event.modifiers.meta:
            return
        letter = str(event.key.name)
        key = self._by_letter.get(letter)
        if key is not None:
            said = key.doing()
            if isawaitable(said):
                await said
