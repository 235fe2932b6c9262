"""What a merchant puts on the counter: a sticker and a table stand, as SVG and as PDF.

All measures are millimetres. SVG shows any script, with the fonts of the machine that prints it. PDF
shows Latin letters with the fonts that every reader has, and other scripts with a font of this machine,
which goes into the file (fonts.py). Where no font here has the letters, they are spelled in Latin ones,
and what cannot be spelled is left out and named in the answer. The code and the number are always there.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from argosy.channels.qr import draw
from argosy.channels.qr.fonts import covering
from argosy.channels.qr.latin import spell

if TYPE_CHECKING:
    from fpdf import FPDF

INK = "#10243e"
BAND = "#0b5c4b"
STICKER = (100.0, 140.0)
STAND = (210.0, 297.0)  # A4, folded across the middle
BASE_LINE = 0.3
HEADLINE = "Scan to pay"
HINT = "or pay to this number"
_FONTS = "system-ui,'Noto Sans',Arial,sans-serif"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is printed. `number` is the merchant's short number, for those who type; `headline` and
    `hint` are words in the customer's language; `tax` is the line with the merchant's tax number."""

    code: str
    name: str
    number: str
    operator: str
    headline: str = HEADLINE
    hint: str = HINT
    language: str = "en"
    tax: str = ""


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF, and the characters of the merchant's name that its fonts could not show."""

    pdf: bytes
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Box:
    """Something on the sheet: a filled box, a text centred on x, or the symbol. y is a text's base line."""

    kind: str
    x: float
    y: float
    width: float
    height: float = 0.0  # of a box; of a text its font size
    text: str = ""
    colour: str = INK
    bold: bool = False


def sticker_svg(sheet: Sheet) -> str:
    """A sticker of 100 by 140 mm."""
    return _svg(sheet, STICKER, _group(_sticker(sheet), sheet))


def stand_svg(sheet: Sheet) -> str:
    """A table stand: an A4 sheet folded across the middle, the same on both sides."""
    panel = _group(_panel(sheet), sheet)
    width, height = STAND
    half = height / 2
    body = (
        f'<g transform="translate(0 {half})">{panel}</g>'
        f'<g transform="rotate(180 {width / 2} {half / 2})">{panel}</g>'
        f'<path d="M0 {half}h{width}" stroke="#999" stroke-width=".3" stroke-dasharray="3 3"/>'
    )
    return _svg(sheet, STAND, body)


def sticker_pdf(sheet: Sheet, at: datetime) -> Printed:
    """The sticker as a PDF made at `at`."""
    shown, left_out = _shown(sheet)
    page = _page(STICKER, shown, at)
    _draw(page, _sticker(shown), shown)
    return Printed(bytes(page.output()), left_out)


def stand_pdf(sheet: Sheet, at: datetime) -> Printed:
    """The table stand as a PDF made at `at`."""
    shown, left_out = _shown(sheet)
    page = _page(STAND, shown, at)
    width, half = STAND[0], STAND[1] / 2
    for turn in (0, 180):
        with page.rotation(turn, x=width / 2, y=half):
            _draw(page, _panel(shown), shown, down=half)
    page.set_draw_color(160)
    page.set_line_width(0.3)
    page.set_dash_pattern(dash=3, gap=3)
    page.line(0, half, width, half)
    return Printed(bytes(page.output()), left_out)


def grouped(number: str) -> str:
    """A short number in groups that are easy to read out, e.g. `123 456 7890`."""
    if not number.isascii() or not number.isdigit() or len(number) <= 4:
        return number
    size = 4 if len(number) % 4 == 0 else 3
    last = size + 1 if len(number) % size == 1 else size
    head = number[:-last]
    first = len(head) % size
    groups = [head[:first]] if first else []
    return " ".join(
        [*groups, *(head[n : n + size] for n in range(first, len(head), size)), number[-last:]]
    )


def _sticker(sheet: Sheet) -> list[_Box]:
    width, height = STICKER
    middle = width / 2
    return [
        _Box("box", 0, 0, width, 27, colour=BAND),
        _Box("text", middle, 12, 90, 7.5, sheet.operator, "#ffffff", bold=True),
        _Box("text", middle, 21.5, 90, 6, sheet.headline, "#ffffff"),
        _Box("code", 14, 30, 72),
        _Box("text", middle, 111, 90, 8, sheet.name, bold=True),
        _Box("text", middle, 119, 90, 4.2, sheet.hint, "#44546a"),
        _Box("text", middle, 130, 90, 10, grouped(sheet.number), bold=True),
        _Box("text", middle, 134.6, 90, 3, sheet.tax, "#44546a"),
        _Box("box", 0, height - 4, width, 4, colour=BAND),
    ]


def _panel(sheet: Sheet) -> list[_Box]:
    width, half = STAND[0], STAND[1] / 2
    right = 150.0
    return [
        _Box("box", 0, 0, width, 24, colour=BAND),
        _Box("text", width / 2, 16, 190, 11, sheet.operator, "#ffffff", bold=True),
        _Box("code", 6, 29, 90),
        _Box("text", right, 47, 100, 11, sheet.headline, bold=True),
        _Box("text", right, 72, 100, 13, sheet.name, bold=True),
        _Box("text", right, 94, 100, 6, sheet.hint, "#44546a"),
        _Box("text", right, 112, 100, 16, grouped(sheet.number), bold=True),
        _Box("text", right, 124, 100, 5, sheet.tax, "#44546a"),
        _Box("box", 0, half - 5, width, 5, colour=BAND),
    ]


