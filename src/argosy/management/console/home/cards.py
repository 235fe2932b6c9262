"""The figures at the head of Home: each with what it was yesterday and last week at this hour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from argosy.management.console.desk import Desk
from argosy.management.console.home.shown import (
    briefly,
    change,
    count,
    millis,
    percent,
    points,
    tone_of,
)
from argosy.management.console.widgets import Tone
from argosy.management.home.board import Shown
from argosy.management.home.figures import Place, Risk, Stretch, Sum


@dataclass(frozen=True)
class Was:
    """What a figure was, how it moved since, and whether that is good news."""

    text: str
    moved: str = ""
    tone: Tone = "quiet"


@dataclass(frozen=True)
class Figure:
    """One figure; `note` stands where a comparison would say nothing."""

    value: str
    yesterday: Was | None = None
    last_week: Was | None = None
    note: str = ""


class Card:
    """One figure on the page."""

    def __init__(self, label: str, say: Callable[..., str]) -> None:
        self.lines: dict[str, tuple[ui.label, ui.label, ui.label]] = {}
        with ui.element("div").classes("home-card"):
            ui.label(label).classes("ar-tile-label")
            self.value = ui.label("").classes("ar-tile-value")
            self.note = ui.label("").classes("home-note")
            with ui.element("div").classes("home-than") as self.than:
                for name in ("yesterday", "last_week"):
                    ui.label(say(f"home.{name}_short"))
                    was = ui.label("").classes("home-was")
                    self.lines[name] = (was, ui.label("").classes("home-moved"), was)


def fill(card: Card, figure: Figure) -> None:
    """Show `figure` in `card`."""
    _set(card.value, figure.value)
    _set(card.note, figure.note)
    card.note.visible = bool(figure.note)
    card.than.visible = figure.yesterday is not None
    for name in ("yesterday", "last_week"):
        was: Was | None = getattr(figure, name)
        if was is None:
            continue
        text, moved, _ = card.lines[name]
        _set(text, was.text)
        _set(moved, was.moved)
        for tone in ("good", "bad"):
            moved.classes(
                **({"add": f"home-{tone}"} if was.tone == tone else {"remove": f"home-{tone}"})
            )


def _set(label: ui.label, text: str) -> None:
    if label.text != text:
        label.text = text


def card_figures(desk: Desk, shown: Shown, place: Place) -> Mapping[str, Figure]:
    """Every figure by its name, in the order of the page."""
    sums, rates = shown.sums, shown.rates
    today, yesterday, last_week = sums.today, sums.yesterday, sums.last_week

    def counted(measure: Callable[[Sum], Any], text: Callable[[Any], str], more: Tone) -> Figure:
        now = measure(today.all)
        return _beside(
            text(now),
            [
                Was(
                    text(measure(then.all)),
                    change(now, measure(then.all)),
                    tone_of(now, measure(then.all), more_is=more),
                )
                for then in (yesterday, last_week)
            ],
        )

    def rated(measure: Callable[[Any], float | None], three: tuple[Any, ...], more: Tone) -> Figure:
        now = measure(three[0])
        return _beside(
            percent(now),
            [
                Was(
                    percent(measure(then)),
                    points(now, measure(then)),
                    tone_of(now, measure(then), more_is=more),
                )
                for then in three[1:]
            ],
        )

    all_ = today.all, yesterday.all, last_week.all
    risks = rates.today.rates, rates.yesterday.rates, rates.last_week.rates
    return {
        "payments": counted(lambda one: one.done, count, "quiet"),
        "volume": _volume(desk, (today, yesterday, last_week), place),
        "success": rated(lambda one: one.success, all_, "good"),
        "time": counted(lambda one: one.took(0.5), millis, "bad"),
        "slow": counted(lambda one: one.took(0.95), millis, "bad"),
        "loss": _loss(desk, rates.month, rates.month_minor, place),
        "disturbance": rated(lambda one: one.disturbance, risks, "bad"),
        "coverage": rated(lambda one: one.coverage, risks, "good"),
        "failure": rated(lambda one: one.failure, risks, "bad"),
        "limit": rated(lambda one: one.limit, risks, "bad"),
    }


def _volume(desk: Desk, three: tuple[Stretch, Stretch, Stretch], place: Place) -> Figure:
    """Money by market: what is in several currencies is not added up."""
    markets = desk.services.markets
    codes = [place.market] if place.market else sorted(three[0].markets)
    if len(codes) != 1 or codes[0] not in markets:
        shown = [
            desk.money(three[0].markets[code].done_minor, markets[code].currency)
            for code in codes
            if code in markets and three[0].markets[code].done_minor
        ]
        return Figure(" · ".join(shown) or "–", note=desk.say("home.volume_apart"))
    code = codes[0]
    now, *then = [one.markets.get(code, Sum()).done_minor for one in three]
    currency = markets[code].currency
    return _beside(
        desk.money(now, currency),
        [Was(briefly(was, currency), change(now, was)) for was in then],
    )


def _beside(value: str, was: list[Was]) -> Figure:
    return Figure(value, was[0], was[1])


def _loss(desk: Desk, month: Risk, volume_minor: int, place: Place) -> Figure:
    """What was let through and found bad, of a month: its share of the volume, and the money."""
    lost = {code: minor for code, minor in month.lost_minor.items() if minor}
    markets = desk.services.markets
    money = " · ".join(
        desk.money(minor, markets[code].currency) for code, minor in lost.items() if code in markets
    )
    one_currency = place.market is not None or len(month.lost_minor) <= 1
    share = sum(lost.values()) / volume_minor if volume_minor and one_currency else None
    value = f"{share * 100_000:,.2f}" if share is not None else "–"
    if not month.rates.bad:
        return Figure(value, note=desk.say("home.loss_none"))
    said = "home.loss_note" if money else "home.loss_stopped"
    return Figure(value, note=desk.say(said, money=money, n=month.lost, bad=month.rates.bad))
