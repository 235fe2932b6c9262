"""`argosy risk`: the brain at the terminal. Each part adds its own commands."""

from __future__ import annotations

import typer

from argosy.ctu.decide import commands as decide
from argosy.ctu.facts import commands as facts
from argosy.ctu.learn import commands as learn
from argosy.ctu.models import commands as models
from argosy.ctu.rules import commands as rules
from argosy.ctu.service import commands as service
from argosy.ctu.staff import commands as staff

PARTS = (decide, rules, facts, models, learn, service, staff)


def mounted() -> typer.Typer:
    """The commands of every part as one application."""
    app = typer.Typer(help="The risk brain.", no_args_is_help=True)
    for part in PARTS:
        part.add(app)
    return app
