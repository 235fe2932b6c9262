"""Every field of the merchant-presented standard by its name: written with checks, read in any order.

`emv.py` knows the row of fields, this knows what they mean. What has no name here is kept in `more` and
written back. Nothing is cut: what does not fit is refused by the path of its field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from argosy.base.refusals import Refused
from argosy.channels.qr import emv
from argosy.channels.qr.emv import Code, Field, leaf, template
from argosy.channels.qr.reasons import CodeReason

ASK_THE_PAYER = "***"
"""As a value of field 62: the payer's app is to ask for it."""

_PERCENT = 100
_FORMS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "01": (re.compile(r"1[12]"), "not 11 (static) or 12 (dynamic)"),
    "52": (re.compile(r"[0-9]{4}"), "a category has four digits"),
    "53": (re.compile(r"[0-9]{3}"), "a currency has three digits"),
    "54": (re.compile(r"[0-9]+(?:\.[0-9]*)?"), "not an amount"),
    "55": (re.compile(r"0[123]"), "not 01, 02 or 03"),
    "56": (re.compile(r"[0-9]+(?:\.[0-9]*)?"), "not an amount"),
    "57": (re.compile(r"[0-9]{1,2}(?:\.[0-9]{0,2})?"), "not a percentage from 00.01 to 99.99"),
    "58": (re.compile(r"[A-Za-z]{2}"), "a country has two letters"),
}
_ADDITIONAL: Mapping[str, str] = {
    "bill": "01",
    "mobile": "02",
    "store": "03",
    "loyalty": "04",
    "reference": "05",
    "customer": "06",
    "terminal": "07",
    "purpose": "08",
    "request": "09",
}


class TipKind(StrEnum):
    """Field 55: what the payer's app does about a tip."""

    ASK = "01"
    FIXED = "02"
    PERCENT = "03"


@dataclass(frozen=True, slots=True)
class Tip:
    """What is paid on top. `amount` (text in the code's currency) where it is fixed, hundredths of a
    percent where it is a percentage."""

    kind: TipKind
    amount: str = ""
    basis_points: int = 0


@dataclass(frozen=True, slots=True)
class Additional:
    """Field 62. `ASK_THE_PAYER` lets the payer's app ask; `request` has letters of A (address), M
    (mobile), E (e-mail). `marks` come first (a country's own id), `more` last."""

    bill: str = ""
    mobile: str = ""
    store: str = ""
    loyalty: str = ""
    reference: str = ""
    customer: str = ""
    terminal: str = ""
    purpose: str = ""
    request: str = ""
    marks: tuple[Field, ...] = ()
    more: tuple[Field, ...] = ()

    def fields(self) -> tuple[Field, ...]:
        """The parts of field 62; none where all is empty."""
        row = [leaf(part, getattr(self, name)) for name, part in _ADDITIONAL.items()]
        return (*self.marks, *(one for one in row if one.value), *self.more)


