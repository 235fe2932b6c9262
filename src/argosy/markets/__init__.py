"""M, the market packs: one folder a country, found by its manifest, checked, and registered nowhere."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from argosy.base.manifest import FILE, ManifestError, discover
from argosy.base.markets import Market
from argosy.markets.check import check

PACKAGE = "argosy.markets"


class PackError(ManifestError):
    """A market pack is missing or broken. Raised at start, with everything that is wrong in it."""


def load(outside: Iterable[Path] = ()) -> dict[str, Market]:
    """Every market of this package and of the folders `outside`, by name.

    Each pack is checked; a broken one, a folder that looks like a pack and has no manifest, or no pack
    at all raises PackError (ManifestError for a manifest that cannot be read): nothing is left out in
    silence.
    """
    places = [Path(place) for place in outside]
    for place in [*_own_places(), *places]:
        _count(place)
    found: dict[str, Market] = {}
    for name, manifest in discover("market", PACKAGE, places).items():
        market = manifest.load()
        if not isinstance(market, Market):
            raise PackError(f"{manifest.folder / FILE}: {manifest.entry} is not a Market")
        problems = check(market, manifest.folder)
        if problems:
            raise PackError(f"market {name} is broken: " + "; ".join(problems))
        found[name] = replace(market, folder=manifest.folder)
    if not found:
        raise PackError("no market pack was found")
    return found


def _own_places() -> list[Path]:
    spec = importlib.util.find_spec(PACKAGE)
    return [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []


def _count(place: Path) -> None:
    """Refuse a folder that holds a pack's files and no manifest: discovery would not see it."""
    if not place.is_dir():
        raise PackError(f"no such folder: {place}")
    for folder in sorted(place.iterdir()):
        hidden = folder.name.startswith(("_", ".")) or not folder.is_dir()
        if hidden or (folder / FILE).is_file():
            continue
        if any((folder / name).exists() for name in ("pack.py", "sources.md", "card.toml")):
            raise PackError(f"{folder} looks like a market pack and has no {FILE}")
