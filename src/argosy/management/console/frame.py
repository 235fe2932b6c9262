"""What stands around every page: the menu by rights, the bar with member, language, theme and search."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from nicegui import ui

from argosy.management.console.desk import Desk
from argosy.management.console.pages import PAGES, ROOT, Page, address
from argosy.management.console.saying import LANGUAGES

MENUS: Final = ("overview", "customers", "money", "risk", "reports", "setup", "staff")
"""The groups of the menu from top to bottom; others follow in the order of their names."""

ICONS: Final = {
    "overview": "space_dashboard",
    "customers": "people_alt",
    "money": "account_balance_wallet",
    "risk": "policy",
    "reports": "bar_chart",
    "setup": "tune",
    "staff": "badge",
}
THEMES: Final = {"auto": "brightness_auto", "light": "light_mode", "dark": "dark_mode"}
SEARCH: Final = "/customers"
"""The page that the search box leads to, with what was typed as `q`."""

APPROVALS: Final = "/approvals"
KEYS: Final = (("?", "key_help"), ("/", "key_search"), ("J  K", "key_rows"), ("Enter", "key_open"))


def frame(desk: Desk, page: Page, waiting: int) -> ui.element:
    """Build the frame around `page`; what is made inside the element answered is the page."""
    ui.link(desk.say("frame.skip"), "#content").classes("ar-skip")
    _bar(desk, waiting)
    _menu(desk, page)
    with ui.element("main").classes("ar-page").props("id=content tabindex=-1") as body:
        pass
    return body


def _bar(desk: Desk, waiting: int) -> None:
    services = desk.services
    with ui.header(elevated=False).classes("ar-bar"):
        with ui.link(target="/").classes("ar-mark"):
            ui.label("Argosy")
        ui.label(services.market.name).classes("ar-market")
        if services.demo:
            ui.label(desk.say("frame.demo")).classes("ar-demo")
        _search(desk)
        ui.space()
        if waiting:
            with ui.link(target=address(APPROVALS)).classes("ar-waiting"):
                ui.icon("how_to_reg").props("aria-hidden=true")
                ui.label(f"{desk.say('frame.waiting')} · {waiting}")
        _choice(
            desk, "language", "translate", dict(LANGUAGES),
            desk.language,
        )  # fmt: skip
        themes = {theme: desk.say(f"frame.theme_{theme}") for theme in THEMES}
        _choice(desk, "theme", THEMES[desk.session.theme], themes, desk.session.theme)
        help_ = _help(desk)
        _icon_button("help_outline", desk.say("frame.help"), "ar-help").on_click(help_.open)
        _account(desk)


def _search(desk: Desk) -> None:
    page = PAGES.get(SEARCH)
    if page is None or not desk.may(page.right):
        return
    with (
        ui.element("form")
        .classes("ar-search")
        .props(f'method=get action="{ROOT}{address(SEARCH)}" role=search')
    ):
        ui.icon("search").props("aria-hidden=true")
        ui.element("input").props(
            "type=search name=q id=ar-search autocomplete=off maxlength=100"
        ).props(f'placeholder="{desk.say("frame.search")}" aria-label="{desk.say("frame.search")}"')


def _choice(desk: Desk, what: str, icon: str, choices: dict[str, str], now: str) -> None:
    label = desk.say(f"frame.{what}")

    async def choose(value: str) -> None:
        await desk.services.people.prefer(desk.member.id, **{what: value})
        ui.navigate.reload()

    with _icon_button(icon, label), ui.menu().props("auto-close"):
        for value, text in choices.items():
            item = ui.menu_item(text, on_click=lambda value=value: choose(value))
            if value == now:
                item.classes("ar-chosen").props("aria-current=true")


def _account(desk: Desk) -> None:
    member = desk.member
    with (
        ui.button(color=None).props("flat dense no-caps").classes("ar-who")
        .props(f'aria-label="{desk.say("frame.account")}"')
    ):  # fmt: skip
        ui.label(member.name[:1].upper()).classes("ar-face").props("aria-hidden=true")
        ui.label(member.name).classes("ar-name")
        with ui.menu(), ui.column().classes("ar-account"):
            ui.label(member.name).classes("ar-strong")
            ui.label(" · ".join(desk.word(f"role.{role}", role) for role in member.roles)).classes(
                "ar-soft"
            )
            until = desk.when(desk.session.ends_at)
            ui.label(desk.say("frame.session_until", at=until)).classes("ar-soft")
            with ui.element("form").props(f'method=post action="{ROOT}/signout"'):
                ui.button(desk.say("frame.sign_out"), icon="logout").props(
                    "type=submit outline no-caps dense id=ar-sign-out"
                )


def _help(desk: Desk) -> ui.dialog:
    with ui.dialog() as dialog, ui.card().classes("ar-dialog"):
        ui.label(desk.say("frame.help")).classes("ar-h2")
        with ui.element("dl").classes("ar-keys"):
            for key, word in KEYS:
                with ui.element("dt"), ui.element("kbd").classes("ar-key"):
                    ui.label(key)
                with ui.element("dd"):
                    ui.label(desk.say(f"frame.{word}"))
        with ui.row().classes("ar-buttons"):
            ui.button(desk.say("frame.close"), on_click=dialog.close).props("flat no-caps")
    return dialog


def _icon_button(icon: str, label: str, classes: str = "") -> ui.button:
    with (
        ui.button(icon=icon, color=None)
        .props(f'flat round dense aria-label="{label}"')
        .classes(f"ar-icon {classes}") as button
    ):
        ui.tooltip(label)
    return button


def _menu(desk: Desk, here: Page) -> None:
    with (
        ui.left_drawer(value=True, fixed=True)
        .props(f'width=216 breakpoint=900 behavior=desktop aria-label="{desk.say("frame.menu")}"')
        .classes("ar-menu"),
        ui.element("nav").props(f'aria-label="{desk.say("frame.menu")}"'),
    ):
        for menu, pages in _groups(desk):
            with ui.row().classes("ar-menu-group"):
                ui.icon(ICONS.get(menu, "folder")).props("aria-hidden=true")
                ui.label(desk.say(f"menu.{menu}"))
            for page in pages:
                link = ui.link(desk.say(page.title), address(page.path)).classes("ar-menu-item")
                if page.path == here.path or _is_under(here, page):
                    link.classes("ar-here").props("aria-current=page")


def _is_under(here: Page, page: Page) -> bool:
    """Whether the menu shows `here`, which is not in it, as part of `page`."""
    return here.menu is None and page.path != "/" and here.path.startswith(page.path + "/")


def _groups(desk: Desk) -> Iterator[tuple[str, list[Page]]]:
    def rank(page: Page) -> tuple[int, str]:
        menu = (page.menu or "").removeprefix("menu.")
        return (MENUS.index(menu) if menu in MENUS else len(MENUS), menu)

    pages = [
        page
        for page in PAGES.values()
        if page.menu and "{" not in page.path and desk.may(page.right)
    ]
    pages.sort(key=lambda page: (rank(page), page.order, page.path))
    for (_, menu), found in groupby(pages, key=rank):
        yield menu, list(found)
