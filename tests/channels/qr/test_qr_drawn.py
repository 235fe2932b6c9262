"""A code as a picture and on paper: what is drawn is the code, and no name can break the sheet."""

from __future__ import annotations

import base64
import re
import struct
import subprocess
import sys
import zlib
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy.base.refusals import Bug
from argosy.channels.qr import draw
from argosy.channels.qr import print as paper
from argosy.channels.qr.latin import spell

TEXT = (
    "00020101021226350010A00000052401171234567890@argosy5204541153033565406150.005802IN"
    "5913Ravi Tea Shop6006Mumbai6229052503F2IXI59AKS080YKRZ1DRSFF63041B6C"
)
AT = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
NAMES = [
    "Ravi Tea Shop",
    "Café Ünal",
    "राम मिठाई भंडार",
    "ร้านชา",
    "茶館",
    "<&\"'>",
    "x" * 60,
    "\u202eabc",
    "😀",
]

Rows = tuple[tuple[bool, ...], ...]


@pytest.fixture(autouse=True)
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without fonts, whichever this one has; test_qr_fonts.py is of the others."""
    monkeypatch.setattr(paper, "covering", lambda _text, **_more: None)


def expected(text: str, level: str) -> Rows:
    drawn = segno.make(text, error=level, micro=False, boost_error=True)
    return tuple(tuple(bool(dark) for dark in row) for row in drawn.matrix)


def from_lines(path: str, border: int) -> set[tuple[int, int]]:
    """The dark squares of a path of horizontal lines, read back by the rules of SVG."""
    dark = set()
    x, y = 0.0, 0.0
    for verb, numbers in re.findall(r"([Mmh])([^Mmh]*)", path):
        values = [float(n) for n in re.findall(r"-?[0-9.]+", numbers)]
        if verb == "M":
            x, y = values
        elif verb == "m":
            x, y = x + values[0], y + values[1]
        else:
            dark |= {(int(x) + n - border, int(y) - border) for n in range(int(values[0]))}
            x += values[0]
    return dark


def from_png(data: bytes) -> Rows:
    """The squares of a one-bit grey or palette PNG with one pixel a module, read by hand."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, body, width = 8, b"", 0
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, chunk = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, _, depth, colour = struct.unpack(">IIBB", chunk[:10])
            assert (depth, colour) == (1, 0)
        if kind == b"IDAT":
            body += chunk
        at += size + 12
    raw, line = zlib.decompress(body), (width + 7) // 8 + 1
    rows = []
    for n in range(width):
        assert raw[n * line] == 0
        bits = "".join(f"{byte:08b}" for byte in raw[n * line + 1 : (n + 1) * line])
        rows.append(tuple(bit == "0" for bit in bits[:width]))
    return tuple(rows)


def squares(rows: Rows) -> set[tuple[int, int]]:
    return {(x, y) for y, row in enumerate(rows) for x, dark in enumerate(row) if dark}


def test_the_small_svg_shows_the_code() -> None:
    markup = draw.inline_svg(TEXT, 'Code of "Ravi" & Sons')
    tree = ET.fromstring(markup)
    assert tree.attrib["aria-label"] == 'Code of "Ravi" & Sons'
    path = next(e.attrib["d"] for e in tree if "stroke" in e.attrib)
    assert from_lines(path, draw.BORDER) == squares(expected(TEXT, "L"))


def test_the_small_png_shows_the_code() -> None:
    address = draw.inline_png(TEXT)
    head, _, data = address.partition(",")
    assert head == "data:image/png;base64"
    rows = from_png(base64.b64decode(data))
    border = {(x + 4, y + 4) for x, y in squares(expected(TEXT, "L"))}
    assert squares(rows) == border


def test_the_small_forms_are_small() -> None:
    assert len(zlib.compress(draw.inline_svg(TEXT).encode(), 9)) < 850
    assert len(draw.inline_png(TEXT)) < 700


