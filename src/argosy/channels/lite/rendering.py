"""Templates, and the few things that they may say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.numbers import get_currency_symbol
from jinja2 import Environment, PackageLoader, StrictUndefined

from argosy.base.clock import local_day
from argosy.base.money import Money, exponent
from argosy.channels.lite import assets
from argosy.channels.lite.visits import Visit
from argosy.public_services.words.words import LAST_LANGUAGE

ASSETS = assets.load()
LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "hi": "हिन्दी",
    "bn": "বাংলা",
    "ta": "தமிழ்",
    "th": "ไทย",
    "fil": "Filipino",
    "ceb": "Cebuano",
    "id": "Bahasa Indonesia",
}
"""Languages by their own names; one that is missing here shows its code."""
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})

_pages = Environment(
    loader=PackageLoader("argosy.channels.lite"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.globals["style"] = ASSETS["lite.css"].path
_pages.globals["script"] = ASSETS["lite.js"].path
_pages.globals["show_script"] = ASSETS["show.js"].path
_pages.globals["push_script"] = ASSETS["push.js"].path
_pages.globals["icon"] = ASSETS["icon.svg"].path
WARM = "/ /line /history /me/code /pay"
WARM_SHOP = "/till /line /history /till/code"
"""What a device fetches once after signing in, so that it is there without a connection too."""


@lru_cache(maxsize=64)
def _sign(currency: str, language: str, country: str) -> str:
    """The sign that stands before an amount as it is typed."""
    try:
        locale = Locale.parse(f"{language}_{country}")
    except (UnknownLocaleError, ValueError):
        locale = Locale.parse(LAST_LANGUAGE)
    return str(get_currency_symbol(currency, locale))


def render(visit: Visit, template: str, facts: Mapping[str, Any]) -> str:
    """The page `template` with `facts`, in the visitor's language."""
    words, language, market = visit.lite.words, visit.language, visit.market.code

    def money(value: Money | int) -> str:
        amount = value if isinstance(value, Money) else visit.money(value)
        return words.money(amount, language, market)

    def moment(at: datetime) -> str:
        return words.moment(at, language, market)

    now = visit.lite.clock.now()
    today = local_day(now, visit.market.zone)

    def when(at: datetime) -> str:
        """The time alone where it was today."""
        short = local_day(at, visit.market.zone) == today
        return words.time(at, language, market) if short else moment(at)

    def evidence(kind: str) -> str:
        named = words.has(f"evidence.{kind}", LAST_LANGUAGE, market) or words.has(
            f"evidence.{kind}", LAST_LANGUAGE
        )
        return visit.say(f"evidence.{kind}") if named else kind.replace("_", " ").capitalize()

    return _pages.get_template(template).render(
        say=visit.say,
        evidence=evidence,
        digits=(digits := exponent(visit.market.currency) or 0),
        places=0 if visit.market.step_minor >= 10**digits else digits,
        sign=_sign(visit.market.currency, language, visit.market.country),
        money=money,
        moment=moment,
        when=when,
        now=now,
        warm=WARM_SHOP if visit.is_shop else WARM,
        locale=f"{language}-{visit.market.country}",
        visit=visit,
        language=language,
        direction="rtl" if language in _RIGHT_TO_LEFT else "ltr",
        languages=[(code, LANGUAGES.get(code, code)) for code in visit.market.languages],
        operator=visit.market.operator,
        market=visit.market,
        session=visit.session,
        is_shop=visit.is_shop,
        demo=visit.lite.demo,
        csrf=visit.form_secret,
        frame="part.html" if visit.request.headers.get("x-part") else "base.html",
        **{"refresh_seconds": 0, "live": False, "wrong": None, **facts},
    )
