"""Whether a market pack holds together. Run at every start: a broken pack is refused by name."""

from __future__ import annotations

import importlib.util
import itertools
import re
import tomllib
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from argosy.base.manifest import discover
from argosy.base.markets import Cap, Fact, Fee, Market, Standing
from argosy.base.money import exponent

SOURCES = "sources.md"
LIMIT_KEYS = frozenset(
    "send pay request top_up withdraw cash_in cash_out refund receive spend load".split()
)
EVIDENCE = frozenset("phone email id_document face address business".split())
_CODE = re.compile(r"[A-Z]{2}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}", re.ASCII)


def check(market: Market, folder: Path) -> list[str]:
    """Everything that is wrong with the pack in `folder`, as sentences; empty where nothing is."""
    return [
        *_place(market, folder),
        *_words(market, folder),
        *_levels(market),
        *_rules(market),
        *_sources(market, folder),
        *_contradictions(market),
        *_hidden_law(market),
    ]


def every_fact(market: Market) -> Iterator[tuple[str, Fact[Any]]]:
    """All dated facts of the pack, each with a name that says where it stands."""
    for level in market.levels:
        for balance in level.balance_minor_max:
            yield f"balance of {level.name}", balance
    for rule in market.limits:
        yield f"limit {rule.key} of {rule.level}", rule.cap
    for price in market.fees:
        narrowed = f" for {price.payee_class}" if price.payee_class else ""
        yield f"fee of {price.product}{narrowed}", price.fee


def headings(folder: Path) -> dict[str, str]:
    """The headings of the pack's `sources.md`, each with the text under it."""
    try:
        text = (folder / SOURCES).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    pieces = re.split(r"^##[ \t]+(.+?)[ \t]*$", text, flags=re.MULTILINE)
    return {name: body.strip() for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}


def _place(market: Market, folder: Path) -> Iterator[str]:
    if market.code != folder.name:
        yield f"its code is {market.code!r} and its folder {folder.name!r}"
    if not _CODE.fullmatch(market.country):
        yield f"country {market.country!r} is not two capital letters"
    if exponent(market.currency) is None:
        yield f"currency {market.currency!r} is unknown"
    try:
        ZoneInfo(market.zone)
    except (KeyError, OSError, ValueError):
        yield f"time zone {market.zone!r} does not exist"
    if not market.name.strip() or not market.operator.strip():
        yield "name and operator must say something"


def _words(market: Market, folder: Path) -> Iterator[str]:
    if not market.languages:
        yield "it has no language"
    for language in market.languages:
        path = folder / "words" / f"{language}.toml"
        if not _LANGUAGE.fullmatch(language):
            yield f"language {language!r} is not a code such as 'en'"
        elif not path.is_file():
            yield f"language {language!r} has no words: {path.name} is missing"
        else:
            try:
                tomllib.loads(path.read_text("utf-8"))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                yield f"words/{path.name}: {error}"


def _levels(market: Market) -> Iterator[str]:
    names = [level.name for level in market.levels]
    ranks = [level.rank for level in market.levels]
    if len(set(names)) < len(names):
        yield "two levels have the same name"
    if len(set(ranks)) < len(ranks):
        yield "two levels have the same rank"
    if not market.ladder("customer"):
        yield "no level is for customers"
    if market.merchant_level not in [level.name for level in market.ladder("merchant")]:
        yield f"the merchants' level {market.merchant_level!r} is not a level for merchants"
    for level in market.levels:
        unknown = set(level.needs) - EVIDENCE
        if unknown:
            yield f"level {level.name} needs {', '.join(sorted(unknown))}, which is no evidence"
        if not level.needs:
            yield f"level {level.name} needs no evidence"
        if not level.balance_minor_max:
            yield f"level {level.name} has no fact about its balance"
        for fact in level.balance_minor_max:
            if fact.value is not None and fact.value < 0:
                yield f"balance of {level.name} is negative"


