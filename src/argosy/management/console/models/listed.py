"""The registry: every model with its versions, which one is live, and how they measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from nicegui import ui

from argosy.ctu.models.facts import State, Version
from argosy.management.console.desk import Desk
from argosy.management.console.pages import address, page
from argosy.management.console.widgets import (
    Column,
    CursorTable,
    Slice,
    Tone,
    button,
    page_head,
    section,
)
from argosy.management.risk.models import Named
from argosy.management.staff.facts import Right

TONES: Final[Mapping[State, Tone]] = {
    State.CANDIDATE: "quiet",
    State.SHADOW: "info",
    State.LIVE: "good",
    State.RETIRED: "quiet",
    State.ROLLED_BACK: "warn",
}
SPLIT: Final = {"lineStyle": {"color": "#8a94a0", "opacity": 0.25}}
"""Lines behind a chart, faint in either theme."""

SHOWN_METRICS: Final = ("average_precision", "auc", "precision", "recall", "ece")
VERSIONS_SHOWN: Final = 20
_COLUMNS = (
    Column("version", "models.column.version", "mono"),
    Column("state", "models.column.state", "state"),
    Column("kind", "models.column.kind"),
    Column("metrics", "models.column.metrics", wrap=True),
    Column("columns", "models.column.columns", "number"),
    Column("put", "models.column.put"),
    Column("moved", "models.column.moved", wrap=True),
)


def model_address(name: str, version: str) -> str:
    """The page of one version."""
    return address("/models/{name}/{version}", name=name, version=version)


def metrics_text(metrics: Mapping[str, float]) -> str:
    """The figures that say most, first the usual ones."""
    names = [name for name in SHOWN_METRICS if name in metrics]
    names += [name for name in sorted(metrics) if name not in names]
    return "  ".join(f"{name} {metrics[name]:.4g}" for name in names[:4])


class ModelList:
    """One table for each name."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def build(self) -> None:
        """All of them."""
        found = await self._desk.services.risk.models.listed()
        if not found:
            ui.label(self._desk.say("models.none")).classes("ar-empty")
        for named in found:
            await self._named(named)

    async def _named(self, named: Named) -> None:
        async def fetch(_after: int | None) -> Slice[int]:
            return Slice([self._row(one) for one in named.versions[:VERSIONS_SHOWN]], None)

        def chosen(row: Mapping[str, Any]) -> None:
            ui.navigate.to(model_address(named.name, str(row["id"])))

        with section(named.name):
            ui.label(named.versions[0].card.purpose).classes("ar-soft")
            if len(named.versions) > 1:
                metrics_chart(self._desk, named.versions)
            table: CursorTable[int] = CursorTable(
                self._desk, _COLUMNS, fetch, name=named.name, on_row=chosen
            )
        await table.load()

    def _row(self, one: Version) -> dict[str, Any]:
        say = self._desk.say
        return {
            "id": one.version,
            "version": one.version,
            "state": one.state.value,
            "state_text": say(f"models.state.{one.state.value}"),
            "state_tone": TONES[one.state],
            "kind": one.kind,
            "metrics": metrics_text(one.metrics),
            "columns": str(len(one.columns)),
            "put": f"{self._desk.when(one.put_at)} · {one.put_by}",
            "moved": f"{one.moved_by}: {one.moved_why}",
        }


def metrics_chart(desk: Desk, versions: Sequence[Version]) -> None:
    """Metrics of the versions of a name, in the order in which they were put."""
    ordered = list(reversed(versions[:VERSIONS_SHOWN]))
    names = [n for n in SHOWN_METRICS if any(n in one.metrics for one in ordered)]
    if not names:
        names = sorted({name for one in ordered for name in one.metrics})[:3]
    ui.echart(
        {
            "animation": False,
            "grid": {"left": 48, "right": 16, "top": 16, "bottom": 56},
            "legend": {"bottom": 0, "textStyle": {"color": "#8a94a0"}},
            "xAxis": {
                "type": "category",
                "data": [one.version for one in ordered],
                "axisLabel": {"color": "#8a94a0"},
            },
            "yAxis": {
                "type": "value",
                "scale": True,
                "axisLabel": {"color": "#8a94a0"},
                "splitLine": SPLIT,
            },
            "series": [
                {
                    "name": name,
                    "type": "line",
                    "symbolSize": 8,
                    "data": [one.metrics.get(name) for one in ordered],
                }
                for name in names
            ],
        },
        renderer="svg",
    ).classes("w-full risk-small").props(f'role="img" aria-label="{desk.say("models.over_time")}"')


@page("/models", title="models.title", right=Right.MODELS_SEE, menu="menu.risk", order=30)
async def build(desk: Desk) -> None:
    """The registry."""
    with page_head(desk.say("models.title"), note=desk.say("models.note")):
        button(
            desk.say("models.learning"), lambda: ui.navigate.to(address("/learning")), icon="school"
        )
    await ModelList(desk).build()