def test_the_documents_are_whole() -> None:
    ET.fromstring(draw.svg(TEXT))
    assert draw.png(TEXT)[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(draw.modules(TEXT)) == len(expected(TEXT, "Q"))


def test_runs_cover_the_dark_squares_and_no_other() -> None:
    rows = draw.modules(TEXT)
    covered = {(x + n, y) for x, y, length in draw.runs(rows) for n in range(length)}
    assert covered == squares(rows)


@pytest.mark.parametrize("text", ["", "x" * 1025])
def test_only_codes_are_drawn(text: str) -> None:
    with pytest.raises(Bug):
        draw.symbol(text)


def test_a_code_with_another_script_is_drawn_as_utf_8() -> None:
    assert draw.symbol("चाय é").mode == "byte"
    assert draw.modules("é") == tuple(
        tuple(bool(d) for d in row)
        for row in segno.make("é".encode(), error="Q", micro=False, boost_error=True).matrix
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", [paper.sticker_svg, paper.stand_svg])
def test_svg_sheets_show_any_name_as_it_is(make: object, name: str) -> None:
    sheet = paper.Sheet(TEXT, name, "1234567890", "Argosy", language="hi")
    text = make(sheet)  # type: ignore[operator]
    tree = ET.fromstring(text)
    shown = "".join(tree.itertext())
    assert name in shown
    assert "123 456 7890" in shown
    assert "Argosy" in shown


def test_the_code_on_the_sticker_is_the_code() -> None:
    tree = ET.fromstring(paper.sticker_svg(paper.Sheet(TEXT, "A", "1234567890", "Argosy")))
    path = next(e.attrib["d"] for e in tree.iter() if "scale(" in e.attrib.get("transform", ""))
    found = set()
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path):
        found |= {(int(x) + n, int(y)) for n in range(int(length))}
    assert found == squares(expected(TEXT, "Q"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", [paper.sticker_pdf, paper.stand_pdf])
def test_pdf_sheets_are_made_for_any_name(make: object, name: str) -> None:
    sheet = paper.Sheet(TEXT, name, "1234567890", "Argosy", "स्कैन करें", "या", "hi")
    printed = make(sheet, AT)  # type: ignore[operator]
    assert printed.pdf.startswith(b"%PDF-")
    assert b"%%EOF" in printed.pdf[-8:]


def test_what_a_pdf_cannot_show_is_said() -> None:
    def left_out(name: str) -> tuple[str, ...]:
        return paper.sticker_pdf(paper.Sheet(TEXT, name, "1", "Argosy"), AT).left_out

    assert left_out("राम Café") == ()
    assert left_out("茶 House") == ("茶",)


def test_the_same_sheet_is_the_same_file() -> None:
    sheet = paper.Sheet(TEXT, "Ravi", "1234567890", "Argosy")
    assert paper.sticker_pdf(sheet, AT) == paper.sticker_pdf(sheet, AT)


def test_the_pdf_draws_a_box_for_every_run() -> None:
    sheet = paper.Sheet(TEXT, "Ravi", "1234567890", "Argosy")
    pdf = paper.sticker_pdf(sheet, AT).pdf
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    drawn = b"".join(zlib.decompress(s) for s in streams)
    assert drawn.count(b" re f") == len(draw.runs(draw.modules(TEXT))) + 2


def test_the_pdf_writer_is_loaded_only_when_it_is_needed() -> None:
    line = "import sys, argosy.channels.qr.print; sys.exit('fpdf' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", line], check=False).returncode == 0


@pytest.mark.parametrize(
    "number, shown",
    [("1234567890", "123 456 7890"), ("12345678", "1234 5678"), ("123456", "123 456"), ("1234", "1234"),
     ("12345", "12 345"), ("1234567", "123 4567"), ("AB12345", "AB12345"), ("١٢٣٤٥٦", "١٢٣٤٥٦")],
)  # fmt: skip
def test_numbers_are_grouped_for_reading_out(number: str, shown: str) -> None:
    assert paper.grouped(number) == shown


@pytest.mark.parametrize(
    "name, spelled",
    [
        ("Ravi's Shop", "Ravi's Shop"),
        ("Café Ünal", "Cafe Unal"),
        ("राम मिठाई भंडार", "Ram Mithai Bhandar"),
        ("शर्मा किराना", "Sharma Kirana"),
        ("ज़ाहिद", "Zahid"),
        ("ਸਿੰਘ", "Singh"),
        ("వాణి", "Vani"),
        ("ராமா", "Rama"),
        ("বাজার ১২", "Bajar 12"),
        ("  a \t b  ", "a b"),
        ("₹10 – tea", "Rs 10 - tea"),
    ],
)
def test_names_in_latin_letters(name: str, spelled: str) -> None:
    answer = spell(name)
    assert (answer.text, answer.left_out) == (spelled, ())


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFFFF)))
def test_a_spelling_is_plain_and_says_what_it_lacks(name: str) -> None:
    answer = spell(name)
    assert answer.text.isascii()
    assert answer.text == "" or answer.text.isprintable()
    assert not any(char.isascii() for char in answer.left_out)
