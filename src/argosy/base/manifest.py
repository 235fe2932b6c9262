"""How a new folder is found: by the `manifest.toml` in it, and registered nowhere.

A manifest says what the folder is and which object in it to load:

    kind = "market"            # market, product, rail, carrier
    name = "india"             # unique in its kind; the folder has the same name
    summary = "Rupees, UPI codes, small and full KYC."
    load = "pack:MARKET"       # module in the folder, attribute in the module

`discover` refuses, by name, a manifest it cannot read, one that says another name than its folder,
and two of the same name: a discovery that silently loses one is a failure.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "manifest.toml"
KINDS = ("market", "product", "rail", "carrier")
_KEYS = {"kind", "name", "summary", "load"}


class ManifestError(Exception):
    """A folder says what it is, but not in a way that can be used. Raised at start."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One folder that was found. `package` is the importable name of the folder."""

    kind: str
    name: str
    summary: str
    entry: str
    folder: Path
    package: str

    def load(self) -> Any:
        """The object that the manifest names."""
        module_name, _, attribute = self.entry.partition(":")
        module = importlib.import_module(f"{self.package}.{module_name}")
        try:
            return getattr(module, attribute)
        except AttributeError:
            raise ManifestError(
                f"{self.folder / FILE}: no {attribute!r} in {module_name}"
            ) from None


def discover(kind: str, package: str, outside: Iterable[Path] = ()) -> dict[str, Manifest]:
    """All manifests of `kind` in the sub-folders of `package` and of the folders `outside`.

    `outside` folders lie anywhere on disk (a partner's own packs, the tests' Atlantis); each
    sub-folder of theirs with a manifest becomes importable under its own name.
    """
    spec = importlib.util.find_spec(package)
    roots = [Path(p) for p in (spec.submodule_search_locations or [])] if spec else []
    found: dict[str, Manifest] = {}
    for root, prefix in [*((r, package + ".") for r in roots), *((Path(o), "") for o in outside)]:
        if not root.is_dir():
            raise ManifestError(f"no such folder: {root}")
        if not prefix and str(root) not in sys.path:
            sys.path.append(str(root))
        for folder in sorted(root.iterdir()):
            if folder.name.startswith("_") or not (folder / FILE).is_file():
                continue
            manifest = read(folder, prefix + folder.name)
            if manifest.kind != kind:
                raise ManifestError(f"{folder / FILE}: kind is {manifest.kind!r}, not {kind!r}")
            if manifest.name in found:
                raise ManifestError(f"two of the name {manifest.name!r}: {folder}")
            found[manifest.name] = manifest
    return found


def read(folder: Path, package: str) -> Manifest:
    """Read and check the manifest of one folder."""
    path = folder / FILE
    try:
        facts = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ManifestError(f"{path}: {error}") from None
    if facts.keys() != _KEYS or not all(isinstance(v, str) and v for v in facts.values()):
        raise ManifestError(f"{path}: needs exactly the texts {', '.join(sorted(_KEYS))}")
    if facts["kind"] not in KINDS:
        raise ManifestError(f"{path}: kind {facts['kind']!r} is none of {', '.join(KINDS)}")
    if facts["name"] != folder.name:
        raise ManifestError(f"{path}: name {facts['name']!r} is not the folder's")
    return Manifest(facts["kind"], facts["name"], facts["summary"], facts["load"], folder, package)
