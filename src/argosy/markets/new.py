"""Laying out a new market pack from the template."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from argosy.markets import PackError

TEMPLATE = Path(__file__).parent / "_template"
_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}", re.ASCII)


def lay_out(name: str, place: Path) -> Path:
    """Make the folder `name` in `place` as a pack that loads, and return it.

    Raises PackError where the name cannot be a folder of Python or the folder is already there.
    """
    if not _NAME.fullmatch(name):
        raise PackError(f"{name!r}: small letters, digits and _ only, a letter first")
    folder = place / name
    if folder.exists():
        raise PackError(f"{folder} is already there")
    for source in sorted(TEMPLATE.rglob("*")):
        if source.is_dir() or "__pycache__" in source.parts:
            continue
        target = folder / source.relative_to(TEMPLATE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        text = target.read_text("utf-8")
        title = name.replace("_", " ").title()
        named = text.replace("_template", name).replace("Template", title)
        target.write_text(named, "utf-8")
    return folder
