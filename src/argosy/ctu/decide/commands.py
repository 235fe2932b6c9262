"""`argosy risk explain`, `replay`, `rates` and `policy`."""

from __future__ import annotations

import json as plain_json
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from argosy.base.clock import SystemClock
from argosy.base.ids import parse_id
from argosy.base.refusals import Refused
from argosy.ctu.decide.explain import explained
from argosy.ctu.decide.policy import STARTER, PolicyError, load_policy
from argosy.ctu.decide.rates import Rates, read_rates
from argosy.ctu.decide.reasons import DecideReason
from argosy.ctu.decide.replay import Replaying
from argosy.ctu.decide.store import Verdicts
from argosy.ctu.models import Registry
from argosy.ctu.rules.publishing import rules_of
from argosy.ctu.terminal import Demo, Json, Place, say, stop, stop_if_refused, work

DIFFERENCES_SHOWN = 20
_SPANS = {"m": 60, "h": 3_600, "d": 86_400}

Id = Annotated[
    str, typer.Argument(metavar="ID", help="A verdict's id, an operation's, or an order's.")
]
Since = Annotated[str, typer.Option(help="How far back: 90m, 24h, 7d, or a date in ISO 8601.")]


def add(app: typer.Typer) -> None:
    """Add the commands of deciding."""
    app.command()(explain)
    app.command()(replay)
    app.command()(rates)
    app.command()(policy)


def explain(id_: Id, demo: Demo = False) -> None:
    """Show what was said of an operation, why, and whether it comes out the same today."""
    wanted = parse_id(id_)
    if wanted is None:
        stop(f"{id_} is no id.")
    say(stop_if_refused(work(demo, lambda place: _explain(place, wanted))))


async def _explain(place: Place, wanted: UUID) -> str | Refused:
    verdicts = Verdicts(place.db, place.ids)
    found = await verdicts.find(wanted)
    if not found:
        return Refused(DecideReason.VERDICT_NOT_FOUND)
    replaying = _replaying(place, verdicts)
    return "\n".join([explained(await replaying.replay(kept)) for kept in found])


def _replaying(place: Place, verdicts: Verdicts) -> Replaying:
    registry = Registry(place.db, place.clock)
    offset = next(iter(place.offsets.values()), 0) // 60
    return Replaying(place.db, verdicts, registry, rules_of(place.db), offset)


def replay(since: Since = "1h", demo: Demo = False) -> None:
    """Make every verdict again from what was kept, and show those that come out different."""
    same, different, impossible = work(demo, lambda place: _replay(place, _moment(since)))
    for line in different[:DIFFERENCES_SHOWN]:
        say(line)
    for why, count in impossible.most_common():
        say(f"{count} could not be made again: {why}")
    say(f"{same} came out the same, {len(different)} different.")
    if different:
        raise SystemExit(1)


async def _replay(place: Place, since: datetime) -> tuple[int, list[str], Counter[str]]:
    same, different, impossible = 0, [], Counter[str]()
    replaying = _replaying(place, Verdicts(place.db, place.ids))
    until = place.clock.now() + timedelta(minutes=1)
    async for one in replaying.many(since, until):
        if one.impossible:
            impossible[one.impossible] += 1
        elif one.differences:
            different.append(f"{one.kept.id}: {'; '.join(one.differences)}")
        else:
            same += 1
    return same, different, impossible


def rates(
    since: Since = "24h",
    market: Annotated[str | None, typer.Option(help="Of this market alone.")] = None,
    kind: Annotated[str | None, typer.Option(help="Of this kind of operation alone.")] = None,
    every: Annotated[int, typer.Option(min=0, help="Minutes to take together; 0: all.")] = 0,
    json: Json = None,
    demo: Demo = False,
) -> None:
    """Show the four rates: disturbance, coverage, failure, limit."""

    async def read(place: Place) -> list[Rates]:
        until = place.clock.now() + timedelta(minutes=1)
        return await read_rates(
            place.db, _moment(since), until, market=market, kind=kind, every_seconds=every * 60,
            apart=True,
        )  # fmt: skip

    found = work(demo, read)
    _table(found)
    if json is not None:
        json.write_text(plain_json.dumps([_row(one) for one in found], indent=2) + "\n", "utf-8")
        say(f"Written to {json}.")


RATES = ("disturbance", "coverage", "failure", "limit", "in_full")


def _row(one: Rates) -> dict[str, Any]:
    counts = {**asdict(one), "at": one.at.isoformat()}
    return {**counts, **{name: getattr(one, name) for name in RATES}}


def _table(found: list[Rates]) -> None:
    say(f"{'since':<17}{'market':<12}{'kind':<12}{'count':>9}" + "".join(f"{n:>13}" for n in RATES))
    for one in found:
        shown = "".join(f"{_percent(getattr(one, name)):>13}" for name in RATES)
        at = f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M}"
        say(f"{at:<17}{one.market:<12}{one.kind:<12}{one.operations:>9}{shown}")
    if not found:
        say("Nothing was judged.")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def policy(
    file: Annotated[Path | None, typer.Argument(help="The file; none: the starter.")] = None,
) -> None:
    """Check a file for ARGOSY_RISK_POLICY, or print the starter, which explains every word."""
    if file is None:
        say(STARTER.read_text("utf-8"))
        return
    try:
        found = load_policy(file)
    except PolicyError as wrong:
        stop(f"{file} cannot be used:", *wrong.problems)
    except OSError as wrong:
        stop(f"{file} cannot be read: {wrong.strerror}")
    say(f"{file} is sound: {found.version}, since {found.since}.")


def _moment(text: str) -> datetime:
    unit = _SPANS.get(text[-1:])
    if unit is not None and text[:-1].isdigit():
        return SystemClock().now() - timedelta(seconds=int(text[:-1]) * unit)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        stop(f"{text} is no time: write 90m, 24h, 7d or 2026-11-22T04:30")
    return found if found.tzinfo else found.replace(tzinfo=UTC)
