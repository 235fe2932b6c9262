"""`argosy simulate`: months of a town with thieves, in minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from argosy.sandbox.simulate.facts import Mode, Scheme, Terms

Json = Annotated[Path | None, typer.Option("--json", help="Write the report here as JSON.")]


def simulate_command(
    days: Annotated[int, typer.Option(min=3, max=720, help="How long.")] = 60,
    customers: Annotated[int, typer.Option(min=20, max=20_000)] = 240,
    shops: Annotated[int, typer.Option(min=3, max=2_000)] = 24,
    agents: Annotated[int, typer.Option(min=0, max=200)] = 4,
    gangs: Annotated[int, typer.Option(min=1, max=20, help="Of each scheme.")] = 2,
    gangs_from: Annotated[float, typer.Option(help="The day on which the first one comes.")] = 8.0,
    seed: Annotated[int, typer.Option(help="The same seed is the same town.")] = 1,
    mode: Annotated[
        list[Mode], typer.Option(help="Who guards it; all three without this option.")
    ] = [],  # noqa: B006 - typer makes a new list each time
    scheme: Annotated[
        list[Scheme], typer.Option(help="Which schemes; all without this option.")
    ] = [],  # noqa: B006
    learn_days: Annotated[float, typer.Option(help="The loop runs so often.")] = 3.0,
    json: Json = None,
) -> None:
    """Let gangs work in a simulated town, unguarded, with the learning loop off, and with it on."""
    from argosy.sandbox.simulate.run import simulate  # only this command pays for importing it

    terms = Terms(
        seed=seed,
        days=days,
        customers=customers,
        shops=shops,
        agents=agents,
        gangs=gangs,
        gangs_from=gangs_from,
        learn_days=learn_days,
        schemes=tuple(scheme) or tuple(Scheme),
    )
    wanted = tuple(mode) or tuple(Mode)
    with Progress(transient=True) as bar:
        tasks = {one: bar.add_task(one.value, total=days) for one in wanted}
        report = simulate(
            terms, wanted, lambda one, day: bar.update(tasks[one], completed=max(0.0, day))
        )
    typer.echo(report.text())
    if json is not None:
        report.write(json)
        typer.echo(f"Written to {json}.")
