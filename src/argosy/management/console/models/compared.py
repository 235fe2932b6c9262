"""Two versions of a model beside each other."""

from __future__ import annotations

from nicegui import ui

from argosy.base.refusals import Refused
from argosy.management.console.desk import Desk
from argosy.management.console.models.listed import SPLIT
from argosy.management.console.widgets import section
from argosy.management.risk.models import BINS, Compared, Opened

COLUMNS_SHOWN = 20


def comparing(desk: Desk, opened: Opened) -> None:
    """Choose another version of the same name, and see both."""
    say = desk.say
    others = [one.version for one in opened.others if one.version != opened.version.version]
    if not others:
        return

    async def chosen() -> None:
        name, version = opened.version.name, opened.version.version
        found = await desk.services.risk.models.compared(name, version, str(field.value))
        place.clear()
        with place:
            if isinstance(found, Refused):
                ui.label(desk.refusal(found))
            else:
                _show(desk, found)

    with section(say("models.compare")):
        field = ui.select(others, label=say("models.compare_with"), on_change=chosen)
        field.props("dense outlined").style("width:220px")
        place = ui.column().classes("w-full gap-2")


def _show(desk: Desk, found: Compared) -> None:
    say = desk.say
    one, other = found.one.version, found.other.version
    rows = [
        {"id": name, "name": name, "one": _number(a), "other": _number(b)}
        for name, (a, b) in found.metrics.items()
    ]
    columns = [
        {"name": "name", "field": "name", "label": say("models.column.metrics"), "align": "left"},
        {"name": "one", "field": "one", "label": one, "align": "right"},
        {"name": "other", "field": "other", "label": other, "align": "right"},
    ]
    ui.table(rows=rows, columns=columns, row_key="id").classes("ar-table").props(
        'flat hide-bottom :pagination="{rowsPerPage: 0}"'
    )
    for version, only in ((one, found.only_one), (other, found.only_other)):
        if only:
            names = ", ".join(only[:COLUMNS_SHOWN])
            ui.label(say("models.only", version=version, names=names)).classes("risk-wrap")
    if not found.rows:
        ui.label(say("models.nothing_served")).classes("ar-soft")
        return
    if found.agreement is not None:
        ui.label(say("models.agreement", value=f"{found.agreement:.3f}", count=found.rows))
    grey = {"color": "#8a94a0"}
    ui.echart(
        {
            "animation": False,
            "grid": {"left": 48, "right": 16, "top": 16, "bottom": 56},
            "legend": {"bottom": 0, "textStyle": grey},
            "xAxis": {
                "type": "category",
                "data": [f"{n / BINS:.2f}" for n in range(BINS)],
                "axisLabel": grey,
            },
            "yAxis": {"type": "value", "axisLabel": grey, "splitLine": SPLIT},
            "series": [
                {"name": version, "type": "bar", "data": list(shares)}
                for version, shares in zip((one, other), found.scores, strict=True)
            ],
        },
        renderer="svg",
    ).classes("w-full risk-small").props(f'role="img" aria-label="{say("models.scores")}"')
    for event, a, b in found.differ:
        ui.label(f"…{event[-8:]}  {a:.4f} → {b:.4f}").classes("risk-mono")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