def _rules(market: Market) -> Iterator[str]:
    known = {level.name for level in market.levels}
    keys = LIMIT_KEYS | _products()
    for rule in market.limits:
        where = f"limit {rule.key} of {rule.level}"
        if rule.level not in known:
            yield f"{where}: there is no such level"
        if rule.key not in keys:
            yield f"{where}: nothing counts against this key"
        if any(bound < 0 for _, bound in _bounds(rule.cap.value)):
            yield f"{where}: a bound is negative"
    for price in market.fees:
        where = f"fee of {price.product}"
        if price.product not in keys:
            yield f"{where}: there is no such product"
        yield from (f"{where}: {problem}" for problem in _fee(price.fee.value))


def _fee(fee: Fee) -> Iterator[str]:
    if not 0 <= fee.basis_points <= 10_000:
        yield "its part is not between nothing and all"
    if fee.flat_minor < 0 or fee.minor_min < 0 or (fee.minor_max or 0) < 0:
        yield "an amount is negative"
    if fee.minor_max is not None and fee.minor_max < fee.minor_min:
        yield "its most is less than its least"
    if fee.paid_by not in ("payer", "payee"):
        yield f"{fee.paid_by!r} cannot pay it"
    if not fee.shares or min(fee.shares.values()) < 0 or sum(fee.shares.values()) <= 0:
        yield "its shares share nothing"


def _sources(market: Market, folder: Path) -> Iterator[str]:
    known = headings(folder)
    if not known:
        yield f"{SOURCES} is missing or has no headings"
    for where, fact in every_fact(market):
        if fact.source not in known:
            yield f"{where}: {SOURCES} has no heading {fact.source!r}"
        elif not known[fact.source]:
            yield f"{where}: nothing stands under the heading {fact.source!r}"
        if fact.until is not None and fact.until <= fact.since:
            yield f"{where}: it ends ({fact.until}) before it begins ({fact.since})"


def _contradictions(market: Market) -> Iterator[str]:
    """Facts of one key that begin on the same day, are both in use, and say different things.

    A later beginning is no contradiction: the later fact is the one that counts.
    """
    for where, facts in _by_key(market).items():
        for one, other in itertools.combinations(facts, 2):
            if one.since == other.since and _clash(one.value, other.value):
                yield f"{_named(where)}: two facts of {one.since} contradict each other"


def _hidden_law(market: Market) -> Iterator[str]:
    """A house rule that begins later than a law on the same key would put the law out of use."""
    for where, facts in _by_key(market).items():
        if where[0] == "fee":
            continue
        for house in facts:
            for law in facts:
                is_law = law.standing in (Standing.IN_FORCE, Standing.UNVERIFIED)
                meets = law.until is None or law.until > house.since
                if (
                    house.standing is Standing.PRACTICE
                    and is_law
                    and law.since < house.since
                    and meets
                ):
                    yield f"{_named(where)}: the practice of {house.since} hides the law of {law.since}"


def _by_key(market: Market) -> dict[tuple[Hashable, ...], list[Fact[Any]]]:
    grouped: dict[tuple[Hashable, ...], list[Fact[Any]]] = {}
    for level in market.levels:
        grouped.setdefault(("balance", level.name), []).extend(level.balance_minor_max)
    for rule in market.limits:
        grouped.setdefault(("limit", rule.key, rule.level), []).append(rule.cap)
    for price in market.fees:
        grouped.setdefault(("fee", price.product, price.payee_class), []).append(price.fee)
    return {
        where: [fact for fact in facts if fact.standing is not Standing.DRAFT]
        for where, facts in grouped.items()
    }


def _clash(one: object, other: object) -> bool:
    if isinstance(one, Cap) and isinstance(other, Cap):
        bounds = dict(_bounds(one))
        both = [name for name, _ in _bounds(other) if name in bounds]
        return one.allowed != other.allowed or any(
            getattr(one, name) != getattr(other, name) for name in both
        )
    return one != other


def _bounds(cap: Cap) -> Iterable[tuple[str, int]]:
    for bound in fields(cap):
        value = getattr(cap, bound.name)
        if bound.name != "allowed" and value is not None:
            yield bound.name, value


def _named(where: tuple[Hashable, ...]) -> str:
    return " ".join(str(part) for part in where if part is not None)


def _products() -> frozenset[str]:
    """The products that were found: each is a limit key and has a price of its own."""
    if importlib.util.find_spec("argosy.products") is None:
        return frozenset()
    return frozenset(discover("product", "argosy.products"))
