"""The few files that browsers keep for good: named by their content, compressed once; and the worker,
the script by which a browser keeps pages too."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from argosy.channels.lite.wire import Response

FOLDER = Path(__file__).parent / "static"
PREFIX = "/-/"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
LATER = frozenset({"push.js", "show.js"})
"""Files that a device keeps from the first time that a page asks for them: not everybody needs them."""
_WORKER = "worker.js"
_WORKER_HEADERS = {"cache-control": "max-age=86400", "x-content-type-options": "nosniff"}
_FOR_GOOD = "public,max-age=31536000,immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: `path` changes when its content does."""

    path: str
    kind: str
    content: bytes
    zipped: bytes


def load() -> dict[str, Asset]:
    """Every file of `static/` that pages name, by its plain name."""
    return {
        file.name: _asset(_slim(file.read_text("utf-8"), file.suffix), file.suffix)
        for file in sorted(FOLDER.iterdir())
        if file.suffix in _TYPES and file.name != _WORKER
    }


def _asset(text: str, suffix: str) -> Asset:
    content = text.encode()
    mark = hashlib.blake2b(content, digest_size=4).hexdigest()
    zipped = gzip.compress(content, 9, mtime=0)
    return Asset(f"{PREFIX}{mark}{suffix}", _TYPES[suffix], content, zipped)


def worker(files: Mapping[str, Asset], heads: Collection[str]) -> Asset:
    """The worker for these files and for the pages whose paths begin with one of `heads`.

    Browsers want it at one address, so it is no file for good: they ask for it once a day.
    """
    text = _slim(FOLDER.joinpath(_WORKER).read_text("utf-8"), ".js")
    paths = [asset.path for name, asset in files.items() if name not in LATER]
    mark = hashlib.blake2b("".join([text, *paths]).encode(), digest_size=4).hexdigest()
    known = {
        "name": mark,
        "files": msgspec.json.encode(paths).decode(),
        "heads": msgspec.json.encode(sorted(heads)).decode(),
    }
    for name, value in known.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return _asset(text, ".js")


def serve(assets: Mapping[str, Asset], name: str, *, zipped: bool) -> Response | None:
    """The file at `/-/<name>`; None where there is none."""
    asset = next((a for a in assets.values() if a.path == PREFIX + name), None)
    if asset is None:
        return None
    return _answer(asset, {"cache-control": _FOR_GOOD, "x-content-type-options": "nosniff"}, zipped)


def serve_worker(asset: Asset, *, zipped: bool) -> Response:
    """The worker, for a day."""
    return _answer(asset, _WORKER_HEADERS, zipped)


def _answer(asset: Asset, fixed: Mapping[str, str], zipped: bool) -> Response:
    """The file with these headers, compressed where the browser takes it."""
    headers = dict(fixed)
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
