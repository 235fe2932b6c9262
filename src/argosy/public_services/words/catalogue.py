"""Finding the sentences: `words/<language>.toml` in any folder, and none registered.

The file beside this one says what every wallet says. A folder's own words go before it, and a
market pack's words, which speak for that market alone, go before both, so that an operator can say
a thing in its own way. Two other files that say the same key in the same language are refused by
name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import argosy
from argosy.base.markets import Market

EVERYWHERE = ""
Catalogue = Mapping[tuple[str, str], Mapping[str, str]]
"""(market or EVERYWHERE, language) -> key -> template."""

_HERE = Path(__file__).parent
_PACKAGE = Path(argosy.__path__[0])


class WordsError(Exception):
    """The files of words cannot be used as they are. Raised at start."""


def read(markets: Iterable[Market], outside: Iterable[Path] = ()) -> Catalogue:
    """All words of the package, of `markets` where they lie, and of the folders `outside`. Raises
    `WordsError`."""
    packs = {market.folder: market.code for market in markets if market.folder is not None}
    general: dict[tuple[str, str], dict[str, str]] = {}
    found: dict[tuple[str, str], dict[str, str]] = {}
    for path in _files(packs, outside):
        scope = next((packs[f] for f in path.parents if f in packs), EVERYWHERE)
        kept = general if path.parent == _HERE else found
        catalogue = kept.setdefault((scope, path.stem), {})
        for key, template in _flat(_tables(path), path):
            if key in catalogue:
                raise WordsError(f"{path}: {key} is said elsewhere too")
            catalogue[key] = template
    places = general.keys() | found.keys()
    return {place: {**general.get(place, {}), **found.get(place, {})} for place in places}


def _files(packs: Mapping[Path, str], outside: Iterable[Path]) -> list[Path]:
    roots = (*sorted(packs), _PACKAGE, *outside)
    files = {path for root in roots for path in root.rglob("words/*.toml")}
    # The packs that are not loaded have no say, and neither has what is said to the staff alone.
    others = (_PACKAGE / "markets", _PACKAGE / "management")
    return sorted(
        path
        for path in files
        if not any(other in path.parents for other in others)
        or any(folder in packs for folder in path.parents)
    )


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WordsError(f"{path}: {error}") from None


def _flat(table: Mapping[str, Any], path: Path, prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, str):
            yield prefix + name, value
        elif isinstance(value, dict):
            yield from _flat(value, path, f"{prefix}{name}.")
        else:
            raise WordsError(f"{path}: {prefix}{name} is not a text")
