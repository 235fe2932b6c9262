"""What a page of the console is, and how it is found: by importing every module below this folder."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from argosy.base.refusals import must
from argosy.management.staff.facts import Right

if TYPE_CHECKING:
    pass

Build = Callable[..., Awaitable[None]]
_PATH = re.compile(r"/(?:[a-z0-9{}_-]+(?:/[a-z0-9{}_-]+)*)?")


@dataclass(frozen=True)
class Page:
    """One page: `path` below the console's root, `title` and `menu` keys of the words files."""

    path: str
    title: str
    right: Right
    menu: str | None
    order: int
    build: Build


PAGES: Final[dict[str, Page]] = {}
"""Every page by its path, once `load` has walked the folder."""


def page(
    path: str, *, title: str, right: Right, menu: str | None = None, order: int = 0
) -> Callable[[Build], Build]:
    """Make `build(desk, **path_params)` the page at `path`, such as `/customers/{party}`.

    The server lets in only members with `right`, before anything is built. `title` is a key of the words
    files; `menu` the key of the group in which the menu shows the page, in the order of `order`, or None.
    """

    def marked(build: Build) -> Build:
        must(_PATH.fullmatch(path) is not None, "this is no path of a page", path=path)
        there = PAGES.get(path)
        must(
            there is None or _same(there.build, build),
            "two pages of one path",
            path=path,
        )
        PAGES[path] = Page(path, title, right, menu, order, build)
        return build

    return marked


def load() -> dict[str, Page]:
    """Import every module below this folder and answer the pages that were found."""
    import argosy.management.console as here

    for found in pkgutil.walk_packages(here.__path__, here.__name__ + "."):
        importlib.import_module(found.name)
    return PAGES


def address(path: str, **params: Any) -> str:
    """The address of a page, as `ui.link` and `ui.navigate.to` take it: `address("/customers/{party}",
    party=id)`. NiceGUI puts ROOT before it; who writes plain HTML does so himself."""
    return path.format(**params)


ROOT: Final = "/console"


def _same(one: Build, other: Build) -> bool:
    return (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)


__all__ = ["PAGES", "ROOT", "Build", "Page", "address", "load", "page"]
