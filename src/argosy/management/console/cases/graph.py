"""A graph of who is linked with whom, which one walks: a click opens a node a step further."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui
from nicegui.events import EChartPointClickEventArguments

from argosy.base.refusals import Refused
from argosy.ctu.cases import Graph
from argosy.ctu.cases.facts import Link, Node
from argosy.management.console.cases.shown import ICONS, masked, party_address
from argosy.management.console.desk import Desk

NODES_MAX: Final = 250
KINDS: Final = ("account", "device", "network", "instrument")
COLOURS: Final = {
    "account": "#0d9488",
    "device": "#6366f1",
    "network": "#d97706",
    "instrument": "#db2777",
}
BAD: Final = "#dc2626"
GREY: Final = "#8a94a0"
LISTED_MAX: Final = 40


class LinkGraph:
    """The graph as it grows, with the node that is looked at beside it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._nodes: dict[str, Node] = {}
        self._links: dict[tuple[str, str], Link] = {}
        self._walked: set[str] = set()
        self._chosen = ""
        self.shown = False

    def build(self) -> None:
        """An empty graph, its legend, and the place for the chosen node."""
        say = self._desk.say
        self._chart = (
            ui.echart(self._options(), on_point_click=self._clicked, renderer="svg")
            .classes("w-full risk-chart")
            .props(f'role="img" aria-label="{say("cases.graph.title")}"')
        )
        self._beside = ui.column().classes("w-full gap-1")
        with ui.expansion(say("cases.graph.list")).classes("w-full").props("dense"):
            self._list = ui.column().classes("w-full gap-0")

    def take(self, graph: Graph | Refused) -> None:
        """Add what was found; the graph keeps what it had."""
        if isinstance(graph, Refused):
            self._desk.tell(graph)
            return
        for node in graph.nodes:
            if node.id in self._nodes or len(self._nodes) < NODES_MAX:
                self._nodes.setdefault(node.id, node)
        for link in graph.links:
            if link.source in self._nodes and link.target in self._nodes:
                self._links[link.source, link.target] = link
        self._draw()

    def choose(self, node_id: str) -> None:
        """Look at one node."""
        if node_id in self._nodes:
            self._chosen = node_id
            self._draw()

    async def expand(self, node_id: str) -> None:
        """Walk one step further from a node."""
        if node_id not in self._nodes:
            return
        before = len(self._nodes)
        self._chosen = node_id
        self._walked.add(node_id)
        graph = await self._desk.services.risk.cases.beside(node_id)
        self.take(graph)
        if len(self._nodes) == before:
            key = "cases.graph.crowd" if graph.cut else "cases.graph.nothing_more"
            with self._chart:  # the row that was pressed is another one by now
                ui.notify(self._desk.say(key), position="top")

    def draw_again(self) -> None:
        """After names were uncovered."""
        self._draw()

    # within

    async def _clicked(self, event: EChartPointClickEventArguments) -> None:
        data: object = event.data
        if event.data_type == "node" and isinstance(data, dict):
            await self.expand(str(data.get("id", "")))

    def _name(self, node: Node) -> str:
        return masked(node.entity, node.key, self.shown)

    def _options(self) -> dict[str, Any]:
        say = self._desk.say
        nodes = [self._node(node) for node in self._nodes.values()]
        links = [
            {
                "source": link.source,
                "target": link.target,
                "lineStyle": {"width": min(6, 1 + link.count / 2)},
            }
            for link in self._links.values()
        ]
        return {
            "animation": False,
            "legend": [
                {
                    "data": [say(f"cases.entity.{kind}") for kind in KINDS],
                    "textStyle": {"color": GREY},
                    "bottom": 0,
                }
            ],
            "series": [
                {
                    "type": "graph",
                    "layout": "force",
                    "roam": True,
                    "draggable": True,
                    "force": {"repulsion": 160, "edgeLength": [40, 110], "layoutAnimation": False},
                    "label": {"show": True, "position": "right", "color": GREY, "fontSize": 11},
                    "lineStyle": {"color": GREY, "opacity": 0.6},
                    "categories": [
                        {"name": say(f"cases.entity.{kind}"), "itemStyle": {"color": COLOURS[kind]}}
                        for kind in KINDS
                    ],
                    "data": nodes,
                    "links": links,
                }
            ],
        }

    def _node(self, node: Node) -> dict[str, Any]:
        chosen = node.id == self._chosen
        border = BAD if node.bad else "#ffffff" if chosen else "transparent"
        return {
            "id": node.id,
            "name": self._name(node),
            "category": KINDS.index(node.entity) if node.entity in KINDS else 0,
            "symbolSize": 30 if node.depth == 0 else 24 if chosen else 16,
            "symbol": "circle" if node.entity == "account" else "roundRect",
            "itemStyle": {"borderColor": border, "borderWidth": 3 if node.bad or chosen else 0},
        }

    def _draw(self) -> None:
        self._chart.options.clear()
        self._chart.options.update(self._options())
        self._chart.update()
        self._beside.clear()
        with self._beside:
            self._show_chosen()
        self._list.clear()
        with self._list:
            for node in list(self._nodes.values())[:LISTED_MAX]:
                self._row(node)

    def _row(self, node: Node) -> None:
        with ui.row().classes("w-full items-center gap-2 no-wrap"):
            ui.icon(ICONS.get(node.entity, "circle")).classes("ar-soft")
            ui.label(self._desk.say(f"cases.entity.{node.entity}")).classes("risk-amount ar-soft")
            ui.label(self._name(node)).classes("risk-mono grow")
            ui.button(
                self._desk.say("cases.graph.expand"), on_click=lambda: self.expand(node.id)
            ).props("flat dense no-caps size=sm")

    def _show_chosen(self) -> None:
        say, node = self._desk.say, self._nodes.get(self._chosen)
        if node is None:
            ui.label(say("cases.graph.hint")).classes("ar-soft")
            return
        met = [link for pair, link in self._links.items() if node.id in pair]
        with ui.row().classes("items-center gap-3"):
            ui.icon(ICONS.get(node.entity, "circle"))
            ui.label(say(f"cases.entity.{node.entity}")).classes("ar-soft")
            ui.label(self._name(node)).classes("risk-mono")
            ui.label(say("cases.graph.met", count=len(met)))
            if node.bad:
                ui.label(say("cases.graph.bad", count=node.bad)).classes("text-negative")
            if node.cases:
                ui.label(say("cases.graph.cases", count=node.cases))
            to = party_address(node.key) if node.entity == "account" else None
            if to is not None:
                ui.link(say("cases.graph.party"), to)
