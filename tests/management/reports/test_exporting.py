"""Files of reports: exact amounts, no formulas, any number of rows."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from argosy.channels.qr.fonts import covering
from argosy.management.reports.exporting import (
    PDF_ROWS_MAX,
    Head,
    Voice,
    defused,
    to_csv,
    to_file,
    to_pdf,
    to_xlsx,
)
from argosy.management.reports.facts import Column, Kind, Long, Page, Table

VOICE = Voice(lambda column: column.name.title(), lambda name: name.upper(), "Asia/Kolkata")
COLUMNS = (
    Column("what"),
    Column("kind", Kind.NAME),
    Column("minor", Kind.MONEY),
    Column("count", Kind.COUNT),
    Column("share", Kind.SHARE),
    Column("day", Kind.DAY),
    Column("at", Kind.WHEN),
)
ROW = {
    "what": '=HYPERLINK("http://evil")',
    "kind": "pay",
    "minor": -12_345,
    "count": 1_000,
    "share": 0.25,
    "day": date(2026, 11, 22),
    "at": datetime(2026, 11, 22, 20, 0, tzinfo=UTC),
    "currency": "INR",
}
TABLE = Table(
    "test", COLUMNS, [ROW, {"what": "empty", "currency": "JPY", "minor": 7}], {"count": 9}
)
AT = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
HEAD = Head("A day", ("India, 22 November",))


async def csv_of(report) -> list[list[str]]:
    text = b"".join([chunk async for chunk in to_csv(report, VOICE)]).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "  =", "|", "%"])
def test_what_begins_like_a_formula_is_defused(start):
    assert defused(f"{start}cmd") == f"'{start}cmd"
    assert defused("a = b") == "a = b"


async def test_csv_is_exact_and_defused(tmp_path):
    head, first, second, total = await csv_of(TABLE)
    assert head == ["What", "Kind", "Minor", "Count", "Share", "Day", "At", "Currency"]
    assert first == [
        '\'=HYPERLINK("http://evil")',
        "PAY",
        "-123.45",
        "1000",
        "0.2500",
        "2026-11-22",
        "2026-11-23 01:30:00",
        "INR",
    ]
    assert second == ["empty", "", "7", "", "", "", "", "JPY"]
    assert total[0] == "Total"
    assert total[3] == "9"


async def test_excel_holds_strings_and_numbers_and_no_formula(tmp_path):
    path = tmp_path / "a.xlsx"
    assert await to_xlsx(TABLE, VOICE, HEAD, path) == 3
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet  # no formula
    assert "hyperlink" not in sheet.split("<sheetData>")[0]
    assert "<v>-123.45</v>" in sheet
    assert '=HYPERLINK("http://evil")' in sheet.replace("&quot;", '"')


def long_of(rows: int) -> Long:
    async def fetch(after, limit):
        begin = after or 0
        end = min(rows, begin + limit)
        page = [{**ROW, "count": n} for n in range(begin, end)]
        return Page(page, end if end < rows else None)

    return Long("long", COLUMNS, fetch)


async def test_a_long_report_is_written_page_by_page(tmp_path):
    count = 2_345
    rows = await csv_of(long_of(count))
    assert [int(row[3]) for row in rows[1:]] == list(range(count))
    assert await to_xlsx(long_of(count), VOICE, HEAD, tmp_path / "b.xlsx") == count


async def test_pdf_is_made_with_letters_of_any_script_and_says_when_it_would_be_too_long():
    paper = await to_pdf(TABLE, VOICE, HEAD, AT, covering)
    assert paper.startswith(b"%PDF")
    hindi = Table("t", COLUMNS[:1], [{"what": "…7890 नमस्ते"}])
    assert (await to_pdf(hindi, VOICE, HEAD, AT, covering)).startswith(b"%PDF")
    assert (await to_pdf(hindi, VOICE, HEAD, AT, lambda _text: None)).startswith(b"%PDF")
    assert await to_pdf(long_of(PDF_ROWS_MAX + 1), VOICE, HEAD, AT, covering) is None


@pytest.mark.parametrize("how", ["csv", "xlsx", "pdf"])
async def test_a_file_is_nobody_elses_to_read(how):
    path = await to_file(TABLE, how, VOICE, HEAD, AT, covering, "day")
    assert isinstance(path, Path)
    assert path.stat().st_size > 100
    assert path.parent.stat().st_mode & 0o077 == 0
    path.unlink()
    path.parent.rmdir()
