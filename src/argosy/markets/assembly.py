"""Putting a pack together: its files say what is so in the country, under the names below, and a pack's
`pack.py` keeps only what is said nowhere else, its name, place and languages.

A name is looked for in `pack.py` itself and then in the file given for it, so that a small pack is one
file and a part that grows moves into its own without a word changed elsewhere.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

from argosy.base.manifest import ManifestError
from argosy.base.markets import Market
from argosy.markets.phones import PhonePlan

PARTS = {
    "LEVELS": ("limits", "levels"),
    "LIMITS": ("limits", "limits"),
    "MERCHANT": ("limits", "merchant_level"),
    "PRESENTED": ("limits", "presented"),
    "FEES": ("fees", "fees"),
    "encode_code": ("codes", "encode_code"),
    "decode_code": ("codes", "decode_code"),
    "TOWN": ("town", "town"),
    "CALENDAR": ("duties", "calendar"),
    "CASH_POINTS": ("duties", "cash_points"),
    "TAX_FIELDS": ("duties", "tax_fields"),
    "MONEY_BACK": ("duties", "money_back"),
    "REPORTS": ("duties", "reports"),
    "DORMANCY": ("duties", "dormancy"),
    "PLAN": ("phones", "phone"),
    "DOCUMENTS": ("documents", "evidence"),
}
"""What a name of a pack is: the file it stands in when not in `pack.py`, and the field of `Market`."""
NEEDED = ("LEVELS", "LIMITS", "FEES", "PLAN", "encode_code", "decode_code")


def assemble(module: str, **own: Any) -> Market:
    """The market of the pack whose `pack.py` is `module` (its `__name__`), with its `own` fields.

    The folder's name is its code. ManifestError where a part is missing that every market has.
    """
    package = module.rpartition(".")[0]
    found = {name: part for name in PARTS if (part := _part(module, package, name)) is not None}
    missing = [f"{name} ({PARTS[name][0]}.py)" for name in NEEDED if name not in found]
    if missing:
        raise ManifestError(f"market {package}: it has no {', '.join(missing)}")
    fields: dict[str, Any] = {"code": package.rpartition(".")[2], "operator": "Argosy"}
    for name, part in found.items():
        fields |= _as_fields(PARTS[name][1], part)
    return Market(**{**fields, **own})


def _part(module: str, package: str, name: str) -> Any:
    here = getattr(sys.modules[module], name, None)
    if here is not None:
        return here
    file = _file(f"{package}.{PARTS[name][0]}")
    return getattr(file, name, None)


def _file(module: str) -> ModuleType | None:
    return importlib.import_module(module) if importlib.util.find_spec(module) else None


def _as_fields(field: str, part: Any) -> dict[str, Any]:
    if isinstance(part, PhonePlan):
        return {"phone": part.read, "calling_code": part.calling_code}
    return {field: {"id_document": part}} if field == "evidence" else {field: part}
