"""Figures of several rounds: a table for people, JSON for programs."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass
class Figures:
    """Figures by name, one value a round. `facts` says how they were made."""

    title: str
    facts: dict[str, Any] = field(default_factory=dict)
    rounds: list[dict[str, float]] = field(default_factory=list)

    def add(self, values: Mapping[str, float]) -> None:
        """The figures of one more round."""
        self.rounds.append(dict(values))

    def spread(self) -> dict[str, dict[str, float]]:
        """Minimum, median and maximum of each figure."""
        names = list(dict.fromkeys(name for values in self.rounds for name in values))
        return {name: _spread([v[name] for v in self.rounds if name in v]) for name in names}

    def show(self, console: Console | None = None) -> None:
        """Print the table."""
        table = Table(title=self.title)
        for heading in ("figure", "minimum", "median", "maximum"):
            table.add_column(heading, justify="left" if heading == "figure" else "right")
        for name, values in self.spread().items():
            table.add_row(name, *(_plain(values[k]) for k in ("min", "median", "max")))
        (console or Console()).print(table)

    def write(self, path: Path) -> None:
        """Write JSON: each figure's median by its name, and under `spread` all three."""
        spread = self.spread()
        whole = {
            **{name: values["median"] for name, values in spread.items()},
            "spread": spread,
            "rounds": self.rounds,
            "facts": {
                **self.facts,
                "cores": os.cpu_count(),
                "python": platform.python_version(),
                "machine": platform.machine(),
            },
        }
        path.write_text(json.dumps(whole, indent=2) + "\n", "utf-8")


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted `values` lie."""
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def _spread(values: list[float]) -> dict[str, float]:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"
