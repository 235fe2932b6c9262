"""A code's text drawn as a QR symbol: SVG, PNG, and two small forms for inside a page.

Texts must be codes that were built here (at most 1,024 characters); every drawing has the white border
of four modules that readers need, and its own white ground, so that dark pages do not break it.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from argosy.base.refusals import must

if TYPE_CHECKING:
    from segno import QRCode

TEXT_CHARS_MAX = 1024
BORDER = 4

SCREEN = "L"  # a screen is clean: less correction, a coarser symbol, fewer bytes
PAPER = "Q"  # a sticker gets scratched: a quarter of it may be lost


def symbol(text: str, level: str = SCREEN) -> QRCode:
    """The QR symbol of `text` with at least correction `level` (L, M, Q or H)."""
    import segno

    must(0 < len(text) <= TEXT_CHARS_MAX, "not a code to draw", chars=len(text))
    encoding = None if text.isascii() else "utf-8"
    return segno.make(text, error=level, encoding=encoding, micro=False, boost_error=True)


def modules(text: str, level: str = PAPER) -> tuple[tuple[bool, ...], ...]:
    """The symbol as rows of dark (True) and light squares, without border."""
    return tuple(tuple(bool(dark) for dark in row) for row in symbol(text, level).matrix)


def svg(text: str, level: str = PAPER) -> str:
    """A whole SVG document that scales to any size."""
    out = io.BytesIO()
    symbol(text, level).save(
        out, kind="svg", border=BORDER, omitsize=True, light="#fff", svgclass=None, lineclass=None
    )
    return out.getvalue().decode()


def inline_svg(text: str, label: str = "QR") -> str:
    """An `<svg>` element for inside HTML, about 0.7 kB compressed; `label` is what a screen reader says.

    Size it with CSS. Where a page may show `data:` images, `inline_png` is a third smaller.
    """
    drawn = symbol(text)
    size = len(drawn.matrix) + 2 * BORDER
    return (
        f'<svg viewBox="0 0 {size} {size}" role="img" aria-label="{_escaped(label)}">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        f'<path stroke="#000" d="{_path(drawn)}"/></svg>'
    )


def inline_png(text: str) -> str:
    """A `data:` address for an `<img>`, about 0.45 kB compressed: one pixel a module.

    The page scales it up with `image-rendering: pixelated` and needs `img-src data:` in its policy.
    """
    return "data:image/png;base64," + base64.b64encode(png(text, module=1)).decode()


def png(text: str, module: int = 8, level: str = SCREEN) -> bytes:
    """A PNG with `module` pixels (1 to 64) for each square."""
    must(1 <= module <= 64, "not a size of a module", module=module)
    out = io.BytesIO()
    symbol(text, level).save(out, kind="png", scale=module, border=BORDER, compresslevel=9)
    return out.getvalue()


def runs(rows: tuple[tuple[bool, ...], ...]) -> list[tuple[int, int, int]]:
    """The dark squares as horizontal runs: (column, row, length)."""
    found = []
    for y, row in enumerate(rows):
        start = None
        for x, dark in enumerate((*row, False)):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                found.append((start, y, x - start))
                start = None
    return found


def _path(drawn: QRCode) -> str:
    """Lines one module thick, each given from where the last one ended: the shortest plain path."""
    rows = tuple(tuple(bool(dark) for dark in row) for row in drawn.matrix)
    parts, at_x, at_y = [], 0, -1
    for x, y, length in runs(rows):
        if at_y < 0:
            parts.append(f"M{x + BORDER} {y + BORDER}.5h{length}")
        else:
            step, down = x - at_x, y - at_y
            parts.append(f"m{step}{down if down < 0 else f' {down}'}h{length}")
        at_x, at_y = x + length, y
    return "".join(parts)


def _escaped(text: str) -> str:
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )
