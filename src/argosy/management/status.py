"""What runs, and what memory each part of it takes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

PID_FILE = "argosy.pid"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the running wallet. `memory_bytes` is the proportional set size: a page that
    several processes share is counted once in all of them together."""

    name: str
    processes: int
    memory_bytes: int


def note_running(data: Path) -> None:
    """Leave a note of this process in the data folder, for `parts` to find."""
    data.mkdir(parents=True, exist_ok=True)
    (data / PID_FILE).write_text(f"{os.getpid()}\n", "ascii")


def forget_running(data: Path) -> None:
    """Take the note away."""
    (data / PID_FILE).unlink(missing_ok=True)


def parts(data: Path) -> list[Part]:
    """The parts of the Argosy that runs on `data`; none where none runs."""
    try:
        main = psutil.Process(int((data / PID_FILE).read_text("ascii")))
        words = main.cmdline()
    except (OSError, ValueError, psutil.Error):
        return []
    if not any("argosy" in word for word in words):
        return []  # the number was given to another program since
    found: dict[str, list[int]] = {}
    for process in [main, *main.children(recursive=True)]:
        try:
            name = "database" if process.name().startswith("postgres") else "wallet"
            found.setdefault(name, []).append(_memory(process))
        except psutil.NoSuchProcess:
            continue
    return [Part(name, len(sizes), sum(sizes)) for name, sizes in sorted(found.items())]


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.AccessDenied, AttributeError):  # no such figure on this system: resident size
        return int(process.memory_info().rss)
