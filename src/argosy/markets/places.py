"""Where in a pack something stands: a file and a line for the one who must change it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_SUFFIXES = (".py", ".toml", ".md")
_FILES_MAX = 60


def place_of(folder: Path, *texts: str, file: str = "") -> str:
    """`limits.py:42` where the first of `texts` that stands anywhere in the pack is, in quotes if it
    is anywhere in quotes; `file` alone, or the pack's folder, where none does."""
    for text in texts:
        if not text:
            continue
        for pattern in (rf"[\"']{re.escape(text)}[\"']", rf"(?<!\w){re.escape(text)}(?!\w)"):
            for path in _files(folder, file):
                line = _line(path, pattern)
                if line is not None:
                    return f"{path.relative_to(folder)}:{line}"
    return file or "pack.py"


def _files(folder: Path, file: str) -> Iterator[Path]:
    if file:
        yield folder / file
        return
    found = sorted(p for p in folder.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
    # Code first: what is named there and in words is meant there.
    found.sort(key=lambda path: _SUFFIXES.index(path.suffix))
    yield from found[:_FILES_MAX]


def _line(path: Path, pattern: str) -> int | None:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    wanted = re.compile(pattern)
    return next((n for n, line in enumerate(lines, 1) if wanted.search(line)), None)
