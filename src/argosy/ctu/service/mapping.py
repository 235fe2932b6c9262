"""From a row of somebody's file to an event: which column is what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from argosy.base.ids import named, parse_id
from argosy.base.money import Money, parse_amount
from argosy.base.refusals import Refused
from argosy.ctu.events import Event, Label, Scalar
from argosy.ctu.service.facts import ServiceReason
from argosy.ctu.service.files import Line
from argosy.ctu.service.shapes import NewEvent, wrong_in

ATTRIBUTES = "attributes."
OWN = ("at", "at_s", "amount_major", "outcome", "bad", "scheme", "labelled_at", "loss")
"""What may be mapped beside the fields of an event: its time as text or in seconds, its amount with
decimals, what became of it, and what was found out."""

OUTCOMES = ("posted", "held", "challenged", "denied")
YES = frozenset({"1", "true", "yes", "y", "t", "fraud", "bad"})
NO = frozenset({"0", "false", "no", "n", "f", "genuine", "good", ""})
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?")
_FIELDS = tuple(n for n in NewEvent.__struct_fields__ if n != "attributes")
_INTS = frozenset({"at_ms", "amount"})


@dataclass(frozen=True, slots=True)
class Row:
    """What a line says: an event, what became of it, and what was found out about it."""

    line: int
    event: Event
    outcome: str
    label: Label | None


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that was not taken, and why."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is which field (`columns`), and what is the same in every row (`constants`).
    `name` is the import's: ids that are not UUIDs are its own."""

    name: str
    columns: Mapping[str, str]
    constants: Mapping[str, str]

    def told(self) -> dict[str, Any]:
        """As it is kept with the import."""
        return {"columns": dict(self.columns), "constants": dict(self.constants)}

    def row(self, line: Line) -> Row | Reject:
        """The event of a line, or why there is none."""
        if line.wrong:
            return Reject(line.number, "", line.wrong)
        cells = dict(self.constants)
        for field, column in self.columns.items():
            if column in line.cells:
                cells[field] = line.cells[column]
        try:
            told, attributes = self._plain(cells)
            new = msgspec.convert({**told, "attributes": attributes}, NewEvent)
        except msgspec.ValidationError as error:
            return Reject(line.number, *wrong_in(error))
        except _WrongCell as wrong:
            return Reject(line.number, wrong.field, wrong.reason)
        event = new.event()
        outcome = cells.get("outcome", "posted").lower()
        if outcome not in OUTCOMES:
            return Reject(line.number, "outcome", f"is none of {', '.join(OUTCOMES)}")
        try:
            return Row(line.number, event, outcome, _label(event, cells))
        except _WrongCell as wrong:
            return Reject(line.number, wrong.field, wrong.reason)

    def _plain(self, cells: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Scalar]]:
        told: dict[str, Any] = {}
        attributes: dict[str, Scalar] = {}
        for field, text in cells.items():
            if field.startswith(ATTRIBUTES):
                attributes[field.removeprefix(ATTRIBUTES)] = _scalar(text)
            elif field in _INTS:
                told[field] = _int(field, text)
            elif field == "proofs":
                told[field] = text.replace("|", " ").split()
            elif field == "id":
                told[field] = _id(self.name, text)
            elif field in _FIELDS:
                told[field] = text
        told.update(_time(cells))
        if "amount_major" in cells:
            told["amount"] = _minor(cells["amount_major"], cells.get("currency", ""))
        return told, attributes


class _WrongCell(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def mapping_of(
    name: str, asked: Sequence[str], constants: Sequence[str], columns: Sequence[str]
) -> Columns | Refused:
    """The mapping that `FIELD=COLUMN` words ask for; columns that have a field's own name need none."""
    found = {c: c for c in columns if _is_field(c)}
    same: dict[str, str] = {}
    for words, into in ((asked, found), (constants, same)):
        for word in words:
            field, sign, value = word.partition("=")
            if not sign or not _is_field(field):
                return _wrong(f"`{word}`: there is no field `{field}`", field)
            into[field] = value
    missing = [column for column in found.values() if column not in columns]
    if missing:
        return _wrong(f"the file has no column `{missing[0]}`", missing[0])
    named_ = {**found, **same}
    if not {"at", "at_s", "at_ms"} & set(named_):
        return _wrong("nothing says when: map `at`, `at_s` or `at_ms`", "at_ms")
    for field in ("id", "kind", "account"):
        if field not in named_:
            return _wrong(f"nothing says what `{field}` is", field)
    return Columns(name, found, same)


def _is_field(name: str) -> bool:
    return name in _FIELDS or name in OWN or name.startswith(ATTRIBUTES)


def _wrong(detail: str, field: str) -> Refused:
    return Refused(ServiceReason.IMPORT_MAPPING, {"detail": detail}, field)


def _label(event: Event, cells: Mapping[str, str]) -> Label | None:
    """What a row says was found out. A row that says nothing bad, and no time, says nothing."""
    text = cells.get("bad", "").lower()
    if text not in YES | NO:
        raise _WrongCell("bad", f"is {text!r} and neither yes nor no")
    bad = text in YES
    if not bad and "labelled_at" not in cells:
        return None
    at_ms = _moment("labelled_at", cells["labelled_at"]) if "labelled_at" in cells else event.at_ms
    loss = _int("loss", cells["loss"]) if "loss" in cells else event.amount
    return Label(
        event=event.id,
        at_ms=max(at_ms, event.at_ms),
        bad=bad,
        source="sender",
        scheme=re.sub(r"[^a-z0-9_]+", "_", cells.get("scheme", "").lower())[:60],
        by="import",
        loss=loss if bad else 0,
    )


def _time(cells: Mapping[str, str]) -> dict[str, int]:
    if "at" in cells:
        return {"at_ms": _moment("at", cells["at"])}
    if "at_s" in cells:
        if not _NUMBER.fullmatch(cells["at_s"]):
            raise _WrongCell("at_s", f"is {cells['at_s']!r} and no number of seconds")
        return {"at_ms": round(float(cells["at_s"]) * 1000)}
    return {}


def _moment(field: str, text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _WrongCell(field, f"is {text!r} and no time as ISO 8601 writes it") from None
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _minor(text: str, currency: str) -> int:
    if re.fullmatch(r"0+(\.0+)?", text):
        return 0
    whole, _, part = text.partition(".")
    said = parse_amount(f"{whole}.{part.rstrip('0')}".rstrip("."), currency)
    if isinstance(said, Money):
        return said.minor
    raise _WrongCell("amount_major", f"is {text!r}: {said.reason.meaning}")


def _int(field: str, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise _WrongCell(field, f"is {text!r} and no whole number")
    return int(text)


def _scalar(text: str) -> Scalar:
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    lower = text.lower()
    return lower == "true" if lower in ("true", "false") else text


def _id(name: str, text: str) -> UUID:
    return parse_id(text) or named("imported event", name, text)
