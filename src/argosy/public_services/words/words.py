"""Saying things to people: the right language, money and days as they are written there."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_decimal

from argosy.base.markets import Market
from argosy.base.money import Money
from argosy.base.refusals import Refused
from argosy.public_services.words.amounts import written
from argosy.public_services.words.catalogue import EVERYWHERE, read
from argosy.public_services.words.templates import FactMissing, fill

LAST_LANGUAGE = "en"
_log = logging.getLogger(__name__)


class WordsMissing(Exception):
    """A key or a fact is missing; raised only where `strict`."""


class Words:
    """Says things. Templates are TOML files `words/<language>.toml` in any folder of the package or
    of `outside` (packs that lie elsewhere); tables nest into dotted keys: `[refusal] pin_wrong =
    "..."` is `refusal.pin_wrong`.

    A missing key or fact is counted in `missing` and logged once; with `strict`, as tests have it,
    it raises `WordsMissing`. What is said is plain text: whoever puts it into a page escapes it.
    """

    def __init__(
        self, markets: Mapping[str, Market], outside: Iterable[Path] = (), *, strict: bool = False
    ) -> None:
        self.markets = markets
        self._catalogue = read(markets.values(), outside)
        self._strict = strict
        self.missing: Counter[str] = Counter()

    def say(self, key: str, language: str, market: str, /, **facts: Any) -> str:
        """The sentence of `key`, filled with `facts`.

        Money, days, moments and time spans are written as in the market; a fact `..._seconds` may
        be spoken of as `..._time` too. Falls back to the market's first language, then to English,
        then to the key itself.
        """
        found = self._find(key, language, market)
        if found is None:
            self._miss(key)
            return key
        spoken, template = found
        return self._fill(key, template, spoken, market, facts)

    def refusal(self, refused: Refused, language: str, market: str) -> str:
        """What to tell the customer about a no: `refusal.<code>` with its facts."""
        return self.say(f"refusal.{refused.code}", language, market, **refused.facts)

    def has(self, key: str, language: str, market: str = EVERYWHERE) -> bool:
        """Whether `key` is said in this very language."""
        return any(key in self._catalogue.get((m, language), ()) for m in (market, EVERYWHERE))

    def keys(self, language: str, market: str = EVERYWHERE) -> Collection[str]:
        """All keys that are said in `language`, sorted."""
        said = (self._catalogue.get((m, language), {}) for m in {market, EVERYWHERE})
        return sorted({key for catalogue in said for key in catalogue})

    def templates(self) -> Iterator[tuple[str, str, str, str]]:
        """Everything there is to say: (market or '', language, key, template)."""
        for (market, language), catalogue in self._catalogue.items():
            for key, template in catalogue.items():
                yield market, language, key, template

    def money(self, money: Money, language: str, market: str) -> str:
        """An amount as a customer of the market reads it: `₹1,23,456.50`."""
        pack = self.markets.get(market)
        mine = pack is not None and pack.currency == money.currency
        step = pack.step_minor if pack is not None and mine else 1
        return written(money, self._locale(language, market), step)

    def moment(self, at: datetime, language: str, market: str) -> str:
        """Day and time in the market's zone: `22 Nov 2026, 10:00 am`."""
        local = at.astimezone(ZoneInfo(self.markets[market].zone))
        locale = self._locale(language, market)
        return (
            f"{format_date(local, 'medium', locale)}, {format_time(local, 'short', locale=locale)}"
        )

    def time(self, at: datetime, language: str, market: str) -> str:
        """The time of day in the market's zone: `10:00 am`."""
        local = at.astimezone(ZoneInfo(self.markets[market].zone))
        return str(format_time(local, "short", locale=self._locale(language, market)))

    def day(self, day: date, language: str, market: str) -> str:
        """A day: `22 Nov 2026`."""
        return str(format_date(day, "medium", self._locale(language, market)))

    def span(self, span: timedelta, language: str, market: str) -> str:
        """A length of time, to its largest part: `5 minutes`."""
        locale = self._locale(language, market)
        return str(format_timedelta(span, threshold=1, locale=locale))

    def number(self, number: int, language: str, market: str) -> str:
        """A whole number with the market's grouping."""
        return str(format_decimal(number, locale=self._locale(language, market)))

    # within

    def _find(self, key: str, language: str, market: str) -> tuple[str, str] | None:
        pack = self.markets.get(market)
        for spoken in (language, pack.languages[0] if pack else LAST_LANGUAGE, LAST_LANGUAGE):
            for scope in (market, EVERYWHERE):
                template = self._catalogue.get((scope, spoken), {}).get(key)
                if template is not None:
                    return spoken, template
        return None

    def _fill(
        self, key: str, template: str, language: str, market: str, facts: Mapping[str, Any]
    ) -> str:
        spans = {
            name.removesuffix("_seconds") + "_time": timedelta(seconds=value)
            for name, value in facts.items()
            if name.endswith("_seconds") and isinstance(value, int)
        }
        locale = self._locale(language, market)
        known = {**spans, **facts}
        try:
            return fill(template, known, lambda v: self._show(v, language, market), locale)
        except FactMissing as missing:
            name = str(missing)
            self._miss(f"{key}{{{name}}}")
            return self._fill(key, template, language, market, {**facts, name: "…"})

    def _show(self, value: Any, language: str, market: str) -> str:
        if isinstance(value, Money):
            return self.money(value, language, market)
        if isinstance(value, datetime):
            return self.moment(value, language, market)
        if isinstance(value, date):
            return self.day(value, language, market)
        if isinstance(value, timedelta):
            return self.span(value, language, market)
        if isinstance(value, int) and not isinstance(value, bool):
            return self.number(value, language, market)
        return str(value)

    def _locale(self, language: str, market: str) -> Locale:
        pack = self.markets.get(market)
        return _locale(language, pack.country if pack else None)

    def _miss(self, what: str) -> None:
        self.missing[what] += 1
        if self._strict:
            raise WordsMissing(what)
        if self.missing[what] == 1:
            _log.error("words are missing: %s", what)


@lru_cache(maxsize=256)
def _locale(language: str, country: str | None) -> Locale:
    for name in (f"{language}_{country}" if country else language, language, LAST_LANGUAGE):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(LAST_LANGUAGE)
