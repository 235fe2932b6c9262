"""`argosy risk`: the brain at the terminal. Each part adds its own commands."""

from __future__ import annotations

import importlib
import importlib.util

import typer

PARTS = ("decide", "rules", "facts", "models", "owner", "learn", "cases", "service")
"""Whose `commands` are mounted, where they have some."""


def mounted() -> typer.Typer:
    """The commands of every part as one application."""
    app = typer.Typer(help="The risk brain.", no_args_is_help=True)
    for part in PARTS:
        name = f"argosy.ctu.{part}.commands"
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name).add(app)
    return app
