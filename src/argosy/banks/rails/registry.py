"""Finding the rails: every folder with `kind = "rail"` in its manifest, here or in folders outside."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from argosy.banks.rails.guarded import Guarded, Note
from argosy.base.clock import Clock
from argosy.base.ids import Ids
from argosy.base.manifest import ManifestError, discover
from argosy.base.parties.keys import Keys
from argosy.base.store import Database


def load(
    db: Database,
    clock: Clock,
    ids: Ids,
    keys: Keys,
    outside: Iterable[Path] = (),
    note: Note = lambda *_: None,
) -> dict[str, Guarded]:
    """Every rail by its name, guarded; `note` hears of each call.

    A manifest's `load` names a function that takes `(db, clock, ids, keys)` and gives the `Rail`. Raises
    `ManifestError` where one cannot be read or gives a rail of another name.
    """
    rails: dict[str, Guarded] = {}
    for name, manifest in discover("rail", "argosy.banks", outside).items():
        rail = manifest.load()(db, clock, ids, keys)
        if getattr(rail, "name", None) != name:
            raise ManifestError(f"{manifest.folder}: the rail's name is not {name!r}")
        rails[name] = Guarded(rail, note=note)
    return rails
