"""The charts of Home: pure options for ECharts, in colours that stand on light and on dark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from argosy.management.home.board import Lines
from argosy.management.home.figures import Point, Sum

ACCENT: Final = "#12968a"
PAST: Final = "#8795a3"
OLDER: Final = "#c08a3e"
BAD: Final = "#d0574b"
AXIS: Final = "#7d8a97"
GRID: Final = "rgba(125,138,151,0.18)"
FONT: Final = "system-ui, 'Segoe UI', 'Noto Sans', 'Noto Sans SC', sans-serif"

FLOOR: Final = 5
"""The axis of a rate begins at a multiple of so many percent, below the lowest value."""

Measure = Callable[[Sum], float | int | None]


def _base(names: Sequence[str], times: Sequence[str], *, unit: str = "") -> dict[str, Any]:
    return {
        "animationDuration": 200,
        "textStyle": {"fontFamily": FONT},
        "color": [ACCENT, PAST, OLDER],
        "grid": {"left": 52, "right": 14, "top": 30, "bottom": 24},
        "legend": {
            "data": list(names),
            "right": 8,
            "top": 0,
            "itemWidth": 14,
            "itemHeight": 8,
            "textStyle": {"color": AXIS, "fontSize": 12},
        },
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "line"}, "confine": True},
        "xAxis": {
            "type": "category",
            "data": list(times),
            "boundaryGap": False,
            "axisLine": {"lineStyle": {"color": GRID}},
            "axisTick": {"show": False},
            "axisLabel": {"color": AXIS, "fontSize": 11, "interval": 17},
        },
        "yAxis": {
            "type": "value",
            "min": 0,
            "axisLabel": {"color": AXIS, "fontSize": 11, "formatter": "{value}" + unit},
            "splitLine": {"lineStyle": {"color": GRID}},
        },
    }


def _line(
    name: str, values: Sequence[Any], kind: str = "solid", *, area: bool = False
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": name,
        "type": "line",
        "data": list(values),
        "showSymbol": sum(value is not None for value in values) == 1,
        "connectNulls": True,
        "lineStyle": {"width": 2 if kind == "solid" else 1.2, "type": kind},
    }
    if area:
        made["areaStyle"] = {"opacity": 0.12}
    return made


def _times(zone: str, points: Sequence[Point]) -> list[str]:
    tz = ZoneInfo(zone)
    return [point.at.astimezone(tz).strftime("%H:%M") for point in points]


def _values(points: Sequence[Point], measure: Measure) -> list[Any]:
    return [_tidy(measure(point.sum)) for point in points]


def _tidy(value: float | None) -> float | None:
    return round(value, 2) if isinstance(value, float) else value


def days(
    lines: Lines, zone: str, names: tuple[str, str, str], measure: Measure, *, unit: str = ""
) -> dict[str, Any]:
    """One measure over the day: today, yesterday, the same day last week."""
    axis = max((lines.yesterday, lines.last_week), key=len)
    made = _base(names, _times(zone, axis), unit=unit)
    # the last stretch has only begun, and would look like a fall
    today = lines.today[:-1] or lines.today
    made["series"] = [
        _line(names[0], _values(today, measure), area=True),
        _line(names[1], _values(lines.yesterday, measure), "solid"),
        _line(names[2], _values(lines.last_week, measure), "dashed"),
    ]
    made["series"][1]["lineStyle"]["width"] = 1.2
    return made


def live(lines: Lines, zone: str, names: tuple[str, str]) -> dict[str, Any]:
    """The last hour by the minute: what was paid, and what was not."""
    made = _base(names, _times(zone, lines.live))
    made["color"] = [ACCENT, BAD]
    made["xAxis"]["boundaryGap"] = True
    made["xAxis"]["axisLabel"]["interval"] = 9
    made["tooltip"]["axisPointer"] = {"type": "shadow"}
    made["series"] = [
        {
            "name": name,
            "type": "bar",
            "stack": "all",
            "barCategoryGap": "25%",
            "data": _values(lines.live, measure),
        }
        for name, measure in (
            (names[0], lambda one: one.done),
            (names[1], lambda one: one.not_done),
        )
    ]
    return made


def time_of(lines: Lines, zone: str, names: tuple[str, str]) -> dict[str, Any]:
    """How long payments take over today: the middle one, and the slowest of twenty."""
    axis = max((lines.yesterday, lines.last_week), key=len)
    made = _base(names, _times(zone, axis), unit=" ms")
    made["grid"]["left"] = 60
    made["series"] = [
        _line(names[0], _values(lines.today, lambda one: one.took(0.5)), area=True),
        _line(names[1], _values(lines.today, lambda one: one.took(0.95))),
    ]
    made["color"] = [ACCENT, OLDER]
    return made


def success(lines: Lines, zone: str, names: tuple[str, str, str]) -> dict[str, Any]:
    """The success rate over the day, in percent."""

    def percent(one: Sum) -> float | None:
        return None if one.success is None else one.success * 100

    made = days(lines, zone, names, percent, unit=" %")
    lowest = min((v for one in made["series"] for v in one["data"] if v is not None), default=0)
    floor = max(0, int(lowest) // FLOOR * FLOOR - FLOOR)
    made["yAxis"] |= {"min": floor, "max": 100, "interval": FLOOR if floor > 70 else 4 * FLOOR}
    del made["series"][0]["areaStyle"]
    return made
