"""The full report of one candidate, accepted or refused: one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from argosy.ctu.learn import plots
from argosy.ctu.learn.leaks import Leak
from argosy.ctu.learn.record import Gate, Run
from argosy.ctu.learn.trials import Trial

_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;color:#1b2733;max-width:1000px;margin:2em auto;padding:0 1em}
h1{font-size:1.5em;margin-bottom:.2em}h2{font-size:1.1em;margin-top:1.8em}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #dde3e8;padding:.3em .6em;
text-align:left;vertical-align:top}th{font-weight:600}
.ok{color:#0b6e6e}.no{color:#c2410c}.verdict{font-size:1.15em;font-weight:600}
figure{display:inline-block;margin:.5em 1em .5em 0}figcaption{font-size:.85em;color:#5d6b78;max-width:460px}
pre{background:#f4f6f8;padding:.8em;overflow-x:auto}.small{color:#5d6b78;font-size:.9em}
"""


def page(trial: Trial, run: Run, leaks: Sequence[Leak], standing: str) -> str:
    """The whole page."""
    word = "accepted" if trial.accepted else "refused"
    parts = [
        f"<h1>{escape(trial.name)}</h1>",
        (
            f'<p class="small">version {escape(trial.version)} · {escape(trial.kind)} · run {run.id} of '
            f"{run.started_at:%Y-%m-%d %H:%M} UTC · known until {run.known_until:%Y-%m-%d %H:%M} UTC</p>"
        ),
        (
            f'<p class="verdict {"ok" if trial.accepted else "no"}">{word.capitalize()}. '
            f"{escape(standing)}</p>"
        ),
        f"<p>{escape(trial.says)}</p>",
        "<h2>Gates</h2>",
        _gates(trial.gates),
        "<h2>Figures</h2>",
        _figures(trial.figures),
        "<h2>What it looks like</h2>",
        _plots(trial),
    ]
    if leaks:
        parts += ["<h2>Columns that know the future</h2>", _leaks(leaks)]
    if "text" in trial.plots:
        parts += ["<h2>The rule</h2>", f"<pre>{escape(trial.plots['text'])}</pre>"]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(trial.name)} {escape(trial.version)}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>"
    )


def _gates(gates: Sequence[Gate]) -> str:
    rows = "".join(
        f'<tr><td class="{"ok" if g.passed else "no"}">{"passed" if g.passed else "refused"}</td>'
        f"<td>{escape(g.name)}</td><td>{escape(g.says)}</td><td>{_number(g.measured)}</td>"
        f"<td>{_number(g.bound)}</td></tr>"
        for g in gates
    )
    return (
        "<table><tr><th></th><th>gate</th><th>what was seen</th><th>measured</th><th>bound</th></tr>"
        f"{rows}</table>"
    )


def _figures(figures: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(name.replace('_', ' '))}</td><td>{escape(_number(value))}</td></tr>"
        for name, value in figures.items()
        if not isinstance(value, list)
    )
    return f"<table>{rows}</table>"


def _leaks(leaks: Sequence[Leak]) -> str:
    rows = "".join(
        f"<tr><td>{escape(k.column)}</td><td>{escape(k.look)}</td><td>{escape(k.says)}</td></tr>"
        for k in leaks
    )
    return f"<table><tr><th>column</th><th>look</th><th>what was seen</th></tr>{rows}</table>"


def _plots(trial: Trial) -> str:
    drawn = trial.plots
    found: list[tuple[str, str]] = []
    if drawn.get("curve") is not None:
        series = {"candidate": plots.pairs(*drawn["curve"])}
        if drawn.get("live_curve") is not None:
            series["live"] = plots.pairs(*drawn["live_curve"])
        found.append(
            (
                plots.lines(series, "recall", "precision", x_max=1.0, y_max=1.0),
                "On later data: how many of the alerts are bad, by how many of the bad are found.",
            )
        )
    if "scores" in drawn:
        good, bad = drawn["scores"]
        found.append(
            (
                plots.histogram({"good": good, "bad": bad}, "score", trial.threshold),
                "Scores on later data; the broken line is the alert budget.",
            )
        )
    if drawn.get("gains"):
        found.append((plots.bars(drawn["gains"], "gain"), "What each column brought."))
    if drawn.get("moved"):
        found.append(
            (
                plots.bars(drawn["moved"], "stability", 0.25),
                "Population stability of the strongest columns; 0.25 is another world.",
            )
        )
    if drawn.get("reliability"):
        series = {"seen": drawn["reliability"]}
        found.append((plots.lines(series, "said", "seen"), "How far its probabilities hold."))
    if drawn.get("days"):
        found.append((plots.stacked(drawn["days"], "bad", "not known to be bad"), "Alerts by day."))
    for column, (good, bad, value) in (drawn.get("spreads") or {}).items():
        found.append(
            (
                plots.histogram({"good": good, "bad": bad}, column, value),
                f"{column}: the broken line is the rule's number.",
            )
        )
    return "".join(
        f"<figure>{svg}<figcaption>{escape(words)}</figcaption></figure>"
        for svg, words in found
        if svg
    )


def _number(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
