"""More server processes than one: how the first keeps the others, and how none of them outlives it."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from argosy.settings import Settings

RESTART_SECONDS = 1.0
PR_SET_PDEATHSIG = 1
"""Of Linux's prctl: the signal that a process gets when its parent dies."""

_log = logging.getLogger(__name__)


async def keep(index: int, fd: int, settings: Settings, url: str, brain_at: Path) -> None:
    """Run server process `index` on the listening socket `fd`, again and again until cancelled."""
    words = ["worker", "--index", str(index), "--fd", str(fd), "--brain", str(brain_at)]
    await _keep(f"worker {index}", words, fd, settings, url)


async def keep_console(fd: int, settings: Settings, url: str, brain_at: Path) -> None:
    """Run the staff's console on the listening socket `fd`, again and again until cancelled."""
    words = ["console", "--fd", str(fd), "--brain", str(brain_at)]
    await _keep("the console", words, fd, settings, url)


async def _keep(name: str, words: list[str], fd: int, settings: Settings, url: str) -> None:
    command = [sys.executable, "-m", "argosy", *words]
    environment = {
        **os.environ,
        "ARGOSY_DATABASE_URL": url,
        "ARGOSY_DEMO": "yes" if settings.demo else "no",
        "ARGOSY_MARKET": settings.market,
        "ARGOSY_CONSOLE_PORT": str(settings.console_port),
    }
    while True:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            pass_fds=[fd],
            start_new_session=True,
            preexec_fn=dying_with(os.getpid()),
        )
        try:
            ended = await process.wait()
        except asyncio.CancelledError:
            process.send_signal(signal.SIGINT)
            await process.wait()
            raise
        _log.error("%s ended with %s and is started again", name, ended)
        await asyncio.sleep(RESTART_SECONDS)


def dying_with(parent: int) -> Callable[[], None] | None:
    """What a child does before it is a program: ask Linux to kill it with its parent.

    Whoever judges may be killed while a worker only just starts: that worker would hold the port, and the
    next start would find it taken. Not before the fork, because the wish is not inherited; not in the
    program, because that takes a second to begin.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def bind() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return bind


async def end_with(parent: int) -> None:
    """End this process well once `parent`, who started it, is gone: for systems other than Linux."""
    while os.getppid() == parent:  # noqa: ASYNC110 - nobody tells an orphan that it is one
        await asyncio.sleep(RESTART_SECONDS)
    signal.raise_signal(signal.SIGTERM)
