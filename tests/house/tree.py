"""The source as the house's tests see it: every module under a root, parsed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "argosy"


@dataclass(frozen=True)
class Module:
    """One file: `name` is dotted without the leading `argosy.`, such as `base.ledger.facts`."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def board(self) -> str:
        return self.name.partition(".")[0]


def modules(source: Path = SOURCE) -> Iterator[Module]:
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text("utf-8")
        yield Module(name, path, text, ast.parse(text, str(path)))


def make_tree(folder: Path, files: dict[str, str]) -> Path:
    """Write `files` under `folder`, for the twins; the keys are paths."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder
