"""What a report is asked for: market, days, channel, product. All of it stands in the address, so that a
report can be sent to a colleague as a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from nicegui import ui

from argosy.base.clock import local_day
from argosy.base.markets import Market
from argosy.management.console.desk import Desk
from argosy.management.console.home.page import named
from argosy.management.console.pages import address
from argosy.management.home.board import board_of
from argosy.management.home.figures import Place
from argosy.management.reports.facts import Span, month_of, span_of

PRESETS: Final = ("today", "yesterday", "week", "month", "last_month")


@dataclass(frozen=True)
class Asked:
    """The report's market, span and place."""

    market: Market
    span: Span
    place: Place
    today: date

    def query(self, **change: Any) -> str:
        """The address' query for the same report, with some of it changed."""
        values = {
            "market": self.market.code,
            "first": self.span.first.isoformat(),
            "last": self.span.last.isoformat(),
            "channel": self.place.channel,
            "product": self.place.product,
            **change,
        }
        return urlencode({name: value for name, value in values.items() if value})

    def facts(self) -> Mapping[str, str]:
        """What the audit log keeps of an export."""
        return {
            "market": self.market.code,
            "first": self.span.first.isoformat(),
            "last": self.span.last.isoformat(),
            "channel": self.place.channel or "",
            "product": self.place.product or "",
        }


def asked_for(desk: Desk, *, preset: str = "month") -> Asked:
    """Read the address; what is missing or cannot be read is the home market and the preset's days."""
    services = desk.services
    market = services.markets.get(desk.query.get("market", ""), services.market)
    today = local_day(services.clock.now(), market.zone)
    usual = preset_of(preset, today, market.zone)
    first = _day(desk.query.get("first"), usual.first)
    last = min(_day(desk.query.get("last"), usual.last), today)
    place = Place(market.code, desk.query.get("channel") or None, desk.query.get("product") or None)
    return Asked(market, span_of(min(first, today), last, market.zone), place, today)


def preset_of(name: str, today: date, zone: str) -> Span:
    """The days that a preset stands for."""
    match name:
        case "yesterday":
            return Span(today - timedelta(days=1), today - timedelta(days=1), zone)
        case "week":
            return Span(today - timedelta(days=6), today, zone)
        case "month":
            return Span(today.replace(day=1), today, zone)
        case "last_month":
            return month_of(today.replace(day=1) - timedelta(days=1), zone)
        case _:
            return Span(today, today, zone)


async def filters(desk: Desk, asked: Asked, path: str, *, by: tuple[str, ...] = ()) -> None:
    """The controls of a report. Whatever is chosen leads to the address that says so."""
    say, services = desk.say, desk.services
    choices = await board_of(services).choices()

    def go(**change: Any) -> None:
        ui.navigate.to(f"{address(path)}?{asked.query(**change)}")

    with ui.element("div").classes("home-filters"):
        markets = {
            code: market.name
            for code, market in services.markets.items()
            if code in {*choices["market"], services.market.code, asked.market.code}
        }
        if len(markets) > 1:
            _select(say("home.market"), markets, asked.market.code, lambda v: go(market=v))
        presets = {name: say(f"reports.span_{name}") for name in PRESETS}
        spans = {name: preset_of(name, asked.today, asked.market.zone) for name in PRESETS}
        now = next((name for name in PRESETS if spans[name] == asked.span), None)
        _select(
            say("reports.span"),
            {**presets, **({} if now else {"": say("reports.span_own")})},
            now or "",
            lambda v: go(first=spans[v].first, last=spans[v].last) if v in spans else None,
        )
        for name, day in (("first", asked.span.first), ("last", asked.span.last)):
            box = ui.input(say(f"reports.{name}"), value=day.isoformat()).props(
                f"outlined dense type=date stack-label max={asked.today.isoformat()}"
            )
            box.on("change", lambda _event, name=name, box=box: go(**{name: box.value}))
        for name in by:
            found = sorted({*choices[name], *filter(None, [getattr(asked.place, name)])})
            options = {"": say(f"home.all_{name}"), **{one: named(desk, one) for one in found}}
            value = getattr(asked.place, name) or ""
            _select(say(f"home.{name}"), options, value, lambda v, name=name: go(**{name: v}))


def _select(label: str, options: Mapping[str, str], value: str, chosen: Any) -> None:
    ui.select(
        dict(options), value=value, label=label, on_change=lambda event: chosen(event.value)
    ).props("outlined dense options-dense")


def _day(text: str | None, usual: date) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return usual
