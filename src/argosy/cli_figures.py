"""Commands that show what happened: messages, funnels, failed payments."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from argosy import settings as config
from argosy.app import Wallet
from argosy.management import figures
from argosy.management.home.folding import Totals
from argosy.opening import Demo, say, with_wallet

Days = Annotated[int, typer.Option(min=1, max=400, help="So many days up to today (UTC).")]


def messages(days: Days = 1, demo: Demo = False) -> None:
    """Show which messages wait and since when, which failed and why, and how they went by each way."""

    async def look(wallet: Wallet) -> list[str]:
        today = wallet.clock.now().date()
        first = today - timedelta(days=days - 1)
        return list(figures.messages(await wallet.notify.tallies.standing(first, today)))

    say(*with_wallet(config.load(demo=demo), look))


def funnel(
    days: Days = 7,
    market: Annotated[str | None, typer.Option(help="Of this market alone.")] = None,
    channel: Annotated[str | None, typer.Option(help="Of this channel alone.")] = None,
    flow: Annotated[str | None, typer.Option(help="Of this flow alone.")] = None,
    demo: Demo = False,
) -> None:
    """Draw what people went through, step by step: how many came how far, bytes and time."""

    async def look(wallet: Wallet) -> list[str]:
        today = wallet.clock.now().date()
        first = today - timedelta(days=days - 1)
        found = await wallet.funnels.draw(first, today, market=market, channel=channel, flow=flow)
        return list(figures.funnels(found))

    say(*with_wallet(config.load(demo=demo), look))


def recount(demo: Demo = False) -> None:
    """Count the figures of the console's home and reports anew from the books."""

    async def count(wallet: Wallet) -> None:
        await Totals(wallet.db, wallet.markets).rebuild()

    with_wallet(config.load(demo=demo), count)
    say("The figures are counted anew.")


def late(demo: Demo = False) -> None:
    """Show failed payments whose money is not back in time. Ends with 1 where there are any."""
    found: list[int] = []

    async def look(wallet: Wallet) -> list[str]:
        standing = await wallet.cashier.deadlines.late(wallet.clock.now())
        found.append(len(standing))
        return list(figures.late(standing))

    say(*with_wallet(config.load(demo=demo), look))
    if any(found):
        raise SystemExit(1)