def _svg(sheet: Sheet, size: tuple[float, float], body: str) -> str:
    width, height = size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" '
        f'viewBox="0 0 {width:g} {height:g}" lang="{_safe(sheet.language)}" font-family="{_FONTS}" '
        f'text-anchor="middle"><title>{_safe(sheet.name)}</title>'
        f'<path fill="#fff" d="M0 0h{width:g}v{height:g}H0z"/>{body}</svg>'
    )


def _group(boxes: list[_Box], sheet: Sheet) -> str:
    return "".join(_element(box, sheet) for box in boxes)


def _element(box: _Box, sheet: Sheet) -> str:
    if box.kind == "box":
        return (
            f'<path fill="{box.colour}" d="M{box.x:g} {box.y:g}h{box.width:g}v{box.height:g}'
            f'h{-box.width:g}z"/>'
        )
    if box.kind == "text":
        if not box.text:
            return ""
        size = _font_size(box)
        weight = ' font-weight="700"' if box.bold else ""
        return (
            f'<text x="{box.x:g}" y="{box.y:g}" font-size="{size:.2f}" fill="{box.colour}"{weight}>'
            f"{_safe(box.text)}</text>"
        )
    rows = draw.modules(sheet.code)
    scale = box.width / (len(rows) + 2 * draw.BORDER)
    squares = "".join(f"M{x} {y}h{length}v1h-{length}z" for x, y, length in draw.runs(rows))
    start = draw.BORDER * scale
    return (
        f'<path transform="translate({box.x + start:.4f} {box.y + start:.4f}) scale({scale:.5f})" '
        f'shape-rendering="crispEdges" d="{squares}"/>'
    )


def _font_size(box: _Box) -> float:
    """The size at which the text surely fits: letters are taken as wide as they get."""
    em = sum(_em(char) for char in box.text)
    return min(box.height, box.width / em) if em else box.height


def _em(char: str) -> float:
    if unicodedata.category(char) == "Cf":
        return 0.0
    return 1.0 if unicodedata.east_asian_width(char) in "WF" else 0.66


def _safe(text: str) -> str:
    """For XML: escaped, and without the characters that no XML may hold."""
    shown = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs", "Cn"))
    return escape(shown, {'"': "&quot;"})


def _shown(sheet: Sheet) -> tuple[Sheet, tuple[str, ...]]:
    """The sheet in letters for which there is a font, and what had to be left out of the name."""
    name = sheet.name
    left_out: tuple[str, ...] = ()
    if not _can_show(name):
        spelling = spell(name)
        name, left_out = spelling.text, spelling.left_out
    shown = Sheet(
        sheet.code,
        name,
        sheet.number,
        sheet.operator if _can_show(sheet.operator) else spell(sheet.operator).text,
        sheet.headline if _can_show(sheet.headline) else HEADLINE,
        sheet.hint if _can_show(sheet.hint) else HINT,
        tax=sheet.tax if _can_show(sheet.tax) else spell(sheet.tax).text,
    )
    return shown, left_out


def _can_show(text: str) -> bool:
    return _core(text) or (_prints(text) and covering(text) is not None)


def _prints(text: str) -> bool:
    """Whether nothing in it is a control character or turns the direction of writing."""
    return all(char.isprintable() or char in "\u200c\u200d" for char in text)


def _core(text: str) -> bool:
    return text.isprintable() and all(ord(char) < 256 for char in text)


def _page(size: tuple[float, float], sheet: Sheet, at: datetime) -> FPDF:
    from fpdf import FPDF

    page = FPDF(unit="mm", format=size)
    page.set_creation_date(at)
    page.set_title(sheet.name or sheet.number)
    page.set_auto_page_break(auto=False)
    page.set_margin(0)
    page.c_margin = 0
    page.add_page()
    return page


def _draw(page: Any, boxes: list[_Box], sheet: Sheet, down: float = 0.0) -> None:
    for box in boxes:
        if box.kind == "code":
            _draw_code(page, box, sheet, down)
            continue
        red, green, blue = (int(box.colour[n : n + 2], 16) for n in (1, 3, 5))
        if box.kind == "box":
            page.set_fill_color(red, green, blue)
            page.rect(box.x, box.y + down, box.width, box.height, style="F")
        elif box.text:
            page.set_text_color(red, green, blue)
            _set_font(page, box)
            width = page.get_string_width(box.text)
            if width > box.width:
                page.set_font_size(box.height * 72 / 25.4 * box.width / width)
                width = page.get_string_width(box.text)
            if page.text_shaping is None:
                page.text(box.x - width / 2, box.y + down, box.text)
            else:  # only a cell shapes its letters; its base line lies 0.3 of the size below its middle
                page.set_xy(box.x - width / 2, box.y + down - BASE_LINE * page.font_size)
                page.cell(width, 0, box.text)


def _set_font(page: Any, box: _Box) -> None:
    """The reader's own font where it has the letters; else one of this machine, shaped as its script
    wants it."""
    size = box.height * 72 / 25.4
    found = None if _core(box.text) else covering(box.text, bold=box.bold)
    page.set_text_shaping(found is not None)
    if found is None:
        page.set_font("Helvetica", "B" if box.bold else "", size)
        return
    family = found.stem.lower()
    if family not in page.fonts:
        page.add_font(family, "", found)
    page.set_font(family, "", size)


def _draw_code(page: Any, box: _Box, sheet: Sheet, down: float) -> None:
    rows = draw.modules(sheet.code)
    scale = box.width / (len(rows) + 2 * draw.BORDER)
    page.set_fill_color(0, 0, 0)
    start = draw.BORDER * scale
    for x, y, length in draw.runs(rows):
        left, top = box.x + start + x * scale, box.y + start + y * scale + down
        page.rect(left, top, length * scale, scale, style="F")
