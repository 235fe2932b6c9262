"""`argosy bench` and `argosy risk benchmark`. Only a benchmark that is run pays for importing it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

Rounds = Annotated[int, typer.Option(min=1, help="How many rounds to measure.")]
Out = Annotated[Path | None, typer.Option("--json", help="Write the figures here as JSON.")]

bench = typer.Typer(help="Measure it on this machine.", no_args_is_help=True)

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


@bench.command("ledger")
def bench_ledger(
    rounds: Rounds = 3,
    transfers: Annotated[int, typer.Option(min=1000, help="In one measurement.")] = 200_000,
    accounts: Annotated[int, typer.Option(min=1000)] = 100_000,
    history: Annotated[int, typer.Option(help="Transfers to make first.")] = 0,
    json: Out = None,
) -> None:
    """Transfers a second beside pgbench, uniform and with one hot merchant."""
    from argosy.bench import ledger as measured

    load = measured.Load(accounts=accounts, transfers=transfers, rounds=rounds, history=history)
    _shown(measured.run(load), json)


@bench.command("payments")
def bench_payments(
    rounds: Rounds = 3,
    payments: Annotated[int, typer.Option(min=100, help="In one measurement.")] = 30_000,
    customers: Annotated[int, typer.Option(min=10)] = 10_000,
    connections: Annotated[int, typer.Option(min=1)] = 256,
    workers: Annotated[int, typer.Option(min=1, help="Server processes.")] = 2,
    json: Out = None,
) -> None:
    """Whole payments a second over HTTP, beside pgbench."""
    from argosy.bench import payments as measured

    load = measured.Load(
        customers=customers,
        payments=payments,
        connections=connections,
        rounds=rounds,
        workers=workers,
    )
    _shown(measured.run(load), json)


@bench.command("console")
def bench_console(
    rounds: Rounds = 5,
    history: Annotated[int, typer.Option(min=0, help="Transfers to make first.")] = 10_000_000,
    orders: Annotated[int, typer.Option(min=0, help="Orders to lay out first.")] = 1_000_000,
    json: Out = None,
) -> None:
    """How long each page of the staff's console takes over a town with a long history."""
    from argosy.bench import console as measured

    _shown(measured.run(measured.Load(history=history, orders=orders, rounds=rounds)), json)


@bench.command("brain")
def bench_brain(
    rounds: Rounds = 3,
    events: Annotated[int, typer.Option(min=100, help="In one measurement.")] = 1_500,
    rules: Annotated[int, typer.Option(min=100)] = 6_000,
    models: Annotated[int, typer.Option(min=1)] = 60,
    json: Out = None,
) -> None:
    """One event through the whole brain, alone and 64 together, beside other rule engines."""
    from argosy.bench import brain as measured

    load = measured.Load(rules=rules, models=models, events=events, rounds=rounds)
    _shown(measured.run(load), json)


@bench.command("lite")
def bench_lite(json: Out = None) -> None:
    """What the lite app costs a customer in every market: bytes, actions, seconds, in Chromium."""
    from argosy.bench import lite as measured

    try:
        figures = measured.run()
    except measured.BenchError as wrong:
        typer.echo(wrong, err=True)
        raise typer.Exit(2) from None
    measured.show(figures)
    if json is not None:
        measured.write(figures, json)
        typer.echo(f"Written to {json}.")


def _shown(figures: Any, json: Path | None) -> None:
    figures.show()
    if json is not None:
        figures.write(json)
        typer.echo(f"Written to {json}.")
