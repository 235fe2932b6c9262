"""Reports as files: CSV and Excel row by row however many there are, PDF for what is read on paper.

Text that a spreadsheet would take for a formula is defused: in CSV an apostrophe goes before it, in Excel
it is written as a string. Amounts are exact decimals in both.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from argosy.base.money import Money, exponent, plain
from argosy.management.reports.facts import (
    NUMBERS,
    Column,
    Kind,
    Report,
    Row,
    rows_of,
)

if TYPE_CHECKING:
    from fpdf import FPDF
    from xlsxwriter.worksheet import Worksheet

FORMATS: Final = ("csv", "xlsx", "pdf")
CHUNK_ROWS: Final = 500
PDF_ROWS_MAX: Final = 5_000
EXCEL_ROWS_MAX: Final = 1_000_000
EXACT_DIGITS: Final = 15
"""A spreadsheet's number has so many digits; a longer amount is written as text."""
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_LATIN: Final = "Helvetica"

Say = Callable[[str], str]
FontOf = Callable[[str], Path | None]
"""From a text to a font of this machine that has its letters."""


@dataclass(frozen=True)
class Head:
    """What stands above the rows: the report's title, what it covers, when and by whom it was made."""

    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Voice:
    """How values become text: the words of a language, and the zone of its times. `named` says a name of
    ours (`pay`), `label` a column."""

    label: Callable[[Column], str]
    named: Say
    zone: str
    total: str = "Total"


def defused(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_DANGEROUS) else text


def has_money(report: Report) -> bool:
    """Whether a column of currencies is needed beside the amounts."""
    return any(column.kind is Kind.MONEY for column in report.columns)


def cell(column: Column, row: Row, voice: Voice) -> str:
    """A value as plain text, for a file: digits with a point, no grouping; empty where there is none."""
    value = row.get(column.name)
    if value is None:
        return ""
    match column.kind:
        case Kind.MONEY:
            return plain(Money(int(value), row["currency"]))
        case Kind.SHARE:
            return f"{value:.4f}"
        case Kind.MILLIS:
            return f"{value:.1f}"
        case Kind.WHEN:
            return _local(value, voice).strftime("%Y-%m-%d %H:%M:%S")
        case Kind.DAY:
            return value.isoformat() if isinstance(value, date) else str(value)
        case Kind.NAME:
            return voice.named(str(value))
        case _:
            return str(value)


async def to_csv(report: Report, voice: Voice) -> AsyncIterator[bytes]:
    """The report as CSV (RFC 4180, UTF-8 with a mark for Excel), a few hundred rows at a time."""
    out = io.StringIO()
    writer = csv.writer(out)
    heads = [voice.label(column) for column in report.columns]
    writer.writerow([defused(head) for head in [*heads, *_currency_head(report, voice)]])
    first, count = True, 0
    async for row in rows_of(report):
        writer.writerow(_csv_row(report, row, voice))
        count += 1
        if count % CHUNK_ROWS == 0:
            yield _taken(out, first)
            first = False
    yield _taken(out, first)


def _csv_row(report: Report, row: Row, voice: Voice) -> list[str]:
    cells = [
        text if column.kind in NUMBERS else defused(text)
        for column in report.columns
        for text in [cell(column, row, voice)]
    ]
    if not any(cells[:1]) and row.get(report.columns[0].name) is None:
        cells[0] = voice.total
    return [*cells, str(row.get("currency", ""))] if has_money(report) else cells


def _taken(out: io.StringIO, first: bool) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode("utf-8-sig" if first else "utf-8")


async def to_xlsx(report: Report, voice: Voice, head: Head, path: Path) -> int:
    """Write the report to `path` as Excel, one row in memory at a time; how many rows. What does not fit
    into one sheet goes on in the next."""
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "tmpdir": str(path.parent),
    }
    book = xlsxwriter.Workbook(str(path), options)
    try:
        styles = {
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True}),
            "share": book.add_format({"num_format": "0.00%"}),
            "whole": book.add_format({"num_format": "#,##0"}),
            "when": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
            "title": book.add_format({"bold": True, "font_size": 14}),
            **{
                f"money{digits}": book.add_format(
                    {"num_format": "#,##0" + ("." + "0" * digits if digits else "")}
                )
                for digits in (0, 2, 3, 4)
            },
        }
        count, line, sheet = 0, 0, None
        async for row in rows_of(report):
            if sheet is None or line >= EXCEL_ROWS_MAX:
                sheet, line = _sheet(book, report, voice, head, styles)
            _excel_row(sheet, line, report, row, voice, styles)
            line += 1
            count += 1
        if sheet is None:
            _sheet(book, report, voice, head, styles)
        return count
    finally:
        book.close()


def _sheet(
    book: Any, report: Report, voice: Voice, head: Head, styles: dict[str, Any]
) -> tuple[Worksheet, int]:
    sheet = book.add_worksheet()
    sheet.set_column(0, len(report.columns), 16)
    sheet.write_string(0, 0, head.title, styles["title"])
    for n, text in enumerate(head.lines, 1):
        sheet.write_string(n, 0, text)
    line = len(head.lines) + 2
    labels = [voice.label(column) for column in report.columns]
    for n, label in enumerate([*labels, *_currency_head(report, voice)]):
        sheet.write_string(line, n, label, styles["head"])
    sheet.freeze_panes(line + 1, 0)
    return sheet, line + 1


