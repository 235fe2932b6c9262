"""Fonts of the machine, for letters that readers of PDFs do not have."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from argosy.channels.qr import fonts
from argosy.channels.qr import print as paper

AT = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
SHOP = "ร้านชา"
SHEET = paper.Sheet("0002016304ABCD", SHOP, "1234567890", "Argosy")


def make_font(file: Path, letters: str) -> Path:
    """A small font whose letters are all the same square."""
    pen = TTGlyphPen(None)
    for at, point in enumerate([(50, 0), (50, 500), (450, 500), (450, 0)]):
        (pen.lineTo if at else pen.moveTo)(point)
    pen.closePath()
    names = {ord(letter): f"u{ord(letter):04X}" for letter in letters}
    order = [".notdef", *names.values()]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(names)
    builder.setupGlyf(dict.fromkeys(order, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(order, (500, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": file.stem, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.save(file)
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Fonts as a system has them: Latin and Thai ones, regular and bold, and a broken file."""
    make_font(tmp_path / "NotoSans-Regular.ttf", "abc")
    make_font(tmp_path / "NotoSansThai-Bold.ttf", "ร้านชา")
    make_font(tmp_path / "NotoSansThai-Regular.ttf", "ร้านชา ")
    make_font(tmp_path / "NotoSerifThai-Light.ttf", "ร้านชา")
    (tmp_path / "Aaa-Thai.ttf").write_bytes(b"no font")
    return tmp_path


def test_the_font_that_has_every_letter_is_taken(folder: Path) -> None:
    regular = fonts.covering(SHOP, folders=(folder,))
    bold = fonts.covering(SHOP, bold=True, folders=(folder,))
    assert regular is not None
    assert bold is not None
    assert (regular.name, bold.name) == ("NotoSansThai-Regular.ttf", "NotoSansThai-Bold.ttf")
    latin = fonts.covering("cab\u200d", folders=(folder,))
    assert latin is not None
    assert latin.name == "NotoSans-Regular.ttf"


def test_where_no_font_has_all_letters_there_is_none(folder: Path, tmp_path: Path) -> None:
    assert fonts.covering("राम", folders=(folder,)) is None
    assert fonts.covering("ชาก", folders=(folder,)) is None
    assert fonts.covering(SHOP, folders=(tmp_path / "nowhere",)) is None


def test_a_pdf_shows_the_name_as_it_is_where_there_is_a_font(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "covering", partial(fonts.covering, folders=(folder,)))
    for make in (paper.sticker_pdf, paper.stand_pdf):
        made = make(SHEET, AT)
        assert made.left_out == ()
        assert b"FontFile2" in made.pdf
        assert b"NotoSansThai-Bold" in made.pdf


def test_without_a_font_what_cannot_be_spelled_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_text: str, **_more: Any) -> None:
        return None

    monkeypatch.setattr(paper, "covering", nowhere)
    made = paper.sticker_pdf(SHEET, AT)
    assert b"FontFile2" not in made.pdf
    assert made.left_out
