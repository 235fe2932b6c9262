"""A file from disk to the browser that asked for it, once."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from nicegui import context, core

KEPT_SECONDS: Final = 600.0
"""So long a file waits to be fetched."""


def send(file: Path) -> None:
    """Have the browser of this window fetch `file`, once; it is removed with its folder after a while.

    Its address cannot be guessed, and only who is signed in is let through to it. It goes before the
    console's route for every page, which would answer for it.
    """
    at = core.app.add_static_file(local_file=file, single_use=True)
    routes = core.app.router.routes
    routes.insert(0, routes.pop())
    client = context.client
    client.on_delete(lambda: core.app.remove_route(unquote(at)))
    client.download(at, file.name)
    asyncio.get_running_loop().call_later(
        KEPT_SECONDS, lambda: shutil.rmtree(file.parent, ignore_errors=True)
    )
