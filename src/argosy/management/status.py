"""What runs, and what memory each part of it takes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

PID_FILE = "argosy.pid"
_BY_COMMAND = {"console": "console", "learn": "learning", "worker": "worker"}
_NEAR = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where it listens everywhere, asked nearby


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the running wallet. `memory_bytes` is the proportional set size: a page that
    several processes share is counted once in all of them together."""

    name: str
    processes: int
    memory_bytes: int


def note_running(data: Path, host: str, port: int) -> None:
    """Leave a note of this process, and where it listens, in the data folder, for `parts` and `address`
    to find."""
    data.mkdir(parents=True, exist_ok=True)
    (data / PID_FILE).write_text(f"{os.getpid()}\n{host} {port}\n", "ascii")


def forget_running(data: Path) -> None:
    """Take the note away."""
    (data / PID_FILE).unlink(missing_ok=True)


def address(data: Path) -> str | None:
    """Where the Argosy that runs on `data` answers on this machine, as `http://host:port`; None where
    nothing says so."""
    try:
        _, place = _note(data)
        host, port = place.split()
    except (OSError, ValueError):
        return None
    near = _NEAR.get(host, host)
    return f"http://[{near}]:{port}" if ":" in near else f"http://{near}:{port}"


def _note(data: Path) -> tuple[int, str]:
    pid, _, place = (data / PID_FILE).read_text("ascii").strip().partition("\n")
    return int(pid), place


def parts(data: Path) -> list[Part]:
    """The parts of the Argosy that runs on `data`; none where none runs."""
    try:
        main = psutil.Process(_note(data)[0])
        words = main.cmdline()
    except (OSError, ValueError, psutil.Error):
        return []
    if not any("argosy" in word for word in words):
        return []  # the number was given to another program since
    found: dict[str, list[int]] = {}
    for process in [main, *main.children(recursive=True)]:
        try:
            found.setdefault(_name(process), []).append(_memory(process))
        except psutil.NoSuchProcess:
            continue
    return [Part(name, len(sizes), sum(sizes)) for name, sizes in sorted(found.items())]


def _name(process: psutil.Process) -> str:
    """Which part a process belongs to, by its program or by the command that it carries out."""
    if process.name().startswith("postgres"):
        return "database"
    words = process.cmdline()
    return next((part for word, part in _BY_COMMAND.items() if word in words), "wallet")


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.AccessDenied, AttributeError):  # no such figure on this system: resident size
        return int(process.memory_info().rss)
