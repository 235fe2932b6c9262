"""What the operator sees of messages, of funnels and of failed payments, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from argosy.base.money import Money, plain
from argosy.base.orders.money_back import Late
from argosy.public_services.funnel.facts import Drawn, Funnel
from argosy.public_services.notify.tallies import Standing

BAR_CHARS = 24


def messages(standing: Standing) -> Iterator[str]:
    """How messages stand and went, line by line."""
    oldest = "" if standing.oldest_waits is None else f", the oldest for {standing.oldest_waits}"
    yield f"waiting {standing.waiting}{oldest.partition('.')[0]}"
    yield f"failed  {standing.failed}"
    if standing.went:
        yield f"{'market':<14} {'way':<7} {'carrier':<10} {'outcome':<10} {'messages':>9}"
    for went in standing.went:
        yield (
            f"{went.market:<14} {went.way:<7} {went.carrier:<10} {went.outcome:<10}"
            f" {went.messages:>9}"
        )
    for problem in standing.problems:
        at = problem.at.isoformat(timespec="seconds")
        yield f"{at} {problem.market} {problem.template}: {problem.problem}"


def late(found: Sequence[Late]) -> Iterator[str]:
    """Failed payments whose money is past its deadline, by market and product."""
    if not found:
        yield "No failed payment is late."
    for one in found:
        since = one.oldest.isoformat(timespec="seconds")
        amount = plain(Money(one.minor, one.currency))
        sum_ = f"{one.orders:>6} orders, {amount} {one.currency}"
        yield f"{one.market:<14} {one.product:<10} {sum_}, since {since}"


def funnels(found: Sequence[Funnel]) -> Iterator[str]:
    """The funnels, one after the other."""
    if not found:
        yield "Nothing was counted on these days."
    for funnel in found:
        yield f"{funnel.flow}, {funnel.channel}, version {funnel.version}, {funnel.market}"
        most = max((one.reached for one in funnel.steps), default=0)
        for step in funnel.steps:
            yield _step(step, most)


def _step(drawn: Drawn, most: int) -> str:
    bar = "#" * (drawn.reached * BAR_CHARS // most if most else 0)
    left = "" if drawn.left is None else f"{drawn.left:.0%}"
    no = f" refused {drawn.refused}" if drawn.refused else ""
    broken = f" broken {drawn.broken}" if drawn.broken else ""
    name = f"({drawn.step.name})" if drawn.step.optional else drawn.step.name
    return (
        f"  {name:<12} {bar:<{BAR_CHARS}} {drawn.reached:>9} {left:>5}"
        f" {drawn.bytes_in:>6} B in {drawn.bytes_out:>6} B out {drawn.millis:>7.1f} ms{no}{broken}"
    )