def _excel_row(
    sheet: Worksheet, line: int, report: Report, row: Row, voice: Voice, styles: dict[str, Any]
) -> None:
    for n, column in enumerate(report.columns):
        value = row.get(column.name)
        if value is None:
            if n == 0:
                sheet.write_string(line, n, voice.total)
            continue
        match column.kind:
            case Kind.MONEY:
                digits = exponent(row["currency"]) or 0
                text = plain(Money(int(value), row["currency"]))
                if len(str(abs(int(value)))) > EXACT_DIGITS:
                    sheet.write_string(line, n, text)
                else:
                    sheet.write_number(line, n, Decimal(text), styles[f"money{digits}"])
            case Kind.COUNT | Kind.BYTES:
                sheet.write_number(line, n, value, styles["whole"])
            case Kind.SHARE:
                sheet.write_number(line, n, value, styles["share"])
            case Kind.MILLIS:
                sheet.write_number(line, n, round(value, 1))
            case Kind.WHEN:
                at = _local(value, voice).replace(tzinfo=None)
                sheet.write_datetime(line, n, at, styles["when"])
            case Kind.DAY:
                sheet.write_datetime(
                    line, n, datetime.combine(value, datetime.min.time()), styles["day"]
                )
            case _:
                sheet.write_string(line, n, cell(column, row, voice))
    if has_money(report):
        sheet.write_string(line, len(report.columns), str(row.get("currency", "")))


async def to_pdf(
    report: Report, voice: Voice, head: Head, at: datetime, font_of: FontOf
) -> bytes | None:
    """The report as a PDF on A4 across, made at `at`; None where it has more than `PDF_ROWS_MAX` rows.

    Letters that no font of this machine has are shown as a question mark.
    """
    rows: list[list[str]] = []
    async for row in rows_of(report):
        if len(rows) >= PDF_ROWS_MAX:
            return None
        cells = [_paper(column, row, voice) for column in report.columns]
        if row.get(report.columns[0].name) is None:
            cells[0] = voice.total
        rows.append(cells)
    heads = [voice.label(column) for column in report.columns]
    return _drawn(report.columns, heads, rows, head, at, font_of)


def _drawn(
    columns: Sequence[Column],
    heads: list[str],
    rows: list[list[str]],
    head: Head,
    at: datetime,
    font_of: FontOf,
) -> bytes:
    from fpdf import FPDF
    from fpdf.fonts import FontFace

    page = FPDF(orientation="L", format="A4")
    page.set_creation_date(at)
    page.set_auto_page_break(auto=True, margin=12)
    page.set_margins(10, 10)
    used = "".join({c for text in _texts(heads, rows, head) for c in text})
    shown = _font(page, used, font_of)
    page.add_page()
    page.set_font(size=14)
    page.cell(0, 8, shown(head.title), new_x="LMARGIN", new_y="NEXT")
    page.set_font(size=8)
    for line in head.lines:
        page.cell(0, 5, shown(line), new_x="LMARGIN", new_y="NEXT")
    page.ln(2)
    page.set_font(size=7)
    page.set_draw_color(200)
    align = tuple("RIGHT" if column.kind in NUMBERS else "LEFT" for column in columns)
    with page.table(
        text_align=align,
        headings_style=FontFace(fill_color=(232, 240, 238), emphasis=None),
        line_height=4.2,
        padding=0.8,
        borders_layout="HORIZONTAL_LINES",
        repeat_headings=1,
    ) as table:
        for cells in [heads, *rows]:
            drawn = table.row()
            for text in cells:
                drawn.cell(shown(text))
    return bytes(page.output())


def _font(page: FPDF, used: str, font_of: FontOf) -> Say:
    """Choose a font that has all letters, and answer what may be written with it."""
    if all(ord(char) < 256 for char in used):
        page.set_font(_LATIN)
        return lambda text: text
    found = font_of(used) or font_of("".join(c for c in used if ord(c) < 0x3000))
    if found is None:
        page.set_font(_LATIN)
        return lambda text: text.replace("…", "...").encode("latin-1", "replace").decode("latin-1")
    page.add_font("report", "", str(found))
    page.set_font("report")
    return lambda text: text


def _texts(heads: list[str], rows: list[list[str]], head: Head) -> list[str]:
    return [head.title, *head.lines, *heads, *(text for row in rows for text in row)]


def _paper(column: Column, row: Row, voice: Voice) -> str:
    """A value as people read it on paper: amounts and counts grouped, with their currency."""
    value = row.get(column.name)
    if value is None:
        return ""
    if column.kind is Kind.MONEY:
        text = plain(Money(int(value), row["currency"]))
        return f"{Decimal(text):,} {row['currency']}"
    if column.kind in (Kind.COUNT, Kind.BYTES):
        return f"{value:,}"
    if column.kind is Kind.SHARE:
        return f"{value:.2%}"
    return cell(column, row, voice)


def _currency_head(report: Report, voice: Voice) -> list[str]:
    return [voice.label(Column("currency"))] if has_money(report) else []


def _local(value: datetime, voice: Voice) -> datetime:
    return value.astimezone(ZoneInfo(voice.zone))


def scratch(name: str) -> Path:
    """A new file for an export, in a folder of its own that only we can enter."""
    return Path(tempfile.mkdtemp(prefix="argosy-report-")) / name


async def to_file(
    report: Report, how: str, voice: Voice, head: Head, at: datetime, font_of: FontOf, name: str
) -> Path | None:
    """The report in the format `how` as a file of its own in the temporary folder, whoever calls removes
    it; None where a PDF would be too long."""
    path = scratch(f"{name}.{how}")
    if how == "csv":
        with path.open("wb") as file:
            async for chunk in to_csv(report, voice):
                file.write(chunk)
    elif how == "xlsx":
        await to_xlsx(report, voice, head, path)
    else:
        paper = await to_pdf(report, voice, head, at, font_of)
        if paper is None:
            path.parent.rmdir()
            return None
        path.write_bytes(paper)
    return path
