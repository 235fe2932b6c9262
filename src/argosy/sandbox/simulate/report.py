"""What the runs of one town came to, side by side; the notice stands beside the figures, always."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from argosy.sandbox.simulate.facts import NOTICE, Mode, Terms
from argosy.sandbox.simulate.score import Score

AIM_PER_100000 = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """The scores of one town's runs, the unguarded one first where it was run."""

    terms: Terms
    scores: tuple[Score, ...]

    def text(self) -> str:
        """The tables, for a terminal."""
        return "\n".join([*self._head(), "", *self._figures(), "", *self._gangs(), *self._nights()])

    def told(self) -> dict[str, Any]:
        """As JSON. `loss_*` are those of the loop on, `starting_*` of nobody guarding."""
        by_mode = {score.mode: score for score in self.scores}
        found: dict[str, Any] = {"notice": NOTICE, "terms": asdict(self.terms)}
        for name, mode in (
            ("starting", Mode.NOBODY),
            ("loop_off", Mode.FIXED),
            ("loop_on", Mode.LEARNING),
        ):
            score = by_mode.get(mode.value)
            if score is not None:
                found |= {
                    f"{name}_loss_basis_points": score.whole.basis_points,
                    f"{name}_loss_per_100000": score.whole.per_hundred_thousand,
                    f"{name}_loss_per_100000_later": score.later.per_hundred_thousand,
                }
        return {**found, "runs": [score.told() for score in self.scores]}

    def write(self, path: Path) -> None:
        """Write the JSON."""
        path.write_text(json.dumps(self.told(), indent=2, default=str) + "\n", "utf-8")

    # within

    def _head(self) -> list[str]:
        terms = self.terms
        town = (
            f"A town of {terms.customers} customers, {terms.shops} shops and {terms.agents} agents,"
            f" {terms.days} days, {terms.gangs} gangs of each scheme; seed {terms.seed}."
        )
        return [town, NOTICE]

    def _figures(self) -> list[str]:
        rows: list[tuple[str, list[str]]] = [
            ("", [score.mode for score in self.scores]),
            ("loss, basis points", [f"{s.whole.basis_points:.1f}" for s in self.scores]),
            ("loss per 100,000", [f"{s.whole.per_hundred_thousand:.1f}" for s in self.scores]),
            ("the same, second half", [f"{s.later.per_hundred_thousand:.1f}" for s in self.scores]),
            ("bad payments that went through", [str(s.whole.lost_count) for s in self.scores]),
            ("honest payments", [f"{s.whole.count:,}" for s in self.scores]),
            ("disturbance", [f"{s.disturbance:.2%}" for s in self.scores]),
            ("coverage (of bad money)", [f"{s.coverage:.1%}" for s in self.scores]),
            ("failure", [f"{s.failure:.1%}" for s in self.scores]),
            ("limit", [f"{s.limit:.2%}" for s in self.scores]),
            ("hours to interception", [_hours(s.hours_to_interception) for s in self.scores]),
            ("gangs that gave up", [_given_up(s) for s in self.scores]),
            ("cases decided", [str(s.cases_decided) for s in self.scores]),
            ("wallets frozen", [str(s.wallets_frozen) for s in self.scores]),
            ("minutes it took", [f"{s.seconds / 60:.1f}" for s in self.scores]),
        ]
        width = max(len(name) for name, _ in rows)
        lines = [f"{name:<{width}}" + "".join(f"{v:>14}" for v in values) for name, values in rows]
        return [*lines, f"({NOTICE})"]

    def _gangs(self) -> list[str]:
        lines = [
            "Interception is from the first that was found out to the first that was stopped after it."
        ]
        for score in self.scores:
            if score.mode == Mode.NOBODY.value:
                continue
            lines.append(f"{score.mode}:")
            for gang in score.gangs:
                lost = gang.lost_minor / gang.harm_minor if gang.harm_minor else 0.0
                known = (
                    "never found out" if gang.known_at is None else f"known day {gang.known_at:.1f}"
                )
                lines.append(
                    f"  {gang.gang:<16} {gang.attempts:>4} attempts, {lost:4.0%} of the harm got through,"
                    f" {known}, stopped after {_hours(gang.hours_from_known)} h"
                    + (", gave up" if gang.given_up else "")
                )
        return lines

    def _nights(self) -> list[str]:
        nights = [line for score in self.scores for line in score.learnings]
        return ["", "The nights of the loop:", *(f"  {line}" for line in nights)] if nights else []


def _hours(hours: float | None) -> str:
    return "-" if hours is None else f"{hours:.1f}"


def _given_up(score: Score) -> str:
    return f"{sum(gang.given_up for gang in score.gangs)} of {len(score.gangs)}"
