"""Fonts of this machine, for PDFs in letters that the fonts of every reader do not have.

No font comes with the program: those of the system are used (Debian: `fonts-noto-core`), the one that has
every letter of a text. Letters that change their form beside others (Devanagari, Bengali, Tamil, Thai) are
shaped as their script wants it. Where no font has all letters, the text is spelled in Latin ones.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local/share/fonts",
    Path.home() / ".fonts",
    Path("/Library/Fonts"),
    Path("/System/Library/Fonts"),
)
FILES_MAX = 20_000
LOOKED_INTO_MAX = 60

_HEAVY = ("bold", "black", "heavy")
_ODD = (
    "italic",
    "oblique",
    "mono",
    "light",
    "thin",
    "condensed",
    "narrow",
    "medium",
    "looped",
    "ui-",
)
_SANS = ("notosans", "sans", "lohit", "garuda", "loma")


def covering(text: str, *, bold: bool = False, folders: Iterable[Path] = FOLDERS) -> Path | None:
    """A font file that has every letter of `text`, bold where there is one; None where none has."""
    letters = frozenset(ord(char) for char in text if not char.isspace() and not _is_joiner(char))
    scripts = _scripts(text)
    ranked = sorted(
        _files(tuple(folders)), key=lambda file: _rank(file.name.lower(), scripts, bold)
    )
    for file in ranked[:LOOKED_INTO_MAX]:
        if letters <= _letters(file):
            return file
    return None


@lru_cache(maxsize=8)
def _files(folders: tuple[Path, ...]) -> tuple[Path, ...]:
    return tuple(file for folder in folders for file in _under(folder))


def _under(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for count, file in enumerate(sorted(folder.rglob("*.[to]tf"))):
        if count >= FILES_MAX:
            return
        yield file


def _scripts(text: str) -> tuple[str, ...]:
    """The scripts of a text, as fonts are called by them: `devanagari`, `thai`, ..."""
    names = (unicodedata.name(char, "").partition(" ")[0].lower() for char in text)
    found = dict.fromkeys(name for name in names if name)
    return tuple(name for name in found if name not in ("latin", "digit", "space", "zero"))


def _rank(name: str, scripts: tuple[str, ...], bold: bool) -> tuple[int, int, int, int, str]:
    """The likelier fonts first: those named after the script, upright, sans, of the right weight."""
    plain = name.replace(" ", "").replace("_", "")
    foreign = 0 if any(script in plain for script in scripts) else 1
    odd = sum(word in plain for word in _ODD)
    heavy = any(word in plain for word in _HEAVY)
    sans = 0 if any(word in plain for word in _SANS) else 1
    return foreign, odd, int(heavy is not bold), sans, name


@lru_cache(maxsize=256)
def _letters(file: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]

    try:
        with file.open("rb") as content, TTFont(content, lazy=True) as font:
            return frozenset(font.getBestCmap() or {})
    except (TTLibError, OSError, KeyError, AssertionError):
        return frozenset()


def _is_joiner(char: str) -> bool:
    return unicodedata.category(char) == "Cf"
