"""The few files that browsers keep for good: named by their content, compressed once."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from argosy.channels.lite.wire import Response

FOLDER = Path(__file__).parent / "static"
PREFIX = "/-/"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_GOOD = "public,max-age=31536000,immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: `path` changes when its content does."""

    path: str
    kind: str
    content: bytes
    zipped: bytes


def load() -> dict[str, Asset]:
    """Every file of `static/`, by its plain name."""
    found = {}
    for file in sorted(FOLDER.iterdir()):
        if file.suffix not in _TYPES:
            continue
        content = _slim(file.read_text("utf-8"), file.suffix).encode()
        mark = hashlib.blake2b(content, digest_size=4).hexdigest()
        path = f"{PREFIX}{mark}{file.suffix}"
        zipped = gzip.compress(content, 9, mtime=0)
        found[file.name] = Asset(path, _TYPES[file.suffix], content, zipped)
    return found


def serve(assets: Mapping[str, Asset], name: str, *, zipped: bool) -> Response | None:
    """The file at `/-/<name>`; None where there is none."""
    asset = next((a for a in assets.values() if a.path == PREFIX + name), None)
    if asset is None:
        return None
    headers = {"cache-control": _FOR_GOOD, "x-content-type-options": "nosniff"}
    if zipped:
        headers["content-encoding"] = "gzip"
        headers["vary"] = "accept-encoding"
    content = asset.zipped if zipped else asset.content
    return Response(content, media_type=asset.kind, headers=headers)


def _slim(text: str, suffix: str) -> str:
    """Without the indents and comment lines that only we read."""
    if suffix == ".svg":
        return text.strip()
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(
        line for line in lines if line and not line.startswith(("//", "/*", "* ", "*/"))
    )
