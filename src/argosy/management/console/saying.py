"""The console's words: `words/<language>.toml` here and in each area's folder, English where one lacks."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.numbers import format_currency

from argosy.base.money import exponent
from argosy.base.refusals import Refused, must

LANGUAGES: Final = {"en": "English", "zh": "中文"}
LAST_LANGUAGE: Final = "en"
_LOCALES: Final = {"en": "en", "zh": "zh_Hans"}
_log = logging.getLogger(__name__)


class Sayings:
    """Every text by language and dotted key."""

    def __init__(self, folder: Path | None = None) -> None:
        self._said: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
        for path in sorted((folder or Path(__file__).parent).rglob("words/*.toml")):
            said = self._said.setdefault(path.stem, {})
            for key, text in _flat(tomllib.loads(path.read_text("utf-8"))):
                said[key] = text
        self._missed: set[str] = set()

    def say(self, key: str, language: str, /, **values: object) -> str:
        """The text of `key` with `{name}` filled from `values`; the key itself where nobody says it."""
        text = self._said.get(language, {}).get(key) or self._said[LAST_LANGUAGE].get(key)
        if text is None:
            if key not in self._missed:
                self._missed.add(key)
                _log.error("the console has no words for %s", key)
            return key
        return text.format_map(values) if values else text

    def word(self, key: str, language: str, otherwise: str) -> str:
        """The text of `key`, or `otherwise` where nobody says it."""
        own = self._said.get(language, {}).get(key)
        return own or self._said[LAST_LANGUAGE].get(key) or otherwise

    def has(self, key: str, language: str) -> bool:
        return key in self._said.get(language, {})

    def text(self, key: str, language: str) -> str:
        """The text of `key` in this very language, with its facts left open."""
        return self._said.get(language, {}).get(key, "")

    def keys(self, language: str) -> frozenset[str]:
        return frozenset(self._said.get(language, {}))

    def refusal(self, refused: Refused, language: str) -> str:
        """What to tell about a no: `refusal.<code>` where there are words, else what it means."""
        text = self.word(f"refusal.{refused.code}", language, "")
        return text.format_map(_Facts(refused.facts)) if text else refused.reason.meaning


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def spoken_money(minor: int, currency: str, language: str) -> str:
    """`minor` units of `currency` as people write it, such as `₹1,200.00`."""
    digits = exponent(currency)
    must(digits is not None, "there is no such currency", currency=currency)
    return format_currency(
        Decimal(minor).scaleb(-(digits or 0)),
        currency,
        format="¤#,##0." + "0" * digits if digits else "¤#,##0",
        locale=Locale.parse(_LOCALES.get(language, language)),
        currency_digits=False,
    )


def spoken_time(at: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """A moment on the clock of `zone`, such as `2026-11-22 10:00`."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, str(value)
