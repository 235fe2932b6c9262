"""`argosy risk benchmark`: what the brain is measured by. Only a benchmark pays for importing it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path | None, typer.Option("--json", help="Write the figures here as JSON.")]

benchmark = typer.Typer(help="Measure how well the brain judges.", no_args_is_help=True)


@benchmark.callback()
def _group() -> None:
    """Measure how well the brain judges."""


@benchmark.command()
def owner(
    json: Out = None,
    owners: Annotated[int, typer.Option(min=100, help="Simulated accounts.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Another seed, other people.")] = 20_261_122,
) -> None:
    """How often owners are asked again while strangers are stopped, on simulated log-ins."""
    from argosy.bench import owner as measured

    measured.run(measured.Setting(owners=owners, seed=seed), json)


@benchmark.command()
def fdh(
    data: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="The payments, as one Parquet file.")
    ],
    json: Out = None,
) -> None:
    """How well the learning loop finds fraud in the payments of the Fraud Detection Handbook."""
    from argosy.bench import fdh as measured

    figures = measured.run(data, typer.echo)
    for line in measured.told(figures):
        typer.echo(line)
    if json is not None:
        measured.write(figures, json)
