"""Whether a market pack holds together. Run at every start: a broken pack is refused by name.

Each thing that is wrong says in which file and line to look, and what to do about it.
"""

from __future__ import annotations

import importlib.util
import itertools
import re
import tomllib
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from argosy.base.manifest import discover
from argosy.base.markets import Cap, Fact, Fee, Market, Standing
from argosy.base.money import exponent
from argosy.markets.places import place_of

SOURCES = "sources.md"
LIMIT_KEYS = frozenset(
    """send pay request top_up withdraw redeem cash_in cash_out agent_cash_in agent_cash_out refund
    receive spend load""".split()
)
EVIDENCE = frozenset("phone email contact id_document face address business bank_account".split())
CONTACTS = frozenset({"phone", "email"})
COMMISSION = ".commission"  # what an agent earns by a product, beside what customers pay for it
REPORT_SPANS = frozenset({"payment", "day", "month"})
_CODE = re.compile(r"[A-Z]{2}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong: what, what to do, and words by which its place in the pack is found."""

    says: str
    do: str = ""
    near: tuple[str, ...] = ()
    file: str = ""

    def text(self, folder: Path) -> str:
        """`limits.py:42: limit send of tiny: there is no such level. Name one of LEVELS.`"""
        where = place_of(folder, *self.near, file=self.file)
        return f"{where}: {self.says}" + (f". {self.do}" if self.do else "")


def check(market: Market, folder: Path) -> list[str]:
    """Everything that is wrong with the pack in `folder`, as sentences; empty where nothing is."""
    found = (
        *_place(market, folder),
        *_words(market, folder),
        *_levels(market),
        *_rules(market),
        *_duties(market),
        *_sources(market, folder),
        *_contradictions(market),
        *_hidden_law(market),
    )
    return [finding.text(folder) for finding in found]


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
    for level in market.levels:
        for fact in level.reviewed:
            yield f"review of {level.name}", fact
    for day in market.calendar.holidays:
        yield f"holiday of {day.since}", cast("Fact[Any]", day)
    for what, facts in _duty_facts(market):
        for one in facts:
            yield what, one


def _duty_facts(market: Market) -> Iterator[tuple[str, Iterable[Fact[Any]]]]:
    yield "cash points", market.cash_points
    yield "tax fields", market.tax_fields
    yield "failed payments", market.money_back
    yield "reports", market.reports
    yield "dormancy", market.dormancy
    yield "codes without a PIN", market.presented


def headings(folder: Path) -> dict[str, str]:
    """The headings of the pack's `sources.md`, each with the text under it."""
    try:
        text = (folder / SOURCES).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    pieces = re.split(r"^##[ \t]+(.+?)[ \t]*$", text, flags=re.MULTILINE)
    return {name: body.strip() for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}


def _place(market: Market, folder: Path) -> Iterator[Finding]:
    if market.code != folder.name:
        says = f"its code is {market.code!r} and its folder {folder.name!r}"
        yield Finding(says, "Call both the same", (market.code,), "pack.py")
    if not _CODE.fullmatch(market.country):
        says = f"country {market.country!r} is not two capital letters"
        yield Finding(says, "Write its ISO 3166-1 code", (market.country,))
    if exponent(market.currency) is None:
        says = f"currency {market.currency!r} is unknown"
        yield Finding(says, "Write its ISO 4217 code", (market.currency,))
    try:
        ZoneInfo(market.zone)
    except (KeyError, OSError, ValueError):
        says = f"time zone {market.zone!r} does not exist"
        yield Finding(says, "Write one of the IANA's", (market.zone, "zone"))
    if not market.name.strip() or not market.operator.strip():
        yield Finding("name and operator must say something", "", ("operator",))
    if not market.contacts or set(market.contacts) - CONTACTS:
        says = f"contacts {market.contacts!r} are not phone, email or both"
        yield Finding(says, "A wallet is opened with one of them", ("contacts",))
    if market.step_minor < 1:
        yield Finding("the smallest sum in use is less than a minor unit", "", ("step_minor",))


def _words(market: Market, folder: Path) -> Iterator[Finding]:
    if not market.languages:
        yield Finding("it has no language", "Name one at least, the usual first", ("languages",))
    for language in market.languages:
        path = folder / "words" / f"{language}.toml"
        if not _LANGUAGE.fullmatch(language):
            says = f"language {language!r} is not a code such as 'en'"
            yield Finding(says, "", (language, "languages"))
        elif not path.is_file():
            says = f"language {language!r} has no words: {path.name} is missing"
            yield Finding(says, "Copy another language's file and translate it", ("languages",))
        else:
            try:
                tomllib.loads(path.read_text("utf-8"))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                yield Finding(f"words/{path.name}: {error}", "", (), f"words/{path.name}")


def _levels(market: Market) -> Iterator[Finding]:
    names = [level.name for level in market.levels]
    ranks = [level.rank for level in market.levels]
    if len(set(names)) < len(names):
        yield Finding("two levels have the same name", "", ("LEVELS",))
    if len(set(ranks)) < len(ranks):
        yield Finding("two levels have the same rank", "Ranks say which is higher", ("LEVELS",))
    if not market.ladder("customer"):
        yield Finding(
            "no level is for customers", "Let one have parties=('customer',)", ("LEVELS",)
        )
    if market.merchant_level not in [level.name for level in market.ladder("merchant")]:
        says = f"the merchants' level {market.merchant_level!r} is not a level for merchants"
        yield Finding(says, "Name one with 'merchant' among its parties", ("merchant_level",))
    for level in market.levels:
        near = (level.name, "LEVELS")
        unknown = set(level.needs) - EVIDENCE
        if unknown:
            says = f"level {level.name} needs {', '.join(sorted(unknown))}, which is no evidence"
            yield Finding(says, f"Known are {', '.join(sorted(EVIDENCE))}", near)
        if not level.needs:
            yield Finding(f"level {level.name} needs no evidence", "Every level needs some", near)
        if not level.balance_minor_max:
            says = f"level {level.name} has no fact about its balance"
            yield Finding(says, "Fact(None, ...) says that there is no bound", near)
        for fact in level.balance_minor_max:
            if fact.value is not None and fact.value < 0:
                yield Finding(f"balance of {level.name} is negative", "", near)


def _rules(market: Market) -> Iterator[Finding]:
    known = {level.name for level in market.levels}
    keys = LIMIT_KEYS | _products()
    for rule in market.limits:
        where = f"limit {rule.key} of {rule.level}"
        if rule.level not in known:
            do = f"Name one of {', '.join(sorted(known))}"
            yield Finding(f"{where}: there is no such level", do, (rule.level, "LIMITS"))
        if rule.key not in keys:
            do = f"Name one of {', '.join(sorted(keys))}"
            yield Finding(f"{where}: nothing counts against this key", do, (rule.key, "LIMITS"))
        if any(bound < 0 for _, bound in _bounds(rule.cap.value)):
            yield Finding(f"{where}: a bound is negative", "", (rule.key, "LIMITS"))
    for price in market.fees:
        where = f"fee of {price.product}"
        near = (price.product, "FEES")
        if price.product.removesuffix(COMMISSION) not in keys:
            do = f"Name one of {', '.join(sorted(keys))}"
            yield Finding(f"{where}: there is no such product", do, near)
        for problem in _fee(price.fee.value):
            yield Finding(f"{where}: {problem}", "", near)


def _fee(fee: Fee) -> Iterator[str]:
    if not 0 <= fee.basis_points <= 10_000:
        yield "its part is not between nothing and all"
    if fee.flat_minor < 0 or fee.minor_min < 0 or (fee.minor_max or 0) < 0:
        yield "an amount is negative"
    if fee.minor_max is not None and fee.minor_max < fee.minor_min:
        yield "its most is less than its least"
    if fee.paid_by not in ("payer", "payee"):
        yield f"{fee.paid_by!r} cannot pay it"
    if fee.free_to_minor < 0 or fee.step_minor < 1:
        yield "its free part is negative or its step is nothing"
    if not fee.shares or min(fee.shares.values()) < 0 or sum(fee.shares.values()) <= 0:
        yield "its shares share nothing"


def _duties(market: Market) -> Iterator[Finding]:
    keys = LIMIT_KEYS | _products()
    for point in (fact.value for fact in market.cash_points):
        if not point.cash_in and not point.cash_out:
            says = f"cash point {point.kind}: cash goes neither in nor out"
            yield Finding(says, "", (point.kind,))
    for field in (fact.value for fact in market.tax_fields):
        read = field.read(field.example)
        if not isinstance(read, str):
            yield Finding(f"tax field {field.key}: its own example is refused", "", (field.key,))
        if field.of not in ("merchant", "customer"):
            says = f"tax field {field.key}: {field.of!r} has no tax number"
            yield Finding(says, "Write merchant or customer", (field.key,))
    for back in (fact.value for fact in market.money_back):
        if back.product not in keys:
            says = f"failed {back.product}: there is no such product"
            yield Finding(says, "", (back.product, "MoneyBack"))
        if back.days < 0 or back.day_fine_minor < 0:
            says = f"failed {back.product}: a figure is negative"
            yield Finding(says, "", (back.product, "MoneyBack"))
    for report in (fact.value for fact in market.reports):
        near = (report.what, "Report")
        if report.per not in REPORT_SPANS:
            says = f"report {report.what}: {report.per!r} is no span"
            yield Finding(says, f"Write one of {', '.join(sorted(REPORT_SPANS))}", near)
        if (report.due_days is None) == (report.month_day is None):
            says = f"report {report.what}: it is due by days or on a day of the month"
            yield Finding(says, "Give due_days or month_day, one of them", near)
    for sleep in (fact.value for fact in market.dormancy):
        if sleep is not None and not 0 <= sleep.notice_days < sleep.days:
            yield Finding("dormancy: the notice comes before it can be given", "", ("Dormancy",))


def _sources(market: Market, folder: Path) -> Iterator[Finding]:
    known = headings(folder)
    if not known:
        says = f"{SOURCES} is missing or has no headings"
        yield Finding(says, "Write `## name` and under it who said it, when and where", (), SOURCES)
    for where, fact in every_fact(market):
        near = (fact.source,)
        if fact.source not in known:
            says = f"{where}: {SOURCES} has no heading {fact.source!r}"
            yield Finding(says, f"Write `## {fact.source}` there, or name another", near)
        elif not known[fact.source]:
            says = f"{where}: nothing stands under the heading {fact.source!r}"
            yield Finding(says, "Say who said it, when and where", near, SOURCES)
        if fact.until is not None and fact.until <= fact.since:
            says = f"{where}: it ends ({fact.until}) before it begins ({fact.since})"
            yield Finding(says, "", near)


def _contradictions(market: Market) -> Iterator[Finding]:
    """Facts of one key that begin on the same day, are both in use, and say different things.

    A later beginning is no contradiction: the later fact is the one that counts.
    """
    for where, facts in _by_key(market).items():
        for one, other in itertools.combinations(facts, 2):
            if one.since == other.since and _clash(one.value, other.value):
                says = f"{_named(where)}: two facts of {one.since} contradict each other"
                yield Finding(says, "Take one away, or give it its own day", (str(where[1]),))


def _hidden_law(market: Market) -> Iterator[Finding]:
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
                    yield Finding(
                        f"{_named(where)}: the practice of {house.since} hides the law of {law.since}",
                        "Write the stricter of the two in one fact of the law's day",
                        (str(where[1]),),
                    )


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