@dataclass(frozen=True, slots=True)
class Local:
    """Field 64: name and city in the language of two letters."""

    language: str
    name: str
    city: str = ""
    more: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class MerchantCode:
    """A merchant-presented code. `accounts` are fields 02 to 51; empty values are left out; `amount`
    is text as the code has it; `currency` is the ISO number; `more` are fields 65 to 99."""

    accounts: tuple[Field, ...]
    currency: str
    country: str
    category: str = ""
    amount: str = ""
    name: str = ""
    city: str = ""
    postal: str = ""
    dynamic: bool | None = None
    tip: Tip | None = None
    additional: Additional = field(default_factory=Additional)
    local: Local | None = None
    more: tuple[Field, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that the standard wants in every code and this one has not. Some countries leave
        them out, so a code is read without them."""
        said = {"52": self.category, "59": self.name, "60": self.city}
        return tuple(missing for missing, value in said.items() if not value)


def encode(code: MerchantCode) -> str | Refused:
    """Write `code` in the usual order. Refused with CODE_FIELD_TOO_LONG (`field`, `most`),
    CODE_FIELD_UNFIT (`field`, `problem`) or CODE_UNREADABLE, never cut."""
    if not code.accounts:
        return _unfit("02-51", "nobody is named who could be paid")
    for one in code.accounts:
        if not "02" <= one.id <= "51":
            return _unfit(one.id, "an account stands in fields 02 to 51")
    for one in code.more:
        if not "65" <= one.id <= "99":
            return _unfit(one.id, "what has no name here stands in fields 65 to 99")
    plain = {
        "01": "" if code.dynamic is None else emv.DYNAMIC if code.dynamic else emv.STATIC,
        "52": code.category,
        "53": code.currency,
        "54": code.amount,
        **_tip_fields(code.tip),
        "58": code.country,
        "59": code.name,
        "60": code.city,
        "61": code.postal,
    }
    for needed in ("53", "58"):
        if not plain[needed]:
            return _unfit(needed, "it may not be missing")
    row: list[Field] = []
    for name, value in sorted(plain.items()):
        if value:
            wrong = _wrong_form(name, value)
            if wrong is not None:
                return wrong
            row.append(leaf(name, value))
        if name == "01":
            row += code.accounts
    return emv.build([*row, *_templates(code), *code.more])


def decode(text: str) -> MerchantCode | Refused:
    """Read a code in any order of fields. Refused as `emv.parse` does, and with CODE_UNREADABLE where
    a field has not its form or the tip contradicts itself."""
    code = emv.parse(text)
    return code if isinstance(code, Refused) else named(code)


def named(code: Code) -> MerchantCode | Refused:
    """The fields of a code that was read, by their names."""
    for one in code.fields:
        wrong = _wrong_form(one.id, one.value)
        if wrong is not None:
            return _unreadable(one, f"field {one.id}: {wrong.facts['problem']}")
    tip = _tip(code)
    if isinstance(tip, Refused):
        return tip
    method = code.get("01")
    local = None
    if (row := code.find("64")) is not None:
        local = Local(
            code.get("64", "00") or "",
            code.get("64", "01") or "",
            code.get("64", "02") or "",
            tuple(part for part in row.parts if part.id not in ("00", "01", "02")),
        )
    return MerchantCode(
        tuple(one for one in code.fields if "02" <= one.id <= "51"),
        code.get("53") or "",
        code.get("58") or "",
        code.get("52") or "",
        code.get("54") or "",
        code.get("59") or "",
        code.get("60") or "",
        code.get("61") or "",
        None if method is None else method == emv.DYNAMIC,
        tip,
        _additional(code.find("62")),
        local,
        tuple(one for one in code.fields if one.id >= "65"),
    )


def _templates(code: MerchantCode) -> Iterable[Field]:
    parts = code.additional.fields()
    if parts:
        yield template("62", parts)
    if code.local is not None:
        said = {"00": code.local.language, "01": code.local.name, "02": code.local.city}
        row = [leaf(part, value) for part, value in said.items() if value]
        yield template("64", [*row, *code.local.more])


def _additional(row: Field | None) -> Additional:
    if row is None:
        return Additional()
    ids = {part: name for name, part in _ADDITIONAL.items()}
    known = {ids[part.id]: part.value for part in row.parts if part.id in ids}
    rest = [part for part in row.parts if part.id not in ids]
    return Additional(
        **known,
        marks=tuple(part for part in rest if part.id == "00"),
        more=tuple(part for part in rest if part.id != "00"),
    )


def _tip_fields(tip: Tip | None) -> dict[str, str]:
    if tip is None:
        return {}
    if tip.kind is TipKind.FIXED:
        return {"55": tip.kind.value, "56": tip.amount or "-"}
    if tip.kind is TipKind.PERCENT:
        whole, part = divmod(tip.basis_points, _PERCENT)
        return {"55": tip.kind.value, "57": f"{whole:02d}.{part:02d}"}
    return {"55": tip.kind.value}


def _tip(code: Code) -> Tip | Refused | None:
    said, fixed, percent = code.find("55"), code.find("56"), code.find("57")
    stray = fixed or percent
    if said is None:
        return None if stray is None else _unreadable(stray, "an extra amount without field 55")
    kind = TipKind(said.value)
    if (fixed is not None) is not (kind is TipKind.FIXED):
        return _unreadable(said, "field 56 stands with 55 = 02 and only there")
    if (percent is not None) is not (kind is TipKind.PERCENT):
        return _unreadable(said, "field 57 stands with 55 = 03 and only there")
    if percent is None:
        return Tip(kind, fixed.value if fixed is not None else "")
    whole, _, part = percent.value.partition(".")
    return Tip(kind, basis_points=int(whole) * _PERCENT + int(part.ljust(2, "0")))


def _wrong_form(id: str, value: str) -> Refused | None:
    most = emv.most_chars(id)
    if len(value) > most:
        return Refused(
            CodeReason.CODE_FIELD_TOO_LONG, {"field": id, "most": most, "problem": "too long"}
        )
    form = _FORMS.get(id)
    if form is None or form[0].fullmatch(value):
        nothing = id in ("56", "57") and not value.strip("0.")
        return _unfit(id, "nothing is no extra amount") if nothing else None
    return _unfit(id, form[1])


def _unfit(field: str, problem: str) -> Refused:
    return Refused(CodeReason.CODE_FIELD_UNFIT, {"field": field, "problem": problem})


def _unreadable(one: Field, problem: str) -> Refused:
    return Refused(CodeReason.CODE_UNREADABLE, {"position": one.at, "problem": problem})
