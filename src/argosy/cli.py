"""The command line."""

from __future__ import annotations

import typer

app = typer.Typer(help="Argosy, a mobile wallet.", no_args_is_help=True)
db = typer.Typer(help="The database: its schema and its server.", no_args_is_help=True)
app.add_typer(db, name="db")


def main() -> None:
    """Run the command that the words on the command line name."""
    app()
