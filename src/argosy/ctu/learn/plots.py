"""Plots as SVG, written out by hand: no library, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Points = Sequence[tuple[float, float]]

WIDTH: Final = 460
HEIGHT: Final = 240
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 14, 34
INK, MUTED, GRID = "#1b2733", "#5d6b78", "#dde3e8"
COLOURS: Final = ("#0b6e6e", "#c2410c", "#6b7280", "#7c3aed")
POINTS_MAX: Final = 300
BINS: Final = 30


def lines(
    series: Mapping[str, Points],
    across: str,
    up: str,
    *,
    x_max: float | None = None,
    y_max: float | None = None,
) -> str:
    """Lines over common axes that begin at 0."""
    everything = [point for points in series.values() for point in points]
    x_top = x_max or max((x for x, _ in everything), default=1.0) or 1.0
    y_top = y_max or max((y for _, y in everything), default=1.0) or 1.0
    parts = [_frame(across, up, x_top, y_top)]
    for n, (name, points) in enumerate(series.items()):
        thin = _thinned(points)
        path = " ".join(f"{_x(x / x_top):.1f},{_y(y / y_top):.1f}" for x, y in thin)
        colour = COLOURS[n % len(COLOURS)]
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(_legend(n, name, colour))
    return _svg(parts, f"{up} by {across}")


def histogram(groups: Mapping[str, Numbers], across: str, mark: float | None = None) -> str:
    """Shares of each group by value, side by side; `mark` is a line across."""
    whole = np.concatenate([g[np.isfinite(g)] for g in groups.values()] or [np.empty(0)])
    if not len(whole):
        return ""
    low, high = float(np.quantile(whole, 0.0)), float(np.quantile(whole, 0.995))
    if mark is not None and np.isfinite(mark):
        low, high = min(low, mark), max(high, mark)
    if high <= low:
        high = low + 1.0
    edges = np.linspace(low, high, BINS + 1)
    shares = {
        name: np.histogram(np.clip(g[np.isfinite(g)], low, high), edges)[0] / max(1, len(g))
        for name, g in groups.items()
    }
    top = max(float(s.max()) for s in shares.values()) or 1.0
    parts = [_frame(across, "share", high, top, x_min=low)]
    wide = (WIDTH - LEFT - RIGHT) / BINS
    for n, (name, share) in enumerate(shares.items()):
        colour = COLOURS[n % len(COLOURS)]
        slim = wide / max(1, len(shares))
        for i, value in enumerate(share):
            if value > 0:
                x, y = LEFT + i * wide + n * slim, _y(value / top)
                parts.append(
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(1.0, slim - 0.5):.1f}" '
                    f'height="{HEIGHT - BOTTOM - y:.1f}" fill="{colour}"/>'
                )
        parts.append(_legend(n, name, colour))
    if mark is not None and np.isfinite(mark):
        x = LEFT + (mark - low) / (high - low) * (WIDTH - LEFT - RIGHT)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="{INK}" '
            f'stroke-dasharray="4 3"/>'
        )
    return _svg(parts, across)


def bars(values: Mapping[str, float], what: str, bound: float | None = None) -> str:
    """One lying bar a name, the longest first; `bound` is a line down."""
    if not values:
        return ""
    top = max([*values.values(), bound or 0.0]) or 1.0
    height = 22 * len(values) + 30
    label = 210
    room = WIDTH - label - 60
    parts = []
    for n, (name, value) in enumerate(values.items()):
        y = 8 + 22 * n
        long = max(1.0, value / top * room)
        colour = COLOURS[1] if bound is not None and value > bound else COLOURS[0]
        parts.append(
            f'<text x="{label - 6}" y="{y + 12}" text-anchor="end" font-size="11" fill="{INK}">'
            f"{escape(name)}</text>"
            f'<rect x="{label}" y="{y}" width="{long:.1f}" height="15" fill="{colour}"/>'
            f'<text x="{label + long + 5:.1f}" y="{y + 12}" font-size="11" fill="{MUTED}">'
            f"{value:.3g}</text>"
        )
    if bound is not None:
        x = label + bound / top * room
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{height - 22}" stroke="{INK}" '
            f'stroke-dasharray="4 3"/>'
        )
    return _svg(parts, what, height=height)


def stacked(days: Sequence[tuple[int, int, int]], first: str, second: str) -> str:
    """Two counts a day on top of each other."""
    if not days:
        return ""
    top = max((a + b for _, a, b in days), default=1) or 1
    begin, end = days[0][0], days[-1][0]
    wide = (WIDTH - LEFT - RIGHT) / max(1, end - begin + 1)
    parts = [_frame(f"days, {len(days)} of them", "alerts", end - begin + 1, top)]
    for day, a, b in days:
        x = LEFT + (day - begin) * wide
        for count, below, colour in ((a, 0, COLOURS[0]), (b, a, COLOURS[1])):
            if count:
                y = _y((below + count) / top)
                parts.append(
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(1.0, wide - 0.5):.1f}" '
                    f'height="{count / top * (HEIGHT - TOP - BOTTOM):.1f}" fill="{colour}"/>'
                )
    parts += [_legend(0, first, COLOURS[0]), _legend(1, second, COLOURS[1])]
    return _svg(parts, "alerts by day")


def _frame(across: str, up: str, x_top: float, y_top: float, *, x_min: float = 0.0) -> str:
    parts = []
    for n in range(5):
        share = n / 4
        y, x = _y(share), _x(share)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" font-size="10" '
            f'fill="{MUTED}">{share * y_top:.3g}</text>'
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 13}" text-anchor="middle" font-size="10" '
            f'fill="{MUTED}">{x_min + share * (x_top - x_min):.3g}</text>'
        )
    parts.append(
        f'<text x="{(WIDTH + LEFT) / 2}" y="{HEIGHT - 4}" text-anchor="middle" font-size="11" '
        f'fill="{INK}">{escape(across)}</text>'
        f'<text x="{LEFT}" y="{TOP - 4}" font-size="11" fill="{INK}">{escape(up)}</text>'
    )
    return "".join(parts)


def _legend(place: int, name: str, colour: str) -> str:
    y = TOP + 8 + 15 * place
    return (
        f'<rect x="{WIDTH - RIGHT - 148}" y="{y - 8}" width="10" height="10" fill="{colour}"/>'
        f'<text x="{WIDTH - RIGHT - 133}" y="{y + 1}" font-size="11" fill="{INK}">{escape(name)}</text>'
    )


def _svg(parts: Sequence[str], title: str, height: int = HEIGHT) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )


def _thinned(points: Points) -> Points:
    step = max(1, len(points) // POINTS_MAX)
    return [*points[::step], *([points[-1]] if points else [])]


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def pairs(x: Any, y: Any) -> list[tuple[float, float]]:
    """Two arrays as points."""
    return [(float(a), float(b)) for a, b in zip(x, y, strict=True)]
